//! Check derivatives through functions that are not inlined and take or return small arrays of floats, which
//! the Rust ABI passes as integers.

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

#[inline(never)]
fn square_of([x]: [f64; 1]) -> f64 {
    x * x
}

#[inline(never)]
fn square(x: f64) -> [f64; 1] {
    [x * x]
}

// 9 x^2 + 3 x^2
#[autodiff_reverse(d_single, Active, Active)]
#[autodiff_forward(t_single, Dual, Dual)]
fn single(x: f64) -> f64 {
    let [y] = square(x);
    square_of([3.0 * x]) + 3.0 * y
}

// What is returned is used after a branch: x^2, and 7 y if there is a y.
#[autodiff_reverse(d_later, Active, Duplicated, Active)]
#[autodiff_forward(t_later, Dual, Dual, Dual)]
fn later(x: f64, y: &[f64]) -> f64 {
    let [z] = square(x);
    let more = match y {
        [] => 0.0,
        [y, ..] => 7.0 * y,
    };
    more + z
}

#[inline(never)]
fn pair([x, y]: [f32; 2], product: bool) -> [f32; 2] {
    if product { [x * y, y] } else { [y, 3.0 * y] }
}

// 6 x^2 + 2 x, or 12 x
#[autodiff_reverse(d_double, Active, Const, Active)]
#[autodiff_forward(t_double, Dual, Const, Dual)]
fn double(x: f32, product: bool) -> f32 {
    let [y, z] = pair([x, 2.0 * x], product);
    let sum = if product { 3.0 * y } else { 0.0 };
    if product { sum + z } else { y * 3.0 + z }
}

#[inline(never)]
fn power([x]: [f64; 1], n: u32) -> [f64; 1] {
    if n == 0 {
        [x]
    } else {
        let [y] = power([x], n - 1);
        [y * x]
    }
}

// x^(n + 1)
#[autodiff_reverse(d_recursive, Active, Const, Active)]
#[autodiff_forward(t_recursive, Dual, Const, Dual)]
fn recursive(x: f64, n: u32) -> f64 {
    let [y] = power([x], n);
    y
}

pub fn main() {
    let x = black_box(2.0);
    exact("single", d_single(x, 0.5), (48.0, 0.5 * 48.0));
    exact("single", t_single(x, 0.5), (48.0, 0.5 * 48.0));
    for (y, value, slope) in [(&[5.0][..], 39.0, 7.0), (&[], 4.0, 0.0)] {
        let (mut dy, ty) = ([0.0], [10.0]);
        let dy = &mut dy[..y.len()];
        exact("later", d_later(x, black_box(y), dy, 0.5), (value, 2.0));
        exact("later, slice", dy.iter().sum(), 0.5 * slope);
        let got = t_later(x, 1.0, black_box(y), &ty[..y.len()]);
        exact("later", got, (value, 4.0 + 10.0 * slope));
    }
    let x = black_box(2.0);
    for (product, value, slope) in [(true, 28.0, 26.0), (false, 24.0, 12.0)] {
        exact("double", d_double(x, product, 0.5), (value, 0.5 * slope));
        exact("double", t_double(x, 0.5, product), (value, 0.5 * slope));
    }
    exact("recursive", d_recursive(black_box(2.0), 3, 0.5), (16.0, 16.0));
    exact("recursive", t_recursive(black_box(2.0), 0.5, 3), (16.0, 16.0));
}
