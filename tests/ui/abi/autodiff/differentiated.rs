//! Check that a function gives one answer however it is called while derivatives of it are taken in
//! the same program, and the derivatives too: the primal that Enzyme reads, the shim that pointers
//! go through and the derivative are different functions.
//!
//! Without `-Zautodiff=Enable` a derivative can stand in a program as long as nothing needs its
//! code.

//@ run-pass
//@ edition: 2024
//@ revisions: debug release lto off_debug off_release
//@[debug] needs-enzyme (differentiates, and runs the result)
//@[release] needs-enzyme (differentiates, and runs the result)
//@[lto] needs-enzyme (differentiates, and runs the result)
//@[lto] no-prefer-dynamic (fat LTO)
//@[debug] compile-flags: -Zautodiff=Enable -Copt-level=0
//@[release] compile-flags: -Zautodiff=Enable -Copt-level=3
//@[lto] compile-flags: -Zautodiff=Enable -Copt-level=3 -Clto=fat
//@[off_debug] compile-flags: -Copt-level=0
//@[off_release] compile-flags: -Copt-level=3

#![feature(autodiff, rustc_attrs)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;

#[path = "auxiliary/headers.rs"]
mod headers;
use headers::{Mixed, Pair, exact};

// The gradient is (2 x y, x^2).
#[autodiff_reverse(d_scalars, Active, Active, Active)]
#[autodiff_forward(d_scalars_forward, Dual, Const, Dual)]
#[inline(never)]
fn scalars(x: f64, y: f64) -> f64 {
    x * x * y
}

// The gradient is (x1, x0 + x2, x1).
#[autodiff_reverse(d_slice, Duplicated, Active)]
#[inline(never)]
fn slice(x: &[f64]) -> f64 {
    x[0] * x[1] + x[1] * x[2]
}

// The gradient of a b + 3 k is (b, a) and 3.
#[autodiff_reverse(d_references, Duplicated, Active, Active)]
#[inline(never)]
fn references(p: &Pair, k: f64) -> f64 {
    p.a * p.b + 3.0 * k
}

// The Jacobian is [[x1, x0], [1, 1]].
#[autodiff_reverse(d_out, Duplicated, Duplicated)]
#[inline(never)]
fn out(x: &[f64; 2], y: &mut [f64; 2]) {
    *y = [x[0] * x[1], x[0] + x[1]];
}

// (x^3)' = 3 x^2
#[autodiff_reverse(d_generic, Active, Active)]
#[inline(never)]
fn generic<T: Copy + std::ops::Mul<Output = T>>(x: T) -> T {
    x * x * x
}

fn functions() {
    let p = Pair { a: 2.0, b: 3.0 };
    exact("scalars", "directly", scalars(black_box(3.0), 5.0), 45.0);
    let f: fn(f64, f64) -> f64 = black_box(scalars);
    exact("scalars", "by pointer", f(3.0, 5.0), 45.0);
    let f: &dyn Fn(f64, f64) -> f64 = black_box(&scalars);
    exact("scalars", "by &dyn Fn", f(3.0, 5.0), 45.0);

    exact("slice", "directly", slice(black_box(&[3.0, 5.0, 7.0])), 50.0);
    let f: fn(&[f64]) -> f64 = black_box(slice);
    exact("slice", "by pointer", f(&[3.0, 5.0, 7.0]), 50.0);
    let mapped: Vec<f64> = [&[1.0, 2.0, 3.0][..], &[2.0; 3]].into_iter().map(slice).collect();
    exact("slice", "mapped", mapped, vec![8.0, 8.0]);

    exact("references", "directly", references(black_box(&p), 5.0), 21.0);
    let f: Box<dyn Fn(&Pair, f64) -> f64> = black_box(Box::new(references));
    exact("references", "by Box<dyn Fn>", f(&p, 5.0), 21.0);

    let mut y = [0.0; 2];
    let f: fn(&[f64; 2], &mut [f64; 2]) = black_box(out);
    f(&[3.0, 5.0], &mut y);
    exact("out", "by pointer", y, [15.0, 8.0]);

    exact("generic", "directly", generic(black_box(2.0f32)), 8.0);
    let f: fn(f64) -> f64 = black_box(generic);
    exact("generic", "by pointer", f(2.0), 8.0);
    let f: fn(u8) -> u8 = black_box(generic);
    exact("generic", "by pointer, an instance without derivative", f(2), 8);
}

#[cfg(any(debug, release))]
fn derivatives_of_functions() {
    // A derivative is no primal, and has the ordinary ABI.
    exact("d_scalars", "directly", d_scalars(black_box(3.0), 5.0, 1.0), (45.0, 30.0, 9.0));
    let d: fn(f64, f64, f64) -> (f64, f64, f64) = black_box(d_scalars);
    exact("d_scalars", "by pointer", d(3.0, 5.0, 1.0), (45.0, 30.0, 9.0));
    let d: &dyn Fn(f64, f64, f64) -> (f64, f64) = black_box(&d_scalars_forward);
    exact("d_scalars_forward", "by &dyn Fn", d(3.0, 0.5, 5.0), (45.0, 15.0));

    let mut dx = [0.0; 3];
    let d: fn(&[f64], &mut [f64], f64) -> f64 = black_box(d_slice);
    exact("d_slice", "value, by pointer", d(&[3.0, 5.0, 7.0], &mut dx, 1.0), 50.0);
    exact("d_slice", "gradient, by pointer", dx, [5.0, 10.0, 5.0]);

    let (p, mut dp) = (black_box(Pair { a: 2.0, b: 3.0 }), Pair { a: 0.0, b: 0.0 });
    exact("d_references", "value", d_references(&p, &mut dp, 5.0, 1.0), (21.0, 3.0));
    exact("d_references", "gradient", dp, Pair { a: 3.0, b: 2.0 });

    let (mut dx, mut y, mut dy) = ([0.0; 2], [0.0; 2], [10.0, 100.0]);
    d_out(&black_box([3.0, 5.0]), &mut dx, &mut y, &mut dy);
    exact("d_out", "value", y, [15.0, 8.0]);
    exact("d_out", "gradient", dx, [150.0, 130.0]);

    exact("d_generic", "of f32", d_generic(black_box(2.0f32), 1.0), (8.0, 12.0));
    let d: fn(f64, f64) -> (f64, f64) = black_box(d_generic);
    exact("d_generic", "of f64, by pointer", d(2.0, 1.0), (8.0, 12.0));
}

