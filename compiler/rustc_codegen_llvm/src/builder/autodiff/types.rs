//! What Enzyme is told about the types of values in memory.
//!
//! In LLVM IR memory has no types, and a float may be copied as an integer. Enzyme has to know which it is:
//! the derivative of an integer is zero. Clang tells it by the metadata for type-based alias analysis,
//! which the passes before Enzyme keep when they merge, move and split accesses. So that LLVM draws no
//! conclusion from it (in Rust, accesses of different types may alias), each type here is in a type system
//! of its own: between those, `TypeBasedAAResult` never says that two accesses do not alias.

use rustc_abi::{
    Align, BackendRepr, FieldsShape, Float, Integer, Primitive, Scalar, Size, Variants,
};
use rustc_codegen_ssa::common::TypeKind;
use rustc_codegen_ssa::traits::*;
use rustc_middle::ty::layout::{HasTypingEnv, LayoutOf, TyAndLayout};
use rustc_middle::ty::{self, Ty};
use rustc_session::config::AutoDiff;
use rustc_target::callconv::{ArgAbi, PassMode};

use crate::builder::Builder;
use crate::common::AsCCharPtr as _;
use crate::context::CodegenCx;
use crate::llvm::{self, Attribute, Metadata, Type, Value};

/// A type that Enzyme tells from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Integer,
    /// An integer of the size of a pointer. At another time, as in some enums, it may be one.
    Word,
    Pointer,
    Float(Float),
    /// What anything is copied as: bytes, or an integer in a union such as `MaybeUninit`. What it is then,
    /// `AutodiffTypes.cpp` in `rustc_llvm` looks for.
    Bytes,
}

impl Kind {
    /// What a scalar is, if that is certain.
    fn of(cx: &CodegenCx<'_, '_>, scalar: Scalar) -> Option<Self> {
        match scalar.primitive() {
            Primitive::Int(..) if scalar.is_uninit_valid() => Some(Kind::Bytes),
            Primitive::Int(Integer::I8, _) if scalar.is_always_valid(cx) => None,
            // The tag of an enum is nothing else.
            Primitive::Int(..)
                if scalar.size(cx) == cx.tcx.data_layout.pointer_size()
                    && scalar.valid_range(cx).end > u16::MAX.into() =>
            {
                Some(Kind::Word)
            }
            Primitive::Int(..) => Some(Kind::Integer),
            Primitive::Pointer(_) => Some(Kind::Pointer),
            Primitive::Float(float) => Some(Kind::Float(float)),
        }
    }

    /// The name by which Enzyme knows the type (`getTypeFromTBAAString`), which is Clang's for it.
    fn name(self) -> Option<&'static str> {
        match self {
            Kind::Integer => Some("long"),
            Kind::Pointer => Some("any pointer"),
            Kind::Float(Float::F32) => Some("float"),
            Kind::Float(Float::F64) => Some("double"),
            Kind::Bytes => Some("bytes"),
            Kind::Word | Kind::Float(Float::F16 | Float::F128) => None,
        }
    }

    /// The access tag of the type: the root of a type system, the one type in it, and an access to it.
    fn tag<'ll>(self, cx: &CodegenCx<'ll, '_>) -> Option<&'ll Metadata> {
        let name = self.name()?;
        let string = |text: &str| unsafe {
            llvm::LLVMMDStringInContext2(cx.llcx, text.as_c_char_ptr(), text.len())
        };
        let zero = llvm::LLVMValueAsMetadata(cx.const_u64(0));
        let root = cx.md_node_in_context(&[string(&format!("Rust {name}"))]);
        let ty = cx.md_node_in_context(&[string(name), root, zero]);
        Some(cx.md_node_in_context(&[ty, ty, zero]))
    }
}

/// Whether the function that is being built is there for Enzyme to see, and wants to hear of types.
pub(crate) fn wants_types(cx: &CodegenCx<'_, '_>) -> bool {
    cx.is_autodiff_slice && !cx.tcx.sess.opts.unstable_opts.autodiff.contains(&AutoDiff::NoTT)
}

