//! Calls of what only the running program knows: of a `fn` pointer, or through a vtable.
//!
//! Enzyme takes such a callee for a constant, and the derivative of the call for zero. So the slice calls
//! a function that compares the callee with all that `rustc_monomorphize::autodiff::candidates` found,
//! calls what is equal directly, and stops the program if nothing is.

use rustc_abi::{Align, CanonAbi, HasDataLayout};
use rustc_codegen_ssa::common::IntPredicate;
use rustc_codegen_ssa::traits::*;
use rustc_hir::LangItem;
use rustc_hir::attrs::Linkage;
use rustc_hir::def_id::{DefId, LOCAL_CRATE};
use rustc_middle::middle::codegen_fn_attrs::CodegenFnAttrs;
use rustc_middle::mono::MonoItem;
use rustc_middle::ty::layout::FnAbiOf;
use rustc_middle::ty::print::with_no_trimmed_paths;
use rustc_middle::ty::{self, Instance, InstanceKind, Ty, TyCtxt, TypingEnv, VtblEntry};
use rustc_span::DUMMY_SP;
use rustc_target::callconv::FnAbi;

use crate::abi::FnAbiLlvmExt;
use crate::attributes;
use crate::back::autodiff::INACTIVE;
use crate::builder::Builder;
use crate::context::CodegenCx;
use crate::llvm::{self, AttributeKind, AttributePlace, Type, Value};

/// What to call in place of `callee`, if only the running program knows what that is: a function that
/// takes the callee as well, after its arguments.
pub(crate) fn dispatch<'ll, 'tcx>(
    bx: &Builder<'_, 'll, 'tcx>,
    llty: &'ll Type,
    fn_abi: Option<&FnAbi<'tcx, Ty<'tcx>>>,
    callee: &'ll Value,
    method: Option<Instance<'tcx>>,
) -> Option<(&'ll Type, &'ll Value)> {
    let cx = bx.cx;
    if !cx.is_autodiff_slice || !unsafe { llvm::LLVMRustIsNonGVFunctionPointerTy(callee) } {
        return None;
    }
    // rustc's own calls have no ABI: those of `catch_unwind`, of what it gets as constants.
    let fn_abi = fn_abi?;
    let message = unknown_callee(bx, fn_abi, method);
    let mut params = cx.func_params_types(llty);
    params.push(cx.type_ptr());
    let ty = cx.type_func(&params, unsafe { llvm::LLVMGetReturnType(llty) });
    let name = cx.generate_local_symbol_name("autodiff.dispatch");
    let function = cx.declare_cfn(&name, llvm::UnnamedAddr::Global, ty);
    llvm::set_linkage(function, llvm::Linkage::InternalLinkage);
    attributes::llfn_attrs_from_instance(cx, cx.tcx, function, &CodegenFnAttrs::new(), None);
    fn_abi.apply_attrs_llfn(cx, function, None);
    // Of the callee nothing is to remain but comparisons: Enzyme would ask for its shadow.
    let always_inline = AttributeKind::AlwaysInline.create_attr(cx.llcx);
    attributes::apply_to_llfn(function, AttributePlace::Function, &[always_inline]);

    let mut args: Vec<_> = (0..params.len() as u32).map(|i| llvm::get_param(function, i)).collect();
    let callee = args.pop().unwrap();
    let start = Builder::append_block(cx, function, "start");
    let mut bx = Builder::build(cx, start);
    for candidate in candidates(cx, method) {
        let candidate_abi = cx.fn_abi_of_instance(candidate, ty::List::empty());
        if candidate_abi.llvm_type(cx) != llty || !is_same_abi(candidate_abi, fn_abi, method) {
            continue;
        }
        let is_equal = bx.icmp(IntPredicate::IntEQ, callee, cx.get_fn(candidate));
        let [then, otherwise] = ["equal", "next"].map(|name| bx.append_sibling_block(name));
        bx.cond_br(is_equal, then, otherwise);
        bx.switch_to_block(then);
        call_and_return(&mut bx, candidate_abi, separate(cx, candidate, candidate_abi), &args);
        bx.switch_to_block(otherwise);
    }
    stop(&mut bx, &message);
    // Enzyme takes a block that does not return for one that is never reached, and the comparison
    // before it for one that need not be made.
    let ret = unsafe { llvm::LLVMGetReturnType(llty) };
    if ret == cx.type_void() {
        bx.ret_void();
    } else {
        bx.ret(cx.const_null(ret));
    }
    Some((ty, function))
}

