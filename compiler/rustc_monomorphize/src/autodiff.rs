//! What monomorphization does about functions that are differentiated: the slice that Enzyme sees, and
//! checks of `extern "Rust"` declarations.

mod candidates;
mod formatting;
pub(crate) mod slice;

use rustc_abi::ExternAbi;
use rustc_hir::def::DefKind;
use rustc_hir::def_id::{DefId, LOCAL_CRATE, LocalDefId};
use rustc_middle::middle::codegen_fn_attrs::CodegenFnAttrFlags;
use rustc_middle::middle::exported_symbols::{ExportedSymbol, SymbolExportLevel};
use rustc_middle::mir;
use rustc_middle::mono::stand_in;
use rustc_middle::ty::{self, Instance, InstanceKind, Ty, TyCtxt, TypingEnv};

use crate::errors::PrimalDeclaredOtherwise;

/// The type of what the slice calls where `caller`, whose body is `body`, calls a `callee` in `scope`.
pub(crate) fn called_in_slice<'tcx>(
    tcx: TyCtxt<'tcx>,
    body: &mir::Body<'tcx>,
    caller: Instance<'tcx>,
    scope: mir::SourceScope,
    callee: Ty<'tcx>,
) -> Ty<'tcx> {
    let &ty::FnDef(def_id, args) = callee.kind() else { return callee };
    let env = TypingEnv::fully_monomorphized();
    let instance = Instance::expect_resolve(tcx, env, def_id, args, body.span);
    match stand_in(tcx, body, caller, scope, instance) {
        Some(stand_in) => Ty::new_fn_def(tcx, stand_in.def_id(), stand_in.args),
        None => callee,
    }
}

/// Reports the use of a function through a declaration that leaves out, or adds, `#[rustc_autodiff]`
/// and thereby calls it in a way that it does not expect.
///
/// With `#[no_mangle]`, the ABI of a primal shows, as the extra parameter of `#[track_caller]` does: a
/// declaration has to carry the attribute as well. That can be checked only where both are known.
pub(crate) fn check_foreign_declaration<'tcx>(tcx: TyCtxt<'tcx>, instance: Instance<'tcx>) {
    let InstanceKind::Item(declaration) = instance.def else { return };
    // What is local and not generated here is foreign.
    if !declaration.is_local()
        || tcx.def_kind(declaration) != DefKind::Fn
        || tcx.fn_sig(declaration).skip_binder().abi() != ExternAbi::Rust
        || tcx.codegen_fn_attrs(declaration).flags.intersects(
            CodegenFnAttrFlags::RUSTC_STD_INTERNAL_SYMBOL
                | CodegenFnAttrFlags::EXTERNALLY_IMPLEMENTABLE_ITEM,
        )
    {
        return;
    }
    let symbol = tcx.symbol_name(instance).name;
    if let Some(definition) = definition_of_symbol(tcx, symbol) {
        compare(tcx, declaration, definition, symbol);
    }
}

/// Reports a declaration, in a crate that this one depends on, of a function that is differentiated
/// here: the reverse of [`check_foreign_declaration`].
pub(crate) fn check_exported_primal(tcx: TyCtxt<'_>, definition: LocalDefId) {
    let definition = definition.to_def_id();
    let attrs = tcx.codegen_fn_attrs(definition);
    if !attrs.flags.contains(CodegenFnAttrFlags::AUTODIFF_PRIMAL)
        || !attrs.contains_extern_indicator()
    {
        return;
    }
    let symbol = tcx.symbol_name(Instance::mono(tcx, definition)).name;
    let modules = tcx.crates(()).iter().flat_map(|&krate| tcx.foreign_modules(krate).values());
    for &item in modules.filter(|m| m.abi == ExternAbi::Rust).flat_map(|m| &m.foreign_items) {
        if tcx.def_kind(item) == DefKind::Fn
            && tcx.symbol_name(Instance::mono(tcx, item)).name == symbol
        {
            compare(tcx, item, definition, symbol);
        }
    }
}

fn compare(tcx: TyCtxt<'_>, declaration: DefId, definition: DefId, symbol: &str) {
    let fn_abi = |def_id| {
        let value = (Instance::mono(tcx, def_id), ty::List::empty());
        tcx.fn_abi_of_instance(ty::TypingEnv::fully_monomorphized().as_query_input(value))
    };
    if let (Ok(declared), Ok(defined)) = (fn_abi(declaration), fn_abi(definition))
        && declared.autodiff != defined.autodiff
        && !(declared.ret.eq_abi(&defined.ret)
            && declared.args.len() == defined.args.len()
            && declared.args.iter().zip(&defined.args).all(|(a, b)| a.eq_abi(b)))
    {
        tcx.dcx().emit_err(PrimalDeclaredOtherwise {
            span: tcx.def_span(declaration),
            definition: tcx.def_span(definition),
            symbol,
        });
    }
}

/// The function that this crate or one that it depends on exports under a name of its own choosing.
fn definition_of_symbol(tcx: TyCtxt<'_>, symbol: &str) -> Option<DefId> {
    [LOCAL_CRATE].iter().chain(tcx.crates(())).find_map(|&krate| {
        tcx.exported_non_generic_symbols(krate).iter().find_map(
            |&(exported, info)| match exported {
                ExportedSymbol::NonGeneric(def_id)
                    if info.level == SymbolExportLevel::C
                        && tcx.def_kind(def_id).is_fn_like()
                        && tcx.symbol_name(Instance::mono(tcx, def_id)).name == symbol =>
                {
                    Some(def_id)
                }
                _ => None,
            },
        )
    })
}
