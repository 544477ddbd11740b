//! Check that arguments of no size are no disturbance, wherever they stand, whatever they are, and with
//! every activity: they have no LLVM parameter, and the activities of those that follow must not slip.
//!
//! Regression test for <https://github.com/rust-lang/rust/issues/144025> and, with `-Clink-dead-code`,
//! <https://github.com/rust-lang/rust/issues/150331>.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release dead_code
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16
//@[dead_code] compile-flags: -Copt-level=0 -Clink-dead-code

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;
use std::marker::PhantomData;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Unit;

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(16))]
struct Aligned;

// The gradient is (2 y, 2 x) before, between and after.
#[autodiff_reverse(d_first, Const, Active, Active, Active)]
#[autodiff_forward(t_first, Const, Dual, Dual, Dual)]
fn first(_unit: (), x: f64, y: f64) -> f64 {
    2.0 * x * y
}

#[autodiff_reverse(d_between, Active, Const, Active, Active)]
#[autodiff_forward(t_between, Dual, Const, Dual, Dual)]
fn between(x: f64, _unit: Unit, y: f64) -> f64 {
    2.0 * x * y
}

#[autodiff_reverse(d_last, Active, Active, Const, Const, Active)]
#[autodiff_forward(t_last, Dual, Dual, Const, Const, Dual)]
fn last(x: f64, y: f64, _empty: [f64; 0], _phantom: PhantomData<f64>) -> f64 {
    2.0 * x * y
}

// 2 x0 x1 + 3 y0 y1, with all that has no size around it
#[autodiff_reverse(d_everywhere, Const, Duplicated, Const, Active, Const, Const, Active)]
#[autodiff_forward(t_everywhere, Const, Dual, Const, Dual, Const, Const, Dual)]
fn everywhere(
    _a: Aligned,
    x: &[f64],
    _b: ((), Unit, [Aligned; 3]),
    y: (f64, f64),
    _c: [[f32; 0]; 7],
    _d: (),
) -> f64 {
    2.0 * x[0] * x[1] + 3.0 * y.0 * y.1
}

// Its tangent and its shadow have no size either.
#[autodiff_forward(t_dual, Dual, Dual, Dual)]
fn dual(_unit: Unit, x: f64) -> f64 {
    3.0 * x * x
}

#[autodiff_reverse(d_reference, Duplicated, Active, Active)]
fn reference(_unit: &Unit, x: f64) -> f64 {
    3.0 * x * x
}

// A struct of which parts have no size, and one that is nothing else but its float.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tagged<T> {
    before: [u64; 0],
    x: f64,
    tag: PhantomData<T>,
    y: f64,
    after: Unit,
}

#[autodiff_reverse(d_tagged, Active, Active)]
#[autodiff_forward(t_tagged, Dual, Dual)]
fn tagged(s: Tagged<char>) -> f64 {
    2.0 * s.x * s.y
}

#[autodiff_reverse(d_one, Active, Active)]
#[autodiff_forward(t_one, Dual, Dual)]
fn one(s: (Unit, f64, ())) -> f64 {
    3.0 * s.1 * s.1
}

// Function items and closures without captures have no size.
#[autodiff_reverse(d_function, Const, Active, Active)]
#[autodiff_forward(t_function, Const, Dual, Dual)]
fn function<F: Fn(f64) -> f64>(f: F, x: f64) -> f64 {
    2.0 * f(x)
}

fn cube(x: f64) -> f64 {
    x * x * x
}

// Nothing but: the seed is all that is active, and nothing is returned.
#[autodiff_forward(t_nothing, Const, Dual)]
fn nothing(_unit: (), _x: f64) {}

// Nothing is returned, beside an output.
#[autodiff_reverse(d_output, Const, Active, Const, Duplicated)]
fn output(_a: (), x: f64, _b: Unit, y: &mut f64) {
    *y = 3.0 * x * x;
}

// What has no size is returned, beside an output.
#[autodiff_reverse(d_unit_returned, Active, Duplicated, Const)]
#[autodiff_forward(t_unit_returned, Dual, Dual, Const)]
fn unit_returned(x: f64, y: &mut f64) -> Unit {
    *y = 3.0 * x * x;
    Unit
}

pub fn main() {
    exact("first", d_first((), black_box(3.0), 5.0, 1.0), (30.0, 10.0, 6.0));
    exact("first", t_first((), black_box(3.0), 1.0, 5.0, 10.0), (30.0, 70.0));
    exact("between", d_between(black_box(3.0), Unit, 5.0, 1.0), (30.0, 10.0, 6.0));
    exact("between", t_between(black_box(3.0), 1.0, Unit, 5.0, 10.0), (30.0, 70.0));
    exact("last", d_last(black_box(3.0), 5.0, [], PhantomData, 1.0), (30.0, 10.0, 6.0));
    exact("last", t_last(black_box(3.0), 1.0, 5.0, 10.0, [], PhantomData), (30.0, 70.0));

    let mut dx = [100.0, 200.0];
    let b = ((), Unit, [Aligned; 3]);
    let x = black_box([3.0, 5.0]);
    let got = d_everywhere(Aligned, &x, &mut dx, b, (7.0, 11.0), [[]; 7], (), 1.0);
    exact("everywhere", (got, dx), ((261.0, (33.0, 21.0)), [110.0, 206.0]));
    let got =
        t_everywhere(Aligned, &x, &[1.0, 10.0], b, (7.0, 11.0), (100.0, 1000.0), [[]; 7], ());
    exact("everywhere", got, (261.0, 10.0 + 60.0 + 3300.0 + 21000.0));

    exact("dual", t_dual(Unit, Unit, black_box(2.0), 10.0), (12.0, 120.0));
    exact("reference", d_reference(&Unit, &mut Unit, black_box(2.0), 1.0), (12.0, 12.0));

    let s = Tagged { before: [], x: 3.0, tag: PhantomData, y: 5.0, after: Unit };
    exact("tagged", d_tagged(black_box(s), 1.0), (30.0, Tagged { x: 10.0, y: 6.0, ..s }));
    exact("tagged", t_tagged(black_box(s), Tagged { x: 1.0, y: 10.0, ..s }), (30.0, 70.0));
    exact("one", d_one(black_box((Unit, 2.0, ())), 1.0), (12.0, (Unit, 12.0, ())));
    exact("one", t_one(black_box((Unit, 2.0, ())), (Unit, 10.0, ())), (12.0, 120.0));

    exact("function", d_function(cube, black_box(2.0), 1.0), (16.0, 24.0));
    exact("closure", d_function(|x| 7.0 * x, black_box(2.0), 1.0), (28.0, 14.0));
    exact("function", t_function(cube, black_box(2.0), 10.0), (16.0, 240.0));

    t_nothing((), black_box(2.0), 1.0);
    let (mut y, mut dy) = (0.0, 10.0);
    exact("output", d_output((), black_box(2.0), Unit, &mut y, &mut dy), 120.0);
    exact("output", (y, dy), (12.0, 0.0));
    let (mut y, mut dy) = (0.0, 10.0);
    exact("unit_returned", d_unit_returned(black_box(2.0), &mut y, &mut dy), (Unit, 120.0));
    exact("unit_returned", (y, dy), (12.0, 0.0));
    let (mut y, mut dy) = (0.0, 0.0);
    exact("unit_returned", t_unit_returned(black_box(2.0), 10.0, &mut y, &mut dy), Unit);
    exact("unit_returned", (y, dy), (12.0, 120.0));
}
