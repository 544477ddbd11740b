//! Check the derivatives of functions that call methods of trait objects whose types only the running
//! program knows: by the object as it is and with a shadow, with default methods and such that replace
//! them, supertraits, generic traits, methods with generic parameters, and a primal that is a method.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug small release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[small] compile-flags: -Copt-level=s -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

trait Named {
    fn factor(&self) -> f64;
}

trait Shape: Named {
    fn value(&self, x: f64) -> f64;

    fn twice(&self, x: f64) -> f64 {
        2.0 * self.value(x)
    }

    fn apply<F: Fn(f64) -> f64>(&self, f: F, x: f64) -> f64
    where
        Self: Sized,
    {
        f(self.value(x))
    }
}

struct Linear {
    a: f64,
}

#[derive(Clone, Copy)]
struct Quadratic {
    a: f64,
    b: f64,
}

impl Named for Linear {
    fn factor(&self) -> f64 {
        self.a
    }
}

impl Shape for Linear {
    fn value(&self, x: f64) -> f64 {
        self.a * x
    }
}

impl Named for Quadratic {
    #[inline(never)]
    fn factor(&self) -> f64 {
        self.a * self.b
    }
}

impl Shape for Quadratic {
    fn value(&self, x: f64) -> f64 {
        self.a * x * x + self.b
    }

    fn twice(&self, x: f64) -> f64 {
        self.apply(|y| y * y, x)
    }
}

#[autodiff_reverse(d_value, Const, Active, Active)]
#[autodiff_reverse(d_value_dup, Unchecked, Duplicated, Active, Active)]
#[autodiff_forward(t_value, Const, Dual, Dual)]
#[autodiff_forward(t_value_dup, Unchecked, Dual, Dual, Dual)]
fn value(shape: &dyn Shape, x: f64) -> f64 {
    shape.value(x)
}

#[autodiff_reverse(d_all, Unchecked, Duplicated, Active, Active)]
fn all(shape: &dyn Shape, x: f64) -> f64 {
    shape.twice(x) + shape.factor() * x
}

#[autodiff_reverse(d_super, Unchecked, Duplicated, Active, Active)]
fn upcast(shape: &dyn Shape, x: f64) -> f64 {
    let named: &dyn Named = shape;
    named.factor() * x
}

#[autodiff_reverse(d_mutable, Unchecked, Duplicated, Active, Active)]
fn mutable(shape: &mut dyn Shape, x: f64) -> f64 {
    shape.value(x)
}

trait Map<T> {
    fn map(&self, x: T) -> T;
}

struct Scale(f64);
struct Shift(f64);

impl Map<f64> for Scale {
    fn map(&self, x: f64) -> f64 {
        self.0 * x
    }
}
impl Map<f64> for Shift {
    fn map(&self, x: f64) -> f64 {
        self.0 + x
    }
}
impl Map<[f64; 3]> for Scale {
    fn map(&self, x: [f64; 3]) -> [f64; 3] {
        x.map(|x| self.0 * x)
    }
}
impl Map<[f64; 3]> for Shift {
    fn map(&self, x: [f64; 3]) -> [f64; 3] {
        [x[1] + self.0, x[2] * x[0], x[0]]
    }
}

#[autodiff_reverse(d_map, Unchecked, Duplicated, Duplicated, Active, Active)]
fn map(m: &dyn Map<f64>, n: &dyn Map<[f64; 3]>, x: f64) -> f64 {
    let [a, b, c] = n.map([x, 2.0 * x, 3.0 * x]);
    m.map(x) + 2.0 * a + 3.0 * b + 5.0 * c
}

impl dyn Shape {
    #[autodiff_reverse(d_cubed, Unchecked, Duplicated, Active, Active)]
    fn cubed(&self, x: f64) -> f64 {
        let y = self.value(x);
        y * y * y
    }
}

