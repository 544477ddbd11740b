//! The shadow of a value that a primal takes by value: where its gradient is added up.

use rustc_abi::{
    BackendRepr, FieldsShape, Float, Primitive, Scalar, Size, TagEncoding, VariantIdx, Variants,
};
use rustc_codegen_ssa::MemFlags;
use rustc_codegen_ssa::common::IntPredicate;
use rustc_codegen_ssa::mir::place::PlaceRef;
use rustc_codegen_ssa::traits::*;
use rustc_data_structures::fx::FxIndexSet;
use rustc_middle::ty::layout::{HasTypingEnv, LayoutOf, TyAndLayout};
use rustc_middle::ty::{self, Ty};

use super::types;
use crate::builder::Builder;
use crate::context::CodegenCx;
use crate::llvm::{BasicBlock, Value};

/// Why a value has no gradient of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoGradient {
    /// Nothing in it can vary.
    NoFloat,
    /// The gradient would be added to what it points to, which is the primal's data.
    Pointer,
    /// The same bytes are a float at one time and something else at another.
    FloatOrNot,
    /// It is passed by value.
    Value,
    /// Its shadows cannot be one piece of memory.
    NoSlice,
    /// There are several shadows, and whether each is of the type of the value cannot be checked.
    TraitObject,
    /// Its shadow is a reference through which nothing may be written.
    SharedShadow,
}

impl NoGradient {
    /// What is wrong, and what to do about it.
    pub(super) fn reason_and_help(self) -> (&'static str, &'static str) {
        match self {
            NoGradient::NoFloat => (
                "no float is part of it",
                "make it `Const`, or take it by reference and make it `Duplicated`",
            ),
            NoGradient::Pointer => (
                "its gradient would be added to the data that it points to",
                "make it `Const`, or take it by reference and make it `Duplicated`",
            ),
            NoGradient::FloatOrNot => (
                "its floats share memory with something else",
                "make it `Const`, or take the floats in a `struct`",
            ),
            NoGradient::NoSlice => (
                "only the shadows of a slice can lie one behind the other",
                "take a slice, or make it `Dual`",
            ),
            NoGradient::Value => (
                "only what a reference or pointer leads to has a shadow in memory",
                "make it `Active`, or take it by reference",
            ),
            NoGradient::TraitObject => (
                "its trait objects can have one shadow only",
                "make it `Const`, or ask for one derivative at a time",
            ),
            NoGradient::SharedShadow => (
                "its gradient would be added to what a shared reference leads to",
                "write `&` in the type of the parameter, for which its shadow has `&mut`, and not in an \
                 alias, a generic argument or `Self`",
            ),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Byte {
    Padding,
    Float(Float),
    Other,
}

/// What there is in values of a type, whichever variant or field of a union they are.
#[derive(Default)]
struct Contents {
    has_float: bool,
    has_pointer: bool,
    /// Whether bytes can be part of a float, and of something else, be it a float of another size.
    is_ambiguous: bool,
}

impl Contents {
    fn of<'tcx>(cx: &CodegenCx<'_, 'tcx>, layout: TyAndLayout<'tcx>) -> Self {
        let mut found = Contents::default();
        // Arrays repeat themselves.
        if let FieldsShape::Array { count, .. } = layout.fields {
            return if count == 0 { found } else { Contents::of(cx, layout.field(cx, 0)) };
        }
        let mut bytes = vec![Byte::Padding; layout.size.bytes_usize()];
        types::for_each_scalar(cx, layout, Size::ZERO, &mut |offset, scalar| {
            let primitive = scalar.primitive();
            let kind = match primitive {
                Primitive::Float(float) => Byte::Float(float),
                _ => Byte::Other,
            };
            found.has_float |= kind != Byte::Other;
            found.has_pointer |= matches!(primitive, Primitive::Pointer(_));
            for byte in &mut bytes[offset.bytes_usize()..][..scalar.size(cx).bytes_usize()] {
                found.is_ambiguous |= *byte != Byte::Padding && *byte != kind;
                *byte = kind;
            }
            true
        });
        found
    }
}

pub(super) fn holds_pointer<'tcx>(cx: &CodegenCx<'_, 'tcx>, layout: TyAndLayout<'tcx>) -> bool {
    Contents::of(cx, layout).has_pointer
}

/// Checks that a value of this layout has a gradient that [`init`] can make room for.
pub(super) fn check<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    layout: TyAndLayout<'tcx>,
) -> Result<(), NoGradient> {
    match Contents::of(cx, layout) {
        Contents { has_pointer: true, .. } => Err(NoGradient::Pointer),
        Contents { is_ambiguous: true, .. } => Err(NoGradient::FloatOrNot),
        Contents { has_float: false, .. } => Err(NoGradient::NoFloat),
        _ => Ok(()),
    }
}

