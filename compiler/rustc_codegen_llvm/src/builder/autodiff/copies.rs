//! Copies and fills in the slice, made piece by piece.
//!
//! A `memcpy` does not say what it copies. What is said beside it, LLVM may keep though it shortens the copy, or
//! lose when it makes an integer of it. So no copy in the slice is of several kinds: what is, is copied scalar by
//! scalar, element by element, and an enum variant by variant. A `memcpy` is left for many scalars of one kind,
//! of which any part is still that.

use libc::c_uint;
use rustc_abi::{Float, Size, VariantIdx, Variants};
use rustc_codegen_ssa::common::IntPredicate;
use rustc_codegen_ssa::mir::place::PlaceValue;
use rustc_codegen_ssa::traits::*;
use rustc_middle::ty::layout::TyAndLayout;

use super::pieces::{Kind, Piece, Pieces, Run};
use super::{shadow, types, variants};
use crate::builder::Builder;
use crate::context::CodegenCx;
use crate::llvm::{self, Type, Value};

/// So many scalars of one kind are copied one by one. LLVM would make an integer of a `memcpy` of so few bytes.
const FEW: u64 = 8;

/// Bytes that are fewer can hold no float.
pub(super) const LEAST_FLOAT: u64 = 2;

type Place<'ll> = PlaceValue<&'ll Value>;

unsafe extern "C" {
    /// In AutodiffPointers.cpp.
    fn LLVMRustAutodiffVariantPointer<'a>(
        B: &llvm::Builder<'a>,
        Pointer: &'a Value,
        Variant: u32,
    ) -> &'a Value;
}

/// The pointer by which a variant of the enum at `pointer` is accessed.
///
/// Where the variants of an enum have a float or a pointer, and something else, at one place, LLVM must not make one
/// access of two that are of different variants: to Enzyme it would be of one type. So there, each variant has a pointer of
/// its own, and nobody knows that they are the same.
pub(crate) fn variant_pointer<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    pointer: &'ll Value,
    layout: TyAndLayout<'tcx>,
    variant: VariantIdx,
) -> &'ll Value {
    if pieces_told_apart(bx.cx, layout).is_none() {
        return pointer;
    }
    separate_pointer(bx, pointer, Separate::Variant(variant))
}

/// Prepares the enum at `place` to be made the given variant.
///
/// When the program runs forwards, Enzyme stores the integers and the pointers of a value to its shadow. When it runs
/// backwards, it takes what the shadow has at the place of a float for what has been added up there. Where a place is
/// not a float any more, a float that is zero is stored first, so that backwards the shadow is zero from there on.
/// Where it becomes a float, an integer that is zero is stored, so that the shadow starts with zero. If the enum is
/// that variant already, the shadow may hold the seed, which has to stay.
pub(crate) fn make_variant<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    place: Place<'ll>,
    layout: TyAndLayout<'tcx>,
    variant: VariantIdx,
) {
    let Some(pieces) = pieces_told_apart(bx.cx, layout) else { return };
    let floats = pieces.ranges_of_floats();
    if floats.is_empty() {
        return;
    }
    let separate = |bx: &Builder<'_, 'll, '_>, number| PlaceValue {
        llval: separate_pointer(bx, place.llval, number),
        ..place
    };
    // By a pointer of its own: LLVM would take a variable that is not initialized for this variant.
    let tagged = separate(bx, Separate::Tag);
    let is = variants::variant(bx, tagged.with_type(layout));
    let differs = bx.icmp(IntPredicate::IntNE, is, bx.const_usize(variant.as_u32().into()));
    let block = variants::branch(bx, differs, "other_variant");
    let inside = &mut shadow::build_at(bx, block);
    let as_floats = separate(inside, Separate::Floats);
    let as_integers = separate(inside, Separate::Integers);
    for range in floats {
        // Of which size the floats are does not matter.
        let run = |kind, scalar| Run {
            kind,
            offset: range.start,
            scalar,
            count: (range.end - range.start) / scalar,
        };
        let is_whole = |scalar| (range.end - range.start) % scalar == 0;
        let float = match () {
            _ if is_whole(8) => run(Kind::Float(Float::F64), 8),
            _ if is_whole(4) => run(Kind::Float(Float::F32), 4),
            _ => run(Kind::Float(Float::F16), 2),
        };
        zero_run(inside, as_floats, &float);
        zero_run(inside, as_integers, &Run { kind: Kind::Integer, ..float });
    }
    inside.br(bx.llbb());
}

