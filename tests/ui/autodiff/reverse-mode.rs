//! Check the gradients of `#[autodiff_reverse]` against closed forms, for the headers that need no
//! help from the ABI: scalars, references, slices, arrays by reference, raw pointers, `&mut`
//! outputs, and with every activity that an argument of reverse mode may have.
//!
//! Each expected value is worked out by hand from the formula beside it. The seed of a scalar
//! return is 1.0 everywhere; the seed of a `&mut` output is not.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;
use std::hint::black_box;

#[path = "auxiliary/check.rs"]
mod check;
use check::{F32, F64, close, exact};

// d/dx (x^3 - 4 x^2 + 2 x) = 3 x^2 - 8 x + 2
#[autodiff_reverse(d_cubic, Active, Active)]
fn cubic(x: f64) -> f64 {
    x * x * x - 4.0 * x * x + 2.0 * x
}

#[autodiff_reverse(d_cubic_f32, Active, Active)]
fn cubic_f32(x: f32) -> f32 {
    x * x * x - 4.0 * x * x + 2.0 * x
}

// `ActiveOnly` leaves the primal value out of the result.
#[autodiff_reverse(d_cubic_only, Active, ActiveOnly)]
fn cubic_only(x: f64) -> f64 {
    x * x * x - 4.0 * x * x + 2.0 * x
}

fn polynomials() {
    // At 3: 27 - 36 + 6 = -3, and 27 - 24 + 2 = 5.
    exact("cubic", d_cubic(black_box(3.0), 1.0), (-3.0, 5.0));
    exact("cubic_f32", d_cubic_f32(black_box(3.0), 1.0), (-3.0, 5.0));
    exact("cubic_only", d_cubic_only(black_box(3.0), 1.0), 5.0);
    // At -0.5: -0.125 - 1 - 1 = -2.125, and 0.75 + 4 + 2 = 6.75.
    exact("cubic at -0.5", d_cubic(black_box(-0.5), 1.0), (-2.125, 6.75));
}

#[autodiff_reverse(d_elementary, Active, Active)]
fn elementary(x: f64) -> f64 {
    x.sin() * x.exp() + x.ln() / x.sqrt() + x.tanh() + x.powf(2.5) + x.cos().atan()
}

fn elementary_closed_form(x: f64) -> f64 {
    // (sin x e^x)' = e^x (sin x + cos x)
    x.exp() * (x.sin() + x.cos())
        // (ln x / sqrt x)' = (1 - ln x / 2) / x^(3/2)
        + (1.0 - x.ln() / 2.0) / (x * x.sqrt())
        // tanh' = 1 / cosh^2
        + 1.0 / (x.cosh() * x.cosh())
        // (x^(5/2))' = 5/2 x^(3/2)
        + 2.5 * x * x.sqrt()
        // (atan cos x)' = -sin x / (1 + cos^2 x)
        - x.sin() / (1.0 + x.cos() * x.cos())
}

#[autodiff_reverse(d_elementary_f32, Active, Active)]
fn elementary_f32(x: f32) -> f32 {
    x.sin() * x.exp()
}

fn elementary_functions() {
    for x in [0.25, 1.0, 1.75] {
        let (value, dx) = d_elementary(black_box(x), 1.0);
        close("elementary, value", value, elementary(x), F64);
        close("elementary, derivative", dx, elementary_closed_form(x), F64);
    }
    let x = 0.75f32;
    let (_, dx) = d_elementary_f32(black_box(x), 1.0);
    close("elementary_f32", dx, x.exp() * (x.sin() + x.cos()), F32);
}

// One primal, three derivatives: by all of the arguments, by the first, by the last.
// The gradient is (y, x, 3).
#[autodiff_reverse(d_bilinear, Active, Active, Active, Active)]
#[autodiff_reverse(d_bilinear_x, Active, Const, Const, Active)]
#[autodiff_reverse(d_bilinear_z, Const, Const, Active, Active)]
fn bilinear(x: f64, y: f64, z: f64) -> f64 {
    x * y + 3.0 * z
}

// d/dx x^n = n x^(n - 1), and the integer is `Const`.
#[autodiff_reverse(d_power, Active, Const, Active)]
fn power(x: f64, n: i32) -> f64 {
    x.powi(n)
}

