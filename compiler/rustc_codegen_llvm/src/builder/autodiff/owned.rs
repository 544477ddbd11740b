//! Whether a primal has left memory that it allocated with its caller, in place of what was there before. The
//! gradient of a `Vec` that grows is where that was before, and freed with it when the derivative ends.

use rustc_abi::{BackendRepr, FieldsShape, Primitive, Variants};
use rustc_ast::expand::autodiff_attrs::DiffMode;
use rustc_codegen_ssa::common::IntPredicate;
use rustc_codegen_ssa::mir::operand::OperandValue;
use rustc_codegen_ssa::mir::place::PlaceRef;
use rustc_codegen_ssa::traits::*;
use rustc_middle::ty::layout::{HasTypingEnv, LayoutOf, TyAndLayout};
use rustc_middle::ty::print::with_no_trimmed_paths;
use rustc_middle::ty::{self, Instance, Ty};

use super::dispatch::stop;
use super::plan::{Activity, Param, Passed, Plan};
use super::{shadow, shapes};
use crate::builder::Builder;
use crate::context::CodegenCx;
use crate::llvm::Value;

/// How many elements of an array are looked at one by one.
const FEW: u64 = 8;

/// The pointers to memory that the caller owns and that a primal can exchange, as they are before it runs.
pub(super) struct Owned<'ll, 'tcx> {
    /// The parameters that lead to them.
    params: Vec<PlaceRef<'tcx, &'ll Value>>,
    /// Where each of those is that are always there, and what it is.
    direct: Vec<(PlaceRef<'tcx, &'ll Value>, &'ll Value)>,
    /// What all others at the end of so many pointers add up to, see [`add`].
    sums: Vec<(usize, &'ll Value)>,
}

impl<'ll, 'tcx> Owned<'ll, 'tcx> {
    /// `args` are the arguments of the derivative.
    pub(super) fn by(
        bx: &mut Builder<'_, 'll, 'tcx>,
        plan: &Plan,
        args: PlaceRef<'tcx, &'ll Value>,
        mode: DiffMode,
    ) -> Self {
        let mut owned = Owned { params: vec![], direct: vec![], sums: vec![] };
        if mode != DiffMode::Reverse {
            return owned;
        }
        // Of what is `Const`, no gradient can be lost.
        let has_shadow =
            |param: &&Param| param.passed != Passed::Ignored && param.activity != Activity::Const;
        for param in plan.params.iter().filter(has_shadow) {
            let value = args.project_field(bx, param.value);
            // What is passed by value is the primal's own.
            if !value.layout.ty.needs_drop(bx.cx.tcx, bx.cx.typing_env()) {
                owned.params.push(value);
            }
        }
        for left in 1..=shapes::DEPTH {
            for &param in &owned.params {
                walk(bx, param, Way::new(left), &mut Found::Direct(&mut owned.direct));
            }
            if let Some(sum) = owned.sum(bx, left) {
                owned.sums.push((left, sum));
            }
        }
        owned
    }

    fn sum(&self, bx: &mut Builder<'_, 'll, 'tcx>, left: usize) -> Option<&'ll Value> {
        let cx = bx.cx;
        let way = Way::new(left);
        if !self.params.iter().any(|param| leads_to(cx, param.layout, way, false)) {
            return None;
        }
        let sum = PlaceRef::alloca(bx, cx.layout_of(cx.tcx.types.u64));
        bx.store(cx.const_u64(0), sum.val.llval, sum.val.align);
        for &param in &self.params {
            walk(bx, param, way, &mut Found::Other(sum));
        }
        Some(bx.load(cx.type_i64(), sum.val.llval, sum.val.align))
    }

    /// Stops the program if there are other pointers than before. Of those that are always there, any may be
    /// gone; of the others, none or all.
    pub(super) fn check(&self, bx: &mut Builder<'_, 'll, 'tcx>, primal: Instance<'tcx>) {
        let cx = bx.cx;
        let name = with_no_trimmed_paths!(cx.tcx.def_path_str(primal.def_id()));
        for &(place, _) in &self.direct {
            let now = pointer(bx, place);
            let is_memory = is_memory(bx, now);
            let mut is_known = bx.not(is_memory);
            for &(_, before) in &self.direct {
                let is_this = bx.icmp(IntPredicate::IntEQ, now, before);
                is_known = bx.or(is_known, is_this);
            }
            let ty = with_no_trimmed_paths!(place.layout.ty.to_string());
            stop_unless(bx, is_known, &name, &format!("in a `{ty}` of its caller"));
        }
        // In this order, no pointer is followed that has not been looked at.
        for &(left, before) in &self.sums {
            let Some(now) = self.sum(bx, left) else { continue };
            let is_same = bx.icmp(IntPredicate::IntEQ, now, before);
            let is_none = bx.icmp(IntPredicate::IntEQ, now, cx.const_u64(0));
            let is_known = bx.or(is_same, is_none);
            let place = "in what its caller owns, or has dropped part of that";
            stop_unless(bx, is_known, &name, place);
        }
    }
}

/// How to get from a parameter to what the caller owns.
#[derive(Clone, Copy)]
struct Way {
    /// How many pointers are still to be followed. Only what is at the end of the last is looked for.
    left: usize,
    /// Whether this is always there, in one place only, and nowhere in what a `Box` or `Vec` owns.
    is_direct: bool,
    /// Whether it is part of what has a destructor, so that a raw pointer may lead to what that owns.
    is_dropped: bool,
}

impl Way {
    fn new(left: usize) -> Self {
        Way { left, is_direct: true, is_dropped: false }
    }
}

/// What there is to be found in a value.
enum Part<'tcx> {
    Nothing,
    /// It is, or starts with, a pointer to what is owned.
    Pointer,
    /// At the end of this pointer.
    Pointee(Ty<'tcx>),
    Variants,
    Elements,
    Fields,
}

/// What to look for in values of a type, and the way that goes on there.
fn part<'tcx>(cx: &CodegenCx<'_, 'tcx>, layout: TyAndLayout<'tcx>, way: Way) -> (Part<'tcx>, Way) {
    let ty = layout.ty;
    let nothing = (Part::Nothing, way);
    match *ty.kind() {
        ty::Ref(_, pointee, ty::Mutability::Mut) if way.left > 0 => {
            let way = Way { left: way.left - 1, is_dropped: false, ..way };
            return (Part::Pointee(pointee), way);
        }
        ty::Ref(..) | ty::FnPtr(..) | ty::Dynamic(..) | ty::Foreign(_) => return nothing,
        ty::Adt(def, _) if def.is_manually_drop() => return nothing,
        _ => {}
    }
    if let Some(pointee) = shapes::pointee(cx, ty) {
        return match way.left {
            0 => (Part::Pointer, way),
            left => (
                Part::Pointee(pointee),
                Way { left: left - 1, is_direct: false, is_dropped: false },
            ),
        };
    }
    if way.left == 0 {
        let is_pointer = match layout.backend_repr {
            BackendRepr::Scalar(first) => matches!(first.primitive(), Primitive::Pointer(_)),
            BackendRepr::ScalarPair(first, _)
                if matches!(ty.kind(), ty::RawPtr(..) | ty::Pat(..)) =>
            {
                matches!(first.primitive(), Primitive::Pointer(_))
            }
            _ => false,
        };
        // `Rc<T>` and `Option<Box<T>>` have to be dropped, the `NonNull<T>` in a `VecDeque` has not.
        if is_pointer && (way.is_dropped || ty.needs_drop(cx.tcx, cx.typing_env())) {
            return (Part::Pointer, way);
        }
    }
    let inside = Way { is_direct: false, ..way };
    match (&layout.variants, &layout.fields) {
        (Variants::Multiple { .. }, _) if ty.is_enum() => (Part::Variants, inside),
        (Variants::Single { .. }, FieldsShape::Array { count: ..=FEW, .. }) if ty.is_array() => {
            (Part::Fields, way)
        }
        (Variants::Single { .. }, FieldsShape::Array { .. }) => (Part::Elements, inside),
        (Variants::Single { .. }, FieldsShape::Arbitrary { .. }) => match ty.ty_adt_def() {
            Some(def) if def.has_dtor(cx.tcx) => (Part::Fields, Way { is_dropped: true, ..inside }),
            _ => (Part::Fields, way),
        },
        _ => nothing,
    }
}

/// Whether there can be pointers on this way, those that are always there or the others.
fn leads_to<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    layout: TyAndLayout<'tcx>,
    way: Way,
    is_direct: bool,
) -> bool {
    let (part, way) = part(cx, layout, way);
    match part {
        Part::Nothing => false,
        Part::Pointer => way.is_direct == is_direct,
        Part::Pointee(pointee) => leads_to(cx, cx.layout_of(pointee), way, is_direct),
        Part::Variants => match &layout.variants {
            Variants::Multiple { variants, .. } => {
                let mut layouts = variants.indices().map(|index| layout.for_variant(cx, index));
                layouts.any(|layout| fields_lead_to(cx, layout, way, is_direct))
            }
            _ => false,
        },
        Part::Elements => leads_to(cx, layout.field(cx, 0), way, is_direct),
        Part::Fields => fields_lead_to(cx, layout, way, is_direct),
    }
}

fn fields_lead_to<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    layout: TyAndLayout<'tcx>,
    way: Way,
    is_direct: bool,
) -> bool {
    (0..layout.fields.count()).any(|i| leads_to(cx, layout.field(cx, i), way, is_direct))
}

