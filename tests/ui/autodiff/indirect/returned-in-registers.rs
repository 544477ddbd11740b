//! Check the derivatives of functions that call `fn` pointers and methods of trait objects whose result is in
//! registers: a float or a pointer beside something else, floats alone, and floats as an integer.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@[lto] no-prefer-dynamic (fat LTO)
//@ edition: 2024
//@ revisions: debug release lto
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16
//@[lto] compile-flags: -Copt-level=3 -Clto=fat

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

trait Shape {
    fn value(&self, x: f64) -> Option<f64>;
    fn counted(&self, x: f64) -> (u64, f64);
    fn pair(&self, x: f64) -> (f64, f64);
    fn singles(&self, x: f32) -> [f32; 2];
    fn numbers(&self) -> &[f64];
    fn scaled(&self, k: f64) -> Box<dyn Shape>;
    fn fallible(&self, x: f64) -> Result<f64, u32>;
    fn boxed(&self, x: f64) -> (Box<f64>, f64);
    // What has no size comes before and after the float.
    fn constant(&self, _: (), x: f64, _: [f64; 0]) -> (usize, f64);
}

#[derive(Clone, Copy)]
struct Linear([f64; 1]);
#[derive(Clone, Copy)]
struct Quadratic([f64; 2]);

impl Shape for Linear {
    fn value(&self, x: f64) -> Option<f64> {
        Some(self.0[0] * x)
    }
    fn counted(&self, x: f64) -> (u64, f64) {
        (3, self.0[0] * x)
    }
    fn pair(&self, x: f64) -> (f64, f64) {
        (self.0[0] * x, x * x)
    }
    fn singles(&self, x: f32) -> [f32; 2] {
        [self.0[0] as f32 * x, 3.0 * x]
    }
    fn numbers(&self) -> &[f64] {
        &self.0
    }
    fn scaled(&self, k: f64) -> Box<dyn Shape> {
        Box::new(Linear([k * self.0[0]]))
    }
    fn fallible(&self, x: f64) -> Result<f64, u32> {
        Ok(self.0[0] * x)
    }
    fn boxed(&self, x: f64) -> (Box<f64>, f64) {
        (Box::new(x), self.0[0])
    }
    fn constant(&self, _: (), x: f64, _: [f64; 0]) -> (usize, f64) {
        (2, self.0[0] * x)
    }
}

impl Shape for Quadratic {
    #[inline(never)]
    fn value(&self, x: f64) -> Option<f64> {
        if x >= 0.0 { Some(self.0[0] * x * x + self.0[1]) } else { None }
    }
    #[inline(never)]
    fn counted(&self, x: f64) -> (u64, f64) {
        (if x > 1.0 { 5 } else { 2 }, self.0[0] * x * x + self.0[1])
    }
    #[inline(never)]
    fn pair(&self, x: f64) -> (f64, f64) {
        (self.0[0] * x * x, self.0[1] * x)
    }
    #[inline(never)]
    fn singles(&self, x: f32) -> [f32; 2] {
        let [a, b] = self.0.map(|n| n as f32);
        [a * x * x, b * x]
    }
    #[inline(never)]
    fn numbers(&self) -> &[f64] {
        &self.0
    }
    #[inline(never)]
    fn scaled(&self, k: f64) -> Box<dyn Shape> {
        Box::new(Quadratic(self.0.map(|n| k * k * n)))
    }
    #[inline(never)]
    fn fallible(&self, x: f64) -> Result<f64, u32> {
        if x < 10.0 { Ok(self.0[0] * x * x) } else { Err(7) }
    }
    #[inline(never)]
    fn boxed(&self, x: f64) -> (Box<f64>, f64) {
        (Box::new(self.0[0] * x), self.0[1] * x)
    }
    #[inline(never)]
    fn constant(&self, _: (), x: f64, _: [f64; 0]) -> (usize, f64) {
        (3, self.0[0] * x * x)
    }
}

