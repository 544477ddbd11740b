//! Check the derivatives of functions that call methods of trait objects that lie behind other pointers: in
//! boxes, slices of boxes, reference counts and structs, and of such that the function makes and drops.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;
use std::hint::black_box;
use std::rc::Rc;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

trait Shape {
    fn value(&self, x: f64) -> f64;
    /// Its numbers.
    fn numbers(&self) -> Vec<f64>;
}

struct Linear {
    a: f64,
}

struct Polynomial {
    coefficients: Vec<f64>,
}

impl Shape for Linear {
    fn value(&self, x: f64) -> f64 {
        self.a * x
    }
    fn numbers(&self) -> Vec<f64> {
        vec![self.a]
    }
}

impl Shape for Polynomial {
    fn value(&self, x: f64) -> f64 {
        self.coefficients.iter().rev().fold(0.0, |y, c| y * x + c)
    }
    fn numbers(&self) -> Vec<f64> {
        self.coefficients.clone()
    }
}

fn linear(a: f64) -> Box<dyn Shape> {
    Box::new(Linear { a })
}

fn polynomial(coefficients: [f64; 3]) -> Box<dyn Shape> {
    Box::new(Polynomial { coefficients: coefficients.to_vec() })
}

#[autodiff_reverse(d_sum, Unchecked, Duplicated, Active, Active)]
fn sum(shapes: &[Box<dyn Shape>], x: f64) -> f64 {
    shapes.iter().map(|shape| shape.value(x)).sum()
}

#[autodiff_reverse(d_composed, Const, Active, Active)]
fn composed(shapes: &Vec<Box<dyn Shape>>, x: f64) -> f64 {
    let mut y = x;
    for shape in shapes {
        y = shape.value(y);
    }
    y
}

struct Model {
    first: Box<dyn Shape>,
    second: Rc<dyn Shape>,
    offset: f64,
}

#[autodiff_reverse(d_model, Unchecked, Duplicated, Active, Active)]
fn model(m: &Model, x: f64) -> f64 {
    m.first.value(x) * m.second.value(x) + m.offset
}

#[autodiff_reverse(d_counted, Const, Active, Active)]
fn counted(shape: &Rc<dyn Shape>, x: f64) -> f64 {
    let another = Rc::clone(shape);
    another.value(x)
}

#[autodiff_reverse(d_made, Active, Active)]
fn made(x: f64) -> f64 {
    let shape = if x > 1.0 { linear(x) } else { polynomial([x, 2.0, x]) };
    shape.value(x)
}

pub fn main() {
    let mut shadow = vec![linear(0.0), polynomial([0.0; 3]), linear(0.0)];
    let shapes = black_box(vec![linear(3.0), polynomial([1.0, 2.0, 4.0]), linear(7.0)]);
    // 3 x + 1 + 2 x + 4 x^2 + 7 x.
    exact("sum", unsafe { d_sum(&shapes, &mut shadow, 5.0, 1.0) }, (161.0, 52.0));
    exact("sum[0]", shadow[0].numbers(), vec![5.0]);
    exact("sum[1]", shadow[1].numbers(), vec![1.0, 5.0, 25.0]);
    exact("sum[2]", shadow[2].numbers(), vec![5.0]);

    // y = 3 x, then 1 + 2 y + 4 y^2, then 7 of that.
    exact("composed", d_composed(&shapes, 5.0, 1.0), (6517.0, 7.0 * 122.0 * 3.0));

    let m = Model { first: linear(3.0), second: Rc::from(polynomial([1.0, 2.0, 4.0])), offset: 9.0 };
    let mut shadow =
        Model { first: linear(0.0), second: Rc::from(polynomial([0.0; 3])), offset: 0.0 };
    // a x (c0 + c1 x + c2 x^2) + offset at x = 2: 6 * 21 + 9.
    exact("model", unsafe { d_model(black_box(&m), &mut shadow, 2.0, 1.0) }, (135.0, 3.0 * 21.0 + 6.0 * 18.0));
    exact("model.first", shadow.first.numbers(), vec![42.0]);
    exact("model.second", shadow.second.numbers(), vec![6.0, 12.0, 24.0]);
    exact("model.offset", shadow.offset, 1.0);

    let counts: [Rc<dyn Shape>; 2] = [Rc::from(linear(3.0)), Rc::from(polynomial([1.0, 2.0, 4.0]))];
    exact("counted", d_counted(&black_box(&counts)[0], 5.0, 1.0), (15.0, 3.0));
    exact("counted", d_counted(&black_box(&counts)[1], 5.0, 1.0), (111.0, 42.0));
    exact("count", Rc::strong_count(&counts[0]), 1);

    // x^2, and x + 2 x + x^3.
    exact("made", d_made(black_box(3.0), 1.0), (9.0, 6.0));
    exact("made", d_made(black_box(0.5), 1.0), (1.625, 3.75));
}
