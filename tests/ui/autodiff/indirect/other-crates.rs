//! Check the derivatives of functions that call what another crate has defined, through `fn` pointers and
//! vtables that this crate makes.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@[lto] no-prefer-dynamic (fat LTO)
//@ aux-build: known-callees.rs
//@ edition: 2024
//@ revisions: debug release lto
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16
//@[lto] compile-flags: -Copt-level=3 -Clto=fat

#![feature(autodiff)]

extern crate known_callees;

use std::autodiff::autodiff_reverse;
use std::hint::black_box;

use known_callees::{Linear, Scaled, Shape, cube, square};

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

#[autodiff_reverse(d_object, Unchecked, Duplicated, Active, Active)]
fn object(shape: &dyn Shape, x: f64) -> f64 {
    shape.value(x) + 3.0 * shape.twice(x)
}

#[autodiff_reverse(d_pointer, Const, Active, Active)]
fn pointer(f: fn(f64) -> f64, x: f64) -> f64 {
    f(x) * x
}

pub fn main() {
    // a x + 3 * 2 a x.
    let mut shadow = Linear(0.0);
    let shape: Box<dyn Shape> = black_box(Box::new(Linear(5.0)));
    exact("linear", unsafe { d_object(&*shape, &mut shadow, 2.0, 1.0) }, (70.0, 35.0));
    exact("linear, a", shadow.0, 14.0);
    // b a x + 3 b a b x, with b = 3.
    let mut shadow = Scaled(Linear(0.0), 0.0);
    let shape: Box<dyn Shape> = black_box(Box::new(Scaled(Linear(5.0), 3.0)));
    exact("scaled", unsafe { d_object(&*shape, &mut shadow, 2.0, 1.0) }, (300.0, 150.0));
    exact("scaled, a b", (shadow.0.0, shadow.1), (60.0, 10.0 + 180.0));

    exact("square", d_pointer(black_box(square), 2.0, 1.0), (8.0, 12.0));
    exact("cube", d_pointer(black_box(cube), 2.0, 1.0), (16.0, 32.0));
    exact("std", d_pointer(black_box(f64::sqrt), 4.0, 1.0), (8.0, 3.0));
}
