//! What the autodiff slice wants to know of the MIR that it is built of.

use rustc_data_structures::fx::FxIndexSet;
use rustc_middle::ty::{self, Ty, TyCtxt};

/// Whether only both of two casts of a pointer show that a program accesses floats as integers, or the other way round: it
/// is of type `from`, and cast to `between` and then to `to`.
///
/// The slice tells Enzyme where that is, see `rustc_codegen_llvm::builder::autodiff::casts`. What is generic does not
/// count here: the slice knows what a function is generic over. A crate that is not differentiated has other names of values
/// in LLVM's IR where a cast is kept.
pub(super) fn shows_floats_as_integers<'tcx>(
    tcx: TyCtxt<'tcx>,
    from: Ty<'tcx>,
    between: Ty<'tcx>,
    to: Ty<'tcx>,
) -> bool {
    if !tcx.sess.opts.autodiff_enabled() {
        return false;
    }
    let (Some(between), Some(to)) = (pointee(tcx, between), pointee(tcx, to)) else { return false };
    let is_wrapped = from.is_adt();
    let from = pointee(tcx, from);
    // `from` says it as well.
    if from == Some(between) {
        return false;
    }
    let (of_between, of_to) = (Parts::of(tcx, between), Parts::of(tcx, to));
    // One is a wrapper of the other.
    if of_between.0.contains(&to) || of_to.0.contains(&between) {
        return false;
    }
    of_between.kinds().any(|a| {
        of_to.kinds().any(|b| match (a, b) {
            // A container that has a pointer to bytes, as `Vec` has: no cast would be left that shows anything. But
            // what a raw pointer is cast to so is for the most part an offset in bytes.
            (Kind::Float, Kind::Byte) => is_wrapped && from == Some(to),
            (Kind::Float, Kind::Integer) | (Kind::Integer, Kind::Float) => true,
            _ => false,
        })
    })
}

/// What a pointer leads to, or each element of the slice or array there.
fn pointee<'tcx>(tcx: TyCtxt<'tcx>, mut ty: Ty<'tcx>) -> Option<Ty<'tcx>> {
    let mut pointee = loop {
        if let Some(pointee) = ty.builtin_deref(true) {
            break pointee;
        }
        // A pointer may be wrapped, as `NonNull` wraps one.
        ty = match *ty.kind() {
            ty::Pat(base, _) => base,
            ty::Adt(adt, args) if adt.is_struct() => {
                adt.non_enum_variant().fields.iter().next()?.ty(tcx, args)
            }
            _ => return None,
        };
    };
    while let ty::Slice(element) | ty::Array(element, _) = *pointee.kind() {
        pointee = element;
    }
    Some(pointee)
}

#[derive(Clone, Copy)]
enum Kind {
    Float,
    /// An integer of the size of a float.
    Integer,
    /// An integer as which anything may be accessed.
    Byte,
}

/// The types of all that is part of a value.
struct Parts<'tcx>(FxIndexSet<Ty<'tcx>>);

impl<'tcx> Parts<'tcx> {
    fn of(tcx: TyCtxt<'tcx>, ty: Ty<'tcx>) -> Self {
        let mut parts = FxIndexSet::from_iter([ty]);
        let mut next = 0;
        while let Some(&ty) = parts.get_index(next) {
            next += 1;
            match *ty.kind() {
                // It may hold a larger one of its own kind, and so on.
                _ if next > 100 => break,
                ty::Adt(adt, args) => {
                    parts.extend(adt.all_fields().map(|field| field.ty(tcx, args)))
                }
                ty::Tuple(types) => parts.extend(types),
                ty::Array(ty, _) | ty::Slice(ty) | ty::Pat(ty, _) => {
                    parts.insert(ty);
                }
                _ => {}
            }
        }
        Parts(parts)
    }

    fn kinds(&self) -> impl Iterator<Item = Kind> {
        self.0.iter().filter_map(|ty| match *ty.kind() {
            ty::Float(_) => Some(Kind::Float),
            ty::Int(ty::IntTy::I8) | ty::Uint(ty::UintTy::U8) => Some(Kind::Byte),
            ty::Int(_) | ty::Uint(_) => Some(Kind::Integer),
            _ => None,
        })
    }
}
