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
use rustc_hir::def::DefKind;
use rustc_hir::def_id::DefId;
use rustc_hir::find_attr;
use rustc_middle::mono::inlined;
use rustc_middle::ty::layout::{HasTypingEnv, LayoutOf, TyAndLayout};
use rustc_middle::ty::{self, Instance, Ty, TyCtxt, TypeVisitableExt, TypingEnv};
use rustc_session::config::AutoDiff;
use rustc_span::sym;
use rustc_target::callconv::{ArgAbi, FnAbi, PassMode};

use super::copies::LEAST_FLOAT;
use super::dispatch::INACTIVE;
use super::pieces::{Kind, Pieces, Run};
use crate::attributes;
use crate::builder::Builder;
use crate::common::AsCCharPtr as _;
use crate::context::CodegenCx;
use crate::llvm::{self, Attribute, AttributeKind, AttributePlace, Metadata, Type, Value};

/// The name by which Enzyme knows the type (`getTypeFromTBAAString`), which is Clang's for it, or one that
/// `AutodiffTypes.cpp` knows.
pub(super) fn name(cx: &CodegenCx<'_, '_>, kind: Kind) -> &'static str {
    match kind {
        Kind::Held if !kind.may_be_anything(cx) => "long",
        Kind::Integer => "long",
        Kind::Pointer => "any pointer",
        Kind::Float(Float::F16) => "half",
        Kind::Float(Float::F32) => "float",
        Kind::Float(Float::F64) => "double",
        Kind::Float(Float::F128) => "fp128",
        Kind::Bytes => "u8",
        Kind::Held | Kind::Either => "bytes",
    }
}

/// Whether it is the standard library that has put into a union what is being accessed: of what its user has, nothing
/// is known.
pub(super) fn is_held_by_std(cx: &CodegenCx<'_, '_>) -> bool {
    let function = introduced_by(cx, |ty| ty.is_union());
    function.is_some_and(|function| is_of_std(cx, function.def_id()))
}

/// Whether it is the standard library that has chosen this type for what it does itself with values of type `known`, and
/// not who calls a function that is generic over it: it knows what is there.
///
/// Of two casts of a pointer, MIR optimizations make one. Where a function knows nothing of `known`, the first of them is
/// its caller's.
pub(super) fn is_chosen_by_std<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    chosen: Ty<'tcx>,
    known: Ty<'tcx>,
) -> bool {
    let function = innermost(cx, |function| {
        !is_of_std(cx, function.def_id())
            || function.args.types().all(|ty| element(ty) != chosen)
                && knows(&known_types(cx, function), known)
    });
    function.is_some_and(|function| is_of_std(cx, function.def_id()))
}

/// What a pointer to `pointee` that is being cast has been cast to before, see [`is_chosen_by_std`], if that is such a
/// type: where a function knows nothing of `pointee`, something that it is generic over, or takes.
pub(super) fn cast_before<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    pointee: Ty<'tcx>,
    mut is_wanted: impl FnMut(TyAndLayout<'tcx>) -> bool,
) -> Option<TyAndLayout<'tcx>> {
    let function = innermost(cx, |_| true)?;
    let known = known_types(cx, function);
    if knows(&known, pointee) {
        return None;
    }
    let sized = known.into_iter().filter(|ty| ty.is_sized(cx.tcx, cx.typing_env()));
    sized.map(|ty| cx.layout_of(ty)).find(|&layout| is_wanted(layout))
}

/// Whether it is a function of the standard library that is being generated, or has been inlined here.
pub(super) fn is_done_by_std(cx: &CodegenCx<'_, '_>) -> bool {
    innermost(cx, |_| true).is_some_and(|function| is_of_std(cx, function.def_id()))
}

/// Whether something in `ty` is one of the types that a function knows.
fn knows<'tcx>(known: &[Ty<'tcx>], ty: Ty<'tcx>) -> bool {
    ty.walk().filter_map(|part| part.as_type()).any(|part| known.contains(&part))
}

/// The types that a function is generic over, or takes, and what these are made of.
fn known_types<'tcx>(cx: &CodegenCx<'_, 'tcx>, function: Instance<'tcx>) -> Vec<Ty<'tcx>> {
    let mut parts: Vec<_> = function.args.iter().flat_map(|arg| arg.walk()).collect();
    if matches!(cx.tcx.def_kind(function.def_id()), DefKind::Fn | DefKind::AssocFn) {
        let sig = cx.tcx.fn_sig(function.def_id()).instantiate(cx.tcx, function.args);
        let sig = cx.tcx.normalize_erasing_late_bound_regions(cx.typing_env(), sig);
        parts.extend(sig.inputs().iter().flat_map(|input| input.walk()));
    }
    // What stands in a `dyn for<'a> Fn(&'a T)` is no type without that.
    let types = parts.into_iter().filter_map(|part| part.as_type());
    types.filter(|ty| !ty.has_escaping_bound_vars()).collect()
}

