//! Check that a debug build has the derivatives that a release build has, for code that Enzyme gets wrong
//! or refuses before it is optimized: <https://github.com/rust-lang/rust/issues/152724>,
//! <https://github.com/EnzymeAD/rust/issues/136>, 138 and 141 there.
//!
//! Each expected value is worked out by hand from the formula beside it, and both builds must give it.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;

#[path = "auxiliary/check.rs"]
mod check;
use check::{close, exact};

/// At most four units in the last place of an `f64`: relative to the float, one is between half of
/// `EPSILON` and all of it.
const FOUR_ULP: f64 = 2.0 * f64::EPSILON;

// d/dx_i |x - y| = (x_i - y_i) / |x - y|
#[autodiff_reverse(d_distance, Duplicated, Duplicated, Active)]
fn distance(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y.iter()).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt()
}

// d/dx_i (x_0 x_1 + x_1 x_2) = (x_1, x_0 + x_2, x_1)
#[autodiff_reverse(d_neighbours, Duplicated, Active)]
fn neighbours(x: &[f64]) -> f64 {
    x.windows(2).map(|pair| pair[0] * pair[1]).fold(0.0, |a, b| a + b)
}

// d/dx_i (sum i x_i^2) = 2 i x_i
#[autodiff_reverse(d_by_value, Active, Active)]
fn by_value(x: [f64; 4]) -> f64 {
    x.into_iter().enumerate().map(|(i, x)| x * x * i as f64).sum()
}

// f = sin(x sin(x sin x)) for n = 5, differentiated by the chain rule in `main`
#[autodiff_reverse(d_alternating, Active, Const, Active)]
fn alternating(x: f64, n: u32) -> f64 {
    let mut y = x;
    let mut i = 0;
    while i < n {
        if i % 2 == 0 {
            y = y.sin();
        } else {
            y *= x;
        }
        i += 1;
    }
    y
}

pub fn main() {
    let (mut dx, mut dy) = ([0.0; 3], [0.0; 3]);
    let d = d_distance(&[1.0, 2.0, 3.0], &mut dx, &[4.0, 6.0, 3.0], &mut dy, 1.0);
    exact("distance", d, 5.0);
    for (i, want) in [-0.6, -0.8, 0.0].into_iter().enumerate() {
        close("distance, x", dx[i], want, FOUR_ULP);
        close("distance, y", dy[i], -want, FOUR_ULP);
    }

    let mut dx = [0.0; 3];
    exact("neighbours", d_neighbours(&[1.0, 2.0, 3.0], &mut dx, 1.0), 8.0);
    exact("neighbours", dx, [2.0, 4.0, 2.0]);

    exact("by value", d_by_value([1.0, 2.0, 3.0, 4.0], 1.0), (70.0, [0.0, 4.0, 12.0, 24.0]));

    let x = 0.5_f64;
    let inner = x * x.sin();
    let d_inner = x.sin() + x * x.cos();
    let outer = x * inner.sin();
    let d_outer = inner.sin() + x * inner.cos() * d_inner;
    let (value, gradient) = d_alternating(x, 5, 1.0);
    close("alternating", value, outer.sin(), FOUR_ULP);
    close("alternating", gradient, outer.cos() * d_outer, FOUR_ULP);
}