/// Checks of all that values of type `ty` hold or point to, as far as types tell, that floats stay floats.
pub(super) fn check_reachable<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    ty: Ty<'tcx>,
    depth: usize,
) -> Result<(), NoGradient> {
    if depth == 0 {
        return Ok(());
    }
    if let ty::Slice(element) = *ty.kind() {
        return check_reachable(cx, element, depth);
    }
    if let Some(pointee) = ty.builtin_deref(true) {
        return check_reachable(cx, pointee, depth - 1);
    }
    if !ty.is_sized(cx.tcx, cx.typing_env()) {
        return Ok(());
    }
    let layout = cx.layout_of(ty);
    if Contents::of(cx, layout).is_ambiguous {
        return Err(NoGradient::FloatOrNot);
    }
    if let FieldsShape::Array { count: 0, .. } = layout.fields {
        return Ok(());
    }
    let fields = match layout.fields {
        FieldsShape::Array { .. } => 1,
        _ if matches!(layout.variants, Variants::Multiple { .. }) => 0,
        _ => layout.fields.count(),
    };
    (0..fields).try_for_each(|i| check_reachable(cx, layout.field(cx, i).ty, depth - 1))
}

/// Whether values of type `ty` may lead to a trait object, as far as types tell.
pub(super) fn holds_trait_object<'tcx>(cx: &CodegenCx<'_, 'tcx>, ty: Ty<'tcx>) -> bool {
    let mut seen = FxIndexSet::from_iter([ty]);
    let mut next = 0;
    while let Some(&ty) = seen.get_index(next) {
        next += 1;
        match *ty.kind() {
            ty::Dynamic(..) => return true,
            // It may hold a larger one of its own kind, and so on.
            _ if next > 1000 => return true,
            ty::Adt(adt, args) => {
                let fields = adt.all_fields().map(|field| field.ty(cx.tcx, args));
                seen.extend(fields.map(|ty| cx.tcx.normalize_erasing_regions(cx.typing_env(), ty)));
            }
            ty::Closure(_, args) => seen.extend(args.as_closure().upvar_tys()),
            _ => seen.extend(ty.walk().filter_map(|arg| arg.as_type())),
        }
    }
    false
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
            for_each_element(bx, place, count, zero_floats);
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

/// A copy of `seed` for Enzyme to write to, in which floats are zero unless they are part of the value.
///
/// The primal may write to memory that is no part of what it returns, such as the payload of a `None`,
/// and there Enzyme would find a seed as well.
///
/// MIR optimizations may have made one tuple of arguments serve several derivatives, so that each of
/// them needs a copy.
pub(super) fn seed<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    seed: PlaceRef<'tcx, &'ll Value>,
) -> PlaceRef<'tcx, &'ll Value> {
    let shadow = copy(bx, seed);
    zero_floats_of_other_variants(bx, shadow);
    shadow
}

pub(super) fn copy<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    place: PlaceRef<'tcx, &'ll Value>,
) -> PlaceRef<'tcx, &'ll Value> {
    let copy = PlaceRef::alloca(bx, place.layout);
    bx.typed_place_copy(copy.val, place.val, place.layout);
    copy
}

/// Whether floats are part of some values of the type and not of others.
pub(super) fn has_optional_floats<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    layout: TyAndLayout<'tcx>,
) -> bool {
    match (&layout.variants, &layout.fields) {
        (Variants::Multiple { .. }, _) => Contents::of(cx, layout).has_float,
        (_, &FieldsShape::Array { count, .. }) => {
            count > 0 && has_optional_floats(cx, layout.field(cx, 0))
        }
        (_, FieldsShape::Arbitrary { .. }) => {
            (0..layout.fields.count()).any(|i| has_optional_floats(cx, layout.field(cx, i)))
        }
        (_, FieldsShape::Primitive | FieldsShape::Union(_)) => false,
    }
}

