//! Check that every instance of a generic function has its own derivative: generic over the scalar
//! type, over a trait, over an array length, inside a generic `impl`, and through a trait's method.
//!
//! Each expected value is worked out by hand from the formula beside it.

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
use std::ops::{Add, Mul};

#[path = "auxiliary/check.rs"]
mod check;
use check::exact;

// (x^2 + x)' = 2 x + 1
#[autodiff_reverse(d_by_value, Active, Active)]
#[autodiff_forward(d_by_value_forward, Dual, Dual)]
fn by_value<T: Copy + Add<Output = T> + Mul<Output = T>>(x: T) -> T {
    x * x + x
}

#[autodiff_reverse(d_by_reference, Duplicated, Active)]
fn by_reference<T>(x: &T) -> T
where
    T: Copy + Add<Output = T> + Mul<Output = T>,
{
    *x * *x + *x
}

fn scalar_type() {
    exact("by_value::<f32>", d_by_value(black_box(3.0f32), 1.0), (12.0, 7.0));
    exact("by_value::<f64>", d_by_value(black_box(3.0f64), 1.0), (12.0, 7.0));
    exact("by_value::<f32>, forward", d_by_value_forward(black_box(3.0f32), 0.5), (12.0, 3.5));
    exact("by_value::<f64>, forward", d_by_value_forward(black_box(3.0f64), 0.5), (12.0, 3.5));

    let mut dx = 0.0f32;
    exact("by_reference::<f32>, value", d_by_reference(&black_box(3.0), &mut dx, 1.0), 12.0);
    exact("by_reference::<f32>, derivative", dx, 7.0);
    let mut dx = 0.0f64;
    exact("by_reference::<f64>, value", d_by_reference(&black_box(3.0), &mut dx, 1.0), 12.0);
    exact("by_reference::<f64>, derivative", dx, 7.0);
}

// The type parameter is not in the arguments at all, only in the body.
trait Curve {
    fn at(x: f64) -> f64;
}

struct Square;

impl Curve for Square {
    fn at(x: f64) -> f64 {
        x * x
    }
}

struct Cube;

impl Curve for Cube {
    fn at(x: f64) -> f64 {
        x * x * x
    }
}

// (x f(x))' is 3 x^2 for the square and 4 x^3 for the cube.
#[autodiff_reverse(d_moment, Active, Active)]
fn moment<C: Curve>(x: f64) -> f64 {
    x * C::at(x)
}

// The gradient of x0^2 + 2 x1^2 + 3 x2^2 + ... is (2 x0, 4 x1, 6 x2, ...).
#[autodiff_reverse(d_squares, Duplicated, Active)]
fn squares<const N: usize>(x: &[f64; N]) -> f64 {
    let mut sum = 0.0;
    for i in 0..N {
        sum += (i + 1) as f64 * x[i] * x[i];
    }
    sum
}

fn trait_and_length() {
    exact("moment::<Square>", d_moment::<Square>(black_box(2.0), 1.0), (8.0, 12.0));
    exact("moment::<Cube>", d_moment::<Cube>(black_box(2.0), 1.0), (16.0, 32.0));

    let mut dx = [0.0; 1];
    d_squares::<1>(&black_box([3.0]), &mut dx, 1.0);
    exact("squares::<1>", dx, [6.0]);
    let mut dx = [0.0; 2];
    d_squares::<2>(&black_box([3.0, 5.0]), &mut dx, 1.0);
    exact("squares::<2>", dx, [6.0, 20.0]);
    let mut dx = [0.0; 4];
    d_squares::<4>(&black_box([3.0, 5.0, 7.0, 11.0]), &mut dx, 1.0);
    exact("squares::<4>", dx, [6.0, 20.0, 42.0, 88.0]);
}

// A method of a generic type: (k x^2)' = 2 k x.
struct Scaled<T> {
    k: T,
}

impl<T: Copy + Mul<Output = T>> Scaled<T> {
    #[autodiff_reverse(d_square, Const, Active, Active)]
    fn square(&self, x: T) -> T {
        self.k * x * x
    }
}

// A derivative that a trait provides, of a function that its implementations supply.
trait Model {
    #[autodiff_reverse(d_eval, Const, Active, Active)]
    fn eval(&self, x: f64) -> f64;
}

impl Model for Scaled<f64> {
    fn eval(&self, x: f64) -> f64 {
        self.k * x * x * x
    }
}

impl Model for Square {
    fn eval(&self, x: f64) -> f64 {
        x * x
    }
}

fn methods() {
    exact("square, f32", black_box(Scaled { k: 5.0f32 }).d_square(3.0, 1.0), (45.0, 30.0));
    exact("square, f64", black_box(Scaled { k: 5.0f64 }).d_square(3.0, 1.0), (45.0, 30.0));
    // 5 x^3 and 15 x^2
    exact("eval of Scaled", black_box(Scaled { k: 5.0 }).d_eval(black_box(2.0), 1.0), (40.0, 60.0));
    exact("eval of Square", Square.d_eval(black_box(2.0), 1.0), (4.0, 4.0));
}

pub fn main() {
    scalar_type();
    trait_and_length();
    methods();
}
