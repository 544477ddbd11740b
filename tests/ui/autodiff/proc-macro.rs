//! Check that a macro crate can be compiled with `-Zautodiff=Enable`, as it is where the flag holds for a
//! whole workspace: fat LTO, which it implied, is not for macro crates.
//!
//! Regression test for <https://github.com/rust-lang/rust/issues/147487>.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ proc-macro: macro-with-autodiff.rs
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0
//@[release] compile-flags: -Copt-level=3

#![feature(autodiff)]

extern crate macro_with_autodiff;

use std::autodiff::autodiff_reverse;

#[path = "auxiliary/check.rs"]
mod check;
use check::exact;

// 42 x^2
#[autodiff_reverse(d_scaled, Active, Active)]
fn scaled(x: f64) -> f64 {
    macro_with_autodiff::slope_at_seven!() * x * x
}

pub fn main() {
    exact("scaled", d_scaled(2.0, 1.0), (168.0, 168.0));
}
