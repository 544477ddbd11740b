//! The dependency of `derivative-across-crates.rs`.

//@ no-prefer-dynamic (an rlib)
//@ edition: 2024
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![crate_type = "rlib"]
#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};

// Primal and derivatives are compiled here: (a x^2 + b)' = (2 a x, x^2, 1) for (x, a, b)
#[autodiff_reverse(d_parabola, Active, Active, Active, Active)]
#[autodiff_forward(d_parabola_forward, Dual, Const, Const, Dual)]
pub fn parabola(x: f64, a: f64, b: f64) -> f64 {
    a * x * x + b
}

// The gradient of x0 x1 + x1 x2 is (x1, x0 + x2, x1).
#[autodiff_reverse(d_chain, Duplicated, Active)]
pub fn chain(x: &[f64]) -> f64 {
    x[0] * x[1] + x[1] * x[2]
}

// Instances of these are compiled in the program that uses them: (x^3)' = 3 x^2
#[autodiff_reverse(d_generic_cube, Active, Active)]
pub fn generic_cube<T: Copy + std::ops::Mul<Output = T>>(x: T) -> T {
    x * x * x
}

#[autodiff_reverse(d_inline_cube, Active, Active)]
#[inline]
pub fn inline_cube(x: f64) -> f64 {
    x * x * x
}

/// Not differentiated here: the program differentiates functions of its own that call these.
pub fn plain_square(x: f64) -> f64 {
    x * x
}

#[inline(never)]
pub fn plain_sum_of_squares(x: &[f64; 2]) -> f64 {
    plain_square(x[0]) + plain_square(x[1])
}

pub struct Weights {
    pub w: f64,
    pub bias: f64,
}

impl Weights {
    // d/dw = x, d/dbias = 1, d/dx = w
    #[autodiff_reverse(d_apply, Duplicated, Active, Active)]
    pub fn apply(&self, x: f64) -> f64 {
        self.w * x + self.bias
    }
}

pub static EXPORTED: [f64; 3] = [7.0, 11.0, 13.0];

static PRIVATE: [f64; 3] = [17.0, 19.0, 23.0];

// Neither generic nor inline, and the table that it reads has no symbol that another crate could use.
#[inline(never)]
pub fn private_weight(index: usize) -> f64 {
    PRIVATE[index]
}
