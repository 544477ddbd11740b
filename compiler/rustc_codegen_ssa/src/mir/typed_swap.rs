//! Swaps that the standard library makes of bytes, where a backend has to know what is swapped.

use rustc_middle::mir;
use rustc_middle::ty::layout::TyAndLayout;
use rustc_middle::ty::{Instance, InstanceKind};
use rustc_span::{Spanned, sym};

use super::FunctionCx;
use super::place::{PlaceRef, PlaceValue};
use crate::common::IntPredicate;
use crate::traits::*;

impl<'a, 'tcx, Bx: BuilderMethods<'a, 'tcx>> FunctionCx<'a, 'tcx, Bx> {
    /// What is swapped by `callee`, if it is the part of `ptr::swap_nonoverlapping` that is no longer
    /// generic. The calls between the two have been inlined, which shows in the scope.
    pub(super) fn swapped_by_type(
        &self,
        bx: &Bx,
        callee: Instance<'tcx>,
        source_info: mir::SourceInfo,
    ) -> Option<TyAndLayout<'tcx>> {
        let tcx = bx.tcx();
        let InstanceKind::Item(def_id) = callee.def else { return None };
        let name = tcx.opt_item_name(def_id);
        if !bx.swaps_by_type()
            || tcx.crate_name(def_id.krate) != sym::core
            || name.is_none_or(|name| name.as_str() != "swap_nonoverlapping_bytes")
        {
            return None;
        }
        let mut scope = Some(source_info.scope);
        let inlined = std::iter::from_fn(|| {
            let data = &self.mir.source_scopes[scope?];
            scope = data.inlined_parent_scope;
            Some(data.inlined.map(|(instance, _)| self.monomorphize(instance)))
        });
        // The function itself, or the one in it for run time, which has the same parameter.
        let generic = inlined.flatten().chain([self.instance]).find(|instance| {
            let def_ids = [Some(instance.def_id()), tcx.opt_parent(instance.def_id())];
            def_ids
                .into_iter()
                .flatten()
                .any(|def_id| tcx.is_diagnostic_item(sym::ptr_swap_nonoverlapping, def_id))
        })?;
        Some(bx.layout_of(generic.args.type_at(0)))
    }

    /// Swaps the values that fill as many bytes as `swap_nonoverlapping_bytes` is to swap, one after another.
    pub(super) fn codegen_swap_by_type(
        &mut self,
        bx: &mut Bx,
        args: &[Spanned<mir::Operand<'tcx>>],
        layout: TyAndLayout<'tcx>,
    ) {
        let mut arg = |i: usize| self.codegen_operand(bx, &args[i].node).immediate();
        let (left, right, size) = (arg(0), arg(1), arg(2));
        let offset_slot = PlaceRef::alloca(bx, bx.layout_of(bx.tcx().types.usize));
        bx.store_to_place(bx.const_usize(0), offset_slot.val);
        let body = bx.append_sibling_block("swap_loop");
        let next = bx.append_sibling_block("swapped");
        bx.br(body);

        // There is at least one.
        bx.switch_to_block(body);
        let offset = bx.load_operand(offset_slot).immediate();
        let [left, right] = [left, right].map(|start| {
            PlaceValue::new_sized(bx.inbounds_ptradd(start, offset), layout.align.abi)
        });
        bx.typed_place_swap(left, right, layout);
        let offset = bx.add(offset, bx.const_usize(layout.size.bytes()));
        bx.store_to_place(offset, offset_slot.val);
        let is_more = bx.icmp(IntPredicate::IntULT, offset, size);
        bx.cond_br(is_more, body, next);
        bx.switch_to_block(next);
    }
}
