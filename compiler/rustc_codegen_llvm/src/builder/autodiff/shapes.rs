//! Whether shadows have the shape of what they are the shadows of, which a derivative looks at first: Enzyme
//! takes it for granted. It would go past the end of a slice, or follow a pointer that is none.

use libc::c_char;
use rustc_abi::{BackendRepr, FieldsShape, Primitive, Scalar, TagEncoding, VariantIdx, Variants};
use rustc_codegen_ssa::common::IntPredicate;
use rustc_codegen_ssa::mir::operand::OperandValue;
use rustc_codegen_ssa::mir::place::{PlaceRef, PlaceValue};
use rustc_codegen_ssa::traits::*;
use rustc_hir::LangItem;
use rustc_middle::ty::layout::{FnAbiOf, HasTypingEnv, LayoutOf, TyAndLayout};
use rustc_middle::ty::print::with_no_trimmed_paths;
use rustc_middle::ty::{self, Instance, Ty};
use rustc_span::{Span, sym};

use super::lower::caller_location;
use super::pieces::Kind;
use super::plan::{Activity, Passed, Plan};
use super::{shadow, types};
use crate::abi::FnAbiLlvmExt;
use crate::builder::Builder;
use crate::context::CodegenCx;
use crate::llvm::{self, BasicBlock, Value};

/// How many pointers are followed, as a type may hold itself behind one.
pub(super) const DEPTH: usize = 4;

/// Panics if a shadow among `args`, the arguments of `derivative`, has another shape than the value.
///
/// That goes for the lengths of slices, strings and vectors, and the variants of enums that hold pointers. They
/// are looked for in what a parameter holds and refers to, but not in what may be something else in the
/// meantime (cells), what only the program knows to be there (unions), what raw pointers lead to, and what
/// the types of the standard library own, but for `Box` and `Vec`.
pub(super) fn check<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    plan: &Plan,
    derivative: Instance<'tcx>,
    args: PlaceRef<'tcx, &'ll Value>,
    span: Span,
) {
    let names = bx.tcx.fn_arg_idents(derivative.def_id());
    let name = |index: usize| names[index].map_or_else(String::new, |ident| format!(" `{ident}`"));
    for param in plan.params.iter().filter(|param| param.passed != Passed::Ignored) {
        let value = args.project_field(bx, param.value);
        if !has_shape(bx.cx, value.layout.ty, DEPTH) {
            continue;
        }
        let is_strided = matches!(param.activity, Activity::Strided { .. });
        for index in param.shadows.clone() {
            let mut shadow = args.project_field(bx, index);
            // In reverse mode it is a reference of another kind.
            shadow.layout = value.layout;
            let shapes = Shapes {
                factor: if is_strided { plan.width } else { 1 },
                shadow: format!("the shadow{} of{}", name(index), name(param.value)),
                is_whole: pointee(bx.cx, value.layout.ty)
                    .is_some_and(|pointee| !pointee.is_sized(bx.tcx, bx.cx.typing_env())),
                span,
            };
            shapes.compare(bx, value, shadow, DEPTH);
        }
    }
}

/// How a shadow is compared.
struct Shapes {
    /// How many times as long as the value it has to be.
    factor: usize,
    /// What to call it.
    shadow: String,
    /// Whether the first length is that of the parameter itself.
    is_whole: bool,
    span: Span,
}

