//! Check the derivatives of functions that take and return aggregates by value: tuples, structs, arrays,
//! an `Option`, nested and of mixed types, with arguments of no size between them. In memory on both
//! sides, each float leaf has a derivative of its own; each has its own prime as coefficient, so that a
//! wrong number names the leaf.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]
#![allow(unused_mut)] // the derivatives inherit the pattern `mut y`

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;

#[path = "auxiliary/check.rs"]
mod check;
use check::exact;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Pair {
    a: f64,
    b: f64,
}

// rustc reorders the fields: `b` and `k` lie before the smaller ones.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Mixed {
    flag: bool,
    a: f32,
    n: u16,
    b: f64,
    k: i64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Nested {
    first: (f32, f64),
    second: [Pair; 2],
    third: f64,
}

// 2 x0^2 + 3 x1
#[autodiff_reverse(d_tuple, Active, Active)]
#[autodiff_forward(t_tuple, Dual, Dual)]
fn tuple(x: (f64, f64)) -> f64 {
    2.0 * x.0 * x.0 + 3.0 * x.1
}

#[autodiff_reverse(d_pair, Active, Active)]
#[autodiff_forward(t_pair, Dual, Dual)]
fn pair(x: Pair) -> f64 {
    2.0 * x.a * x.a + 3.0 * x.b
}

// 2 x0 + 3 x1^2, in what the ordinary ABI makes one integer.
#[autodiff_reverse(d_array, Active, Active)]
#[autodiff_forward(t_array, Dual, Dual)]
fn array(x: [f32; 2]) -> f32 {
    2.0 * x[0] + 3.0 * x[1] * x[1]
}

// n a + k b + 7 a b
#[autodiff_reverse(d_mixed, Active, Active)]
#[autodiff_forward(t_mixed, Dual, Dual)]
fn mixed(x: Mixed) -> f64 {
    let (a, b) = (x.a as f64, x.b);
    let sign = if x.flag { 1.0 } else { -1.0 };
    sign * (x.n as f64 * a + x.k as f64 * b + 7.0 * a * b)
}

// 2 first.0 + 3 first.1 + 5 second[0].a + 7 second[0].b + 11 second[1].a + 13 second[1].b + 17 third
#[autodiff_reverse(d_nested, Active, Active)]
#[autodiff_forward(t_nested, Dual, Dual)]
fn nested(x: Nested) -> f64 {
    2.0 * x.first.0 as f64
        + 3.0 * x.first.1
        + 5.0 * x.second[0].a
        + 7.0 * x.second[0].b
        + 11.0 * x.second[1].a
        + 13.0 * x.second[1].b
        + 17.0 * x.third
}

// 5 x^2, and 0 without one
#[autodiff_reverse(d_option, Active, Active)]
#[autodiff_forward(t_option, Dual, Dual)]
fn option(x: Option<f64>) -> f64 {
    match x {
        Some(x) => 5.0 * x * x,
        None => 0.0,
    }
}

// Gradients of different types, which rustc returns in another order than Enzyme does.
#[autodiff_reverse(d_in_order, Active, Const, Active, Active, Active, Active, Active)]
fn in_order(a: f32, _unit: (), b: f64, c: [f64; 3], d: f32, e: (f32, i32)) -> f64 {
    2.0 * a as f64
        + 3.0 * b
        + 5.0 * c[0]
        + 7.0 * c[1]
        + 11.0 * c[2]
        + 13.0 * d as f64
        + (e.1 as f64) * e.0 as f64
}

