//! By which ABI the functions of the slice call each other.
//!
//! The ordinary ABI makes an integer of a small aggregate, and returns a pair in two registers. To Enzyme,
//! an integer has no derivative, and of a pair it takes one part for what the other is. Here, such values
//! are passed in memory instead, where each part is what it is stored as.
//!
//! `fn` pointers and vtables hold what has the ordinary ABI. Calls of those, the slice replaces by calls of
//! its own copies, see the module `dispatch`.

use std::borrow::Cow;
use std::{mem, ptr};

use rustc_codegen_ssa::mir::load_cast;
use rustc_codegen_ssa::mir::operand::{OperandRef, OperandValue};
use rustc_codegen_ssa::mir::place::PlaceRef;
use rustc_codegen_ssa::traits::*;
use rustc_hir::attrs::Linkage;
use rustc_middle::middle::codegen_fn_attrs::CodegenFnAttrs;
use rustc_middle::mono::{IndirectCall, MonoItem, MonoItemData, Visibility};
use rustc_middle::ty::layout::{FnAbiOf, FnAbiRequest, HasTypingEnv};
use rustc_middle::ty::{self, Instance, InstanceKind, Ty};
use rustc_target::callconv::{ArgAbi, ArgAttributes, FnAbi, PassMode};

use super::adapter;
use super::pieces::{Kind, Pieces};
use crate::abi::FnAbiLlvmExt;
use crate::builder::Builder;
use crate::context::CodegenCx;
use crate::llvm::{self, Type, Value};
use crate::{attributes, base};

unsafe extern "C" {
    /// In AutodiffIndirect.cpp.
    fn LLVMRustAutodiffHasAddressTaken(Function: &Value) -> bool;
    /// In AutodiffIndirect.cpp.
    fn LLVMRustAutodiffReplaceAddress<'a>(Function: &'a Value, By: &'a Value);
}

/// The ABI by which the slice calls what `request` is for, while everyone else calls it by `fn_abi`.
pub(crate) fn adjust_fn_abi<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    fn_abi: &'tcx FnAbi<'tcx, Ty<'tcx>>,
    request: FnAbiRequest<'tcx>,
) -> &'tcx FnAbi<'tcx, Ty<'tcx>> {
    if !cx.is_autodiff_slice || !is_packed(cx, fn_abi) {
        return fn_abi;
    }
    let is_replaced = |method| !IndirectCall { abi: fn_abi, method }.is_formatting(cx.tcx);
    let is_adjusted = match request {
        FnAbiRequest::OfFnPtr { .. } => is_replaced(None),
        FnAbiRequest::OfInstance {
            instance: Instance { def: InstanceKind::Virtual(method, _), .. },
            ..
        } => is_replaced(Some(method)),
        FnAbiRequest::OfInstance { instance, .. } => copy(cx, instance).is_some(),
    };
    if is_adjusted { cx.tcx.arena.alloc(in_memory(cx, fn_abi)) } else { fn_abi }
}

/// The slice's copy of a function. Derivatives are no copies: the slice defines what others call.
fn copy<'tcx>(cx: &CodegenCx<'_, 'tcx>, instance: Instance<'tcx>) -> Option<MonoItemData> {
    let data = cx.codegen_unit.items().get(&MonoItem::Fn(instance))?;
    data.inlined.then_some(*data)
}

/// Whether several values are passed or returned as one of LLVM's. The ABI of a primal is as Enzyme wants it.
fn is_packed<'tcx>(cx: &CodegenCx<'_, 'tcx>, fn_abi: &FnAbi<'tcx, Ty<'tcx>>) -> bool {
    !fn_abi.autodiff
        && !fn_abi.c_variadic
        && (fn_abi.args.iter().any(|arg| is_integer(cx, arg))
            || is_returned_packed(cx, &fn_abi.ret))
}

/// Of a union of a float and something else, no more is known in memory than of an integer.
fn is_integer<'tcx>(cx: &CodegenCx<'_, 'tcx>, arg: &ArgAbi<'tcx, Ty<'tcx>>) -> bool {
    matches!(arg.mode, PassMode::Cast { .. })
        && !Pieces::of(cx, arg.layout).any(|run| run.kind == Kind::Either)
}

fn is_returned_packed<'tcx>(cx: &CodegenCx<'_, 'tcx>, ret: &ArgAbi<'tcx, Ty<'tcx>>) -> bool {
    matches!(ret.mode, PassMode::Pair(..)) || is_integer(cx, ret)
}

