//! The body of a derivative: a call of Enzyme's, made as the [`Plan`] says.

use rustc_abi::BackendRepr;
use rustc_ast::expand::autodiff_attrs::DiffActivity;
use rustc_codegen_ssa::MemFlags;
use rustc_codegen_ssa::mir::operand::{OperandRef, OperandValue};
use rustc_codegen_ssa::mir::place::PlaceRef;
use rustc_codegen_ssa::traits::*;
use rustc_hir::attrs::RustcAutodiff;
use rustc_hir::def_id::LOCAL_CRATE;
use rustc_middle::mir::ConstValue;
use rustc_middle::ty::layout::{FnAbiOf, HasTypingEnv, LayoutOf, TyAndLayout};
use rustc_middle::ty::print::with_no_trimmed_paths;
use rustc_middle::ty::{self, Instance, Ty};
use rustc_session::config::AutoDiff;
use rustc_span::Span;
use rustc_symbol_mangling::symbol_name_for_instance_in_crate;
use rustc_target::callconv::FnAbi;
use tracing::debug;

use super::plan::{Activity, Param, Passed, Plan};
use super::shadow::{self, NoGradient};
use super::shapes::Shapes;
use super::{adapter, generate_enzyme_call, promises};
use crate::builder::Builder;
use crate::context::CodegenCx;
use crate::errors::{AutoDiffActivityUnfit, AutoDiffUnsupportedAbi};
use crate::llvm::{Type, Value};
use crate::type_of::LayoutLlvmExt;

/// Generates the body of `derivative`, the derivative of `primal`.
///
/// `args` is the tuple of the derivative's arguments, `dest` takes what it returns, and `span` is where
/// it was asked for.
pub(crate) fn codegen_derivative<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    primal: Instance<'tcx>,
    derivative: Instance<'tcx>,
    attrs: &RustcAutodiff,
    args: OperandRef<'tcx, &'ll Value>,
    dest: PlaceRef<'tcx, &'ll Value>,
    span: Span,
) {
    let cx = bx.cx;
    let tcx = cx.tcx;
    let own_abi = cx.fn_abi_of_instance(primal, ty::List::empty());
    let fn_abi = adapter::abi(cx, own_abi);
    let has_location = primal.def.requires_caller_location(tcx);
    let params = fn_abi.args.len() - usize::from(has_location);
    // `extern "rust-call"` functions take the elements of a tuple.
    if fn_abi.c_variadic || params != attrs.input_activity.len() {
        tcx.dcx().emit_err(AutoDiffUnsupportedAbi { span });
        return;
    }
    let plan = Plan::new(&fn_abi, params, attrs);
    debug!(?primal, ?plan);
    if tcx.sess.opts.unstable_opts.autodiff.contains(&AutoDiff::PrintPlan) {
        with_no_trimmed_paths!(eprint!("{derivative}, a derivative of {primal}: {plan}"));
    }
    // Whether safe code may call it, so that nobody has promised anything.
    let is_safe = tcx.fn_sig(derivative.def_id()).skip_binder().safety().is_safe();
    if !activities_fit_types(cx, &plan, &fn_abi, attrs, args.layout, is_safe) {
        return;
    }

    let args = in_memory(bx, args);
    let shapes = Shapes::check(bx, &plan, derivative, args, attrs.mode.is_rev(), is_safe);
    let mut lowering = Lowering {
        args,
        dest,
        pieces: plan.pieces,
        enzyme_args: vec![],
        results: vec![],
        slots: vec![],
    };
    let layout = fn_abi.ret.layout;
    let is_seeded = plan.ret.seed.is_some() && shadow::wants_variant_of_seed(cx, layout);
    lowering.ret(bx, &plan, layout, is_seeded);
    for (param, arg) in plan.params.iter().zip(&fn_abi.args) {
        lowering.param(bx, param, arg.layout.ty);
    }
    if has_location {
        let location = caller_location(cx, span);
        lowering.constant(cx, location);
    }

    let adapter = adapter::define(cx, &fn_abi, primal, own_abi, is_seeded);
    let symbol = symbol_name_for_instance_in_crate(tcx, derivative, LOCAL_CRATE);
    let result_ty = lowering.result_type(bx);
    let enzyme_args = &lowering.enzyme_args;
    let result = generate_enzyme_call(bx, cx, adapter, &symbol, result_ty, enzyme_args, attrs.mode);
    lowering.store(bx, result);
    shapes.check_owners(bx);
}

