//! Draws headers. Only what has a documented meaning is drawn.

use crate::model::{
    Change, Header, Loop, Make, Mode, Moved, Number, Outlined, Param, Pass, Ret, Write,
};
use crate::rng::Rng;
use crate::types::{Adt, Float, INTEGERS, Repr, Ty};

/// The most floats that a parameter has, and that are returned.
const FLOATS: usize = 10;

pub struct Draw {
    rng: Rng,
    /// Half of the headers have no `f32`, so that they can be compared more closely.
    singles: bool,
    structs: usize,
}

/// The header number `id` of a seed.
pub fn header(seed: u64, id: usize) -> Header {
    let mut seeds = Rng::new(seed ^ (id as u64).wrapping_mul(0xd6e8_feb8_6659_fd93));
    let mut rng = Rng::new(seeds.next());
    let singles = rng.percent(50);
    let mut draw = Draw { rng, singles, structs: 0 };
    draw.header(id)
}

impl Draw {
    fn float_kind(&mut self) -> Float {
        if self.singles && self.rng.percent(50) { Float::F32 } else { Float::F64 }
    }

    /// One of the target's rarer kinds, now and then.
    fn any_float(&mut self) -> Ty {
        Ty::Float(match self.rng.below(30) {
            0 => Float::F16,
            1 => Float::F128,
            _ => self.float_kind(),
        })
    }

    fn int(&mut self) -> Ty {
        Ty::Int(self.rng.pick(&INTEGERS))
    }

    /// What has no size.
    fn nothing(&mut self) -> Ty {
        match self.rng.below(4) {
            0 => Ty::Unit,
            1 => Ty::Phantom,
            2 => Ty::Array(Box::new(Ty::Float(Float::F64)), 0),
            _ => self.adt(vec![vec![]], false),
        }
    }

    fn adt(&mut self, variants: Vec<Vec<Ty>>, is_enum: bool) -> Ty {
        let id = self.structs;
        self.structs += 1;
        let repr = if self.rng.percent(20) { Repr::C } else { Repr::Rust };
        // `repr(C)` needs a field to be of use, and an enum has one representation more.
        let empty = variants.iter().all(Vec::is_empty);
        let repr = if empty { Repr::Rust } else { repr };
        let (named, live) = (self.rng.percent(60), self.rng.below(variants.len()));
        let (generic, is_union, tail) = (None, false, false);
        Ty::Adt(Box::new(Adt { id, repr, named, generic, variants, live, is_enum, is_union, tail }))
    }

    /// A struct or tuple that holds references, shared ones only if it is in a shared place.
    fn view(&mut self) -> Ty {
        let count = 1 + self.rng.weighted(&[2, 4, 3, 1]);
        let mut fields = vec![];
        for _ in 0..count {
            let float = Ty::Float(self.float_kind());
            let several = self.rng.below(4);
            fields.push(match self.rng.weighted(&[6, 3, 2, 3, 3, 2, 2, 1]) {
                0 => Ty::Borrowed(Box::new(Ty::Slice(Box::new(float), several)), false),
                1 => Ty::Borrowed(Box::new(Ty::Slice(Box::new(float), several)), true),
                2 => {
                    let pair = Ty::Tuple(vec![float, self.int()]);
                    Ty::Borrowed(Box::new(Ty::Slice(Box::new(pair), several)), false)
                }
                3 => Ty::Borrowed(Box::new(float), self.rng.percent(30)),
                4 => float,
                5 => self.int(),
                6 => Ty::Borrowed(Box::new(Ty::Slice(Box::new(self.int()), several)), false),
                _ => Ty::Array(Box::new(Ty::Borrowed(Box::new(float), false)), 2),
            });
        }
        if self.rng.percent(35) { Ty::Tuple(fields) } else { self.adt(vec![fields], false) }
    }

    /// A struct that ends in a slice.
    fn tailed(&mut self) -> Ty {
        let count = self.rng.below(3);
        let mut fields: Vec<_> = (0..count).map(|_| self.ty(0, false)).collect();
        let element = match self.rng.below(3) {
            0 => Ty::Array(Box::new(Ty::Float(self.float_kind())), 2),
            _ => Ty::Float(self.float_kind()),
        };
        fields.push(Ty::Slice(Box::new(element), self.rng.below(4)));
        let Ty::Adt(mut adt) = self.adt(vec![fields], false) else { unreachable!("a struct") };
        adt.tail = true;
        Ty::Adt(adt)
    }

