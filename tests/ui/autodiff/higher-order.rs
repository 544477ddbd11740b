//! Check derivatives of derivatives, in every combination of the two modes and to the third order. Enzyme
//! has to be asked for the inner one first, whatever the order in the module:
//! <https://github.com/rust-lang/rust/issues/143516>, <https://github.com/rust-lang/rust/issues/160567>.
//!
//! The second derivative of x^3 is 6 x, the third is 6.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release one_unit
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16
//@[one_unit] compile-flags: -Copt-level=0 -Ccodegen-units=1

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};

#[path = "auxiliary/check.rs"]
mod check;
use check::exact;

// The third order first: what it needs comes later, in the source and in the alphabet.
#[autodiff_forward(a_third, Dual, Dual)]
fn a_curvature(x: f64) -> f64 {
    forward_over_forward(x, 1.0).1
}

#[autodiff_forward(forward_over_forward, Dual, Dual)]
#[autodiff_reverse(reverse_over_forward, Active, Active)]
fn forward_slope(x: f64) -> f64 {
    z_tangent(x, 1.0).1
}

#[autodiff_forward(forward_over_reverse, Dual, Dual)]
#[autodiff_reverse(reverse_over_reverse, Active, Active)]
fn reverse_slope(x: f64) -> f64 {
    z_gradient(x, 1.0).1
}

#[autodiff_forward(z_tangent, Dual, Dual)]
#[autodiff_reverse(z_gradient, Active, Active)]
fn z_cube(x: f64) -> f64 {
    x * x * x
}

pub fn main() {
    exact("forward over forward", forward_over_forward(2.0, 1.0), (12.0, 12.0));
    exact("reverse over forward", reverse_over_forward(2.0, 1.0), (12.0, 12.0));
    exact("forward over reverse", forward_over_reverse(2.0, 1.0), (12.0, 12.0));
    exact("reverse over reverse", reverse_over_reverse(2.0, 1.0), (12.0, 12.0));
    exact("third", a_third(2.0, 1.0), (12.0, 6.0));
}
