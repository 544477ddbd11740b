//! Check that in forward mode the tangent of an enum is of the variant that the enum is, and has the integers
//! of the value, also where a function that is not inlined returns it in registers, an integer beside a float.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::autodiff_forward;
use std::hint::black_box;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

#[inline(never)]
fn positive(x: f64, scale: &f64) -> Option<f64> {
    if x > 0.0 { Some(scale * x * x) } else { None }
}

#[autodiff_forward(t_returned, Dual, Const, Dual)]
#[autodiff_forward(t_returned_only, Dual, Const, DualOnly)]
#[autodiff_forward(t_returned_twice, 2, Dual, Const, Dual)]
fn returned(x: f64, scale: &f64) -> Option<f64> {
    positive(x, scale)
}

#[autodiff_forward(t_written, Dual, Const, Dual)]
fn written(x: f64, scale: &f64, out: &mut Option<f64>) {
    *out = positive(x, scale);
}

// LLVM finds out that it is a `Some`.
#[inline(never)]
fn always(x: &f64, n: &i32) -> Option<f64> {
    let n = f64::from(*n);
    if n > -1e40 { Some(x * x * n) } else { None }
}

#[autodiff_forward(t_always, Dual, Const, Dual)]
fn known(x: &f64, n: &i32) -> Option<f64> {
    always(x, n)
}

#[autodiff_forward(t_always_written, Dual, Const, Dual)]
fn known_written(x: &f64, n: &i32, out: &mut Option<f64>) {
    *out = always(x, n);
}

#[inline(never)]
fn labeled(x: f64, n: u64) -> (u64, f64) {
    if n == 0 {
        return (7, x);
    }
    let (label, y) = labeled(x, n - 1);
    (label, y * x)
}

// x^(n + 1)
#[autodiff_forward(t_recursive, Dual, Const, Dual)]
fn recursive(x: f64, n: u64) -> (u64, f64) {
    labeled(x, n)
}

#[inline(never)]
fn larger(x: f64, y: Option<f64>) -> Option<f64> {
    match y {
        Some(y) if y > x * x => Some(y),
        _ => Some(x * x),
    }
}

// The square of what is largest.
#[autodiff_forward(t_largest, Dual, Dual)]
fn largest(x: &[f64]) -> Option<f64> {
    x.iter().fold(None, |largest, &x| larger(x, largest))
}

#[inline(never)]
fn divided(x: f64, y: f64) -> Result<f64, u64> {
    if y == 0.0 { Err(7) } else { Ok(x / y) }
}

// Of several functions, with the `?` operator between them.
#[autodiff_forward(t_chained, Dual, Dual, Dual)]
fn chained(x: f64, y: f64) -> Option<(f64, f64)> {
    let quotient = divided(x, y).ok()?;
    let square = positive(quotient, &3.0)?;
    Some((quotient, square))
}

#[inline(never)]
fn either(x: f32) -> Result<f32, f32> {
    if x > 0.0 { Ok(x * x) } else { Err(5.0 * x) }
}

#[autodiff_forward(t_both, Dual, Dual)]
fn both(x: [f32; 2]) -> [Result<f32, f32>; 2] {
    x.map(either)
}

pub fn main() {
    let scale = black_box(3.0);
    for (x, y, t) in [(2.0, Some(12.0), Some(6.0)), (-2.0, None, None)] {
        let x = black_box(x);
        exact("returned", t_returned(x, 0.5, &scale), (y, t));
        exact("returned, only", t_returned_only(x, 0.5, &scale), t);
        let twice = t_returned_twice(x, 0.5, 0.25, &scale);
        exact("returned, twice", twice, [y, t, t.map(|t| t / 2.0)]);
        let (mut out, mut t_out) = (Some(100.0), Some(1000.0));
        t_written(x, 0.5, &scale, &mut out, &mut t_out);
        exact("written", (out, t_out), (y, t));
    }
    let (x, n) = black_box((2.0, 3));
    exact("known", t_always(&x, &0.5, &n), (Some(12.0), Some(6.0)));
    let (mut out, mut t_out) = (None, None);
    t_always_written(&x, &0.5, &n, &mut out, &mut t_out);
    exact("known, written", (out, t_out), (Some(12.0), Some(6.0)));
    exact("recursive", t_recursive(black_box(2.0), 0.5, 3), ((7, 16.0), (7, 16.0)));
    let (x, t) = black_box(([2.0, -5.0, 3.0], [1.0, 10.0, 100.0]));
    exact("largest", t_largest(&x, &t), (Some(25.0), Some(-100.0)));
    exact("largest of none", t_largest(&[], &[]), (None, None));
    let (x, y) = black_box((6.0, 2.0));
    // The quotient varies by 10 / 2 - 6 * 2 / 4 = 2, and its square times 3 by 6 * 3 * 2.
    let got = t_chained(x, 10.0, y, 2.0);
    exact("chained", got, (Some((3.0, 27.0)), Some((2.0, 36.0))));
    exact("chained, by zero", t_chained(x, 10.0, 0.0, 2.0), (None, None));
    exact("chained, negative", t_chained(-x, 10.0, y, 2.0), (None, None));
    let got = t_both(black_box([3.0, -2.0]), [1.0, 10.0]);
    exact("both", got, ([Ok(9.0), Err(-10.0)], [Ok(6.0), Err(50.0)]));
}
