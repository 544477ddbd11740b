//! Check that batches give the same in debug builds as in release builds, and in forward mode the same as in
//! reverse mode, where the primal iterates: over windows, by a closure, until it converges.
//!
//! Regression test for <https://github.com/rust-lang/rust/issues/152724>.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::f64::consts::FRAC_PI_2;
use std::hint::black_box;

#[path = "../auxiliary/check.rs"]
mod check;
use check::{F64, close, exact};

// y0 = a0 sum x_i^2, y1 = sum (a1 - x_i)^2 + a2 (x_(i+1) - x_i^2)^2, the sum over neighbours
#[autodiff_reverse(d_rosenbrock, 2, Duplicated, Const, Duplicated)]
#[autodiff_forward(t_rosenbrock, 2, Dual, Const, Dual)]
fn rosenbrock(x: &[f64; 3], a: &[f64; 3], y: &mut [f64; 2]) {
    y[0] = x.iter().map(|x| a[0] * x.powi(2)).sum();
    y[1] = x
        .windows(2)
        .map(|w| (a[1] - w[0]).powi(2) + a[2] * (w[1] - w[0].powi(2)).powi(2))
        .sum();
}

fn neighbours() {
    let (x, a) = black_box(([3.0, 5.0, 7.0], [2.0, 1.0, 100.0]));
    // By x0: 2 (x0 - a1) - 4 a2 x0 (x1 - x0^2) = 4 + 4800; by x1: the same, 8 + 36000, and
    // 2 a2 (x1 - x0^2) = -800; by x2: 2 a2 (x2 - x1^2) = -3600.
    let value = [2.0 * 83.0, 4.0 + 16.0 + 100.0 * (16.0 + 324.0)];
    let rows = [[12.0, 20.0, 28.0], [4804.0, 35208.0, -3600.0]];

    let (mut y, mut dx, mut dy) = ([0.0; 2], [[0.0; 3]; 2], [[1.0, 0.0], [0.0, 1.0]]);
    let ([dx0, dx1], [dy0, dy1]) = (&mut dx, &mut dy);
    d_rosenbrock(&x, dx0, dx1, &a, &mut y, dy0, dy1);
    exact("rosenbrock, value", y, value);
    exact("rosenbrock, rows", dx, rows);

    let (mut y, mut dy) = ([0.0; 2], [[0.0; 2]; 2]);
    let [dy0, dy1] = &mut dy;
    t_rosenbrock(&x, &[1.0, 0.0, 0.0], &[0.0, 1.0, 10.0], &a, &mut y, dy0, dy1);
    exact("rosenbrock, value", y, value);
    exact("rosenbrock, columns", dy, [[12.0, 4804.0], [300.0, 35208.0 - 36000.0]]);
}

// Newton's method, with the function and its derivative as arguments
fn root(
    f: impl Fn(f64, &[f64]) -> f64,
    df: impl Fn(f64, &[f64]) -> f64,
    args: &[f64],
    mut x: f64,
) -> f64 {
    let (mut step, mut n): (f64, u32) = (1.0, 0);
    while step.abs() > 1e-14 && n < 50 {
        step = f(x, args) / df(x, args);
        x -= step;
        n += 1;
    }
    x
}

// Kepler's equation E - e sin E = M, with M = sqrt(mu / a^3) dt
#[autodiff_forward(t_anomaly, Dual, Const, Const, Dual)]
#[autodiff_forward(t_anomaly_two, 2, Dual, Const, Const, Dual)]
#[autodiff_reverse(d_anomaly, Duplicated, Const, Const, Active)]
fn anomaly(x: &[f64], dt: f64, mu: f64) -> f64 {
    let mean = (mu / x[0].powi(3)).sqrt() * dt;
    let kepler = |anomaly: f64, args: &[f64]| anomaly - args[0] * anomaly.sin() - args[1];
    let slope = |anomaly: f64, args: &[f64]| 1.0 - args[0] * anomaly.cos();
    root(kepler, slope, &[x[1], mean], mean)
}

fn convergence() {
    let (x, dt) = black_box(([1.0, 0.5], FRAC_PI_2));
    let e = anomaly(&x, dt, 1.0);
    close("anomaly, the equation", e - 0.5 * e.sin(), dt, F64);
    // dE/dM = 1 / (1 - e cos E), dE/de = sin E / (1 - e cos E), dM/da = -3 M / (2 a)
    let slope = 1.0 / (1.0 - 0.5 * e.cos());
    let (by_axis, by_eccentricity) = (-1.5 * dt * slope, e.sin() * slope);

    let mut dx = [0.0; 2];
    close("anomaly, reverse", d_anomaly(&x, &mut dx, dt, 1.0, 1.0), e, F64);
    close("anomaly, reverse, axis", dx[0], by_axis, 10.0 * F64);
    close("anomaly, reverse, eccentricity", dx[1], by_eccentricity, 10.0 * F64);
    let (value, along) = t_anomaly(&x, &[1.0, 10.0], dt, 1.0);
    close("anomaly, forward", value, e, F64);
    close("anomaly, forward, along", along, by_axis + 10.0 * by_eccentricity, 10.0 * F64);
    let [value, one, two] = t_anomaly_two(&x, &[1.0, 0.0], &[0.0, 1.0], dt, 1.0);
    close("anomaly, width 2", value, e, F64);
    close("anomaly, width 2, axis", one, by_axis, 10.0 * F64);
    close("anomaly, width 2, eccentricity", two, by_eccentricity, 10.0 * F64);
}

pub fn main() {
    neighbours();
    convergence();
}