/// A function that does nothing but call `candidate`, once in a codegen unit.
///
/// To Enzyme, a pointer points to one type in all of a function, while each candidate takes it for one to
/// its own. What it finds in here, it keeps apart from what it knows of the caller.
fn separate<'ll, 'tcx>(
    cx: &CodegenCx<'ll, 'tcx>,
    candidate: Instance<'tcx>,
    fn_abi: &FnAbi<'tcx, Ty<'tcx>>,
) -> &'ll Value {
    let name = format!("{}.candidate", cx.tcx.symbol_name(candidate).name);
    if let Some(function) = cx.get_declared_value(&name) {
        return function;
    }
    let function = cx.declare_fn(&name, fn_abi, None);
    llvm::set_linkage(function, llvm::Linkage::InternalLinkage);
    attributes::llfn_attrs_from_instance(cx, cx.tcx, function, &CodegenFnAttrs::new(), None);
    let attrs = [
        AttributeKind::NoInline.create_attr(cx.llcx),
        llvm::CreateAttrString(cx.llcx, "enzyme_ta_norecur"),
    ];
    attributes::apply_to_llfn(function, AttributePlace::Function, &attrs);
    // No pass is to take what a pointer points to for the parameter.
    cx.add_compiler_used_global(function);
    let start = Builder::append_block(cx, function, "start");
    let count = cx.func_params_types(fn_abi.llvm_type(cx)).len() as u32;
    let args: Vec<_> = (0..count).map(|i| llvm::get_param(function, i)).collect();
    call_and_return(&mut Builder::build(cx, start), fn_abi, cx.get_fn(candidate), &args);
    function
}

fn call_and_return<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    fn_abi: &FnAbi<'tcx, Ty<'tcx>>,
    function: &'ll Value,
    args: &[&'ll Value],
) {
    let llty = fn_abi.llvm_type(bx.cx);
    let result = bx.call(llty, None, Some(fn_abi), function, args, None, None);
    if unsafe { llvm::LLVMGetReturnType(llty) } == bx.cx.type_void() {
        bx.ret_void();
    } else {
        bx.ret(result);
    }
}

/// Stops the program unless the shadow of a trait object, with the vtable `shadow`, is of the type that
/// the object has: Enzyme writes to it as to one of those.
pub(super) fn check_shadow<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    ty: Ty<'tcx>,
    vtable: &'ll Value,
    shadow: &'ll Value,
) {
    let cx = bx.cx;
    let tcx = cx.tcx;
    let Some(pointee) = ty.builtin_deref(true) else { return };
    let pointee = tcx.struct_tail_for_codegen(pointee, TypingEnv::fully_monomorphized());
    let ty::Dynamic(predicates, _) = *pointee.kind() else { return };

    let llty = cx.type_func(&[cx.type_ptr(), cx.type_ptr()], cx.type_void());
    let name = cx.generate_local_symbol_name("autodiff.check_shadow");
    let function = cx.declare_cfn(&name, llvm::UnnamedAddr::Global, llty);
    llvm::set_linkage(function, llvm::Linkage::InternalLinkage);
    attributes::llfn_attrs_from_instance(cx, tcx, function, &CodegenFnAttrs::new(), None);

    // Types have several vtables, with different addresses of what is not called here. Size and alignment
    // are all that matters if nothing is.
    let mut entries = vec![ty::COMMON_VTABLE_ENTRIES_SIZE, ty::COMMON_VTABLE_ENTRIES_ALIGN];
    if let Some(principal) = predicates.principal() {
        let trait_ref =
            tcx.instantiate_bound_regions_with_erased(principal.with_self_ty(tcx, pointee));
        entries.extend(tcx.vtable_entries(trait_ref).iter().enumerate().filter_map(
            |(index, entry)| match *entry {
                VtblEntry::Method(method) => {
                    candidates(cx, Some(method)).next().is_some().then_some(index)
                }
                _ => None,
            },
        ));
    }
    let start = Builder::append_block(cx, function, "start");
    let mut check = Builder::build(cx, start);
    let different = check.append_sibling_block("different");
    let size = cx.data_layout().pointer_size();
    for index in entries {
        let [word, other] = [0, 1].map(|param| {
            let offset = cx.const_usize(index as u64 * size.bytes());
            let entry = check.inbounds_ptradd(llvm::get_param(function, param), offset);
            check.load(cx.type_isize(), entry, Align::from_bytes(size.bytes()).unwrap())
        });
        let is_equal = check.icmp(IntPredicate::IntEQ, word, other);
        let next = check.append_sibling_block("next");
        check.cond_br(is_equal, next, different);
        check.switch_to_block(next);
    }
    check.ret_void();
    check.switch_to_block(different);
    let pointee = with_no_trimmed_paths!(pointee.to_string());
    stop(&mut check, &format!("the shadow of a `{pointee}` is of another type than the value"));
    check.ret_void();
    bx.call(llty, None, None, function, &[vtable, shadow], None, None);
}

/// What may be called, through a vtable as `method`.
fn candidates<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    method: Option<Instance<'tcx>>,
) -> impl Iterator<Item = Instance<'tcx>> {
    cx.codegen_unit.items().iter().filter_map(move |(&item, data)| match item {
        MonoItem::Fn(instance)
            if matches!(data.linkage, Linkage::AvailableExternally | Linkage::LinkOnceODR)
                && method.is_none_or(|method| may_be(cx.tcx, instance, method.def_id())) =>
        {
            Some(instance)
        }
        _ => None,
    })
}

