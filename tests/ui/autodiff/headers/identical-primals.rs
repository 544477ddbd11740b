//! Check that primals with the same body each have their derivative, with the activities of its own: LLVM
//! merges identical functions, and the one that is to be differentiated was not found any more.
//!
//! Regression test for <https://github.com/rust-lang/rust/issues/139471>.

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

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

#[autodiff_reverse(d_first, Duplicated, Active, Active)]
fn first(x: &f64, y: f64) -> f64 {
    x * x * y
}

#[autodiff_reverse(d_second, Duplicated, Const, Active)]
#[autodiff_forward(t_second, Dual, Const, Dual)]
fn second(x: &f64, y: f64) -> f64 {
    x * x * y
}

#[autodiff_reverse(d_third, Const, Active, Active)]
#[autodiff_forward(t_third, Const, Dual, Dual)]
fn third(x: &f64, y: f64) -> f64 {
    x * x * y
}

// Calls one that is the same, and is therefore the same.
#[autodiff_reverse(d_fourth, Const, Active, Active)]
#[inline(never)]
fn fourth(x: &f64, y: f64) -> f64 {
    third(x, y)
}

pub fn main() {
    let (x, y) = black_box((3.0, 5.0));
    let mut dx = 0.0;
    exact("first", d_first(&x, &mut dx, y, 1.0), (45.0, 9.0));
    exact("first", dx, 30.0);
    exact("second", d_second(&x, &mut dx, y, 1.0), 45.0);
    exact("second", dx, 60.0);
    exact("second", t_second(&x, &10.0, y), (45.0, 300.0));
    exact("third", d_third(&x, y, 1.0), (45.0, 9.0));
    exact("third", t_third(&x, y, 10.0), (45.0, 90.0));
    exact("fourth", d_fourth(&x, y, 1.0), (45.0, 9.0));
    exact("primals", first(&x, y) + second(&x, y) + third(&x, y) + fourth(&x, y), 180.0);
}
