//! Formatting through which a derivative would have to go.
//!
//! Whatever formats a value makes text, and no derivative goes through `fmt::write`. But the `fmt` of a type may do
//! something else as well: it may add to a float in a cell.

use rustc_data_structures::fx::FxIndexSet;
use rustc_macros::Diagnostic;
use rustc_middle::mono::is_of_fmt;
use rustc_middle::ty::{self, Instance, InstanceKind, Ty, TyCtxt, TypingEnv};
use rustc_span::{Span, sym};

#[derive(Diagnostic)]
#[diag("no derivative goes through formatting, and this may change a float in a cell of `{$ty}`")]
#[note("what is differentiated formats a value of this type")]
#[help("change floats before or after formatting, or derive `Debug`, which does not change any")]
struct FormattingMayChangeFloats<'tcx> {
    #[primary_span]
    span: Span,
    ty: Ty<'tcx>,
}

/// Reports `instance`, which is in the slice, if it formats a value in a way of its own and might change floats.
pub(super) fn check<'tcx>(tcx: TyCtxt<'tcx>, instance: Instance<'tcx>) {
    let InstanceKind::Item(def_id) = instance.def else { return };
    let Some(of) = tcx.trait_impl_of_assoc(def_id) else { return };
    let is_of_std = matches!(tcx.crate_name(of.krate), sym::core | sym::alloc | sym::std);
    if is_of_std || tcx.is_automatically_derived(of) || !is_of_fmt(tcx, tcx.impl_trait_id(of)) {
        return;
    }
    let ty = tcx.type_of(of).instantiate(tcx, instance.args);
    if has_float_in_cell(tcx, ty) {
        tcx.dcx().emit_err(FormattingMayChangeFloats { span: tcx.def_span(def_id), ty });
    }
}

/// Whether there is a float in a cell, in a value of this type or in what it refers to.
fn has_float_in_cell<'tcx>(tcx: TyCtxt<'tcx>, ty: Ty<'tcx>) -> bool {
    let env = TypingEnv::fully_monomorphized();
    let mut found = FxIndexSet::from_iter([(ty, false)]);
    let mut next = 0;
    while let Some(&(ty, is_in_cell)) = found.get_index(next) {
        next += 1;
        match *ty.kind() {
            ty::Float(_) if is_in_cell => return true,
            ty::Adt(def, args) => {
                let is_in_cell = is_in_cell || def.is_unsafe_cell();
                let fields = def.all_fields().map(|field| field.ty(tcx, args));
                found.extend(fields.map(|ty| (tcx.normalize_erasing_regions(env, ty), is_in_cell)));
            }
            ty::Closure(_, args) => {
                found.extend(args.as_closure().upvar_tys().iter().map(|ty| (ty, is_in_cell)))
            }
            ty::Tuple(fields) => found.extend(fields.iter().map(|ty| (ty, is_in_cell))),
            ty::Array(part, _) | ty::Slice(part) | ty::Ref(_, part, _) | ty::RawPtr(part, _) => {
                found.insert((part, is_in_cell));
            }
            _ => {}
        }
    }
    false
}