fn arguments() {
    exact("tuple", d_tuple(black_box((2.0, 5.0)), 1.0), (23.0, (8.0, 3.0)));
    exact("tuple", t_tuple(black_box((2.0, 5.0)), (1.0, 10.0)), (23.0, 38.0));
    let (x, dx) = (Pair { a: 2.0, b: 5.0 }, Pair { a: 1.0, b: 10.0 });
    exact("pair", d_pair(black_box(x), 1.0), (23.0, Pair { a: 8.0, b: 3.0 }));
    exact("pair", t_pair(black_box(x), dx), (23.0, 38.0));
    exact("array", d_array(black_box([2.0, 5.0]), 1.0), (79.0, [2.0, 30.0]));
    exact("array", t_array(black_box([2.0, 5.0]), [1.0, 10.0]), (79.0, 302.0));

    // 3 * 2 + 4 * 5 + 7 * 2 * 5 = 96; by a: 3 + 7 * 5 = 38; by b: 4 + 7 * 2 = 18. What is no float is
    // in the gradient what it is in the argument.
    let x = Mixed { flag: true, a: 2.0, n: 3, b: 5.0, k: 4 };
    exact("mixed", d_mixed(black_box(x), 1.0), (96.0, Mixed { a: 38.0, b: 18.0, ..x }));
    let dx = Mixed { a: 1.0, b: 10.0, ..x };
    exact("mixed", t_mixed(black_box(x), dx), (96.0, 218.0));
    let x = Mixed { flag: false, ..x };
    exact("mixed", d_mixed(black_box(x), 1.0), (-96.0, Mixed { a: -38.0, b: -18.0, ..x }));

    let one = Pair { a: 1.0, b: 1.0 };
    let x = Nested { first: (1.0, 1.0), second: [one, one], third: 1.0 };
    let gradient = Nested {
        first: (2.0, 3.0),
        second: [Pair { a: 5.0, b: 7.0 }, Pair { a: 11.0, b: 13.0 }],
        third: 17.0,
    };
    exact("nested", d_nested(black_box(x), 1.0), (58.0, gradient));
    let dx = Nested { first: (1.0, 10.0), second: [one, Pair { a: 0.0, b: 100.0 }], third: 0.0 };
    exact("nested", t_nested(black_box(x), dx), (58.0, 1344.0));

    exact("option", d_option(black_box(Some(3.0)), 1.0), (45.0, Some(30.0)));
    exact("option", d_option(black_box(None), 1.0), (0.0, None));
    exact("option", t_option(black_box(Some(3.0)), Some(2.0)), (45.0, 60.0));

    let got = d_in_order(black_box(1.0), (), 1.0, [1.0; 3], 1.0, (1.0, 17), 1.0);
    exact("in_order", got, (58.0, 2.0, 3.0, [5.0, 7.0, 11.0], 13.0, (17.0, 17)));
}

// Both results depend on both arguments: (2 x + 3 y, 5 x y)
#[autodiff_reverse(d_to_tuple, Active, Active, Active)]
#[autodiff_reverse(d_to_tuple_only, Active, Active, ActiveOnly)]
#[autodiff_forward(t_to_tuple, Dual, Dual, Dual)]
#[autodiff_forward(t_to_tuple_only, Dual, Dual, DualOnly)]
fn to_tuple(x: f64, y: f64) -> (f64, f64) {
    (2.0 * x + 3.0 * y, 5.0 * x * y)
}

#[autodiff_reverse(d_to_array, Duplicated, Active)]
#[autodiff_forward(t_to_array, Dual, Dual)]
fn to_array(x: &[f64; 2]) -> [f64; 3] {
    [2.0 * x[0], 3.0 * x[1], 5.0 * x[0] * x[1]]
}

#[autodiff_reverse(d_to_small, Active, Active)]
#[autodiff_forward(t_to_small, Dual, Dual)]
fn to_small(x: f32) -> [f32; 2] {
    [2.0 * x, 3.0 * x * x]
}

// (n, 2 x, 3 x^2): n is no float, and is its own tangent.
#[autodiff_reverse(d_to_mixed, Active, Const, Active)]
#[autodiff_forward(t_to_mixed, Dual, Const, Dual)]
fn to_mixed(x: f64, n: u8) -> (u8, f64, f32) {
    (n, 2.0 * x, (3.0 * x * x) as f32)
}

// Out of a struct, into a struct: a' = 2 a b, b' = 3 b.
#[autodiff_reverse(d_to_pair, Active, Active)]
fn to_pair(x: Pair) -> Pair {
    Pair { a: 2.0 * x.a * x.b, b: 3.0 * x.b }
}

