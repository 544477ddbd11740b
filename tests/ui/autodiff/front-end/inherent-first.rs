//! Check that the derivative of a trait's function is never that of an inherent function of its name, which
//! comes first in `Self::f`.

//@ build-fail
//@ needs-enzyme (differentiates)
//@ edition: 2024
//@ compile-flags: -Zautodiff=Enable

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;

trait Curve {
    fn at(&self, x: f64) -> f64;
    fn d_at(&self, x: f64, seed: f64) -> (f64, f64);
}

struct Primal;

impl Primal {
    fn at(&self, x: f64) -> f64 {
        100.0 * x
    }
}

impl Curve for Primal {
    #[autodiff_reverse(d_at, Const, Active, Active)] //~ ERROR would not be the derivative
    fn at(&self, x: f64) -> f64 {
        x * x
    }
}

struct Derivative;

impl Derivative {
    fn d_at(&self, x: f64, _seed: f64) -> (f64, f64) {
        (x, x)
    }
}

impl Curve for Derivative {
    #[autodiff_reverse(d_at, Const, Active, Active)] //~ ERROR would not be the derivative
    fn at(&self, x: f64) -> f64 {
        x * x
    }
}

struct Both;

impl Both {
    #[autodiff_reverse(d_at, Const, Active, Active)]
    fn at(&self, x: f64) -> f64 {
        100.0 * x
    }
}

impl Curve for Both {
    #[autodiff_reverse(d_at, Const, Active, Active)] //~ ERROR only the derivative itself can call
    fn at(&self, x: f64) -> f64 {
        x * x
    }
}

fn main() {
    Primal.at(1.0);
    Curve::d_at(&Primal, 3.0, 1.0);
    Derivative.d_at(1.0, 1.0);
    Curve::d_at(&Derivative, 3.0, 1.0);
    Both.d_at(1.0, 1.0);
    Curve::d_at(&Both, 3.0, 1.0);
}