/// What becomes of the pointers that are found.
enum Found<'a, 'll, 'tcx> {
    Direct(&'a mut Vec<(PlaceRef<'tcx, &'ll Value>, &'ll Value)>),
    /// The place of the sum.
    Other(PlaceRef<'tcx, &'ll Value>),
}

fn walk<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    place: PlaceRef<'tcx, &'ll Value>,
    way: Way,
    found: &mut Found<'_, 'll, 'tcx>,
) {
    let (cx, layout) = (bx.cx, place.layout);
    let is_direct = matches!(found, Found::Direct(_));
    if !leads_to(cx, layout, way, is_direct) {
        return;
    }
    let (part, way) = part(cx, layout, way);
    match part {
        Part::Nothing => {}
        Part::Pointer => {
            let pointer = pointer(bx, place);
            match found {
                Found::Direct(direct) => direct.push((place, pointer)),
                Found::Other(sum) => add(bx, *sum, pointer),
            }
        }
        Part::Pointee(pointee) => {
            let place = shapes::deref(bx, place, pointee);
            walk(bx, place, way, found);
        }
        Part::Variants => {
            let variant = shapes::variant(bx, place);
            let is_wanted = |layout| fields_lead_to(cx, layout, way, is_direct);
            shapes::for_each_variant(bx, layout, variant, is_wanted, |bx, index| {
                let place = place.project_downcast(bx, index);
                for i in 0..place.layout.fields.count() {
                    let field = place.project_field(bx, i);
                    walk(bx, field, way, found);
                }
            });
        }
        Part::Elements => {
            let count = place.len(cx);
            shadow::for_each_index(bx, count, |bx, index| {
                let element = place.project_index(bx, index);
                walk(bx, element, way, found);
            });
        }
        Part::Fields => {
            for i in 0..layout.fields.count() {
                let field = place.project_field(bx, i);
                walk(bx, field, way, found);
            }
        }
    }
}