/// The pieces of an enum in the slice that is a float or a pointer in one variant, where it is something else in
/// another.
fn pieces_told_apart<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    layout: TyAndLayout<'tcx>,
) -> Option<Pieces<'tcx>> {
    if !types::wants_types(cx) || !matches!(layout.variants, Variants::Multiple { .. }) {
        return None;
    }
    let pieces = Pieces::of(cx, layout);
    pieces.is_told_apart().then_some(pieces)
}

/// By which of several pointers, of which LLVM does not know that they are the same, an enum is accessed.
#[derive(Clone, Copy)]
enum Separate {
    Variant(VariantIdx),
    Tag,
    Floats,
    Integers,
}

fn separate_pointer<'ll>(
    bx: &Builder<'_, 'll, '_>,
    pointer: &'ll Value,
    which: Separate,
) -> &'ll Value {
    // `AutodiffPointers.cpp` has the greater numbers.
    let number = match which {
        Separate::Variant(index) => index.as_u32(),
        Separate::Tag => (1 << 31) - 1,
        Separate::Floats => (1 << 31) - 2,
        Separate::Integers => (1 << 31) - 3,
    };
    unsafe { LLVMRustAutodiffVariantPointer(bx.llbuilder, pointer, number) }
}

/// The LLVM type of a variable of this layout, in the slice. It says what is where, so that LLVM divides the variable
/// into scalars of their types: of bytes, it would make integers.
pub(crate) fn variable_type<'ll, 'tcx>(
    cx: &CodegenCx<'ll, 'tcx>,
    layout: TyAndLayout<'tcx>,
) -> Option<&'ll Type> {
    types::wants_types(cx).then(|| type_of_pieces(cx, &Pieces::of(cx, layout), layout.size.bytes()))
}

fn type_of_pieces<'ll>(cx: &CodegenCx<'ll, '_>, pieces: &Pieces<'_>, size: u64) -> &'ll Type {
    let bytes = |count| cx.type_array(cx.type_i8(), count);
    let (mut fields, mut end) = (vec![], 0);
    for piece in &pieces.0 {
        let (start, ty, size) = match piece {
            Piece::Run(run) if run.count == 1 => (run.offset, type_of(cx, run), run.scalar),
            Piece::Run(run) => (run.offset, cx.type_array(type_of(cx, run), run.count), run.size()),
            Piece::Elements { offset, stride, count, element } => {
                let element = type_of_pieces(cx, element, *stride);
                (*offset, cx.type_array(element, *count), stride * count)
            }
            Piece::Variants { offset, layout, .. } => {
                (*offset, bytes(layout.size.bytes()), layout.size.bytes())
            }
        };
        assert!(start >= end, "pieces overlap");
        if start > end {
            fields.push(bytes(start - end));
        }
        fields.push(ty);
        end = start + size;
    }
    if size > end {
        fields.push(bytes(size - end));
    }
    if let [field] = fields[..] { field } else { cx.type_struct(&fields, true) }
}

