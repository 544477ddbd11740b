//! Check that a function is not passed over because it takes `fmt::Arguments`: what formats text has no derivative, but
//! what only takes such arguments may have one.
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

use std::autodiff::autodiff_reverse;
use std::fmt::Arguments;

#[path = "auxiliary/check.rs"]
mod check;
use check::exact;

#[inline(never)]
fn square_named(x: f64, name: Arguments<'_>) -> f64 {
    if name.as_str() == Some("square") { x * x } else { 0.0 }
}

// d/dx (x^2 x) = 3 x^2
#[autodiff_reverse(d_calls, Active, Active)]
fn calls(x: f64) -> f64 {
    square_named(x, format_args!("square")) * x
}

// d/dx (x^2) = 2 x
#[autodiff_reverse(d_takes, Active, Const, Active)]
fn takes(x: f64, name: Arguments<'_>) -> f64 {
    if name.as_str() == Some("square") { x * x } else { 0.0 }
}

pub fn main() {
    exact("calls", d_calls(2.0, 1.0), (8.0, 12.0));
    exact("takes", d_takes(3.0, format_args!("square"), 1.0), (9.0, 6.0));
}
