//! Check the derivatives by what slices and references to aggregates hold: slices of arrays, tuples and
//! structs, slices of slices, of `Option`s and `Vec`s, shared and mutable, and arguments that follow a slice,
//! whose length is a parameter of its own: the types told to Enzyme must not slip onto it
//! (<https://github.com/rust-lang/rust/issues/160470>), nor must activities
//! (<https://github.com/EnzymeAD/rust/issues/187>).

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

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Point {
    id: u32,
    x: f64,
    y: f32,
}

// The sum of x_i y_i: the gradient has the two swapped.
#[autodiff_reverse(d_arrays, Duplicated, Active)]
#[autodiff_forward(t_arrays, Dual, Dual)]
fn arrays(x: &[[f64; 2]]) -> f64 {
    x.iter().map(|[x, y]| x * y).sum()
}

#[autodiff_reverse(d_pairs, Duplicated, Active)]
#[autodiff_forward(t_pairs, Dual, Dual)]
fn pairs(x: &[(f32, f64)]) -> f64 {
    let mut sum = 0.0;
    for &(x, y) in x {
        sum += x as f64 * y;
    }
    sum
}

// The sum of id_i x_i y_i
#[autodiff_reverse(d_points, Duplicated, Active)]
#[autodiff_forward(t_points, Dual, Dual)]
fn points(x: &[Point]) -> f64 {
    x.iter().map(|p| p.id as f64 * p.x * p.y as f64).sum()
}

#[autodiff_reverse(d_array_of_points, Duplicated, Active)]
fn array_of_points(points: &[Point; 2]) -> f64 {
    let [p, q] = points;
    p.x * q.y as f64 - q.x * p.y as f64
}

fn shared() {
    let (x, mut dx) = (black_box([[2.0, 3.0], [5.0, 7.0], [11.0, 13.0]]), [[0.0; 2]; 3]);
    exact("arrays", d_arrays(&x, &mut dx, 1.0), 184.0);
    exact("arrays", dx, [[3.0, 2.0], [7.0, 5.0], [13.0, 11.0]]);
    let dx = [[1.0, 0.0], [0.0, 10.0], [100.0, 0.0]];
    exact("arrays", t_arrays(&x, &dx), (184.0, 3.0 + 50.0 + 1300.0));
    exact("arrays, none", d_arrays(&[], &mut [], 1.0), 0.0);

    let (x, mut dx) = (black_box([(2.0, 3.0), (5.0, 7.0)]), [(0.0, 0.0); 2]);
    exact("pairs", d_pairs(&x, &mut dx, 1.0), 41.0);
    exact("pairs", dx, [(3.0, 2.0), (7.0, 5.0)]);
    exact("pairs", t_pairs(&x, &[(1.0, 10.0), (0.0, 100.0)]), (41.0, 523.0));

    let p = Point { id: 17, x: 2.0, y: 3.0 };
    let q = Point { id: 19, x: 5.0, y: 7.0 };
    let (x, mut dx) = (black_box([p, q]), [Point::default(); 2]);
    exact("points", d_points(&x, &mut dx, 1.0), 102.0 + 665.0);
    exact("points", dx, [Point { id: 0, x: 51.0, y: 34.0 }, Point { id: 0, x: 133.0, y: 95.0 }]);
    let dx = [Point { id: 0, x: 1.0, y: 0.0 }, Point { id: 0, x: 0.0, y: 10.0 }];
    exact("points", t_points(&x, &dx), (767.0, 51.0 + 950.0));

    let mut dx = [Point::default(); 2];
    exact("array_of_points", d_array_of_points(&x, &mut dx, 1.0), -1.0);
    exact("array_of_points", dx.map(|p| (p.x, p.y)), [(7.0, -5.0), (-3.0, 2.0)]);
}

// Writes through a slice of aggregates: from (x, y) to (x y, y).
#[autodiff_reverse(d_in_place, Duplicated)]
#[autodiff_forward(t_in_place, Dual)]
fn in_place(points: &mut [Point]) {
    for p in points {
        p.x *= p.y as f64;
    }
}