/// Copies `count` values of this layout, whose places may overlap if `may_overlap`. Returns false where nothing was
/// copied: outside of the slice.
pub(crate) fn copy_values<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    dst: Place<'ll>,
    src: Place<'ll>,
    layout: TyAndLayout<'tcx>,
    count: &'ll Value,
    may_overlap: bool,
) -> bool {
    if !types::wants_types(bx.cx) {
        return false;
    }
    let pieces = Pieces::of(bx.cx, layout);
    let known_count = bx.const_to_opt_u128(count, false);
    if known_count == Some(1) {
        copy_value(bx, dst, src, &pieces, may_overlap);
    } else if let Some(run) = pieces.sole_run(layout.size)
        && let known = known_count.map(|count| Run { count: run.count * count as u64, ..run })
        && known.is_none_or(|run| !is_few(bx.cx, &run))
    {
        let size = bx.mul(bx.const_usize(layout.size.bytes()), count);
        let is_raw = run.kind == Kind::Bytes && types::is_done_by_user(bx.cx);
        let kind = if is_raw { Kind::Either } else { run.kind };
        copy_bytes(bx, dst, src, size, kind, may_overlap);
    } else if !pieces.0.is_empty() {
        copy_elements(bx, dst, src, layout.size.bytes(), count, &pieces, may_overlap);
    }
    true
}

/// Copies one element after another: the last one first if otherwise a part of the source would be overwritten
/// before it is copied.
fn copy_elements<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    dst: Place<'ll>,
    src: Place<'ll>,
    stride: u64,
    count: &'ll Value,
    element: &Pieces<'tcx>,
    may_overlap: bool,
) {
    let ends = may_overlap.then(|| {
        let is_behind = bx.icmp(IntPredicate::IntUGT, dst.llval, src.llval);
        let last = bx.sub(count, bx.const_usize(1));
        (is_behind, last)
    });
    shadow::for_each_index(bx, count, |bx, index| {
        let index = match ends {
            Some((is_behind, last)) => {
                let from_end = bx.sub(last, index);
                bx.select(is_behind, from_end, index)
            }
            None => index,
        };
        let (dst, src) = (element_at(bx, dst, index, stride), element_at(bx, src, index, stride));
        copy_value(bx, dst, src, element, may_overlap);
    });
}

/// Copies one value, which may lie where it already is.
fn copy_value<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    dst: Place<'ll>,
    src: Place<'ll>,
    pieces: &Pieces<'tcx>,
    may_overlap: bool,
) {
    // What is copied scalar by scalar is all loaded before any of it is stored.
    let mut stores = vec![];
    for piece in &pieces.0 {
        match piece {
            Piece::Run(run) if is_few(bx.cx, run) => {
                for index in 0..run.count {
                    let offset = run.offset + index * run.scalar;
                    let src = at(bx, src, offset);
                    let value = bx.load(type_of(bx.cx, run), src.llval, src.align);
                    types::annotate(bx, value, Some(run.kind));
                    stores.push((offset, value));
                }
            }
            Piece::Run(run) => {
                let (dst, src) = (at(bx, dst, run.offset), at(bx, src, run.offset));
                let size = bx.const_usize(run.size());
                copy_bytes(bx, dst, src, size, run.kind, may_overlap);
            }
            Piece::Elements { offset, stride, count, element } => {
                let (dst, src) = (at(bx, dst, *offset), at(bx, src, *offset));
                let count = bx.const_usize(*count);
                copy_elements(bx, dst, src, *stride, count, element, may_overlap);
            }
            Piece::Variants { offset, layout, variants } => {
                let (dst, src) = (at(bx, dst, *offset), at(bx, src, *offset));
                for_each_variant(bx, [src, dst], *layout, variants, |bx, places, index, pieces| {
                    make_variant(bx, dst, *layout, index);
                    let [src, dst] = places;
                    copy_value(bx, dst, src, pieces, may_overlap);
                });
            }
        }
    }
    for (offset, value) in stores {
        let dst = at(bx, dst, offset);
        bx.store(value, dst.llval, dst.align);
    }
}

fn copy_bytes<'ll>(
    bx: &mut Builder<'_, 'll, '_>,
    dst: Place<'ll>,
    src: Place<'ll>,
    size: &'ll Value,
    kind: Kind,
    may_overlap: bool,
) {
    let build = if may_overlap { llvm::LLVMRustBuildMemMove } else { llvm::LLVMRustBuildMemCpy };
    let [dst_align, src_align] = [dst, src].map(|place| place.align.bytes() as c_uint);
    let copy =
        unsafe { build(bx.llbuilder, dst.llval, dst_align, src.llval, src_align, size, false) };
    types::annotate(bx, copy, Some(kind));
}

