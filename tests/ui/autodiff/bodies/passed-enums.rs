//! Check derivatives of functions that pass and return small enums of floats or something else, pairs, the bits of floats,
//! and vectors, to and from functions that are not inlined: by name, through a `fn` pointer, through a vtable,
//! and as C does.
//!
//! Each expected value is worked out by hand from the formula beside it.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff, portable_simd)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;
use std::simd::f32x4;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

#[derive(Clone, Copy)]
enum Either {
    Float(f32),
    Integer(i32),
}

// k > 0: x^2
#[inline(never)]
fn either(x: f32, k: i32) -> Either {
    if k > 0 { Either::Float(x * x) } else { Either::Integer(k) }
}

#[inline(never)]
fn thrice(value: Either) -> f32 {
    match value {
        Either::Float(x) => 3.0 * x,
        Either::Integer(i) => i as f32,
    }
}

#[inline(never)]
fn halved(value: Either) -> f32 {
    match value {
        Either::Float(x) => 0.5 * x,
        Either::Integer(i) => -i as f32,
    }
}

// 3 x^2 or k
#[autodiff_reverse(d_by_name, Active, Const, Active)]
#[autodiff_forward(t_by_name, Dual, Const, Dual)]
fn by_name(x: f32, k: i32) -> f32 {
    thrice(either(x, k))
}

// x^2 / 2 or 3 k
#[autodiff_reverse(d_by_pointer, Active, Const, Const, Active)]
#[autodiff_forward(t_by_pointer, Dual, Const, Const, Dual)]
fn by_pointer(x: f32, k: i32, functions: [fn(Either) -> f32; 2]) -> f32 {
    functions[usize::from(k > 0)](either(x, k))
}

trait Scale {
    fn scaled(&self, value: Either) -> Result<f32, i32>;
}

struct By(f32);

impl Scale for By {
    fn scaled(&self, value: Either) -> Result<f32, i32> {
        match value {
            Either::Float(x) => Ok(self.0 * x),
            Either::Integer(i) => Err(i),
        }
    }
}

// c x^2 or 7
#[autodiff_reverse(d_by_vtable, Unchecked, Active, Const, Duplicated, Active)]
fn by_vtable(x: f32, k: i32, scale: &dyn Scale) -> f32 {
    scale.scaled(either(x, k)).unwrap_or(7.0)
}

#[repr(C)]
struct Sample {
    value: f32,
    weight: i32,
}

#[inline(never)]
extern "C" fn weighted(sample: Sample) -> Sample {
    Sample { value: sample.value * sample.weight as f32, weight: 2 }
}

// k x, by name and by a pointer that is known
#[autodiff_reverse(d_as_in_c, Active, Const, Active)]
#[autodiff_forward(t_as_in_c, Dual, Const, Dual)]
fn as_in_c(x: f32, k: i32) -> f32 {
    let again: extern "C" fn(Sample) -> Sample = weighted;
    again(weighted(Sample { value: x, weight: k })).value
}

#[repr(C)]
struct Division {
    quotient: i32,
    _remainder: i32,
}

unsafe extern "C" {
    // C's own
    safe fn div(numerator: i32, denominator: i32) -> Division;
}

// x^2, if k / 2 = 4, by a pointer that is known, to what the slice has no copy of
#[autodiff_reverse(d_foreign, Active, Const, Active)]
fn foreign(x: f32, k: i32) -> f32 {
    let divide: extern "C" fn(i32, i32) -> Division = div;
    if divide(k, 2).quotient == 4 { x * x } else { x }
}

// 2.25 x, if that stays below 5, or n
#[inline(never)]
fn grown(value: Either, n: i32) -> Either {
    match value {
        Either::Float(x) if n > 0 && x > 5.0 => Either::Integer(n),
        Either::Float(x) if n > 0 => grown(Either::Float(1.5 * x), n - 1),
        value => value,
    }
}

#[autodiff_reverse(d_recursive, Active, Active)]
#[autodiff_forward(t_recursive, Dual, Dual)]
fn recursive(x: f32) -> f32 {
    match grown(Either::Float(x), 2) {
        Either::Float(y) => x * y,
        Either::Integer(n) => n as f32 * x,
    }
}

// x^2 y
#[autodiff_reverse(d_product, Active, Active)]
fn product([x, y]: [f32; 2]) -> f32 {
    x * x * y
}

#[inline(never)]
fn gradient(at: [f32; 2]) -> [f32; 2] {
    d_product(at, 1.0).1
}

// 4 x + x^2
#[autodiff_forward(t_of_gradient, Dual, Dual)]
fn of_gradient(x: f32) -> f32 {
    gradient([x, 2.0]).iter().sum()
}

#[inline(never)]
fn counted(x: f64, n: u64) -> (u64, f64) {
    (n + 1, x * n as f64)
}

#[inline(never)]
fn both(x: f64) -> (f64, f64) {
    (2.0 * x, x * x)
}

