//! Pointers to floats that are cast to pointers to integers, or the other way round.
//!
//! What the slice says of an access to memory is the type that it has in Rust. By a pointer that has been cast, a
//! program copies floats as integers, and what is said is not true of them. So the slice says where such a pointer
//! comes from. `AutodiffCasts.cpp` then has a second look at all that is done with what it points to.

use libc::{c_char, size_t};
use rustc_abi::Size;
use rustc_codegen_ssa::mir::operand::{OperandRef, OperandValue};
use rustc_middle::ty::layout::{HasTypingEnv, LayoutOf, TyAndLayout};
use rustc_middle::ty::{self, Ty};

use super::copies::LEAST_FLOAT;
use super::pieces::{Kind, Pieces};
use super::types;
use crate::builder::Builder;
use crate::common::AsCCharPtr;
use crate::context::CodegenCx;
use crate::llvm::{self, Value};

/// What a pointer is cast to a pointer to. `AutodiffCasts.cpp` has the same.
#[repr(C)]
enum Target {
    Bytes,
    Integers,
    FloatsOfIntegers,
}

unsafe extern "C" {
    /// In AutodiffCasts.cpp.
    fn LLVMRustAutodiffCast<'a>(
        B: &llvm::Builder<'a>,
        Pointer: &'a Value,
        To: Target,
        Pointee: *const c_char,
        PointeeLen: size_t,
    ) -> &'a Value;
}

/// The operand, about to be cast to `to`. Where this makes a pointer to integers of one to floats, or the other way
/// round, `AutodiffCasts.cpp` is told.
pub(crate) fn cast_pointer<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    operand: OperandRef<'tcx, &'ll Value>,
    to: Ty<'tcx>,
) -> OperandRef<'tcx, &'ll Value> {
    if !types::wants_types(bx.cx) {
        return operand;
    }
    let (OperandValue::Immediate(pointer) | OperandValue::Pair(pointer, _)) = operand.val else {
        return operand;
    };
    let (Some(from), Some(to)) = (pointee(bx.cx, operand.layout.ty), pointee(bx.cx, to)) else {
        return operand;
    };
    let Some((target, from)) = target(bx.cx, from, to) else { return operand };
    let run = Pieces::of(bx.cx, from).sole_run(from.size);
    let name = run.map_or("", |run| types::name(bx.cx, run.kind));
    let pointer = unsafe {
        LLVMRustAutodiffCast(bx.llbuilder, pointer, target, name.as_c_char_ptr(), name.len())
    };
    let val = match operand.val {
        OperandValue::Pair(_, meta) => OperandValue::Pair(pointer, meta),
        _ => OperandValue::Immediate(pointer),
    };
    OperandRef { val, ..operand }
}

/// What there is to tell of a cast of a pointer to `from` to one to `to`, and what it has pointed to.
fn target<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    from: TyAndLayout<'tcx>,
    to: TyAndLayout<'tcx>,
) -> Option<(Target, TyAndLayout<'tcx>)> {
    let (of_from, of_to) = (Pieces::of(cx, from), Pieces::of(cx, to));
    let is_chosen_by_user = |chosen: TyAndLayout<'tcx>, known: TyAndLayout<'tcx>| {
        !types::is_chosen_by_std(cx, chosen.ty, known.ty)
    };
    if mixes(&of_from, from.size, &of_to) && is_chosen_by_user(to, from) {
        return Some((Target::Integers, from));
    }
    if mixes(&of_to, to.size, &of_from) && is_chosen_by_user(from, to) {
        return Some((Target::FloatsOfIntegers, from));
    }
    if of_from.any(|run| run.kind.is_float()) {
        let is_integers = |ty| mixes(&of_from, from.size, &Pieces::of(cx, ty));
        if types::is_done_by_std(cx) && types::cast_before(cx, from.ty, is_integers).is_some() {
            return Some((Target::Integers, from));
        }
        return (is_bytes(&of_to) && is_chosen_by_user(to, from)).then_some((Target::Bytes, from));
    }
    if is_small(&of_from) && !types::is_done_by_std(cx) {
        let floats = |ty: TyAndLayout<'tcx>| mixes(&Pieces::of(cx, ty), ty.size, &of_to);
        if let Some(floats) = types::cast_before(cx, from.ty, floats) {
            return Some((Target::Integers, floats));
        }
        let integers = |ty| mixes(&of_to, to.size, &Pieces::of(cx, ty));
        let integers = types::cast_before(cx, from.ty, integers)?;
        return Some((Target::FloatsOfIntegers, integers));
    }
    None
}

/// What a pointer of this type points to, or each element of the slice or array there. It may be wrapped, as
/// `NonNull` wraps one: MIR optimizations make one cast of one to another pointer and one to `NonNull`.
fn pointee<'tcx>(cx: &CodegenCx<'_, 'tcx>, pointer: Ty<'tcx>) -> Option<TyAndLayout<'tcx>> {
    let mut layout = cx.layout_of(pointer);
    let pointee = loop {
        let ty = if let ty::Pat(base, _) = *layout.ty.kind() { base } else { layout.ty };
        match ty.builtin_deref(true) {
            Some(pointee) => break types::element(pointee),
            None if layout.ty.is_enum() => return None,
            None => (_, layout) = layout.non_1zst_field(cx)?,
        }
    };
    pointee.is_sized(cx.tcx, cx.typing_env()).then(|| cx.layout_of(pointee))
}

fn is_bytes(pieces: &Pieces<'_>) -> bool {
    !pieces.0.is_empty() && is_small(pieces)
}

/// Whether there is no room for a float in any part.
fn is_small(pieces: &Pieces<'_>) -> bool {
    !pieces.any(|run| run.scalar >= LEAST_FLOAT)
}

/// Whether an array of the one type, of the given size, has a float where an array of the other has an integer, whatever
/// variants there are.
fn mixes(floats: &Pieces<'_>, size: Size, integers: &Pieces<'_>) -> bool {
    let stride = size.bytes();
    let mut floats = floats.certain_runs();
    floats.retain(|run| run.kind.is_float());
    let mut integers = integers.certain_runs();
    integers
        .retain(|run| matches!(run.kind, Kind::Integer | Kind::Held) && run.scalar >= LEAST_FLOAT);
    floats.iter().any(|float| {
        let (from, to) = (float.offset, float.offset + float.size());
        integers.iter().any(|run| {
            let (start, end) = (run.offset % stride, run.offset % stride + run.size());
            // Where the array goes on, it has its first floats again.
            (from < end && start < to) || from + stride < end
        })
    })
}
