//! Whether a primal has left memory that it allocated with its caller. At the end of a reverse pass, Enzyme
//! frees what the primal has allocated, as nothing knows of it before the primal runs. What the caller owns by
//! then, it would read and free again, and the gradient of a `Vec` that grows is where that was before.

use rustc_abi::{BackendRepr, FieldsShape, Primitive, Variants};
use rustc_ast::expand::autodiff_attrs::DiffMode;
use rustc_codegen_ssa::common::IntPredicate;
use rustc_codegen_ssa::mir::place::PlaceRef;
use rustc_codegen_ssa::traits::*;
use rustc_hir::LangItem;
use rustc_middle::ty::layout::{FnAbiOf, HasTypingEnv};
use rustc_middle::ty::print::with_no_trimmed_paths;
use rustc_middle::ty::{self, Instance};
use rustc_span::Span;

use super::plan::{Passed, Plan};
use super::{shadow, shapes};
use crate::abi::FnAbiLlvmExt;
use crate::builder::Builder;
use crate::llvm::Value;

/// The pointers in `Box`es and `Vec`s that a primal is passed by `&mut`, as they are before it runs.
pub(super) struct Owned<'ll, 'tcx> {
    pointers: Vec<(PlaceRef<'tcx, &'ll Value>, &'ll Value)>,
}

impl<'ll, 'tcx> Owned<'ll, 'tcx> {
    /// `args` are the arguments of the derivative.
    ///
    /// Finds no `Box` or `Vec` in another one.
    pub(super) fn by(
        bx: &mut Builder<'_, 'll, 'tcx>,
        plan: &Plan,
        args: PlaceRef<'tcx, &'ll Value>,
        mode: DiffMode,
    ) -> Self {
        let mut owned = Owned { pointers: vec![] };
        if mode == DiffMode::Reverse {
            for param in plan.params.iter().filter(|param| param.passed == Passed::Direct) {
                let value = args.project_field(bx, param.value);
                owned.find(bx, value);
            }
        }
        owned
    }

    fn find(&mut self, bx: &mut Builder<'_, 'll, 'tcx>, place: PlaceRef<'tcx, &'ll Value>) {
        let (cx, layout) = (bx.cx, place.layout);
        if let ty::Ref(_, pointee, ty::Mutability::Mut) = *layout.ty.kind() {
            if pointee.is_sized(cx.tcx, cx.typing_env()) {
                let place = shapes::deref(bx, place, pointee);
                self.find(bx, place);
            }
            return;
        }
        if !layout.ty.needs_drop(cx.tcx, cx.typing_env()) {
            return;
        }
        let is_pointer = match layout.backend_repr {
            // `Option<Box<T>>`.
            BackendRepr::Scalar(scalar) => matches!(scalar.primitive(), Primitive::Pointer(_)),
            _ => shapes::pointee(cx, layout.ty).is_some(),
        };
        if is_pointer {
            let pointer = pointer(bx, place);
            self.pointers.push((place, pointer));
        } else if let Variants::Single { .. } = layout.variants {
            let is_array = matches!(layout.fields, FieldsShape::Array { .. });
            for i in 0..layout.fields.count() {
                let field = if is_array {
                    place.project_index(bx, bx.const_usize(i as u64))
                } else {
                    place.project_field(bx, i)
                };
                self.find(bx, field);
            }
        }
    }

    /// Stops the program if one of the pointers is another now, and none of them before.
    pub(super) fn check(
        &self,
        bx: &mut Builder<'_, 'll, 'tcx>,
        primal: Instance<'tcx>,
        span: Span,
    ) {
        let cx = bx.cx;
        for &(place, _) in &self.pointers {
            let now = pointer(bx, place);
            // Of nothing: null, or the alignment.
            let address = bx.ptrtoint(now, cx.type_isize());
            let mut is_known = bx.icmp(IntPredicate::IntULT, address, cx.const_usize(1 << 12));
            for &(_, before) in &self.pointers {
                let is_this = bx.icmp(IntPredicate::IntEQ, now, before);
                is_known = bx.or(is_known, is_this);
            }
            let (bad, next) =
                (bx.append_sibling_block("new_owned"), bx.append_sibling_block("next"));
            bx.cond_br(is_known, next, bad);

            let bad = &mut shadow::build_at(bx, bad);
            let name = with_no_trimmed_paths!(cx.tcx.def_path_str(primal.def_id()));
            let ty = with_no_trimmed_paths!(place.layout.ty.to_string());
            let text = format!(
                "a derivative of `{name}` leaves memory that it has freed in a `{ty}` of its caller: in reverse \
                 mode, nothing that the caller owns may grow or be made anew; let the caller reserve the \
                 capacity, or copy the values to what is there"
            );
            let (text, length) = cx.const_str(&text);
            let function = cx.tcx.require_lang_item(LangItem::PanicNounwind, span);
            let function = Instance::mono(cx.tcx, function);
            let fn_abi = cx.fn_abi_of_instance(function, ty::List::empty());
            let llty = fn_abi.llvm_type(cx);
            let callee = cx.get_fn_addr(function);
            bad.call(llty, None, Some(fn_abi), callee, &[text, length], None, Some(function));
            bad.unreachable();
            *bx = shadow::build_at(bx, next);
        }
    }
}

/// The pointer that a `Box` or `Vec` starts with, or that an `Option` of one is.
fn pointer<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    place: PlaceRef<'tcx, &'ll Value>,
) -> &'ll Value {
    match shapes::pointee(bx.cx, place.layout.ty) {
        Some(pointee) => shapes::deref(bx, place, pointee).val.llval,
        None => bx.load_operand(place).immediate(),
    }
}
