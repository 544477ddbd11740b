//! Runs Enzyme on what is to be differentiated of a codegen unit.

mod errors;
mod foreign;
mod functions;

use std::ffi::CString;
use std::ptr;

use rustc_abi::ExternAbi;
use rustc_codegen_ssa::ModuleCodegen;
use rustc_codegen_ssa::back::write::{CodegenContext, ModuleConfig, SharedEmitter};
use rustc_codegen_ssa::traits::ModuleBufferMethods;
use rustc_data_structures::profiling::SelfProfilerRef;
use rustc_errors::DiagCtxtHandle;
use rustc_hir::def::DefKind;
use rustc_hir::def_id::DefId;
use rustc_hir::lang_items::LangItem;
use rustc_middle::mono::CodegenUnit;
use rustc_middle::ty::{self, Instance, Ty, TyCtxt};
use rustc_session::config::OptLevel;

pub(super) use self::errors::report;
use self::functions::Functions;
use crate::back::lto::ModuleBuffer;
use crate::back::write::{self, AutodiffStage, CodegenDiagnosticsStage, DiagnosticHandlers};
use crate::builder::autodiff::{define_addresses, inactive_attrs, is_inactive, kind_of_static};
use crate::context::CodegenCx;
use crate::errors::LlvmError;
use crate::llvm::{self, AttributeKind};
use crate::{ModuleLlvm, attributes};

/// What is to be differentiated of a codegen unit.
pub(crate) struct Slice {
    module: ModuleLlvm,
    functions: Functions,
}

impl Slice {
    pub(crate) fn new<'tcx>(
        tcx: TyCtxt<'tcx>,
        unit: &CodegenUnit<'tcx>,
        module: ModuleLlvm,
    ) -> Self {
        Slice { module, functions: Functions::of(tcx, unit) }
    }
}

/// Optimizes and differentiates the autodiff slice of `module`, if it has one, and makes it part of it.
///
/// What Enzyme makes is not optimized here: `module` is, with everything in it. Code that has not been
/// optimized is what Enzyme fails on, so the slice is, even in a debug build.
pub(crate) fn differentiate(
    cgcx: &CodegenContext,
    prof: &SelfProfilerRef,
    dcx: DiagCtxtHandle<'_>,
    shared_emitter: &SharedEmitter,
    module: &mut ModuleCodegen<ModuleLlvm>,
    config: &ModuleConfig,
) -> bool {
    let Some(slice) = module.module_llvm.autodiff_slice.take() else { return false };
    let _timer = prof.generic_activity_with_arg("LLVM_autodiff", &*module.name);

    let Slice { module: slice, functions } = *slice;
    let _functions = functions.enter();
    let slice = ModuleCodegen::new_regular(format!("{}-slice", module.name), slice);
    let opt_level = match config.opt_level {
        Some(OptLevel::More | OptLevel::Aggressive) | None => OptLevel::Aggressive,
        Some(OptLevel::No | OptLevel::Less) => OptLevel::More,
        Some(size) => size,
    };
    {
        let _handlers = DiagnosticHandlers::new(
            cgcx,
            shared_emitter,
            &*slice.module_llvm.llcx,
            &slice,
            CodegenDiagnosticsStage::Opt,
        );
        unsafe {
            write::llvm_optimize(
                cgcx,
                prof,
                dcx,
                &slice,
                None,
                None,
                config,
                opt_level,
                llvm::OptStage::PreLinkNoLTO,
                AutodiffStage::DuringAD,
            );
        }
    }
    release(slice.module_llvm.llmod());

    let buffer = ModuleBuffer::new(slice.module_llvm.llmod(), false);
    let _handlers = DiagnosticHandlers::new(
        cgcx,
        shared_emitter,
        &*module.module_llvm.llcx,
        module,
        CodegenDiagnosticsStage::Opt,
    );
    let linker = unsafe { llvm::LLVMRustLinkerNew(module.module_llvm.llmod()) };
    let data = buffer.data();
    let linked = unsafe { llvm::LLVMRustLinkerAdd(linker, data.as_ptr().cast(), data.len()) };
    unsafe { llvm::LLVMRustLinkerFree(linker) };
    if !linked {
        write::llvm_err(dcx, LlvmError::LoadBitcode { name: CString::new(&*slice.name).unwrap() })
    }
    true
}

/// By which attribute a function is known that LLVM believes not to free memory until Enzyme has run.
const FREES_NOTHING: &str = "rustc.autodiff.nofree";

