//! What Enzyme is to see of a crate: its derivatives and all that they reach.
//!
//! Enzyme differentiates a function with the bodies of everything that it calls at hand, and after
//! optimization. So the derivatives of a crate become a unit of their own, together with copies of all
//! functions that they reach, be they generated in other codegen units of this crate or in other crates.
//! The copies are internal, and dead once Enzyme has run. Whoever else calls these functions calls the
//! ones that are compiled as if nothing was differentiated.
//!
//! The slice becomes part of a codegen unit only after Enzyme has run on it: of one that has nothing else
//! in it, or, where there is to be one codegen unit, of that.

use std::mem;

use rustc_data_structures::fx::{FxIndexMap, FxIndexSet};
use rustc_data_structures::unord::UnordSet;
use rustc_hir::attrs::{InlineAttr, Linkage};
use rustc_hir::def::DefKind;
use rustc_hir::def_id::{DefId, LOCAL_CRATE};
use rustc_hir::find_attr;
use rustc_middle::middle::codegen_fn_attrs::CodegenFnAttrFlags;
use rustc_middle::mono::{
    CodegenUnit, CodegenUnitNameBuilder, CollectionMode, InstantiationMode, MonoItem, MonoItemData,
    Visibility,
};
use rustc_middle::ty::{Instance, InstanceKind, Ty, TyCtxt, TypingEnv};

use super::candidates::Indirect;
use super::formatting;
use crate::collector::{UsageMap, items_of_static};
use crate::partitioning::mono_item_linkage_and_visibility;

/// The derivatives that a crate defines, and what they need.
#[derive(Default)]
pub(crate) struct AutodiffSlice<'tcx> {
    derivatives: FxIndexSet<MonoItem<'tcx>>,
    /// What the derivatives reach and can have a copy of.
    copies: FxIndexSet<MonoItem<'tcx>>,
    /// What the derivatives and the copies refer to by its symbol. Of a static that is never written to,
    /// the slice knows the value as well.
    linked: FxIndexSet<MonoItem<'tcx>>,
    /// The copies that are compared with what an indirect call is about to call. Those have the address
    /// that everyone knows.
    candidates: FxIndexSet<MonoItem<'tcx>>,
}

impl<'tcx> AutodiffSlice<'tcx> {
    /// Finds the derivatives among `mono_items`, and what they reach. Empty without
    /// `-Zautodiff=Enable`.
    pub(crate) fn collect(
        tcx: TyCtxt<'tcx>,
        mono_items: impl Iterator<Item = MonoItem<'tcx>> + Clone,
        usage_map: &UsageMap<'tcx>,
    ) -> Self {
        let mut slice = AutodiffSlice::default();
        if !tcx.sess.opts.autodiff_enabled() {
            return slice;
        }
        slice.derivatives.extend(mono_items.clone().filter(|&item| is_derivative(tcx, item)));
        if slice.derivatives.is_empty() {
            return slice;
        }
        let mut graph = Graph::new(tcx, &slice.derivatives, usage_map, mono_items);

        slice.candidates = mem::take(&mut graph.candidates);
        slice
            .candidates
            .retain(|item| graph.is_copyable(item) && !slice.derivatives.contains(item));
        let has_symbol = |item: &&MonoItem<'tcx>| graph.linkable.contains(*item);
        slice.linked.extend(slice.candidates.iter().filter(has_symbol));
        slice.copies.extend(&slice.candidates);
        let mut pending: Vec<_> =
            slice.derivatives.iter().chain(&slice.candidates).copied().collect();
        while let Some(item) = pending.pop() {
            for &used in &graph.uses[&item] {
                if slice.defines(&used) {
                    continue;
                }
                let is_copyable = graph.is_copyable(&used);
                // A static has one address. Where nobody can name it, nobody compares it either.
                let is_shared =
                    matches!(used, MonoItem::Static(_)) && graph.linkable.contains(&used);
                if !is_copyable || is_shared {
                    slice.linked.insert(used);
                }
                if is_copyable && slice.copies.insert(used) {
                    pending.push(used);
                }
            }
        }
        slice
    }

    /// Whether the slice, and no ordinary codegen unit, defines `item`.
    pub(crate) fn defines(&self, item: &MonoItem<'tcx>) -> bool {
        self.derivatives.contains(item)
    }

