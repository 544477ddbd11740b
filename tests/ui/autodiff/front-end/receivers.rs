//! Check derivatives of methods, for every way to take `self`, in inherent implementations and in traits.

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
use std::pin::Pin;
use std::rc::Rc;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Model {
    a: f64,
    b: f64,
}

// The gradient of a b x is (b x, a x) by the model, and a b by x.
impl Model {
    #[autodiff_reverse(d_by_value, Active, Active, Active)]
    #[autodiff_forward(t_by_value, Dual, Dual, Dual)]
    fn by_value(self, x: f64) -> f64 {
        self.a * self.b * x
    }

    #[autodiff_reverse(d_by_mut_value, Active, Active, Active)]
    fn by_mut_value(mut self, x: f64) -> f64 {
        self.a *= self.b;
        self.a * x
    }

    #[autodiff_reverse(d_by_ref, Duplicated, Active, Active)]
    #[autodiff_reverse(d_by_const_ref, Const, Active, Active)]
    #[autodiff_forward(t_by_ref, Dual, Dual, DualOnly)]
    fn by_ref(&self, x: f64) -> f64 {
        self.a * self.b * x
    }

    #[autodiff_reverse(d_by_named_lifetime, Duplicated, Active, Active)]
    fn by_named_lifetime<'a>(&'a self, x: f64) -> f64 {
        let model: &'a Self = self;
        model.a * model.b * x
    }

    // Leaves the product in `a`.
    #[autodiff_reverse(d_by_mut_ref, Duplicated, Active)]
    #[autodiff_forward(t_by_mut_ref, Dual, Dual)]
    fn by_mut_ref(&mut self, x: f64) {
        self.a *= self.b * x;
    }

    #[autodiff_reverse(d_typed, Duplicated, Active, Active)]
    fn typed(self: &Self, x: f64) -> f64 {
        self.a * self.b * x
    }

    #[autodiff_reverse(d_typed_by_name, Active, Active, Active)]
    fn typed_by_name(self: Model, x: f64) -> f64 {
        self.a * self.b * x
    }

    #[autodiff_reverse(d_boxed, Const, Active, Active)]
    fn boxed(self: Box<Self>, x: f64) -> f64 {
        self.a * self.b * x
    }

    #[autodiff_reverse(d_boxed_ref, Const, Active, Active)]
    fn boxed_ref(self: &Box<Self>, x: f64) -> f64 {
        self.a * self.b * x
    }

    #[autodiff_reverse(d_counted, Const, Active, Active)]
    fn counted(self: Rc<Self>, x: f64) -> f64 {
        self.a * self.b * x
    }

    #[autodiff_reverse(d_pinned, Const, Active, Active)]
    fn pinned(self: Pin<&Self>, x: f64) -> f64 {
        self.a * self.b * x
    }

    #[autodiff_reverse(d_without, Active, Active)]
    fn without(model: Self) -> f64 {
        model.a * model.b
    }
}

fn inherent() {
    let model = black_box(Model { a: 2.0, b: 3.0 });
    let gradient = Model { a: 15.0, b: 10.0 };
    exact("by_value", model.d_by_value(5.0, 1.0), (30.0, gradient, 6.0));
    let tangent = Model { a: 1.0, b: 10.0 };
    exact("by_value, forward", model.t_by_value(tangent, 5.0, 100.0), (30.0, 715.0));
    exact("by_mut_value", model.d_by_mut_value(5.0, 1.0), (30.0, gradient, 6.0));
    let mut d = Model { a: 0.0, b: 0.0 };
    exact("by_ref", model.d_by_ref(&mut d, 5.0, 1.0), (30.0, 6.0));
    exact("by_ref", d, gradient);
    exact("by_ref, Const", model.d_by_const_ref(5.0, 1.0), (30.0, 6.0));
    exact("by_ref, forward", model.t_by_ref(&tangent, 5.0, 100.0), 715.0);
    let mut d = Model { a: 0.0, b: 0.0 };
    exact("by_named_lifetime", model.d_by_named_lifetime(&mut d, 5.0, 1.0), (30.0, 6.0));
    exact("by_named_lifetime", d, gradient);
    let (mut changed, mut d) = (model, Model { a: 1.0, b: 0.0 });
    exact("by_mut_ref", changed.d_by_mut_ref(&mut d, 5.0), 6.0);
    exact("by_mut_ref", (changed.a, d), (30.0, gradient));
    let (mut changed, mut d) = (model, tangent);
    changed.t_by_mut_ref(&mut d, 5.0, 100.0);
    exact("by_mut_ref, forward", (changed.a, d.a), (30.0, 715.0));
    let mut d = Model { a: 0.0, b: 0.0 };
    exact("typed", model.d_typed(&mut d, 5.0, 1.0), (30.0, 6.0));
    exact("typed", d, gradient);
    exact("typed_by_name", model.d_typed_by_name(5.0, 1.0), (30.0, gradient, 6.0));
    exact("boxed", Box::new(model).d_boxed(5.0, 1.0), (30.0, 6.0));
    exact("boxed_ref", (&Box::new(model)).d_boxed_ref(5.0, 1.0), (30.0, 6.0));
    exact("counted", Rc::new(model).d_counted(5.0, 1.0), (30.0, 6.0));
    exact("pinned", Pin::new(&model).d_pinned(5.0, 1.0), (30.0, 6.0));
    exact("without", Model::d_without(model, 1.0), (6.0, Model { a: 3.0, b: 2.0 }));
}

