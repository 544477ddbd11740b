//! Check the error for several shadows of what may lead to a trait object: whether each is of the type of the
//! trait object cannot be checked. Beside one that is `Const`, other arguments may have several.

//@ build-fail
//@ needs-enzyme (differentiates)
//@ edition: 2024
//@ compile-flags: -Zautodiff=Enable

#![feature(autodiff)]

use std::autodiff::autodiff_forward;
use std::rc::Rc;

trait Shape {
    fn value(&self, x: f64) -> f64;
}

struct Linear(f64);

impl Shape for Linear {
    fn value(&self, x: f64) -> f64 {
        self.0 * x
    }
}

#[autodiff_forward(t_object, 2, Dual, Dual, Dual)] //~ ERROR `&dyn Shape` cannot be `Dual`
fn object(shape: &dyn Shape, x: f64) -> f64 {
    shape.value(x)
}

struct Model {
    shapes: Vec<Rc<dyn Shape>>,
}

#[autodiff_forward(t_model, 2, Dual, Dual, Dual)] //~ ERROR `&Model` cannot be `Dual`
fn model(m: &Model, x: f64) -> f64 {
    m.shapes.iter().map(|shape| shape.value(x)).sum()
}

#[autodiff_forward(t_constant, 2, Const, Dual, Dual)]
fn constant(shape: &dyn Shape, x: f64) -> f64 {
    shape.value(x)
}

fn main() {
    let linear: &dyn Shape = &Linear(3.0);
    t_object(linear, linear, linear, 5.0, 1.0, 2.0);
    let m = Model { shapes: vec![] };
    t_model(&m, &m, &m, 5.0, 1.0, 2.0);
    t_constant(linear, 5.0, 1.0, 2.0);
}