fn may_be(tcx: TyCtxt<'_>, candidate: Instance<'_>, method: DefId) -> bool {
    let def_id = candidate.def_id();
    match tcx.trait_item_of(def_id) {
        Some(item) => item == method,
        None if tcx.is_closure_like(def_id) => {
            tcx.trait_of_assoc(method).is_some_and(|trait_| tcx.is_fn_trait(trait_))
        }
        None => def_id == method,
    }
}

/// Stops the program with `message`, in a way that looks as if it went on.
fn stop(bx: &mut Builder<'_, '_, '_>, message: &str) {
    let cx = bx.cx;
    let llty = cx.type_func(&[cx.type_ptr(), cx.type_isize()], cx.type_void());
    let name = "autodiff.stop";
    let function = cx.get_declared_value(name).unwrap_or_else(|| {
        let function = cx.declare_cfn(name, llvm::UnnamedAddr::Global, llty);
        llvm::set_linkage(function, llvm::Linkage::InternalLinkage);
        let codegen_attrs = CodegenFnAttrs::new();
        attributes::llfn_attrs_from_instance(cx, cx.tcx, function, &codegen_attrs, None);
        // Without `OptimizeNone`, LLVM would find out that it does not return.
        let kinds = [
            AttributeKind::Cold,
            AttributeKind::NoFree,
            AttributeKind::NoInline,
            AttributeKind::NoUnwind,
            AttributeKind::OptimizeNone,
        ];
        let mut attrs = kinds.map(|kind| kind.create_attr(cx.llcx)).to_vec();
        attrs.push(llvm::CreateAttrString(cx.llcx, INACTIVE));
        attributes::apply_to_llfn(function, AttributePlace::Function, &attrs);
        let start = Builder::append_block(cx, function, "start");
        let mut bx = Builder::build(cx, start);
        let instance = Instance::mono(
            cx.tcx,
            cx.tcx.require_lang_item(LangItem::PanicNounwind, DUMMY_SP),
        );
        let fn_abi = cx.fn_abi_of_instance(instance, ty::List::empty());
        let args = [0, 1].map(|i| llvm::get_param(function, i));
        let panic = cx.get_fn(instance);
        bx.call(fn_abi.llvm_type(cx), None, Some(fn_abi), panic, &args, None, Some(instance));
        bx.unreachable();
        function
    });
    let (text, length) = cx.const_str(message);
    bx.call(llty, None, None, function, &[text, length], None, None);
}

/// Whether a call of `method`, or of a `fn` pointer, with the ABI `call` may call a function with the ABI
/// `callee`. What is of no size is not passed: a closure that is a `fn` pointer takes itself as well.
fn is_same_abi<'tcx>(
    callee: &FnAbi<'tcx, Ty<'tcx>>,
    call: &FnAbi<'tcx, Ty<'tcx>>,
    method: Option<Instance<'tcx>>,
) -> bool {
    let args = |abi: &FnAbi<'tcx, Ty<'tcx>>| {
        let passed = abi.args.iter().filter(|arg| !arg.is_ignore()).map(|arg| arg.layout.ty);
        // Through a vtable, the receiver is of another type.
        passed.skip(usize::from(method.is_some())).collect::<Vec<_>>()
    };
    callee.conv == call.conv
        && callee.ret.layout.ty == call.ret.layout.ty
        && args(callee) == args(call)
}

fn unknown_callee<'tcx>(
    bx: &Builder<'_, '_, 'tcx>,
    fn_abi: &FnAbi<'tcx, Ty<'tcx>>,
    method: Option<Instance<'tcx>>,
) -> String {
    let tcx = bx.cx.tcx;
    let caller = llvm::get_value_name(bx.llfn());
    let caller = String::from_utf8_lossy(&caller).into_owned();
    let caller = rustc_demangle::demangle(&caller);
    let krate = tcx.crate_name(LOCAL_CRATE);
    let callee = with_no_trimmed_paths!(match method {
        Some(Instance { def: InstanceKind::Virtual(def_id, _), args }) =>
            tcx.def_path_str_with_args(def_id, args),
        _ => {
            let args: Vec<_> = fn_abi.args.iter().map(|arg| arg.layout.ty.to_string()).collect();
            let ret = fn_abi.ret.layout.ty;
            let prefix = match fn_abi.conv {
                CanonAbi::Rust => String::new(),
                conv => format!("extern \"{conv}\" "),
            };
            format!("{prefix}fn({}) -> {ret}", args.join(", "))
        }
    });
    let made = if method.is_some() { "trait object" } else { "`fn` pointer" };
    format!(
        "no derivative of a call of `{callee}` in `{caller:#}`: crate `{krate}`, which has the derivative, \
         does not know the function that is called; let that crate make the {made}"
    )
}
