//! Check gradients through functions of the standard library whose bodies a primal needs, be they
//! generic, inline or neither: upstream's debug builds fail on all of these, as std does not carry the
//! MIR of the last kind.
//!
//! Text has no derivative: what a primal prints does not disturb, and a panic is reported as ever.
//! Each expected value is worked out by hand from the formula beside it.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16
//@ needs-unwind

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;

#[path = "auxiliary/check.rs"]
mod check;
use check::exact;

// d/dx_i (sum (2 x_i)^2) = 8 x_i
#[autodiff_reverse(d_collect, Duplicated, Active)]
fn collect(x: &[f64]) -> f64 {
    let doubled: Vec<f64> = x.iter().map(|x| 2.0 * x).collect();
    doubled.iter().map(|x| x * x).sum()
}

// d/dx (5 x^2) = 10 x
#[autodiff_reverse(d_repeated, Active, Active)]
fn repeated(x: f64) -> f64 {
    let copies = vec![x; 5];
    copies.iter().map(|x| x * x).sum()
}

// d/dx x^2 = 2 x
#[autodiff_reverse(d_boxed, Active, Active)]
fn boxed(x: f64) -> f64 {
    let first = Box::new(x);
    let second = first.clone();
    *first * *second
}

// d/dx (3 x^2) = 6 x
#[autodiff_reverse(d_prints, Active, Active)]
fn prints(x: f64) -> f64 {
    println!("x is {x}");
    3.0 * x * x
}

// d/dx sqrt(x) = 1 / (2 sqrt(x))
#[autodiff_reverse(d_panics, Active, Active)]
fn panics(x: f64) -> f64 {
    if x < 0.0 {
        panic!("{x} has no root");
    }
    x.sqrt()
}

pub fn main() {
    let x = [1.0, 2.0, 3.0];
    let mut dx = [0.0; 3];
    exact("collect", d_collect(&x, &mut dx, 1.0), 56.0);
    exact("collect", dx, [8.0, 16.0, 24.0]);
    exact("repeated", d_repeated(3.0, 1.0), (45.0, 30.0));
    exact("boxed", d_boxed(3.0, 1.0), (9.0, 6.0));
    exact("prints", d_prints(3.0, 1.0), (27.0, 18.0));
    exact("panics", d_panics(4.0, 1.0), (2.0, 0.25));

    for call in [|x| panics(x), |x| d_panics(x, 1.0).1] {
        let payload = std::panic::catch_unwind(|| call(-1.0)).unwrap_err();
        exact("message", payload.downcast_ref(), Some(&String::from("-1 has no root")));
    }
}
