//! Check the derivatives of functions with many arguments: more than there are registers, of every kind in
//! one header, and of two float sizes, for which rustc lays the gradients out in an order of its own, other
//! than Enzyme's. Two `f32` were too much once: <https://github.com/EnzymeAD/rust/issues/151>.
//!
//! Each argument has a prime of its own as coefficient, so that a wrong number names it.

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
use check::exact;

#[autodiff_reverse(d_two_floats, Active, Active, Active)]
#[autodiff_forward(t_two_floats, Dual, Dual, Dual)]
fn two_floats(x: f32, y: f32) -> f32 {
    x * x + 3.0 * y
}

#[autodiff_reverse(d_alternating, Active, Active, Active, Active, Active, Active, Active)]
#[autodiff_forward(t_alternating, Dual, Dual, Dual, Dual, Dual, Dual, Dual)]
fn alternating(a: f64, b: f32, c: f64, d: f32, e: f32, f: f64) -> f64 {
    2.0 * a + 3.0 * b as f64 + 5.0 * c + 7.0 * d as f64 + 11.0 * e as f64 + 13.0 * f
}

#[autodiff_reverse(
    d_twelve, Active, Active, Active, Active, Active, Active, Active, Active, Active, Active, Active,
    Active, Active
)]
#[autodiff_reverse(
    d_six, Active, Const, Active, Const, Active, Const, Active, Const, Active, Const, Active, Const,
    Active
)]
#[autodiff_forward(
    t_twelve, Dual, Dual, Dual, Dual, Dual, Dual, Dual, Dual, Dual, Dual, Dual, Dual, Dual
)]
#[autodiff_forward(
    t_two, 2, Dual, Const, Const, Const, Const, Const, Const, Const, Const, Const, Const, Dual, Dual
)]
fn twelve(
    a: f64,
    b: f64,
    c: f64,
    d: f64,
    e: f64,
    f: f64,
    g: f64,
    h: f64,
    i: f64,
    j: f64,
    k: f64,
    l: f64,
) -> f64 {
    2.0 * a
        + 3.0 * b
        + 5.0 * c
        + 7.0 * d
        + 11.0 * e
        + 13.0 * f
        + 17.0 * g
        + 19.0 * h
        + 23.0 * i
        + 29.0 * j
        + 31.0 * k
        + 37.0 * l
}

fn scalars() {
    exact("two_floats", d_two_floats(black_box(5.0), 7.0, 1.0), (46.0, 10.0, 3.0));
    exact("two_floats", t_two_floats(black_box(5.0), 1.0, 7.0, 10.0), (46.0, 40.0));

    let got = d_alternating(black_box(1.0), 1.0, 1.0, 1.0, 1.0, 1.0, 1.0);
    exact("alternating", got, (41.0, 2.0, 3.0, 5.0, 7.0, 11.0, 13.0));
    let got = t_alternating(black_box(1.0), 1.0, 1.0, 2.0, 1.0, 4.0, 1.0, 8.0, 1.0, 16.0, 1.0, 32.0);
    exact("alternating", got, (41.0, 2.0 + 6.0 + 20.0 + 56.0 + 176.0 + 416.0));

    let one = black_box(1.0);
    let got = d_twelve(one, one, one, one, one, one, one, one, one, one, one, one, 1.0);
    let want = (197.0, 2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0, 19.0, 23.0, 29.0, 31.0, 37.0);
    let (start, end) = ((got.0, got.1, got.2, got.3, got.4, got.5), (got.6, got.7, got.8, got.9));
    exact("twelve", start, (want.0, want.1, want.2, want.3, want.4, want.5));
    exact("twelve", end, (want.6, want.7, want.8, want.9));
    exact("twelve", (got.10, got.11, got.12), (want.10, want.11, want.12));
    let got = d_six(one, one, one, one, one, one, one, one, one, one, one, one, 1.0);
    exact("six", got, (197.0, 2.0, 5.0, 11.0, 17.0, 23.0, 31.0));
    let got = t_twelve(
        one, 1.0, one, 2.0, one, 4.0, one, 8.0, one, 16.0, one, 32.0, one, 64.0, one, 128.0, one,
        256.0, one, 512.0, one, 1024.0, one, 2048.0,
    );
    let mut want = 0.0;
    for (i, p) in [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37].into_iter().enumerate() {
        want += (p << i) as f64;
    }
    exact("twelve", got, (197.0, want));
    let got = t_two(one, 1.0, 10.0, one, one, one, one, one, one, one, one, one, one, one, 100.0, 1000.0);
    exact("two", got, [197.0, 3702.0, 37020.0]);
}