/// The pointer that a `Box` or `Vec` starts with, or that another value is.
fn pointer<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    place: PlaceRef<'tcx, &'ll Value>,
) -> &'ll Value {
    match shapes::pointee(bx.cx, place.layout.ty) {
        Some(pointee) => shapes::deref(bx, place, pointee).val.llval,
        None => match bx.load_operand(place).val {
            OperandValue::Immediate(pointer) | OperandValue::Pair(pointer, _) => pointer,
            other => unreachable!("{other:?} is no pointer"),
        },
    }
}

/// Not so of pointers to nothing: null, and the alignment.
fn is_memory<'ll>(bx: &mut Builder<'_, 'll, '_>, pointer: &'ll Value) -> &'ll Value {
    let address = bx.ptrtoint(pointer, bx.cx.type_i64());
    bx.icmp(IntPredicate::IntUGE, address, bx.cx.const_u64(1 << 12))
}

/// Adds a pointer to a sum that tells sets of pointers apart. There may be any number of them and in any order,
/// as values are moved. Addresses alone would not do: their differences are often the same.
fn add<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    sum: PlaceRef<'tcx, &'ll Value>,
    pointer: &'ll Value,
) {
    let cx = bx.cx;
    // The finalizer of the generator SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
    // generators, 2014).
    let mut hash = bx.ptrtoint(pointer, cx.type_i64());
    for (shift, factor) in [(30, 0xbf58_476d_1ce4_e5b9), (27, 0x94d0_49bb_1331_11eb)] {
        let high = bx.lshr(hash, cx.const_u64(shift));
        hash = bx.xor(hash, high);
        hash = bx.mul(hash, cx.const_u64(factor));
    }
    let high = bx.lshr(hash, cx.const_u64(31));
    hash = bx.xor(hash, high);

    let is_memory = is_memory(bx, pointer);
    let term = bx.select(is_memory, hash, cx.const_u64(0));
    let before = bx.load(cx.type_i64(), sum.val.llval, sum.val.align);
    let after = bx.add(before, term);
    bx.store(after, sum.val.llval, sum.val.align);
}

fn stop_unless<'ll>(
    bx: &mut Builder<'_, 'll, '_>,
    condition: &'ll Value,
    primal: &str,
    place: &str,
) {
    let is_bad = bx.not(condition);
    let bad = shapes::branch(bx, is_bad, "new_owned");
    let bad = &mut shadow::build_at(bx, bad);
    stop(
        bad,
        &format!(
            "a derivative of `{primal}` leaves new memory {place}: in reverse mode, nothing that \
             the caller owns may grow or be made anew, as its gradient would be lost; let the caller reserve \
             the capacity, or copy the values to what is there"
        ),
    );
    bad.unreachable();
}