/// Tells Enzyme what `load` loads, the `scalar` at an offset in a value.
pub(crate) fn annotate_load<'ll, 'tcx>(
    bx: &Builder<'_, 'll, 'tcx>,
    load: &'ll Value,
    scalar: Scalar,
    layout: TyAndLayout<'tcx>,
    offset: Size,
) {
    if !wants_types(bx.cx) {
        return;
    }
    let mut kind = Kind::of(bx.cx, scalar);
    // Half of a pair in a `MaybeUninit`: what is beside it counts.
    if kind == Some(Kind::Bytes)
        && let Some(&Byte::Part { kind: known, .. }) =
            Bytes::new(bx.cx, layout).0.get(offset.bytes_usize())
    {
        kind = known;
    }
    annotate(bx, load, kind);
}

fn annotate<'ll>(bx: &Builder<'_, 'll, '_>, load: &'ll Value, kind: Option<Kind>) {
    // That a pointer is one follows from its use as one. Some are looked at as integers as well, those
    // with tags in `fmt::Arguments` for one, and there Enzyme would take offence.
    if let Some(kind) = kind
        && kind != Kind::Pointer
        && let Some(tag) = kind.tag(bx.cx)
    {
        bx.cx.set_metadata(load, llvm::MD_tbaa, tag);
    }
}

/// Tells Enzyme what `copy`, a call of `memcpy` or `memmove`, copies: one or more values of a type.
pub(crate) fn annotate_copy<'ll, 'tcx>(
    bx: &Builder<'_, 'll, 'tcx>,
    copy: &'ll Value,
    layout: TyAndLayout<'tcx>,
) {
    if !wants_types(bx.cx) {
        return;
    }
    let bytes = Bytes::new(bx.cx, layout);
    if let Some(kind) = bytes.sole_kind(bx.cx, layout) {
        if let Some(tag) = kind.tag(bx.cx) {
            bx.cx.set_metadata(copy, llvm::MD_tbaa, tag);
        }
        return;
    }
    let scalars = bytes.scalars(bx.cx);
    let integer = |value| llvm::LLVMValueAsMetadata(bx.cx.const_u64(value));
    let fields: Vec<_> = scalars
        .iter()
        .filter_map(|s| Some([integer(s.offset), integer(s.size), s.kind?.tag(bx.cx)?]))
        .flatten()
        .collect();
    if !fields.is_empty() {
        bx.cx.set_metadata_node(copy, llvm::MD_tbaa_struct, &fields);
    }
    // How many values there are, nobody need know. `AutodiffTypes.cpp` copies one at a time.
    let element = bx.cx.get_md_kind_id("rustc.autodiff.element");
    bx.cx.set_metadata_node(copy, element, &[integer(layout.size.bytes())]);
}

/// Tells `AutodiffTypes.cpp` what a parameter of an adapter points to, if that is one kind.
pub(super) fn pointee_attr<'ll, 'tcx>(
    cx: &CodegenCx<'ll, 'tcx>,
    arg: &ArgAbi<'tcx, Ty<'tcx>>,
) -> Option<&'ll Attribute> {
    let pointee = match arg.mode {
        PassMode::Indirect { .. } => arg.layout.ty,
        PassMode::Direct(_) | PassMode::Pair(..) => arg.layout.ty.builtin_deref(true)?,
        PassMode::Ignore | PassMode::Cast { .. } => return None,
    };
    let layout = match *pointee.kind() {
        ty::Slice(element) => cx.layout_of(element),
        _ if pointee.is_sized(cx.tcx, cx.typing_env()) => cx.layout_of(pointee),
        _ => return None,
    };
    let name = Bytes::new(cx, layout).sole_kind(cx, layout)?.name()?;
    wants_types(cx).then(|| llvm::CreateAttrStringValue(cx.llcx, "rustc.autodiff.pointee", name))
}

