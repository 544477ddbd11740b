//! The function that Enzyme differentiates in place of the primal.
//!
//! The adapter calls the primal and nothing else. It has the ABI of a primal, which one with an ABI of
//! its own (an `extern "C"` function) has not, but writes what is returned through a pointer, scalars
//! too: Enzyme takes the derivative of the first to be 1, while the shadow of memory starts as whatever
//! seed it is given.

use rustc_codegen_ssa::mir::operand::{OperandRef, OperandValue};
use rustc_codegen_ssa::mir::place::{PlaceRef, PlaceValue};
use rustc_codegen_ssa::traits::*;
use rustc_middle::middle::codegen_fn_attrs::CodegenFnAttrs;
use rustc_middle::ty::layout::HasTypingEnv;
use rustc_middle::ty::{self, Instance, Mutability, Ty};
use rustc_target::callconv::{ArgAbi, FnAbi, PassMode};

use crate::abi::FnAbiLlvmExt;
use crate::attributes;
use crate::builder::Builder;
use crate::builder::autodiff::lower::is_read_only;
use crate::builder::autodiff::{abi, dispatch, shadow, types};
use crate::context::CodegenCx;
use crate::llvm::{self, AttributeKind, AttributePlace, Value};

/// The ABI of the adapter for a primal with the ABI `fn_abi`.
pub(super) fn abi<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    fn_abi: &FnAbi<'tcx, Ty<'tcx>>,
) -> FnAbi<'tcx, Ty<'tcx>> {
    let mut fn_abi = fn_abi.to_autodiff_abi(cx);
    if !fn_abi.ret.is_ignore() {
        fn_abi.ret.make_indirect();
    }
    fn_abi
}

/// Defines, once in a codegen unit, the adapter for `primal`.
///
/// If `is_seeded`, it finds the seed where it writes what is returned. Where the seed is another variant of an
/// enum than is returned, it is no seed for the floats of that.
pub(super) fn define<'ll, 'tcx>(
    cx: &CodegenCx<'ll, 'tcx>,
    fn_abi: &FnAbi<'tcx, Ty<'tcx>>,
    primal: Instance<'tcx>,
    primal_abi: &FnAbi<'tcx, Ty<'tcx>>,
    is_seeded: bool,
) -> &'ll Value {
    // No symbol of rustc's or of C's contains a dot followed by this.
    let suffix = if is_seeded { "seeded" } else { "primal" };
    let name = format!("{}.{suffix}", cx.tcx.symbol_name(primal).name);
    if let Some(adapter) = cx.get_declared_value(&name) {
        return adapter;
    }
    let adapter = cx.declare_fn(&name, fn_abi, None);
    llvm::set_linkage(adapter, llvm::Linkage::InternalLinkage);
    attributes::llfn_attrs_from_instance(cx, cx.tcx, adapter, &CodegenFnAttrs::new(), None);
    describe_parameters(cx, adapter, fn_abi);
    cx.add_compiler_used_global(adapter);

    let start = Builder::append_block(cx, adapter, "start");
    let bx = &mut Builder::build(cx, start);

    let mut params = (0..).map(|i| llvm::get_param(adapter, i));
    let out = fn_abi
        .ret
        .is_indirect()
        .then(|| PlaceRef::new_sized(params.next().unwrap(), fn_abi.ret.layout));
    // What is no part of the value returned, such as the payload of a `None`, is zero: the seed may be a
    // `Some`, and would have a derivative where LLVM has computed the payload all the same.
    let layout = fn_abi.ret.layout;
    let is_cleared =
        shadow::variants_with_floats(cx, layout) > 0 && shadow::check(cx, layout).is_ok();
    // Where the primal writes what it does not return in registers.
    let slot = match out {
        Some(out) if !is_cleared => out,
        _ => PlaceRef::alloca(bx, layout),
    };

    let mut args = vec![];
    if primal_abi.ret.is_indirect() {
        args.push(slot.val.llval);
    }
    for (arg, primal_arg) in fn_abi.args.iter().zip(&primal_abi.args) {
        let mut next = || params.next().unwrap();
        let val = match arg.mode {
            PassMode::Ignore => OperandValue::ZeroSized,
            PassMode::Direct(_) => OperandValue::Immediate(next()),
            PassMode::Pair(..) => OperandValue::Pair(next(), next()),
            PassMode::Indirect { .. } => {
                OperandValue::Ref(PlaceValue::new_sized(next(), arg.layout.align.abi))
            }
            PassMode::Cast { .. } => unreachable!("a primal casts nothing"),
        };
        pass(
            bx,
            OperandRef { val, layout: arg.layout, move_annotation: None },
            primal_arg,
            &mut args,
        );
    }

    let fn_ty = primal_abi.llvm_type(cx);
    let result =
        bx.call(fn_ty, None, Some(primal_abi), cx.get_fn(primal), &args, None, Some(primal));
    // With the body right here, even of one that is `#[inline(never)]`, Enzyme need not keep what one
    // part computes for the other.
    let inline = AttributeKind::AlwaysInline.create_attr(cx.llcx);
    attributes::apply_to_callsite(result, AttributePlace::Function, &[inline]);

    match &primal_abi.ret.mode {
        PassMode::Ignore | PassMode::Indirect { .. } => {}
        PassMode::Direct(_) | PassMode::Pair(..) => {
            OperandRef::from_immediate_or_packed_pair(bx, result, slot.layout).val.store(bx, slot);
        }
        PassMode::Cast { .. } => bx.store_arg(&primal_abi.ret, result, slot),
    }
    if let Some(out) = out
        && is_cleared
    {
        let value = is_seeded.then(|| shadow::copy(bx, slot));
        shadow::zero_floats_of_other_variants(bx, slot, is_seeded.then_some(out));
        bx.typed_place_copy(out.val, slot.val, layout);
        if let Some(value) = value {
            copy_as_constant(bx, out, value);
        }
    }
    bx.ret_void();
    adapter
}

