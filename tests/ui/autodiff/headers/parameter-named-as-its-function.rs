//! Check that a parameter may have the name of its function, or of the derivative: in the derivative's body
//! it must not hide them.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

#[autodiff_reverse(d_scale, Active, Active, Active)]
#[autodiff_forward(t_scale, Dual, Dual, Dual)]
fn scale(x: f64, scale: f64) -> f64 {
    2.0 * x * scale
}

#[autodiff_reverse(d_square, Active, Active)]
fn square(d_square: f64) -> f64 {
    d_square * d_square
}

pub fn main() {
    exact("scale", d_scale(3.0, 5.0, 1.0), (30.0, 10.0, 6.0));
    exact("scale", t_scale(3.0, 1.0, 5.0, 10.0), (30.0, 70.0));
    exact("square", d_square(3.0, 1.0), (9.0, 6.0));
}