/// Copies one value scalar by scalar, if it has few of them: LLVM would make an integer of a small `memcpy`,
/// and shifts and masks of what is then done to the floats in it.
///
/// Returns false where nothing was copied.
pub(crate) fn copy_by_scalars<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    dst: (&'ll Value, Align),
    src: (&'ll Value, Align),
    size: &'ll Value,
    layout: TyAndLayout<'tcx>,
) -> bool {
    if !wants_types(bx.cx)
        || layout.size > Size::from_bytes(64)
        || bx.cx.const_to_opt_u128(size, false) != Some(layout.size.bytes().into())
    {
        return false;
    }
    let bytes = Bytes::new(bx.cx, layout);
    let scalars = bytes.scalars(bx.cx);
    let accounted = scalars.iter().map(|scalar| scalar.size).sum::<u64>();
    let padding = bytes.0.iter().filter(|&&byte| byte == Byte::Padding).count() as u64;
    if accounted + padding != layout.size.bytes()
        || scalars.len() > 8
        || !scalars.iter().any(|scalar| matches!(scalar.kind, Some(Kind::Float(_))))
    {
        return false;
    }
    let at = |bx: &mut Builder<'_, 'll, 'tcx>, (pointer, align): (&'ll Value, Align), offset| {
        let place = bx.inbounds_ptradd(pointer, bx.const_usize(offset));
        (place, align.restrict_for_offset(Size::from_bytes(offset)))
    };
    // First all loads, as the two places may overlap.
    let mut values = vec![];
    for scalar in &scalars {
        let ty = match scalar.kind {
            Some(Kind::Pointer) => bx.cx.type_ptr(),
            Some(Kind::Float(float)) => bx.cx.type_from_float(float),
            Some(Kind::Integer | Kind::Word | Kind::Bytes) | None => bx.cx.type_ix(scalar.size * 8),
        };
        let (place, align) = at(bx, src, scalar.offset);
        let value = bx.load(ty, place, align);
        annotate(bx, value, scalar.kind);
        values.push(value);
    }
    for (scalar, value) in scalars.iter().zip(values) {
        let (place, align) = at(bx, dst, scalar.offset);
        bx.store(value, place, align);
    }
    true
}

/// The type of vector that a value of nothing but floats of one size is, if it fills the integer `ty` that
/// an ordinary function takes or returns it as. To Enzyme, a float in an integer would be none.
pub(crate) fn floats_of_integer<'ll, 'tcx>(
    cx: &CodegenCx<'ll, 'tcx>,
    ty: &'ll Type,
    layout: TyAndLayout<'tcx>,
) -> Option<&'ll Type> {
    if !wants_types(cx)
        || cx.type_kind(ty) != TypeKind::Integer
        || u64::from(cx.int_width(ty)) != layout.size.bits()
    {
        return None;
    }
    let scalars = Bytes::new(cx, layout).scalars(cx);
    let Some(Kind::Float(float)) = scalars.first()?.kind else { return None };
    let all_alike = scalars.iter().all(|scalar| scalar.kind == Some(Kind::Float(float)));
    (all_alike && scalars.len() as u64 * float.size().bytes() == layout.size.bytes())
        .then(|| cx.type_vector(cx.type_from_float(float), scalars.len() as u64))
}

/// Tells Enzyme of `load`, of an integer that an ordinary function takes or returns a value as, that there
/// may be floats in it.
pub(crate) fn annotate_packed<'ll, 'tcx>(
    bx: &Builder<'_, 'll, 'tcx>,
    load: &'ll Value,
    layout: TyAndLayout<'tcx>,
) {
    let is_float = |byte: &Byte| {
        matches!(byte, Byte::Uncertain | Byte::Part { kind: Some(Kind::Float(_)), .. })
    };
    if wants_types(bx.cx) && Bytes::new(bx.cx, layout).0.iter().any(is_float) {
        annotate(bx, load, Some(Kind::Bytes));
    }
}

/// A scalar in a value, or, where they lie without a gap, several of a kind.
#[derive(Clone, Copy, Debug)]
struct Described {
    offset: u64,
    size: u64,
    kind: Option<Kind>,
}

/// What is known of one byte of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Byte {
    Padding,
    /// Different things at different times.
    Uncertain,
    /// The byte at an index of a scalar.
    Part {
        kind: Option<Kind>,
        index: usize,
    },
}

/// What lies where in a value, as far as it is the same for all values of its type.
struct Bytes(Vec<Byte>);

impl Bytes {
    /// As many are looked at. LLVM splits up no larger copies.
    const MOST: usize = 256;

