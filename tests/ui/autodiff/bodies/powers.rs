//! Check derivatives of powers of which the base or the exponent is zero.
//!
//! Each expected value follows from the rule beside it. Where the base is zero, Enzyme's own rules multiply zero by
//! infinity.

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

#[path = "../auxiliary/check.rs"]
mod check;
use check::{F64, close, exact};

// d/dx x^y = y x^(y-1), and d/dy x^y = x^y ln x, which tends to 0 where x does and y is positive.
#[autodiff_reverse(d_power, Active, Active, Active)]
#[autodiff_forward(t_power, Dual, Dual, Dual)]
#[autodiff_forward(t2_power, 2, Dual, Dual, Dual)]
fn power(x: f64, y: f64) -> f64 {
    x.powf(y)
}

#[autodiff_reverse(d_power_f32, Active, Active, Active)]
fn power_f32(x: f32, y: f32) -> f32 {
    x.powf(y)
}

// d/dx of the first is that of `power`, so this is y (y-1) x^(y-2).
#[autodiff_forward(t_slope, Dual, Const, DualOnly)]
fn slope(x: f64, y: f64) -> f64 {
    d_power(x, y, 1.0).1
}

// d/dx (sum c_k x^k) = sum k c_k x^(k-1), and d/dc_k = x^k
#[autodiff_reverse(d_polynomial, Duplicated, Active, Active)]
#[autodiff_forward(t_polynomial, Dual, Dual, Dual)]
fn polynomial(c: &[f64], x: f64) -> f64 {
    c.iter().enumerate().map(|(k, c)| c * x.powf(k as f64)).sum()
}

// Freundlich's isotherm: d/dk = c^n, d/dn = k c^n ln c, d/dc = k n c^(n-1)
#[autodiff_reverse(d_isotherm, Active, Active, Duplicated, Active)]
fn isotherm(k: f64, n: f64, concentrations: &[f64]) -> f64 {
    concentrations.iter().map(|c| k * c.powf(n)).sum()
}

fn main() {
    let at = |x: f64, y: f64| d_power(black_box(x), black_box(y), 1.0);
    exact("zero squared", at(0.0, 2.0), (0.0, 0.0, 0.0));
    exact("zero", at(0.0, 1.0), (0.0, 1.0, 0.0));
    exact("negative zero squared", at(-0.0, 2.0), (0.0, 0.0, 0.0));
    exact("zero to the zero", at(0.0, 0.0), (1.0, 0.0, 0.0));
    exact("to the zero", at(3.0, 0.0), (1.0, 0.0, 3f64.ln()));
    exact("root of zero", at(0.0, 0.5).1, f64::INFINITY);
    let (value, by_x, by_y) = at(1.5, 2.5);
    close("value", value, 1.5f64.powi(2) * 1.5f64.sqrt(), F64);
    close("by x", by_x, 2.5 * 1.5 * 1.5f64.sqrt(), F64);
    close("by y", by_y, value * 1.5f64.ln(), F64);
    exact("f32", d_power_f32(black_box(0.0), black_box(3.0), 1.0), (0.0, 0.0, 0.0));

    exact("forward by x", t_power(black_box(0.0), 1.0, black_box(2.0), 0.0), (0.0, 0.0));
    exact("forward by y", t_power(black_box(0.0), 0.0, black_box(2.0), 1.0), (0.0, 0.0));
    exact("forward", t_power(black_box(0.0), 1.0, black_box(0.0), 1.0), (1.0, 0.0));
    let batch = t2_power(black_box(0.0), 1.0, 0.0, black_box(1.0), 0.0, 1.0);
    exact("batched", batch, [0.0, 1.0, 0.0]);
    close("second", t_slope(black_box(2.0), 1.0, black_box(3.0)), 12.0, F64);
    exact("second at zero", t_slope(black_box(0.0), 1.0, black_box(3.0)), 0.0);

    let c = [2.0, 3.0, 5.0, 7.0];
    let mut dc = [0.0; 4];
    exact("polynomial", d_polynomial(&c, &mut dc, black_box(0.0), 1.0), (2.0, 3.0));
    exact("coefficients", dc, [1.0, 0.0, 0.0, 0.0]);
    exact("polynomial forward", t_polynomial(&c, &[1.0; 4], black_box(0.0), 1.0), (2.0, 4.0));

    let concentrations = [0.0, 1.0, 4.0];
    let mut by_c = [0.0; 3];
    let (_, by_k, by_n) = d_isotherm(black_box(3.0), black_box(1.5), &concentrations, &mut by_c, 1.0);
    close("by k", by_k, 9.0, F64);
    close("by n", by_n, 24.0 * 4f64.ln(), F64);
    exact("by c", by_c, [0.0, 4.5, 9.0]);
}