    /// Hands the slice to one of `codegen_units`, which are sorted by name, or to a new one.
    ///
    /// What the slice refers to stops being one of the `internalization_candidates`.
    pub(crate) fn place(
        self,
        tcx: TyCtxt<'tcx>,
        codegen_units: &mut Vec<CodegenUnit<'tcx>>,
        internalization_candidates: &mut UnordSet<MonoItem<'tcx>>,
    ) {
        if self.derivatives.is_empty() {
            return;
        }
        let mut names = CodegenUnitNameBuilder::new(tcx);
        let mut name = |suffix| names.build_cgu_name_no_mangle(LOCAL_CRATE, &["cgu"], Some(suffix));
        let mut slice = CodegenUnit::new(name("autodiff-slice"));
        for &item in &self.derivatives {
            let (linkage, visibility) = item_linkage_and_visibility(tcx, item);
            let size_estimate = item.size_estimate(tcx);
            let data = MonoItemData { inlined: false, linkage, visibility, size_estimate };
            slice.items_mut().insert(item, data);
        }
        for &item in &self.copies {
            // Enzyme fails on a static without a value, which is what LLVM makes of one that is
            // `AvailableExternally`. The linker makes one of this and the definition.
            let (linkage, visibility) = if self.candidates.contains(&item) {
                let is_defined = share_address(codegen_units, item);
                if is_defined || self.linked.contains(&item) {
                    (Linkage::AvailableExternally, Visibility::Default)
                } else {
                    (Linkage::LinkOnceODR, Visibility::Hidden)
                }
            } else if self.linked.contains(&item) {
                (Linkage::LinkOnceODR, item_linkage_and_visibility(tcx, item).1)
            } else {
                (Linkage::Internal, Visibility::Default)
            };
            let data = MonoItemData {
                inlined: true,
                linkage,
                visibility,
                size_estimate: item.size_estimate(tcx),
            };
            slice.items_mut().insert(item, data);
        }
        slice.compute_size_estimate();

        for item in &self.linked {
            internalization_candidates.remove(item);
        }

        if tcx.sess.codegen_units().as_usize() == 1 {
            codegen_units[0].set_autodiff_slice(slice);
        } else {
            let mut host = CodegenUnit::new(name("autodiff"));
            host.set_autodiff_slice(slice);
            codegen_units.push(host);
            codegen_units.sort_by(|a, b| a.name().as_str().cmp(b.name().as_str()));
        }
    }
}

/// Gives `item` one address in the whole program, and answers whether a unit defines it.
///
/// By what linkage the slice has a copy, codegen knows what may be compared with an address.
fn share_address<'tcx>(codegen_units: &mut [CodegenUnit<'tcx>], item: MonoItem<'tcx>) -> bool {
    let mut is_defined = false;
    for unit in codegen_units {
        if let Some(data) = unit.items_mut().get_mut(&item) {
            is_defined = true;
            if data.linkage == Linkage::Internal {
                // There may be several copies, of which the linker makes one.
                data.linkage = Linkage::WeakODR;
                data.visibility = Visibility::Hidden;
            }
        }
    }
    is_defined
}

fn item_linkage_and_visibility<'tcx>(
    tcx: TyCtxt<'tcx>,
    item: MonoItem<'tcx>,
) -> (Linkage, Visibility) {
    let can_export_generics = tcx.local_crate_exports_generics();
    let always_export_generics = can_export_generics && tcx.sess.opts.share_generics();
    mono_item_linkage_and_visibility(
        tcx,
        &item,
        &mut false,
        can_export_generics,
        always_export_generics,
    )
}

/// What functions use, from the derivatives on to where there is no body, or no need, to look into one.
struct Graph<'tcx> {
    uses: FxIndexMap<MonoItem<'tcx>, Vec<MonoItem<'tcx>>>,
    uncopyable: UnordSet<MonoItem<'tcx>>,
    /// What has a symbol.
    linkable: UnordSet<MonoItem<'tcx>>,
    /// What an indirect call of one of these functions may call.
    candidates: FxIndexSet<MonoItem<'tcx>>,
}

