//! Typed stand-ins: what the autodiff slice calls in place of some functions of the standard library.
//!
//! Enzyme has to know the type of everything that a function moves. Some functions of the standard library
//! do not say it: they are compiled once for all types and move bytes, or they are so involved that Enzyme
//! takes minutes. `#[rustc_autodiff_stand_in = "path"]` on such a function names another function of its crate,
//! by the path from the root of the crate. That one, the stand-in, does the same with values of a known type.
//! Only the slice calls it, so it costs nobody else anything.
//!
//! A stand-in has the generic parameters of the original. If the original does not know the type of the
//! elements, the stand-in has that type as one more parameter, before the others.

use rustc_hir::def::{DefKind, Res};
use rustc_hir::def_id::DefId;
use rustc_hir::find_attr;
use rustc_span::Symbol;

use crate::mir;
use crate::ty::{EarlyBinder, Instance, InstanceKind, TyCtxt, TypingEnv};

/// What the slice calls in place of `callee`, where `caller`, whose body is `body`, calls that in `scope`.
///
/// The collector and codegen both ask this, and get the same answer.
pub fn stand_in<'tcx>(
    tcx: TyCtxt<'tcx>,
    body: &mir::Body<'tcx>,
    caller: Instance<'tcx>,
    scope: mir::SourceScope,
    callee: Instance<'tcx>,
) -> Option<Instance<'tcx>> {
    let InstanceKind::Item(original) = callee.def else { return None };
    let path = find_attr!(tcx, original, RustcAutodiffStandIn(path) => *path)?;
    let stand_in = resolve(tcx, original, path);
    let args = if tcx.generics_of(stand_in).count() == callee.args.len() {
        callee.args
    } else {
        // The function that knows the type is in the same module, and is generic over the type and over
        // whatever the original is generic over.
        let module = module_of(tcx, original);
        let knows_type = |instance: &Instance<'tcx>| {
            instance.args.split_first().is_some_and(|(element, others)| {
                element.as_type().is_some() && others[..] == callee.args[..]
            }) && module_of(tcx, instance.def_id()) == module
        };
        inlined(tcx, body, caller, scope).chain([caller]).find(knows_type)?.args
    };
    let stand_in = Instance::new_raw(stand_in, args);
    assert_alike(tcx, callee, stand_in);
    Some(stand_in)
}

/// The functions that `caller` calls at `scope` and that have been inlined there, from the innermost on.
fn inlined<'tcx>(
    tcx: TyCtxt<'tcx>,
    body: &mir::Body<'tcx>,
    caller: Instance<'tcx>,
    scope: mir::SourceScope,
) -> impl Iterator<Item = Instance<'tcx>> {
    let mut scope = Some(scope);
    let scopes = std::iter::from_fn(move || {
        let data = &body.source_scopes[scope?];
        scope = data.inlined_parent_scope;
        Some(data.inlined)
    });
    scopes.flatten().map(move |(instance, _)| {
        caller.instantiate_mir_and_normalize_erasing_regions(
            tcx,
            TypingEnv::fully_monomorphized(),
            EarlyBinder::bind(instance),
        )
    })
}

/// The function at `path` in the crate of `original`.
fn resolve(tcx: TyCtxt<'_>, original: DefId, path: Symbol) -> DefId {
    let mut def_id = original.krate.as_def_id();
    for name in path.as_str().split("::") {
        let children = match def_id.as_local() {
            Some(def_id) => tcx.module_children_local(def_id),
            None => tcx.module_children(def_id),
        };
        let child = children.iter().find_map(|child| match child.res {
            Res::Def(DefKind::Mod | DefKind::Fn, id) if child.ident.as_str() == name => Some(id),
            _ => None,
        });
        let Some(child) = child else { bug!("{original:?} has no stand-in `{path}`") };
        def_id = child;
    }
    def_id
}

fn module_of(tcx: TyCtxt<'_>, mut def_id: DefId) -> DefId {
    while tcx.def_kind(def_id) != DefKind::Mod {
        def_id = tcx.parent(def_id);
    }
    def_id
}

/// A stand-in is called with the arguments, and by the ABI, of the original.
fn assert_alike<'tcx>(tcx: TyCtxt<'tcx>, original: Instance<'tcx>, stand_in: Instance<'tcx>) {
    let signature = |instance: Instance<'tcx>| {
        let sig = tcx.fn_sig(instance.def_id()).instantiate(tcx, instance.args);
        let sig = tcx.normalize_erasing_late_bound_regions(TypingEnv::fully_monomorphized(), sig);
        (sig.inputs_and_output, instance.def.requires_caller_location(tcx))
    };
    if signature(original) != signature(stand_in) {
        bug!("{stand_in:?} cannot stand in for {original:?}: their signatures differ");
    }
}
