//! What lies where in a value: the pieces in which it is copied and zeroed.
//!
//! Each piece is of one kind, which Enzyme has to know: what is added up in reverse, what has a shadow, and
//! what has no derivative.

use std::ops::Range;

use rustc_abi::{
    BackendRepr, FieldsShape, Float, Integer, Primitive, Scalar, Size, VariantIdx, Variants,
};
use rustc_middle::ty::layout::TyAndLayout;

use super::types;
use crate::context::CodegenCx;

/// A type that Enzyme tells from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Pointer,
    Float(Float),
    /// What anything is copied as. `AutodiffTypes.cpp` looks for what it is then.
    Bytes,
    /// An integer of several bytes in a union such as `MaybeUninit`. Anything may be copied as that, but the standard
    /// library only has there what the type says.
    Held,
    /// What is a float in one field of a union, and something else in another.
    Either,
}

impl Kind {
    pub(super) fn of(cx: &CodegenCx<'_, '_>, scalar: Scalar) -> Self {
        match scalar.primitive() {
            Primitive::Int(Integer::I8, _) if scalar.is_always_valid(cx) => Kind::Bytes,
            Primitive::Int(..) if scalar.is_uninit_valid() => Kind::Held,
            Primitive::Int(..) => Kind::Integer,
            Primitive::Pointer(_) => Kind::Pointer,
            Primitive::Float(float) => Kind::Float(float),
        }
    }

    pub(super) fn is_float(self) -> bool {
        matches!(self, Kind::Float(_))
    }

    /// Whether it may be a float, a pointer or an integer.
    pub(super) fn may_be_anything(self, cx: &CodegenCx<'_, '_>) -> bool {
        match self {
            Kind::Bytes | Kind::Either => true,
            Kind::Held => !types::is_held_by_std(cx),
            Kind::Integer | Kind::Pointer | Kind::Float(_) => false,
        }
    }
}

/// Scalars of one kind and size, one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub kind: Kind,
    pub offset: u64,
    /// The size of one scalar.
    pub scalar: u64,
    pub count: u64,
}

impl Run {
    pub(super) fn size(&self) -> u64 {
        self.scalar * self.count
    }

    fn end(&self) -> u64 {
        self.offset + self.size()
    }

    /// Whether it is not accessed by the pointer by which something else is at the same place.
    pub(super) fn wants_its_own_pointer(self) -> bool {
        self.kind.is_float() || self.kind == Kind::Pointer
    }
}

#[derive(Clone, Debug)]
pub(super) enum Piece<'tcx> {
    Run(Run),
    /// An array of elements that are of several kinds each.
    Elements {
        offset: u64,
        stride: u64,
        count: u64,
        element: Pieces<'tcx>,
    },
    /// An enum whose variants are of different kinds at one place: the pieces of each, tag included.
    Variants {
        offset: u64,
        layout: TyAndLayout<'tcx>,
        variants: Vec<(VariantIdx, Pieces<'tcx>)>,
    },
}

/// The pieces of a value. Those of an enum are either the same in all variants that have something at that
/// place, or they are told apart by its tag.
#[derive(Clone, Debug, Default)]
pub(super) struct Pieces<'tcx>(pub Vec<Piece<'tcx>>);

impl<'tcx> Pieces<'tcx> {
    pub(super) fn of(cx: &CodegenCx<'_, 'tcx>, layout: TyAndLayout<'tcx>) -> Self {
        let mut pieces = Pieces::default();
        pieces.add(cx, layout, 0);
        pieces
    }

    /// The one run that a value of `size` bytes is, if it is nothing else.
    pub(super) fn sole_run(&self, size: Size) -> Option<Run> {
        match self.0[..] {
            [Piece::Run(run)] if run.offset == 0 && run.size() == size.bytes() => Some(run),
            _ => None,
        }
    }

    /// Calls `visit` with each run that the value may have, where it lies in the value. Of an array, it gets those of
    /// the first element.
    pub(super) fn for_each_run(&self, start: u64, visit: &mut dyn FnMut(Run)) {
        for piece in &self.0 {
            match piece {
                Piece::Run(run) => visit(Run { offset: start + run.offset, ..*run }),
                Piece::Elements { offset, element, .. } => {
                    element.for_each_run(start + offset, visit)
                }
                Piece::Variants { offset, variants, .. } => {
                    for (_, pieces) in variants {
                        pieces.for_each_run(start + offset, visit);
                    }
                }
            }
        }
    }