/// What an array or slice is of, or the type itself.
pub(super) fn element(ty: Ty<'_>) -> Ty<'_> {
    match *ty.kind() {
        ty::Slice(of) | ty::Array(of, _) => element(of),
        _ => ty,
    }
}

/// Whether it is a function that is not the standard library's in which pointers and bytes are being worked on, as those
/// of values of whatever type.
pub(super) fn is_done_by_user(cx: &CodegenCx<'_, '_>) -> bool {
    let is_tool = |function: Instance<'_>| {
        let path = cx.tcx.def_path(function.def_id());
        let module = path.data.first().and_then(|module| module.data.get_opt_name());
        cx.tcx.crate_name(path.krate) == sym::core
            && matches!(module, Some(sym::ptr | sym::intrinsics))
    };
    let function = innermost(cx, |function| !is_tool(function));
    !function.is_some_and(|function| is_of_std(cx, function.def_id()))
}

pub(super) fn is_of_std(cx: &CodegenCx<'_, '_>, def_id: DefId) -> bool {
    matches!(cx.tcx.crate_name(def_id.krate), sym::core | sym::alloc | sym::std)
}

/// The function in which such a type comes in, where code is being generated that works on values of it: the
/// innermost one that is not generic over that type.
fn introduced_by<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    is_wanted: impl Fn(Ty<'tcx>) -> bool,
) -> Option<Instance<'tcx>> {
    innermost(cx, |function| {
        let parts = function.args.iter().flat_map(|arg| arg.walk());
        !parts.filter_map(|part| part.as_type()).any(&is_wanted)
    })
}

/// The innermost such function of which code is being generated: the others have been inlined into the last.
fn innermost<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    is_wanted: impl Fn(Instance<'tcx>) -> bool,
) -> Option<Instance<'tcx>> {
    let (body, caller, scope) = cx.autodiff_scope.get()?;
    inlined(cx.tcx, body, caller, scope).chain([caller]).find(|&function| is_wanted(function))
}

/// Whether no derivative goes through a function, as it says itself.
pub(crate) fn is_inactive<'tcx>(tcx: TyCtxt<'tcx>, function: Instance<'tcx>) -> bool {
    find_attr!(tcx, function.def_id(), RustcAutodiffInactive)
        && function.args.types().all(|ty| brings_nothing(tcx, ty))
}

/// Whether a function that is generic over this type, and computes a value once, gets nothing by it that a derivative
/// goes through: neither what a closure has captured nor what can be changed later.
fn brings_nothing<'tcx>(tcx: TyCtxt<'tcx>, ty: Ty<'tcx>) -> bool {
    match ty.kind() {
        ty::Closure(_, args) => args
            .as_closure()
            .upvar_tys()
            .iter()
            .all(|ty| (ty.is_closure() && brings_nothing(tcx, ty)) || ty.is_fn()),
        _ => ty.is_freeze(tcx, TypingEnv::fully_monomorphized()),
    }
}

/// What says of a function, or a call, that no derivative goes through it, and that it leaves no memory behind that is to
/// be freed when Enzyme runs backwards. It is not inlined, so that it stays what this is said of.
pub(crate) fn inactive_attrs<'ll>(cx: &CodegenCx<'ll, '_>) -> [&'ll Attribute; 3] {
    [
        llvm::CreateAttrString(cx.llcx, INACTIVE),
        llvm::CreateAttrString(cx.llcx, "enzyme_no_escaping_allocation"),
        AttributeKind::NoInline.create_attr(cx.llcx),
    ]
}

/// Tells Enzyme of a call that is made in a function through which no derivative goes, but that has been inlined. Of what
/// a call returns, Enzyme would want to know more: those are left to it.
pub(crate) fn annotate_call<'ll, 'tcx>(
    bx: &Builder<'_, 'll, 'tcx>,
    fn_abi: &FnAbi<'tcx, Ty<'tcx>>,
    call: &'ll Value,
) {
    if wants_types(bx.cx)
        && fn_abi.ret.is_ignore()
        && innermost(bx.cx, |function| is_inactive(bx.tcx, function)).is_some()
    {
        attributes::apply_to_callsite(call, AttributePlace::Function, &inactive_attrs(bx.cx));
    }
}