#[autodiff_reverse(d_transpose, Duplicated, Duplicated)]
fn transpose(x: &[[f64; 2]], y: &mut [[f64; 3]; 2]) {
    for (i, row) in x.iter().enumerate() {
        for (j, x) in row.iter().enumerate() {
            y[j][i] = 2.0 * x;
        }
    }
}

fn mutable() {
    let mut x = black_box([Point { id: 1, x: 2.0, y: 3.0 }, Point { id: 1, x: 5.0, y: 7.0 }]);
    let mut dx = [Point { id: 0, x: 1.0, y: 0.0 }, Point { id: 0, x: 10.0, y: 100.0 }];
    d_in_place(&mut x, &mut dx);
    exact("in_place", x.map(|p| p.x), [6.0, 35.0]);
    exact("in_place", dx.map(|p| (p.x, p.y)), [(3.0, 2.0), (70.0, 150.0)]);

    let mut x = black_box([Point { id: 1, x: 2.0, y: 3.0 }]);
    let mut dx = [Point { id: 0, x: 1.0, y: 10.0 }];
    t_in_place(&mut x, &mut dx);
    exact("in_place", (dx[0].x, dx[0].y), (23.0, 10.0));

    let (mut dx, mut y) = ([[0.0; 2]; 3], [[0.0; 3]; 2]);
    let mut dy = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    d_transpose(&black_box([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), &mut dx, &mut y, &mut dy);
    exact("transpose", y, [[2.0, 6.0, 10.0], [4.0, 8.0, 12.0]]);
    exact("transpose", dx, [[2.0, 8.0], [4.0, 10.0], [6.0, 12.0]]);
}

// A float behind a slice, then a tuple, then a pair of slices.
#[autodiff_reverse(d_then_scalar, Duplicated, Active, Active)]
#[autodiff_forward(t_then_scalar, Dual, Dual, Dual)]
fn then_scalar(x: &[f64], k: f64) -> f64 {
    k * k * x[0] * x[1]
}

#[autodiff_reverse(d_then_tuple, Duplicated, Active, Active)]
#[autodiff_forward(t_then_tuple, Dual, Dual, Dual)]
fn then_tuple(x: &[f32], y: (f32, f32)) -> f32 {
    2.0 * x[0] * y.0 + 3.0 * x[1] * y.1
}

#[autodiff_reverse(d_between, Duplicated, Const, Duplicated, Active)]
#[autodiff_forward(t_between, Dual, Const, Dual, Dual)]
fn between(x: &[f32], indices: [i32; 4], y: &[f32]) -> f32 {
    indices.iter().map(|&i| x[i as usize] * y[i as usize]).sum()
}

// The header of an interpreter, as reported.
#[autodiff_reverse(
    d_eval, Const, Const, Const, Const, Const, Const, Duplicated, Const, Const, Duplicated, Duplicated
)]
fn eval(
    ops: &[u32],
    a: &[u32],
    b: &[u32],
    consts: &[f64],
    lin_vars: &[u32],
    lin_coeffs: &[f64],
    x: &[f64],
    params: &[f64],
    mults: &[f64],
    regs: &mut [f64],
    out: &mut [f64],
) {
    let _ = (a, b, params);
    regs[0] = lin_coeffs[0] * x[lin_vars[0] as usize] * x[0];
    out[0] = consts[0] + ops[0] as f64 * x[0] + mults[0] * regs[0];
}