    /// The runs that a value has whatever variant it is. Of an array, those of the first element.
    pub(super) fn certain_runs(&self) -> Vec<Run> {
        let runs = self.0.iter().map(|piece| match piece {
            Piece::Run(run) => vec![*run],
            Piece::Variants { .. } => vec![],
            Piece::Elements { offset, element, .. } => {
                let mut runs = element.certain_runs();
                runs.iter_mut().for_each(|run| run.offset += offset);
                runs
            }
        });
        runs.flatten().collect()
    }

    /// From where to where floats lie in a value, whatever variant it is: without overlaps, in order.
    pub(super) fn ranges_of_floats(&self) -> Vec<Range<u64>> {
        let mut found = vec![];
        self.find_floats(0, &mut found);
        found.sort_by_key(|range| range.start);
        found.dedup_by(|next, last| {
            let overlaps = next.start <= last.end;
            if overlaps {
                last.end = last.end.max(next.end);
            }
            overlaps
        });
        found
    }

    fn find_floats(&self, start: u64, found: &mut Vec<Range<u64>>) {
        for piece in &self.0 {
            let (from, to) = piece.range();
            match piece {
                Piece::Variants { variants, .. } => {
                    for (_, pieces) in variants {
                        pieces.find_floats(start + from, found);
                    }
                }
                Piece::Run(run) if !run.kind.is_float() => {}
                Piece::Elements { element, .. } if !element.any(|run| run.kind.is_float()) => {}
                _ => found.push(start + from..start + to),
            }
        }
    }

    /// Whether values are told apart by the tag of an enum.
    pub(super) fn has_variants(&self) -> bool {
        self.0.iter().any(|piece| match piece {
            Piece::Run(_) => false,
            Piece::Elements { element, .. } => element.has_variants(),
            Piece::Variants { .. } => true,
        })
    }

    /// Whether what is a float or a pointer in one variant, of what is an enum and nothing else, is something else in
    /// another.
    pub(super) fn is_told_apart(&self) -> bool {
        matches!(self.0[..], [Piece::Variants { .. }]) && self.any(Run::wants_its_own_pointer)
    }

    /// Whether only the tag of an enum says of some bytes, wherever in it, that they are floats.
    pub(super) fn has_floats_in_variants(&self) -> bool {
        self.0.iter().any(|piece| match piece {
            Piece::Run(_) => false,
            Piece::Elements { element, .. } => element.has_floats_in_variants(),
            Piece::Variants { variants, .. } => {
                variants.iter().any(|(_, pieces)| pieces.any(|run| run.kind.is_float()))
            }
        })
    }

    pub(super) fn any(&self, mut is_wanted: impl FnMut(Run) -> bool) -> bool {
        let mut found = false;
        self.for_each_run(0, &mut |run| found |= is_wanted(run));
        found
    }

    fn add(&mut self, cx: &CodegenCx<'_, 'tcx>, layout: TyAndLayout<'tcx>, offset: u64) {
        if layout.is_zst() || layout.is_uninhabited() {
            return;
        }
        let scalars = |scalar: Scalar, count| {
            let kind = match Kind::of(cx, scalar) {
                // A byte that has a type of its own is nothing else.
                Kind::Bytes if layout.ty.is_adt() && !layout.ty.is_union() => Kind::Integer,
                kind => kind,
            };
            Run { kind, offset, scalar: scalar.size(cx).bytes(), count }
        };
        match layout.backend_repr {
            BackendRepr::Scalar(scalar) => return self.push_run(scalars(scalar, 1)),
            BackendRepr::SimdVector { element, count } => {
                return self.push_run(scalars(element, count));
            }
            _ => {}
        }
        match layout.fields {
            FieldsShape::Primitive => {}
            FieldsShape::Union(_) => self.add_union(cx, layout, offset),
            FieldsShape::Array { stride, count } => {
                let element = Pieces::of(cx, layout.field(cx, 0));
                if let Some(run) = element.sole_run(stride) {
                    self.push_run(Run { offset, count: run.count * count, ..run });
                } else if !element.0.is_empty() {
                    let stride = stride.bytes();
                    self.0.push(Piece::Elements { offset, stride, count, element });
                }
            }
            FieldsShape::Arbitrary { .. } => {
                if let Variants::Multiple { ref variants, .. } = layout.variants {
                    let variants = variants.indices().map(|index| {
                        let mut pieces = Pieces::default();
                        // The tag, or what a coroutine has in all its states.
                        pieces.add_fields(cx, layout, 0);
                        pieces.add_fields(cx, layout.for_variant(cx, index), 0);
                        (index, pieces)
                    });
                    self.add_variants(layout, variants.collect(), offset);
                } else {
                    self.add_fields(cx, layout, offset);
                }
            }
        }
    }