    fn struct_ty(&mut self, depth: usize, heap: bool) -> Ty {
        let count = 1 + self.rng.weighted(&[3, 4, 3, 2, 1, 1]);
        let fields: Vec<_> = (0..count).map(|_| self.ty(depth - 1, heap)).collect();
        let Ty::Adt(mut adt) = self.adt(vec![fields], false) else { unreachable!("a struct") };
        match self.rng.below(6) {
            0 => {
                let float = self.float_kind();
                adt.variants[0].insert(self.rng.below(count + 1), Ty::Float(float));
                adt.generic = Some(float);
            }
            1 => {
                adt.variants[0].truncate(1);
                adt.repr = Repr::Transparent;
                if self.rng.percent(40) {
                    adt.variants[0].push(Ty::Phantom);
                }
            }
            _ => {}
        }
        Ty::Adt(adt)
    }

    /// A float, or something else in its place: an integer, a float of another size, a pointer.
    fn mixed(&mut self, heap: bool) -> Ty {
        let float = Ty::Float(self.float_kind());
        let other = match self.rng.weighted(&[
            6,
            2,
            3 * usize::from(heap),
            2 * usize::from(heap),
            2 * usize::from(heap),
        ]) {
            0 => self.int(),
            1 => Ty::Tuple(vec![self.int(), Ty::Float(self.float_kind())]),
            2 => Ty::Boxed(Box::new(Ty::Float(self.float_kind()))),
            3 => Ty::Text,
            _ => Ty::Vec(Box::new(Ty::Float(self.float_kind())), self.rng.below(3)),
        };
        match self.rng.weighted(&[4, 2, 6]) {
            kind @ 0..2 => {
                let result = Ty::Result(Box::new(float), Box::new(other), self.rng.percent(60));
                match kind {
                    0 => result,
                    _ => Ty::Option(Box::new(result), self.rng.percent(80)),
                }
            }
            _ => {
                let mut variants = vec![vec![float], vec![other]];
                if self.rng.percent(40) {
                    variants.push(match self.rng.below(3) {
                        0 => vec![],
                        1 => vec![self.int(), self.any_float()],
                        _ => vec![Ty::Array(Box::new(Ty::Float(self.float_kind())), 2)],
                    });
                }
                let last = variants.len() - 1;
                variants.swap(0, self.rng.below(last + 1));
                self.adt(variants, true)
            }
        }
    }

    /// Of a float and an integer.
    fn union(&mut self) -> Ty {
        let variants = vec![vec![Ty::Float(self.float_kind())], vec![self.int()]];
        let Ty::Adt(mut adt) = self.adt(variants, false) else { unreachable!("a union") };
        (adt.is_union, adt.live) = (true, usize::from(self.rng.percent(25)));
        Ty::Adt(adt)
    }

    /// Hundreds of bytes, or thousands.
    fn large(&mut self) -> Ty {
        let element = loop {
            let element = match self.rng.below(4) {
                0 => Ty::Tuple(vec![Ty::Int("u32"), Ty::Float(self.float_kind())]),
                1 => self.mixed(false),
                _ => self.ty(1, false),
            };
            if element.is_copy() && element.has_float() && element.live_floats() <= 3 {
                break element;
            }
        };
        Ty::Large(Box::new(element), self.rng.pick(&[20, 33, 70, 300]))
    }

    /// How many elements there are: of nothing to what is more than room is made for at first.
    fn length(&mut self) -> usize {
        if self.rng.percent(75) { self.rng.below(4) } else { 4 + self.rng.below(6) }
    }

    fn moved(&mut self) -> Moved {
        let makes = [
            Make::Collect,
            Make::Push,
            Make::Push,
            Make::Extend,
            Make::InsertMiddle,
            Make::Queue,
            Make::Map,
            Make::Boxes,
        ];
        let all = [
            Change::Sort,
            Change::Sort,
            Change::SortUnstable,
            Change::SortUnstable,
            Change::SortByNumber,
            Change::Clone,
            Change::Drain,
            Change::Rotate,
            Change::Reverse,
            Change::SplitOff,
            Change::RemoveAndInsert,
            Change::SwapRemove,
            Change::Doubled,
            Change::Shrink,
            Change::Boxed,
        ];
        let make = self.rng.pick(&makes);
        let changes = (0..1 + self.rng.below(4)).map(|_| self.rng.pick(&all)).collect();
        let ty = self.rng.pick(&["u8", "u32", "usize", "u64"]);
        let number = if self.rng.percent(50) { Number::Before(ty) } else { Number::Behind(ty) };
        Moved { make, changes, number }
    }

