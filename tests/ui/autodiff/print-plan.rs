//! Check `-Zautodiff=PrintPlan`: for each derivative, what becomes of the primal's arguments and of what it
//! returns.

//@ build-pass
//@ needs-enzyme (differentiates)
//@ edition: 2024
//@ compile-flags: -Zautodiff=Enable,PrintPlan -Ccodegen-units=1

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};

#[autodiff_reverse(d_weighted, Active, Duplicated, Const, Active, Active)]
fn weighted(x: f64, w: &[f64], n: usize, p: (f64, f64)) -> f64 {
    x * w[n] * p.0 * p.1
}

#[autodiff_forward(t_scaled, 2, Dual, Dualv, Const)]
fn scaled<T: Copy + std::ops::MulAssign>(x: T, y: &mut [T], _unit: ()) {
    y[0] *= x;
}

#[autodiff_forward(t_pair, 2, DualOnly, Dual)]
#[autodiff_reverse(d_pair, DuplicatedOnly, ActiveOnly)]
fn pair(x: &f64) -> (f64, f64) {
    (*x, x * x)
}

fn main() {
    d_weighted(2.0, &[3.0], &mut [0.0], 0, (5.0, 7.0), 1.0);
    t_scaled(2.0f32, 1.0, 0.0, &mut [3.0], &mut [0.0, 1.0], ());
    unsafe {
        t_pair(&2.0, &1.0, &0.0);
        d_pair(&2.0, &mut 0.0, (1.0, 0.0));
    }
}
