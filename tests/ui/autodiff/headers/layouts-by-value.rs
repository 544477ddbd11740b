//! Check the derivatives of functions that take structs by value whose layout is not the obvious one:
//! integers, bools, characters and `NonZero`s between the floats, padding, given alignment, no padding,
//! `repr(C)`, `repr(transparent)`. What is no float is a coefficient, and is in the gradient what it is in
//! the argument.
//!
//! Among them a struct that fits a register with its float inside, which Enzyme was given as an `i64`:
//! <https://github.com/EnzymeAD/rust/issues/38>.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;
use std::num::{NonZero, Wrapping};

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct InRegister {
    a: i16,
    x: f32,
    b: i16,
}

// (a + b) x^2
#[autodiff_reverse(d_in_register, Active, Active)]
#[autodiff_forward(t_in_register, Dual, Dual)]
fn in_register(s: InRegister) -> f32 {
    (s.a + s.b) as f32 * s.x * s.x
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct InOneWord {
    a: u16,
    b: i8,
    flag: bool,
    x: f32,
}

// +- (a + b) x
#[autodiff_reverse(d_in_one_word, Active, Active)]
#[autodiff_forward(t_in_one_word, Dual, Dual)]
fn in_one_word(s: InOneWord) -> f32 {
    (if s.flag { 1.0 } else { -1.0 }) * (s.a as f32 + s.b as f32) * s.x
}

fn in_registers() {
    let s = InRegister { a: 3, x: 2.0, b: 4 };
    exact("in_register", d_in_register(black_box(s), 1.0), (28.0, InRegister { x: 28.0, ..s }));
    exact("in_register", t_in_register(black_box(s), InRegister { x: 10.0, ..s }), (28.0, 280.0));
    let s = InOneWord { a: 300, b: -17, flag: false, x: 2.0 };
    exact("in_one_word", d_in_one_word(black_box(s), 1.0), (-566.0, InOneWord { x: -283.0, ..s }));
    let ds = InOneWord { x: 10.0, ..s };
    exact("in_one_word", t_in_one_word(black_box(s), ds), (-566.0, -2830.0));
}

// Pairs of scalars, one of them no float.
#[autodiff_reverse(d_with_int, Active, Active)]
#[autodiff_forward(t_with_int, Dual, Dual)]
fn with_int(s: (f64, i64)) -> f64 {
    s.1 as f64 * s.0 * s.0
}

#[autodiff_reverse(d_with_byte, Active, Active)]
#[autodiff_forward(t_with_byte, Dual, Dual)]
fn with_byte(s: (u8, f32)) -> f32 {
    s.0 as f32 * s.1
}

#[autodiff_reverse(d_with_char, Active, Active)]
fn with_char(s: (char, f64)) -> f64 {
    s.0 as u32 as f64 * s.1
}

#[autodiff_reverse(d_of_two_sizes, Active, Active)]
#[autodiff_forward(t_of_two_sizes, Dual, Dual)]
fn of_two_sizes(s: (f32, f64)) -> f64 {
    2.0 * s.0 as f64 + 3.0 * s.1
}

#[autodiff_reverse(d_with_wide, Active, Active)]
#[autodiff_forward(t_with_wide, Dual, Dual)]
fn with_wide(s: (i128, f64)) -> f64 {
    s.0 as f64 * s.1
}

#[autodiff_reverse(d_with_non_zero, Active, Active)]
fn with_non_zero(s: (NonZero<u64>, f64)) -> f64 {
    s.0.get() as f64 * s.1
}

#[autodiff_reverse(d_with_wrapped, Active, Active)]
fn with_wrapped(s: (Wrapping<i8>, [f32; 2])) -> f32 {
    s.0.0 as f32 * s.1[0] + 3.0 * s.1[1]
}

fn pairs() {
    exact("with_int", d_with_int(black_box((2.0, 7)), 1.0), (28.0, (28.0, 7)));
    exact("with_int", t_with_int(black_box((2.0, 7)), (10.0, 0)), (28.0, 280.0));
    exact("with_byte", d_with_byte(black_box((255, 2.0)), 1.0), (510.0, (255, 255.0)));
    exact("with_byte", t_with_byte(black_box((255, 2.0)), (0, 10.0)), (510.0, 2550.0));
    exact("with_char", d_with_char(black_box(('é', 2.0)), 1.0), (466.0, ('é', 233.0)));
    exact("of_two_sizes", d_of_two_sizes(black_box((5.0, 7.0)), 1.0), (31.0, (2.0, 3.0)));
    exact("of_two_sizes", t_of_two_sizes(black_box((5.0, 7.0)), (1.0, 10.0)), (31.0, 32.0));
    let wide = -(1i128 << 100);
    let value = wide as f64;
    exact("with_wide", d_with_wide(black_box((wide, 2.0)), 1.0), (2.0 * value, (wide, value)));
    exact("with_wide", t_with_wide(black_box((wide, 2.0)), (0, 4.0)), (2.0 * value, 4.0 * value));
    let n = NonZero::new(17).unwrap();
    exact("with_non_zero", d_with_non_zero(black_box((n, 2.0)), 1.0), (34.0, (n, 17.0)));
    let n = Wrapping(-5);
    let got = d_with_wrapped(black_box((n, [1.0, 2.0])), 1.0);
    exact("with_wrapped", got, (1.0, (n, [-5.0, 3.0])));
}

// An `i128` alone is `Const` at most.
#[autodiff_reverse(d_wide, Const, Active, Active)]
#[autodiff_forward(t_wide, Const, Dual, Dual)]
fn wide(n: i128, x: f64) -> f64 {
    n as f64 * x * x
}

#[autodiff_reverse(d_flags, Const, Const, Const, Active, Active)]
fn flags(a: bool, b: Option<NonZero<u8>>, c: char, x: f64) -> f64 {
    let b = b.map_or(0, |b| b.get());
    if a { (b as u32 + c as u32) as f64 * x } else { x }
}

fn no_floats() {
    exact("wide", d_wide(black_box(1 << 80), 2.0, 1.0), (2f64.powi(82), 2f64.powi(82)));
    exact("wide", t_wide(black_box(1 << 80), 2.0, 2.0), (2f64.powi(82), 2f64.powi(83)));
    let got = d_flags(black_box(true), NonZero::new(3), 'a', 2.0, 1.0);
    exact("flags", got, (200.0, 100.0));
    exact("flags", d_flags(black_box(false), None, 'a', 2.0, 1.0), (2.0, 1.0));
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Padded {
    a: u8,
    x: f64,
    b: u16,
    y: f32,
    c: bool,
    z: [f32; 3],
    d: u8,
}

// a x + b y + 2 z0 + 3 z1 + 5 z2, and d if c
#[autodiff_reverse(d_padded, Active, Active)]
#[autodiff_forward(t_padded, Dual, Dual)]
fn padded(s: Padded) -> f64 {
    let z = 2.0 * s.z[0] + 3.0 * s.z[1] + 5.0 * s.z[2];
    s.a as f64 * s.x + (s.b as f32 * s.y + z) as f64 + if s.c { s.d as f64 } else { 0.0 }
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
struct Aligned {
    x: f32,
    y: f64,
}

#[autodiff_reverse(d_aligned, Active, Active, Active)]
#[autodiff_forward(t_aligned, Dual, Dual, Dual)]
fn aligned(s: Aligned, z: f64) -> f64 {
    assert!((&raw const s).addr() % 64 == 0);
    2.0 * s.x as f64 + 3.0 * s.y + 5.0 * z
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, packed)]
struct Packed {
    a: u8,
    x: f64,
    b: u8,
    y: f32,
}

// a x^2 + b y
#[autodiff_reverse(d_packed, Active, Active)]
#[autodiff_forward(t_packed, Dual, Dual)]
fn packed(s: Packed) -> f64 {
    s.a as f64 * s.x * s.x + s.b as f64 * s.y as f64
}

fn padding() {
    let s = Padded { a: 7, x: 1.0, b: 11, y: 1.0, c: true, z: [1.0; 3], d: 13 };
    let ds = Padded { x: 7.0, y: 11.0, z: [2.0, 3.0, 5.0], ..s };
    exact("padded", d_padded(black_box(s), 1.0), (41.0, ds));
    let ds = Padded { x: 1.0, y: 10.0, z: [100.0, 1000.0, 10000.0], ..s };
    exact("padded", t_padded(black_box(s), ds), (41.0, 53317.0));

    let s = Aligned { x: 1.0, y: 1.0 };
    exact("aligned", d_aligned(black_box(s), 1.0, 1.0), (10.0, Aligned { x: 2.0, y: 3.0 }, 5.0));
    let ds = Aligned { x: 1.0, y: 10.0 };
    exact("aligned", t_aligned(black_box(s), ds, 1.0, 100.0), (10.0, 532.0));

    let s = Packed { a: 7, x: 2.0, b: 11, y: 3.0 };
    exact("packed", d_packed(black_box(s), 1.0), (61.0, Packed { x: 28.0, y: 11.0, ..s }));
    let ds = Packed { x: 1.0, y: 10.0, ..s };
    exact("packed", t_packed(black_box(s), ds), (61.0, 138.0));
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Newtype(f64);

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
struct Transparent<T>(T, ());

type Alias = Transparent<Newtype>;

// One float under any number of names is a float: 3 x^2.
#[autodiff_reverse(d_newtype, Active, Active)]
#[autodiff_forward(t_newtype, Dual, Dual)]
fn newtype(x: Newtype) -> f64 {
    3.0 * x.0 * x.0
}

#[autodiff_reverse(d_one_tuple, Active, Active)]
#[autodiff_forward(t_one_tuple, Dual, Dual)]
fn one_tuple(x: (f64,)) -> f64 {
    3.0 * x.0 * x.0
}

#[autodiff_reverse(d_alias, Active, Active)]
#[autodiff_forward(t_alias, Dual, Dual)]
fn alias(x: Alias) -> f64 {
    3.0 * x.0.0 * x.0.0
}

#[autodiff_reverse(d_transparent, Active, Active)]
#[autodiff_forward(t_transparent, Dual, Dual)]
fn transparent(x: Transparent<[f32; 2]>) -> f32 {
    3.0 * x.0[0] * x.0[0] + 5.0 * x.0[1]
}

fn newtypes() {
    exact("newtype", d_newtype(black_box(Newtype(2.0)), 1.0), (12.0, Newtype(12.0)));
    exact("newtype", t_newtype(black_box(Newtype(2.0)), Newtype(10.0)), (12.0, 120.0));
    exact("one_tuple", d_one_tuple(black_box((2.0,)), 1.0), (12.0, (12.0,)));
    exact("one_tuple", t_one_tuple(black_box((2.0,)), (10.0,)), (12.0, 120.0));
    let x = Transparent(Newtype(2.0), ());
    exact("alias", d_alias(black_box(x), 1.0), (12.0, Transparent(Newtype(12.0), ())));
    exact("alias", t_alias(black_box(x), Transparent(Newtype(10.0), ())), (12.0, 120.0));
    let x = Transparent([2.0, 1.0], ());
    exact("transparent", d_transparent(black_box(x), 1.0), (17.0, Transparent([12.0, 5.0], ())));
    exact("transparent", t_transparent(black_box(x), Transparent([1.0, 10.0], ())), (17.0, 62.0));
}

pub fn main() {
    in_registers();
    pairs();
    no_floats();
    padding();
    newtypes();
}