    fn enum_ty(&mut self, depth: usize, heap: bool) -> Ty {
        let count = 2 + self.rng.below(2);
        let mut variants = vec![];
        for _ in 0..count {
            let fields = self.rng.weighted(&[2, 5, 2]);
            variants.push((0..fields).map(|_| self.ty(depth - 1, heap)).collect());
        }
        self.adt(variants, true)
    }

    fn ty(&mut self, depth: usize, heap: bool) -> Ty {
        let deep = usize::from(depth > 0);
        let weights = [
            34,
            12,
            4,
            14 * deep,
            18 * deep,
            12 * deep,
            6 * deep,
            3 * deep,
            5 * deep,
            2,
            6 * deep * usize::from(heap),
            10 * deep,
            3,
            3 * deep,
        ];
        match self.rng.weighted(&weights) {
            0 => self.any_float(),
            1 => self.int(),
            2 => self.nothing(),
            3 => {
                let count = 1 + self.rng.weighted(&[1, 5, 3, 1]);
                Ty::Tuple((0..count).map(|_| self.ty(depth - 1, heap)).collect())
            }
            4 => self.struct_ty(depth, heap),
            5 => {
                let count = 1 + self.rng.weighted(&[3, 5, 3, 2, 1]);
                Ty::Array(Box::new(self.ty(depth - 1, heap)), count)
            }
            6 => {
                let ty = self.ty(depth - 1, heap);
                Ty::Option(Box::new(ty), self.rng.percent(80))
            }
            7 => {
                let (ok, err) = (self.ty(depth - 1, heap), self.ty(depth - 1, heap));
                Ty::Result(Box::new(ok), Box::new(err), self.rng.percent(60))
            }
            8 => self.enum_ty(depth, heap),
            9 => Ty::Simd(self.float_kind(), 2 << self.rng.below(2)),
            10 => match self.rng.below(10) {
                0 => Ty::Text,
                1 | 2 => {
                    let slice = Ty::Slice(Box::new(self.ty(depth - 1, false)), self.length());
                    Ty::Boxed(Box::new(slice))
                }
                3..6 => Ty::Boxed(Box::new(self.ty(depth - 1, false))),
                6 | 7 => Ty::Vec(Box::new(self.mixed(true)), self.length()),
                _ => Ty::Vec(Box::new(self.ty(depth - 1, false)), self.length()),
            },
            11 => self.mixed(heap),
            12 => self.union(),
            _ => self.large(),
        }
    }

    fn limited(&mut self, depth: usize, heap: bool) -> Ty {
        loop {
            let ty = self.ty(depth, heap);
            if ty.live_floats() <= FLOATS {
                return ty;
            }
        }
    }

    /// What is behind a reference.
    fn referent(&mut self) -> Ty {
        match self.rng.below(100) {
            0..5 => Ty::Str,
            5..10 => Ty::Slice(Box::new(Ty::Int("u32")), self.rng.below(4)),
            10..30 => loop {
                let element = match self.rng.below(5) {
                    0 => Ty::Float(self.float_kind()),
                    1 => Ty::Array(Box::new(Ty::Float(self.float_kind())), 2),
                    2 => self.mixed(true),
                    3 => Ty::Tuple(vec![self.int(), Ty::Float(self.float_kind())]),
                    _ => self.ty(2, true),
                };
                let slice = Ty::Slice(Box::new(element), self.length());
                if slice.live_floats() <= FLOATS {
                    break slice;
                }
            },
            30..38 => Ty::Vec(Box::new(Ty::Float(self.float_kind())), self.length()),
            38..42 => Ty::Boxed(Box::new(Ty::Float(self.float_kind()))),
            _ => self.limited(2, true),
        }
    }

