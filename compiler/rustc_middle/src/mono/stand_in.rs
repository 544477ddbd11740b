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
//!
//! What grows a `HashMap` is not the standard library's own, but that of `hashbrown`, which has no such attribute.
//! Its stand-in is in `std`.

use std::iter;

use rustc_hir::def::{DefKind, Res};
use rustc_hir::def_id::{CrateNum, DefId};
use rustc_hir::find_attr;
use rustc_span::sym;

use crate::mir;
use crate::ty::{self, EarlyBinder, Instance, InstanceKind, TyCtxt, TypingEnv};

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
    let Some(path) = find_attr!(tcx, original, RustcAutodiffStandIn(path) => *path) else {
        return grow_hash_table(tcx, callee);
    };
    let stand_in = resolve(tcx, original.krate, path.as_str());
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

/// The stand-in for `RawTable::reserve_rehash` of the `hashbrown` that `std` is built with.
fn grow_hash_table<'tcx>(tcx: TyCtxt<'tcx>, callee: Instance<'tcx>) -> Option<Instance<'tcx>> {
    let original = callee.def_id();
    if tcx.crate_name(original.krate).as_str() != "hashbrown"
        || tcx.opt_item_name(original)?.as_str() != "reserve_rehash"
    {
        return None;
    }
    let std = tcx.get_diagnostic_item(sym::HashMap)?.krate;
    let stand_in = resolve(tcx, std, "collections::hash::typed::reserve_rehash");
    // There is another of that name, which does not know the type. And a user may have a `hashbrown` of their own,
    // of which `std` has no type.
    let error = |function: DefId| tcx.fn_sig(function).skip_binder().skip_binder().output();
    if tcx.generics_of(stand_in).count() != callee.args.len() || error(stand_in) != error(original)
    {
        return None;
    }
    let stand_in = Instance::new_raw(stand_in, callee.args);
    // It has other names for the types that are private to `hashbrown`.
    let abi = |instance| {
        let query = TypingEnv::fully_monomorphized().as_query_input((instance, ty::List::empty()));
        tcx.fn_abi_of_instance(query).unwrap()
    };
    let is_alike = iter::zip(&abi(callee).args, &abi(stand_in).args).all(|(a, b)| a.eq_abi(b));
    assert!(is_alike, "{stand_in:?} cannot stand in for {callee:?}: their signatures differ");
    Some(stand_in)
}

/// The functions that `caller` calls at `scope` and that have been inlined there, from the innermost on.
pub fn inlined<'tcx>(
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

/// The function at `path` in a crate.
fn resolve(tcx: TyCtxt<'_>, krate: CrateNum, path: &str) -> DefId {
    let mut def_id = krate.as_def_id();
    for name in path.split("::") {
        let children = match def_id.as_local() {
            Some(def_id) => tcx.module_children_local(def_id),
            None => tcx.module_children(def_id),
        };
        let child = children.iter().find_map(|child| match child.res {
            Res::Def(DefKind::Mod | DefKind::Fn, id) if child.ident.as_str() == name => Some(id),
            _ => None,
        });
        let Some(child) = child else { bug!("{krate:?} has no stand-in `{path}`") };
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
