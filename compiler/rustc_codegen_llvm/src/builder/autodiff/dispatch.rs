//! Calls of what only the running program knows: of a `fn` pointer, or through a vtable.
//!
//! Enzyme takes such a callee for a constant, and the derivative of the call for zero. So the slice calls
//! a function that compares the callee with all that `rustc_monomorphize::autodiff::candidates` found,
//! calls what is equal directly, and stops the program if nothing is.

use rustc_abi::{CanonAbi, HasDataLayout};
use rustc_codegen_ssa::common::{IntPredicate, TypeKind};
use rustc_codegen_ssa::traits::*;
use rustc_hir::LangItem;
use rustc_hir::attrs::{Linkage, OptimizeAttr};
use rustc_hir::def_id::LOCAL_CRATE;
use rustc_middle::middle::codegen_fn_attrs::CodegenFnAttrs;
use rustc_middle::mono::{IndirectCall, MonoItem};
use rustc_middle::ty::layout::FnAbiOf;
use rustc_middle::ty::print::with_no_trimmed_paths;
use rustc_middle::ty::{self, Instance, InstanceKind, Ty};
use rustc_span::DUMMY_SP;
use rustc_target::callconv::FnAbi;

use super::abi;
use crate::abi::FnAbiLlvmExt;
use crate::attributes;
use crate::builder::Builder;
use crate::context::CodegenCx;
use crate::llvm::{self, AttributeKind, AttributePlace, MemoryEffects, Type, Value};

/// Of a function that no derivative goes through, whatever it is called with.
pub(super) const INACTIVE: &str = "enzyme_inactive";

/// What to call in place of `callee`, and with which arguments, if only the running program knows what that is: a
/// function that takes the callee as well.
pub(crate) fn dispatch<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    llty: &'ll Type,
    fn_abi: Option<&FnAbi<'tcx, Ty<'tcx>>>,
    callee: &'ll Value,
    call_args: &[&'ll Value],
    method: Option<Instance<'tcx>>,
) -> Option<(&'ll Type, &'ll Value, Vec<&'ll Value>)> {
    let cx = bx.cx;
    if !cx.is_autodiff_slice {
        return None;
    }
    // rustc's own calls have no ABI: those of `catch_unwind`, of what it gets as constants.
    let fn_abi = fn_abi?;
    if !unsafe { llvm::LLVMRustIsNonGVFunctionPointerTy(callee) } {
        let callee = abi::callee_of_pointer(cx, llty, fn_abi, callee)?;
        return Some((llty, callee, call_args.to_vec()));
    }
    let call = IndirectCall { abi: fn_abi, method: method.map(|method| method.def_id()) };
    if call.is_formatting(cx.tcx) {
        return None;
    }
    let message = no_derivative(bx, fn_abi, method);
    if let Some(method) = method {
        check_shadow(bx, callee, method);
    }
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
    let (pointer, callee) = (callee, args.pop().unwrap());
    let start = Builder::append_block(cx, function, "start");
    let mut bx = Builder::build(cx, start);
    if method.is_some() {
        let receiver = &mut args[usize::from(fn_abi.ret.is_indirect())];
        *receiver = of_any_type(&mut bx, *receiver);
    }
    for candidate in candidates(cx, call) {
        let candidate_abi = cx.fn_abi_of_instance(candidate, ty::List::empty());
        // One that takes itself by value is no function for a vtable.
        if candidate_abi.llvm_type(cx) != llty {
            continue;
        }
        let is_equal = bx.icmp(IntPredicate::IntEQ, callee, cx.get_fn(candidate));
        let [then, otherwise] = ["equal", "next"].map(|name| bx.append_sibling_block(name));
        bx.cond_br(is_equal, then, otherwise);
        bx.switch_to_block(then);
        let (function, abi) = separate(cx, candidate, candidate_abi);
        let result = bx.call(abi.llvm_type(cx), None, Some(&abi), function, &args, None, None);
        abi::ret(&mut bx, result);
        bx.switch_to_block(otherwise);
    }
    stop(&mut bx, &message);
    // Enzyme takes a block that does not return for one that is never reached, and the comparison
    // before it for one that need not be made.
    let ret_ty = unsafe { llvm::LLVMGetReturnType(llty) };
    if ret_ty == cx.type_void() {
        bx.ret_void()
    } else {
        bx.ret(cx.const_null(ret_ty))
    }
    Some((ty, function, [call_args, &[pointer]].concat()))
}

