//! Check the derivatives of functions that take enums by value: with the tag beside the fields, in a niche
//! of one of them, of a size that the source gives, and with variants that differ in their floats. A
//! gradient is of the variant that the argument is of.
//!
//! Each float has a prime of its own as coefficient, so that a wrong number names it.

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
use std::num::NonZero;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

// 2 a^2 + 3 b
#[autodiff_reverse(d_pair, Active, Active)]
#[autodiff_forward(t_pair, Dual, Dual)]
fn pair(x: Option<(f64, f64)>) -> f64 {
    match x {
        Some((a, b)) => 2.0 * a * a + 3.0 * b,
        None => 7.0,
    }
}

// 2 x0 + 3 x1 + 5 x2^2
#[autodiff_reverse(d_array, Active, Active)]
#[autodiff_forward(t_array, Dual, Dual)]
fn array(x: Option<[f32; 3]>) -> f32 {
    x.map_or(7.0, |[a, b, c]| 2.0 * a + 3.0 * b + 5.0 * c * c)
}

// The tag is a niche of the bool, the one of the outer `Option` another.
#[autodiff_reverse(d_niche, Active, Active)]
#[autodiff_forward(t_niche, Dual, Dual)]
fn niche(x: Option<Option<(bool, f64)>>) -> f64 {
    match x {
        Some(Some((flag, x))) => if flag { 5.0 * x } else { 7.0 * x },
        Some(None) => 11.0,
        None => 13.0,
    }
}

fn options() {
    exact("pair", d_pair(black_box(Some((2.0, 5.0))), 1.0), (23.0, Some((8.0, 3.0))));
    exact("pair, none", d_pair(black_box(None), 1.0), (7.0, None));
    exact("pair", t_pair(black_box(Some((2.0, 5.0))), Some((1.0, 10.0))), (23.0, 38.0));
    exact("pair, none", t_pair(black_box(None), None), (7.0, 0.0));

    exact("array", d_array(black_box(Some([1.0, 2.0, 3.0])), 1.0), (53.0, Some([2.0, 3.0, 30.0])));
    exact("array, none", d_array(black_box(None), 1.0), (7.0, None));
    let got = t_array(black_box(Some([1.0, 2.0, 3.0])), Some([1.0, 10.0, 100.0]));
    exact("array", got, (53.0, 3032.0));

    for (flag, slope) in [(true, 5.0), (false, 7.0)] {
        let got = d_niche(black_box(Some(Some((flag, 2.0)))), 1.0);
        exact("niche", got, (2.0 * slope, Some(Some((flag, slope)))));
        let got = t_niche(black_box(Some(Some((flag, 2.0)))), Some(Some((flag, 10.0))));
        exact("niche", got, (2.0 * slope, 10.0 * slope));
    }
    exact("niche, inner none", d_niche(black_box(Some(None)), 1.0), (11.0, Some(None)));
    exact("niche, none", d_niche(black_box(None), 1.0), (13.0, None));
}

// Two variants of one shape: 2 x^2, and 3 e
#[autodiff_reverse(d_either_float, Active, Active)]
#[autodiff_forward(t_either_float, Dual, Dual)]
fn either_float(x: Result<f64, f64>) -> f64 {
    match x {
        Ok(x) => 2.0 * x * x,
        Err(e) => 3.0 * e,
    }
}

// The error lies where no variant has a float.
#[autodiff_reverse(d_or_code, Active, Active)]
#[autodiff_forward(t_or_code, Dual, Dual)]
fn or_code(x: Result<f64, u32>) -> f64 {
    match x {
        Ok(x) => 2.0 * x * x,
        Err(code) => code as f64,
    }
}

fn results() {
    exact("either_float", d_either_float(black_box(Ok(2.0)), 1.0), (8.0, Ok(8.0)));
    exact("either_float", d_either_float(black_box(Err(2.0)), 1.0), (6.0, Err(3.0)));
    exact("either_float", t_either_float(black_box(Ok(2.0)), Ok(10.0)), (8.0, 80.0));
    exact("either_float", t_either_float(black_box(Err(2.0)), Err(10.0)), (6.0, 30.0));
    exact("or_code", d_or_code(black_box(Ok(2.0)), 1.0), (8.0, Ok(8.0)));
    exact("or_code", d_or_code(black_box(Err(17)), 1.0), (17.0, Err(17)));
    exact("or_code", t_or_code(black_box(Ok(2.0)), Ok(10.0)), (8.0, 80.0));
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Circle(f64),
    Rectangle { width: f64, height: f64 },
    Point,
}

// 3 r^2, or 2 w h, or 7
#[autodiff_reverse(d_area, Active, Active)]
#[autodiff_forward(t_area, Dual, Dual)]
fn area(shape: Shape) -> f64 {
    match shape {
        Shape::Circle(r) => 3.0 * r * r,
        Shape::Rectangle { width, height } => 2.0 * width * height,
        Shape::Point => 7.0,
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
enum Tagged {
    Linear(f32, i16),
    Square { x: f32, factor: Option<NonZero<u32>> },
}

// (n x), or factor x^2, or x^2
#[autodiff_reverse(d_tagged, Active, Active)]
fn tagged(x: Tagged) -> f32 {
    match x {
        Tagged::Linear(x, n) => n as f32 * x,
        Tagged::Square { x, factor } => factor.map_or(1, |factor| factor.get()) as f32 * x * x,
    }
}

// What tells the variants apart is an enum without fields.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    Sum,
    Difference,
}

#[autodiff_reverse(d_by_mode, Const, Active, Active)]
#[autodiff_reverse(d_with_mode, Const, Const, Active)]
fn by_mode(mode: Mode, x: (f64, f64)) -> f64 {
    match mode {
        Mode::Sum => 2.0 * x.0 + 3.0 * x.1,
        Mode::Difference => 2.0 * x.0 - 3.0 * x.1,
    }
}

fn of_ones_own() {
    use Shape::*;
    exact("circle", d_area(black_box(Circle(2.0)), 1.0), (12.0, Circle(12.0)));
    let x = Rectangle { width: 3.0, height: 5.0 };
    let want = Rectangle { width: 10.0, height: 6.0 };
    exact("rectangle", d_area(black_box(x), 1.0), (30.0, want));
    exact("point", d_area(black_box(Point), 1.0), (7.0, Point));
    exact("circle", t_area(black_box(Circle(2.0)), Circle(10.0)), (12.0, 120.0));
    let dx = Rectangle { width: 1.0, height: 10.0 };
    exact("rectangle", t_area(black_box(x), dx), (30.0, 70.0));

    let got = d_tagged(black_box(Tagged::Linear(2.0, 17)), 1.0);
    exact("linear", got, (34.0, Tagged::Linear(17.0, 17)));
    let factor = NonZero::new(19);
    let got = d_tagged(black_box(Tagged::Square { x: 2.0, factor }), 1.0);
    exact("square", got, (76.0, Tagged::Square { x: 76.0, factor }));
    let got = d_tagged(black_box(Tagged::Square { x: 2.0, factor: None }), 1.0);
    exact("square, none", got, (4.0, Tagged::Square { x: 4.0, factor: None }));

    exact("sum", d_by_mode(black_box(Mode::Sum), (1.0, 1.0), 1.0), (5.0, (2.0, 3.0)));
    exact("difference", d_by_mode(black_box(Mode::Difference), (1.0, 1.0), 1.0), (-1.0, (2.0, -3.0)));
    exact("nothing active", d_with_mode(black_box(Mode::Sum), (1.0, 1.0), 1.0), 5.0);
}

pub fn main() {
    options();
    results();
    of_ones_own();
}
