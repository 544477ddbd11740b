//! What owns floats of the caller's: a `Box`, a `Vec` or its iterator.
//!
//! In reverse mode, the gradient of these floats is in the memory of the shadow's owner. If the primal gives its owner other
//! memory, Enzyme does so with the shadow's, and the gradient is freed with what was there before. So a derivative notes
//! what memory its caller owns, and `library/alloc/src/alloc/deferred.rs` finds out whether any is freed.

use rustc_abi::HasDataLayout;
use rustc_codegen_ssa::MemFlags;
use rustc_codegen_ssa::common::IntPredicate;
use rustc_codegen_ssa::mir::operand::OperandValue;
use rustc_codegen_ssa::mir::place::{PlaceRef, PlaceValue};
use rustc_codegen_ssa::traits::*;
use rustc_middle::ty::layout::{HasTypingEnv, LayoutOf, TyAndLayout};
use rustc_middle::ty::{self, Ty};
use rustc_symbol_mangling::mangle_internal_symbol;

use super::containers::{self, Via};
use super::dispatch::INACTIVE;
use super::shadow;
use super::variants::branch;
use crate::attributes;
use crate::builder::Builder;
use crate::context::CodegenCx;
use crate::llvm::{self, AttributeKind, AttributePlace, BasicBlock, MemoryEffects, Type, Value};

/// Whether there are floats in the memory itself.
pub(super) fn holds_floats<'tcx>(cx: &CodegenCx<'_, 'tcx>, pointee: Ty<'tcx>) -> bool {
    let ty = match *pointee.kind() {
        ty::Slice(element) => element,
        _ => pointee,
    };
    ty.is_sized(cx.tcx, cx.typing_env()) && shadow::holds_float(cx, cx.layout_of(ty))
}

/// Notes that the caller owns this memory.
pub(super) fn note<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    owner: PlaceRef<'tcx, &'ll Value>,
    via: Via,
) {
    let start = containers::start(bx, owner, via);
    let start = containers::load(bx, start);
    call(bx, "__rust_autodiff_note_owned", bx.cx.type_void(), &[start]);
}

/// Whether the primal has freed memory of floats that its caller owns.
pub(super) fn has_freed<'ll>(bx: &mut Builder<'_, 'll, '_>) -> &'ll Value {
    call(bx, "__rust_autodiff_has_freed_owned", bx.cx.type_i1(), &[])
}

/// Whether this is not memory that was the caller's before.
pub(super) fn is_new<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    owner: PlaceRef<'tcx, &'ll Value>,
    via: Via,
    pointee: Ty<'tcx>,
) -> &'ll Value {
    let start = containers::start(bx, owner, via);
    let start = containers::load(bx, start);
    let layout = bx.layout_of(pointee);
    let size = if layout.is_sized() {
        bx.const_usize(layout.size.bytes())
    } else {
        let count = match via {
            Via::Box => containers::deref(bx, owner, via, pointee).val.llextra.unwrap(),
            _ => load_capacity(bx, owner, via),
        };
        bytes_of(bx, layout, count)
    };
    call(bx, "__rust_autodiff_is_new", bx.cx.type_i1(), &[start, size])
}

/// Calls a function of `deferred.rs`, which has nothing to do with derivatives of derivatives.
fn call<'ll>(
    bx: &mut Builder<'_, 'll, '_>,
    name: &str,
    ret: &'ll Type,
    args: &[&'ll Value],
) -> &'ll Value {
    let cx = bx.cx;
    let params: Vec<_> = args.iter().map(|arg| cx.val_ty(arg)).collect();
    let llty = cx.type_func(&params, ret);
    let function = declare(cx, name, llty);
    let attrs = [
        AttributeKind::NoUnwind.create_attr(cx.llcx),
        AttributeKind::NoFree.create_attr(cx.llcx),
        AttributeKind::WillReturn.create_attr(cx.llcx),
        MemoryEffects::InaccessibleMemOnly.create_attr(cx.llcx),
        llvm::CreateAttrString(cx.llcx, INACTIVE),
    ];
    attributes::apply_to_llfn(function, AttributePlace::Function, &attrs);
    bx.call(llty, None, None, function, args, None, None)
}

fn declare<'ll>(cx: &CodegenCx<'ll, '_>, name: &str, llty: &'ll Type) -> &'ll Value {
    let symbol = mangle_internal_symbol(cx.tcx, name);
    cx.get_declared_value(&symbol)
        .unwrap_or_else(|| cx.declare_cfn(&symbol, llvm::UnnamedAddr::No, llty))
}

fn load_capacity<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    owner: PlaceRef<'tcx, &'ll Value>,
    via: Via,
) -> &'ll Value {
    let capacity = containers::capacity(bx, owner, via);
    bx.load_operand(capacity).immediate()
}

fn load_length<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    vec: PlaceRef<'tcx, &'ll Value>,
) -> &'ll Value {
    let length = containers::length(bx, vec);
    bx.load_operand(length).immediate()
}