/// `receiver`, of which Enzyme does not know what it points to. Where the function that calls a method has
/// made the object, it would, while most candidates are for objects of other types.
fn of_any_type<'ll>(bx: &mut Builder<'_, 'll, '_>, receiver: &'ll Value) -> &'ll Value {
    let cx = bx.cx;
    let llty = cx.type_func(&[cx.type_ptr()], cx.type_ptr());
    // `AutodiffIndirect.cpp` in `rustc_llvm` knows it by this name.
    let name = "rustc.autodiff.receiver";
    let function = cx.get_declared_value(name).unwrap_or_else(|| {
        // LLVM would find out that it returns what it is given.
        let function = define_opaque(cx, name, llty);
        let attrs = [
            AttributeKind::WillReturn.create_attr(cx.llcx),
            MemoryEffects::None.create_attr(cx.llcx),
            llvm::CreateAttrString(cx.llcx, SEPARATE_TYPES),
        ];
        attributes::apply_to_llfn(function, AttributePlace::Function, &attrs);
        let start = Builder::append_block(cx, function, "start");
        Builder::build(cx, start).ret(llvm::get_param(function, 0));
        function
    });
    bx.call(llty, None, None, function, &[receiver], None, None)
}

/// Of a function whose types Enzyme finds out without those of its callers, and keeps to itself.
const SEPARATE_TYPES: &str = "enzyme_ta_norecur";

/// A function that does nothing but call `candidate`, once in a codegen unit, and its ABI: that of the
/// candidate, but without `sret`.
///
/// To Enzyme, a pointer points to one type in all of a function, while each candidate takes it for one to
/// its own. What it finds in here, it keeps apart from what it knows of the caller.
fn separate<'ll, 'tcx>(
    cx: &CodegenCx<'ll, 'tcx>,
    candidate: Instance<'tcx>,
    candidate_abi: &FnAbi<'tcx, Ty<'tcx>>,
) -> (&'ll Value, FnAbi<'tcx, Ty<'tcx>>) {
    // As of a primal: an ordinary parameter instead of `sret`, which would say to Enzyme what type the
    // result is of.
    let fn_abi = FnAbi { autodiff: true, ..candidate_abi.clone() };
    let name = format!("{}.candidate", cx.tcx.symbol_name(candidate).name);
    if let Some(function) = cx.get_declared_value(&name) {
        return (function, fn_abi);
    }
    let function = cx.declare_fn(&name, &fn_abi, None);
    llvm::set_linkage(function, llvm::Linkage::InternalLinkage);
    attributes::llfn_attrs_from_instance(cx, cx.tcx, function, &CodegenFnAttrs::new(), None);
    let attrs = [
        AttributeKind::NoInline.create_attr(cx.llcx),
        llvm::CreateAttrString(cx.llcx, SEPARATE_TYPES),
    ];
    attributes::apply_to_llfn(function, AttributePlace::Function, &attrs);
    // What is so kept apart, nobody may find out otherwise.
    let llty = fn_abi.llvm_type(cx);
    tell_float(cx, function, AttributePlace::ReturnValue, unsafe { llvm::LLVMGetReturnType(llty) });
    for (i, ty) in cx.func_params_types(llty).into_iter().enumerate() {
        tell_float(cx, function, AttributePlace::Argument(i as u32), ty);
    }
    // No pass is to take what a pointer points to for the parameter.
    cx.add_compiler_used_global(function);
    let start = Builder::append_block(cx, function, "start");
    let count = cx.func_params_types(llty).len() as u32;
    let args: Vec<_> = (0..count).map(|i| llvm::get_param(function, i)).collect();
    let mut bx = Builder::build(cx, start);
    let llty = candidate_abi.llvm_type(cx);
    let callee = cx.get_fn(candidate);
    let result = bx.call(llty, None, Some(candidate_abi), callee, &args, None, None);
    abi::ret(&mut bx, result);
    (function, fn_abi)
}

