//! What Enzyme is told about the types of values in memory.
//!
//! In LLVM IR memory has no types, and a float may be copied as an integer. Enzyme has to know which it is:
//! the derivative of an integer is zero. So each access in the slice says what it moves. Where its LLVM type does
//! not tell, the metadata for type-based alias analysis does, by which Clang tells Enzyme, and which the passes
//! before Enzyme keep when they merge, move and split accesses. So that LLVM draws no conclusion from it (in
//! Rust, accesses of different types may alias), each type here is in a type system of its own: between
//! those, `TypeBasedAAResult` never says that two accesses do not alias.
//!
//! Enzyme draws no conclusion from one access about another either (`EnzymeStrictAliasing` is off).

use rustc_abi::{Float, Scalar, Size};
use rustc_codegen_ssa::common::TypeKind;
use rustc_codegen_ssa::traits::*;
use rustc_middle::ty::layout::{HasTypingEnv, LayoutOf, TyAndLayout};
use rustc_middle::ty::{self, Ty};
use rustc_session::config::AutoDiff;
use rustc_target::callconv::{ArgAbi, PassMode};

use super::pieces::{Kind, Pieces};
use crate::builder::Builder;
use crate::common::AsCCharPtr as _;
use crate::context::CodegenCx;
use crate::llvm::{self, Attribute, Metadata, Type, Value};

/// The name by which Enzyme knows the type (`getTypeFromTBAAString`), which is Clang's for it, or one that
/// `AutodiffTypes.cpp` knows.
fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer => "long",
        Kind::Pointer => "any pointer",
        Kind::Float(Float::F16) => "half",
        Kind::Float(Float::F32) => "float",
        Kind::Float(Float::F64) => "double",
        Kind::Float(Float::F128) => "fp128",
        Kind::Bytes | Kind::Either => "bytes",
    }
}

/// The access tag of a type: the root of a type system, the one type in it, and an access to it.
fn tag<'ll>(cx: &CodegenCx<'ll, '_>, kind: Kind) -> &'ll Metadata {
    let name = name(kind);
    let string = |text: &str| unsafe {
        llvm::LLVMMDStringInContext2(cx.llcx, text.as_c_char_ptr(), text.len())
    };
    let zero = llvm::LLVMValueAsMetadata(cx.const_u64(0));
    let root = cx.md_node_in_context(&[string(&format!("Rust {name}"))]);
    let ty = cx.md_node_in_context(&[string(name), root, zero]);
    cx.md_node_in_context(&[ty, ty, zero])
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
    // Of a single byte, Enzyme knows that it is no float.
    if wants_types(bx.cx) && scalar.size(bx.cx).bytes() > 1 {
        annotate(bx, load, kind_at(bx.cx, scalar, layout, offset));
    }
}

/// What the `scalar` at an offset in a value of this layout is, if that is certain. In some enums, an integer of
/// the size of a pointer may be one.
fn kind_at<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    scalar: Scalar,
    layout: TyAndLayout<'tcx>,
    offset: Size,
) -> Option<Kind> {
    let kind = Kind::of(cx, scalar);
    if kind.is_float() || kind == Kind::Pointer {
        return Some(kind);
    }
    let (start, end) = (offset.bytes(), (offset + scalar.size(cx)).bytes());
    let mut found = None;
    let mut is_certain = true;
    Pieces::of(cx, layout).for_each_run(0, &mut |run| {
        if run.offset < end && start < run.offset + run.size() {
            is_certain &= found.is_none_or(|found| found == run.kind);
            found = Some(run.kind);
        }
    });
    found.filter(|_| is_certain)
}

/// Tells Enzyme what an access to memory moves.
pub(super) fn annotate<'ll>(bx: &Builder<'_, 'll, '_>, access: &'ll Value, kind: Option<Kind>) {
    if let Some(kind) = kind
        // That of a load follows from the type of the value.
        && !(kind == Kind::Pointer && bx.val_ty(access) == bx.cx.type_ptr())
    {
        bx.cx.set_metadata(access, llvm::MD_tbaa, tag(bx.cx, kind));
    }
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
    let name = name(Pieces::of(cx, layout).sole_run(layout.size)?.kind);
    wants_types(cx).then(|| llvm::CreateAttrStringValue(cx.llcx, "rustc.autodiff.pointee", name))
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
    let run = Pieces::of(cx, layout).sole_run(layout.size)?;
    let Kind::Float(float) = run.kind else { return None };
    Some(cx.type_vector(cx.type_from_float(float), run.count))
}

/// Tells Enzyme of `load`, of an integer that an ordinary function takes or returns a value as, that there
/// may be floats in it.
pub(crate) fn annotate_packed<'ll, 'tcx>(
    bx: &Builder<'_, 'll, 'tcx>,
    load: &'ll Value,
    layout: TyAndLayout<'tcx>,
) {
    let may_be_float = |kind| matches!(kind, Kind::Float(_) | Kind::Bytes | Kind::Either);
    if wants_types(bx.cx) && Pieces::of(bx.cx, layout).any(|run| may_be_float(run.kind)) {
        annotate(bx, load, Some(Kind::Bytes));
    }
}
