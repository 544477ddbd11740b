//! Check the derivatives of functions of `f16` and `f128`: as scalars, in aggregates, beside other floats.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff, f16, f128)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

// 3 x^2 + x
#[autodiff_reverse(d_half, Active, Active)]
#[autodiff_forward(t_half, Dual, Dual)]
fn half(x: f16) -> f16 {
    3.0 * x * x + x
}

#[autodiff_reverse(d_quad, Active, Active)]
#[autodiff_forward(t_quad, Dual, Dual)]
fn quad(x: f128) -> f128 {
    3.0 * x * x + x
}

// 2 a + 3 b + 5 c^2 + 7 d
#[autodiff_reverse(d_all, Active, Active)]
#[autodiff_forward(t_all, Dual, Dual)]
fn all(x: (f16, f32, f64, f128)) -> f64 {
    let (a, b, c, d) = x;
    2.0 * a as f64 + 3.0 * b as f64 + 5.0 * c * c + 7.0 * d as f64
}

#[autodiff_reverse(d_halves, Active, Active)]
fn halves(x: [f16; 4]) -> f32 {
    2.0 * x[0] as f32 + 3.0 * x[1] as f32 + 5.0 * x[2] as f32 + 7.0 * x[3] as f32
}

#[autodiff_reverse(d_quads, Duplicated, Active)]
fn quads(x: &[f128]) -> f128 {
    x[0] * x[1]
}

#[autodiff_reverse(d_to_quad, Active, Active)]
fn to_quad(x: f64) -> (f128, f16) {
    (2.0 * x as f128, 3.0 * x as f16)
}

pub fn main() {
    exact("half", d_half(black_box(2.0), 1.0), (14.0, 13.0));
    exact("half, seed", d_half(black_box(2.0), 0.5), (14.0, 6.5));
    exact("half", t_half(black_box(2.0), 10.0), (14.0, 130.0));
    exact("quad", d_quad(black_box(2.0), 1.0), (14.0, 13.0));
    exact("quad, seed", d_quad(black_box(2.0), 0.5), (14.0, 6.5));
    exact("quad", t_quad(black_box(2.0), 10.0), (14.0, 130.0));
    let got = d_all(black_box((1.0, 1.0, 1.0, 1.0)), 1.0);
    exact("all", got, (17.0, (2.0, 3.0, 10.0, 7.0)));
    let got = t_all(black_box((1.0, 1.0, 1.0, 1.0)), (1.0, 10.0, 100.0, 1000.0));
    exact("all", got, (17.0, 8032.0));
    exact("halves", d_halves(black_box([1.0; 4]), 1.0), (17.0, [2.0, 3.0, 5.0, 7.0]));
    let mut dx = [0.0; 2];
    exact("quads", d_quads(black_box(&[2.0, 3.0]), &mut dx, 1.0), 6.0);
    exact("quads", dx, [3.0, 2.0]);
    exact("to_quad", d_to_quad(black_box(2.0), (1.0, 10.0)), ((4.0, 6.0), 32.0));
}
