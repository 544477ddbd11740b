//! Check the derivatives of functions that take and return SIMD vectors: the ordinary ABI passes them
//! through memory, a primal too, and each lane has a derivative of its own.

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
use std::simd::{f32x4, f64x2, f64x8, i32x4};

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

// 2 x0^2 + 3 x1 + 5 x2 + 7 x3
#[autodiff_reverse(d_lanes, Active, Active)]
#[autodiff_forward(t_lanes, Dual, Dual)]
fn lanes(x: f32x4) -> f32 {
    2.0 * x[0] * x[0] + 3.0 * x[1] + 5.0 * x[2] + 7.0 * x[3]
}

// x y + x, lane by lane: (y + 1, x)
#[autodiff_reverse(d_product, Active, Active, Active)]
#[autodiff_forward(t_product, Dual, Dual, Dual)]
fn product(x: f64x2, y: f64x2) -> f64x2 {
    x * y + x
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Particle {
    mass: f32,
    position: f64x2,
    counts: i32x4,
}

// mass (2 p0 + 3 p1) count2
#[autodiff_reverse(d_moment, Active, Active)]
#[autodiff_forward(t_moment, Dual, Dual)]
fn moment(p: Particle) -> f64 {
    (p.mass * p.counts[2] as f32) as f64 * (2.0 * p.position[0] + 3.0 * p.position[1])
}

// Behind a reference and in an array: the sum of k x_i^2
#[autodiff_reverse(d_squares, Duplicated, Active, Active)]
fn squares(x: &[f64x8; 2], k: f64) -> f64 {
    let sum = x[0] * x[0] + x[1] * x[1];
    k * sum.as_array().iter().sum::<f64>()
}

pub fn main() {
    let x = f32x4::from_array([2.0, 1.0, 1.0, 1.0]);
    let got = d_lanes(black_box(x), 1.0);
    exact("lanes", got, (23.0, f32x4::from_array([8.0, 3.0, 5.0, 7.0])));
    let dx = f32x4::from_array([1.0, 10.0, 100.0, 1000.0]);
    exact("lanes", t_lanes(black_box(x), dx), (23.0, 7538.0));

    let (x, y) = (f64x2::from_array([2.0, 3.0]), f64x2::from_array([5.0, 7.0]));
    let seed = f64x2::from_array([1.0, 10.0]);
    let value = f64x2::from_array([12.0, 24.0]);
    let got = d_product(black_box(x), y, seed);
    let (dx, dy) = (f64x2::from_array([6.0, 80.0]), f64x2::from_array([2.0, 30.0]));
    exact("product", got, (value, dx, dy));
    let got = t_product(black_box(x), seed, y, f64x2::from_array([100.0, 1000.0]));
    exact("product", got, (value, f64x2::from_array([206.0, 3080.0])));

    let counts = i32x4::from_array([11, 13, 17, 19]);
    let p = Particle { mass: 2.0, position: f64x2::from_array([1.0, 1.0]), counts };
    let position = f64x2::from_array([68.0, 102.0]);
    let want = Particle { mass: 85.0, position, counts };
    exact("moment", d_moment(black_box(p), 1.0), (170.0, want));
    let dp = Particle { mass: 10.0, position: f64x2::from_array([1.0, 0.0]), counts };
    exact("moment", t_moment(black_box(p), dp), (170.0, 918.0));

    let x = [f64x8::splat(2.0), f64x8::from_array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])];
    let mut dx = [f64x8::splat(0.0), f64x8::splat(100.0)];
    exact("squares", d_squares(black_box(&x), &mut dx, 3.0, 1.0), (708.0, 236.0));
    let second = [106.0, 112.0, 118.0, 124.0, 130.0, 136.0, 142.0, 148.0];
    exact("squares", dx, [f64x8::splat(12.0), f64x8::from_array(second)]);
}