impl<'tcx> Graph<'tcx> {
    fn new(
        tcx: TyCtxt<'tcx>,
        derivatives: &FxIndexSet<MonoItem<'tcx>>,
        usage_map: &UsageMap<'tcx>,
        mono_items: impl Iterator<Item = MonoItem<'tcx>>,
    ) -> Self {
        let mut graph = Graph {
            uses: FxIndexMap::default(),
            uncopyable: UnordSet::new(),
            linkable: UnordSet::new(),
            candidates: FxIndexSet::default(),
        };
        graph.follow(tcx, derivatives.iter().copied().collect(), usage_map);
        graph.follow_indirect_calls(tcx, usage_map, mono_items);

        // What another crate does not export cannot be referred to from here. If it cannot be copied
        // either, as is so for a private static, then nor can what uses it.
        loop {
            let spoiled: Vec<_> = graph
                .uses
                .iter()
                .filter(|&(item, used)| {
                    !graph.uncopyable.contains(item)
                        && used.iter().any(|used| {
                            graph.uncopyable.contains(used) && !graph.linkable.contains(used)
                        })
                })
                .map(|(&item, _)| item)
                .collect();
            if spoiled.is_empty() {
                return graph;
            }
            graph.uncopyable.extend(spoiled);
        }
    }

    fn follow(
        &mut self,
        tcx: TyCtxt<'tcx>,
        mut pending: Vec<MonoItem<'tcx>>,
        usage_map: &UsageMap<'tcx>,
    ) {
        while let Some(item) = pending.pop() {
            if self.uses.contains_key(&item) || self.linkable.contains(&item) {
                continue;
            }
            if let MonoItem::Fn(instance) = item {
                formatting::check(tcx, instance);
            }
            let has_symbol = has_symbol(tcx, item, usage_map);
            if let Some(used) = uses_of_body(tcx, item, has_symbol) {
                pending.extend_from_slice(&used);
                self.uses.insert(item, used);
            } else if !has_symbol {
                self.uncopyable.insert(item);
                continue;
            }
            if has_symbol {
                self.linkable.insert(item);
            }
        }
    }

    /// Follows what indirect calls may call, and so on. Where there is none, the crate is not searched.
    fn follow_indirect_calls(
        &mut self,
        tcx: TyCtxt<'tcx>,
        usage_map: &UsageMap<'tcx>,
        mono_items: impl Iterator<Item = MonoItem<'tcx>>,
    ) {
        let mut indirect = Indirect::default();
        let mut visited = 0;
        let mut mono_items = Some(mono_items);
        loop {
            for (&item, _) in self.uses.iter().skip(visited) {
                indirect.visit(tcx, item);
            }
            visited = self.uses.len();
            if indirect.calls.is_empty() {
                return;
            }
            let calls: Vec<_> = indirect.calls.iter().copied().collect();
            if let Some(mono_items) = mono_items.take() {
                for item in mono_items.chain(items_of_other_crates(tcx)) {
                    indirect.visit(tcx, item);
                }
            }
            let candidates: Vec<_> =
                calls.iter().flat_map(|&call| indirect.candidates(tcx, call)).collect();
            // What only the crate calls is of no concern.
            indirect.calls = calls.into_iter().collect();
            self.candidates.extend(&candidates);
            self.follow(tcx, candidates, usage_map);
            if self.uses.len() == visited {
                return;
            }
        }
    }

    fn is_copyable(&self, item: &MonoItem<'tcx>) -> bool {
        self.uses.contains_key(item) && !self.uncopyable.contains(item)
    }
}

/// This crate's own functions of which other crates get a copy each. They are no items of this crate, but
/// the pointers that they make are of its functions.
fn items_of_other_crates<'tcx>(tcx: TyCtxt<'tcx>) -> impl Iterator<Item = MonoItem<'tcx>> {
    let reachable = tcx.reachable_set(());
    tcx.mir_keys(()).iter().filter(|id| reachable.contains(id)).filter_map(move |id| {
        let def_id = id.to_def_id();
        let is_copied = matches!(tcx.def_kind(def_id), DefKind::Fn | DefKind::AssocFn)
            && !tcx.generics_of(def_id).requires_monomorphization(tcx)
            && tcx.cross_crate_inlinable(def_id);
        is_copied.then(|| MonoItem::Fn(Instance::mono(tcx, def_id)))
    })
}

/// Whether `item` can be referred to from another codegen unit of this crate.
fn has_symbol<'tcx>(tcx: TyCtxt<'tcx>, item: MonoItem<'tcx>, usage_map: &UsageMap<'tcx>) -> bool {
    if usage_map.used_map.contains_key(&item) {
        return item.instantiation_mode(tcx) != InstantiationMode::LocalCopy;
    }
    match item {
        MonoItem::Static(def_id) => {
            tcx.is_foreign_item(def_id) || tcx.is_reachable_non_generic(def_id)
        }
        MonoItem::Fn(instance) => {
            instance.def.def_id_if_not_guaranteed_local_codegen().is_some_and(|def_id| {
                tcx.is_foreign_item(def_id)
                    || !def_id.is_local()
                        && (tcx.is_reachable_non_generic(def_id)
                            || instance.upstream_monomorphization(tcx).is_some())
            })
        }
        MonoItem::GlobalAsm(_) => true,
    }
}

