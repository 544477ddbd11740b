//! Check derivatives of functions that append slices of values with a float and integers to a `Vec`: several
//! values are copied at once, a number that is known in one case, and not in the other.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

// An integer of its own size, in front of a float and behind it.
#[autodiff_reverse(d_extended, Duplicated, Active)]
#[autodiff_forward(t_extended, Dual, Dual)]
fn extended(x: &[f64]) -> f64 {
    #[derive(Clone, Copy)]
    struct Term {
        sign: i8,
        factor: f64,
        power: u32,
    }
    let terms: Vec<Term> = (0..)
        .zip(x)
        .map(|(i, x)| Term { sign: if i % 2 == 0 { 1 } else { -1 }, factor: x * x, power: i })
        .collect();
    let mut some = vec![];
    some.extend_from_slice(&terms[1..]);
    some.extend_from_slice(&terms[..4]);
    some.iter().map(|term| f64::from(term.sign) * term.factor.powi(term.power as i32)).sum()
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("extended", &x, extended, d_extended, t_extended);
    checks.finish(21);
}