// The derivative is that of the branch taken.
#[autodiff_reverse(d_leaky, Active, Active)]
fn leaky(x: f64) -> f64 {
    if x < 0.0 { 0.25 * x } else { x * x }
}

fn several_arguments_and_branches() {
    let (x, y, z) = black_box((2.0, 5.0, 7.0));
    exact("bilinear", d_bilinear(x, y, z, 1.0), (31.0, 5.0, 2.0, 3.0));
    exact("bilinear by x", d_bilinear_x(x, y, z, 1.0), (31.0, 5.0));
    exact("bilinear by z", d_bilinear_z(x, y, z, 1.0), (31.0, 3.0));
    // 2^5 = 32, 5 * 2^4 = 80
    exact("power", d_power(black_box(2.0), black_box(5), 1.0), (32.0, 80.0));
    exact("leaky, negative", d_leaky(black_box(-2.0), 1.0), (-0.5, 0.25));
    exact("leaky, positive", d_leaky(black_box(2.0), 1.0), (4.0, 4.0));
}

#[autodiff_reverse(d_by_ref, Duplicated, Active)]
fn by_ref(x: &f64) -> f64 {
    x * x * x
}

#[autodiff_reverse(d_by_raw_pointer, Unchecked, Duplicated, Active)]
fn by_raw_pointer(x: *const f32) -> f32 {
    unsafe { *x * *x }
}

fn references() {
    // 3 * 2^2 = 12 is added to what the shadow holds.
    let mut dx = 100.0;
    exact("by_ref, value", d_by_ref(&black_box(2.0), &mut dx, 1.0), 8.0);
    exact("by_ref, derivative", dx, 112.0);

    let mut dx = 0.0;
    unsafe { d_by_raw_pointer(&black_box(3.0), &mut dx, 1.0) };
    exact("by_raw_pointer", dx, 6.0);
}

// The gradient of x0^2 x1 + x1 x2 is (2 x0 x1, x0^2 + x2, x1).
#[autodiff_reverse(d_slice, Duplicated, Active)]
fn slice(x: &[f64]) -> f64 {
    x[0] * x[0] * x[1] + x[1] * x[2]
}

#[autodiff_reverse(d_array, Duplicated, Active)]
fn array(x: &[f64; 3]) -> f64 {
    x[0] * x[0] * x[1] + x[1] * x[2]
}

#[autodiff_reverse(d_array_f32, Duplicated, Active)]
fn array_f32(x: &[f32; 3]) -> f32 {
    x[0] * x[0] * x[1] + x[1] * x[2]
}

// Arrays small enough to be passed in registers once LLVM has promoted the reference.
// The gradients are (2 x) and (y^2, 2 x y).
#[autodiff_reverse(d_array_of_one, Duplicated, Active)]
fn array_of_one(x: &[f32; 1]) -> f32 {
    x[0] * x[0]
}

#[autodiff_reverse(d_array_of_two, Duplicated, Active)]
fn array_of_two(x: &[f64; 2]) -> f64 {
    x[0] * x[1] * x[1]
}

#[autodiff_reverse(d_nested_array, Duplicated, Active)]
fn nested_array(x: &[[f64; 2]; 2]) -> f64 {
    // The determinant: its gradient is [[x11, -x10], [-x01, x00]].
    x[0][0] * x[1][1] - x[0][1] * x[1][0]
}

// Const beside Duplicated: the gradient by `w` is `x`, and nothing is asked of `x`.
#[autodiff_reverse(d_dot, Duplicated, Const, Active)]
fn dot(w: &[f64; 2], x: &[f64]) -> f64 {
    w[0] * x[0] + w[1] * x[1]
}