/// Reports activities that values of their type cannot have; Enzyme would answer zero, or something else.
fn activities_fit_types<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    plan: &Plan,
    fn_abi: &FnAbi<'tcx, Ty<'tcx>>,
    attrs: &RustcAutodiff,
    args: TyAndLayout<'tcx>,
    is_safe: bool,
) -> bool {
    let mut fit = true;
    let is_reverse = attrs.mode.is_rev();
    for (i, (param, arg)) in plan.params.iter().zip(&fn_abi.args).enumerate() {
        let (activity, span) = (attrs.input_activity[i], attrs.input_spans[i]);
        let (layout, ty) = (arg.layout, arg.layout.ty);
        let mut shadows = param.shadows.clone();
        let is_read_only = shadows.any(|index| is_read_only(cx, args.field(cx, index).ty));
        let has_gradient = param.gradient.is_some();
        let mut fits = fits(cx, layout, activity, attrs.width, has_gradient, has_gradient);
        if is_reverse && is_read_only {
            fits = fits.and(Err(NoGradient::SharedShadow));
        }
        if let Err(reason) = fits {
            report_unfit(cx, ty, activity, reason, span);
            fit = false;
        } else if is_safe && !param.shadows.is_empty() {
            let is_strided = matches!(param.activity, Activity::Strided { .. });
            let unchecked = promises::unchecked(cx, ty, is_reverse, is_strided);
            if let Some(promises::Unchecked { part, reason }) = unchecked {
                let activity = activity.to_string();
                cx.tcx.dcx().emit_err(promises::AutoDiffUnchecked { span, ty, activity, part, reason });
                fit = false;
            }
        }
    }
    let (layout, activity) = (fn_abi.ret.layout, attrs.ret_activity);
    let (has_gradient, has_tangent) = (plan.ret.seed.is_some(), !plan.ret.tangents.is_empty());
    let fits = fits(cx, layout, activity, attrs.width, has_gradient, has_tangent);
    if let Err(reason) = fits {
        report_unfit(cx, layout.ty, activity, reason, attrs.ret_span);
        fit = false;
    }
    fit
}

/// `is_returned` is whether the derivative returns a second value of the type, a gradient or a tangent.
fn fits<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    layout: TyAndLayout<'tcx>,
    activity: DiffActivity,
    width: u32,
    has_gradient: bool,
    is_returned: bool,
) -> Result<(), NoGradient> {
    use DiffActivity::*;
    let pointee = layout.ty.builtin_deref(true);
    match activity {
        Const | None => Ok(()),
        Dualv | DualvOnly if !layout.ty.is_raw_ptr() && !pointee.is_some_and(Ty::is_slice) => {
            Err(NoGradient::NoSlice)
        }
        Duplicated | DuplicatedOnly if pointee.is_none() => Err(NoGradient::Value),
        _ if width > 1 && shadow::holds_trait_object(cx, layout.ty) => Err(NoGradient::TraitObject),
        _ if has_gradient => shadow::check(cx, layout),
        _ => shadow::check_reachable(cx, layout.ty, 4),
    }?;
    let is_doubled = is_returned && shadow::is_single(cx, layout);
    if is_doubled { Err(NoGradient::Dropped) } else { Ok(()) }
}

fn report_unfit<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    ty: Ty<'tcx>,
    activity: DiffActivity,
    reason: NoGradient,
    span: Span,
) {
    let (reason, help) = reason.reason_and_help();
    let activity = activity.to_string();
    cx.tcx.dcx().emit_err(AutoDiffActivityUnfit { span, ty, activity, reason, help });
}

/// Whether this is a reference through which nothing can be written.
pub(super) fn is_read_only<'tcx>(cx: &CodegenCx<'_, 'tcx>, ty: Ty<'tcx>) -> bool {
    matches!(*ty.kind(), ty::Ref(_, pointee, ty::Mutability::Not)
        if pointee.is_freeze(cx.tcx, cx.typing_env()))
}

