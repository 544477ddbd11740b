//! Check gradients of functions that loop: ranges, `while`, iterators over slices, early exits and
//! a run-time trip count. Reverse mode has to run each of these loops backwards, with the values
//! that every iteration needs kept from the way forward.
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
use check::{F64, close, exact};

// Horner's scheme for 1 + x + x^2 + ... + x^n: each step depends on the one before.
// The derivative is 1 + 2 x + ... + n x^(n - 1).
#[autodiff_reverse(d_geometric, Active, Const, Active)]
#[autodiff_forward(d_geometric_forward, Dual, Const, Dual)]
fn geometric(x: f64, n: u32) -> f64 {
    let mut sum = 1.0;
    for _ in 0..n {
        sum = sum * x + 1.0;
    }
    sum
}

// Heron's iteration for sqrt(a), until it stands still: d/da = 1 / (2 sqrt a)
#[autodiff_reverse(d_heron, Active, Active)]
fn heron(a: f64) -> f64 {
    let mut root = a;
    while (root * root - a).abs() > 1e-15 * a {
        let next = 0.5 * (root + a / root);
        if next == root {
            break;
        }
        root = next;
    }
    root
}

fn scalars() {
    // 1 + 2 + 4 + 8 = 15, and 1 + 2 * 2 + 3 * 4 = 17
    exact("geometric", d_geometric(black_box(2.0), black_box(3), 1.0), (15.0, 17.0));
    exact("geometric, no steps", d_geometric(black_box(2.0), black_box(0), 1.0), (1.0, 0.0));
    let forward = d_geometric_forward(black_box(2.0), 0.5, black_box(3));
    exact("geometric, forward", forward, (15.0, 8.5));
    for a in [0.5, 2.0, 9.0f64] {
        let (root, da) = d_heron(black_box(a), 1.0);
        close("heron, value", root, a.sqrt(), F64);
        close("heron, derivative", da, 0.5 / a.sqrt(), F64);
    }
}

// The gradient of the sum of x_i^2 is 2 x.
#[autodiff_reverse(d_by_index, Duplicated, Active)]
fn by_index(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for i in 0..x.len() {
        sum += x[i] * x[i];
    }
    sum
}

#[autodiff_reverse(d_by_while, Duplicated, Active)]
fn by_while(x: &[f64]) -> f64 {
    let (mut sum, mut i) = (0.0, 0);
    while i < x.len() {
        sum += x[i] * x[i];
        i += 1;
    }
    sum
}

#[autodiff_reverse(d_by_element, Duplicated, Active)]
fn by_element(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for v in x {
        sum += v * v;
    }
    sum
}

#[autodiff_reverse(d_by_iterator, Duplicated, Active)]
fn by_iterator(x: &[f64]) -> f64 {
    x.iter().map(|v| v * v).sum()
}

// Differences of neighbours, so that an element is read in two iterations. With
// e_i = x_(i+1) - x_i, the gradient of the sum of e_i^2 at i is 2 (e_(i-1) - e_i).
#[autodiff_reverse(d_neighbours, Duplicated, Active)]
fn neighbours(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for i in 1..x.len() {
        let difference = x[i] - x[i - 1];
        sum += difference * difference;
    }
    sum
}

fn slices() {
    let x = black_box([3.0, -5.0, 7.0, 0.5]);
    let want = [6.0, -10.0, 14.0, 1.0];
    let functions: [(&str, fn(&[f64], &mut [f64], f64) -> f64); 4] = [
        ("by_index", d_by_index),
        ("by_while", d_by_while),
        ("by_element", d_by_element),
        ("by_iterator", d_by_iterator),
    ];
    for (name, derivative) in functions {
        let mut dx = [0.0; 4];
        exact(name, derivative(&x, &mut dx, 1.0), 83.25);
        exact(name, dx, want);
        // The length is known at run time only.
        let mut dx = [0.0; 4];
        derivative(&x[..2], &mut dx[..2], 1.0);
        exact(name, dx, [6.0, -10.0, 0.0, 0.0]);
        derivative(&x[..0], &mut dx[..0], 1.0);
        exact(name, dx, [6.0, -10.0, 0.0, 0.0]);
    }

    // e = (-8, 12, -6.5)
    let mut dx = [0.0; 4];
    exact("neighbours, value", d_neighbours(&x, &mut dx, 1.0), 250.25);
    exact("neighbours, gradient", dx, [16.0, -40.0, 37.0, -13.0]);
}

// Writes through a loop: y_i = x_i^2 + x_0, so dx_i = 2 x_i dy_i, and dx_0 gets the sum of dy.
#[autodiff_reverse(d_map, Duplicated, Duplicated)]
fn map(x: &[f64], y: &mut [f64]) {
    for i in 0..x.len() {
        y[i] = x[i] * x[i] + x[0];
    }
}

fn outputs() {
    let x = black_box([3.0, 5.0, 7.0]);
    let (mut dx, mut y, mut dy) = ([0.0; 3], [0.0; 3], [1.0, 10.0, 100.0]);
    d_map(&x, &mut dx, &mut y, &mut dy);
    exact("map, value", y, [12.0, 28.0, 52.0]);
    exact("map, gradient", dx, [117.0, 100.0, 1400.0]);
    exact("map, seed afterwards", dy, [0.0; 3]);
}

// The product of all elements: d/dx_i is the product of the others.
#[autodiff_reverse(d_product, Duplicated, Active)]
fn product(x: &[f64]) -> f64 {
    let mut product = x[0];
    for i in 1..x.len() {
        product *= x[i];
    }
    product
}

// Squared errors of a linear model over a table of rows: with residuals r, the gradient by w is
// 2 X^T r.
#[autodiff_reverse(d_squared_error, Duplicated, Const, Const, Active)]
fn squared_error(w: &[f64], table: &[f64], labels: &[f64]) -> f64 {
    let mut total = 0.0;
    for (row, label) in table.chunks_exact(w.len()).zip(labels) {
        let residual = row.iter().zip(w).map(|(x, w)| x * w).sum::<f64>() - label;
        total += residual * residual;
    }
    total
}

fn rows_and_products() {
    let mut dx = [0.0; 3];
    exact("product, value", d_product(&black_box([3.0, 5.0, 7.0]), &mut dx, 1.0), 105.0);
    exact("product, gradient", dx, [35.0, 21.0, 15.0]);

    // Rows (1, 1), (2, 0), (0, 3) and w = (1, 2): predictions 3, 2, 6, residuals 2, 1, 2.
    // X^T r = (1 * 2 + 2 * 1, 1 * 2 + 3 * 2) = (4, 8)
    let mut dw = [0.0; 2];
    let table = black_box([1.0, 1.0, 2.0, 0.0, 0.0, 3.0]);
    let value =
        d_squared_error(&black_box([1.0, 2.0]), &mut dw, &table, &black_box([1.0, 1.0, 4.0]), 1.0);
    exact("squared_error, value", value, 9.0);
    exact("squared_error, gradient", dw, [8.0, 16.0]);
    // `Const`, although the iterators hold pointers to it.
    exact("squared_error, table afterwards", table, [1.0, 1.0, 2.0, 0.0, 0.0, 3.0]);
}

pub fn main() {
    scalars();
    slices();
    outputs();
    rows_and_products();
}
