//! The shadow of a value that a primal takes by value: where its gradient is added up.

use rustc_abi::{FieldsShape, Variants};
use rustc_codegen_ssa::common::IntPredicate;
use rustc_codegen_ssa::mir::place::PlaceRef;
use rustc_codegen_ssa::traits::*;
use rustc_data_structures::fx::FxIndexSet;
use rustc_middle::ty::layout::{HasTypingEnv, LayoutOf, TyAndLayout};
use rustc_middle::ty::{self, Ty};

use super::pieces::{Kind, Pieces};
use super::{copies, variants};
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
    /// The same bytes are a float in one field of a union and something else in another.
    FloatOrNot,
    /// It is passed by value.
    Value,
    /// Its shadows cannot be one piece of memory.
    NoSlice,
    /// There are several shadows, and whether each is of the type of the value cannot be checked.
    TraitObject,
    /// Its shadow is a reference through which nothing may be written.
    SharedShadow,
    /// Its destructor would run for the value and for its gradient.
    Dropped,
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
                "a union in it has a float and something else at one place, and does not say which it is",
                "make it `Const`, or take an `enum` instead of the union",
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
            NoGradient::Dropped => (
                "it has a destructor, which would run for its gradient as well",
                "differentiate a function of the floats in it",
            ),
            NoGradient::SharedShadow => (
                "its gradient would be added to what a shared reference leads to",
                "write `&` in the type of the parameter, for which its shadow has `&mut`, and not in an \
                 alias, a generic argument or `Self`",
            ),
        }
    }
}

/// What there is in values of a type, whichever variant or field of a union they are.
#[derive(Default)]
struct Contents {
    has_float: bool,
    has_pointer: bool,
    /// Whether there are bytes that are a float in one field of a union, and something else in another.
    is_ambiguous: bool,
}

impl Contents {
    fn of<'tcx>(cx: &CodegenCx<'_, 'tcx>, layout: TyAndLayout<'tcx>) -> Self {
        let mut found = Contents::default();
        Pieces::of(cx, layout).for_each_run(0, &mut |run| {
            found.has_float |= run.kind.is_float();
            found.has_pointer |= run.kind == Kind::Pointer;
            found.is_ambiguous |= run.kind == Kind::Either;
        });
        found
    }
}

pub(super) fn holds_pointer<'tcx>(cx: &CodegenCx<'_, 'tcx>, layout: TyAndLayout<'tcx>) -> bool {
    Contents::of(cx, layout).has_pointer
}

pub(super) fn holds_float<'tcx>(cx: &CodegenCx<'_, 'tcx>, layout: TyAndLayout<'tcx>) -> bool {
    let contents = Contents::of(cx, layout);
    contents.has_float || contents.is_ambiguous
}

/// Whether a second value of this type, with other floats, would be one too many: it is not memory that is freed.
pub(super) fn is_single<'tcx>(cx: &CodegenCx<'_, 'tcx>, layout: TyAndLayout<'tcx>) -> bool {
    layout.ty.needs_drop(cx.tcx, cx.typing_env()) && !holds_pointer(cx, layout)
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
                // What is in a `Vec`, its fields do not tell.
                seen.extend(args.types());
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
    let pieces = Pieces::of(bx.cx, place.layout);
    copies::zero_floats(bx, place.val, &pieces);
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
    zero_floats_of_other_variants(bx, shadow, None);
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

/// Whether it has to be known of which variant a seed of this layout is: of one that is not returned, or that has a
/// float where the value returned has something else.
pub(super) fn wants_variant_of_seed<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    layout: TyAndLayout<'tcx>,
) -> bool {
    variants_with_floats(cx, layout) > 1 || Pieces::of(cx, layout).has_floats_in_variants()
}

