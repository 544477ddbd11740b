//! Where the functions of a slice are in the source, for the errors of who knows only symbols.

use std::cell::RefCell;
use std::collections::VecDeque;

use rustc_data_structures::fx::FxHashMap;
use rustc_middle::mono::{CodegenUnit, CollectionMode, MonoItem};
use rustc_middle::ty::TyCtxt;
use rustc_span::{Span, SpanData};

use crate::builder::autodiff::COPY;

/// The place of a function of this crate that is, or by way of others calls, one of the slice.
#[derive(Clone, Copy)]
pub(super) struct Local {
    span: SpanData,
    /// Whether it is not the function itself.
    pub is_caller: bool,
}

impl Local {
    pub(super) fn span(&self) -> Span {
        self.span.span()
    }
}

/// By their symbols.
#[derive(Default)]
pub(crate) struct Functions(FxHashMap<String, Local>);

thread_local! {
    /// Of the slice that is differentiated.
    static FUNCTIONS: RefCell<Functions> = RefCell::default();
}

/// There are functions to be found as long as this lives.
pub(super) struct Entered;

impl Drop for Entered {
    fn drop(&mut self) {
        FUNCTIONS.take();
    }
}

impl Functions {
    pub(super) fn of<'tcx>(tcx: TyCtxt<'tcx>, unit: &CodegenUnit<'tcx>) -> Self {
        let mut functions = FxHashMap::default();
        let mut found = VecDeque::new();
        let mut visit = |found: &mut VecDeque<_>, item: MonoItem<'tcx>, caller: Option<Local>| {
            let MonoItem::Fn(instance) = item else { return };
            let local = match caller {
                Some(caller) => Local { is_caller: true, ..caller },
                None if instance.def_id().is_local() => {
                    Local { span: tcx.def_span(instance.def_id()).data(), is_caller: false }
                }
                None => return,
            };
            functions.entry(item.symbol_name(tcx).name.to_string()).or_insert_with(|| {
                found.push_back((instance, local));
                local
            });
        };
        for &item in unit.items().keys() {
            visit(&mut found, item, None);
        }
        while let Some((instance, local)) = found.pop_front() {
            let mode = CollectionMode::AutodiffSlice;
            let Ok((used, _)) = tcx.items_of_instance((instance, mode)) else { continue };
            for item in used.iter().filter(|used| unit.contains_item(&used.node)) {
                visit(&mut found, item.node, Some(local));
            }
        }
        Functions(functions)
    }

    pub(super) fn enter(self) -> Entered {
        FUNCTIONS.set(self);
        Entered
    }
}

/// The function of which this is the symbol, without what has been made of it for Enzyme's sake.
pub(super) fn original(symbol: &str) -> &str {
    // What Enzyme works on is a copy, and in place of the primal it differentiates an adapter.
    let symbol = symbol.trim_start_matches("preprocess_");
    [".primal", ".seeded", COPY]
        .iter()
        .fold(symbol, |symbol, suffix| symbol.strip_suffix(suffix).unwrap_or(symbol))
}

pub(super) fn find(symbol: &str) -> Option<Local> {
    FUNCTIONS.with_borrow(|functions| functions.0.get(original(symbol)).copied())
}