fn in_memory<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    fn_abi: &FnAbi<'tcx, Ty<'tcx>>,
) -> FnAbi<'tcx, Ty<'tcx>> {
    let indirect = |arg: &ArgAbi<'tcx, Ty<'tcx>>| {
        let mut arg = ArgAbi::new(cx, arg.layout, |_, _| ArgAttributes::new());
        arg.make_indirect();
        arg
    };
    let mut fn_abi = fn_abi.clone();
    for arg in &mut fn_abi.args {
        if is_integer(cx, arg) {
            *arg = indirect(arg);
        }
    }
    if is_returned_packed(cx, &fn_abi.ret) {
        fn_abi.ret = indirect(&fn_abi.ret);
    }
    fn_abi
}

/// Whether the slice's copy of a function is one that nobody else calls, whatever address the function has.
///
/// It is called in a way of its own, or `sret` is to be taken from it (AutodiffPasses.cpp).
fn is_apart<'tcx>(cx: &CodegenCx<'_, 'tcx>, fn_abi: &FnAbi<'tcx, Ty<'tcx>>) -> bool {
    is_packed(cx, fn_abi) || fn_abi.ret.is_indirect()
}

/// By what name, linkage and visibility codegen defines a function whose symbol is `symbol_name`.
pub(crate) fn definition<'a, 'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    instance: Instance<'tcx>,
    symbol_name: &'a str,
    linkage: Linkage,
    visibility: Visibility,
) -> (Cow<'a, str>, Linkage, Visibility) {
    if cx.is_autodiff_slice
        && linkage != Linkage::Internal
        && copy(cx, instance).is_some()
        && is_apart(cx, ordinary_abi(cx, instance))
    {
        // No symbol of rustc's or of C's contains a dot followed by this.
        (format!("{symbol_name}{COPY}").into(), Linkage::Internal, Visibility::Default)
    } else {
        (symbol_name.into(), linkage, visibility)
    }
}

/// Ends the name of the copy of a function that everyone knows.
pub(crate) const COPY: &str = ".copy";

fn ordinary_abi<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    instance: Instance<'tcx>,
) -> &'tcx FnAbi<'tcx, Ty<'tcx>> {
    let input = cx.typing_env().as_query_input((instance, ty::List::empty()));
    // There is a copy of it, so that this has been asked before.
    cx.tcx.fn_abi_of_instance(input).unwrap()
}

/// Where the address of a copy is taken, gives it that of a function with the ordinary ABI.
pub(crate) fn define_addresses<'tcx>(cx: &CodegenCx<'_, 'tcx>) {
    for (&item, data) in cx.codegen_unit.items() {
        let MonoItem::Fn(instance) = item else { continue };
        let fn_abi = ordinary_abi(cx, instance);
        if !data.inlined || !is_apart(cx, fn_abi) {
            continue;
        }
        let function = cx.get_fn(instance);
        if !unsafe { LLVMRustAutodiffHasAddressTaken(function) } {
            continue;
        }
        let symbol = cx.tcx.symbol_name(instance).name;
        let name = match data.linkage {
            Linkage::Internal => Cow::from(format!("{symbol}.address")),
            _ => Cow::from(symbol),
        };
        let address =
            adapt(cx, &name, fn_abi, function, cx.fn_abi_of_instance(instance, ty::List::empty()));
        llvm::set_linkage(address, base::linkage_to_llvm(data.linkage));
        if data.linkage == Linkage::LinkOnceODR && cx.tcx.sess.target.supports_comdat() {
            llvm::SetUniqueComdat(cx.llmod, address);
        }
        llvm::set_visibility(address, base::visibility_to_llvm(data.visibility));
        cx.assume_dso_local(address, false);
        unsafe { LLVMRustAutodiffReplaceAddress(function, address) };
    }
}