/// Copies what no derivative is to go through, at a place whose shadow stays what it is.
fn copy_as_constant<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    to: PlaceRef<'tcx, &'ll Value>,
    from: PlaceRef<'tcx, &'ll Value>,
) {
    let cx = bx.cx;
    let llty = cx.type_func(&[cx.type_ptr(); 2], cx.type_void());
    let name = cx.generate_local_symbol_name("autodiff.copy");
    // LLVM would find out that what was at `to` before is never read, and leave out the copy that the
    // derivative goes through.
    let function = dispatch::define_opaque(cx, &name, llty);
    let attrs = [
        AttributeKind::WillReturn.create_attr(cx.llcx),
        llvm::CreateAttrString(cx.llcx, dispatch::INACTIVE),
    ];
    attributes::apply_to_llfn(function, AttributePlace::Function, &attrs);
    let start = Builder::append_block(cx, function, "start");
    let mut inside = Builder::build(cx, start);
    let [to_param, from_param] =
        [0, 1].map(|i| PlaceValue::new_sized(llvm::get_param(function, i), to.val.align));
    inside.typed_place_copy(to_param, from_param, to.layout);
    inside.ret_void();
    bx.call(llty, None, None, function, &[to.val.llval, from.val.llval], None, None);
}

/// Says of what the parameters point to which type it has, and that nothing else changes it, at any
/// optimization level: Enzyme keeps a copy of all that may change.
fn describe_parameters<'ll, 'tcx>(
    cx: &CodegenCx<'ll, 'tcx>,
    adapter: &'ll Value,
    fn_abi: &FnAbi<'tcx, Ty<'tcx>>,
) {
    let no_alias = AttributeKind::NoAlias.create_attr(cx.llcx);
    let read_only = AttributeKind::ReadOnly.create_attr(cx.llcx);
    let mut index = 0;
    for arg in [&fn_abi.ret].into_iter().chain(&fn_abi.args) {
        let apply = |attrs: &[_]| {
            attributes::apply_to_llfn(adapter, AttributePlace::Argument(index), attrs);
        };
        if let Some(pointee) = types::pointee_attr(cx, arg) {
            apply(&[pointee]);
        }
        match (&arg.mode, arg.layout.ty.kind()) {
            (PassMode::Indirect { .. }, _) => apply(&[no_alias]),
            _ if is_read_only(cx, arg.layout.ty) => apply(&[no_alias, read_only]),
            (_, &ty::Ref(_, pointee, Mutability::Mut))
                if pointee.is_unpin(cx.tcx, cx.typing_env()) =>
            {
                apply(&[no_alias])
            }
            _ => {}
        }
        index += abi::llvm_args(&arg.mode) as u32;
    }
}

/// Appends to `args` the LLVM arguments by which `arg` takes `operand`.
pub(super) fn pass<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    operand: OperandRef<'tcx, &'ll Value>,
    arg: &ArgAbi<'tcx, Ty<'tcx>>,
    args: &mut Vec<&'ll Value>,
) {
    let in_memory = |bx: &mut Builder<'_, 'll, 'tcx>, place: PlaceRef<'tcx, &'ll Value>| {
        operand.val.store(bx, place);
        place
    };
    let loaded = |bx: &mut Builder<'_, 'll, 'tcx>| match operand.val {
        OperandValue::Ref(place) => bx.load_operand(place.with_type(operand.layout)),
        _ => operand,
    };
    match &arg.mode {
        PassMode::Ignore => {}
        PassMode::Direct(_) => args.push(loaded(bx).immediate()),
        PassMode::Pair(..) => {
            let OperandValue::Pair(first, second) = loaded(bx).val else { unreachable!() };
            args.extend([first, second]);
        }
        PassMode::Cast { pad_i32, .. } => {
            if *pad_i32 {
                args.push(bx.const_undef(bx.type_i32()));
            }
            let slot = abi::slot(bx, arg);
            in_memory(bx, slot);
            args.push(abi::load_slot(bx, arg, slot));
        }
        PassMode::Indirect { attrs, .. } => {
            // The callee owns what it is passed, as does the adapter, but may want it better aligned.
            if let OperandValue::Ref(place) = operand.val
                && attrs.pointee_align.is_none_or(|align| align <= place.align)
            {
                args.push(place.llval);
                return;
            }
            let align = attrs.pointee_align.unwrap_or(arg.layout.align.abi);
            let copy = bx.alloca(operand.layout.size, align.max(operand.layout.align.abi));
            let copy = PlaceRef::new_sized_aligned(copy, operand.layout, align);
            args.push(in_memory(bx, copy).val.llval);
        }
    }
}