#[autodiff_reverse(d_value, Unchecked, Duplicated, Active, Active)]
#[autodiff_forward(t_value, Unchecked, Dual, Dual, Dual)]
fn value(shape: &dyn Shape, x: f64) -> f64 {
    shape.value(x).unwrap_or(x * x * x)
}

// Returns what the callee returns.
#[autodiff_forward(t_same, Unchecked, Dual, Dual, Dual)]
fn same(shape: &dyn Shape, x: f64) -> Option<f64> {
    shape.value(x)
}

#[autodiff_reverse(d_counted, Unchecked, Duplicated, Active, Active)]
#[autodiff_forward(t_counted, Unchecked, Dual, Dual, Dual)]
fn counted(shape: &dyn Shape, x: f64) -> f64 {
    let mut sum = 0.0;
    for i in 1..3 {
        let (count, value) = shape.counted(f64::from(i) * x);
        sum += count as f64 * value;
    }
    sum
}

#[autodiff_reverse(d_pair, Unchecked, Duplicated, Active, Active)]
#[autodiff_forward(t_pair, Unchecked, Dual, Dual, Dual)]
fn pair(shape: &dyn Shape, x: f64) -> f64 {
    let (a, b) = shape.pair(x);
    2.0 * a + 3.0 * b
}

#[autodiff_reverse(d_singles, Unchecked, Duplicated, Active, Active)]
#[autodiff_forward(t_singles, Unchecked, Dual, Dual, Dual)]
fn singles(shape: &dyn Shape, x: f32) -> f32 {
    let [a, b] = shape.singles(x);
    2.0 * a + 5.0 * b
}

#[autodiff_reverse(d_numbers, Unchecked, Duplicated, Active, Active)]
#[autodiff_forward(t_numbers, Unchecked, Dual, Dual, Dual)]
fn numbers(shape: &dyn Shape, x: f64) -> f64 {
    shape.numbers().iter().map(|n| n * n * x).sum()
}

#[autodiff_reverse(d_scaled, Unchecked, Duplicated, Active, Active)]
#[autodiff_forward(t_scaled, Unchecked, Dual, Dual, Dual)]
fn scaled(shape: &dyn Shape, x: f64) -> f64 {
    shape.scaled(x).counted(2.0).1
}

#[autodiff_reverse(d_fallible, Unchecked, Duplicated, Active, Active)]
#[autodiff_forward(t_fallible, Unchecked, Dual, Dual, Dual)]
fn fallible(shape: &dyn Shape, x: f64) -> f64 {
    match shape.fallible(x) {
        Ok(value) => value,
        Err(code) => f64::from(code) * x,
    }
}

#[autodiff_reverse(d_boxed, Unchecked, Duplicated, Active, Active)]
#[autodiff_forward(t_boxed, Unchecked, Dual, Dual, Dual)]
fn boxed(shape: &dyn Shape, x: f64) -> f64 {
    let (one, other) = shape.boxed(x);
    *one * other
}

#[autodiff_reverse(d_constant, Unchecked, Duplicated, Active, Active)]
#[autodiff_forward(t_constant, Unchecked, Dual, Dual, Dual)]
fn constant(shape: &dyn Shape, x: f64) -> f64 {
    let (count, value) = shape.constant((), x, []);
    count as f64 * value
}

fn root(x: f64) -> Option<f64> {
    (x >= 0.0).then(|| x.sqrt())
}

fn reciprocal(x: f64) -> Option<f64> {
    if x != 0.0 { Some(1.0 / x) } else { None }
}

#[autodiff_reverse(d_pointer, Const, Active, Active)]
#[autodiff_forward(t_pointer, Const, Dual, Dual)]
fn pointer(f: fn(f64) -> Option<f64>, x: f64) -> f64 {
    f(x).map_or(5.0 * x, |y| 3.0 * y)
}

fn first<'a>(x: &'a [f64; 3], _: &mut usize) -> (&'a f64, f64) {
    (&x[0], x[1] * x[2])
}