fn after_a_slice() {
    let (x, mut dx) = (black_box([2.0, 3.0]), [0.0; 2]);
    exact("then_scalar", d_then_scalar(&x, &mut dx, 5.0, 1.0), (150.0, 60.0));
    exact("then_scalar", dx, [75.0, 50.0]);
    exact("then_scalar", t_then_scalar(&x, &[1.0, 10.0], 5.0, 100.0), (150.0, 6575.0));

    let (x, mut dx) = (black_box([2.0, 3.0]), [0.0; 2]);
    exact("then_tuple", d_then_tuple(&x, &mut dx, (5.0, 7.0), 1.0), (83.0, (4.0, 9.0)));
    exact("then_tuple", dx, [10.0, 21.0]);
    let got = t_then_tuple(&x, &[1.0, 0.0], (5.0, 7.0), (0.0, 10.0));
    exact("then_tuple", got, (83.0, 100.0));

    let (x, y) = (black_box([2.0, 3.0]), black_box([5.0, 7.0]));
    let (mut dx, mut dy) = ([0.0; 2], [0.0; 2]);
    let got = d_between(&x, &mut dx, [0, 1, 1, 0], &y, &mut dy, 1.0);
    exact("between", (got, dx, dy), (62.0, [10.0, 14.0], [4.0, 6.0]));
    let got = t_between(&x, &[1.0, 0.0], [0, 1, 1, 0], &y, &[0.0, 10.0]);
    exact("between", got, (62.0, 70.0));

    let (mut dx, mut regs, mut dregs) = ([0.0; 2], [0.0; 1], [0.0; 1]);
    let (mut out, mut dout) = ([0.0; 1], [1.0; 1]);
    d_eval(
        &[3], &[], &[], &[5.0], &[1], &[7.0], &black_box([2.0, 11.0]), &mut dx, &[], &[13.0], &mut regs,
        &mut dregs, &mut out, &mut dout,
    );
    // 5 + 3 x0 + 13 * 7 x0 x1: (3 + 91 x1, 91 x0)
    exact("eval", out, [5.0 + 6.0 + 2002.0]);
    exact("eval", dx, [3.0 + 1001.0, 182.0]);
}

// What is not floats is Const, of whatever length.
#[autodiff_reverse(d_by_text, Const, Active, Const, Active)]
#[autodiff_forward(t_by_text, Const, Dual, Const, Dual)]
fn by_text(text: &str, x: f64, bytes: &[u8]) -> f64 {
    (text.len() as f64 + bytes[0] as f64) * x * x
}

#[autodiff_reverse(d_gather, Duplicated, Const, Active)]
fn gather(x: &[f64], indices: &[usize]) -> f64 {
    let mut product = 1.0;
    for &i in indices {
        product *= x[i];
    }
    product
}

// Slices of what itself points to floats: the gradient lands behind the shadow's pointers.
#[autodiff_reverse(d_rows, Duplicated, Active)]
#[autodiff_forward(t_rows, Dual, Dual)]
fn rows(x: &[Vec<f64>]) -> f64 {
    x[0][0] * x[1][1] - x[0][1] * x[1][0]
}

#[autodiff_reverse(d_parts, Const, Active, Active)]
fn parts(of: &[&[f64]], x: f64) -> f64 {
    x * of.iter().map(|part| part.iter().sum::<f64>()).sum::<f64>()
}

#[autodiff_reverse(d_options, Duplicated, Active)]
fn options(x: &[Option<f64>]) -> f64 {
    let mut sum = 0.0;
    for x in x {
        if let Some(x) = x {
            sum += x * x;
        }
    }
    sum
}

fn other_elements() {
    exact("by_text", d_by_text(black_box("autodiff"), 3.0, b"!", 1.0), (369.0, 246.0));
    exact("by_text", t_by_text(black_box("autodiff"), 3.0, 10.0, b"!"), (369.0, 2460.0));
    let (x, mut dx) = (black_box([2.0, 3.0, 5.0]), [0.0; 3]);
    exact("gather", d_gather(&x, &mut dx, &black_box([2, 0, 2]), 1.0), 50.0);
    exact("gather", dx, [25.0, 0.0, 20.0]);

    let x = black_box([vec![2.0, 3.0], vec![5.0, 7.0]]);
    let mut dx = [vec![0.0; 2], vec![0.0; 2]];
    exact("rows", d_rows(&x, &mut dx, 1.0), -1.0);
    exact("rows", dx, [vec![7.0, -5.0], vec![-3.0, 2.0]]);
    exact("rows", t_rows(&x, &[vec![1.0, 10.0], vec![0.0; 2]]), (-1.0, 7.0 - 50.0));
    let x = black_box([1.0, 2.0, 3.0]);
    exact("parts", d_parts(&[&x, &x[1..]], 2.0, 1.0), (22.0, 11.0));
    let (x, mut dx) = (black_box([Some(2.0), None, Some(5.0)]), [Some(0.0), None, Some(0.0)]);
    exact("options", d_options(&x, &mut dx, 1.0), 29.0);
    exact("options", dx, [Some(4.0), None, Some(10.0)]);
}

pub fn main() {
    shared();
    mutable();
    after_a_slice();
    other_elements();
}