/// Completes the slice, and says what its functions and statics have to do with derivatives.
pub(crate) fn describe_items<'tcx>(cx: &CodegenCx<'_, 'tcx>) {
    define_addresses(cx);
    // Enzyme wants to know as well that they do not free what the primal holds on to.
    let no_free = [
        llvm::CreateAttrString(cx.llcx, FREES_NOTHING),
        AttributeKind::NoFree.create_attr(cx.llcx),
    ];
    let inactive = inactive_attrs(cx);
    let inline = [AttributeKind::AlwaysInline.create_attr(cx.llcx)];
    let place = llvm::AttributePlace::Function;
    // Every function gets its attribute, in whatever order.
    #[allow(rustc::potential_query_instability)]
    for (&instance, &value) in cx.instances.borrow().iter() {
        if matches!(cx.tcx.def_kind(instance.def_id()), DefKind::Static { .. }) {
            if let Some(kind) = kind_of_static(cx, instance.def_id()) {
                // What has been defined under another type is gone.
                let replaced = cx.statics_to_rauw().borrow();
                let new = replaced.iter().find(|&&(old, _)| ptr::eq(old, value));
                let value = new.map_or(value, |&(_, new)| new);
                cx.global_set_metadata_node(value, cx.get_md_kind_id(kind), &[]);
            }
            continue;
        }
        if is_inactive(cx.tcx, instance) {
            attributes::apply_to_llfn(value, place, &inactive);
            attributes::apply_to_llfn(value, place, &no_free);
        }
        if frees_nothing(cx.tcx, instance.def_id()) {
            attributes::apply_to_llfn(value, place, &no_free);
        }
        if cx.tcx.is_foreign_item(instance.def_id()) && !is_of_rust(cx.tcx, instance.def_id()) {
            foreign::hide(cx, instance.def_id(), value);
        }
        if is_of_allocator(cx.tcx, instance) {
            let no_inline = AttributeKind::NoInline;
            unsafe { llvm::LLVMRustRemoveEnumAttributeAtIndex(value, place.as_uint(), no_inline) };
            attributes::apply_to_llfn(value, place, &inline);
        }
    }
}

/// Whether a function that is declared as foreign is one in Rust.
fn is_of_rust(tcx: TyCtxt<'_>, def_id: DefId) -> bool {
    tcx.fn_sig(def_id).skip_binder().abi() == ExternAbi::Rust
}

/// Whether a function that is defined elsewhere does not free what Rust has allocated: it is in another language, or only
/// there to be linked.
fn frees_nothing(tcx: TyCtxt<'_>, def_id: DefId) -> bool {
    if !tcx.is_foreign_item(def_id) {
        return false;
    }
    let name = tcx.item_name(def_id);
    match is_of_rust(tcx, def_id) {
        true => name.as_str().starts_with("__rust_no_alloc_shim"),
        false => !matches!(name.as_str(), "free" | "realloc"),
    }
}

/// Whether `instance` is a method of the allocator, or of what is generic over nothing but that, as the inner part of
/// `RawVec` is. Memory is what it is allocated for, which only those know who call such a method.
fn is_of_allocator<'tcx>(tcx: TyCtxt<'tcx>, instance: Instance<'tcx>) -> bool {
    let Some(of) = tcx.impl_of_assoc(instance.def_id()) else { return false };
    let ty = tcx.type_of(of).instantiate(tcx, instance.args);
    let is_allocator = |ty: Ty<'tcx>| {
        ty.ty_adt_def().is_some_and(|def| tcx.is_lang_item(def.did(), LangItem::GlobalAlloc))
    };
    let ty::Adt(_, args) = *ty.kind() else { return false };
    let mut args = args.types();
    is_allocator(ty) || (args.next().is_some_and(is_allocator) && args.next().is_none())
}

/// Takes back what was said for Enzyme's sake, and what kept LLVM's hands off until it has run.
fn release(slice: &llvm::Module) {
    unsafe {
        if let Some(used) = llvm::LLVMGetNamedGlobal(slice, c"llvm.compiler.used".as_ptr()) {
            llvm::LLVMDeleteGlobal(used);
        }
        let mut next = llvm::LLVMGetFirstFunction(slice);
        while let Some(function) = next {
            let function_attrs = llvm::AttributePlace::Function.as_uint();
            let remove =
                |kind| llvm::LLVMRustRemoveEnumAttributeAtIndex(function, function_attrs, kind);
            if attributes::has_string_attr(function, FREES_NOTHING) {
                remove(AttributeKind::NoFree);
            }
            // Of the functions defined here, only derivatives are known elsewhere.
            if !llvm::is_declaration(function)
                && llvm::get_linkage(function) == llvm::Linkage::ExternalLinkage
            {
                remove(AttributeKind::NoInline);
            }
            next = llvm::LLVMGetNextFunction(function);
        }
    }
}