fn last<'a>(x: &'a [f64; 3], calls: &mut usize) -> (&'a f64, f64) {
    *calls += 1;
    (&x[2], x[0] * x[0])
}

#[autodiff_reverse(d_borrowed, Const, Duplicated, Const, Active)]
#[autodiff_forward(t_borrowed, Const, Dual, Const, Dual)]
fn borrowed(
    f: for<'a> fn(&'a [f64; 3], &mut usize) -> (&'a f64, f64),
    x: &[f64; 3],
    calls: &mut usize,
) -> f64 {
    let (one, other) = f(x, calls);
    one * other
}

#[repr(C)]
struct Measured {
    count: u64,
    value: f64,
}

extern "C" fn double(x: f64) -> Measured {
    Measured { count: 3, value: 2.0 * x }
}

extern "C" fn square(x: f64) -> Measured {
    Measured { count: 5, value: x * x }
}

#[autodiff_reverse(d_measured, Const, Active, Active)]
#[autodiff_forward(t_measured, Const, Dual, Dual)]
fn measured(f: extern "C" fn(f64) -> Measured, x: f64) -> f64 {
    let m = f(x);
    m.count as f64 * m.value
}


pub fn main() {
    let (l, q) = (Linear([5.0]), Quadratic([2.0, 3.0]));
    let [linear, quadratic]: [&dyn Shape; 2] = black_box([&l, &q]);
    let (l0, q0) = (Linear([0.0]), Quadratic([0.0; 2]));
    // Tangents of the numbers.
    let (lt, qt) = (Linear([7.0]), Quadratic([7.0, 11.0]));

    // a x; a x^2 + b, and x^3 below zero.
    let mut dl = l0;
    exact("value", unsafe { d_value(linear, &mut dl, 4.0, 1.0) }, (20.0, 5.0));
    exact("value, a", dl.0, [4.0]);
    let mut dq = q0;
    exact("value", unsafe { d_value(quadratic, &mut dq, 4.0, 1.0) }, (35.0, 16.0));
    exact("value, a b", dq.0, [16.0, 1.0]);
    let mut dq = q0;
    exact("none", unsafe { d_value(quadratic, &mut dq, -2.0, 1.0) }, (-8.0, 12.0));
    exact("none, a b", dq.0, [0.0, 0.0]);
    exact("value, forward", unsafe { t_value(linear, &lt, 4.0, 3.0) }, (20.0, 15.0 + 28.0));
    exact("value, forward", unsafe { t_value(quadratic, &qt, 4.0, 3.0) }, (35.0, 48.0 + 112.0 + 11.0));
    exact("none, forward", unsafe { t_value(quadratic, &qt, -2.0, 3.0) }, (-8.0, 36.0));
    exact("same, forward", unsafe { t_same(linear, &lt, 4.0, 3.0) }, (Some(20.0), Some(43.0)));
    exact("same, forward", unsafe { t_same(quadratic, &qt, 4.0, 3.0) }, (Some(35.0), Some(171.0)));

    // 3 (a x + 2 a x); n (a x^2 + b) + m (4 a x^2 + b) with n = 2, m = 5 at 1, and n = m = 5 at 2.
    let mut dl = l0;
    exact("counted", unsafe { d_counted(linear, &mut dl, 4.0, 1.0) }, (180.0, 45.0));
    exact("counted, a", dl.0, [36.0]);
    let mut dq = q0;
    exact("counted", unsafe { d_counted(quadratic, &mut dq, 1.0, 1.0) }, (2.0 * 5.0 + 5.0 * 11.0, 88.0));
    exact("counted, a b", dq.0, [22.0, 7.0]);
    let mut dq = q0;
    exact("counted", unsafe { d_counted(quadratic, &mut dq, 2.0, 1.0) }, (5.0 * 11.0 + 5.0 * 35.0, 200.0));
    exact("counted, a b", dq.0, [100.0, 10.0]);
    exact("counted, forward", unsafe { t_counted(linear, &lt, 4.0, 1.0) }, (180.0, 45.0 + 252.0));
    exact("counted, forward", unsafe { t_counted(quadratic, &qt, 1.0, 1.0) }, (65.0, 88.0 + 154.0 + 77.0));

    // 2 a x + 3 x^2; 2 a x^2 + 3 b x.
    let mut dl = l0;
    exact("pair", unsafe { d_pair(linear, &mut dl, 4.0, 1.0) }, (88.0, 34.0));
    exact("pair, a", dl.0, [8.0]);
    let mut dq = q0;
    exact("pair", unsafe { d_pair(quadratic, &mut dq, 4.0, 1.0) }, (100.0, 41.0));
    exact("pair, a b", dq.0, [32.0, 12.0]);
    exact("pair, forward", unsafe { t_pair(linear, &lt, 4.0, 1.0) }, (88.0, 34.0 + 56.0));
    exact("pair, forward", unsafe { t_pair(quadratic, &qt, 4.0, 1.0) }, (100.0, 41.0 + 224.0 + 132.0));

    // 2 a x + 15 x; 2 a x^2 + 5 b x.
    let mut dl = l0;
    exact("singles", unsafe { d_singles(linear, &mut dl, 4.0, 1.0) }, (100.0, 25.0));
    exact("singles, a", dl.0, [8.0]);
    let mut dq = q0;
    exact("singles", unsafe { d_singles(quadratic, &mut dq, 4.0, 1.0) }, (124.0, 47.0));
    exact("singles, a b", dq.0, [32.0, 20.0]);
    exact("singles, forward", unsafe { t_singles(linear, &lt, 4.0, 1.0) }, (100.0, 25.0 + 56.0));
    exact("singles, forward", unsafe { t_singles(quadratic, &qt, 4.0, 1.0) }, (124.0, 47.0 + 224.0 + 220.0));

    // a^2 x; (a^2 + b^2) x.
    let mut dl = l0;
    exact("numbers", unsafe { d_numbers(linear, &mut dl, 4.0, 1.0) }, (100.0, 25.0));
    exact("numbers, a", dl.0, [40.0]);
    let mut dq = q0;
    exact("numbers", unsafe { d_numbers(quadratic, &mut dq, 4.0, 1.0) }, (52.0, 13.0));
    exact("numbers, a b", dq.0, [16.0, 24.0]);
    exact("numbers, forward", unsafe { t_numbers(linear, &lt, 4.0, 1.0) }, (100.0, 25.0 + 280.0));
    exact("numbers, forward", unsafe { t_numbers(quadratic, &qt, 4.0, 1.0) }, (52.0, 13.0 + 112.0 + 264.0));

    // 2 a x; x^2 (4 a + b).
    let mut dl = l0;
    exact("scaled", unsafe { d_scaled(linear, &mut dl, 4.0, 1.0) }, (40.0, 10.0));
    exact("scaled, a", dl.0, [8.0]);
    let mut dq = q0;
    exact("scaled", unsafe { d_scaled(quadratic, &mut dq, 4.0, 1.0) }, (176.0, 88.0));
    exact("scaled, a b", dq.0, [64.0, 16.0]);
    exact("scaled, forward", unsafe { t_scaled(linear, &lt, 4.0, 1.0) }, (40.0, 10.0 + 56.0));
    exact("scaled, forward", unsafe { t_scaled(quadratic, &qt, 4.0, 1.0) }, (176.0, 88.0 + 448.0 + 176.0));

    // a x; a x^2, and 7 x from 10 on.
    let mut dl = l0;
    exact("fallible", unsafe { d_fallible(linear, &mut dl, 4.0, 1.0) }, (20.0, 5.0));
    exact("fallible, a", dl.0, [4.0]);
    let mut dq = q0;
    exact("fallible", unsafe { d_fallible(quadratic, &mut dq, 4.0, 1.0) }, (32.0, 16.0));
    exact("fallible, a b", dq.0, [16.0, 0.0]);
    let mut dq = q0;
    exact("error", unsafe { d_fallible(quadratic, &mut dq, 20.0, 1.0) }, (140.0, 7.0));
    exact("error, a b", dq.0, [0.0, 0.0]);
    exact("fallible, forward", unsafe { t_fallible(linear, &lt, 4.0, 1.0) }, (20.0, 5.0 + 28.0));
    exact("error, forward", unsafe { t_fallible(quadratic, &qt, 20.0, 1.0) }, (140.0, 7.0));

    // a x; a b x^2.
    let mut dl = l0;
    exact("boxed", unsafe { d_boxed(linear, &mut dl, 4.0, 1.0) }, (20.0, 5.0));
    exact("boxed, a", dl.0, [4.0]);
    let mut dq = q0;
    exact("boxed", unsafe { d_boxed(quadratic, &mut dq, 4.0, 1.0) }, (96.0, 48.0));
    exact("boxed, a b", dq.0, [48.0, 32.0]);
    exact("boxed, forward", unsafe { t_boxed(linear, &lt, 4.0, 1.0) }, (20.0, 5.0 + 28.0));
    exact("boxed, forward", unsafe { t_boxed(quadratic, &qt, 4.0, 1.0) }, (96.0, 48.0 + 336.0 + 352.0));

    // 2 a x; 3 a x^2.
    let mut dl = l0;
    exact("constant", unsafe { d_constant(linear, &mut dl, 4.0, 1.0) }, (40.0, 10.0));
    exact("constant, a", dl.0, [8.0]);
    let mut dq = q0;
    exact("constant", unsafe { d_constant(quadratic, &mut dq, 4.0, 1.0) }, (96.0, 48.0));
    exact("constant, a b", dq.0, [48.0, 0.0]);
    exact("constant, forward", unsafe { t_constant(linear, &lt, 4.0, 1.0) }, (40.0, 10.0 + 56.0));
    exact("constant, forward", unsafe { t_constant(quadratic, &qt, 4.0, 1.0) }, (96.0, 48.0 + 336.0));

    // 3 sqrt(x), 3 / x, and 5 x for none.
    exact("root", d_pointer(black_box(root), 4.0, 1.0), (6.0, 0.75));
    exact("root of less", d_pointer(black_box(root), -4.0, 1.0), (-20.0, 5.0));
    exact("reciprocal", d_pointer(black_box(reciprocal), 2.0, 1.0), (1.5, -0.75));
    exact("reciprocal of 0", d_pointer(black_box(reciprocal), 0.0, 1.0), (0.0, 5.0));
    exact("root, forward", t_pointer(black_box(root), 4.0, 1.0), (6.0, 0.75));
    exact("reciprocal, forward", t_pointer(black_box(reciprocal), 0.0, 1.0), (0.0, 5.0));

    // x y z, and x^2 z.
    let (x, mut calls) = ([2.0, 3.0, 5.0], 0);
    let mut dx = [0.0; 3];
    exact("first", d_borrowed(black_box(first), &x, &mut dx, &mut calls, 1.0), 30.0);
    exact("first, x", dx, [15.0, 10.0, 6.0]);
    let mut dx = [0.0; 3];
    exact("last", d_borrowed(black_box(last), &x, &mut dx, &mut calls, 1.0), 20.0);
    exact("last, x", dx, [20.0, 0.0, 4.0]);
    let t = [1.0, 7.0, 11.0];
    exact("first", t_borrowed(black_box(first), &x, &t, &mut calls), (30.0, 15.0 + 70.0 + 66.0));
    exact("last", t_borrowed(black_box(last), &x, &t, &mut calls), (20.0, 20.0 + 44.0));
    exact("calls", calls, 2);

    // 6 x, and 5 x^2.
    exact("double", d_measured(black_box(double), 4.0, 1.0), (24.0, 6.0));
    exact("square", d_measured(black_box(square), 4.0, 1.0), (80.0, 40.0));
    exact("double, forward", t_measured(black_box(double), 4.0, 2.0), (24.0, 12.0));
    exact("square, forward", t_measured(black_box(square), 4.0, 2.0), (80.0, 80.0));
}
