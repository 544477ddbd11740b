//! Check gradients where floats live on the heap: in a `Vec` or `Box` that the caller owns, with a
//! shadow of the same length, and in one that the function makes for itself.
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

#[path = "auxiliary/check.rs"]
mod check;
use check::exact;

// The gradient of x0 x1^2 is (x1^2, 2 x0 x1).
#[autodiff_reverse(d_vec, Duplicated, Active)]
#[autodiff_forward(d_vec_forward, Dual, Dual)]
fn vec(x: &Vec<f64>) -> f64 {
    x[0] * x[1] * x[1]
}

// (x^3)' = 3 x^2
#[autodiff_reverse(d_boxed, Duplicated, Active)]
fn boxed(x: &Box<f64>) -> f64 {
    **x * **x * **x
}

// A box of the function's own: (x^2 x)' = 3 x^2
#[autodiff_reverse(d_makes_a_box, Active, Active)]
fn makes_a_box(x: f64) -> f64 {
    let square = Box::new(x * x);
    *square * x
}

fn owned_by_the_caller() {
    let x = black_box(vec![3.0, 5.0]);
    let mut dx = vec![0.0; 2];
    exact("vec, value", d_vec(&x, &mut dx, 1.0), 75.0);
    exact("vec, gradient", dx, vec![25.0, 30.0]);
    exact("vec, forward", d_vec_forward(&x, &vec![1.0, 10.0]), (75.0, 325.0));

    let mut dx = Box::new(100.0);
    exact("boxed, value", d_boxed(&Box::new(black_box(2.0)), &mut dx, 1.0), 8.0);
    exact("boxed, derivative", *dx, 112.0);

    exact("makes_a_box", d_makes_a_box(black_box(2.0), 1.0), (8.0, 12.0));
}

// The sum of x_i^2 x_i, by way of a vector of squares: the gradient is 3 x^2.
#[autodiff_reverse(d_collects, Duplicated, Active)]
fn collects(x: &[f64]) -> f64 {
    let squares: Vec<f64> = x.iter().map(|x| x * x).collect();
    squares.iter().zip(x).map(|(square, x)| square * x).sum()
}

// Neighbours in a ring: t_i = x_i x_(i+1), and the gradient of their sum is x_(i-1) + x_(i+1).
#[autodiff_reverse(d_fills, Duplicated, Active)]
fn fills(x: &[f64]) -> f64 {
    let n = x.len();
    let mut t = vec![0.0; n];
    for i in 0..n {
        t[i] = x[i] * x[(i + 1) % n];
    }
    t.iter().sum()
}

// Pushed into space that is there already: the gradient of x0^2 x1 x0 is (3 x0^2 x1, x0^3).
#[autodiff_reverse(d_pushes, Duplicated, Active)]
fn pushes(x: &[f64; 2]) -> f64 {
    let mut v = Vec::with_capacity(2);
    v.push(x[0] * x[0]);
    v.push(x[1] * x[0]);
    v[0] * v[1]
}

// A struct that owns a vector, by `&self` with a shadow. With s = w . x + bias, the gradient of
// s^2 is 2 s x by w and 2 s by bias.
struct Model {
    w: Vec<f64>,
    bias: f64,
}

impl Model {
    #[autodiff_reverse(d_squared, Duplicated, Const, Active)]
    fn squared(&self, x: &[f64]) -> f64 {
        let mut s = self.bias;
        for (w, x) in self.w.iter().zip(x) {
            s += w * x;
        }
        s * s
    }
}

fn of_its_own() {
    let x = black_box(vec![3.0, -2.0, 0.5, 10.0]);
    let mut dx = vec![0.0; 4];
    // 27 - 8 + 0.125 + 1000
    exact("collects, value", d_collects(&x, &mut dx, 1.0), 1019.125);
    exact("collects, gradient", dx, vec![27.0, 12.0, 0.75, 300.0]);

    let mut dx = vec![0.0; 4];
    // -6 - 1 + 5 + 30
    exact("fills, value", d_fills(&x, &mut dx, 1.0), 28.0);
    exact("fills, gradient", dx, vec![8.0, 3.5, 8.0, 3.5]);

    let mut dx = [0.0; 2];
    exact("pushes, value", d_pushes(&black_box([2.0, 5.0]), &mut dx, 1.0), 40.0);
    exact("pushes, gradient", dx, [60.0, 8.0]);

    // s = 3 + 8 + 1 = 12
    let model = black_box(Model { w: vec![1.0, 2.0], bias: 1.0 });
    let mut dmodel = Model { w: vec![0.0; 2], bias: 0.0 };
    exact("squared, value", model.d_squared(&mut dmodel, &black_box([3.0, 4.0]), 1.0), 144.0);
    exact("squared, gradient", (dmodel.w, dmodel.bias), (vec![72.0, 96.0], 24.0));
}

pub fn main() {
    owned_by_the_caller();
    of_its_own();
}