fn slices_and_arrays() {
    let x = black_box([3.0, 5.0, 7.0]);
    let want = [30.0, 16.0, 5.0];

    let mut dx = [0.0; 3];
    exact("slice, value", d_slice(&x, &mut dx, 1.0), 80.0);
    exact("slice, gradient", dx, want);
    d_slice(&x, &mut dx, 1.0);
    exact("slice, gradient added a second time", dx, [60.0, 32.0, 10.0]);

    let mut dx = [0.0; 3];
    exact("array, value", d_array(&x, &mut dx, 1.0), 80.0);
    exact("array, gradient", dx, want);

    let mut dx = [0.0f32; 3];
    exact("array_f32, value", d_array_f32(&black_box([3.0, 5.0, 7.0]), &mut dx, 1.0), 80.0);
    exact("array_f32, gradient", dx, [30.0, 16.0, 5.0]);

    let mut dx = [0.0; 1];
    d_array_of_one(&black_box([3.0]), &mut dx, 1.0);
    exact("array_of_one", dx, [6.0]);

    let mut dx = [0.0; 2];
    d_array_of_two(&black_box([3.0, 5.0]), &mut dx, 1.0);
    exact("array_of_two", dx, [25.0, 30.0]);

    let mut dx = [[0.0; 2]; 2];
    let determinant = d_nested_array(&black_box([[2.0, 3.0], [5.0, 7.0]]), &mut dx, 1.0);
    exact("nested_array, value", determinant, -1.0);
    exact("nested_array, gradient", dx, [[7.0, -5.0], [-3.0, 2.0]]);

    let (x, mut dw) = (black_box([11.0, 13.0]), [0.0; 2]);
    d_dot(&black_box([2.0, 3.0]), &mut dw, &x, 1.0);
    exact("dot", dw, [11.0, 13.0]);
    exact("dot, Const argument afterwards", x, [11.0, 13.0]);
}

// Outputs by `&mut`: the shadow of the output is the seed, and is zero afterwards.
// The gradient of x0^2 + x1 x0 is (2 x0 + x1, x0).
#[autodiff_reverse(d_out, Duplicated, Duplicated)]
fn out(x: &[f64; 2], y: &mut f64) {
    *y = x[0] * x[0] + x[1] * x[0];
}

#[autodiff_reverse(d_out_of_scalars, Active, Active, Duplicated)]
fn out_of_scalars(x: f64, y: f64, z: &mut f64) {
    *z = x * x * y;
}

// Two outputs, the polar coordinates' inverse: (r cos a, r sin a).
#[autodiff_reverse(d_cartesian, Active, Active, Duplicated)]
fn cartesian(r: f64, a: f64, xy: &mut [f64; 2]) {
    *xy = [r * a.cos(), r * a.sin()];
}

// Overwrites its argument: the shadow goes from d/d(new) to d/d(old) = 2 old d/d(new).
#[autodiff_reverse(d_square_in_place, Duplicated)]
fn square_in_place(x: &mut [f64; 2]) {
    x[0] *= x[0];
    x[1] *= x[1];
}

fn mutable_outputs() {
    let (mut y, mut dy, mut dx) = (0.0, 2.0, [0.0; 2]);
    d_out(&black_box([3.0, 4.0]), &mut dx, &mut y, &mut dy);
    exact("out, value", y, 21.0);
    exact("out, gradient of twice the output", dx, [20.0, 6.0]);
    exact("out, seed afterwards", dy, 0.0);

    // 2 x y = 24 and x^2 = 9, times the seed of -0.5
    let (mut z, mut dz) = (0.0, -0.5);
    let gradient = d_out_of_scalars(black_box(3.0), black_box(4.0), &mut z, &mut dz);
    exact("out_of_scalars, value", z, 36.0);
    exact("out_of_scalars, gradient", gradient, (-12.0, -4.5));

    // The seed (p, q) gives d/dr = p cos a + q sin a, d/da = r (q cos a - p sin a).
    let (r, a, p, q) = black_box((2.0f64, 0.5f64, 3.0f64, -7.0f64));
    let (mut xy, mut seed) = ([0.0; 2], [p, q]);
    let (dr, da) = d_cartesian(r, a, &mut xy, &mut seed);
    close("cartesian, x", xy[0], r * a.cos(), F64);
    close("cartesian, y", xy[1], r * a.sin(), F64);
    close("cartesian, d/dr", dr, p * a.cos() + q * a.sin(), F64);
    close("cartesian, d/da", da, r * (q * a.cos() - p * a.sin()), F64);

    let (mut x, mut dx) = (black_box([3.0, 4.0]), [1.0, 10.0]);
    d_square_in_place(&mut x, &mut dx);
    exact("square_in_place, value", x, [9.0, 16.0]);
    exact("square_in_place, gradient", dx, [6.0, 80.0]);
}

pub fn main() {
    polynomials();
    elementary_functions();
    several_arguments_and_branches();
    references();
    slices_and_arrays();
    mutable_outputs();
}