/// Tells Enzyme what `place` is, if it is a float.
fn tell_float<'ll>(
    cx: &CodegenCx<'ll, '_>,
    function: &'ll Value,
    place: AttributePlace,
    ty: &'ll Type,
) {
    let float = match cx.type_kind(ty) {
        TypeKind::Half => "half",
        TypeKind::Float => "float",
        TypeKind::Double => "double",
        TypeKind::FP128 => "fp128",
        _ => return,
    };
    let tree = format!("{{[-1]:Float@{float}}}");
    let attr = llvm::CreateAttrStringValue(cx.llcx, "enzyme_type", &tree);
    attributes::apply_to_llfn(function, place, &[attr]);
}

/// Stops the program unless the shadow of the receiver of `method` is of the type that the receiver is of:
/// the derivative of `callee` takes it for one of those.
///
/// To Enzyme, which alone knows where the shadow is, this is a function of the place in the vtable that
/// `callee` is loaded from, with a derivative of its own. That is called with the same place in the vtable
/// of the shadow as well.
fn check_shadow<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    callee: &'ll Value,
    method: Instance<'tcx>,
) {
    let cx = bx.cx;
    let place = unsafe { llvm::LLVMGetOperand(callee, 0) }.expect("a method is loaded");
    let (ptr, void) = (cx.type_ptr(), cx.type_void());
    let check_ty = cx.type_func(&[ptr, ptr], void);
    let check = cx.generate_local_symbol_name("autodiff.check_shadow");
    let check = define_for_enzyme(cx, &check, check_ty);

    let start = Builder::append_block(cx, check, "start");
    let mut check_bx = Builder::build(cx, start);
    let align = cx.data_layout().pointer_align().abi;
    let [entry, shadow] =
        [0, 1].map(|param| check_bx.load(ptr, llvm::get_param(check, param), align));
    let is_equal = check_bx.icmp(IntPredicate::IntEQ, entry, shadow);
    let [same, different] = ["same", "different"].map(|name| check_bx.append_sibling_block(name));
    check_bx.cond_br(is_equal, same, different);
    check_bx.switch_to_block(same);
    check_bx.ret_void();
    check_bx.switch_to_block(different);
    let caller = name_of_caller(bx);
    let method =
        with_no_trimmed_paths!(cx.tcx.def_path_str_with_args(method.def_id(), method.args));
    let message = format!(
        "no derivative of a call of `{method}` in `{caller}`: the shadow of the trait object is of \
         another type than the trait object, or was made in another crate"
    );
    stop(&mut check_bx, &message);
    check_bx.ret_void();

    let nothing = cx.get_declared_value(NO_ADJOINT).unwrap_or_else(|| {
        let nothing = define_for_enzyme(cx, NO_ADJOINT, check_ty);
        let start = Builder::append_block(cx, nothing, "start");
        Builder::build(cx, start).ret_void();
        nothing
    });

    let place_ty = cx.type_func(&[ptr], void);
    // `AutodiffIndirect.cpp` in `rustc_llvm` knows it by this name.
    let name = cx.generate_local_symbol_name("rustc.autodiff.vtable_entry");
    let marker = cx.declare_cfn(&name, llvm::UnnamedAddr::No, place_ty);
    let attrs = [AttributeKind::NoUnwind, AttributeKind::NoFree, AttributeKind::WillReturn]
        .map(|kind| kind.create_attr(cx.llcx));
    attributes::apply_to_llfn(marker, AttributePlace::Function, &attrs);
    let inaccessible = MemoryEffects::InaccessibleMemOnly.create_attr(cx.llcx);
    attributes::apply_to_llfn(marker, AttributePlace::Function, &[inaccessible]);
    // Of the forward pass in reverse mode, of the reverse pass, and in forward mode.
    for (kind, function) in
        [("enzyme_augment", check), ("enzyme_gradient", nothing), ("enzyme_derivative", check)]
    {
        let function = llvm::LLVMValueAsMetadata(function);
        cx.global_set_metadata_node(marker, cx.get_md_kind_id(kind), &[function]);
    }
    bx.call(place_ty, None, None, marker, &[place], None, None);
}

