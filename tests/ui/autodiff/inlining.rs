//! Check that derivatives link, and are right, whatever the inlining attribute and the visibility of
//! the primal, and wherever they are called from: in its module, from another one, in a closure, by a
//! generic function, by pointer.
//!
//! Enzyme runs on the derivatives and what they reach, not on their callers. A derivative that an
//! inliner of rustc's carries into a caller before Enzyme has run leaves a call of `__enzyme_autodiff`
//! there, which the linker does not know. The derivative of every `f(x) = c x^2` at 3 is 6 c.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release one_unit thin
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16
//@[one_unit] compile-flags: -Copt-level=3 -Ccodegen-units=1
//@[thin] no-prefer-dynamic (thin LTO)
//@[thin] compile-flags: -Copt-level=3 -Clto=thin

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::ops::Mul;

#[path = "auxiliary/check.rs"]
mod check;
use check::exact;

#[autodiff_reverse(d_plain, Active, Active)]
fn plain(x: f64) -> f64 {
    x * x
}

mod inner {
    use std::autodiff::autodiff_reverse;

    #[autodiff_reverse(d_never, Active, Active)]
    #[inline(never)]
    pub fn never(x: f64) -> f64 {
        2.0 * x * x
    }

    #[autodiff_reverse(d_hint, Active, Active)]
    #[inline]
    pub fn hint(x: f64) -> f64 {
        3.0 * x * x
    }

    #[autodiff_reverse(d_always, Active, Active)]
    #[inline(always)]
    pub fn always(x: f64) -> f64 {
        4.0 * x * x
    }

    #[autodiff_reverse(d_private, Active, Active)]
    fn private(x: f64) -> f64 {
        5.0 * x * x
    }

    pub fn calls_private(x: f64) -> f64 {
        d_private(x, 1.0).1
    }
}

#[autodiff_forward(d_generic, Dual, Dual)]
#[inline]
fn generic<T: Mul<Output = T> + Copy>(x: T) -> T {
    x * x
}

fn apply(f: impl Fn(f64) -> f64, x: f64) -> f64 {
    f(x)
}

fn of_any<T: Mul<Output = T> + Copy + std::ops::Add<Output = T>>(x: T, dx: T) -> T {
    d_generic(x, dx).1
}

pub fn main() {
    exact("plain", d_plain(3.0, 1.0).1, 6.0);
    exact("never", inner::d_never(3.0, 1.0).1, 12.0);
    exact("hint", inner::d_hint(3.0, 1.0).1, 18.0);
    exact("always", inner::d_always(3.0, 1.0).1, 24.0);
    exact("private", inner::calls_private(3.0), 30.0);
    exact("closure", apply(|x| inner::d_always(x, 1.0).1, 3.0), 24.0);
    exact("generic f64", of_any(3.0_f64, 1.0), 6.0);
    exact("generic f32", of_any(3.0_f32, 1.0), 6.0);
    let pointer: fn(f64, f64) -> (f64, f64) = inner::d_hint;
    exact("pointer", std::hint::black_box(pointer)(3.0, 1.0).1, 18.0);
}