// 3 n x + 2 x + x^2
#[autodiff_reverse(d_pairs, Active, Const, Active)]
#[autodiff_forward(t_pairs, Dual, Const, Dual)]
fn pairs(x: f64, n: u64) -> f64 {
    let (n, y) = counted(3.0 * x, n);
    let (a, b) = if n > 1 { both(x) } else { (0.0, 0.0) };
    y + a + b
}

#[inline(never)]
fn bits(x: f64, n: u64) -> (u64, u64) {
    ((x * x).to_bits(), n + 1)
}

#[inline(never)]
fn both_bits(x: f32) -> [u32; 2] {
    [x.to_bits(), (x * x).to_bits()]
}

// (n + 1) x^2 + x^3
#[autodiff_reverse(d_of_bits, Active, Const, Active)]
#[autodiff_forward(t_of_bits, Dual, Const, Dual)]
fn of_bits(x: f64, n: u64) -> f64 {
    let (square, n) = bits(x, n);
    let [a, b] = both_bits(x as f32);
    n as f64 * f64::from_bits(square) + f64::from(f32::from_bits(a) * f32::from_bits(b))
}

#[inline(never)]
fn reversed(x: f32x4) -> f32x4 {
    x.reverse() * x
}

// 2 x^2 + 2 · 2 · 3
#[autodiff_reverse(d_lanes, Active, Active)]
#[autodiff_forward(t_lanes, Dual, Dual)]
fn lanes(x: f32) -> f32 {
    reversed(f32x4::from_array([x, 2.0, 3.0, x])).to_array().iter().sum()
}

#[inline(never)]
fn elsewhere(value: Either) -> f32 {
    thrice(value)
}

// 3 x^2, and leaves behind a function for others to call
#[autodiff_reverse(d_stored, Active, Const, Active)]
fn stored(x: f32, to: &std::sync::Mutex<fn(Either) -> f32>) -> f32 {
    *to.lock().unwrap() = elsewhere;
    thrice(either(x, 1))
}

fn main() {
    let x = black_box(3.0);
    exact("float", d_by_name(x, black_box(1), 1.0), (27.0, 18.0));
    exact("float, forward", t_by_name(x, 1.0, black_box(1)), (27.0, 18.0));
    exact("integer", d_by_name(x, black_box(-4), 1.0), (-4.0, 0.0));
    exact("integer, forward", t_by_name(x, 1.0, black_box(-4)), (-4.0, 0.0));

    let functions = black_box([thrice as fn(Either) -> f32, halved]);
    exact("pointer", d_by_pointer(x, black_box(1), functions, 1.0), (4.5, 3.0));
    exact("pointer, forward", t_by_pointer(x, 1.0, black_box(1), functions), (4.5, 3.0));
    exact("integer by pointer", d_by_pointer(x, black_box(-4), functions, 1.0), (-4.0, 0.0));

    let mut dscale = By(0.0);
    exact("vtable", unsafe { d_by_vtable(x, black_box(1), black_box(&By(4.0)), &mut dscale, 1.0) }, (36.0, 24.0));
    exact("shadow of what is in the trait object", dscale.0, 9.0);
    exact("integer, vtable", unsafe { d_by_vtable(x, black_box(-4), &By(4.0), &mut dscale, 1.0) }, (7.0, 0.0));
    exact("its shadow", dscale.0, 9.0);

    exact("C", d_as_in_c(x, black_box(5), 1.0), (30.0, 10.0));
    exact("C, forward", t_as_in_c(x, 1.0, black_box(5)), (30.0, 10.0));
    exact("foreign", d_foreign(x, black_box(8), 1.0), (9.0, 6.0));
    exact("foreign, other value", d_foreign(x, black_box(7), 1.0), (3.0, 1.0));
    exact("recursive", d_recursive(black_box(2.0), 1.0), (9.0, 9.0));
    exact("recursive, forward", t_recursive(black_box(2.0), 1.0), (9.0, 9.0));
    exact("recursive, integer", d_recursive(black_box(4.0), 1.0), (4.0, 1.0));
    exact("gradient", t_of_gradient(x, 1.0), (21.0, 10.0));
    exact("pairs", d_pairs(black_box(3.0), black_box(2), 1.0), (33.0, 14.0));
    exact("pairs, forward", t_pairs(black_box(3.0), 1.0, black_box(2)), (33.0, 14.0));
    exact("bits", d_of_bits(black_box(3.0), black_box(1), 1.0), (45.0, 39.0));
    exact("bits, forward", t_of_bits(black_box(3.0), 1.0, black_box(1)), (45.0, 39.0));
    exact("lanes", d_lanes(x, 1.0), (30.0, 12.0));
    exact("lanes, forward", t_lanes(x, 1.0), (30.0, 12.0));

    let to = std::sync::Mutex::new(halved as fn(Either) -> f32);
    exact("stored", d_stored(x, &to, 1.0), (27.0, 18.0));
    // It is called by who does not know that the slice calls it in another way.
    exact("what has been stored", to.into_inner().unwrap()(Either::Float(x)), 9.0);
}
