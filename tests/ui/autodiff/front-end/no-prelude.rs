//! Check that derivatives need no names to be in scope, neither the prelude's nor `std`'s.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0
//@[release] compile-flags: -Copt-level=3

#![feature(autodiff)]
#![no_std]
#![no_implicit_prelude]

extern crate core as other_name;
extern crate std as library;

use other_name::autodiff::{autodiff_forward, autodiff_reverse};
use other_name::ops::Fn;

#[autodiff_reverse(d_square, Active, Active)]
#[autodiff_forward(t_square, 2, Dual, DualOnly)]
fn square(x: f64) -> f64 {
    x * x
}

#[autodiff_reverse(d_apply, Const, Active, Active)]
fn apply(f: impl Fn(f64) -> f64, x: f64) -> f64 {
    f(x) * x
}

pub fn main() {
    library::assert_eq!(d_square(3.0, 1.0), (9.0, 6.0));
    library::assert_eq!(t_square(3.0, 1.0, 10.0), [6.0, 60.0]);
    library::assert_eq!(d_apply(|x| 2.0 * x, 3.0, 1.0), (18.0, 12.0));
}
