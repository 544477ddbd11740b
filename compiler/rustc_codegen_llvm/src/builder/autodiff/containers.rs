//! What leads to memory: references, and what owns the memory.

use rustc_codegen_ssa::mir::operand::OperandValue;
use rustc_codegen_ssa::mir::place::{PlaceRef, PlaceValue};
use rustc_codegen_ssa::traits::*;
use rustc_data_structures::fx::FxIndexSet;
use rustc_hir::LangItem;
use rustc_middle::ty::layout::{HasTypingEnv, LayoutOf};
use rustc_middle::ty::{self, Ty};
use rustc_span::sym;

use crate::builder::Builder;
use crate::context::CodegenCx;
use crate::llvm::Value;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Via {
    Shared,
    Unique,
    Box,
    Vec,
    /// That of a `Vec`, which owns the memory of elements that it has returned as well.
    IntoIter,
}

impl Via {
    pub(super) fn is_owner(self) -> bool {
        matches!(self, Via::Box | Via::Vec | Via::IntoIter)
    }
}

/// What a reference, a `Box`, a `Vec` or the iterator that it becomes leads to. Of other types that own memory, it is not
/// known where that is.
pub(super) fn leads_to<'tcx>(cx: &CodegenCx<'_, 'tcx>, ty: Ty<'tcx>) -> Option<(Via, Ty<'tcx>)> {
    let tcx = cx.tcx;
    match *ty.kind() {
        ty::Ref(_, pointee, ty::Mutability::Not) => Some((Via::Shared, pointee)),
        ty::Ref(_, pointee, ty::Mutability::Mut) => Some((Via::Unique, pointee)),
        _ if ty.is_box_global(tcx) => Some((Via::Box, ty.expect_boxed_ty())),
        ty::Adt(def, args) if is_vec(cx, def, args) => {
            Some((Via::Vec, Ty::new_slice(tcx, args.type_at(0))))
        }
        ty::Adt(def, args) if is_iterator_of_vec(cx, ty, def, args) => {
            Some((Via::IntoIter, Ty::new_slice(tcx, args.type_at(0))))
        }
        _ => None,
    }
}

fn is_vec<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    def: ty::AdtDef<'tcx>,
    args: ty::GenericArgsRef<'tcx>,
) -> bool {
    cx.tcx.is_diagnostic_item(sym::Vec, def.did()) && is_global(cx, args.type_at(1))
}

fn is_global<'tcx>(cx: &CodegenCx<'_, 'tcx>, allocator: Ty<'tcx>) -> bool {
    let def = allocator.ty_adt_def();
    def.is_some_and(|def| cx.tcx.is_lang_item(def.did(), LangItem::GlobalAlloc))
}

fn is_iterator_of_vec<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    ty: Ty<'tcx>,
    def: ty::AdtDef<'tcx>,
    args: ty::GenericArgsRef<'tcx>,
) -> bool {
    let tcx = cx.tcx;
    let (Some(vec), Some(into_iterator)) =
        (tcx.get_diagnostic_item(sym::Vec), tcx.get_diagnostic_item(sym::IntoIterator))
    else {
        return false;
    };
    if def.did().krate != vec.krate
        || args.types().count() != 2
        || !is_global(cx, args.type_at(1))
        || !args.type_at(0).is_sized(tcx, cx.typing_env())
    {
        return false;
    }
    let mut types = tcx.associated_items(into_iterator).in_definition_order();
    types.any(|item| {
        let vec = Ty::new_adt(tcx, tcx.adt_def(vec), args);
        let iterator = || Ty::new_projection(tcx, item.def_id, [vec]);
        item.is_type() && tcx.normalize_erasing_regions(cx.typing_env(), iterator()) == ty
    })
}

/// What values of type `ty` consist of, or lead to by one step: all that the types of the language say. Nothing is known
/// of what there is behind raw pointers and trait objects. What is in a cell may become something else, and what is in a
/// union, or dropped by hand, may not be there.
pub(super) fn parts<'tcx>(cx: &CodegenCx<'_, 'tcx>, ty: Ty<'tcx>) -> Vec<Ty<'tcx>> {
    if let Some((_, pointee)) = leads_to(cx, ty) {
        return vec![pointee];
    }
    let tcx = cx.tcx;
    match *ty.kind() {
        ty::Slice(element) => vec![element],
        ty::Array(element, _) if !cx.layout_of(ty).is_zst() => vec![element],
        ty::Tuple(fields) => fields.to_vec(),
        ty::Closure(_, args) => args.as_closure().upvar_tys().to_vec(),
        ty::Adt(def, args) if !is_opaque(def) => {
            let fields = def.all_fields().map(|field| field.ty(tcx, args));
            fields.map(|ty| tcx.normalize_erasing_regions(cx.typing_env(), ty)).collect()
        }
        _ => vec![],
    }
}

