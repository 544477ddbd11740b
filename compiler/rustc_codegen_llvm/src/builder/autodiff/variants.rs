//! Which variant an enum is, as the program finds out.

use libc::c_char;
use rustc_abi::{Primitive, Scalar, TagEncoding, VariantIdx, Variants};
use rustc_codegen_ssa::common::IntPredicate;
use rustc_codegen_ssa::mir::place::PlaceRef;
use rustc_codegen_ssa::traits::*;
use rustc_middle::ty::layout::TyAndLayout;

use super::pieces::Kind;
use super::{shadow, types};
use crate::builder::Builder;
use crate::context::CodegenCx;
use crate::llvm::{self, BasicBlock, Value};

/// What `body` builds is run if an enum of this layout is the variant that it gets, and `variant` is the index of
/// what the enum is.
pub(super) fn for_each_variant<'a, 'll, 'tcx>(
    bx: &mut Builder<'a, 'll, 'tcx>,
    layout: TyAndLayout<'tcx>,
    variant: &'ll Value,
    is_wanted: impl Fn(TyAndLayout<'tcx>) -> bool,
    mut body: impl FnMut(&mut Builder<'a, 'll, 'tcx>, VariantIdx),
) {
    let cx = bx.cx;
    let Variants::Multiple { variants, .. } = &layout.variants else { return };
    for index in variants.indices() {
        if !is_wanted(layout.for_variant(cx, index)) {
            continue;
        }
        let number = cx.const_usize(index.as_u32().into());
        let is_variant = bx.icmp(IntPredicate::IntEQ, variant, number);
        let block = branch(bx, is_variant, "variant");
        let inside = &mut shadow::build_at(bx, block);
        body(inside, index);
        inside.br(bx.llbb());
    }
}

/// Goes on in a new block, unless `condition` holds: the block for that is returned.
pub(super) fn branch<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    condition: &'ll Value,
    name: &str,
) -> &'ll BasicBlock {
    let (block, next) = (bx.append_sibling_block(name), bx.append_sibling_block("next"));
    bx.cond_br(condition, block, next);
    *bx = shadow::build_at(bx, next);
    block
}

unsafe extern "C" {
    safe fn LLVMBuildFreeze<'a>(
        B: &llvm::Builder<'a>,
        Val: &'a Value,
        Name: *const c_char,
    ) -> &'a Value;
}

/// The index of the variant that an enum is. In a `MaybeUninit` it may be none: then it is any of them.
pub(super) fn variant<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    place: PlaceRef<'tcx, &'ll Value>,
) -> &'ll Value {
    let (cx, layout) = (bx.cx, place.layout);
    let Variants::Multiple { variants, tag, tag_encoding, tag_field } = &layout.variants else {
        unreachable!("{} has one variant", layout.ty)
    };
    let tag_place = place.project_field(bx, tag_field.as_usize());
    let ty = cx.type_ix(tag.size(cx).bits());
    let tag_value = match tag.primitive() {
        Primitive::Pointer(_) => {
            let pointer = bx.load(cx.type_ptr(), tag_place.val.llval, tag_place.val.align);
            bx.ptrtoint(pointer, ty)
        }
        _ => {
            let tag = bx.load(ty, tag_place.val.llval, tag_place.val.align);
            types::annotate(bx, tag, Some(Kind::Integer));
            tag
        }
    };
    let tag_value = LLVMBuildFreeze(bx.llbuilder, tag_value, c"".as_ptr());
    let untagged = match *tag_encoding {
        TagEncoding::Direct => VariantIdx::ZERO,
        TagEncoding::Niche { untagged_variant, .. } => untagged_variant,
    };
    let mut variant = cx.const_usize(untagged.as_u32().into());
    for index in variants.indices() {
        if let Some(tag) = tag_of_variant(cx, layout, tag_encoding, *tag, index) {
            let is_tag = bx.icmp(IntPredicate::IntEQ, tag_value, cx.const_uint_big(ty, tag));
            variant = bx.select(is_tag, cx.const_usize(index.as_u32().into()), variant);
        }
    }
    variant
}

/// The tag that tells a variant, as the bits of the tag's type, or nothing for the one without a tag.
fn tag_of_variant<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    layout: TyAndLayout<'tcx>,
    encoding: &TagEncoding<VariantIdx>,
    tag: Scalar,
    index: VariantIdx,
) -> Option<u128> {
    let value = match *encoding {
        TagEncoding::Direct => layout
            .ty
            .discriminant_for_variant(cx.tcx, index)
            .map_or(index.as_u32().into(), |d| d.val),
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
