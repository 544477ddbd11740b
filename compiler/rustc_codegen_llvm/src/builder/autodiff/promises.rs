//! What the caller of a derivative would have to promise.
//!
//! A derivative may be a safe function if no shadow that safe code can make leads to undefined behavior. It compares the
//! shapes of shadows and values where their types say what they lead to, see [`shapes`](super::shapes). This is about what the
//! types do not say, and about shadows that are written to behind a shared reference. The guide has a table of these
//! (`src/doc/rustc-dev-guide/src/autodiff/safety.md`).

use rustc_data_structures::fx::FxIndexSet;
use rustc_macros::Diagnostic;
use rustc_middle::ty::layout::LayoutOf;
use rustc_middle::ty::{self, Ty};
use rustc_span::Span;

use super::containers::{self, Via};
use super::{shadow, types};
use crate::context::CodegenCx;

#[derive(Diagnostic)]
#[diag(
    "a derivative in which `{$ty}` is `{$activity}` is not safe: not all of its shadow can be checked"
)]
#[note("`{$part}` {$reason}")]
#[help(
    "write `Unchecked` before the activities: then the derivative is an `unsafe fn`, whose caller promises that \
     shadows have the shape of what they are the shadows of, and that what is written to may be written to"
)]
pub(super) struct AutoDiffUnchecked<'tcx> {
    #[primary_span]
    pub span: Span,
    pub ty: Ty<'tcx>,
    pub activity: String,
    pub part: Ty<'tcx>,
    pub reason: &'static str,
}

/// A part of a value whose shadow cannot be checked.
pub(super) struct Unchecked<'tcx> {
    pub part: Ty<'tcx>,
    /// What is so of that part.
    pub reason: &'static str,
}

/// What cannot be checked of the shadow of a parameter of type `ty`, if there is anything.
pub(super) fn unchecked<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    ty: Ty<'tcx>,
    is_reverse: bool,
    is_strided: bool,
) -> Option<Unchecked<'tcx>> {
    // Of what is the parameter itself, the shadow has `&mut` where there is a `&`.
    let inside = match *ty.kind() {
        ty::Ref(_, pointee, _) => pointee,
        _ => ty,
    };
    let found = Search { cx, is_reverse, seen: FxIndexSet::default() }.search(inside);
    found.or_else(|| {
        let element = inside.builtin_index().filter(|_| is_strided)?;
        let has_lengths = containers::reachable(cx, element, true)
            .iter()
            .any(|&(ty, _)| containers::leads_to(cx, ty).is_some());
        has_lengths.then_some(Unchecked {
            part: element,
            reason: "is an element of a longer shadow, which does not say what belongs together",
        })
    })
}

struct Search<'a, 'll, 'tcx> {
    cx: &'a CodegenCx<'ll, 'tcx>,
    is_reverse: bool,
    seen: FxIndexSet<Ty<'tcx>>,
}

impl<'tcx> Search<'_, '_, 'tcx> {
    fn search(&mut self, ty: Ty<'tcx>) -> Option<Unchecked<'tcx>> {
        if !self.seen.insert(ty) {
            return None;
        }
        let unchecked = |reason| Some(Unchecked { part: ty, reason });
        let cx = self.cx;
        match containers::leads_to(cx, ty) {
            Some((Via::Shared, pointee)) if self.is_reverse && may_lead_to_float(cx, pointee) => {
                return unchecked(
                    "is a shared reference, and in reverse mode, a derivative writes to what its shadow leads to",
                );
            }
            Some((_, pointee)) => return self.search(pointee),
            None => {}
        }
        match *ty.kind() {
            ty::Dynamic(..) => return unchecked("does not say what is in it"),
            ty::RawPtr(..) | ty::Pat(..) if shadow::holds_pointer(cx, cx.layout_of(ty)) => {
                return unchecked("does not say what it leads to");
            }
            ty::Foreign(_) | ty::Coroutine(..) => {
                return unchecked("does not say what is in it");
            }
            ty::Adt(def, _) if containers::is_opaque(def) => {
                // Whatever it is, there is nothing that could lead anywhere.
                if !shadow::holds_pointer(cx, cx.layout_of(ty)) {
                    return None;
                }
                return unchecked(if def.is_unsafe_cell() {
                    "is a cell, and what is in it may change"
                } else {
                    "does not say what is in it"
                });
            }
            _ => {}
        }
        let mut found = containers::parts(cx, ty).into_iter().find_map(|part| self.search(part))?;
        // A raw pointer of the standard library's says less than the type that it is a private field of.
        if let ty::Adt(def, args) = *ty.kind()
            && types::is_of_std(cx, def.did())
            && !args.types().any(|arg| arg.walk().any(|part| part == found.part.into()))
        {
            found.part = ty;
        }
        Some(found)
    }
}

/// Whether there may be a float in a value of this type, or in what it leads to.
fn may_lead_to_float<'tcx>(cx: &CodegenCx<'_, 'tcx>, ty: Ty<'tcx>) -> bool {
    containers::reachable(cx, ty, true).into_iter().any(|(ty, _)| match ty.kind() {
        ty::Float(_) | ty::Dynamic(..) | ty::RawPtr(..) | ty::Foreign(_) => true,
        // Also where there is a pointer, it may be to a float.
        ty::Adt(def, _) if containers::is_opaque(*def) => {
            let layout = cx.layout_of(ty);
            shadow::holds_float(cx, layout) || shadow::holds_pointer(cx, layout)
        }
        _ => false,
    })
}