impl Shapes {
    fn compare<'ll, 'tcx>(
        &self,
        bx: &mut Builder<'_, 'll, 'tcx>,
        value: PlaceRef<'tcx, &'ll Value>,
        shadow: PlaceRef<'tcx, &'ll Value>,
        depth: usize,
    ) {
        let (cx, layout) = (bx.cx, value.layout);
        if !has_shape(cx, layout.ty, depth) {
            return;
        }
        if let Some(pointee) = pointee(cx, layout.ty) {
            let (value, shadow) = (deref(bx, value, pointee), deref(bx, shadow, pointee));
            return self.compare(bx, value, shadow, depth - 1);
        }
        let length = match (&layout.variants, &layout.fields) {
            (Variants::Multiple { .. }, _) => return self.variants(bx, value, shadow, depth),
            _ if matches!(layout.ty.kind(), ty::Slice(_) | ty::Str) => {
                let (length, shadow_length) =
                    (value.val.llextra.unwrap(), shadow.val.llextra.unwrap());
                self.lengths(bx, length, shadow_length, depth);
                length
            }
            (_, FieldsShape::Array { count, .. }) => bx.const_usize(*count),
            _ => return self.fields(bx, value, shadow, depth),
        };
        // Which elements of a longer shadow belong to which is not looked into.
        if self.factor == 1 && has_shape(cx, layout.field(cx, 0).ty, depth) {
            shadow::for_each_index(bx, length, |bx, index| {
                let (value, shadow) =
                    (value.project_index(bx, index), shadow.project_index(bx, index));
                self.compare(bx, value, shadow, depth);
            });
        }
    }

    fn fields<'ll, 'tcx>(
        &self,
        bx: &mut Builder<'_, 'll, 'tcx>,
        value: PlaceRef<'tcx, &'ll Value>,
        shadow: PlaceRef<'tcx, &'ll Value>,
        depth: usize,
    ) {
        for i in 0..value.layout.fields.count() {
            if has_shape(bx.cx, value.layout.field(bx.cx, i).ty, depth) {
                let (value, shadow) = (value.project_field(bx, i), shadow.project_field(bx, i));
                self.compare(bx, value, shadow, depth);
            }
        }
    }

    fn variants<'ll, 'tcx>(
        &self,
        bx: &mut Builder<'_, 'll, 'tcx>,
        value: PlaceRef<'tcx, &'ll Value>,
        shadow: PlaceRef<'tcx, &'ll Value>,
        depth: usize,
    ) {
        let (cx, layout) = (bx.cx, value.layout);
        let (variant, of_shadow) = (variant(bx, value), variant(bx, shadow));
        let differs = bx.icmp(IntPredicate::IntNE, variant, of_shadow);
        let bad = branch(bx, differs, "shadow_other_variant");
        let ty = with_no_trimmed_paths!(layout.ty.to_string());
        let text = format!("part of {} is another variant of `{ty}`", self.shadow);
        self.panic(bx, bad, LangItem::Panic, &text, &[]);

        let is_wanted = |layout: TyAndLayout<'tcx>| {
            (0..layout.fields.count()).any(|i| has_shape(cx, layout.field(cx, i).ty, depth))
        };
        for_each_variant(bx, layout, variant, is_wanted, |bx, index| {
            let value = value.project_downcast(bx, index);
            let shadow = shadow.project_downcast(bx, index);
            self.fields(bx, value, shadow, depth);
        });
    }

    fn lengths<'ll, 'tcx>(
        &self,
        bx: &mut Builder<'_, 'll, 'tcx>,
        length: &'ll Value,
        shadow_length: &'ll Value,
        depth: usize,
    ) {
        let cx = bx.cx;
        let factor = cx.const_usize(self.factor as u64);
        // The product might overflow.
        let each = if self.factor > 1 { bx.udiv(shadow_length, factor) } else { shadow_length };
        let is_too_short = bx.icmp(IntPredicate::IntULT, each, length);
        let bad = branch(bx, is_too_short, "shadow_too_short");
        let needed = shadow::build_at(bx, bad).mul(length, factor);
        let part = if self.is_whole && depth + 1 == DEPTH { "" } else { "part of " };
        let text = format!("{part}{}", self.shadow);
        self.panic(bx, bad, LangItem::PanicAutodiffShadow, &text, &[shadow_length, needed]);
    }

    fn panic<'ll, 'tcx>(
        &self,
        bx: &Builder<'_, 'll, 'tcx>,
        block: &'ll BasicBlock,
        function: LangItem,
        text: &str,
        args: &[&'ll Value],
    ) {
        let cx = bx.cx;
        let bx = &mut shadow::build_at(bx, block);
        let function = Instance::mono(cx.tcx, cx.tcx.require_lang_item(function, self.span));
        let fn_abi = cx.fn_abi_of_instance(function, ty::List::empty());
        let (text, text_length) = cx.const_str(text);
        let args = [&[text, text_length][..], args, &[caller_location(cx, self.span)]].concat();
        let callee = cx.get_fn_addr(function);
        bx.call(fn_abi.llvm_type(cx), None, Some(fn_abi), callee, &args, None, Some(function));
        bx.unreachable();
    }
}