    fn add_fields(&mut self, cx: &CodegenCx<'_, 'tcx>, layout: TyAndLayout<'tcx>, offset: u64) {
        for i in layout.fields.index_by_increasing_offset() {
            self.add(cx, layout.field(cx, i), offset + layout.fields.offset(i).bytes());
        }
    }

    /// `MaybeUninit<T>` is `T`, unless that is integers, as which anything is copied. Of a union of several
    /// fields, only what is the same in all of them is known.
    fn add_union(&mut self, cx: &CodegenCx<'_, 'tcx>, layout: TyAndLayout<'tcx>, offset: u64) {
        let fields = (0..layout.fields.count()).map(|i| Pieces::of(cx, layout.field(cx, i)));
        let fields: Vec<_> = fields.filter(|pieces| !pieces.0.is_empty()).collect();
        let holds = |is_wanted: fn(Kind) -> bool| {
            fields.iter().any(|field| field.any(|run| is_wanted(run.kind)))
        };
        let has_float = holds(|kind| kind.is_float() || kind == Kind::Either);
        if (has_float || holds(|kind| kind == Kind::Pointer))
            && let Some(merged) = merge(&fields)
        {
            self.0.extend(merged.0.into_iter().map(|piece| piece.moved(offset)));
        } else if !has_float
            && let [field] = &fields[..]
            && let Some(run) = field.sole_run(layout.size)
            && matches!(run.kind, Kind::Integer | Kind::Held)
        {
            self.push_run(Run { kind: Kind::Held, offset, ..run });
        } else {
            let kind = if has_float { Kind::Either } else { Kind::Bytes };
            self.push_run(Run { kind, offset, scalar: 1, count: layout.size.bytes() });
        }
    }

    fn add_variants(
        &mut self,
        layout: TyAndLayout<'tcx>,
        variants: Vec<(VariantIdx, Pieces<'tcx>)>,
        offset: u64,
    ) {
        let pieces: Vec<_> = variants.iter().map(|(_, pieces)| pieces.clone()).collect();
        match merge(&pieces) {
            Some(merged) => self.0.extend(merged.0.into_iter().map(|piece| piece.moved(offset))),
            None => self.0.push(Piece::Variants { offset, layout, variants }),
        }
    }

    fn push_run(&mut self, run: Run) {
        if let Some(Piece::Run(last)) = self.0.last_mut()
            && (last.kind, last.scalar, last.end()) == (run.kind, run.scalar, run.offset)
        {
            last.count += run.count;
        } else if run.count > 0 {
            self.0.push(Piece::Run(run));
        }
    }
}

impl Piece<'_> {
    fn moved(self, by: u64) -> Self {
        match self {
            Piece::Run(run) => Piece::Run(Run { offset: run.offset + by, ..run }),
            Piece::Elements { offset, stride, count, element } => {
                Piece::Elements { offset: offset + by, stride, count, element }
            }
            Piece::Variants { offset, layout, variants } => {
                Piece::Variants { offset: offset + by, layout, variants }
            }
        }
    }

    /// From where to where it goes.
    fn range(&self) -> (u64, u64) {
        match self {
            Piece::Run(run) => (run.offset, run.end()),
            Piece::Elements { offset, stride, count, .. } => (*offset, offset + stride * count),
            Piece::Variants { offset, layout, .. } => (*offset, offset + layout.size.bytes()),
        }
    }
}

/// The pieces of all of `values`, which share their place, if none is of another kind than what another has there.
fn merge<'tcx>(values: &[Pieces<'tcx>]) -> Option<Pieces<'tcx>> {
    let mut all: Vec<_> = values.iter().flat_map(|pieces| &pieces.0).cloned().collect();
    all.sort_by_key(|piece| piece.range());
    let mut merged = Pieces::default();
    for piece in all {
        match (merged.0.last_mut(), &piece) {
            (Some(last), _) if last.range().1 <= piece.range().0 => merged.0.push(piece),
            (Some(Piece::Run(last)), Piece::Run(run))
                if (last.kind, last.scalar) == (run.kind, run.scalar)
                    && (run.offset - last.offset) % run.scalar == 0 =>
            {
                let end = last.end().max(run.end());
                last.count = (end - last.offset) / last.scalar;
            }
            (None, _) => merged.0.push(piece),
            (Some(_), _) => return None,
        }
    }
    Some(merged)
}