/// How many variants of one enum in it have floats. With one, floats are part of some values of the type and
/// not of others; with several, a seed may be for another variant than is returned.
pub(super) fn variants_with_floats<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    layout: TyAndLayout<'tcx>,
) -> usize {
    let in_fields = |layout: TyAndLayout<'tcx>| {
        (0..layout.fields.count()).map(|i| variants_with_floats(cx, layout.field(cx, i))).max()
    };
    match (&layout.variants, &layout.fields) {
        (Variants::Multiple { variants, .. }, _) => {
            let variants = variants.indices().map(|index| layout.for_variant(cx, index));
            let own = variants.clone().filter(|&variant| has_float_fields(cx, variant)).count();
            variants.filter_map(in_fields).fold(own, usize::max)
        }
        (
            _,
            FieldsShape::Array { count: 0, .. } | FieldsShape::Primitive | FieldsShape::Union(_),
        ) => 0,
        (_, FieldsShape::Array { .. }) => variants_with_floats(cx, layout.field(cx, 0)),
        (_, FieldsShape::Arbitrary { .. }) => in_fields(layout).unwrap_or(0),
    }
}

fn has_float_fields<'tcx>(cx: &CodegenCx<'_, 'tcx>, layout: TyAndLayout<'tcx>) -> bool {
    (0..layout.fields.count()).any(|i| Contents::of(cx, layout.field(cx, i)).has_float)
}

/// Makes all floats zero that are no part of the value, but of another variant; with a seed, also those of a
/// variant that is not the seed's. [`check`] must have passed.
pub(super) fn zero_floats_of_other_variants<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    place: PlaceRef<'tcx, &'ll Value>,
    seed: Option<PlaceRef<'tcx, &'ll Value>>,
) {
    let layout = place.layout;
    if only_floats(bx.cx, layout) || !Contents::of(bx.cx, layout).has_float {
        return;
    }
    match (&layout.variants, &layout.fields) {
        (Variants::Multiple { variants, .. }, _) => {
            let all = copy(bx, place);
            zero_floats(bx, place);

            let variant = variants::variant(bx, place);
            let of_seed = seed.map(|seed| variants::variant(bx, seed));
            let next = bx.append_sibling_block("seed_next");
            let mut cases = vec![];
            for index in variants.indices() {
                if !has_float_fields(bx.cx, layout.for_variant(bx.cx, index)) {
                    continue;
                }
                let block = bx.append_sibling_block("seed_variant");
                cases.push((index.as_u32().into(), block));
                let bx = &mut build_at(bx, block);
                if let Some(of_seed) = of_seed {
                    let number = bx.const_usize(index.as_u32().into());
                    let is_same = bx.icmp(IntPredicate::IntEQ, of_seed, number);
                    let same = bx.append_sibling_block("seed_same");
                    bx.cond_br(is_same, same, next);
                    *bx = build_at(bx, same);
                }
                let [to, from] = [place, all].map(|place| place.project_downcast(bx, index));
                let seed = seed.map(|seed| seed.project_downcast(bx, index));
                for i in 0..to.layout.fields.count() {
                    let [to, from] = [to, from].map(|place| place.project_field(bx, i));
                    bx.typed_place_copy(to.val, from.val, to.layout);
                    let seed = seed.map(|seed| seed.project_field(bx, i));
                    zero_floats_of_other_variants(bx, to, seed);
                }
                bx.br(next);
            }
            bx.switch(variant, next, cases.into_iter());
            *bx = build_at(bx, next);
        }
        (_, &FieldsShape::Array { count, .. }) => {
            let count = bx.const_usize(count);
            for_each_index(bx, count, |bx, index| {
                let element = place.project_index(bx, index);
                let seed = seed.map(|seed| seed.project_index(bx, index));
                zero_floats_of_other_variants(bx, element, seed);
            });
        }
        _ => {
            for i in 0..layout.fields.count() {
                let field = place.project_field(bx, i);
                let seed = seed.map(|seed| seed.project_field(bx, i));
                zero_floats_of_other_variants(bx, field, seed);
            }
        }
    }
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

/// Whether there is nothing in it but floats and padding, in all of its values.
fn only_floats<'tcx>(cx: &CodegenCx<'_, 'tcx>, layout: TyAndLayout<'tcx>) -> bool {
    !Pieces::of(cx, layout).any(|run| !run.kind.is_float())
}
