//! Calls whose callee is not known.
//!
//! Enzyme takes the callee of such a call for a constant, and the call for one that no derivative goes
//! through: the answer would be 0. What is still such a call once it has been optimized is an error, see
//! `AutodiffPasses.cpp` in `rustc_llvm`.

use rustc_hir::LangItem;
use rustc_middle::ty::{Instance, InstanceKind};
use rustc_span::sym;

use crate::attributes;
use crate::context::CodegenCx;
use crate::llvm::{self, AttributePlace, Value};

/// Marks `call` for Enzyme's sake if it is one through a `fn` pointer or a vtable. `callee` is what it is
/// known to call.
pub(crate) fn mark_indirect_call<'ll, 'tcx>(
    cx: &CodegenCx<'ll, 'tcx>,
    call: &'ll Value,
    callee: Option<Instance<'tcx>>,
) {
    let is_indirect = match callee.map(|callee| callee.def) {
        None => true,
        Some(InstanceKind::Virtual(method, _)) => {
            // What is written as text has no derivative.
            let is_formatting = cx.tcx.def_path(method).data.first().is_some_and(|module| {
                cx.tcx.crate_name(method.krate) == sym::core && module.data.get_opt_name() == Some(sym::fmt)
            });
            !is_formatting && !cx.tcx.is_lang_item(method, LangItem::DropInPlace)
        }
        Some(_) => false,
    };
    if cx.is_autodiff_slice && is_indirect {
        let mark = llvm::CreateAttrString(cx.llcx, "rustc.autodiff.indirect");
        attributes::apply_to_callsite(call, AttributePlace::Function, &[mark]);
    }
}
