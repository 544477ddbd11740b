//! The body of a derivative: a call of Enzyme's, made as the [`Plan`] says.

use rustc_abi::BackendRepr;
use rustc_ast::expand::typetree::{FncTree, TypeTree};
use rustc_codegen_ssa::mir::operand::{OperandRef, OperandValue};
use rustc_codegen_ssa::mir::place::PlaceRef;
use rustc_codegen_ssa::traits::*;
use rustc_hir::attrs::RustcAutodiff;
use rustc_hir::def_id::LOCAL_CRATE;
use rustc_middle::mir::ConstValue;
use rustc_middle::ty::layout::{FnAbiOf, LayoutOf};
use rustc_middle::ty::{self, Instance, Ty, typetree_from_ty};
use rustc_session::config::AutoDiff;
use rustc_span::Span;
use rustc_symbol_mangling::symbol_name_for_instance_in_crate;
use rustc_target::callconv::{FnAbi, PassMode};
use tracing::debug;

use super::plan::{Activity, Param, Passed, Plan};
use super::shadow::{self, NoGradient};
use super::{generate_enzyme_call, wrapper};
use crate::builder::Builder;
use crate::context::CodegenCx;
use crate::errors::{AutoDiffNotActive, AutoDiffUnsupportedAbi};
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
    let fn_abi = if own_abi.autodiff { own_abi.clone() } else { own_abi.to_autodiff_abi(cx) };
    let has_location = primal.def.requires_caller_location(tcx);
    let params = fn_abi.args.len() - usize::from(has_location);
    // `extern "rust-call"` functions take the elements of a tuple.
    if fn_abi.c_variadic || params != attrs.input_activity.len() {
        tcx.dcx().emit_err(AutoDiffUnsupportedAbi { span });
        return;
    }
    let primal_value = if own_abi.autodiff {
        cx.get_fn(primal)
    } else {
        wrapper::wrap(cx, &fn_abi, primal, own_abi)
    };
    let plan = Plan::new(&fn_abi, params, attrs);
    debug!(?primal, ?plan);
    if !active_values_have_gradients(cx, &plan, &fn_abi, span) {
        return;
    }

    let mut lowering = Lowering {
        args: in_memory(bx, args),
        dest,
        pieces: plan.pieces,
        enzyme_args: vec![],
        results: vec![],
    };
    lowering.ret(bx, &plan, &fn_abi);
    for (param, arg) in plan.params.iter().zip(&fn_abi.args) {
        lowering.param(bx, param, arg.layout.ty);
    }
    if has_location {
        let location = caller_location(cx, span);
        lowering.constant(cx, location);
    }

    let types = type_trees(cx, &fn_abi);
    if !types.args.is_empty() || !types.ret.0.is_empty() {
        crate::typetree::add_tt(cx.llmod, cx.llcx, primal_value, types);
    }
    let symbol = symbol_name_for_instance_in_crate(tcx, derivative, LOCAL_CRATE);
    let result_ty = lowering.result_type(bx, &plan);
    let enzyme_args = &lowering.enzyme_args;
    let result =
        generate_enzyme_call(bx, cx, primal_value, &symbol, result_ty, enzyme_args, attrs.mode);
    lowering.store(bx, result);
}

/// Reports what is `Active` and has no gradient; Enzyme would answer zero, or something else.
fn active_values_have_gradients<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    plan: &Plan,
    fn_abi: &FnAbi<'tcx, Ty<'tcx>>,
    span: Span,
) -> bool {
    let params = plan.params.iter().zip(&fn_abi.args).filter(|(param, _)| param.gradient.is_some());
    let ret = plan.ret.seed.map(|_| &fn_abi.ret);
    let mut all = true;
    for arg in params.map(|(_, arg)| arg).chain(ret) {
        let Err(reason) = shadow::check(cx, arg.layout) else { continue };
        let reason = match reason {
            NoGradient::NoFloat => "no float is part of it",
            NoGradient::Pointer => "its gradient would be added to the data that it points to",
            NoGradient::FloatOrNot => "its floats share memory with something else",
        };
        cx.tcx.dcx().emit_err(AutoDiffNotActive { span, ty: arg.layout.ty, reason });
        all = false;
    }
    all
}