/// What `AutodiffStatics.cpp` is told about a static: that no derivative goes through it, as it holds integers only, or
/// is a table that is computed once; or that the program may write floats to it, and there is no pointer in it.
pub(crate) fn kind_of_static<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    def_id: DefId,
) -> Option<&'static str> {
    let ty = cx.tcx.type_of(def_id).instantiate_identity();
    if let ty::Adt(def, args) = ty.kind()
        && find_attr!(cx.tcx, def.did(), RustcAutodiffInactive)
        && args.types().next().is_some_and(|ty| is_unchanging(cx.tcx, ty, &mut vec![]))
        && !is_computed_from_captures(cx, ty)
    {
        return Some("rustc.autodiff.table");
    }
    // A foreign one may have no size.
    let layout = cx.tcx.layout_of(cx.typing_env().as_query_input(ty)).ok()?;
    let pieces = Pieces::of(cx, layout);
    let may_be_float = |run: Run| match run.kind {
        Kind::Integer | Kind::Held | Kind::Pointer => false,
        Kind::Bytes => run.size() >= LEAST_FLOAT,
        Kind::Float(_) | Kind::Either => true,
    };
    // In a union there may be one that is not seen, but not in the bytes that a thread keeps for itself.
    let is_thread_local = cx.tcx.is_thread_local_static(def_id);
    let may_be_pointer = |run: Run| match run.kind {
        Kind::Integer | Kind::Held | Kind::Float(_) => false,
        Kind::Bytes => !is_thread_local && run.size() >= cx.tcx.data_layout.pointer_size().bytes(),
        Kind::Either => !is_thread_local,
        Kind::Pointer => true,
    };
    let is_written = is_thread_local
        || cx.tcx.is_mutable_static(def_id)
        || !ty.is_freeze(cx.tcx, cx.typing_env());
    if !pieces.any(|run| may_be_float(run) || run.kind == Kind::Pointer) {
        Some(INACTIVE)
    } else {
        // To a pointer, there is no shadow.
        (is_written && !pieces.any(may_be_pointer)).then_some("rustc.autodiff.scratch")
    }
}

/// Whether a method of `ty` is passed a closure that holds something, in what is differentiated. A `LazyLock` that is a
/// static has a function, but a `OnceLock` may be filled with a value that has a derivative.
fn is_computed_from_captures<'tcx>(cx: &CodegenCx<'_, 'tcx>, ty: Ty<'tcx>) -> bool {
    let is_of_ty = |function: DefId, args| {
        let of = cx.tcx.impl_of_assoc(function);
        of.is_some_and(|of| cx.tcx.type_of(of).instantiate(cx.tcx, args) == ty)
    };
    let holds_something = |arg: Ty<'tcx>| arg.is_closure() && !cx.layout_of(arg).is_zst();
    // The methods may have been inlined. The closure in which they call the other is there. One is enough, in whatever
    // order.
    #[allow(rustc::potential_query_instability)]
    let found = cx.instances.borrow().keys().any(|function| {
        let def_id = function.def_id();
        cx.tcx.is_closure_like(def_id)
            && is_of_ty(cx.tcx.typeck_root_def_id(def_id), function.args)
            && function.args.types().any(holds_something)
    });
    found
}

/// The access tag of a type: the root of a type system, the one type in it, and an access to it.
fn tag<'ll>(cx: &CodegenCx<'ll, '_>, kind: Kind) -> &'ll Metadata {
    let name = name(cx, kind);
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

/// Whether nothing that a value of this type holds or leads to can be changed by a shared reference to it.
fn is_unchanging<'tcx>(tcx: TyCtxt<'tcx>, ty: Ty<'tcx>, seen: &mut Vec<Ty<'tcx>>) -> bool {
    // What a type argument is used for nobody says: it may be what a pointer leads to.
    ty.walk().filter_map(|part| part.as_type()).all(|ty| {
        if seen.contains(&ty) {
            return true;
        }
        seen.push(ty);
        match *ty.kind() {
            ty::Adt(def, _) if def.is_unsafe_cell() => false,
            ty::Adt(def, args) => def.all_fields().all(|field| {
                let ty = field.ty(tcx, args);
                let ty = tcx.normalize_erasing_regions(TypingEnv::fully_monomorphized(), ty);
                is_unchanging(tcx, ty, seen)
            }),
            ty::Closure(_, args) => {
                args.as_closure().upvar_tys().iter().all(|ty| is_unchanging(tcx, ty, seen))
            }
            ty::Dynamic(..) | ty::Foreign(_) | ty::Coroutine(..) => false,
            _ => true,
        }
    })
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
    let name = name(cx, Pieces::of(cx, layout).sole_run(layout.size)?.kind);
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
    let may_be_float = |run: Run| run.kind.is_float() || run.kind.may_be_anything(bx.cx);
    if wants_types(bx.cx) && Pieces::of(bx.cx, layout).any(may_be_float) {
        annotate(bx, load, Some(Kind::Bytes));
    }
}
