//! Check second derivatives: a function that calls a derivative is differentiated in its turn, by
//! forward over forward and by forward over reverse mode.
//!
//! Each expected value is worked out by hand from the formula beside it.

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

// (x^4)' = 4 x^3, (x^4)'' = 12 x^2
#[autodiff_forward(d_quartic_forward, Dual, DualOnly)]
#[autodiff_reverse(d_quartic_reverse, Active, ActiveOnly)]
fn quartic(x: f64) -> f64 {
    x * x * x * x
}

#[autodiff_forward(d2_quartic_forward, Dual, Dual)]
fn slope_by_forward_mode(x: f64) -> f64 {
    d_quartic_forward(x, 1.0)
}

#[autodiff_forward(d2_quartic_reverse, Dual, Dual)]
fn slope_by_reverse_mode(x: f64) -> f64 {
    d_quartic_reverse(x, 1.0)
}

// (sin x^2)' = 2 x cos x^2, (sin x^2)'' = 2 cos x^2 - 4 x^2 sin x^2
#[autodiff_reverse(d_chirp, Active, ActiveOnly)]
fn chirp(x: f64) -> f64 {
    (x * x).sin()
}

#[autodiff_forward(d2_chirp, Dual, Dual)]
fn chirp_slope(x: f64) -> f64 {
    d_chirp(x, 1.0)
}

fn scalars() {
    exact("quartic, forward over forward", d2_quartic_forward(black_box(2.0), 1.0), (32.0, 48.0));
    exact("quartic, forward over reverse", d2_quartic_reverse(black_box(2.0), 0.5), (32.0, 24.0));
    for x in [0.5, 1.25f64] {
        let (slope, curvature) = d2_chirp(black_box(x), 1.0);
        let (sin, cos) = (x * x).sin_cos();
        close("chirp, first derivative", slope, 2.0 * x * cos, F64);
        close("chirp, second derivative", curvature, 2.0 * cos - 4.0 * x * x * sin, F64);
    }
}

// x0^2 + x1 x0, by reference and with a `&mut` output, as in the documentation of `std::autodiff`.
// The Hessian is [[2, 1], [1, 0]].
#[autodiff_reverse(d_f, Duplicated, Duplicated)]
fn f(x: &[f64; 2], y: &mut f64) {
    *y = x[0] * x[0] + x[1] * x[0];
}

#[autodiff_forward(d2_f, Dual, Dual, Dual, Dual)]
fn gradient(x: &[f64; 2], dx: &mut [f64; 2], y: &mut f64, dy: &mut f64) {
    d_f(x, dx, y, dy);
}

fn by_reference() {
    for (direction, column) in [([1.0, 0.0], [2.0, 1.0]), ([0.0, 1.0], [1.0, 0.0])] {
        let x = black_box([3.0, 5.0]);
        let (mut dx, mut ddx) = ([0.0; 2], [0.0; 2]);
        let (mut y, mut ty) = (0.0, 0.0);
        let (mut dy, mut tdy) = (1.0, 0.0);
        d2_f(&x, &direction, &mut dx, &mut ddx, &mut y, &mut ty, &mut dy, &mut tdy);
        exact("gradient", dx, [11.0, 3.0]);
        exact("column of the Hessian", ddx, column);
    }
}

pub fn main() {
    scalars();
    by_reference();
}
