//! Check the derivatives of `#[autodiff_forward]` against closed forms, for the headers that need
//! no help from the ABI: scalars, references, slices, arrays by reference and `&mut` outputs.
//!
//! Each expected value is worked out by hand from the formula beside it. Forward mode answers with
//! the directional derivative: for a gradient g and tangents t, the sum of `g_i t_i`. The tangents
//! differ from each other and from 1.0, so that a tangent which is lost or swapped shows.

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
use check::{F32, F64, close, exact};

// d/dx (x^3 - 4 x^2 + 2 x) = 3 x^2 - 8 x + 2
#[autodiff_forward(d_cubic, Dual, Dual)]
#[autodiff_forward(d_cubic_only, Dual, DualOnly)]
fn cubic(x: f64) -> f64 {
    x * x * x - 4.0 * x * x + 2.0 * x
}

#[autodiff_forward(d_cubic_f32, Dual, Dual)]
fn cubic_f32(x: f32) -> f32 {
    x * x * x - 4.0 * x * x + 2.0 * x
}

// (sin x e^x)' = e^x (sin x + cos x)
#[autodiff_forward(d_wave, Dual, Dual)]
fn wave(x: f64) -> f64 {
    x.sin() * x.exp()
}

#[autodiff_forward(d_wave_f32, Dual, Dual)]
fn wave_f32(x: f32) -> f32 {
    x.sin() * x.exp()
}

fn scalars() {
    // At 3 the value is 27 - 36 + 6 = -3 and the slope 27 - 24 + 2 = 5.
    exact("cubic", d_cubic(black_box(3.0), 1.0), (-3.0, 5.0));
    exact("cubic, tangent -0.5", d_cubic(black_box(3.0), -0.5), (-3.0, -2.5));
    exact("cubic_only", d_cubic_only(black_box(3.0), 2.0), 10.0);
    exact("cubic_f32", d_cubic_f32(black_box(3.0), 2.0), (-3.0, 10.0));

    let x: f64 = black_box(0.75);
    let (value, dx) = d_wave(x, 3.0);
    close("wave, value", value, x.sin() * x.exp(), F64);
    close("wave, derivative", dx, 3.0 * x.exp() * (x.sin() + x.cos()), F64);
    let x: f32 = black_box(0.75);
    close("wave_f32", d_wave_f32(x, 3.0).1, 3.0 * x.exp() * (x.sin() + x.cos()), F32);
}

// The gradient is (y, x, 3).
#[autodiff_forward(d_bilinear, Dual, Dual, Dual, Dual)]
#[autodiff_forward(d_bilinear_y, Const, Dual, Const, Dual)]
fn bilinear(x: f64, y: f64, z: f64) -> f64 {
    x * y + 3.0 * z
}

// d/dx x^n = n x^(n - 1), and the integer is `Const`.
#[autodiff_forward(d_power, Dual, Const, Dual)]
fn power(x: f64, n: i32) -> f64 {
    x.powi(n)
}

fn several_arguments() {
    let (x, y, z) = black_box((2.0, 5.0, 7.0));
    // 10 y + 100 x + 1000 * 3
    exact("bilinear", d_bilinear(x, 10.0, y, 100.0, z, 1000.0), (31.0, 3250.0));
    exact("bilinear by y", d_bilinear_y(x, y, 100.0, z), (31.0, 200.0));
    // 2^5 = 32, 5 * 2^4 * 0.5 = 40
    exact("power", d_power(black_box(2.0), 0.5, black_box(5)), (32.0, 40.0));
}

// The gradient of x0^2 x1 + x1 x2 is (2 x0 x1, x0^2 + x2, x1).
#[autodiff_forward(d_slice, Dual, Dual)]
fn slice(x: &[f64]) -> f64 {
    x[0] * x[0] * x[1] + x[1] * x[2]
}

#[autodiff_forward(d_array, Dual, Dual)]
fn array(x: &[f64; 3]) -> f64 {
    x[0] * x[0] * x[1] + x[1] * x[2]
}