    fn new<'tcx>(cx: &CodegenCx<'_, 'tcx>, layout: TyAndLayout<'tcx>) -> Self {
        let mut bytes = vec![Byte::Padding; layout.size.bytes_usize().min(Self::MOST)];
        for_each_scalar(cx, layout, Size::ZERO, &mut |offset, scalar| {
            let (kind, size) = (Kind::of(cx, scalar), scalar.size(cx).bytes_usize());
            let uncertain = kind == Some(Kind::Bytes);
            for (index, byte) in bytes.iter_mut().skip(offset.bytes_usize()).take(size).enumerate()
            {
                let new = if uncertain { Byte::Uncertain } else { Byte::Part { kind, index } };
                *byte = if *byte == Byte::Padding || *byte == new { new } else { Byte::Uncertain };
            }
            offset.bytes_usize() < Self::MOST
        });
        Bytes(bytes)
    }

    /// What all of the value is, if that is one kind.
    fn sole_kind<'tcx>(&self, cx: &CodegenCx<'_, 'tcx>, layout: TyAndLayout<'tcx>) -> Option<Kind> {
        // Neither the part of an array that was not looked into nor the next value is different.
        if layout.size.bytes_usize() != self.0.len()
            && !matches!(layout.fields, FieldsShape::Array { .. })
        {
            return None;
        }
        if !self.0.is_empty() && self.0.iter().all(|&byte| byte == Byte::Uncertain) {
            return Some(Kind::Bytes);
        }
        let scalars = self.scalars(cx);
        let kind = scalars.first()?.kind;
        let is_sole = scalars.iter().all(|scalar| scalar.kind == kind)
            && scalars.iter().map(|scalar| scalar.size).sum::<u64>() == self.0.len() as u64;
        kind.filter(|_| is_sole)
    }

    fn scalars(&self, cx: &CodegenCx<'_, '_>) -> Vec<Described> {
        let mut scalars = vec![];
        for (offset, &byte) in self.0.iter().enumerate() {
            let Byte::Part { kind, index: 0 } = byte else { continue };
            let is_next = |(i, b): &(usize, &Byte)| **b == Byte::Part { kind, index: *i };
            let size = self.0[offset..].iter().enumerate().take_while(is_next).count() as u64;
            let is_whole = match kind {
                None | Some(Kind::Bytes) => size == 1,
                Some(Kind::Integer) => size.is_power_of_two(),
                Some(Kind::Pointer | Kind::Word) => {
                    size == cx.tcx.data_layout.pointer_size().bytes()
                }
                Some(Kind::Float(float)) => size == float.size().bytes(),
            };
            if is_whole {
                scalars.push(Described { offset: offset as u64, size, kind });
            }
        }
        scalars
    }
}

fn has_other_than_integers<'tcx>(cx: &CodegenCx<'_, 'tcx>, layout: TyAndLayout<'tcx>) -> bool {
    let mut found = false;
    for_each_scalar(cx, layout, Size::ZERO, &mut |_, scalar| {
        found |= !matches!(scalar.primitive(), Primitive::Int(..));
        !found
    });
    found
}

/// Calls `visit` with each scalar that can lie in a value of this layout, of all variants and all fields
/// of a union, and where it lies. Leaves out the rest of an array once `visit` returns false.
pub(super) fn for_each_scalar<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    layout: TyAndLayout<'tcx>,
    offset: Size,
    visit: &mut dyn FnMut(Size, Scalar) -> bool,
) -> bool {
    if layout.is_zst() {
        return true;
    }
    if let BackendRepr::Scalar(scalar) = layout.backend_repr {
        return visit(offset, scalar);
    }
    match layout.fields {
        FieldsShape::Primitive => {}
        // The layout of a field says nothing about there being something else at another time.
        FieldsShape::Union(count) => {
            let fields =
                (0..count.get()).map(|i| layout.field(cx, i)).filter(|field| !field.is_zst());
            let fields: Vec<_> = fields.collect();
            // `MaybeUninit<T>` is `T` unless that is integers, as which anything is copied.
            let is_what_it_says = fields.len() == 1 && has_other_than_integers(cx, fields[0]);
            for field in fields {
                for_each_scalar(cx, field, offset, &mut |offset, scalar| {
                    visit(offset, if is_what_it_says { scalar } else { scalar.to_union() })
                });
            }
        }
        FieldsShape::Array { stride, count } => {
            return (0..count)
                .all(|i| for_each_scalar(cx, layout.field(cx, 0), offset + stride * i, visit));
        }
        // Of an enum, the only field is the tag.
        FieldsShape::Arbitrary { .. } => {
            for i in 0..layout.fields.count() {
                for_each_scalar(cx, layout.field(cx, i), offset + layout.fields.offset(i), visit);
            }
        }
    }
    if let Variants::Multiple { ref variants, .. } = layout.variants {
        for index in variants.indices() {
            let variant = layout.for_variant(cx, index);
            for i in 0..variant.fields.count() {
                for_each_scalar(cx, variant.field(cx, i), offset + variant.fields.offset(i), visit);
            }
        }
    }
    true
}