/// Fills `count` values of this layout with a byte. Returns false where nothing was filled: also where a float, or
/// what may be one, is filled with anything but zeros.
pub(crate) fn fill_values<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    dst: Place<'ll>,
    byte: &'ll Value,
    layout: TyAndLayout<'tcx>,
    count: &'ll Value,
) -> bool {
    if !types::wants_types(bx.cx) {
        return false;
    }
    let pieces = Pieces::of(bx.cx, layout);
    let has_float = pieces.any(|run| run.kind.is_float() || run.kind == Kind::Either);
    if !has_float {
        let only_bytes = !pieces.any(|run| !run.kind.may_be_anything(bx.cx));
        let kind = if only_bytes { Kind::Bytes } else { Kind::Integer };
        let size = bx.mul(bx.const_usize(layout.size.bytes()), count);
        fill_bytes(bx, dst, byte, size, kind);
        return true;
    }
    // Nobody can say which variant a value of zeros is, if any.
    if pieces.has_variants() || bx.const_to_opt_u128(byte, false) != Some(0) {
        return false;
    }
    if bx.const_to_opt_u128(count, false) == Some(1) {
        zero_value(bx, dst, &pieces, &|_| true);
    } else if let Some(run) = pieces.sole_run(layout.size) {
        let count = bx.mul(count, bx.const_usize(run.count));
        zero_scalars(bx, dst, &run, count);
    } else {
        zero_elements(bx, dst, layout.size.bytes(), count, &pieces, &|_| true);
    }
    true
}

/// Zeroes the floats of one value, and leaves the rest as it is.
pub(super) fn zero_floats<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    dst: Place<'ll>,
    pieces: &Pieces<'tcx>,
) {
    zero_value(bx, dst, pieces, &Kind::is_float);
}

/// Calls `body` for each of the `variants` where the value at the first of `places` is that one, with the pointers by
/// which that variant is accessed.
fn for_each_variant<'a, 'll, 'tcx, const N: usize>(
    bx: &mut Builder<'a, 'll, 'tcx>,
    places: [Place<'ll>; N],
    layout: TyAndLayout<'tcx>,
    variants: &[(VariantIdx, Pieces<'tcx>)],
    mut body: impl FnMut(&mut Builder<'a, 'll, 'tcx>, [Place<'ll>; N], VariantIdx, &Pieces<'tcx>),
) {
    let is_told_apart = variants.iter().any(|(_, pieces)| pieces.any(Run::wants_its_own_pointer));
    let variant = variants::variant(bx, places[0].with_type(layout));
    variants::for_each_variant(
        bx,
        layout,
        variant,
        |_| true,
        |bx, index| {
            let places = places.map(|place| {
                if !is_told_apart {
                    return place;
                }
                let llval = separate_pointer(bx, place.llval, Separate::Variant(index));
                PlaceValue { llval, ..place }
            });
            body(bx, places, index, &variants[index.as_usize()].1);
        },
    );
}

/// Zeroes what is of the kinds that are wanted.
fn zero_value<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    dst: Place<'ll>,
    pieces: &Pieces<'tcx>,
    is_wanted: &dyn Fn(Kind) -> bool,
) {
    for piece in &pieces.0 {
        match piece {
            Piece::Run(run) if is_wanted(run.kind) => zero_run(bx, dst, run),
            Piece::Run(_) => {}
            Piece::Elements { offset, stride, count, element } => {
                if element.any(|run| is_wanted(run.kind)) {
                    let (dst, count) = (at(bx, dst, *offset), bx.const_usize(*count));
                    zero_elements(bx, dst, *stride, count, element, is_wanted);
                }
            }
            Piece::Variants { offset, layout, variants } => {
                let dst = at(bx, dst, *offset);
                for_each_variant(bx, [dst], *layout, variants, |bx, [dst], _, pieces| {
                    zero_value(bx, dst, pieces, is_wanted);
                });
            }
        }
    }
}

fn zero_elements<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    dst: Place<'ll>,
    stride: u64,
    count: &'ll Value,
    element: &Pieces<'tcx>,
    is_wanted: &dyn Fn(Kind) -> bool,
) {
    shadow::for_each_index(bx, count, |bx, index| {
        let dst = element_at(bx, dst, index, stride);
        zero_value(bx, dst, element, is_wanted);
    });
}

