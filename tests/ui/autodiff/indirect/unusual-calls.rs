//! Check the derivatives of functions that make indirect calls in unusual ways: in `catch_unwind`, by tail
//! calls, and of methods whose derivatives a trait provides and an implementation may replace.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@[lto] no-prefer-dynamic (fat LTO)
//@ edition: 2024
//@ revisions: debug release lto
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16
//@[lto] compile-flags: -Copt-level=3 -Clto=fat

#![feature(autodiff, explicit_tail_calls)]
#![allow(incomplete_features)] // of `explicit_tail_calls`

use std::autodiff::autodiff_reverse;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

trait Shape {
    fn value(&self, x: f64) -> f64;

    #[autodiff_reverse(d_provided, Const, Active, Active)]
    fn provided(&self, x: f64) -> f64 {
        3.0 * self.value(x)
    }
}

struct Linear(f64);
struct Quadratic(f64, f64);

impl Shape for Linear {
    fn value(&self, x: f64) -> f64 {
        self.0 * x
    }
}

impl Shape for Quadratic {
    fn value(&self, x: f64) -> f64 {
        self.0 * x * x + self.1
    }

    fn d_provided(&self, x: f64, seed: f64) -> (f64, f64) {
        (x, 1000.0 * seed)
    }
}

#[autodiff_reverse(d_caught, Const, Active, Active)]
fn caught(shape: &dyn Shape, x: f64) -> f64 {
    let mut y = x;
    let result = catch_unwind(AssertUnwindSafe(|| y = shape.value(x)));
    if result.is_ok() { y * x } else { 0.0 }
}

type Step = fn(u32, f64, f64) -> f64;
static STEPS: [Step; 2] = [scale, double];

fn scale(n: u32, x: f64, y: f64) -> f64 {
    if n == 0 {
        return y;
    }
    become STEPS[(n % 2) as usize](n - 1, x, y * x)
}

fn double(n: u32, x: f64, y: f64) -> f64 {
    if n == 0 {
        return y;
    }
    become STEPS[(n % 2) as usize](n - 1, x, 2.0 * y)
}

#[autodiff_reverse(d_tail, Const, Const, Active, Active)]
fn tail(step: Step, n: u32, x: f64) -> f64 {
    step(n, x, 1.0)
}

pub fn main() {
    let [linear, quadratic]: [&dyn Shape; 2] = black_box([&Linear(5.0), &Quadratic(2.0, 7.0)]);
    // 3 a x, and what the implementation says.
    exact("provided", linear.d_provided(4.0, 1.0), (60.0, 15.0));
    exact("replaced", quadratic.d_provided(4.0, 1.0), (4.0, 1000.0));

    // a x^2, and a x^3 + b x.
    exact("caught", d_caught(linear, 4.0, 1.0), (80.0, 40.0));
    exact("caught", d_caught(quadratic, 4.0, 1.0), (156.0, 103.0));

    // From `scale` with n = 3: x by `scale`, 2 by `double` (3 is odd), x by `scale` (2 is even).
    exact("tail", d_tail(black_box(scale), 3, 5.0, 1.0), (50.0, 20.0));
    // From `double` with n = 3: 2, 2, x.
    exact("tail", d_tail(black_box(double), 3, 5.0, 1.0), (20.0, 4.0));
}
