//! Check gradients of functions that read statics: a table of this crate, one that a dependency exports
//! and one that it keeps to itself. They are constants to Enzyme, whatever unit defines them, and are
//! still the one place in memory that they were.
//!
//! Each expected value is worked out by hand from the formula beside it.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ aux-build: derivative-in-dependency.rs
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

extern crate derivative_in_dependency as dependency;

use std::autodiff::autodiff_reverse;

#[path = "auxiliary/check.rs"]
mod check;
use check::exact;

static WEIGHTS: [f64; 3] = [2.0, 3.0, 5.0];

// d/dx_i (sum w_i x_i^2) = 2 w_i x_i
#[autodiff_reverse(d_weighted, Duplicated, Active)]
fn weighted(x: &[f64; 3]) -> f64 {
    let mut sum = 0.0;
    for i in 0..3 {
        sum += WEIGHTS[i] * x[i] * x[i];
    }
    sum
}

// d/dx_i (sum e_i p_i x_i) = e_i p_i, with e = (7, 11, 13) and p = (17, 19, 23)
#[autodiff_reverse(d_elsewhere, Duplicated, Active)]
fn elsewhere(x: &[f64; 3]) -> f64 {
    let mut sum = 0.0;
    for i in 0..3 {
        sum += dependency::EXPORTED[i] * dependency::private_weight(i) * x[i];
    }
    sum
}

// A copy of the table would have another address, and the function another sign.
#[autodiff_reverse(d_address, Active, Const, Active)]
fn address(x: f64, weights: &[f64; 3]) -> f64 {
    if std::ptr::eq(weights, &WEIGHTS) { x } else { -x }
}

pub fn main() {
    let x = [1.0, 2.0, 3.0];
    let mut dx = [0.0; 3];
    exact("weighted", d_weighted(&x, &mut dx, 1.0), 59.0);
    exact("weighted", dx, [4.0, 12.0, 30.0]);
    let mut dx = [0.0; 3];
    d_elsewhere(&x, &mut dx, 1.0);
    exact("elsewhere", dx, [119.0, 209.0, 299.0]);
    exact("address", d_address(3.0, &WEIGHTS, 1.0), (3.0, 1.0));
}
