//! Check functions with `impl Trait` parameters, whose types a derivative repeats and calls the primal with.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0
//@[release] compile-flags: -Copt-level=3

#![feature(anonymous_lifetime_in_impl_trait, autodiff)]
#![allow(unused_features)] // `anonymous_lifetime_in_impl_trait` is used, but not counted

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;
use std::ops::Mul;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

// (x f(x))' = f(x) + x f'(x)
#[autodiff_reverse(d_by_value, Const, Active, Active)]
#[autodiff_forward(t_by_value, Const, Dual, Dual)]
fn by_value(f: impl Fn(f64) -> f64, x: f64) -> f64 {
    x * f(x)
}

#[autodiff_reverse(d_by_ref, Const, Active, Active)]
fn by_ref(f: &impl Fn(f64) -> f64, x: f64) -> f64 {
    x * f(x)
}

// As a differentiated argument: its gradient, shadows and tangents have the type of the argument.
#[autodiff_reverse(d_active, Active, Active)]
#[autodiff_forward(t_active, Dual, Dual)]
fn active(x: impl Mul<f64, Output = f64> + Copy) -> f64 {
    x * 3.0
}

trait Energy {
    fn energy(&self) -> f64;
}

#[derive(Debug, PartialEq)]
struct Spring {
    stretch: f64,
}

impl Energy for Spring {
    fn energy(&self) -> f64 {
        self.stretch * self.stretch
    }
}

#[autodiff_reverse(d_duplicated, Duplicated, Active)]
#[autodiff_forward(t_duplicated, 2, Dual, DualOnly)]
fn duplicated(x: &impl Energy) -> f64 {
    x.energy()
}

// Two of them, beside generic parameters that the caller may name.
#[autodiff_reverse(d_mixed, Const, Active, Const, Const, Active)]
fn mixed<const N: usize, T: Into<f64>>(
    f: impl Fn(f64) -> f64,
    x: f64,
    g: impl Fn(f64) -> f64,
    scale: T,
) -> f64 {
    f(g(x)) * scale.into() * N as f64
}

#[autodiff_reverse(d_outlives, Const, Active, Active)]
fn outlives<'a>(f: Box<impl Fn(&f64) -> f64 + 'a>, x: f64) -> f64 {
    f(&x)
}

#[autodiff_reverse(d_nested, Const, Active, Active)]
unsafe fn nested(fs: [impl Fn(f64) -> f64; 2], x: f64) -> f64 {
    fs[0](x) + fs[1](x)
}

struct Model {
    scale: f64,
}

impl Model {
    #[autodiff_reverse(d_method, Const, Const, Active, Active)]
    fn method(&self, f: impl Fn(f64) -> f64, x: f64) -> f64 {
        self.scale * f(x)
    }
}

pub fn main() {
    let square = |x: f64| x * x;
    exact("by_value", d_by_value(square, black_box(2.0), 1.0), (8.0, 12.0));
    exact("by_value, forward", t_by_value(square, black_box(2.0), 10.0), (8.0, 120.0));
    exact("by_ref", d_by_ref(&square, black_box(2.0), 1.0), (8.0, 12.0));
    exact("active", d_active(black_box(2.0), 1.0), (6.0, 3.0));
    exact("active, forward", t_active(black_box(2.0), 10.0), (6.0, 30.0));
    let mut d = Spring { stretch: 0.0 };
    exact("duplicated", d_duplicated(&black_box(Spring { stretch: 3.0 }), &mut d, 1.0), 9.0);
    exact("duplicated, gradient", d, Spring { stretch: 6.0 });
    let (one, ten) = (Spring { stretch: 1.0 }, Spring { stretch: 10.0 });
    let got = t_duplicated(&black_box(Spring { stretch: 3.0 }), &one, &ten);
    exact("duplicated, forward", got, [6.0, 60.0]);
    let got = d_mixed::<2, _, _, _>(square, black_box(3.0), |x| 5.0 * x, 10.0f32, 1.0);
    // 20 (5 x)^2 and 20 * 50 x
    exact("mixed", got, (4500.0, 3000.0));
    let factor = black_box(7.0);
    exact("outlives", d_outlives(Box::new(|x: &f64| factor * x), black_box(2.0), 1.0), (14.0, 7.0));
    let got = unsafe { d_nested([square, square], black_box(3.0), 1.0) };
    exact("nested", got, (18.0, 12.0));
    let got = black_box(Model { scale: 10.0 }).d_method(square, black_box(3.0), 1.0);
    exact("method", got, (90.0, 60.0));
}