fn results() {
    // The gradient is the seed's (s, t): by x: 2 s + 5 y t; by y: 3 s + 5 x t.
    let got = d_to_tuple(black_box(2.0), 7.0, (1.0, 10.0));
    exact("to_tuple", got, ((25.0, 70.0), 352.0, 103.0));
    let got = d_to_tuple(black_box(2.0), 7.0, (0.0, 0.0));
    exact("to_tuple, no seed", got, ((25.0, 70.0), 0.0, 0.0));
    exact("only", d_to_tuple_only(black_box(2.0), 7.0, (1.0, 10.0)), (352.0, 103.0));
    let got = t_to_tuple(black_box(2.0), 1.0, 7.0, 10.0);
    exact("to_tuple", got, ((25.0, 70.0), (32.0, 135.0)));
    exact("only", t_to_tuple_only(black_box(2.0), 1.0, 7.0, 10.0), (32.0, 135.0));

    let mut gradient = [1000.0, 2000.0];
    let got = d_to_array(black_box(&[2.0, 7.0]), &mut gradient, [1.0, 10.0, 100.0]);
    exact("to_array", got, [4.0, 21.0, 70.0]);
    exact("to_array", gradient, [1000.0 + 2.0 + 3500.0, 2000.0 + 30.0 + 1000.0]);
    let got = t_to_array(black_box(&[2.0, 7.0]), &[1.0, 10.0]);
    exact("to_array", got, ([4.0, 21.0, 70.0], [2.0, 30.0, 135.0]));

    exact("to_small", d_to_small(black_box(2.0), [1.0, 10.0]), ([4.0, 12.0], 122.0));
    exact("to_small", t_to_small(black_box(2.0), 10.0), ([4.0, 12.0], [20.0, 120.0]));

    let got = d_to_mixed(black_box(2.0), 17, (17, 1.0, 10.0));
    exact("to_mixed", got, ((17, 4.0, 12.0), 122.0));
    let (value, tangent) = t_to_mixed(black_box(2.0), 10.0, 17);
    exact("to_mixed", value, (17, 4.0, 12.0));
    exact("to_mixed", (tangent.1, tangent.2), (20.0, 120.0));

    let got = d_to_pair(black_box(Pair { a: 2.0, b: 7.0 }), Pair { a: 1.0, b: 10.0 });
    exact("to_pair", got, (Pair { a: 28.0, b: 21.0 }, Pair { a: 14.0, b: 34.0 }));
}

// What is Const counts as a value, not as something to differentiate by.
#[autodiff_reverse(d_by_const, Active, Const, Const, Active)]
fn by_const(x: f64, y: (f64, f64), z: [f32; 2]) -> f64 {
    x * y.0 + x * x * y.1 + z[0] as f64 * z[1] as f64
}

// Nothing is seeded, and the value is returned.
#[autodiff_reverse(d_const_return, Duplicated, Const)]
#[autodiff_forward(t_const_return, Dual, Const)]
fn const_return(x: &mut [f64; 2]) -> f64 {
    x[1] = 3.0 * x[0];
    5.0 * x[0]
}

fn constants() {
    let got = d_by_const(black_box(2.0), (3.0, 5.0), [7.0, 11.0], 1.0);
    exact("by_const", got, (103.0, 23.0));

    let (mut x, mut dx) = ([2.0, 0.0], [0.0, 1.0]);
    exact("const_return", d_const_return(black_box(&mut x), &mut dx), 10.0);
    exact("const_return", (x, dx), ([2.0, 6.0], [3.0, 0.0]));
    let (mut x, mut dx) = ([2.0, 0.0], [10.0, 0.0]);
    exact("const_return", t_const_return(black_box(&mut x), &mut dx), 10.0);
    exact("const_return", (x, dx), ([2.0, 6.0], [10.0, 30.0]));
}

// With the same arguments, which rustc's optimizations keep once: what one derivative does to its copy is
// not to be seen by the next, nor what the primal does to its own.
#[autodiff_reverse(d_by_x, Active, Const, Const, Active)]
#[autodiff_reverse(d_by_z, Const, Const, Active, Active)]
#[autodiff_forward(t_by_z, Const, Const, Dual, Dual)]
fn again(x: f64, mut y: (f64, f64), z: [f64; 3]) -> (f64, f64) {
    y.0 *= x;
    y.1 *= z[2];
    (y.0 + y.1, x * z[0] * z[1])
}

fn same_arguments() {
    let (x, y, z) = (2.0, (3.0, 5.0), [7.0, 11.0, 13.0]);
    let value = (71.0, 154.0);
    exact("by x", d_by_x(x, y, z, (1.0, 10.0)), (value, 773.0));
    exact("by z", d_by_z(x, y, z, (1.0, 10.0)), (value, [220.0, 140.0, 5.0]));
    exact("by z", t_by_z(x, y, z, [1.0, 10.0, 100.0]), (value, (500.0, 162.0)));
    exact("by x, again", d_by_x(x, y, z, (1.0, 10.0)), (value, 773.0));
    exact("by z, again", d_by_z(x, y, z, (1.0, 10.0)), (value, [220.0, 140.0, 5.0]));
    exact("by z, again", t_by_z(x, y, z, [1.0, 10.0, 100.0]), (value, (500.0, 162.0)));
}

pub fn main() {
    same_arguments();
    arguments();
    results();
    constants();
}
