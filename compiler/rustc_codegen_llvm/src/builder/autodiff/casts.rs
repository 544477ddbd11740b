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
    let (of_from, of_to) = (Pieces::of(bx.cx, from), Pieces::of(bx.cx, to));
    let has_float = |pieces: &Pieces<'_>| pieces.any(|run| run.kind.is_float());
    let is_chosen_by_user = |chosen: TyAndLayout<'tcx>, known: TyAndLayout<'tcx>| {
        !types::is_chosen_by_std(bx.cx, chosen.ty, known.ty)
    };
    let target = if mixes(&of_from, from.size, &of_to) && is_chosen_by_user(to, from) {
        Target::Integers
    } else if mixes(&of_to, to.size, &of_from) && is_chosen_by_user(from, to) {
        Target::FloatsOfIntegers
    } else if has_float(&of_from)
        && types::is_cast_before(bx.cx, from.ty, |ty| {
            mixes(&of_from, from.size, &Pieces::of(bx.cx, bx.cx.layout_of(ty)))
        })
    {
        Target::Integers
    } else if has_float(&of_from) && is_bytes(&of_to) && is_chosen_by_user(to, from) {
        Target::Bytes
    } else {
        return operand;
    };
    let name = of_from.sole_run(from.size).map_or("", |run| types::name(bx.cx, run.kind));
    let pointer = unsafe {
        LLVMRustAutodiffCast(bx.llbuilder, pointer, target, name.as_c_char_ptr(), name.len())
    };
    let val = match operand.val {
        OperandValue::Pair(_, meta) => OperandValue::Pair(pointer, meta),
        _ => OperandValue::Immediate(pointer),
    };
    OperandRef { val, ..operand }
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
    !pieces.0.is_empty() && !pieces.any(|run| run.scalar >= LEAST_FLOAT)
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
