//! Check the derivatives of functions that take arrays by value, of every length around those that the
//! ordinary ABI treats in a way of their own (cast to an integer, split in two, in memory), nested arrays,
//! arrays of aggregates, and aggregates too large for any register. The length is a constant argument.
//!
//! Element i has the coefficient i + 2, and is squared in the derivative by itself.

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

// The sum of (i + 2) x_i^2, of which the gradient is 2 (i + 2) x_i
#[autodiff_reverse(d_squares, Active, Active)]
#[autodiff_forward(t_squares, Dual, Dual)]
#[autodiff_forward(t_squares_two, 2, Dual, Dual)]
fn squares<const N: usize>(x: [f64; N]) -> f64 {
    let mut sum = 0.0;
    for i in 0..N {
        sum += (i + 2) as f64 * x[i] * x[i];
    }
    sum
}

#[autodiff_reverse(d_squares_f32, Active, Active)]
#[autodiff_forward(t_squares_f32, Dual, Dual)]
fn squares_f32<const N: usize>(x: [f32; N]) -> f32 {
    let mut sum = 0.0;
    for i in 0..N {
        sum += (i + 2) as f32 * x[i] * x[i];
    }
    sum
}

fn length<const N: usize>() {
    let x = std::array::from_fn::<f64, N, _>(|i| (i % 3 + 1) as f64);
    let gradient = std::array::from_fn::<f64, N, _>(|i| (2 * (i + 2)) as f64 * x[i]);
    let value: f64 = (0..N).map(|i| 0.5 * gradient[i] * x[i]).sum();
    let tangents = [1usize, 10].map(|t| std::array::from_fn::<f64, N, _>(|i| (t + i) as f64));
    let along = tangents.map(|t| (0..N).map(|i| gradient[i] * t[i]).sum::<f64>());

    let name = format!("[f64; {N}]");
    exact(&name, d_squares(black_box(x), 1.0), (value, gradient));
    exact(&name, t_squares(black_box(x), tangents[0]), (value, along[0]));
    let got = t_squares_two(black_box(x), tangents[0], tangents[1]);
    exact(&name, got, [value, along[0], along[1]]);

    let name = format!("[f32; {N}]");
    let small = |x: [f64; N]| x.map(|x| x as f32);
    let got = d_squares_f32(black_box(small(x)), 1.0);
    exact(&name, got, (value as f32, small(gradient)));
    let got = t_squares_f32(black_box(small(x)), small(tangents[0]));
    exact(&name, got, (value as f32, along[0] as f32));
}

fn lengths() {
    length::<1>();
    length::<2>();
    length::<3>();
    length::<4>();
    length::<5>();
    length::<8>();
    length::<16>();
    length::<33>();
    length::<100>();
}

// The determinant of a matrix: the gradient is its cofactors.
#[autodiff_reverse(d_determinant, Active, Active)]
#[autodiff_forward(t_determinant, Dual, Dual)]
fn determinant(x: [[f32; 2]; 2]) -> f32 {
    x[0][0] * x[1][1] - x[0][1] * x[1][0]
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Weighted<T, const N: usize> {
    n: u8,
    x: [T; N],
    y: [(T, u16); 2],
}

// n (x0 + 2 x1 + 3 x2) + y0.1 y0.0 + y1.1 y1.0
#[autodiff_reverse(d_weighted, Active, Active)]
#[autodiff_forward(t_weighted, Dual, Dual)]
fn weighted(s: Weighted<f32, 3>) -> f32 {
    s.n as f32 * (s.x[0] + 2.0 * s.x[1] + 3.0 * s.x[2])
        + s.y[0].1 as f32 * s.y[0].0
        + s.y[1].1 as f32 * s.y[1].0
}

// Generic in the element and the length: the sum of x_i^3
#[autodiff_reverse(d_cubes, Active, Active)]
fn cubes<T: Copy + Default + Into<f64>, const N: usize>(s: Weighted<T, N>) -> f64 {
    s.x.iter().map(|&x| x.into() * x.into() * x.into()).sum()
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Large {
    head: f64,
    table: [[f64; 16]; 16],
    labels: [u32; 16],
    tail: f32,
}

// 2 head + 3 table[7][9] + 5 labels[11] tail
#[autodiff_reverse(d_large, Active, Active)]
#[autodiff_forward(t_large, Dual, Dual)]
fn large(s: Large) -> f64 {
    2.0 * s.head + 3.0 * s.table[7][9] + 5.0 * s.labels[11] as f64 * s.tail as f64
}

fn nested() {
    let got = d_determinant(black_box([[2.0, 3.0], [5.0, 7.0]]), 1.0);
    exact("determinant", got, (-1.0, [[7.0, -5.0], [-3.0, 2.0]]));
    let got = t_determinant(black_box([[2.0, 3.0], [5.0, 7.0]]), [[1.0, 10.0], [100.0, 1000.0]]);
    exact("determinant", got, (-1.0, 7.0 - 50.0 - 300.0 + 2000.0));

    let s = Weighted { n: 7, x: [1.0; 3], y: [(1.0, 11), (1.0, 13)] };
    let want = Weighted { n: 7, x: [7.0, 14.0, 21.0], y: [(11.0, 11), (13.0, 13)] };
    exact("weighted", d_weighted(black_box(s), 1.0), (66.0, want));
    let ds = Weighted { n: 7, x: [1.0, 10.0, 100.0], y: [(1000.0, 0), (10000.0, 0)] };
    exact("weighted", t_weighted(black_box(s), ds), (66.0, 7.0 + 140.0 + 2100.0 + 141000.0));

    let s = Weighted { n: 0, x: [1.0f64, 2.0], y: [(0.0, 5); 2] };
    exact("cubes", d_cubes(black_box(s), 1.0), (9.0, Weighted { x: [3.0, 12.0], ..s }));
    let s = Weighted { n: 0, x: [1.0f32, 2.0, 3.0, 4.0], y: [(0.0, 5); 2] };
    let want = Weighted { x: [3.0, 12.0, 27.0, 48.0], ..s };
    exact("cubes", d_cubes(black_box(s), 1.0), (100.0, want));

    let s = Large { head: 1.0, table: [[1.0; 16]; 16], labels: [7; 16], tail: 1.0 };
    let mut want = Large { head: 2.0, table: [[0.0; 16]; 16], labels: [7; 16], tail: 35.0 };
    want.table[7][9] = 3.0;
    exact("large", d_large(black_box(s), 1.0), (40.0, want));
    let mut ds = Large { head: 1.0, table: [[1.0; 16]; 16], labels: [7; 16], tail: 100.0 };
    ds.table[7][9] = 10.0;
    exact("large", t_large(black_box(s), ds), (40.0, 3532.0));
}

pub fn main() {
    lengths();
    nested();
}
