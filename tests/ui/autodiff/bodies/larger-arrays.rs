//! Check that local arrays of thousands of floats are differentiated, in the time that smaller ones take. Each is
//! compared with finite differences.

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

#[autodiff_reverse(d_ten_thousand, Duplicated, Active)]
#[autodiff_forward(t_ten_thousand, Dual, Dual)]
fn ten_thousand(x: &[f64]) -> f64 {
    let mut y = [0.0; 10_000];
    for i in 0..y.len() {
        y[i] = x[i % 6] * x[i % 5];
    }
    y.iter().enumerate().map(|(i, y)| y * (i % 3) as f64).sum::<f64>() * 1e-3
}

#[autodiff_reverse(d_hundred_thousand, Duplicated, Active)]
#[autodiff_forward(t_hundred_thousand, Dual, Dual)]
fn hundred_thousand(x: &[f64]) -> f64 {
    let mut y = [0.0; 100_000];
    for i in 0..y.len() {
        y[i] = x[i % 6] * x[i % 5];
    }
    y[99_999] * y[12_345]
}

#[autodiff_reverse(d_pairs, Duplicated, Active)]
#[autodiff_forward(t_pairs, Dual, Dual)]
fn pairs(x: &[f64]) -> f64 {
    let mut y = [(0u32, 0.0); 3000];
    for i in 0..y.len() {
        y[i] = (i as u32 % 4, x[i % 6] * x[i % 5]);
    }
    let z = y;
    z.iter().map(|(n, y)| f64::from(*n) * y).sum::<f64>() * 1e-3
}

#[inline(never)]
fn scaled(mut y: [f64; 5000], by: f64) -> [f64; 5000] {
    for y in &mut y {
        *y *= by;
    }
    y
}

#[autodiff_reverse(d_handed_on, Duplicated, Active)]
#[autodiff_forward(t_handed_on, Dual, Dual)]
fn handed_on(x: &[f64]) -> f64 {
    let y = scaled([x[0]; 5000], x[1]);
    let z = scaled(y, x[2]);
    y[17] * z[4999] + z.iter().sum::<f64>() * 1e-3
}

#[autodiff_reverse(d_rows, Duplicated, Active)]
#[autodiff_forward(t_rows, Dual, Dual)]
fn rows(x: &[f64]) -> f64 {
    let mut rows = [[0.0; 64]; 64];
    for i in 0..64 {
        rows[i][i] = x[i % 6];
        rows[i][(i * 7) % 64] += x[i % 5];
    }
    let mut square = [[0.0; 64]; 64];
    for i in 0..64 {
        for k in 0..64 {
            for j in 0..64 {
                square[i][j] += rows[i][k] * rows[k][j];
            }
        }
    }
    square.iter().flatten().sum()
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("ten_thousand", &x, ten_thousand, d_ten_thousand, t_ten_thousand);
    checks.gradient(
        "hundred_thousand",
        &x,
        hundred_thousand,
        d_hundred_thousand,
        t_hundred_thousand,
    );
    checks.gradient("pairs", &x, pairs, d_pairs, t_pairs);
    checks.gradient("handed_on", &x, handed_on, d_handed_on, t_handed_on);
    checks.gradient("rows", &x, rows, d_rows, t_rows);
    checks.finish(105);
}