/// Whether what is in a value cannot be looked at: it is a cell or a union, or dropped by hand.
pub(super) fn is_opaque(def: ty::AdtDef<'_>) -> bool {
    def.is_unsafe_cell() || def.is_union() || def.is_manually_drop()
}

/// All types that values of type `ty` consist of and lead to, and with each whether there is nothing but mutable references
/// and owners on a way there, if there is none but such before it.
pub(super) fn reachable<'tcx>(
    cx: &CodegenCx<'_, 'tcx>,
    ty: Ty<'tcx>,
    is_unique: bool,
) -> FxIndexSet<(Ty<'tcx>, bool)> {
    let mut found = FxIndexSet::from_iter([(ty, is_unique)]);
    let mut next = 0;
    while let Some(&(ty, is_unique)) = found.get_index(next) {
        next += 1;
        let is_shared = leads_to(cx, ty).is_some_and(|(via, _)| via == Via::Shared);
        found.extend(parts(cx, ty).into_iter().map(|part| (part, is_unique && !is_shared)));
    }
    found
}

pub(super) fn deref<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    place: PlaceRef<'tcx, &'ll Value>,
    via: Via,
    pointee: Ty<'tcx>,
) -> PlaceRef<'tcx, &'ll Value> {
    let layout = bx.cx.layout_of(pointee);
    let (llval, llextra) = match via {
        Via::Vec => {
            let (start, length) = (start(bx, place, via), length(bx, place));
            (load(bx, start), Some(bx.load_operand(length).immediate()))
        }
        Via::IntoIter => {
            let [start, end] = ["ptr", "end"].map(|name| {
                let place = field(bx, place, &[name]);
                let place = pointer(bx, place);
                load(bx, place)
            });
            let [from, to] = [start, end].map(|pointer| bx.ptrtoint(pointer, bx.cx.type_isize()));
            let size = bx.sub(to, from);
            // The end of what has no size is counted in bytes.
            let element = layout.field(bx.cx, 0).size.bytes().max(1);
            let element = bx.const_usize(element);
            (start, Some(bx.udiv(size, element)))
        }
        _ => match bx.load_operand(place).val {
            OperandValue::Immediate(pointer) => (pointer, None),
            OperandValue::Pair(pointer, metadata) => (pointer, Some(metadata)),
            other => unreachable!("{other:?} is no pointer"),
        },
    };
    PlaceValue { llval, llextra, align: layout.align.abi }.with_type(layout)
}

/// Where an owner has the pointer to the start of its memory.
pub(super) fn start<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    place: PlaceRef<'tcx, &'ll Value>,
    via: Via,
) -> PlaceRef<'tcx, &'ll Value> {
    let place = match via {
        Via::Vec => field(bx, place, &["buf", "inner", "ptr"]),
        Via::IntoIter => field(bx, place, &["buf"]),
        _ => place,
    };
    pointer(bx, place)
}

/// Where a `Vec` or its iterator has the number of elements for which there is memory.
pub(super) fn capacity<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    place: PlaceRef<'tcx, &'ll Value>,
    via: Via,
) -> PlaceRef<'tcx, &'ll Value> {
    let path: &[_] = if via == Via::Vec { &["buf", "inner", "cap"] } else { &["cap"] };
    field(bx, place, path)
}

/// Where a `Vec` has its length.
pub(super) fn length<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    vec: PlaceRef<'tcx, &'ll Value>,
) -> PlaceRef<'tcx, &'ll Value> {
    field(bx, vec, &["len"])
}

/// The pointer that a value is, or starts with.
fn pointer<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    mut place: PlaceRef<'tcx, &'ll Value>,
) -> PlaceRef<'tcx, &'ll Value> {
    while !place.layout.ty.is_any_ptr() && !matches!(place.layout.ty.kind(), ty::Pat(..)) {
        place = place.project_field(bx, 0);
    }
    place
}

/// The pointer at a place, without its metadata.
pub(super) fn load<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    place: PlaceRef<'tcx, &'ll Value>,
) -> &'ll Value {
    match bx.load_operand(place).val {
        OperandValue::Immediate(pointer) | OperandValue::Pair(pointer, _) => pointer,
        other => unreachable!("{other:?} is no pointer"),
    }
}

/// A field of a struct of the standard library, and so on.
fn field<'ll, 'tcx>(
    bx: &mut Builder<'_, 'll, 'tcx>,
    place: PlaceRef<'tcx, &'ll Value>,
    path: &[&str],
) -> PlaceRef<'tcx, &'ll Value> {
    path.iter().fold(place, |place, name| {
        let ty = place.layout.ty;
        let fields = &ty.ty_adt_def().expect("not a struct").non_enum_variant().fields;
        let index = fields.iter().position(|field| field.name.as_str() == *name);
        place.project_field(bx, index.unwrap_or_else(|| panic!("`{ty}` has no field `{name}`")))
    })
}