/// What a copy of `item` uses, or nothing if there is nothing to copy, or no need to.
fn uses_of_body<'tcx>(
    tcx: TyCtxt<'tcx>,
    item: MonoItem<'tcx>,
    has_symbol: bool,
) -> Option<Vec<MonoItem<'tcx>>> {
    match item {
        MonoItem::Fn(instance)
            if has_body(tcx, instance) && !(has_symbol && is_beside_the_point(tcx, instance)) =>
        {
            let (used, _) =
                tcx.items_of_instance((instance, CollectionMode::AutodiffSlice)).ok()?;
            Some(used.iter().map(|used| used.node).collect())
        }
        MonoItem::Static(def_id) if is_table(tcx, def_id) => Some(items_of_static(tcx, def_id)),
        _ => None,
    }
}

/// Whether the value of a static is all there is to it. Enzyme has to know that it does not change.
fn is_table(tcx: TyCtxt<'_>, def_id: DefId) -> bool {
    let DefKind::Static { mutability, nested, .. } = tcx.def_kind(def_id) else { return false };
    let attrs = tcx.codegen_fn_attrs(def_id);
    mutability.is_not()
        && !nested
        // Being in a section, or in the object file at all, may be what it is for.
        && attrs.link_section.is_none()
        && attrs.linkage.is_none()
        && !attrs.flags.intersects(
            CodegenFnAttrFlags::USED_COMPILER | CodegenFnAttrFlags::USED_LINKER,
        )
        && !tcx.is_foreign_item(def_id)
        && !tcx.is_thread_local_static(def_id)
        && tcx
            .type_of(def_id)
            .instantiate_identity()
            .is_freeze(tcx, TypingEnv::fully_monomorphized())
}

/// Whether there is MIR to generate a copy of `instance` from.
fn has_body<'tcx>(tcx: TyCtxt<'tcx>, instance: Instance<'tcx>) -> bool {
    let def_id = match instance.def {
        InstanceKind::Item(def_id) => def_id,
        InstanceKind::ThreadLocalShim(_) => return false,
        _ => return true,
    };
    let kind = tcx.def_kind(def_id);
    if matches!(kind, DefKind::Ctor(..)) {
        return true;
    }
    if tcx.is_foreign_item(def_id) || tcx.is_entrypoint(def_id) || !tcx.is_mir_available(def_id) {
        return false;
    }
    if !kind.has_codegen_attrs() {
        return true;
    }
    let attrs = tcx.codegen_fn_attrs(def_id);
    !attrs.flags.contains(CodegenFnAttrFlags::NAKED)
        && !matches!(attrs.inline, InlineAttr::Force { .. })
        // Under its own name another crate's function may be replaced, as those of the runtime are.
        && (def_id.is_local() || !attrs.contains_extern_indicator())
}

/// Whether no derivative goes through a call of `instance`: it does not return, or says so itself.
fn is_beside_the_point<'tcx>(tcx: TyCtxt<'tcx>, instance: Instance<'tcx>) -> bool {
    let InstanceKind::Item(def_id) = instance.def else { return false };
    // Whoever asks for the derivative of such a function wants to have it.
    !find_attr!(tcx, def_id, RustcAutodiff(_))
        && matches!(tcx.def_kind(def_id), DefKind::Fn | DefKind::AssocFn)
        && (tcx.fn_sig(def_id).skip_binder().skip_binder().output().is_never()
            || (find_attr!(tcx, def_id, RustcAutodiffInactive)
                && instance.args.types().all(|ty| is_plain(tcx, ty))))
}

/// Whether a function that is generic over this type surely gets nothing by it that a derivative goes through. If it may,
/// `rustc_codegen_llvm::builder::autodiff` looks closer.
fn is_plain<'tcx>(tcx: TyCtxt<'tcx>, ty: Ty<'tcx>) -> bool {
    !ty.is_closure() && ty.is_freeze(tcx, TypingEnv::fully_monomorphized())
}

fn is_derivative<'tcx>(tcx: TyCtxt<'tcx>, item: MonoItem<'tcx>) -> bool {
    let MonoItem::Fn(Instance { def: InstanceKind::Item(def_id), .. }) = item else { return false };
    matches!(find_attr!(tcx, def_id, RustcAutodiff(attr) => attr), Some(Some(_)))
}