fn zero_run<'ll>(bx: &mut Builder<'_, 'll, '_>, dst: Place<'ll>, run: &Run) {
    let dst = at(bx, dst, run.offset);
    let zero = bx.const_null(type_of(bx.cx, run));
    if run.count == 1 || (run.kind.is_float() && run.count <= FEW) {
        for index in 0..run.count {
            let dst = at(bx, dst, index * run.scalar);
            bx.store(zero, dst.llval, dst.align);
        }
    } else if run.kind.is_float() {
        let count = bx.const_usize(run.count);
        zero_scalars(bx, dst, run, count);
    } else {
        let (zero, size) = (bx.const_u8(0), bx.const_usize(run.size()));
        fill_bytes(bx, dst, zero, size, run.kind);
    }
}

/// Zeroes `count` scalars such as those of the run: not by a `memset`, of which LLVM may make the store of an
/// integer.
fn zero_scalars<'ll>(bx: &mut Builder<'_, 'll, '_>, dst: Place<'ll>, run: &Run, count: &'ll Value) {
    let zero = bx.const_null(type_of(bx.cx, run));
    shadow::for_each_index(bx, count, |bx, index| {
        let dst = element_at(bx, dst, index, run.scalar);
        bx.store(zero, dst.llval, dst.align);
    });
}

fn fill_bytes<'ll>(
    bx: &Builder<'_, 'll, '_>,
    dst: Place<'ll>,
    byte: &'ll Value,
    size: &'ll Value,
    kind: Kind,
) {
    let align = dst.align.bytes() as c_uint;
    let fill =
        unsafe { llvm::LLVMRustBuildMemSet(bx.llbuilder, dst.llval, align, byte, size, false) };
    types::annotate(bx, fill, Some(kind));
}

fn at<'ll>(bx: &mut Builder<'_, 'll, '_>, place: Place<'ll>, offset: u64) -> Place<'ll> {
    if offset == 0 {
        return place;
    }
    let llval = bx.inbounds_ptradd(place.llval, bx.const_usize(offset));
    PlaceValue::new_sized(llval, place.align.restrict_for_offset(Size::from_bytes(offset)))
}

fn element_at<'ll>(
    bx: &mut Builder<'_, 'll, '_>,
    place: Place<'ll>,
    index: &'ll Value,
    stride: u64,
) -> Place<'ll> {
    let offset = bx.unchecked_umul(index, bx.const_usize(stride));
    let llval = bx.inbounds_ptradd(place.llval, offset);
    PlaceValue::new_sized(llval, place.align.restrict_for_offset(Size::from_bytes(stride)))
}

/// Whether a run is copied scalar by scalar. Of bytes in which a float may lie, each alone would be none.
fn is_few(cx: &CodegenCx<'_, '_>, run: &Run) -> bool {
    run.count <= FEW && (!run.kind.may_be_anything(cx) || run.size() < LEAST_FLOAT)
}

fn type_of<'ll>(cx: &CodegenCx<'ll, '_>, run: &Run) -> &'ll Type {
    match run.kind {
        Kind::Pointer => cx.type_ptr(),
        Kind::Float(float) => cx.type_from_float(float),
        Kind::Integer | Kind::Bytes | Kind::Held | Kind::Either => cx.type_ix(run.scalar * 8),
    }
}