struct Lowering<'ll, 'tcx> {
    /// The tuple of the derivative's arguments.
    args: PlaceRef<'tcx, &'ll Value>,
    /// What the derivative returns, of which there are so many pieces.
    dest: PlaceRef<'tcx, &'ll Value>,
    pieces: usize,
    /// What Enzyme is called with, after the primal.
    enzyme_args: Vec<&'ll Value>,
    /// The gradients that Enzyme returns, as pieces of the result, and the types that it returns them with.
    results: Vec<(usize, &'ll Type)>,
    /// The gradients that Enzyme adds up in memory.
    slots: Vec<(usize, PlaceRef<'tcx, &'ll Value>)>,
}

impl<'ll, 'tcx> Lowering<'ll, 'tcx> {
    fn marker(&mut self, cx: &CodegenCx<'ll, 'tcx>, name: &str) {
        self.enzyme_args.push(cx.declare_global(name, cx.type_ptr()));
    }

    fn constant(&mut self, cx: &CodegenCx<'ll, 'tcx>, value: &'ll Value) {
        self.marker(cx, "enzyme_const");
        self.enzyme_args.push(value);
    }

    fn piece(&self, bx: &mut Builder<'_, 'll, 'tcx>, index: usize) -> PlaceRef<'tcx, &'ll Value> {
        if self.pieces == 1 { self.dest } else { self.dest.project_field(bx, index) }
    }

    /// If `is_seeded`, the adapter finds the seed where it is to write what is returned.
    fn ret(
        &mut self,
        bx: &mut Builder<'_, 'll, 'tcx>,
        plan: &Plan,
        layout: TyAndLayout<'tcx>,
        is_seeded: bool,
    ) {
        let (cx, ret) = (bx.cx, &plan.ret);
        // What is constant may lie in memory beside what is not, in a closure or an iterator. Its shadow
        // there is itself, by which Enzyme is to know it as the program runs.
        self.marker(cx, "enzyme_runtime_activity");
        if plan.width > 1 {
            self.marker(cx, "enzyme_width");
            self.enzyme_args.push(cx.get_const_int(cx.type_i64(), plan.width as u64));
        }
        if ret.is_ignored {
            return;
        }
        let value = match ret.primal {
            Some(primal) => self.piece(bx, primal),
            None => PlaceRef::alloca(bx, layout),
        };
        self.activity(bx, ret.activity);
        self.enzyme_args.push(value.val.llval);
        // In reverse mode, the seed is where each shadow starts.
        if let Some(index) = ret.seed {
            let seed = self.args.project_field(bx, index);
            if is_seeded {
                bx.typed_place_copy(value.val, seed.val, layout);
            }
            for _ in 0..plan.width {
                let shadow = shadow::seed(bx, seed);
                self.enzyme_args.push(shadow.val.llval);
            }
        }
        for index in ret.tangents.clone() {
            let tangent = self.piece(bx, index);
            // Of a call that nothing active goes into, Enzyme writes no tangent.
            let (zero, one) = (bx.const_u8(0), bx.const_usize(1));
            if !bx.fill_values(tangent.val, zero, layout, one) {
                let size = bx.const_usize(layout.size.bytes());
                bx.memset(tangent.val.llval, zero, size, tangent.val.align, MemFlags::empty());
            }
            self.enzyme_args.push(tangent.val.llval);
        }
    }

    fn activity(&mut self, bx: &Builder<'_, 'll, 'tcx>, activity: Activity) {
        let name = match activity {
            Activity::Const => "enzyme_const",
            Activity::Out => "enzyme_out",
            Activity::Dup { only: false } => "enzyme_dup",
            Activity::Dup { only: true } => "enzyme_dupnoneed",
            Activity::Strided { only: false } => "enzyme_dupv",
            Activity::Strided { only: true } => "enzyme_dupnoneedv",
        };
        self.marker(bx.cx, name);
    }

