//! What a derivative does with the shapes of its arguments.
//!
//! Before anything else, it compares those of the shadows with those of what they are the shadows of. Enzyme takes them
//! for equal: it would go past the end of a slice, or follow a pointer that is none. In the end, it looks whether the primal
//! has put new memory in place of floats of its caller's: their gradient is where they were, and is freed.
//!
//! What is behind pointers that say what they lead to is walked through, see [`containers`](super::containers). Of all
//! else, [`promises`](super::promises) demands that the caller of the derivative answers for it. If the caller does, what
//! would take a loop is not compared.

use rustc_abi::{BackendRepr, FieldsShape, Variants};
use rustc_codegen_ssa::common::IntPredicate;
use rustc_codegen_ssa::mir::place::PlaceRef;
use rustc_codegen_ssa::traits::*;
use rustc_hir::LangItem;
use rustc_middle::middle::codegen_fn_attrs::CodegenFnAttrs;
use rustc_middle::ty::layout::{FnAbiOf, LayoutOf, TyAndLayout};
use rustc_middle::ty::print::with_no_trimmed_paths;
use rustc_middle::ty::{self, Instance, Ty};
use rustc_span::DUMMY_SP;

use super::containers::{self, Via};
use super::dispatch::INACTIVE;
use super::plan::{Activity, Param, Passed, Plan};
use super::variants::{self, branch};
use super::{owners, shadow};
use crate::abi::FnAbiLlvmExt;
use crate::attributes;
use crate::builder::Builder;
use crate::context::CodegenCx;
use crate::llvm::{self, AttributeKind, AttributePlace, BasicBlock, Value};

/// What a derivative does at its beginning and at its end.
pub(super) struct Shapes<'ll, 'tcx> {
    /// The parameters that have a shadow in memory, with what to call them.
    params: Vec<(String, PlaceRef<'tcx, &'ll Value>)>,
    /// Whether gradients can be lost.
    is_reverse: bool,
    is_checked: bool,
    location: &'ll Value,
}

impl<'ll, 'tcx> Shapes<'ll, 'tcx> {
    /// Panics if a shadow among `args`, the arguments of `derivative`, has another shape than the value. Unless
    /// `is_checked`, what would take a loop is left out.
    pub(super) fn check(
        bx: &mut Builder<'_, 'll, 'tcx>,
        plan: &Plan,
        derivative: Instance<'tcx>,
        args: PlaceRef<'tcx, &'ll Value>,
        is_reverse: bool,
        is_checked: bool,
    ) -> Self {
        let names = bx.tcx.fn_arg_idents(derivative.def_id());
        let name =
            |index: usize| names[index].map_or_else(String::new, |ident| format!(" `{ident}`"));
        assert!(derivative.def.requires_caller_location(bx.tcx));
        let location = llvm::get_param(bx.llfn(), llvm::count_params(bx.llfn()) - 1);
        let mut shapes = Shapes { params: vec![], is_reverse, is_checked, location };
        let is_shadowed =
            |param: &&Param| param.passed != Passed::Ignored && !param.shadows.is_empty();
        for param in plan.params.iter().filter(is_shadowed) {
            let value = args.project_field(bx, param.value);
            let is_strided = matches!(param.activity, Activity::Strided { .. });
            for index in param.shadows.clone() {
                let mut shadow = args.project_field(bx, index);
                // In reverse mode it is a reference of another kind.
                shadow.layout = value.layout;
                let task = Task::Compare {
                    shadow: format!("the shadow{} of{}", name(index), name(param.value)),
                    factor: if is_strided { plan.width } else { 1 },
                };
                shapes.walk(task).walk(bx, &[value, shadow], At::START);
            }
            shapes.params.push((name(param.value), value));
        }
        shapes
    }

    /// Panics if the gradient of floats of the caller's has been lost.
    pub(super) fn check_owners(self, bx: &mut Builder<'_, 'll, 'tcx>) {
        let walks = self
            .params
            .iter()
            .map(|(name, value)| (self.walk(Task::FindNew { name: name.clone() }), *value));
        let is_wanted = |(walk, value): &(Walk<'ll>, PlaceRef<'tcx, _>)| {
            walk.is_wanted(bx.cx, value.layout.ty, true)
        };
        let walks: Vec<_> = walks.filter(is_wanted).collect();
        if walks.is_empty() {
            return;
        }
        let has_freed = owners::has_freed(bx);
        let block = branch(bx, has_freed, "has_freed");
        let inside = &mut shadow::build_at(bx, block);
        for (walk, value) in walks {
            walk.walk(inside, &[value], At::START);
        }
        inside.br(bx.llbb());
    }

