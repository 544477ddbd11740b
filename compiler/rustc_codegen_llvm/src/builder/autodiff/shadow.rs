//! The shadow of a value that a primal takes by value: where its gradient is added up.

use rustc_abi::{BackendRepr, FieldsShape, Primitive, Variants};
use rustc_codegen_ssa::MemFlags;
use rustc_codegen_ssa::common::IntPredicate;
use rustc_codegen_ssa::mir::place::PlaceRef;
use rustc_codegen_ssa::traits::*;
use rustc_middle::ty::layout::TyAndLayout;

use crate::builder::Builder;
use crate::context::CodegenCx;
use crate::llvm::Value;

/// Why a value has no gradient of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoGradient {
    /// Nothing in it can vary.
    NoFloat,
    /// The gradient would be added to what it points to, which is the primal's data.
    Pointer,
    /// The same bytes are a float at one time and something else at another.
    FloatOrNot,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Byte {
    Padding,
    Float,
    Other,
}

/// Checks that a value of this layout has a gradient that [`init`] can make room for.
pub(super) fn check<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    layout: TyAndLayout<'tcx>,
) -> Result<(), NoGradient> {
    if has_float(cx, layout)? { Ok(()) } else { Err(NoGradient::NoFloat) }
}

fn has_float<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    layout: TyAndLayout<'tcx>,
) -> Result<bool, NoGradient> {
    if layout.is_zst() {
        return Ok(false);
    }
    if let BackendRepr::Scalar(scalar) = layout.backend_repr {
        match scalar.primitive() {
            Primitive::Float(_) => return Ok(true),
            Primitive::Pointer(_) => return Err(NoGradient::Pointer),
            // A newtype, or an enum without fields.
            Primitive::Int(..) => return Ok(false),
        }
    }
    match layout.variants {
        Variants::Empty => return Ok(false),
        Variants::Multiple { ref variants, .. } => {
            let mut found = false;
            for index in variants.indices() {
                found |= has_float_field(cx, layout.for_variant(cx, index))?;
            }
            if found {
                mark(cx, layout, 0, &mut vec![Byte::Padding; layout.size.bytes_usize()])?;
            }
            return Ok(found);
        }
        Variants::Single { .. } => {}
    }
    has_float_field(cx, layout)
}

fn has_float_field<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    layout: TyAndLayout<'tcx>,
) -> Result<bool, NoGradient> {
    let mut found = false;
    match layout.fields {
        FieldsShape::Primitive => {}
        // Which field it is, only the program knows.
        FieldsShape::Union(count) => {
            for i in 0..count.get() {
                if has_float(cx, layout.field(cx, i))? {
                    return Err(NoGradient::FloatOrNot);
                }
            }
        }
        FieldsShape::Array { count, .. } => {
            found = count > 0 && has_float(cx, layout.field(cx, 0))?;
        }
        FieldsShape::Arbitrary { .. } => {
            for i in 0..layout.fields.count() {
                found |= has_float(cx, layout.field(cx, i))?;
            }
        }
    }
    Ok(found)
}

/// Enters in `bytes` what each of them can hold, and refuses a byte that can hold both.
fn mark<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    layout: TyAndLayout<'tcx>,
    offset: usize,
    bytes: &mut [Byte],
) -> Result<(), NoGradient> {
    if let BackendRepr::Scalar(scalar) = layout.backend_repr {
        let kind = match scalar.primitive() {
            Primitive::Float(_) => Byte::Float,
            _ => Byte::Other,
        };
        for byte in &mut bytes[offset..offset + layout.size.bytes_usize()] {
            if *byte != Byte::Padding && *byte != kind {
                return Err(NoGradient::FloatOrNot);
            }
            *byte = kind;
        }
        return Ok(());
    }
    // Of an enum, the first field is the tag.
    for i in 0..layout.fields.count() {
        let field = offset + layout.fields.offset(i).bytes_usize();
        mark(cx, layout.field(cx, i), field, bytes)?;
    }
    if let Variants::Multiple { ref variants, .. } = layout.variants {
        for index in variants.indices() {
            let variant = layout.for_variant(cx, index);
            for i in 0..variant.fields.count() {
                let field = offset + variant.fields.offset(i).bytes_usize();
                mark(cx, variant.field(cx, i), field, bytes)?;
            }
        }
    }
    Ok(())
}

