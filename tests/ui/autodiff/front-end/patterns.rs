//! Check functions whose parameters are patterns: the derivative gives them names of its own.
//! They were internal compiler errors: <https://github.com/rust-lang/rust/issues/150328>.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0
//@[release] compile-flags: -Copt-level=3

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    x: f64,
    y: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Meters(f64);

// The gradient of x y is (y, x).
#[autodiff_reverse(d_tuple, Active, Active)]
#[autodiff_forward(t_tuple, Dual, Dual)]
fn tuple((x, y): (f64, f64)) -> f64 {
    x * y
}

#[autodiff_reverse(d_struct, Active, Active)]
fn structure(Point { x, y: mut z }: Point) -> f64 {
    z *= x;
    z
}

#[autodiff_reverse(d_newtype, Active, Active)]
fn newtype(Meters(x): Meters) -> f64 {
    3.0 * x * x
}

#[autodiff_reverse(d_array, Duplicated, Active)]
fn array([x, _, y]: &[f64; 3]) -> f64 {
    x * y
}

#[autodiff_reverse(d_reference, Duplicated, Active)]
#[autodiff_forward(t_reference, Dual, DualOnly)]
fn reference(&x: &f64) -> f64 {
    x * x
}

// The first does not matter to the value, and has the gradient 0.
#[autodiff_reverse(d_wild, Active, Active, Const, Active)]
#[autodiff_forward(t_wild, Dual, Dual, Const, Dual)]
fn wild(_: f64, x: f64, _: i32) -> f64 {
    5.0 * x
}

#[autodiff_reverse(d_mutable, Active, Active, Active)]
fn mutable(mut x: f64, ref y: f64) -> f64 {
    x *= *y;
    x * *y
}

#[autodiff_reverse(d_mutable_borrow, Active, Active)]
fn mutable_borrow(ref mut x: f64) -> f64 {
    *x *= *x;
    *x
}

#[autodiff_reverse(d_bound, Active, Active)]
fn bound(whole @ Point { x, .. }: Point) -> f64 {
    x * whole.x * whole.y
}

// Several that have no name, and one that has the name that the first of them gets.
#[autodiff_reverse(d_nameless, Active, Active, Active, Active)]
fn nameless((x, _): (f64, f64), (_, y): (f64, f64), arg0: f64) -> f64 {
    x * y * arg0
}

struct Scale(f64);

impl Scale {
    #[autodiff_reverse(d_method, Const, Active, Active)]
    fn method(&self, (x, y): (f64, f64)) -> f64 {
        self.0 * x * y
    }
}

pub fn main() {
    exact("tuple", d_tuple(black_box((2.0, 3.0)), 1.0), (6.0, (3.0, 2.0)));
    exact("tuple", t_tuple(black_box((2.0, 3.0)), (10.0, 100.0)), (6.0, 230.0));
    let got = d_struct(black_box(Point { x: 2.0, y: 3.0 }), 1.0);
    exact("structure", got, (6.0, Point { x: 3.0, y: 2.0 }));
    exact("newtype", d_newtype(black_box(Meters(2.0)), 1.0), (12.0, Meters(12.0)));
    let mut dx = [0.0; 3];
    exact("array, value", d_array(&black_box([2.0, 3.0, 5.0]), &mut dx, 1.0), 10.0);
    exact("array, gradient", dx, [5.0, 0.0, 2.0]);
    let mut dx = 0.0;
    exact("reference, value", d_reference(&black_box(3.0), &mut dx, 1.0), 9.0);
    exact("reference, gradient", dx, 6.0);
    exact("reference, tangent", t_reference(&black_box(3.0), &10.0), 60.0);
    exact("wild", d_wild(black_box(7.0), black_box(2.0), 1, 1.0), (10.0, 0.0, 5.0));
    exact("wild", t_wild(black_box(7.0), 3.0, black_box(2.0), 10.0, 1), (10.0, 50.0));
    exact("mutable", d_mutable(black_box(2.0), black_box(3.0), 1.0), (18.0, 9.0, 12.0));
    exact("mutable_borrow", d_mutable_borrow(black_box(3.0), 1.0), (9.0, 6.0));
    let got = d_bound(black_box(Point { x: 2.0, y: 3.0 }), 1.0);
    exact("bound", got, (12.0, Point { x: 12.0, y: 4.0 }));
    let got = d_nameless(black_box((2.0, 7.0)), black_box((7.0, 3.0)), black_box(5.0), 1.0);
    exact("nameless", got, (30.0, (15.0, 0.0), (0.0, 10.0), 6.0));
    let got = black_box(Scale(10.0)).d_method(black_box((2.0, 3.0)), 1.0);
    exact("method", got, (60.0, (30.0, 20.0)));
}