pub fn main() {
    let linear = Linear { a: 3.0 };
    let quadratic = Quadratic { a: 3.0, b: 4.0 };
    let zero = Quadratic { a: 0.0, b: 0.0 };
    let shapes: [&dyn Shape; 2] = black_box([&linear, &quadratic]);

    exact("linear", d_value(shapes[0], 5.0, 1.0), (15.0, 3.0));
    exact("linear, seed", d_value(shapes[0], 5.0, 7.0), (15.0, 21.0));
    exact("linear, forward", t_value(shapes[0], 5.0, 1.0), (15.0, 3.0));
    exact("quadratic", d_value(shapes[1], 5.0, 1.0), (79.0, 30.0));
    exact("quadratic, forward", t_value(shapes[1], 5.0, 1.0), (79.0, 30.0));

    let mut dl = Linear { a: 0.0 };
    exact("linear", unsafe { d_value_dup(shapes[0], &mut dl, 5.0, 1.0) }, (15.0, 3.0));
    exact("linear.a", dl.a, 5.0);
    let mut dq = zero;
    exact("quadratic", unsafe { d_value_dup(shapes[1], &mut dq, 5.0, 1.0) }, (79.0, 30.0));
    exact("quadratic a b", (dq.a, dq.b), (25.0, 1.0));
    // a x, tangents of a and x: 2 and 1.
    exact("linear", unsafe { t_value_dup(shapes[0], &Linear { a: 2.0 }, 5.0, 1.0) }, (15.0, 13.0));
    exact("quadratic", unsafe { t_value_dup(shapes[1], &Quadratic { a: 2.0, b: 7.0 }, 5.0, 1.0) }, (79.0, 87.0));

    // 3 a x.
    let mut dl = Linear { a: 0.0 };
    exact("default method", unsafe { d_all(shapes[0], &mut dl, 5.0, 1.0) }, (45.0, 9.0));
    exact("default method, a", dl.a, 15.0);
    // (a x^2 + b)^2 + a b x at x = 2: 16^2 + 24.
    let mut dq = zero;
    exact("own method", unsafe { d_all(shapes[1], &mut dq, 2.0, 1.0) }, (280.0, 2.0 * 16.0 * 12.0 + 12.0));
    exact("own method, a", dq.a, 2.0 * 16.0 * 4.0 + 8.0);
    exact("own method, b", dq.b, 2.0 * 16.0 + 6.0);

    let mut dl = Linear { a: 0.0 };
    exact("supertrait", unsafe { d_super(shapes[0], &mut dl, 5.0, 1.0) }, (15.0, 3.0));
    exact("supertrait, a", dl.a, 5.0);
    let mut dq = zero;
    exact("supertrait", unsafe { d_super(shapes[1], &mut dq, 5.0, 1.0) }, (60.0, 12.0));
    exact("supertrait, a b", (dq.a, dq.b), (20.0, 15.0));

    let mut q = quadratic;
    let mut dq = zero;
    let object: &mut dyn Shape = black_box(&mut q);
    exact("mutable", unsafe { d_mutable(object, &mut dq, 5.0, 1.0) }, (79.0, 30.0));
    exact("mutable, a b", (dq.a, dq.b), (25.0, 1.0));

    // 7 x + 2 * 11 x + 3 * 22 x + 5 * 33 x.
    let (mut dm, mut dn) = (Scale(0.0), Scale(0.0));
    let (m, n): (&dyn Map<f64>, &dyn Map<[f64; 3]>) = black_box((&Scale(7.0), &Scale(11.0)));
    exact("map", unsafe { d_map(m, &mut dm, n, &mut dn, 2.0, 1.0) }, (520.0, 260.0));
    exact("map, scales", (dm.0, dn.0), (2.0, 2.0 * 23.0));
    // 7 + x + 2 (2 x + 11) + 3 * 3 x^2 + 5 x.
    let (mut dm, mut dn) = (Shift(0.0), Shift(0.0));
    let (m, n): (&dyn Map<f64>, &dyn Map<[f64; 3]>) = black_box((&Shift(7.0), &Shift(11.0)));
    exact("map", unsafe { d_map(m, &mut dm, n, &mut dn, 2.0, 1.0) }, (85.0, 46.0));
    exact("map, shifts", (dm.0, dn.0), (1.0, 2.0));

    // (a x)^3 and (a x^2 + b)^3.
    let mut dl = Linear { a: 0.0 };
    exact("cubed", unsafe { <dyn Shape>::d_cubed(shapes[0], &mut dl, 2.0, 1.0) }, (216.0, 324.0));
    exact("cubed, a", dl.a, 216.0);
    let mut dq = zero;
    exact("cubed", unsafe { <dyn Shape>::d_cubed(shapes[1], &mut dq, 2.0, 1.0) }, (4096.0, 768.0 * 12.0));
    exact("cubed, a b", (dq.a, dq.b), (768.0 * 4.0, 768.0));
}
