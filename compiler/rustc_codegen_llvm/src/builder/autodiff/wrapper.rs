//! A function with the ABI of a primal around one that has another, such as an `extern "C"` function.

use rustc_codegen_ssa::mir::load_cast;
use rustc_codegen_ssa::mir::operand::{OperandRef, OperandValue};
use rustc_codegen_ssa::mir::place::{PlaceRef, PlaceValue};
use rustc_codegen_ssa::traits::*;
use rustc_middle::middle::codegen_fn_attrs::CodegenFnAttrs;
use rustc_middle::ty::{Instance, Ty};
use rustc_target::callconv::{ArgAbi, FnAbi, PassMode};

use crate::abi::FnAbiLlvmExt;
use crate::attributes;
use crate::builder::Builder;
use crate::context::CodegenCx;
use crate::llvm::{self, Value};

/// Defines, once in a codegen unit, a function with the ABI `fn_abi` that calls `callee`.
///
/// `fn_abi` must be the autodiff form of `callee_abi`, see `FnAbi::to_autodiff_abi`.
pub(super) fn wrap<'ll, 'tcx>(
    cx: &CodegenCx<'ll, 'tcx>,
    fn_abi: &FnAbi<'tcx, Ty<'tcx>>,
    callee: Instance<'tcx>,
    callee_abi: &FnAbi<'tcx, Ty<'tcx>>,
) -> &'ll Value {
    // No symbol of rustc's or of C's contains a dot followed by this.
    let name = format!("{}.primal", cx.tcx.symbol_name(callee).name);
    if let Some(wrapper) = cx.get_declared_value(&name) {
        return wrapper;
    }
    let wrapper = cx.declare_fn(&name, fn_abi, None);
    llvm::set_linkage(wrapper, llvm::Linkage::InternalLinkage);
    attributes::llfn_attrs_from_instance(cx, cx.tcx, wrapper, &CodegenFnAttrs::new(), None);
    cx.add_compiler_used_global(wrapper);

    let start = Builder::append_block(cx, wrapper, "start");
    let bx = &mut Builder::build(cx, start);

    let mut params = (0..).map(|i| llvm::get_param(wrapper, i));
    let out = fn_abi
        .ret
        .is_indirect()
        .then(|| PlaceRef::new_sized(params.next().unwrap(), fn_abi.ret.layout));
    // Where the callee writes what it does not return in registers.
    let slot = out.unwrap_or_else(|| PlaceRef::alloca(bx, fn_abi.ret.layout));

    let mut args = vec![];
    if callee_abi.ret.is_indirect() {
        args.push(slot.val.llval);
    }
    for (arg, callee_arg) in fn_abi.args.iter().zip(&callee_abi.args) {
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
            callee_arg,
            &mut args,
        );
    }

    let fn_ty = callee_abi.llvm_type(cx);
    let result =
        bx.call(fn_ty, None, Some(callee_abi), cx.get_fn(callee), &args, None, Some(callee));

    match &callee_abi.ret.mode {
        PassMode::Ignore | PassMode::Indirect { .. } => {}
        PassMode::Direct(_) | PassMode::Pair(..) => {
            OperandRef::from_immediate_or_packed_pair(bx, result, slot.layout).val.store(bx, slot);
        }
        PassMode::Cast { .. } => bx.store_arg(&callee_abi.ret, result, slot),
    }
    if out.is_some() || fn_abi.ret.is_ignore() {
        bx.ret_void();
    } else {
        let value = bx.load_operand(slot).immediate_or_packed_pair(bx);
        bx.ret(value);
    }
    wrapper
}

/// Appends to `args` the LLVM arguments by which `arg` takes `operand`.
fn pass<'ll, 'tcx>(
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
        PassMode::Cast { cast, pad_i32 } => {
            if *pad_i32 {
                args.push(bx.const_undef(bx.type_i32()));
            }
            // The cast type may be larger than the value: read no byte behind it.
            let size = cast.size(bx).max(operand.layout.size);
            let align = cast.align(bx).max(operand.layout.align.abi);
            let scratch = bx.alloca(size, align);
            in_memory(bx, PlaceRef::new_sized_aligned(scratch, operand.layout, align));
            args.push(load_cast(bx, cast, scratch, align));
        }
        PassMode::Indirect { attrs, .. } => {
            // The callee owns what it is passed, and may want it better aligned.
            let align = attrs.pointee_align.unwrap_or(arg.layout.align.abi);
            let copy = bx.alloca(operand.layout.size, align.max(operand.layout.align.abi));
            let copy = PlaceRef::new_sized_aligned(copy, operand.layout, align);
            args.push(in_memory(bx, copy).val.llval);
        }
    }
}
