//! Check that a derivative of width 2 carries two shadows at once, in forward and in reverse mode,
//! and that each comes out as if it had been alone.
//!
//! The second tangent or seed is never a multiple of the first where there is more than one
//! component, so that neither can stand in for the other.

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

#[path = "auxiliary/check.rs"]
mod check;
use check::{F64, close, exact};

// d/dx x^3 = 3 x^2. The result is [value, first derivative, second derivative].
#[autodiff_forward(d_cube, 2, Dual, Dual)]
#[autodiff_forward(d_cube_only, 2, Dual, DualOnly)]
#[autodiff_forward(d_cube_four, 4, Dual, Dual)]
fn cube(x: f64) -> f64 {
    x * x * x
}

// The gradient is (y, x).
#[autodiff_forward(d_product, 2, Dual, Dual, Dual)]
#[autodiff_forward(d_product_x, 2, Dual, Const, Dual)]
fn product(x: f32, y: f32) -> f32 {
    x * y
}

fn forward_scalars() {
    let x = black_box(2.0);
    exact("cube", d_cube(x, 1.0, -0.5), [8.0, 12.0, -6.0]);
    exact("cube_only", d_cube_only(x, 1.0, -0.5), [12.0, -6.0]);
    exact("cube, width 4", d_cube_four(x, 1.0, 2.0, 3.0, -1.0), [8.0, 12.0, 24.0, 36.0, -12.0]);
    // y dx + x dy with (dx, dy) = (1, 100) and (10, 1000)
    let (x, y) = black_box((3.0, 5.0));
    exact("product", d_product(x, 1.0, 10.0, y, 100.0, 1000.0), [15.0, 305.0, 3050.0]);
    exact("product by x", d_product_x(x, 1.0, 10.0, y), [15.0, 5.0, 50.0]);
}

// Two columns of the Jacobian in one call: the gradient is (2 x0 x1, x0^2 + cos x1).
#[autodiff_forward(d_slice, 2, Dual, Dual)]
fn slice(x: &[f64]) -> f64 {
    x[0] * x[0] * x[1] + x[1].sin()
}

// The Jacobian of (x0 x1, x0 + x1) is [[x1, x0], [1, 1]].
#[autodiff_forward(d_out, 2, Dual, Dual)]
fn out(x: &[f64; 2], y: &mut [f64; 2]) {
    *y = [x[0] * x[1], x[0] + x[1]];
}

fn forward_references() {
    let x: [f64; 2] = black_box([3.0, 5.0]);
    let [value, d0, d1] = d_slice(&x, &[1.0, 0.0], &[0.0, 1.0]);
    close("slice, value", value, 45.0 + x[1].sin(), F64);
    close("slice, d/dx0", d0, 30.0, F64);
    close("slice, d/dx1", d1, 9.0 + x[1].cos(), F64);

    let (mut y, mut dy0, mut dy1) = ([0.0; 2], [0.0; 2], [0.0; 2]);
    d_out(&x, &[1.0, 10.0], &[-2.0, 1.0], &mut y, &mut dy0, &mut dy1);
    exact("out, value", y, [15.0, 8.0]);
    exact("out, first tangent", dy0, [35.0, 11.0]);
    exact("out, second tangent", dy1, [-7.0, -1.0]);
}

// Two rows of the Jacobian of `out` in one call: the seed s gives (s0 x1 + s1, s0 x0 + s1).
#[autodiff_reverse(d_out_reverse, 2, Duplicated, Duplicated)]
fn out_reverse(x: &[f64; 2], y: &mut [f64; 2]) {
    *y = [x[0] * x[1], x[0] + x[1]];
}

// A returned scalar has one seed for both shadows.
#[autodiff_reverse(d_returned, 2, Duplicated, Active)]
fn returned(x: &[f64; 2]) -> f64 {
    x[0] * x[0] * x[1]
}

fn reverse() {
    let x = black_box([3.0, 5.0]);
    let (mut y, mut seed0, mut seed1) = ([0.0; 2], [1.0, 0.0], [10.0, 100.0]);
    let (mut dx0, mut dx1) = ([0.0; 2], [0.0; 2]);
    d_out_reverse(&x, &mut dx0, &mut dx1, &mut y, &mut seed0, &mut seed1);
    exact("out_reverse, value", y, [15.0, 8.0]);
    exact("out_reverse, first seed", dx0, [5.0, 3.0]);
    exact("out_reverse, second seed", dx1, [150.0, 130.0]);

    // (2 x0 x1, x0^2), added to what the shadows hold.
    let (mut dx0, mut dx1) = ([0.0; 2], [100.0, 200.0]);
    d_returned(&x, &mut dx0, &mut dx1, 1.0);
    exact("returned, first shadow", dx0, [30.0, 9.0]);
    exact("returned, second shadow", dx1, [130.0, 209.0]);
}

pub fn main() {
    forward_scalars();
    forward_references();
    reverse();
}