pub(super) fn has_other_capacity<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    value: PlaceRef<'tcx, &'ll Value>,
    shadow: PlaceRef<'tcx, &'ll Value>,
    via: Via,
) -> &'ll Value {
    let (capacity, of_shadow) = (load_capacity(bx, value, via), load_capacity(bx, shadow, via));
    bx.icmp(IntPredicate::IntNE, capacity, of_shadow)
}

/// Whether the shadow of a `Vec` has more elements than the value has capacity for.
pub(super) fn is_longer<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    value: PlaceRef<'tcx, &'ll Value>,
    shadow: PlaceRef<'tcx, &'ll Value>,
) -> &'ll Value {
    let (capacity, length) = (load_capacity(bx, value, Via::Vec), load_length(bx, shadow));
    bx.icmp(IntPredicate::IntUGT, length, capacity)
}

/// Moves the elements of the shadow of a `Vec` to memory of the capacity of the value. Goes on in the block that it returns if
/// there is none.
pub(super) fn set_capacity<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    value: PlaceRef<'tcx, &'ll Value>,
    shadow: PlaceRef<'tcx, &'ll Value>,
    pointee: Ty<'tcx>,
) -> &'ll BasicBlock {
    let cx = bx.cx;
    let elements = cx.layout_of(pointee);
    let element = elements.field(cx, 0);
    let (ptr, isize) = (cx.type_ptr(), cx.type_isize());
    let align = cx.const_usize(element.align.bytes());
    let start = containers::start(bx, shadow, Via::Vec);
    let old = containers::load(bx, start);
    let capacity = load_capacity(bx, value, Via::Vec);
    let old_capacity = load_capacity(bx, shadow, Via::Vec);

    // Where there is no memory, the pointer is the alignment.
    let pointer_align = cx.data_layout().pointer_align().abi;
    let new = bx.alloca(cx.data_layout().pointer_size(), pointer_align);
    let dangling = bx.inttoptr(align, ptr);
    bx.store(dangling, new, pointer_align);
    let wants_memory = bx.icmp(IntPredicate::IntNE, capacity, cx.const_usize(0));
    let block = branch(bx, wants_memory, "allocate");
    let inside = &mut shadow::build_at(bx, block);
    let alloc_ty = cx.type_func(&[isize, isize], ptr);
    let alloc = declare(cx, "__rust_alloc", alloc_ty);
    let size = bytes_of(inside, elements, capacity);
    let memory = inside.call(alloc_ty, None, None, alloc, &[size, align], None, None);
    let is_missing = inside.icmp(IntPredicate::IntEQ, memory, cx.const_null(ptr));
    let missing = branch(inside, is_missing, "no_memory");
    let length = load_length(inside, shadow);
    let [to, from] = [memory, old].map(|start| PlaceValue::new_sized(start, element.align.abi));
    if !inside.copy_values(to, from, element, length, false) {
        let size = bytes_of(inside, elements, length);
        inside.memcpy(to.llval, to.align, from.llval, from.align, size, MemFlags::empty(), None);
    }
    inside.store(memory, new, pointer_align);
    inside.br(bx.llbb());

    let had_memory = bx.icmp(IntPredicate::IntNE, old_capacity, cx.const_usize(0));
    let block = branch(bx, had_memory, "deallocate");
    let inside = &mut shadow::build_at(bx, block);
    let dealloc_ty = cx.type_func(&[ptr, isize, isize], cx.type_void());
    let dealloc = declare(cx, "__rust_dealloc", dealloc_ty);
    let size = bytes_of(inside, elements, old_capacity);
    inside.call(dealloc_ty, None, None, dealloc, &[old, size, align], None, None);
    inside.br(bx.llbb());

    let new = bx.load(ptr, new, pointer_align);
    OperandValue::Immediate(new).store(bx, start);
    let place = containers::capacity(bx, shadow, Via::Vec);
    OperandValue::Immediate(capacity).store(bx, place);
    missing
}

/// Makes the memory of a `Vec` zero where it has no element.
pub(super) fn zero_spare<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    vec: PlaceRef<'tcx, &'ll Value>,
    pointee: Ty<'tcx>,
) {
    let elements = bx.layout_of(pointee);
    let element = elements.field(bx.cx, 0);
    if !shadow::holds_float(bx.cx, element) && !shadow::holds_pointer(bx.cx, element) {
        return;
    }
    let (length, capacity) = (load_length(bx, vec), load_capacity(bx, vec, Via::Vec));
    let all = containers::deref(bx, vec, Via::Vec, pointee);
    let end = all.project_index(bx, length);
    let count = bx.sub(capacity, length);
    let zero = bx.const_u8(0);
    if !bx.fill_values(end.val, zero, element, count) {
        let size = bytes_of(bx, elements, count);
        bx.memset(end.val.llval, zero, size, end.val.align, MemFlags::empty());
    }
}

/// How many bytes so many elements of a slice have. It does not overflow, as there is memory for them.
fn bytes_of<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    slice: TyAndLayout<'tcx>,
    count: &'ll Value,
) -> &'ll Value {
    let size = bx.const_usize(slice.field(bx.cx, 0).size.bytes());
    bx.mul(count, size)
}
