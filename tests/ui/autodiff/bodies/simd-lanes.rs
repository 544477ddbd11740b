//! Check derivatives of functions of SIMD vectors whose lanes are not all asked for. LLVM calculates with all lanes, and
//! with nothing in some of them.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff, portable_simd)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::simd::num::SimdFloat;
use std::simd::{f64x4, simd_swizzle};

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[autodiff_reverse(d_scaled_by_a_lane, Duplicated, Active)]
#[autodiff_forward(t_scaled_by_a_lane, Dual, Dual)]
fn scaled_by_a_lane(x: &[f64]) -> f64 {
    let x = f64x4::from_slice(x);
    let y = x * (simd_swizzle!(x, [1, 1, 1, 1]) * f64x4::splat(3.0));
    y[0] * y[2] + y[1]
}

#[autodiff_reverse(d_divided_by_a_lane, Duplicated, Active)]
#[autodiff_forward(t_divided_by_a_lane, Dual, Dual)]
fn divided_by_a_lane(x: &[f64]) -> f64 {
    let x = f64x4::from_slice(x);
    (x * (f64x4::splat(1.0) / simd_swizzle!(x, [2; 4]))).reduce_sum()
}

// Only the lane that is asked for is divided by: another one is zero.
#[autodiff_reverse(d_beside_a_zero, Duplicated, Active)]
#[autodiff_forward(t_beside_a_zero, Dual, Dual)]
fn beside_a_zero(x: &[f64]) -> f64 {
    let x = f64x4::from_array([x[0], x[1], x[2], x[2] - x[3]]);
    let inverse = f64x4::splat(2.0) / simd_swizzle!(x, [0, 1, 0, 1]);
    (x * inverse).reduce_sum()
}

#[autodiff_reverse(d_perspective, Duplicated, Active)]
#[autodiff_forward(t_perspective, Dual, Dual)]
fn perspective(x: &[f64]) -> f64 {
    let x = f64x4::from_slice(x);
    let y = x / f64x4::splat(x[3]);
    y[0] * y[1] + y[2]
}

#[autodiff_reverse(d_crossed, Duplicated, Active)]
#[autodiff_forward(t_crossed, Dual, Dual)]
fn crossed(x: &[f64]) -> f64 {
    let (a, b) = (f64x4::from_slice(x), f64x4::from_array([x[1], -x[0], x[3] * 2.0, 0.5]));
    let turn = |v| simd_swizzle!(v, [1, 2, 0, 3]);
    let c = turn(a * turn(b) - turn(a) * b);
    c[0] * 2.0 + c[1].sin() - c[2] * x[3]
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.7, -0.8, 1.1, 1.1];
    checks.gradient("scaled_by_a_lane", &x, scaled_by_a_lane, d_scaled_by_a_lane, t_scaled_by_a_lane);
    checks.gradient(
        "divided_by_a_lane",
        &x,
        divided_by_a_lane,
        d_divided_by_a_lane,
        t_divided_by_a_lane,
    );
    checks.gradient("beside_a_zero", &x, beside_a_zero, d_beside_a_zero, t_beside_a_zero);
    checks.gradient("perspective", &x, perspective, d_perspective, t_perspective);
    checks.gradient("crossed", &x, crossed, d_crossed, t_crossed);
    checks.finish(75);
}
