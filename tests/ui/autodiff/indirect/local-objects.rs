//! Check derivatives of functions that make objects and pass them on as trait objects, to functions that
//! are not inlined: nothing but the call through the vtable reads or writes what the caller has stored.

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

trait Sum {
    fn add(&mut self, x: f64);
    fn get(&self) -> f64;
}

struct Squares {
    sum: f64,
    factor: f64,
}

struct Products {
    last: [f64; 2],
}

impl Sum for Squares {
    fn add(&mut self, x: f64) {
        self.sum += x * x * self.factor;
    }

    fn get(&self) -> f64 {
        self.sum
    }
}

impl Sum for Products {
    fn add(&mut self, x: f64) {
        self.last[1] += x;
        self.last[0] += x * self.last[1];
    }

    fn get(&self) -> f64 {
        self.last[0]
    }
}

#[inline(never)]
fn add_twice(sum: &mut dyn Sum, x: f64) {
    sum.add(x);
    sum.add(2.0 * x);
}

#[inline(never)]
fn get(sum: &dyn Sum) -> f64 {
    sum.get()
}

#[autodiff_reverse(d_sums, Duplicated, Active)]
#[autodiff_forward(t_sums, Dual, Dual)]
fn sums(x: &[f64]) -> f64 {
    let mut squares = Squares { sum: x[0], factor: x[1] };
    let mut products = Products { last: [x[0], x[1]] };
    add_twice(&mut squares, x[0]);
    add_twice(&mut products, x[1]);
    squares.sum * products.last[0] + get(&squares) * x[2]
}

#[inline(never)]
fn at(f: &dyn Fn(f64) -> f64, x: f64) -> f64 {
    f(x)
}

#[autodiff_reverse(d_closures, Duplicated, Active)]
#[autodiff_forward(t_closures, Dual, Dual)]
fn closures(x: &[f64]) -> f64 {
    let (a, list) = (x[1] * x[1], x.to_vec());
    at(&|t| a * t, 0.5) + at(&|t| list.iter().map(|x| x * t * t).sum(), x[0]) + at(&f64::sin, x[2])
}

fn simpson(f: &dyn Fn(f64) -> f64, from: f64, to: f64, depth: usize) -> f64 {
    let middle = 0.5 * (from + to);
    if depth == 0 {
        (to - from) / 6.0 * (f(from) + 4.0 * f(middle) + f(to))
    } else {
        simpson(f, from, middle, depth - 1) + simpson(f, middle, to, depth - 1)
    }
}

#[autodiff_reverse(d_integral, Duplicated, Active)]
#[autodiff_forward(t_integral, Dual, Dual)]
fn integral(x: &[f64]) -> f64 {
    let (a, b) = (x[0], x[1]);
    simpson(&|t| (a * t).sin() + b * t * t, 0.0, x[2], 3)
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [1.3, 0.7, -0.4];
    checks.gradient("sums", &x, sums, d_sums, t_sums);
    checks.gradient("closures", &x, closures, d_closures, t_closures);
    checks.gradient("integral", &x, integral, d_integral, t_integral);
    checks.finish(36);
}