    fn walk(&self, task: Task) -> Walk<'ll> {
        Walk {
            task,
            is_reverse: self.is_reverse,
            is_checked: self.is_checked,
            location: self.location,
        }
    }
}

enum Task {
    /// Compare the shadow with the value, and note who owns floats.
    Compare {
        /// What to call it.
        shadow: String,
        /// How many times as long as the value it has to be.
        factor: usize,
    },
    /// Look for owners of floats that are where others have been.
    FindNew { name: String },
}

struct Walk<'ll> {
    task: Task,
    is_reverse: bool,
    is_checked: bool,
    location: &'ll Value,
}

/// How to get to a place.
#[derive(Clone, Copy)]
struct At {
    /// Whether it may be written to: there is no shared reference on the way.
    is_unique: bool,
    /// The last pointer on the way.
    via: Option<Via>,
    part: Part,
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Param,
    /// What the parameter, a reference, leads to.
    Pointee,
    Other,
}

impl At {
    const START: At = At { is_unique: true, via: None, part: Part::Param };
}

/// A value, and its shadow if that is to be compared.
type Sides<'a, 'll, 'tcx> = &'a [PlaceRef<'tcx, &'ll Value>];

impl<'ll> Walk<'ll> {
    /// Whether there may be anything to do in a value of this type.
    fn is_wanted<'tcx>(&self, cx: &CodegenCx<'ll, 'tcx>, ty: Ty<'tcx>, is_unique: bool) -> bool {
        let mut types = containers::reachable(cx, ty, is_unique).into_iter();
        types.any(|(ty, is_unique)| match containers::leads_to(cx, ty) {
            Some((via, pointee)) => {
                let has_capacity = is_unique && matches!(via, Via::Vec | Via::IntoIter);
                (has_capacity && matches!(self.task, Task::Compare { .. }))
                    || self.may_lose(cx, via, pointee, is_unique)
            }
            None => match self.task {
                Task::Compare { .. } => {
                    ty.is_slice()
                        || ty.is_str()
                        || (ty.is_enum() && has_to_be_the_same_variant(cx, ty))
                }
                Task::FindNew { .. } => false,
            },
        })
    }

    /// Whether the gradient of floats at the end of such a pointer can be lost.
    fn may_lose<'tcx>(
        &self,
        cx: &CodegenCx<'ll, 'tcx>,
        via: Via,
        pointee: Ty<'tcx>,
        is_unique: bool,
    ) -> bool {
        self.is_reverse && is_unique && via.is_owner() && owners::holds_floats(cx, pointee)
    }

    fn walk<'tcx>(&self, bx: &mut Builder<'_, 'll, 'tcx>, sides: Sides<'_, 'll, 'tcx>, at: At) {
        let (cx, ty) = (bx.cx, sides[0].layout.ty);
        if !self.is_wanted(cx, ty, at.is_unique) {
            return;
        }
        if !holds_itself(cx, ty) {
            self.walk_inside(bx, sides, at);
        } else if self.is_checked {
            self.walk_elsewhere(bx, sides, at);
        }
    }

    /// Calls a function that does so for values of this type, and of this type in those.
    fn walk_elsewhere<'tcx>(
        &self,
        bx: &mut Builder<'_, 'll, 'tcx>,
        sides: Sides<'_, 'll, 'tcx>,
        at: At,
    ) {
        let (cx, layout) = (bx.cx, sides[0].layout);
        let params = vec![cx.type_ptr(); sides.len() + 1];
        let llty = cx.type_func(&params, cx.type_void());
        let task = match self.task {
            Task::Compare { .. } => "compare",
            Task::FindNew { .. } => "find_new",
        };
        let is = |is: bool, suffix| if is { suffix } else { "" };
        let (unique, reverse) = (is(at.is_unique, ".unique"), is(self.is_reverse, ".reverse"));
        let hash = cx.tcx.type_id_hash(layout.ty).as_u128();
        let name = format!("autodiff.{task}{unique}{reverse}.{hash:x}");
        let function = cx.get_declared_value(&name).unwrap_or_else(|| {
            let function = cx.declare_cfn(&name, llvm::UnnamedAddr::Global, llty);
            llvm::set_linkage(function, llvm::Linkage::InternalLinkage);
            let attrs = CodegenFnAttrs::new();
            attributes::llfn_attrs_from_instance(cx, cx.tcx, function, &attrs, None);
            let attrs = [
                AttributeKind::NoInline.create_attr(cx.llcx),
                llvm::CreateAttrString(cx.llcx, INACTIVE),
            ];
            attributes::apply_to_llfn(function, AttributePlace::Function, &attrs);
            let param = |i: usize| llvm::get_param(function, i as u32);
            let walk = Walk {
                task: match self.task {
                    Task::Compare { factor, .. } => {
                        Task::Compare { shadow: "a shadow".to_string(), factor }
                    }
                    Task::FindNew { .. } => Task::FindNew { name: String::new() },
                },
                location: param(sides.len()),
                ..*self
            };
            let start = Builder::append_block(cx, function, "start");
            let bx = &mut Builder::build(cx, start);
            let sides: Vec<_> =
                (0..sides.len()).map(|i| PlaceRef::new_sized(param(i), layout)).collect();
            walk.walk_inside(bx, &sides, At { part: Part::Other, ..at });
            bx.ret_void();
            function
        });
        let args: Vec<_> = sides.iter().map(|side| side.val.llval).chain([self.location]).collect();
        bx.call(llty, None, None, function, &args, None, None);
    }

    fn walk_inside<'tcx>(
        &self,
        bx: &mut Builder<'_, 'll, 'tcx>,
        sides: Sides<'_, 'll, 'tcx>,
        at: At,
    ) {
        let (cx, layout) = (bx.cx, sides[0].layout);
        if let Some((via, pointee)) = containers::leads_to(cx, layout.ty) {
            return self.follow(bx, sides, at, via, pointee);
        }
        let count = match (&layout.variants, &layout.fields) {
            (Variants::Multiple { .. }, _) if layout.ty.is_enum() => {
                return self.variants(bx, sides, at);
            }
            _ if layout.ty.is_slice() || layout.ty.is_str() => {
                self.lengths(bx, sides, at);
                sides[0].val.llextra.unwrap()
            }
            (_, &FieldsShape::Array { count, .. }) => bx.const_usize(count),
            _ => return self.fields(bx, sides, at),
        };
        let at = At { part: Part::Other, ..at };
        // Which elements of a longer shadow belong to which, nobody knows.
        let is_one_by_one = !matches!(self.task, Task::Compare { factor, .. } if factor > 1);
        let element = layout.field(cx, 0).ty;
        if self.is_checked && is_one_by_one && self.is_wanted(cx, element, at.is_unique) {
            shadow::for_each_index(bx, count, |bx, index| {
                let elements: Vec<_> =
                    sides.iter().map(|side| side.project_index(bx, index)).collect();
                self.walk(bx, &elements, at);
            });
        }
    }

    fn fields<'tcx>(&self, bx: &mut Builder<'_, 'll, 'tcx>, sides: Sides<'_, 'll, 'tcx>, at: At) {
        // The length of an unsized struct is that of its last field.
        let part = if sides[0].layout.is_unsized() { at.part } else { Part::Other };
        let at = At { part, ..at };
        for i in 0..sides[0].layout.fields.count() {
            let ty = sides[0].layout.field(bx.cx, i).ty;
            if self.is_wanted(bx.cx, ty, at.is_unique) {
                let fields: Vec<_> = sides.iter().map(|side| side.project_field(bx, i)).collect();
                self.walk(bx, &fields, at);
            }
        }
    }

    fn variants<'tcx>(&self, bx: &mut Builder<'_, 'll, 'tcx>, sides: Sides<'_, 'll, 'tcx>, at: At) {
        let (cx, layout) = (bx.cx, sides[0].layout);
        let variant = variants::variant(bx, sides[0]);
        if let Task::Compare { shadow, .. } = &self.task
            && has_to_be_the_same_variant(cx, layout.ty)
        {
            let of_shadow = variants::variant(bx, sides[1]);
            let differs = bx.icmp(IntPredicate::IntNE, variant, of_shadow);
            let bad = branch(bx, differs, "shadow_other_variant");
            let ty = with_no_trimmed_paths!(layout.ty.to_string());
            self.panic(bx, bad, &format!("part of {shadow} is another variant of `{ty}`"));
        }
        let is_wanted = |layout: TyAndLayout<'tcx>| {
            (0..layout.fields.count())
                .any(|i| self.is_wanted(cx, layout.field(cx, i).ty, at.is_unique))
        };
        variants::for_each_variant(bx, layout, variant, is_wanted, |bx, index| {
            let sides: Vec<_> = sides.iter().map(|side| side.project_downcast(bx, index)).collect();
            self.fields(bx, &sides, at);
        });
    }

    /// Follows pointers.
    fn follow<'tcx>(
        &self,
        bx: &mut Builder<'_, 'll, 'tcx>,
        sides: Sides<'_, 'll, 'tcx>,
        at: At,
        via: Via,
        pointee: Ty<'tcx>,
    ) {
        let is_unique = at.is_unique && via != Via::Shared;
        if self.may_lose(bx.cx, via, pointee, is_unique) {
            match &self.task {
                Task::Compare { .. } => owners::note(bx, sides[0], via),
                Task::FindNew { name } => {
                    let is_new = owners::is_new(bx, sides[0], via, pointee);
                    let bad = branch(bx, is_new, "gradient_lost");
                    let ty = with_no_trimmed_paths!(sides[0].layout.ty.to_string());
                    let text = format!(
                        "the gradient of what was in a `{ty}`{}{name} is lost: new memory has taken its place, as \
                         when a `Vec` grows; reserve capacity before, or copy to what is there",
                        if name.is_empty() { "" } else { " of" }
                    );
                    self.panic(bx, bad, &text);
                }
            }
        }
        if let (Task::Compare { shadow, .. }, [value, of_shadow]) = (&self.task, sides)
            && is_unique
        {
            match via {
                Via::Vec => self.adapt_capacity(bx, *value, *of_shadow, pointee, shadow),
                Via::IntoIter => {
                    let has_other = owners::has_other_capacity(bx, *value, *of_shadow, via);
                    let bad = branch(bx, has_other, "other_capacity");
                    self.panic(bx, bad, &format!("{shadow} is of a `Vec` of another capacity"));
                }
                _ => {}
            }
        }
        let sides: Vec<_> =
            sides.iter().map(|&side| containers::deref(bx, side, via, pointee)).collect();
        let part = if at.part == Part::Param { Part::Pointee } else { Part::Other };
        self.walk(bx, &sides, At { is_unique, via: Some(via), part });
    }

    /// Gives the shadow of a `Vec` the capacity of the value, as the primal may push as much to it, and zeros where there
    /// is no element yet.
    fn adapt_capacity<'tcx>(
        &self,
        bx: &mut Builder<'_, 'll, 'tcx>,
        value: PlaceRef<'tcx, &'ll Value>,
        of_shadow: PlaceRef<'tcx, &'ll Value>,
        pointee: Ty<'tcx>,
        shadow: &str,
    ) {
        if bx.layout_of(pointee).field(bx.cx, 0).is_zst() {
            return;
        }
        let has_other = owners::has_other_capacity(bx, value, of_shadow, Via::Vec);
        let block = branch(bx, has_other, "other_capacity");
        let inside = &mut shadow::build_at(bx, block);
        let is_longer = owners::is_longer(inside, value, of_shadow);
        let bad = branch(inside, is_longer, "shadow_too_long");
        let text = format!("{shadow} has elements for which the value has no capacity");
        self.panic(inside, bad, &text);
        let bad = owners::set_capacity(inside, value, of_shadow, pointee);
        self.panic(inside, bad, "there is no memory for the capacity of a shadow");
        inside.br(bx.llbb());
        owners::zero_spare(bx, of_shadow, pointee);
    }

    fn lengths<'tcx>(&self, bx: &mut Builder<'_, 'll, 'tcx>, sides: Sides<'_, 'll, 'tcx>, at: At) {
        let (Task::Compare { shadow, factor }, [value, of_shadow]) = (&self.task, sides) else {
            return;
        };
        let part = if at.part == Part::Pointee { "" } else { "part of " };
        let text = format!("{part}{shadow}");
        let [length, shadow_length] = [value, of_shadow].map(|side| side.val.llextra.unwrap());
        // What is freed has to be as long as what it is the shadow of.
        if at.is_unique && at.via == Some(Via::Box) {
            let is_longer = bx.icmp(IntPredicate::IntUGT, shadow_length, length);
            let bad = branch(bx, is_longer, "shadow_too_long");
            self.panic(bx, bad, &format!("{text} is longer than what it is the shadow of"));
        }
        let times = bx.const_usize(*factor as u64);
        // The product might overflow.
        let each = if *factor > 1 { bx.udiv(shadow_length, times) } else { shadow_length };
        let is_too_short = bx.icmp(IntPredicate::IntULT, each, length);
        let bad = branch(bx, is_too_short, "shadow_too_short");
        let needed = shadow::build_at(bx, bad).mul(length, times);
        let args = [shadow_length, needed];
        self.panic_with(bx, bad, LangItem::PanicAutodiffShadow, &text, &args);
    }

    fn panic<'tcx>(&self, bx: &Builder<'_, 'll, 'tcx>, block: &'ll BasicBlock, text: &str) {
        self.panic_with(bx, block, LangItem::Panic, text, &[]);
    }

    fn panic_with<'tcx>(
        &self,
        bx: &Builder<'_, 'll, 'tcx>,
        block: &'ll BasicBlock,
        function: LangItem,
        text: &str,
        args: &[&'ll Value],
    ) {
        let cx = bx.cx;
        let bx = &mut shadow::build_at(bx, block);
        let function = Instance::mono(cx.tcx, cx.tcx.require_lang_item(function, DUMMY_SP));
        let fn_abi = cx.fn_abi_of_instance(function, ty::List::empty());
        let (text, text_length) = cx.const_str(text);
        let args = [&[text, text_length][..], args, &[self.location]].concat();
        let callee = cx.get_fn_addr(function);
        bx.call(fn_abi.llvm_type(cx), None, Some(fn_abi), callee, &args, None, Some(function));
        bx.unreachable();
    }
}