    fn param(&mut self, bx: &mut Builder<'_, 'll, 'tcx>, param: &Param, ty: Ty<'tcx>) {
        if param.passed == Passed::Ignored {
            return;
        }
        let place = self.args.project_field(bx, param.value);
        let (value, metadata) = load(bx, place, param.passed);
        self.activity(bx, param.activity);
        if let Activity::Strided { .. } = param.activity {
            let stride = size_of_pointee(bx, ty, metadata);
            self.enzyme_args.push(stride);
        }
        self.enzyme_args.push(value);
        let mut shadow_metadata = vec![];
        for index in param.shadows.clone() {
            let place = self.args.project_field(bx, index);
            let (shadow, metadata) = load(bx, place, param.passed);
            self.enzyme_args.push(shadow);
            shadow_metadata.extend(metadata);
        }
        if let Some(gradient) = param.gradient {
            if param.passed == Passed::Indirect {
                // Not where it is returned: LLVM keeps in registers what nobody else can see.
                let slot = PlaceRef::alloca(bx, place.layout);
                shadow::init(bx, place, slot);
                self.enzyme_args.push(slot.val.llval);
                self.slots.push((gradient, slot));
            } else {
                self.results.push((gradient, place.layout.immediate_llvm_type(bx.cx)));
            }
        }
        match metadata {
            // Whether it is of the type of the shadow's data is found out where a method is called.
            Some(vtable)
                if bx.cx.val_ty(vtable) == bx.cx.type_ptr() && param.shadows.len() == 1 =>
            {
                self.marker(bx.cx, "enzyme_dup");
                self.enzyme_args.extend([vtable, shadow_metadata[0]]);
            }
            Some(metadata) => self.constant(bx.cx, metadata),
            None => {}
        }
    }

    /// What Enzyme returns: one gradient as itself, and several as a struct without padding.
    fn result_type(&self, bx: &Builder<'_, 'll, 'tcx>) -> &'ll Type {
        match *self.results {
            [] => bx.type_void(),
            [(_, ty)] => ty,
            _ => {
                let types: Vec<_> = self.results.iter().map(|&(_, ty)| ty).collect();
                bx.cx.type_struct(&types, false)
            }
        }
    }

    fn store(&self, bx: &mut Builder<'_, 'll, 'tcx>, result: &'ll Value) {
        for (i, &(index, _)) in (0..).zip(&self.results) {
            let value = if self.results.len() == 1 { result } else { bx.extract_value(result, i) };
            let piece = self.piece(bx, index);
            OperandRef::from_immediate_or_packed_pair(bx, value, piece.layout).val.store(bx, piece);
        }
        for &(index, slot) in &self.slots {
            let piece = self.piece(bx, index);
            bx.typed_place_copy(piece.val, slot.val, slot.layout);
        }
    }
}

fn in_memory<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    operand: OperandRef<'tcx, &'ll Value>,
) -> PlaceRef<'tcx, &'ll Value> {
    if let OperandValue::Ref(place) = operand.val {
        return place.with_type(operand.layout);
    }
    let place = PlaceRef::alloca(bx, operand.layout);
    operand.val.store(bx, place);
    place
}

/// The value as the primal takes it, and the metadata of a wide pointer.
fn load<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    place: PlaceRef<'tcx, &'ll Value>,
    passed: Passed,
) -> (&'ll Value, Option<&'ll Value>) {
    match passed {
        // The primal may write to it, and MIR optimizations may have made one tuple of arguments serve
        // several derivatives.
        Passed::Indirect => (shadow::copy(bx, place).val.llval, None),
        Passed::Direct | Passed::WidePointer => match bx.load_operand(place).val {
            OperandValue::Immediate(value) => (value, None),
            OperandValue::Pair(value, metadata) => (value, Some(metadata)),
            other => unreachable!("{other:?} is not passed in registers"),
        },
        Passed::Ignored => unreachable!("nothing is passed"),
    }
}

/// How far apart the shadows of what a reference points to lie, in bytes.
fn size_of_pointee<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    ty: Ty<'tcx>,
    metadata: Option<&'ll Value>,
) -> &'ll Value {
    let pointee = ty.builtin_deref(true).unwrap_or(ty);
    match (pointee.kind(), metadata) {
        (&ty::Slice(element), Some(length)) => {
            let size = bx.const_usize(bx.layout_of(element).size.bytes());
            bx.mul(size, length)
        }
        _ => bx.const_usize(bx.layout_of(pointee).size.bytes()),
    }
}

/// The location that a `#[track_caller]` primal sees as its caller's.
fn caller_location<'ll, 'tcx>(cx: &CodegenCx<'ll, 'tcx>, span: Span) -> &'ll Value {
    let layout = cx.layout_of(cx.tcx.caller_location_ty());
    let (BackendRepr::Scalar(scalar), ConstValue::Scalar(value)) =
        (layout.backend_repr, cx.tcx.span_as_caller_location(span))
    else {
        unreachable!("a caller location is a thin pointer")
    };
    cx.scalar_to_backend(value, scalar, layout.immediate_llvm_type(cx))
}