    fn param(&mut self) -> Param {
        let (ty, pass) = match self.rng.below(112) {
            0..55 => (self.limited(2, false), Pass::Value),
            55..57 => {
                let float = Box::new(Ty::Float(self.float_kind()));
                let ty = match self.rng.below(4) {
                    0 => Ty::Boxed(float),
                    1 => Ty::Vec(float, self.length()),
                    2 => self.mixed(true),
                    _ => self.limited(2, true),
                };
                (ty, Pass::Value)
            }
            100..107 => {
                let passes = [Pass::Value, Pass::Ref, Pass::Ref, Pass::RefMut];
                (self.view(), self.rng.pick(&passes))
            }
            107..109 => {
                let row = Ty::Slice(Box::new(Ty::Float(self.float_kind())), self.rng.below(3));
                let rows = Ty::Slice(Box::new(Ty::Borrowed(Box::new(row), false)), 2);
                (rows, Pass::Ref)
            }
            109.. => (self.tailed(), self.rng.pick(&[Pass::Ref, Pass::RefMut])),
            kind => {
                let ty = self.referent();
                let wide = matches!(ty, Ty::Str | Ty::Slice(..));
                let pass = match kind {
                    57..80 => Pass::Ref,
                    80..94 => Pass::RefMut,
                    94..97 => Pass::ConstPtr,
                    _ => Pass::MutPtr,
                };
                match (wide, pass) {
                    (true, Pass::ConstPtr) => (ty, Pass::Ref),
                    (true, Pass::MutPtr) => (ty, Pass::RefMut),
                    _ => (ty, pass),
                }
            }
        };
        // A `&mut str` can only be read.
        let pass = if ty == Ty::Str { Pass::Ref } else { pass };
        self.with_activity(ty, pass)
    }

    fn with_activity(&mut self, ty: Ty, pass: Pass) -> Param {
        let write = match self.rng.below(8) {
            _ if !pass.is_mut() || ty.live_floats() == 0 => Write::Nothing,
            // A result may be too large for one.
            _ if ty.has(Float::F16) => Write::Nothing,
            0 => Write::Nothing,
            1..4 => Write::Out,
            _ => Write::InOut,
        };
        let chance = if pass.is_mut() { 92 } else { 75 };
        // Which field of a union is used, nothing but the primal knows.
        let integer = |ty: &Ty| matches!(ty, Ty::Adt(adt) if adt.is_union && adt.live > 0);
        let active = ty.has_float() && !ty.any(&integer) && self.rng.percent(chance);
        // What it held may be lost, where it is overwritten after it has been read.
        let only = active && write != Write::InOut && self.rng.percent(10);
        let side_by_side = self.rng.percent(35);
        let several = ty.element().is_some_and(|element| element.live_floats() > 0);
        let loops = [Loop::Iter, Loop::Backwards, Loop::Index, Loop::Chunks, Loop::Zip];
        let walked = (several && self.rng.percent(75)).then(|| self.rng.pick(&loops));
        let moved =
            (walked.is_some() && !ty.borrows() && self.rng.percent(70)).then(|| self.moved());
        Param { ty, pass, write, active, only, side_by_side, walked, moved }
    }

    fn receiver(&mut self) -> Param {
        let ty = loop {
            let ty = if self.rng.percent(85) {
                self.struct_ty(2, false)
            } else {
                self.enum_ty(2, false)
            };
            if ty.live_floats() <= FLOATS {
                break ty;
            }
        };
        let pass = self.rng.pick(&[Pass::Value, Pass::Ref, Pass::Ref, Pass::RefMut]);
        self.with_activity(ty, pass)
    }

    /// A parameter of the function's type parameter, or with its length parameter.
    fn generic(&mut self, element: Ty, length: Option<usize>) -> Param {
        let boxed = Box::new(element.clone());
        let ty = match (length, self.rng.below(4)) {
            (Some(n), _) => Ty::ConstArray(boxed, n),
            (_, 0) => Ty::Tuple(vec![element, Ty::Float(Float::F64)]),
            (_, 1) => Ty::Array(boxed, 1 + self.rng.below(3)),
            (_, 2) => {
                let slice = Ty::Slice(boxed, self.rng.below(4));
                return self.with_activity(slice, Pass::Ref);
            }
            _ => element,
        };
        let pass = self.rng.pick(&[Pass::Value, Pass::Value, Pass::Ref, Pass::RefMut]);
        self.with_activity(ty, pass)
    }

