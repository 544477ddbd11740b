//! Primals for the tests in `tests/ui/abi/autodiff`, one for each kind of header, and
//! `for_each_header!`, the table of what to call them with and what must come back.
//!
//! A primal only moves its leaves to other places, and each leaf has a value of its own (a prime,
//! or a bit pattern), so that a wrong result names the leaf that went astray. The expected results
//! are written down, never computed by the code under test.
//!
//! The attribute stands alone here, without a derivative: it alone decides the ABI, and a
//! derivative that is public in a dependency would be compiled, which takes `-Zautodiff=Enable`.

#![allow(dead_code)] // no test uses all of it

use std::fmt::Debug;

/// Passes if `got` is `want`. `how` names the way of calling, `name` the primal.
#[inline(never)]
pub fn exact<T: PartialEq + Debug>(name: &str, how: &str, got: T, want: T) {
    assert!(got == want, "{name} {how}: got {got:?}, want exactly {want:?}");
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Pair {
    pub a: f64,
    pub b: f64,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Mixed {
    pub flag: bool,
    pub a: f32,
    pub n: u16,
    pub b: f64,
    pub c: i64,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Nested {
    pub inner: [Pair; 2],
    pub t: (u8, f32),
    pub scale: f32,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Newtype(pub f64);

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Unit;

/// Fits a 64-bit register with a float inside: <https://github.com/EnzymeAD/rust/issues/38>
#[derive(Clone, Copy, PartialEq, Debug)]
#[repr(C)]
pub struct Short {
    pub a: i16,
    pub b: f32,
    pub c: i16,
}

#[derive(Clone, Copy, PartialEq, Debug)]
#[repr(align(32))]
pub struct Aligned {
    pub a: f32,
    pub b: f64,
}

#[derive(Clone, Copy, PartialEq, Debug)]
#[repr(C, packed)]
pub struct Packed {
    pub a: u8,
    pub b: f64,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Shape {
    Empty,
    Circle(f64),
    Rect(f32, f32),
    Named { n: u32, x: f64 },
}

macro_rules! primals {
    ($(fn $name:ident $parameters:tt -> $r:ty $body:block)*) => {$(
        #[rustc_autodiff]
        #[inline(never)] // a direct call shall be a call
        pub fn $name $parameters -> $r $body
    )*};
}

primals! {
    fn pair(p: Pair) -> Pair { Pair { a: p.b, b: p.a } }
    fn tuple(x: (f64, f32)) -> (f32, f64) { (x.1, x.0) }
    fn tuple_byte(x: (u8, f32)) -> (f32, u8) { (x.1, x.0) }
    fn tuple_ints(x: (i64, u32)) -> (u32, i64) { (x.1, x.0) }
    fn tuple_wide_int(x: (u128, u8)) -> (u8, u128) { (x.1, x.0) }
    fn tuple_floats(x: (f64, f64)) -> (f64, f64) { (x.1, x.0) }
    fn triple(x: (f64, u16, f32)) -> (u16, f32, f64) { (x.1, x.2, x.0) }
    fn tuple_of_one(x: (f64,), y: (f32,)) -> (f64,) { (x.0 + y.0 as f64,) }
    fn newtypes(x: Newtype, y: Newtype) -> Newtype { Newtype(x.0 * 100.0 + y.0) }
    fn array_one(x: [f32; 1]) -> [f32; 1] { [-x[0]] }
    fn array_two(x: [f32; 2]) -> [f32; 2] { [x[1], x[0]] }
    fn array_three(x: [f32; 3]) -> [f32; 3] { [x[1], x[2], x[0]] }
    fn array_double(x: [f64; 2]) -> [f64; 2] { [x[1], x[0]] }
    fn array_large(x: [f64; 5]) -> [f64; 5] { [x[1], x[2], x[3], x[4], x[0]] }
    fn array_bytes(x: [u8; 3]) -> [u8; 3] { [x[1], x[2], x[0]] }
    fn array_of_pairs(x: [Pair; 2]) -> [(f64, f64); 2] { [(x[1].b, x[0].b), (x[1].a, x[0].a)] }
    fn slice(x: &'static [f64], y: (f64, f64)) -> (f64, usize) { (x[0] * 10.0 + y.1, x.len()) }
    fn text(_: [f32; 2], s: &'static str) -> &'static str { &s[1..] }
    fn boxed(x: Box<f64>, y: (f64, f64)) -> (Box<f64>, f64) { (Box::new(y.0 + y.1), *x) }
    fn boxed_slice(x: Box<[f64]>) -> Box<[f64]> { Box::new([x[1], x[0]]) }
    fn vector(mut x: Vec<f64>, y: [f32; 2]) -> Vec<f64> { x.push(y[1] as f64); x }
    fn zero_sized(_: (), x: (f64, f64), _: Unit, n: u16, _: [u64; 0], y: [f32; 2])
        -> ((), f32, u16, Unit, f64) { ((), y[1], n, Unit, x.1 + x.0 * 100.0 + y[0] as f64) }
    fn only_zero_sized(_: (), _: Unit) -> Unit { Unit }
    fn option(x: Option<f64>, y: Option<f64>) -> Option<f64> { x.and(y) }
    fn option_none(x: Option<f64>, y: Option<f64>) -> Option<f64> { x.and(y) }
    fn option_int(x: Option<f64>) -> Option<u32> { x.map(|x| x as u32) }
    fn option_reference(x: Option<&'static f64>) -> Option<f64> { x.copied() }
    fn option_pair(x: Option<(f32, f32)>) -> Option<[f32; 2]> { x.map(|(a, b)| [b, a]) }
    fn result(x: Result<f64, u32>) -> Result<u32, f64> {
        match x { Ok(x) => Err(x), Err(x) => Ok(x) }
    }
    fn result_err(x: Result<f64, u32>) -> Result<u32, f64> {
        match x { Ok(x) => Err(x), Err(x) => Ok(x) }
    }
    fn shape(x: Shape, y: Shape) -> (Shape, Shape) { (y, x) }
    fn shape_empty(x: Shape, y: Shape) -> (Shape, Shape) { (y, x) }
    fn mixed(a: u8, x: (u8, f32), m: Mixed, b: i64) -> Mixed {
        Mixed { flag: !m.flag, a: x.1, n: a as u16 * 256 + x.0 as u16, b: m.a as f64, c: b - m.c }
    }
    fn nested(n: Nested, k: f32) -> Nested {
        let [p, q] = n.inner;
        let inner = [Pair { a: p.b, b: q.a }, Pair { a: q.b, b: p.a }];
        Nested { inner, t: (n.t.0, n.scale), scale: n.t.1 * k }
    }
    fn short(x: Short) -> Short { Short { a: x.c, b: -x.b, c: x.a } }
    fn aligned(_: u8, x: Aligned, y: Pair) -> Aligned { Aligned { a: y.b as f32, b: x.b } }
    fn packed(x: Packed, y: u8) -> Packed { Packed { a: y - x.a, b: -{ x.b } } }
    fn patterns((a, b): (f64, f64), [c, _]: [f32; 2], Pair { b: d, .. }: Pair) -> [f64; 4] {
        [d, c as f64, b, a]
    }
    fn scalars(a: f64, b: u8, c: f32, d: bool, e: char, f: i128)
        -> (i128, char, bool, f32, u8, f64) { (f, e, d, c, b, a) }
    fn nothing_returned(x: (f64, f64), y: Short) -> () {
        assert_eq!((x, y), ((2.0, 3.0), Short { a: 5, b: 7.0, c: 11 }));
    }
    fn nothing_taken() -> (f64, u8) { (2.0, 0xA5) }
    // The callbacks given to these two are primals again.
    fn callback(f: fn((f64, f64)) -> (f64, f64), x: (f64, f64)) -> (f64, f64) { f(f(f(x))) }
    fn callback_dyn(f: &'static dyn Fn([f32; 2]) -> [f32; 2], x: [f32; 2]) -> [f32; 2] { f(x) }
    // More than there are registers for, whichever way they are passed.
    fn many(
        a: (f64, f64), b: [f32; 2], c: Pair, d: (u8, u32), e: u64, f: Option<f64>, g: Short,
        h: (u64, u64), i: f32, j: [f64; 3], k: (f32, u8), l: &'static [f64],
    ) -> [f64; 20] {
        [
            l[0], l[1], k.1 as f64, k.0 as f64, j[2], j[1], j[0], i as f64, h.1 as f64, h.0 as f64,
            g.c as f64, g.b as f64, g.a as f64, f.unwrap(), e as f64,
            d.1 as f64 * 1000.0 + d.0 as f64, c.b * 1000.0 + c.a, b[1] as f64, b[0] as f64,
            a.1 * 1000.0 + a.0,
        ]
    }
}

/// `$callback! { name(parameter: type = argument, ..) -> type = result; .. }`
#[macro_export]
macro_rules! for_each_header {
    ($callback:ident) => {$callback! {
        pair(p: Pair = Pair { a: 2.0, b: 3.0 }) -> Pair = Pair { a: 3.0, b: 2.0 };
        tuple(x: (f64, f32) = (2.0, 3.0)) -> (f32, f64) = (3.0, 2.0);
        tuple_byte(x: (u8, f32) = (0xA5, 3.0)) -> (f32, u8) = (3.0, 0xA5);
        tuple_ints(x: (i64, u32) = (-0x1234_5678_9ABC, 0xDEF0_1357)) -> (u32, i64)
            = (0xDEF0_1357, -0x1234_5678_9ABC);
        tuple_wide_int(x: (u128, u8) = (0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210, 0x5A))
            -> (u8, u128) = (0x5A, 0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210);
        tuple_floats(x: (f64, f64) = (2.0, 3.0)) -> (f64, f64) = (3.0, 2.0);
        triple(x: (f64, u16, f32) = (2.0, 0x3344, 5.0)) -> (u16, f32, f64) = (0x3344, 5.0, 2.0);
        tuple_of_one(x: (f64,) = (200.0,), y: (f32,) = (3.0,)) -> (f64,) = (203.0,);
        newtypes(x: Newtype = Newtype(2.0), y: Newtype = Newtype(3.0)) -> Newtype = Newtype(203.0);
        array_one(x: [f32; 1] = [2.0]) -> [f32; 1] = [-2.0];
        array_two(x: [f32; 2] = [2.0, 3.0]) -> [f32; 2] = [3.0, 2.0];
        array_three(x: [f32; 3] = [2.0, 3.0, 5.0]) -> [f32; 3] = [3.0, 5.0, 2.0];
        array_double(x: [f64; 2] = [2.0, 3.0]) -> [f64; 2] = [3.0, 2.0];
        array_large(x: [f64; 5] = [2.0, 3.0, 5.0, 7.0, 11.0]) -> [f64; 5]
            = [3.0, 5.0, 7.0, 11.0, 2.0];
        array_bytes(x: [u8; 3] = [0x11, 0x22, 0x44]) -> [u8; 3] = [0x22, 0x44, 0x11];
        array_of_pairs(x: [Pair; 2] = [Pair { a: 2.0, b: 3.0 }, Pair { a: 5.0, b: 7.0 }])
            -> [(f64, f64); 2] = [(7.0, 3.0), (5.0, 2.0)];
        slice(x: &'static [f64] = &[2.0, 3.0, 5.0], y: (f64, f64) = (700.0, 0.5)) -> (f64, usize)
            = (20.5, 3);
        text(x: [f32; 2] = [2.0, 3.0], s: &'static str = "leaf") -> &'static str = "eaf";
        boxed(x: Box<f64> = Box::new(2.0), y: (f64, f64) = (30.0, 5.0)) -> (Box<f64>, f64)
            = (Box::new(35.0), 2.0);
        boxed_slice(x: Box<[f64]> = Box::new([2.0, 3.0])) -> Box<[f64]> = Box::new([3.0, 2.0]);
        vector(x: Vec<f64> = vec![2.0, 3.0], y: [f32; 2] = [5.0, 7.0]) -> Vec<f64>
            = vec![2.0, 3.0, 7.0];
        zero_sized(
            u: () = (), x: (f64, f64) = (2.0, 3.0), v: Unit = Unit, n: u16 = 0x55AA,
            w: [u64; 0] = [], y: [f32; 2] = [0.5, 7.0]
        ) -> ((), f32, u16, Unit, f64) = ((), 7.0, 0x55AA, Unit, 203.5);
        only_zero_sized(u: () = (), v: Unit = Unit) -> Unit = Unit;
        option(x: Option<f64> = Some(2.0), y: Option<f64> = Some(3.0)) -> Option<f64> = Some(3.0);
        option_none(x: Option<f64> = None, y: Option<f64> = Some(3.0)) -> Option<f64> = None;
        option_int(x: Option<f64> = Some(2.0)) -> Option<u32> = Some(2);
        option_reference(x: Option<&'static f64> = Some(&2.0)) -> Option<f64> = Some(2.0);
        option_pair(x: Option<(f32, f32)> = Some((2.0, 3.0))) -> Option<[f32; 2]>
            = Some([3.0, 2.0]);
        result(x: Result<f64, u32> = Ok(2.0)) -> Result<u32, f64> = Err(2.0);
        result_err(x: Result<f64, u32> = Err(0xC3C3)) -> Result<u32, f64> = Ok(0xC3C3);
        shape(x: Shape = Shape::Rect(2.0, 3.0), y: Shape = Shape::Named { n: 0x1357, x: 5.0 })
            -> (Shape, Shape) = (Shape::Named { n: 0x1357, x: 5.0 }, Shape::Rect(2.0, 3.0));
        shape_empty(x: Shape = Shape::Empty, y: Shape = Shape::Circle(2.0)) -> (Shape, Shape)
            = (Shape::Circle(2.0), Shape::Empty);
        mixed(
            a: u8 = 0x11, x: (u8, f32) = (0x22, 2.0),
            m: Mixed = Mixed { flag: true, a: 3.0, n: 0x4444, b: 5.0, c: 0x100 }, b: i64 = 0x888
        ) -> Mixed = Mixed { flag: false, a: 2.0, n: 0x1122, b: 3.0, c: 0x788 };
        nested(
            n: Nested = Nested {
                inner: [Pair { a: 2.0, b: 3.0 }, Pair { a: 5.0, b: 7.0 }], t: (0x5A, 11.0),
                scale: 13.0
            },
            k: f32 = 100.0
        ) -> Nested = Nested {
            inner: [Pair { a: 3.0, b: 5.0 }, Pair { a: 7.0, b: 2.0 }], t: (0x5A, 13.0),
            scale: 1100.0
        };
        short(x: Short = Short { a: 0x1122, b: 2.0, c: -0x3344 }) -> Short
            = Short { a: -0x3344, b: -2.0, c: 0x1122 };
        aligned(
            n: u8 = 0x11, x: Aligned = Aligned { a: 2.0, b: 3.0 }, y: Pair = Pair { a: 5.0, b: 7.0 }
        ) -> Aligned = Aligned { a: 7.0, b: 3.0 };
        packed(x: Packed = Packed { a: 0x11, b: 2.0 }, y: u8 = 0x55) -> Packed
            = Packed { a: 0x44, b: -2.0 };
        patterns(
            x: (f64, f64) = (2.0, 3.0), y: [f32; 2] = [5.0, 7.0],
            z: Pair = Pair { a: 11.0, b: 13.0 }
        ) -> [f64; 4] = [13.0, 5.0, 3.0, 2.0];
        scalars(
            a: f64 = 2.0, b: u8 = 0xA5, c: f32 = 3.0, d: bool = true, e: char = 'ß',
            f: i128 = -0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210
        ) -> (i128, char, bool, f32, u8, f64)
            = (-0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210, 'ß', true, 3.0, 0xA5, 2.0);
        nothing_returned(x: (f64, f64) = (2.0, 3.0), y: Short = Short { a: 5, b: 7.0, c: 11 })
            -> () = ();
        nothing_taken() -> (f64, u8) = (2.0, 0xA5);
        callback(f: fn((f64, f64)) -> (f64, f64) = tuple_floats, x: (f64, f64) = (2.0, 3.0))
            -> (f64, f64) = (3.0, 2.0);
        callback_dyn(
            f: &'static dyn Fn([f32; 2]) -> [f32; 2] = &array_two, x: [f32; 2] = [2.0, 3.0]
        ) -> [f32; 2] = [3.0, 2.0];
        many(
            a: (f64, f64) = (2.0, 3.0), b: [f32; 2] = [5.0, 7.0],
            c: Pair = Pair { a: 11.0, b: 13.0 }, d: (u8, u32) = (17, 19), e: u64 = 23,
            f: Option<f64> = Some(29.0), g: Short = Short { a: 31, b: 37.0, c: 41 },
            h: (u64, u64) = (43, 47), i: f32 = 53.0, j: [f64; 3] = [59.0, 61.0, 67.0],
            k: (f32, u8) = (71.0, 73), l: &'static [f64] = &[79.0, 83.0]
        ) -> [f64; 20] = [
            79.0, 83.0, 73.0, 71.0, 67.0, 61.0, 59.0, 53.0, 47.0, 43.0, 41.0, 37.0, 31.0, 29.0,
            23.0, 19017.0, 13011.0, 7.0, 5.0, 3002.0
        ];
    }};
}