/// Whether there is another value of the type of a struct or enum in it, however far.
fn holds_itself<'tcx>(cx: &CodegenCx<'_, 'tcx>, ty: Ty<'tcx>) -> bool {
    let is_it = |part| containers::reachable(cx, part, true).iter().any(|&(found, _)| found == ty);
    ty.is_adt() && containers::parts(cx, ty).into_iter().any(is_it)
}

/// Whether a pointer, or something that cannot have all values, would be taken for something else in a shadow that is
/// another variant. In one of nothing but floats and numbers, a gradient would be lost of which the shadow says
/// that it is not there.
fn has_to_be_the_same_variant<'tcx>(cx: &CodegenCx<'_, 'tcx>, ty: Ty<'tcx>) -> bool {
    let layout = cx.layout_of(ty);
    let Variants::Multiple { variants, .. } = &layout.variants else { return false };
    shadow::holds_pointer(cx, layout)
        || (shadow::holds_float(cx, layout)
            && variants.indices().any(|index| {
                let layout = layout.for_variant(cx, index);
                (0..layout.fields.count()).any(|i| is_restricted(cx, layout.field(cx, i)))
            }))
}

/// Whether not all bits are a value.
fn is_restricted<'tcx>(cx: &CodegenCx<'_, 'tcx>, layout: TyAndLayout<'tcx>) -> bool {
    match (layout.backend_repr, &layout.variants, &layout.fields) {
        (BackendRepr::Scalar(scalar), ..) => !scalar.is_always_valid(cx),
        (_, Variants::Multiple { .. }, _) => true,
        (_, _, FieldsShape::Array { count: 0, .. } | FieldsShape::Union(_)) => false,
        (_, _, FieldsShape::Array { .. }) => is_restricted(cx, layout.field(cx, 0)),
        _ => (0..layout.fields.count()).any(|i| is_restricted(cx, layout.field(cx, i))),
    }
}
