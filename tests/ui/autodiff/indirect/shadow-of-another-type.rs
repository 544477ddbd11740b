//! Check that a derivative stops the program if the shadow of a trait object is of another type than the
//! object, wherever it lies: it would write to what is no part of the shadow.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ needs-subprocess
//@[lto] no-prefer-dynamic (fat LTO)
//@ edition: 2024
//@ revisions: debug release lto
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16
//@[lto] compile-flags: -Copt-level=3 -Clto=fat

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::env;
use std::hint::black_box;
use std::process::Command;
use std::rc::Rc;

trait Shape {
    fn value(&self, x: f64) -> f64;
}

struct Linear(f64);
struct Cubic(f64);
struct Pair(f64, f64);
struct Twice(Box<dyn Shape>);

impl Shape for Linear {
    fn value(&self, x: f64) -> f64 {
        self.0 * x
    }
}

impl Shape for Cubic {
    fn value(&self, x: f64) -> f64 {
        self.0 * x * x * x
    }
}

impl Shape for Pair {
    fn value(&self, x: f64) -> f64 {
        self.0 * x + self.1
    }
}

impl Shape for Twice {
    fn value(&self, x: f64) -> f64 {
        2.0 * self.0.value(x)
    }
}

#[autodiff_reverse(d_value, Unchecked, Duplicated, Active, Active)]
#[autodiff_forward(t_value, Unchecked, Dual, Const, Dual)]
fn value(shape: &dyn Shape, x: f64) -> f64 {
    shape.value(x)
}

#[autodiff_reverse(d_sum, Unchecked, Duplicated, Active, Active)]
#[autodiff_forward(t_sum, Unchecked, Dual, Const, Dual)]
fn sum(shapes: &[Box<dyn Shape>], x: f64) -> f64 {
    shapes.iter().map(|shape| shape.value(x)).sum()
}

struct Model {
    shape: Rc<dyn Shape>,
    factor: f64,
}

#[autodiff_reverse(d_model, Unchecked, Duplicated, Active, Active)]
fn model(m: &Model, x: f64) -> f64 {
    m.shape.value(x) * m.factor
}

fn linear(a: f64) -> Box<dyn Shape> {
    black_box(Box::new(Linear(a)))
}

fn cubic(a: f64) -> Box<dyn Shape> {
    black_box(Box::new(Cubic(a)))
}

fn twice(shape: Box<dyn Shape>) -> Box<dyn Shape> {
    black_box(Box::new(Twice(shape)))
}

pub fn main() {
    let shape = linear(3.0);
    let (mut dl, mut pair) = (Linear(0.0), Pair(0.0, 0.0));
    assert_eq!(unsafe { d_value(&*shape, &mut dl, 5.0, 1.0) }, (15.0, 3.0));
    assert_eq!(dl.0, 5.0);
    assert_eq!(unsafe { t_value(&*shape, &Linear(2.0), 5.0) }, (15.0, 10.0));

    // 3 x + 2 * 4 x^3 at x = 2, and 5 x + 2 * 7 x^3 for the tangents 5 and 7.
    let shapes = [linear(3.0), twice(cubic(4.0))];
    let tangents = [linear(5.0), twice(cubic(7.0))];
    assert_eq!(unsafe { t_sum(&shapes, &tangents, 2.0) }, (70.0, 122.0));
    let mut shadows = [linear(0.0), twice(cubic(0.0))];
    assert_eq!(unsafe { d_sum(&shapes, &mut shadows, 2.0, 1.0) }, (70.0, 99.0));
    assert_eq!(shadows.map(|shape| shape.value(1.0)), [2.0, 2.0 * 16.0]);

    let m = Model { shape: linear(3.0).into(), factor: 7.0 };
    let mut dm = Model { shape: linear(0.0).into(), factor: 0.0 };
    assert_eq!(unsafe { d_model(&m, &mut dm, 5.0, 1.0) }, (105.0, 21.0));
    assert_eq!((dm.shape.value(1.0), dm.factor), (35.0, 15.0));

    let result = match env::args().nth(1).as_deref() {
        Some("size") => unsafe { d_value(&*shape, black_box(&mut pair), 5.0, 1.0) },
        Some("methods") => unsafe { d_value(&*shape, &mut *cubic(0.0), 5.0, 1.0) },
        Some("forward") => unsafe { t_value(&*shape, &*cubic(2.0), 5.0) },
        Some("slice") => unsafe { d_sum(&shapes, &mut [linear(0.0), linear(0.0)], 2.0, 1.0) },
        Some("nested") => unsafe { d_sum(&shapes, &mut [linear(0.0), twice(linear(0.0))], 2.0, 1.0) },
        Some("forward, nested") => unsafe { t_sum(&shapes, &[linear(0.0), twice(linear(0.0))], 2.0) },
        Some("field") => {
            let mut dm = Model { shape: cubic(0.0).into(), factor: 0.0 };
            unsafe { d_model(&m, &mut dm, 5.0, 1.0) }
        }
        Some(other) => panic!("no case {other}"),
        None => return parent(),
    };
    println!("went on with {result:?}");
}

fn parent() {
    for case in ["size", "methods", "forward", "slice", "nested", "forward, nested", "field"] {
        let output = Command::new(env::current_exe().unwrap()).arg(case).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{case}: {output:?}");
        assert!(output.stdout.is_empty(), "{case}: {output:?}");
        for part in [
            "no derivative of a call of",
            "Shape",
            "value",
            "the shadow of the trait object is of another type than the trait object",
        ] {
            assert!(stderr.contains(part), "{case}: no {part} in {stderr}");
        }
    }
}
