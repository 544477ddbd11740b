//! What an indirect call in the slice may turn out to call.
//!
//! Enzyme takes the callee of a call through a `fn` pointer or a vtable for a constant, and the derivative
//! of the call for zero. What can be called is known, as far as this crate makes the pointer or the
//! vtable: the slice gets a copy of it, and codegen compares addresses and calls the copy.

use rustc_data_structures::fx::FxIndexSet;
use rustc_data_structures::unord::UnordSet;
use rustc_hir::def_id::DefId;
use rustc_middle::mir::interpret::{AllocId, GlobalAlloc, Scalar};
use rustc_middle::mir::visit::Visitor;
use rustc_middle::mir::{self, Location, traversal};
use rustc_middle::mono::{IndirectCall, MonoItem};
use rustc_middle::ty::adjustment::PointerCoercion;
use rustc_middle::ty::layout::FnAbiError;
use rustc_middle::ty::{
    self, ClosureKind, Instance, InstanceKind, Ty, TyCtxt, TypeFoldable, TypingEnv, VtblEntry,
};
use rustc_target::callconv::FnAbi;

use crate::collector::find_tails_for_unsizing;

/// What bodies and values tell of indirect calls.
#[derive(Default)]
pub(super) struct Indirect<'tcx> {
    pub(super) calls: FxIndexSet<IndirectCall<'tcx, 'tcx>>,
    /// What `fn` pointers are made of.
    reified: FxIndexSet<Instance<'tcx>>,
    /// What is in vtables.
    entries: FxIndexSet<Instance<'tcx>>,
    allocs: UnordSet<AllocId>,
}

impl<'tcx> Indirect<'tcx> {
    /// Takes note of all that `item`, a function with a body or a static, says.
    pub(super) fn visit(&mut self, tcx: TyCtxt<'tcx>, item: MonoItem<'tcx>) {
        match item {
            MonoItem::Fn(instance) => {
                let body = tcx.instance_mir(instance.def);
                let mut visitor = BodyVisitor { tcx, instance, body, found: self };
                for (block, data) in traversal::mono_reachable(body, tcx, instance) {
                    visitor.visit_basic_block_data(block, data);
                }
            }
            MonoItem::Static(def_id) => {
                if let Ok(alloc) = tcx.eval_static_initializer(def_id) {
                    for prov in alloc.inner().provenance().ptrs().values() {
                        self.alloc(tcx, prov.alloc_id());
                    }
                }
            }
            MonoItem::GlobalAsm(_) => {}
        }
    }

    /// What `call` may call, among what is known so far.
    pub(super) fn candidates(
        &self,
        tcx: TyCtxt<'tcx>,
        call: IndirectCall<'tcx, 'tcx>,
    ) -> impl Iterator<Item = MonoItem<'tcx>> {
        let known = if call.method.is_some() { &self.entries } else { &self.reified };
        known
            .iter()
            .filter(move |&&instance| call.may_be_of(tcx, instance))
            .map(|&instance| MonoItem::Fn(instance))
    }

    fn alloc(&mut self, tcx: TyCtxt<'tcx>, id: AllocId) {
        if !self.allocs.insert(id) {
            return;
        }
        match tcx.global_alloc(id) {
            GlobalAlloc::Function { instance } => {
                self.reified.insert(instance);
            }
            GlobalAlloc::VTable(ty, dyn_ty) => {
                let principal = dyn_ty.principal();
                self.vtable(
                    tcx,
                    ty,
                    principal.map(|principal| {
                        tcx.instantiate_bound_regions_with_erased(principal.with_self_ty(tcx, ty))
                    }),
                );
            }
            GlobalAlloc::Memory(alloc) => {
                for prov in alloc.inner().provenance().ptrs().values() {
                    self.alloc(tcx, prov.alloc_id());
                }
            }
            // The collector knows what is used of those.
            GlobalAlloc::Static(_) | GlobalAlloc::TypeId { .. } => {}
        }
    }

    fn vtable(&mut self, tcx: TyCtxt<'tcx>, ty: Ty<'tcx>, trait_ref: Option<ty::TraitRef<'tcx>>) {
        if let Some(trait_ref) = trait_ref {
            self.entries.extend(tcx.vtable_entries(trait_ref).iter().filter_map(
                |entry| match *entry {
                    VtblEntry::Method(instance) => Some(instance),
                    _ => None,
                },
            ));
        }
        if ty.needs_drop(tcx, TypingEnv::fully_monomorphized()) {
            self.entries.insert(Instance::resolve_drop_in_place(tcx, ty));
        }
    }
}

struct BodyVisitor<'a, 'tcx> {
    tcx: TyCtxt<'tcx>,
    instance: Instance<'tcx>,
    body: &'tcx mir::Body<'tcx>,
    found: &'a mut Indirect<'tcx>,
}