struct Lowering<'ll, 'tcx> {
    /// The tuple of the derivative's arguments.
    args: PlaceRef<'tcx, &'ll Value>,
    /// What the derivative returns, of which there are so many pieces.
    dest: PlaceRef<'tcx, &'ll Value>,
    pieces: usize,
    /// What Enzyme is called with, after the primal.
    enzyme_args: Vec<&'ll Value>,
    /// The pieces that Enzyme returns, and the types that it returns them with.
    results: Vec<(usize, &'ll Type)>,
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

    fn ret(
        &mut self,
        bx: &mut Builder<'_, 'll, 'tcx>,
        plan: &Plan,
        fn_abi: &FnAbi<'tcx, Ty<'tcx>>,
    ) {
        let (cx, ret) = (bx.cx, &plan.ret);
        if ret.passed == Passed::Direct || ret.passed == Passed::WidePointer {
            if ret.activity == Activity::Const {
                self.marker(cx, "enzyme_const_return");
            }
            if ret.primal.is_some() {
                self.marker(cx, "enzyme_primal_return");
            }
            let ty = fn_abi.ret.layout.immediate_llvm_type(cx);
            let pieces = ret.primal.into_iter().chain(ret.tangents.clone());
            self.results.extend(pieces.map(|index| (index, ty)));
        }
        if plan.width > 1 {
            self.marker(cx, "enzyme_width");
            self.enzyme_args.push(cx.get_const_int(cx.type_i64(), plan.width as u64));
        }
        if ret.passed == Passed::Indirect {
            let value = match ret.primal {
                Some(primal) => self.piece(bx, primal),
                None => PlaceRef::alloca(bx, fn_abi.ret.layout),
            };
            self.activity(bx, ret.activity);
            self.enzyme_args.push(value.val.llval);
            // In reverse mode, the seed is where the shadow starts.
            if let Some(index) = ret.seed {
                let seed = self.args.project_field(bx, index);
                let seed = copy(bx, seed);
                self.enzyme_args.push(seed.val.llval);
            }
            for index in ret.tangents.clone() {
                let tangent = self.piece(bx, index);
                self.enzyme_args.push(tangent.val.llval);
            }
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
        for index in param.shadows.clone() {
            let place = self.args.project_field(bx, index);
            let (shadow, _) = load(bx, place, param.passed);
            self.enzyme_args.push(shadow);
        }
        if let Some(gradient) = param.gradient {
            if param.passed == Passed::Indirect {
                let gradient = self.piece(bx, gradient);
                shadow::init(bx, place, gradient);
                self.enzyme_args.push(gradient.val.llval);
            } else {
                self.results.push((gradient, place.layout.immediate_llvm_type(bx.cx)));
            }
        }
        if let Some(metadata) = metadata {
            self.constant(bx.cx, metadata);
        }
    }

    /// What Enzyme returns: one value as itself, tangents computed side by side as an array, and anything
    /// else as a struct, without padding and in the order of the pieces.
    fn result_type(&self, bx: &Builder<'_, 'll, 'tcx>, plan: &Plan) -> &'ll Type {
        match *self.results {
            [] => bx.type_void(),
            [(_, ty)] => ty,
            [(_, ty), ..] if plan.width > 1 && !plan.ret.tangents.is_empty() => {
                bx.type_array(ty, self.results.len() as u64)
            }
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

/// A copy for the primal, or Enzyme, to write to.
///
/// MIR optimizations may have made one tuple of arguments serve several derivatives.
fn copy<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    place: PlaceRef<'tcx, &'ll Value>,
) -> PlaceRef<'tcx, &'ll Value> {
    let copy = PlaceRef::alloca(bx, place.layout);
    bx.typed_place_copy(copy.val, place.val, place.layout);
    copy
}

/// The value as the primal takes it, and the metadata of a wide pointer.
fn load<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    place: PlaceRef<'tcx, &'ll Value>,
    passed: Passed,
) -> (&'ll Value, Option<&'ll Value>) {
    match passed {
        Passed::Indirect => (copy(bx, place).val.llval, None),
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

/// What lies in memory behind the LLVM parameters of a primal.
fn type_trees<'tcx>(cx: &CodegenCx<'_, 'tcx>, fn_abi: &FnAbi<'tcx, Ty<'tcx>>) -> FncTree {
    let tcx = cx.tcx;
    let mut types = FncTree { args: vec![], ret: TypeTree::new() };
    if tcx.sess.opts.unstable_opts.autodiff.contains(&AutoDiff::NoTT) {
        return types;
    }
    let in_memory = |ty| Ty::new_imm_ref(tcx, tcx.lifetimes.re_erased, ty);
    match fn_abi.ret.mode {
        PassMode::Ignore => {}
        PassMode::Indirect { .. } => {
            types.args.push(typetree_from_ty(tcx, in_memory(fn_abi.ret.layout.ty)));
        }
        _ => types.ret = typetree_from_ty(tcx, fn_abi.ret.layout.ty),
    }
    for arg in &fn_abi.args {
        match arg.mode {
            PassMode::Ignore => {}
            PassMode::Indirect { .. } => {
                types.args.push(typetree_from_ty(tcx, in_memory(arg.layout.ty)));
            }
            PassMode::Pair(..) => {
                types.args.extend([typetree_from_ty(tcx, arg.layout.ty), TypeTree::new()]);
            }
            _ => types.args.push(typetree_from_ty(tcx, arg.layout.ty)),
        }
    }
    types
}