/// Makes `shadow` a copy of `value` whose floats are zero.
///
/// What is not a float stays: an enum without its tag, or a `NonZero` that is zero, would be no value of
/// its type. [`check`] must have passed.
pub(super) fn init<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    value: PlaceRef<'tcx, &'ll Value>,
    shadow: PlaceRef<'tcx, &'ll Value>,
) {
    bx.typed_place_copy(shadow.val, value.val, value.layout);
    zero_floats(bx, shadow);
}

fn zero_floats<'ll, 'tcx>(bx: &mut Builder<'_, 'll, 'tcx>, place: PlaceRef<'tcx, &'ll Value>) {
    let layout = place.layout;
    if only_floats(bx.cx, layout) {
        let (size, zero) = (bx.const_usize(layout.size.bytes()), bx.const_u8(0));
        bx.memset(place.val.llval, zero, size, place.val.align, MemFlags::empty());
        return;
    }
    match (&layout.variants, &layout.fields) {
        _ if layout.is_zst() || matches!(layout.backend_repr, BackendRepr::Scalar(_)) => {}
        (Variants::Multiple { variants, .. }, _) => {
            for index in variants.indices() {
                // All variants at once: their floats lie where no other has anything else.
                let variant = place.project_downcast(bx, index);
                zero_float_fields(bx, variant);
            }
        }
        (_, &FieldsShape::Array { count, .. }) => {
            zero_float_elements(bx, place, count);
        }
        _ => zero_float_fields(bx, place),
    }
}

fn zero_float_fields<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    place: PlaceRef<'tcx, &'ll Value>,
) {
    for i in 0..place.layout.fields.count() {
        let field = place.project_field(bx, i);
        zero_floats(bx, field);
    }
}

fn zero_float_elements<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    array: PlaceRef<'tcx, &'ll Value>,
    count: u64,
) {
    let count = bx.const_usize(count);
    let head = bx.append_sibling_block("shadow_head");
    let body = bx.append_sibling_block("shadow_body");
    let next = bx.append_sibling_block("shadow_next");
    let zero = bx.const_usize(0);
    let entry = bx.llbb();
    bx.br(head);

    let mut head_bx = Builder::build(bx.cx, head);
    let index = head_bx.phi(bx.val_ty(zero), &[zero], &[entry]);
    let more = head_bx.icmp(IntPredicate::IntULT, index, count);
    head_bx.cond_br(more, body, next);

    let mut body_bx = Builder::build(bx.cx, body);
    let element = array.project_index(&mut body_bx, index);
    zero_floats(&mut body_bx, element);
    let one = body_bx.const_usize(1);
    let following = body_bx.unchecked_uadd(index, one);
    let last = body_bx.llbb();
    body_bx.br(head);
    head_bx.add_incoming_to_phi(index, following, last);

    *bx = Builder::build(bx.cx, next);
}

/// Whether there is nothing in it but floats and padding.
fn only_floats<'ll, 'tcx>(cx: &CodegenCx<'ll, 'tcx>, layout: TyAndLayout<'tcx>) -> bool {
    if layout.is_zst() {
        return true;
    }
    match layout.backend_repr {
        BackendRepr::Scalar(scalar) => matches!(scalar.primitive(), Primitive::Float(_)),
        _ if !matches!(layout.variants, Variants::Single { .. }) => false,
        _ => match layout.fields {
            FieldsShape::Primitive | FieldsShape::Union(_) => false,
            FieldsShape::Array { .. } => only_floats(cx, layout.field(cx, 0)),
            FieldsShape::Arbitrary { .. } => {
                (0..layout.fields.count()).all(|i| only_floats(cx, layout.field(cx, i)))
            }
        },
    }
}