// One of each: every activity that reverse mode has, and what has none.
#[autodiff_reverse(
    d_all_kinds, Active, Duplicated, Const, Active, Const, Active, Duplicated, Active, Const, Active,
    Duplicated, Active, Const, Active
)]
#[autodiff_forward(
    t_all_kinds, Dual, Dual, Const, Dual, Const, Dual, Dual, Dual, Const, Dual, Dual, Dual, Const,
    Dual
)]
fn all_kinds(
    a: f32,
    b: &[f64],
    n: i32,
    c: (f64, f32),
    s: &str,
    d: [f32; 2],
    e: &f64,
    f: f64,
    weights: &[u32],
    g: Option<f64>,
    h: &mut [f32; 2],
    i: [f64; 4],
    _unit: (),
) -> f64 {
    h[1] = 2.0 * h[0];
    2.0 * a as f64
        + 3.0 * b[0]
        + 5.0 * b[1]
        + 7.0 * n as f64 * c.0
        + 11.0 * c.1 as f64
        + 13.0 * s.len() as f64 * d[0] as f64
        + 17.0 * d[1] as f64
        + 19.0 * e
        + 23.0 * f
        + 29.0 * weights[1] as f64 * g.unwrap_or(0.0)
        + 31.0 * h[1] as f64
        + 37.0 * i[0]
        + 41.0 * i[3]
}

fn all() {
    let (b, e, mut h, w) = black_box(([1.0; 2], 1.0, [1.0, 0.0], [5, 3]));
    let (mut db, mut de, mut dh) = ([0.0; 2], 0.0, [0.0, 0.0]);
    let (one, pair, two) = (1.0, (1.0, 1.0), [1.0; 2]);
    let got = d_all_kinds(
        1.0, &b, &mut db, 2, pair, "abc", two, &e, &mut de, one, &w, Some(1.0), &mut h, &mut dh,
        [1.0; 4], (), 1.0,
    );
    let value = 2.0 + 8.0 + 14.0 + 11.0 + 39.0 + 17.0 + 19.0 + 23.0 + 87.0 + 62.0 + 78.0;
    let gradients = (2.0, (14.0, 11.0), [39.0, 17.0], 23.0, Some(87.0), [37.0, 0.0, 0.0, 41.0]);
    let (a, c, d, f, g, i) = gradients;
    exact("all_kinds", got, (value, a, c, d, f, g, i));
    exact("all_kinds", (db, de, dh, h), ([3.0, 5.0], 19.0, [62.0, 0.0], [1.0, 2.0]));

    let mut dh = [1.0, 0.0];
    let got = t_all_kinds(
        1.0, 1.0, &b, &[1.0, 1.0], 2, pair, pair, "abc", two, two, &e, &1.0, one, 1.0, &w, Some(1.0),
        Some(1.0), &mut h, &mut dh, [1.0; 4], [1.0; 4], (),
    );
    // With every tangent 1, and the function linear, value and derivative are the same.
    exact("all_kinds", got, (value, value));
    exact("all_kinds", (h, dh), ([1.0, 2.0], [1.0, 2.0]));
}

pub fn main() {
    scalars();
    all();
}