    fn header(&mut self, id: usize) -> Header {
        let count = self.rng.weighted(&[2, 10, 14, 14, 12, 10, 8, 6, 5, 4, 3, 3, 2]);
        let receiver = count > 0 && self.rng.percent(15);
        let mut params: Vec<Param> = vec![];
        if receiver {
            params.push(self.receiver());
        }
        let of_impl =
            params.iter().any(|param| matches!(&param.ty, Ty::Adt(adt) if adt.generic.is_some()));
        let generic = (!of_impl && self.rng.percent(10)).then(|| self.float_kind());
        let length = self.rng.percent(8).then(|| 1 + self.rng.below(4));
        while params.len() < count {
            params.push(match (generic, length) {
                (Some(float), _) if self.rng.percent(40) => self.generic(Ty::Param(float), None),
                (_, Some(n)) if self.rng.percent(40) => {
                    let element = match self.rng.below(3) {
                        0 => Ty::Array(Box::new(Ty::Float(self.float_kind())), 2),
                        _ => Ty::Float(self.float_kind()),
                    };
                    self.generic(element, Some(n))
                }
                _ => self.param(),
            });
        }
        let (ret, ret_active) = self.ret(&params);
        let ret_only = ret_active && self.rng.percent(20);
        let formula = self.rng.next();
        let outlined = match self.rng.below(6) {
            0 => Some(Outlined::Whole),
            1 => Some(Outlined::Formula),
            _ => None,
        };
        let mut header = Header {
            id,
            params,
            receiver,
            ret,
            ret_active,
            ret_only,
            modes: vec![],
            formula,
            outlined,
            linear: false,
        };
        header.modes = self.modes(&header);
        header
    }

    fn ret(&mut self, params: &[Param]) -> (Ret, bool) {
        match self.rng.below(100) {
            0..25 => return (Ret::Unit, false),
            25..29 => {
                let fits = |param: &Param| {
                    param.pass == Pass::Ref && param.ty.live_floats() > 0 && param.ty.is_copy()
                        && !param.ty.any(&|ty| {
                            matches!(ty, Ty::Option(..) | Ty::Result(..) | Ty::Simd(..))
                                || matches!(ty, Ty::Adt(adt) if adt.is_enum || adt.generic.is_some())
                        })
                };
                if let Some(param) = params.iter().position(fits) {
                    return (Ret::Ref(param), false);
                }
            }
            _ => {}
        }
        let generic = params.iter().find_map(|param| match param.ty {
            Ty::Param(float) => Some(Ty::Param(float)),
            _ => None,
        });
        let ty = match (generic, self.rng.below(10)) {
            (Some(ty), 0..5) => ty,
            (_, 0..4) => Ty::Float(self.float_kind()),
            _ => loop {
                let ty = self.ty(2, false);
                if ty.live_floats() <= 6 && ty != Ty::Unit && !ty.has(Float::F16) {
                    break ty;
                }
            },
        };
        let integer = |ty: &Ty| matches!(ty, Ty::Adt(adt) if adt.is_union && adt.live > 0);
        let active = ty.has_float() && !ty.any(&integer) && self.rng.percent(85);
        (Ret::Value(ty), active)
    }

    fn modes(&mut self, header: &Header) -> Vec<Mode> {
        let by_value = |param: &&Param| param.active && param.pass == Pass::Value;
        // Of these, `Active` is an error.
        let no_gradient = |ty: &Ty| !ty.is_copy();
        let reverse = !header.params.iter().filter(by_value).any(|param| no_gradient(&param.ty));
        let forward_width = if self.rng.percent(25) { self.rng.pick(&[2, 4]) } else { 1 };
        // What `Active` returns with a width is not documented.
        let batched = !header.params.iter().any(|param| by_value(&param));
        let reverse_width =
            if batched && self.rng.percent(25) { self.rng.pick(&[2, 4]) } else { 1 };
        let forward_mode = Mode { reverse: false, width: forward_width };
        let reverse_mode = Mode { reverse: true, width: reverse_width };
        match (reverse, self.rng.below(10)) {
            (false, _) | (true, 0) => vec![forward_mode],
            (true, 1..3) => vec![reverse_mode],
            (true, _) => vec![reverse_mode, forward_mode],
        }
    }
}