// Derivatives that a trait provides, with the function declared, provided, and replaced.
trait Curve {
    #[autodiff_reverse(d_declared, Const, Active, Active)]
    #[autodiff_forward(t_declared, Const, Dual, Dual)]
    fn declared(&self, x: f64) -> f64;

    #[autodiff_reverse(d_provided, Const, Active, Active)]
    fn provided(&self, x: f64) -> f64 {
        x * x
    }

    #[autodiff_reverse(d_consuming, Active, Active, Active)]
    fn consuming(self, x: f64) -> f64
    where
        Self: Sized;

    #[autodiff_reverse(d_without_self, Active, Active)]
    fn without_self(x: f64) -> f64
    where
        Self: Sized;
}

impl Curve for Model {
    fn declared(&self, x: f64) -> f64 {
        self.a * x * x
    }

    fn consuming(self, x: f64) -> f64 {
        self.a * self.b * x
    }

    fn without_self(x: f64) -> f64 {
        7.0 * x
    }
}

#[derive(Debug, PartialEq)]
struct Other(f64);

impl Curve for Other {
    fn declared(&self, x: f64) -> f64 {
        self.0 * x
    }

    fn provided(&self, x: f64) -> f64 {
        x * x * x
    }

    fn consuming(self, x: f64) -> f64 {
        self.0 * x
    }

    fn without_self(x: f64) -> f64 {
        x * x
    }
}

// A derivative that is an item of the trait, made by the implementation.
trait Differentiable {
    fn value(&self, x: f64) -> f64;
    fn d_value(&self, x: f64, seed: f64) -> (f64, f64);
}

impl Differentiable for Model {
    #[autodiff_reverse(d_value, Const, Active, Active)]
    fn value(&self, x: f64) -> f64 {
        self.a * x * x
    }
}

fn traits() {
    let model = black_box(Model { a: 2.0, b: 3.0 });
    exact("declared", model.d_declared(5.0, 1.0), (50.0, 20.0));
    exact("declared, forward", model.t_declared(5.0, 10.0), (50.0, 200.0));
    exact("declared, Other", black_box(Other(2.0)).d_declared(5.0, 1.0), (10.0, 2.0));
    exact("provided", model.d_provided(5.0, 1.0), (25.0, 10.0));
    exact("provided, Other", black_box(Other(2.0)).d_provided(5.0, 1.0), (125.0, 75.0));
    let gradient = Model { a: 15.0, b: 10.0 };
    exact("consuming", model.d_consuming(5.0, 1.0), (30.0, gradient, 6.0));
    exact("consuming, Other", black_box(Other(2.0)).d_consuming(5.0, 1.0), (10.0, Other(5.0), 2.0));
    exact("without_self", Model::d_without_self(black_box(5.0), 1.0), (35.0, 7.0));
    exact("without_self, Other", Other::d_without_self(black_box(5.0), 1.0), (25.0, 10.0));
    exact("by the implementation", model.d_value(5.0, 1.0), (50.0, 20.0));
    let object: &dyn Differentiable = &model;
    exact("by the implementation, dyn", object.d_value(5.0, 1.0), (50.0, 20.0));
}

pub fn main() {
    inherent();
    traits();
}