/// Whether values of type `ty` can differ in a length, or in where they hold pointers.
fn has_shape<'tcx>(cx: &CodegenCx<'_, 'tcx>, ty: Ty<'tcx>, depth: usize) -> bool {
    if let Some(pointee) = pointee(cx, ty) {
        return depth > 0 && has_shape(cx, pointee, depth - 1);
    }
    match ty.kind() {
        ty::Slice(_) | ty::Str => return true,
        ty::RawPtr(..) | ty::FnPtr(..) | ty::Pat(..) | ty::Dynamic(..) | ty::Foreign(_) => {
            return false;
        }
        // Another thread may write to what is in a cell, and what is dropped by hand may be gone.
        ty::Adt(def, _) if def.is_unsafe_cell() || def.is_manually_drop() => return false,
        _ => {}
    }
    let layout = cx.layout_of(ty);
    let fields = match (&layout.variants, &layout.fields) {
        (Variants::Multiple { .. }, _) => return ty.is_enum() && shadow::holds_pointer(cx, layout),
        (Variants::Single { .. }, FieldsShape::Array { count, .. }) => (*count).min(1) as usize,
        (Variants::Single { .. }, FieldsShape::Arbitrary { .. }) => layout.fields.count(),
        _ => 0,
    };
    (0..fields).any(|i| has_shape(cx, layout.field(cx, i).ty, depth))
}

/// What a reference, a `Box` or a `Vec` leads to.
pub(super) fn pointee<'tcx>(cx: &CodegenCx<'_, 'tcx>, ty: Ty<'tcx>) -> Option<Ty<'tcx>> {
    match *ty.kind() {
        ty::Ref(_, pointee, _) => Some(pointee),
        _ if ty.is_box_global(cx.tcx) => ty.boxed_ty(),
        ty::Adt(def, args) if cx.tcx.is_diagnostic_item(sym::Vec, def.did()) => {
            Some(Ty::new_slice(cx.tcx, args.type_at(0)))
        }
        _ => None,
    }
}

pub(super) fn deref<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    place: PlaceRef<'tcx, &'ll Value>,
    pointee: Ty<'tcx>,
) -> PlaceRef<'tcx, &'ll Value> {
    let layout = bx.cx.layout_of(pointee);
    let (llval, llextra) = match *place.layout.ty.kind() {
        ty::Adt(def, _) if !def.is_box() => parts_of_vec(bx, place, def),
        _ => match bx.load_operand(place).val {
            OperandValue::Immediate(pointer) => (pointer, None),
            OperandValue::Pair(pointer, metadata) => (pointer, Some(metadata)),
            other => unreachable!("{other:?} is no pointer"),
        },
    };
    PlaceValue { llval, llextra, align: layout.align.abi }.with_type(layout)
}

/// The pointer and the length.
fn parts_of_vec<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    vec: PlaceRef<'tcx, &'ll Value>,
    def: ty::AdtDef<'tcx>,
) -> (&'ll Value, Option<&'ll Value>) {
    let mut fields = def.non_enum_variant().fields.iter();
    let length = fields.position(|field| field.name == sym::len).expect("a `Vec` has a `len`");
    let length = vec.project_field(bx, length);
    // The first field of each type that it is made of is, or leads to, the pointer.
    let mut pointer = vec;
    while !matches!(pointer.layout.backend_repr, BackendRepr::Scalar(_)) {
        pointer = pointer.project_field(bx, 0);
    }
    let pointer = bx.load_operand(pointer).immediate();
    assert_eq!(bx.val_ty(pointer), bx.cx.type_ptr(), "a `Vec` does not start with its pointer");
    (pointer, Some(bx.load_operand(length).immediate()))
}

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