impl<'tcx> BodyVisitor<'_, 'tcx> {
    fn monomorphize<T: TypeFoldable<TyCtxt<'tcx>>>(&self, value: T) -> T {
        self.instance.instantiate_mir_and_normalize_erasing_regions(
            self.tcx,
            TypingEnv::fully_monomorphized(),
            ty::EarlyBinder::bind(value),
        )
    }

    fn virtual_call(&mut self, callee: Instance<'tcx>) {
        if let InstanceKind::Virtual(method, _) = callee.def {
            let input = (callee, ty::List::empty());
            let env = TypingEnv::fully_monomorphized();
            self.call(self.tcx.fn_abi_of_instance(env.as_query_input(input)), Some(method));
        }
    }

    /// Takes note of a call, but for one whose ABI codegen will report.
    fn call(
        &mut self,
        abi: Result<&'tcx FnAbi<'tcx, Ty<'tcx>>, &'tcx FnAbiError<'tcx>>,
        method: Option<DefId>,
    ) {
        let Ok(abi) = abi else { return };
        let call = IndirectCall { abi, method };
        if !call.is_formatting(self.tcx) {
            self.found.calls.insert(call);
        }
    }
}

impl<'tcx> Visitor<'tcx> for BodyVisitor<'_, 'tcx> {
    fn visit_rvalue(&mut self, rvalue: &mir::Rvalue<'tcx>, location: Location) {
        self.super_rvalue(rvalue, location);
        let mir::Rvalue::Cast(mir::CastKind::PointerCoercion(coercion, _), operand, target) =
            rvalue
        else {
            return;
        };
        let (tcx, env) = (self.tcx, TypingEnv::fully_monomorphized());
        let source = self.monomorphize(operand.ty(self.body, tcx));
        match (coercion, *source.kind()) {
            (PointerCoercion::ReifyFnPointer(_), ty::FnDef(def_id, args)) => {
                self.found.reified.extend(Instance::resolve_for_fn_ptr(tcx, env, def_id, args));
            }
            (PointerCoercion::ClosureFnPointer(_), ty::Closure(def_id, args)) => {
                let instance = Instance::resolve_closure(tcx, def_id, args, ClosureKind::FnOnce);
                self.found.reified.insert(instance);
            }
            (PointerCoercion::Unsize, _) => {
                let span = self.body.source_info(location).span;
                let target = self.monomorphize(*target);
                let (source, target) = find_tails_for_unsizing(tcx.at(span), source, target);
                if let ty::Dynamic(predicates, _) = *target.kind()
                    && !source.is_trait()
                {
                    let trait_ref = predicates.principal().map(|principal| {
                        tcx.instantiate_bound_regions_with_erased(
                            principal.with_self_ty(tcx, source),
                        )
                    });
                    self.found.vtable(tcx, source, trait_ref);
                }
            }
            _ => {}
        }
    }

    fn visit_const_operand(&mut self, constant: &mir::ConstOperand<'tcx>, _: Location) {
        let value = self.monomorphize(constant.const_);
        // The collector has reported what cannot be evaluated.
        match value.eval(self.tcx, TypingEnv::fully_monomorphized(), constant.span) {
            Ok(mir::ConstValue::Scalar(Scalar::Ptr(ptr, _))) => {
                self.found.alloc(self.tcx, ptr.provenance.alloc_id());
            }
            Ok(
                mir::ConstValue::Indirect { alloc_id, .. }
                | mir::ConstValue::Slice { alloc_id, .. },
            ) => self.found.alloc(self.tcx, alloc_id),
            _ => {}
        }
    }

    fn visit_terminator(&mut self, terminator: &mir::Terminator<'tcx>, location: Location) {
        self.super_terminator(terminator, location);
        let (tcx, env) = (self.tcx, TypingEnv::fully_monomorphized());
        match &terminator.kind {
            mir::TerminatorKind::Call { func, .. } | mir::TerminatorKind::TailCall { func, .. } => {
                let callee = self.monomorphize(func.ty(self.body, tcx));
                match *callee.kind() {
                    ty::FnPtr(..) => {
                        let input = (callee.fn_sig(tcx), ty::List::empty());
                        let abi = tcx.fn_abi_of_fn_ptr(env.as_query_input(input));
                        self.call(abi, None);
                    }
                    ty::FnDef(def_id, args) => {
                        let span = terminator.source_info.span;
                        let callee = Instance::expect_resolve(tcx, env, def_id, args, span);
                        self.virtual_call(callee);
                    }
                    _ => {}
                }
            }
            mir::TerminatorKind::Drop { place, .. } => {
                let ty = self.monomorphize(place.ty(self.body, tcx).ty);
                if ty.is_trait() {
                    let glue = Instance::resolve_drop_in_place(tcx, ty);
                    let def = InstanceKind::Virtual(glue.def_id(), 0);
                    self.virtual_call(Instance { def, ..glue });
                }
            }
            _ => {}
        }
    }
}
