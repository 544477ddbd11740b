//! Check that the `autodiff` intrinsic is refused outside of a derivative. Enzyme runs on derivatives and
//! what they reach: a call of it left elsewhere would be one of a function that the linker does not know.

//@ needs-enzyme (differentiates)
//@ build-fail
//@ edition: 2024
//@ compile-flags: -Zautodiff=Enable

#![feature(autodiff, core_intrinsics)]
#![allow(internal_features)]

use std::autodiff::autodiff_reverse;

#[autodiff_reverse(d_square, Active, Active)]
fn square(x: f64) -> f64 {
    x * x
}

fn by_hand(x: f64) -> (f64, f64) {
    std::intrinsics::autodiff(square, d_square, (x, 1.0)) //~ ERROR only the derivative itself
}

fn main() {
    by_hand(3.0);
}
