//! Check `Dualv` and `DualvOnly`: all tangents of a slice in one shadow, as long as width times the slice.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0
//@[release] compile-flags: -Copt-level=3

#![feature(autodiff)]

use std::autodiff::autodiff_forward;
use std::hint::black_box;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

// The Jacobian of (x0 x1, x1 x2) is [[x1, x0, 0], [0, x2, x1]].
#[autodiff_forward(d_products, Dualv, Dualv)]
#[autodiff_forward(d_products_two, 2, Dualv, Dualv)]
#[autodiff_forward(d_products_three, 3, Dualv, Dualv)]
#[autodiff_forward(d_products_mixed, 3, Dualv, Dual)]
#[autodiff_forward(d_products_other, 3, Dual, Dualv)]
#[autodiff_forward(d_products_only, 3, Dualv, DualvOnly)]
fn products(x: &[f64], y: &mut [f64]) {
    y[0] = x[0] * x[1];
    y[1] = x[1] * x[2];
}

// The gradient is (2 x0 x1, x0^2).
#[autodiff_forward(d_sum, 2, Dualv, Dual)]
#[autodiff_forward(d_sum_only, 2, Dualv, DualOnly)]
#[autodiff_forward(d_sum_value, 2, Dualv, Const)]
fn sum(x: &[f64]) -> f64 {
    x[0] * x[0] * x[1]
}

#[autodiff_forward(d_narrow, 2, Dualv, Dual)]
fn narrow(x: &[f32]) -> f32 {
    x[0] * x[1]
}

// In pairs: the shadow is a slice of pairs.
#[autodiff_forward(d_pairs, 2, Dualv, Dual)]
fn pairs(x: &[(f64, f64)]) -> f64 {
    x[0].0 * x[0].1 + x[1].0 * x[1].1
}

pub fn main() {
    let x = black_box([2.0, 3.0, 5.0]);
    let (mut y, mut dy) = ([0.0; 2], [0.0; 2]);
    d_products(&x, &[1.0, 10.0, 100.0], &mut y, &mut dy);
    exact("width 1", (y, dy), ([6.0, 15.0], [23.0, 350.0]));

    let (mut y, mut dy) = ([0.0; 2], [0.0; 4]);
    d_products_two(&x, &[1.0, 0.0, 0.0, 0.0, 1.0, 10.0], &mut y, &mut dy);
    exact("width 2", (y, dy), ([6.0, 15.0], [3.0, 0.0, 2.0, 35.0]));

    let identity = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    let jacobian = [3.0, 0.0, 2.0, 5.0, 0.0, 3.0];
    let (mut y, mut dy) = ([0.0; 2], [0.0; 6]);
    d_products_three(&x, &identity, &mut y, &mut dy);
    exact("width 3", (y, dy), ([6.0, 15.0], jacobian));

    let (mut y, mut dy) = ([0.0; 2], [[0.0; 2]; 3]);
    let [dy0, dy1, dy2] = &mut dy;
    d_products_mixed(&x, &identity, &mut y, dy0, dy1, dy2);
    exact("with Dual", (y, dy), ([6.0, 15.0], [[3.0, 0.0], [2.0, 5.0], [0.0, 3.0]]));

    let (mut y, mut dy) = ([0.0; 2], [0.0; 6]);
    let (x0, x1, x2) = ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]);
    d_products_other(&x, &x0, &x1, &x2, &mut y, &mut dy);
    exact("from Dual", (y, dy), ([6.0, 15.0], jacobian));

    // The value of `y` is not wanted, and may not be there.
    let (mut y, mut dy) = ([0.0; 2], [0.0; 6]);
    unsafe { d_products_only(&x, &identity, &mut y, &mut dy) };
    exact("DualvOnly", dy, jacobian);

    let x = black_box([3.0, 5.0]);
    exact("sum", d_sum(&x, &[1.0, 0.0, 1.0, 10.0]), [45.0, 30.0, 120.0]);
    exact("sum, only", d_sum_only(&x, &[1.0, 0.0, 1.0, 10.0]), [30.0, 120.0]);
    exact("sum, Const", d_sum_value(&x, &[1.0, 0.0, 1.0, 10.0]), 45.0);
    exact("narrow", d_narrow(&black_box([3.0, 5.0]), &[1.0, 0.0, 0.0, 1.0]), [15.0, 5.0, 3.0]);
    let x = black_box([(2.0, 3.0), (5.0, 7.0)]);
    let tangents = [(1.0, 0.0), (0.0, 1.0), (0.0, 10.0), (100.0, 0.0)];
    exact("pairs", d_pairs(&x, &tangents), [41.0, 8.0, 720.0]);
}
