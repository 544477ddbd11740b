//! Check that a derivative without `-Zautodiff=Enable` is an error that names the flag, and not a
//! program whose derivatives are empty.

//@ needs-enzyme (a compiler without it has no autodiff that a flag could enable)
//@ no-prefer-dynamic (so that fat LTO, which autodiff wants as well, is not what is missing)
//@ build-fail
//@ edition: 2024
//@ compile-flags: -Clto=fat

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;

#[autodiff_reverse(d_square, Active, Active)]
//~^ ERROR using the autodiff feature requires -Z autodiff=Enable
fn square(x: f64) -> f64 {
    x * x
}

fn main() {
    d_square(3.0, 1.0);
}