/// Makes all floats zero that are no part of the value, but of another variant. [`check`] must have passed.
pub(super) fn zero_floats_of_other_variants<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    place: PlaceRef<'tcx, &'ll Value>,
) {
    let layout = place.layout;
    if only_floats(bx.cx, layout) || !Contents::of(bx.cx, layout).has_float {
        return;
    }
    match (&layout.variants, &layout.fields) {
        (Variants::Multiple { variants, tag, tag_encoding, tag_field }, _) => {
            let all = copy(bx, place);
            zero_floats(bx, place);

            let tag_place = place.project_field(bx, tag_field.as_usize());
            let tag_type = bx.cx.type_ix(tag.size(bx.cx).bits());
            let tag_value = bx.load(tag_type, tag_place.val.llval, tag_place.val.align);
            let next = bx.append_sibling_block("seed_next");
            let (mut cases, mut untagged) = (vec![], None);
            for index in variants.indices() {
                let variant = place.project_downcast(bx, index);
                let mut fields = 0..variant.layout.fields.count();
                if !fields.any(|i| Contents::of(bx.cx, variant.layout.field(bx.cx, i)).has_float) {
                    continue;
                }
                let block = bx.append_sibling_block("seed_variant");
                match tag_of_variant(bx.cx, layout, tag_encoding, *tag, index) {
                    Some(tag) => cases.push((tag, block)),
                    None => untagged = Some(block),
                }
                let bx = &mut build_at(bx, block);
                let from = all.project_downcast(bx, index);
                for i in 0..variant.layout.fields.count() {
                    let (from, field) = (from.project_field(bx, i), variant.project_field(bx, i));
                    bx.typed_place_copy(field.val, from.val, field.layout);
                    zero_floats_of_other_variants(bx, field);
                }
                bx.br(next);
            }
            // Of a niche's values, those of variants without a float must not pass for the untagged one.
            if untagged.is_some() {
                let known: Vec<_> = cases.iter().map(|&(tag, _)| tag).collect();
                let others = variants.indices().filter_map(|index| {
                    tag_of_variant(bx.cx, layout, tag_encoding, *tag, index)
                });
                cases.extend(others.filter(|tag| !known.contains(tag)).map(|tag| (tag, next)));
            }
            bx.switch(tag_value, untagged.unwrap_or(next), cases.into_iter());
            *bx = build_at(bx, next);
        }
        (_, &FieldsShape::Array { count, .. }) => {
            for_each_element(bx, place, count, zero_floats_of_other_variants);
        }
        _ => {
            for i in 0..layout.fields.count() {
                let field = place.project_field(bx, i);
                zero_floats_of_other_variants(bx, field);
            }
        }
    }
}

/// The tag that tells a variant, as the bits of the tag's type, or nothing for the one without a tag.
pub(super) fn tag_of_variant<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    layout: TyAndLayout<'tcx>,
    encoding: &TagEncoding<VariantIdx>,
    tag: Scalar,
    index: VariantIdx,
) -> Option<u128> {
    let value = match *encoding {
        TagEncoding::Direct => {
            layout.ty.discriminant_for_variant(cx.tcx, index).map_or(index.as_u32().into(), |d| d.val)
        }
        TagEncoding::Niche { untagged_variant, .. } if index == untagged_variant => return None,
        TagEncoding::Niche { ref niche_variants, niche_start, .. } => {
            if !niche_variants.contains(&index) {
                return None;
            }
            let relative = index.as_u32() - niche_variants.start().as_u32();
            niche_start.wrapping_add(relative.into())
        }
    };
    Some(tag.size(cx).truncate(value))
}

fn for_each_element<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    array: PlaceRef<'tcx, &'ll Value>,
    count: u64,
    f: fn(&mut Builder<'_, 'll, 'tcx>, PlaceRef<'tcx, &'ll Value>),
) {
    let count = bx.const_usize(count);
    for_each_index(bx, count, |bx, index| {
        let element = array.project_index(bx, index);
        f(bx, element);
    });
}

/// A loop from 0 up to `count`, with what `body` builds in it.
pub(super) fn for_each_index<'a, 'll, 'tcx>(
    bx: &mut Builder<'a, 'll, 'tcx>,
    count: &'ll Value,
    body: impl FnOnce(&mut Builder<'a, 'll, 'tcx>, &'ll Value),
) {
    let head = bx.append_sibling_block("shadow_head");
    let inside = bx.append_sibling_block("shadow_body");
    let next = bx.append_sibling_block("shadow_next");
    let zero = bx.const_usize(0);
    let entry = bx.llbb();
    bx.br(head);

    let mut head_bx = build_at(bx, head);
    let index = head_bx.phi(bx.val_ty(zero), &[zero], &[entry]);
    let more = head_bx.icmp(IntPredicate::IntULT, index, count);
    head_bx.cond_br(more, inside, next);

    let mut body_bx = build_at(bx, inside);
    body(&mut body_bx, index);
    let one = body_bx.const_usize(1);
    let following = body_bx.unchecked_uadd(index, one);
    let last = body_bx.llbb();
    body_bx.br(head);
    head_bx.add_incoming_to_phi(index, following, last);

    *bx = build_at(bx, next);
}

/// A builder at the end of `block` that is at the same place in the source: a call that is at none, in a
/// function that has debug information, must not be inlined.
pub(super) fn build_at<'a, 'll, 'tcx>(
    bx: &Builder<'a, 'll, 'tcx>,
    block: &'ll BasicBlock,
) -> Builder<'a, 'll, 'tcx> {
    let mut at = Builder::build(bx.cx, block);
    if let Some(location) = bx.get_dbg_loc() {
        at.set_dbg_loc(location);
    }
    at
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
