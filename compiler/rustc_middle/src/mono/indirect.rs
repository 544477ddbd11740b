//! Calls whose callee only the running program knows: of a `fn` pointer, or through a vtable.

use rustc_hir::def_id::DefId;
use rustc_span::sym;
use rustc_target::callconv::FnAbi;

use crate::ty::{self, Instance, Ty, TyCtxt, TypingEnv};

/// Such a call in the autodiff slice, as `rustc_monomorphize` collects what it may call, and codegen
/// replaces it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct IndirectCall<'a, 'tcx> {
    pub abi: &'a FnAbi<'tcx, Ty<'tcx>>,
    /// The method, as the trait declares it, of a call through a vtable.
    pub method: Option<DefId>,
}

impl<'tcx> IndirectCall<'_, 'tcx> {
    /// Whether this may turn out to be a call of `instance`, which is in a vtable, or which a `fn` pointer
    /// is made of.
    pub fn may_be_of(&self, tcx: TyCtxt<'tcx>, instance: Instance<'tcx>) -> bool {
        let input = (instance, ty::List::empty());
        let env = TypingEnv::fully_monomorphized();
        self.method.is_none_or(|method| implements(tcx, instance.def_id(), method))
            && tcx.fn_abi_of_instance(env.as_query_input(input)).is_ok_and(|callee| {
                callee.conv == self.abi.conv
                    && callee.ret.layout.ty == self.abi.ret.layout.ty
                    && self.args(callee).eq(self.args(self.abi))
            })
    }

    /// Whether all that this is for is text, which no derivative goes through.
    pub fn is_formatting(&self, tcx: TyCtxt<'tcx>) -> bool {
        self.method.is_some_and(|method| is_of_fmt(tcx, method))
            || self.abi.args.iter().any(|arg| {
                arg.layout
                    .ty
                    .peel_refs()
                    .ty_adt_def()
                    .is_some_and(|adt| tcx.is_diagnostic_item(sym::Formatter, adt.did()))
            })
    }

    /// The types of what is passed, but for the receiver of a method, which is of another type behind the
    /// vtable. What has no size is not passed: a closure that is a `fn` pointer takes itself as well.
    fn args(&self, abi: &FnAbi<'tcx, Ty<'tcx>>) -> impl Iterator<Item = Ty<'tcx>> {
        let args = abi.args.iter().skip(usize::from(self.method.is_some()));
        args.filter(|arg| !arg.is_ignore()).map(|arg| arg.layout.ty)
    }
}

/// Whether this is in `core::fmt`.
pub fn is_of_fmt(tcx: TyCtxt<'_>, def_id: DefId) -> bool {
    tcx.crate_name(def_id.krate) == sym::core
        && tcx
            .def_path(def_id)
            .data
            .first()
            .is_some_and(|module| module.data.get_opt_name() == Some(sym::fmt))
}

fn implements(tcx: TyCtxt<'_>, def_id: DefId, method: DefId) -> bool {
    match tcx.trait_item_of(def_id) {
        Some(item) => item == method,
        None if tcx.is_closure_like(def_id) => {
            tcx.trait_of_assoc(method).is_some_and(|trait_| tcx.is_fn_trait(trait_))
        }
        None => def_id == method,
    }
}