/// Defines a function with the ABI `from` that calls `callee`, which has the ABI `to`, with its arguments.
fn adapt<'ll, 'tcx>(
    cx: &CodegenCx<'ll, 'tcx>,
    name: &str,
    from: &FnAbi<'tcx, Ty<'tcx>>,
    callee: &'ll Value,
    to: &FnAbi<'tcx, Ty<'tcx>>,
) -> &'ll Value {
    let function = cx.declare_fn(name, from, None);
    attributes::llfn_attrs_from_instance(cx, cx.tcx, function, &CodegenFnAttrs::new(), None);
    let start = Builder::append_block(cx, function, "start");
    let bx = &mut Builder::build(cx, start);
    let mut args = vec![];
    let mut index = 0;
    let out = from.ret.is_indirect().then(|| {
        index += 1;
        PlaceRef::new_sized(llvm::get_param(function, 0), from.ret.layout)
    });
    let slot = (to.ret.is_indirect() && out.is_none()).then(|| slot(bx, &from.ret));
    if to.ret.is_indirect() {
        args.extend(out.or(slot).map(|place| place.val.llval));
    }
    for (from, to) in from.args.iter().zip(&to.args) {
        if mem::discriminant(&from.mode) == mem::discriminant(&to.mode) {
            for _ in 0..llvm_args(&from.mode) {
                args.push(llvm::get_param(function, index as u32));
                index += 1;
            }
        } else {
            let place = PlaceRef::alloca(bx, from.layout);
            bx.store_fn_arg(from, &mut index, place);
            let val = OperandValue::Ref(place.val);
            let operand = OperandRef { val, layout: from.layout, move_annotation: None };
            adapter::pass(bx, operand, to, &mut args);
        }
    }
    let result = bx.call(to.llvm_type(cx), None, Some(to), callee, &args, None, None);
    match (out, slot) {
        (Some(out), _) if !to.ret.is_indirect() => {
            bx.store_arg(&to.ret, result, out);
            bx.ret_void();
        }
        (None, Some(slot)) => {
            let result = load_slot(bx, &from.ret, slot);
            bx.ret(result);
        }
        _ => ret(bx, result),
    }
    function
}

/// As how many arguments LLVM takes one of this mode.
pub(super) fn llvm_args(mode: &PassMode) -> usize {
    match mode {
        PassMode::Ignore => 0,
        PassMode::Direct(_) | PassMode::Indirect { meta_attrs: None, .. } => 1,
        PassMode::Pair(..) | PassMode::Indirect { meta_attrs: Some(_), .. } => 2,
        PassMode::Cast { pad_i32, .. } => 1 + usize::from(*pad_i32),
    }
}

/// What to call in place of `callee`, a function that the program calls as a `fn` pointer: `fn_abi` is of those that
/// the slice has copies of, and of this one it may have none.
pub(super) fn callee_of_pointer<'ll, 'tcx>(
    cx: &CodegenCx<'ll, 'tcx>,
    llty: &'ll Type,
    fn_abi: &FnAbi<'tcx, Ty<'tcx>>,
    callee: &'ll Value,
) -> Option<&'ll Value> {
    if unsafe { llvm::LLVMGlobalGetValueType(callee) } == llty {
        return None;
    }
    // There is one such function, in whatever order they are.
    #[allow(rustc::potential_query_instability)]
    let instance = {
        let instances = cx.instances.borrow();
        instances
            .iter()
            .find_map(|(&instance, &value)| ptr::eq(value, callee).then_some(instance))?
    };
    let own_abi = cx.fn_abi_of_instance(instance, ty::List::empty());
    if !is_packed(cx, own_abi) || own_abi.args.len() != fn_abi.args.len() {
        return None;
    }
    let name = cx.generate_local_symbol_name("autodiff.pointer");
    let function = adapt(cx, &name, fn_abi, callee, own_abi);
    llvm::set_linkage(function, llvm::Linkage::InternalLinkage);
    Some(function)
}

/// Memory for what `arg` is in registers.
pub(super) fn slot<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    arg: &ArgAbi<'tcx, Ty<'tcx>>,
) -> PlaceRef<'tcx, &'ll Value> {
    let (mut size, mut align) = (arg.layout.size, arg.layout.align.abi);
    // What it is cast to may be larger.
    if let PassMode::Cast { cast, .. } = &arg.mode {
        size = size.max(cast.size(bx));
        align = align.max(cast.align(bx));
    }
    PlaceRef::new_sized_aligned(bx.alloca(size, align), arg.layout, align)
}

/// What is in `slot`, as `arg` is in registers.
pub(super) fn load_slot<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    arg: &ArgAbi<'tcx, Ty<'tcx>>,
    slot: PlaceRef<'tcx, &'ll Value>,
) -> &'ll Value {
    match &arg.mode {
        PassMode::Cast { cast, .. } => {
            load_cast(bx, cast, arg.layout, slot.val.llval, slot.val.align)
        }
        _ => bx.load_operand(slot).immediate_or_packed_pair(bx),
    }
}

pub(super) fn ret<'ll>(bx: &mut Builder<'_, 'll, '_>, result: &'ll Value) {
    if bx.cx.val_ty(result) == bx.cx.type_void() { bx.ret_void() } else { bx.ret(result) }
}