const NO_ADJOINT: &str = "autodiff.no_adjoint";

/// Declares a function that nothing calls until Enzyme has run.
fn define_for_enzyme<'ll>(cx: &CodegenCx<'ll, '_>, name: &str, llty: &'ll Type) -> &'ll Value {
    let function = cx.declare_cfn(name, llvm::UnnamedAddr::No, llty);
    llvm::set_linkage(function, llvm::Linkage::InternalLinkage);
    attributes::llfn_attrs_from_instance(cx, cx.tcx, function, &CodegenFnAttrs::new(), None);
    cx.add_compiler_used_global(function);
    function
}

/// Declares a function that LLVM neither looks into nor takes for what it is.
pub(super) fn define_opaque<'ll>(
    cx: &CodegenCx<'ll, '_>,
    name: &str,
    llty: &'ll Type,
) -> &'ll Value {
    let function = cx.declare_cfn(name, llvm::UnnamedAddr::Global, llty);
    llvm::set_linkage(function, llvm::Linkage::InternalLinkage);
    let codegen_attrs =
        CodegenFnAttrs { optimize: OptimizeAttr::DoNotOptimize, ..CodegenFnAttrs::new() };
    attributes::llfn_attrs_from_instance(cx, cx.tcx, function, &codegen_attrs, None);
    let attrs = [AttributeKind::NoFree, AttributeKind::NoInline, AttributeKind::NoUnwind]
        .map(|kind| kind.create_attr(cx.llcx));
    attributes::apply_to_llfn(function, AttributePlace::Function, &attrs);
    function
}

/// What `call` may call. By the linkage of a copy it is known what can be compared with an address.
fn candidates<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    call: IndirectCall<'_, 'tcx>,
) -> impl Iterator<Item = Instance<'tcx>> {
    cx.codegen_unit.items().iter().filter_map(move |(&item, data)| match item {
        MonoItem::Fn(instance)
            if matches!(data.linkage, Linkage::AvailableExternally | Linkage::LinkOnceODR)
                && call.may_be_of(cx.tcx, instance) =>
        {
            Some(instance)
        }
        _ => None,
    })
}

/// Stops the program with `message`, in a way that looks as if it went on.
fn stop(bx: &mut Builder<'_, '_, '_>, message: &str) {
    let cx = bx.cx;
    let llty = cx.type_func(&[cx.type_ptr(), cx.type_isize()], cx.type_void());
    let name = "autodiff.stop";
    let function = cx.get_declared_value(name).unwrap_or_else(|| {
        // LLVM would find out that it does not return.
        let function = define_opaque(cx, name, llty);
        let attrs =
            [AttributeKind::Cold.create_attr(cx.llcx), llvm::CreateAttrString(cx.llcx, INACTIVE)];
        attributes::apply_to_llfn(function, AttributePlace::Function, &attrs);
        let start = Builder::append_block(cx, function, "start");
        let mut bx = Builder::build(cx, start);
        let instance =
            Instance::mono(cx.tcx, cx.tcx.require_lang_item(LangItem::PanicNounwind, DUMMY_SP));
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

fn name_of_caller(bx: &Builder<'_, '_, '_>) -> String {
    let symbol = llvm::get_value_name(bx.llfn());
    format!("{:#}", rustc_demangle::demangle(&String::from_utf8_lossy(&symbol)))
}

fn no_derivative<'tcx>(
    bx: &Builder<'_, '_, 'tcx>,
    fn_abi: &FnAbi<'tcx, Ty<'tcx>>,
    method: Option<Instance<'tcx>>,
) -> String {
    let tcx = bx.cx.tcx;
    let caller = name_of_caller(bx);
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
        "no derivative of a call of `{callee}` in `{caller}`: crate `{krate}`, which has the derivative, does \
         not know the function that is called; let that crate make the {made}"
    )
}