// Its derivative is in the vtable as well, which is why it is not there without the flag.
trait Model {
    #[cfg_attr(any(debug, release), autodiff_reverse(d_eval, Const, Active, Active))]
    #[cfg_attr(not(any(debug, release)), rustc_autodiff)]
    fn eval(&self, x: f64) -> f64;
}

impl Model for Pair {
    #[inline(never)]
    fn eval(&self, x: f64) -> f64 {
        self.a * x + self.b * x * x
    }
}

impl Model for f64 {
    #[inline(never)]
    fn eval(&self, x: f64) -> f64 {
        *self * x * x * x
    }
}

impl Pair {
    // d/da = x, d/db = x^2, d/dx = a + 2 b x
    #[autodiff_reverse(d_line, Duplicated, Active, Active)]
    #[inline(never)]
    fn line(&self, x: f64) -> f64 {
        self.a * x + self.b * x * x
    }
}

fn methods() {
    let p = black_box(Pair { a: 2.0, b: 3.0 });
    exact("line", "directly", p.line(5.0), 85.0);
    let f: fn(&Pair, f64) -> f64 = black_box(Pair::line);
    exact("line", "by pointer", f(&p, 5.0), 85.0);

    exact("eval", "directly", p.eval(5.0), 85.0);
    let f: fn(&Pair, f64) -> f64 = black_box(Pair::eval);
    exact("eval", "by pointer", f(&p, 5.0), 85.0);
    for (model, want) in black_box([(&p as &dyn Model, 85.0), (&7.0f64, 875.0)]) {
        exact("eval", "by vtable", model.eval(5.0), want);
    }
}

#[cfg(any(debug, release))]
fn derivatives_of_methods() {
    let (p, mut dp) = (black_box(Pair { a: 2.0, b: 3.0 }), Pair { a: 0.0, b: 0.0 });
    exact("d_line", "value and d/dx", p.d_line(&mut dp, 5.0, 1.0), (85.0, 32.0));
    exact("d_line", "d/dself", dp, Pair { a: 5.0, b: 25.0 });
    exact("d_eval", "of Pair", p.d_eval(5.0, 1.0), (85.0, 32.0));
    for (model, want) in black_box([(&p as &dyn Model, (85.0, 32.0)), (&7.0, (875.0, 525.0))]) {
        exact("d_eval", "by vtable", model.d_eval(5.0, 1.0), want);
    }
}

// Nothing calls these derivatives, so nothing differentiates the functions: not every header that a
// derivative may be written for could be differentiated by 1.96.
#[autodiff_reverse(d_uncalled, Active, Active, Const, Active)]
#[inline(never)]
fn uncalled(x: (f64, f64), y: [f32; 2], m: Mixed) -> Pair {
    Pair { a: x.0 * y[1] as f64, b: x.1 * y[0] as f64 + m.b }
}

#[autodiff_forward(d_uncalled_option, Dual, Dual)]
#[inline(never)]
fn uncalled_option(x: Option<f64>) -> Option<f64> {
    x.map(|x| x * x)
}

// `track_caller` is left to the primal.
#[autodiff_reverse(d_uncalled_tracked, Active, Active)]
#[track_caller]
#[inline(never)]
fn uncalled_tracked(x: (f32, f32)) -> (f32, f32) {
    assert_eq!(std::panic::Location::caller().file(), file!());
    (x.1, x.0)
}

fn never_differentiated() {
    let m = Mixed { flag: true, a: 2.0, n: 3, b: 1000.0, c: 7 };
    let want = Pair { a: 26.0, b: 1033.0 };
    exact("uncalled", "directly", uncalled(black_box((2.0, 3.0)), [11.0, 13.0], m), want);
    let f: fn((f64, f64), [f32; 2], Mixed) -> Pair = black_box(uncalled);
    exact("uncalled", "by pointer", f((2.0, 3.0), [11.0, 13.0], m), want);
    exact("uncalled_option", "directly", uncalled_option(black_box(Some(3.0))), Some(9.0));
    exact("uncalled_option", "mapped", [Some(3.0), None].map(uncalled_option), [Some(9.0), None]);
    exact("uncalled_tracked", "directly", uncalled_tracked(black_box((2.0, 3.0))), (3.0, 2.0));
    let f: fn((f32, f32)) -> (f32, f32) = black_box(uncalled_tracked);
    exact("uncalled_tracked", "by pointer", f((2.0, 3.0)), (3.0, 2.0));
}

fn main() {
    functions();
    methods();
    never_differentiated();
    #[cfg(any(debug, release))]
    {
        derivatives_of_functions();
        derivatives_of_methods();
    }
}