// d(x y^2) = y^2 dx + 2 x y dy
#[autodiff_forward(d_array_of_two, Dual, Dual)]
fn array_of_two(x: &[f32; 2]) -> f32 {
    x[0] * x[1] * x[1]
}

#[autodiff_forward(d_by_ref, Dual, Const, Dual)]
fn by_ref(x: &f64, y: &f64) -> f64 {
    x * x * y
}

fn references() {
    let x = black_box([3.0, 5.0, 7.0]);
    let t = black_box([1.0, 10.0, 100.0]);
    // 30 * 1 + 16 * 10 + 5 * 100
    exact("slice", d_slice(&x, &t), (80.0, 690.0));
    exact("array", d_array(&x, &t), (80.0, 690.0));
    exact("arguments and tangents afterwards", (x, t), ([3.0, 5.0, 7.0], [1.0, 10.0, 100.0]));
    // 25 * 1 + 30 * 10
    exact("array_of_two", d_array_of_two(&black_box([3.0, 5.0]), &[1.0, 10.0]), (75.0, 325.0));
    // 2 x y * 0.5, and y is Const.
    exact("by_ref", d_by_ref(&black_box(3.0), &0.5, &black_box(5.0)), (45.0, 15.0));
}

// The Jacobian of (x0 x1, x0 + x1) is [[x1, x0], [1, 1]].
#[autodiff_forward(d_out, Dual, Dual)]
fn out(x: &[f64; 2], y: &mut [f64; 2]) {
    *y = [x[0] * x[1], x[0] + x[1]];
}

// Overwrites its argument: the tangent of the new value is 2 x times that of the old one.
#[autodiff_forward(d_square_in_place, Dual)]
fn square_in_place(x: &mut f64) {
    *x *= *x;
}

fn mutable_outputs() {
    let (mut y, mut dy) = ([0.0; 2], [0.0; 2]);
    d_out(&black_box([3.0, 5.0]), &[1.0, 10.0], &mut y, &mut dy);
    exact("out, value", y, [15.0, 8.0]);
    exact("out, derivative", dy, [35.0, 11.0]);

    let (mut x, mut dx) = (black_box(3.0), 0.5);
    d_square_in_place(&mut x, &mut dx);
    exact("square_in_place", (x, dx), (9.0, 3.0));
}

// Forward and reverse mode of one primal see the same Jacobian J: for tangents t and seeds s,
// the sum of s_i (J t)_i is the sum of (J^T s)_j t_j.
#[autodiff_forward(d_polar_forward, Dual, Dual)]
#[autodiff_reverse(d_polar_reverse, Duplicated, Duplicated)]
fn polar(x: &[f64; 2], y: &mut [f64; 2]) {
    *y = [(x[0] * x[0] + x[1] * x[1]).sqrt(), (x[1] / x[0]).atan()];
}

fn forward_against_reverse() {
    let (x, t, s) = black_box(([3.0, 4.0], [0.5, -2.0], [7.0, 11.0]));
    let (mut y, mut jt) = ([0.0; 2], [0.0; 2]);
    d_polar_forward(&x, &t, &mut y, &mut jt);
    let (mut y, mut seed, mut js) = ([0.0; 2], s, [0.0; 2]);
    d_polar_reverse(&x, &mut js, &mut y, &mut seed);

    // The Jacobian is [[x0 / r, x1 / r], [-x1 / r^2, x0 / r^2]], and r is 5.
    close("polar, forward, r", jt[0], (3.0 * 0.5 - 4.0 * 2.0) / 5.0, F64);
    close("polar, forward, angle", jt[1], (-4.0 * 0.5 - 3.0 * 2.0) / 25.0, F64);
    close("polar, reverse, x0", js[0], 7.0 * 3.0 / 5.0 - 11.0 * 4.0 / 25.0, F64);
    close("polar, reverse, x1", js[1], 7.0 * 4.0 / 5.0 + 11.0 * 3.0 / 25.0, F64);
    let forward = s[0] * jt[0] + s[1] * jt[1];
    close("polar, forward against reverse", forward, js[0] * t[0] + js[1] * t[1], F64);
}

pub fn main() {
    scalars();
    several_arguments();
    references();
    mutable_outputs();
    forward_against_reverse();
}
