//! Check the derivatives of methods: with the receiver by value, by reference and behind a pointer, active
//! or not, inherent or of a trait, with a default body, generic, associated functions and constants, on
//! types with parameters of every kind.

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
use std::ops::{Add, Mul};

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Line {
    a: f64,
    b: f32,
}

impl Line {
    const SCALE: f64 = 7.0;

    // 7 (a x + b): by a: 7 x; by b: 7; by x: 7 a
    #[autodiff_reverse(d_by_value, Active, Active, Active)]
    #[autodiff_reverse(d_by_value_const, Const, Active, Active)]
    #[autodiff_forward(t_by_value, Dual, Dual, Dual)]
    fn by_value(self, x: f64) -> f64 {
        Self::SCALE * (self.a * x + self.b as f64)
    }

    #[autodiff_reverse(d_by_box, Const, Active, Active)]
    fn by_box(self: Box<Self>, x: f64) -> f64 {
        Self::SCALE * (self.a * x + self.b as f64)
    }

    #[autodiff_reverse(d_shift, Duplicated, Active)]
    #[autodiff_forward(t_shift, Dual, Dual)]
    fn shift(&mut self, by: f64) {
        self.a *= by;
        self.b += by as f32;
    }

    #[autodiff_reverse(d_scaled, Const, Active, Active)]
    #[autodiff_forward(t_scaled, Dual, Dual, Dual)]
    fn scaled(&self, by: f64) -> Self {
        Line { a: self.a * by, b: self.b * by as f32 }
    }

    #[autodiff_reverse(d_new, Active, Active, Active)]
    fn new(a: f64, b: f64) -> Self {
        Self { a: 3.0 * a, b: 5.0 * b as f32 }
    }
}

fn inherent() {
    let line = black_box(Line { a: 2.0, b: 3.0 });
    exact("by_value", line.d_by_value(5.0, 1.0), (91.0, Line { a: 35.0, b: 7.0 }, 14.0));
    exact("by_value, const", line.d_by_value_const(5.0, 1.0), (91.0, 14.0));
    exact("by_value", line.t_by_value(Line { a: 1.0, b: 10.0 }, 5.0, 100.0), (91.0, 1505.0));
    exact("by_box", Box::new(line).d_by_box(5.0, 1.0), (91.0, 14.0));

    let (mut shifted, mut dline) = (line, Line { a: 10.0, b: 100.0 });
    exact("shift", shifted.d_shift(&mut dline, 5.0), 20.0 + 100.0);
    exact("shift", (shifted, dline), (Line { a: 10.0, b: 8.0 }, Line { a: 50.0, b: 100.0 }));
    let (mut shifted, mut dline) = (line, Line { a: 10.0, b: 100.0 });
    shifted.t_shift(&mut dline, 5.0, 1000.0);
    exact("shift", dline, Line { a: 50.0 + 2000.0, b: 1100.0 });

    let got = line.d_scaled(5.0, Line { a: 1.0, b: 10.0 });
    exact("scaled", got, (Line { a: 10.0, b: 15.0 }, 2.0 + 30.0));
    let got = line.t_scaled(&Line { a: 1.0, b: 10.0 }, 5.0, 100.0);
    exact("scaled", got, (Line { a: 10.0, b: 15.0 }, Line { a: 205.0, b: 350.0 }));
    let got = Line::d_new(black_box(2.0), 7.0, Line { a: 1.0, b: 10.0 });
    exact("new", got, (Line { a: 6.0, b: 35.0 }, 3.0, 50.0));
}

// A primal is a method of a trait: each implementation has the derivative.
trait Curve {
    const DEGREE: i32;

    #[autodiff_reverse(d_at, Duplicated, Active, Active)]
    #[autodiff_forward(t_at, Dual, Dual, Dual)]
    fn at(&self, x: f64) -> f64;

    // With a body of its own: degree x^2
    #[autodiff_reverse(d_default, Const, Active, Active)]
    fn default(&self, x: f64) -> f64 {
        Self::DEGREE as f64 * x * x
    }

    #[autodiff_reverse(d_associated, Active, Active)]
    fn associated(x: (f64, f64)) -> f64 {
        x.0 * x.1 * Self::DEGREE as f64
    }
}

impl Curve for Line {
    const DEGREE: i32 = 1;

    fn at(&self, x: f64) -> f64 {
        self.a * x + self.b as f64
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Poly<T, const N: usize>([T; N]);

impl<T: Copy + Into<f64>, const N: usize> Curve for Poly<T, N> {
    const DEGREE: i32 = N as i32 - 1;

    fn at(&self, x: f64) -> f64 {
        let mut y = 0.0;
        for i in 0..N {
            y = y * x + self.0[N - 1 - i].into();
        }
        y
    }

    fn default(&self, x: f64) -> f64 {
        -x
    }
}

fn of_a_trait() {
    let line = black_box(Line { a: 2.0, b: 3.0 });
    let mut dline = Line { a: 0.0, b: 0.0 };
    exact("line", line.d_at(&mut dline, 5.0, 1.0), (13.0, 2.0));
    exact("line", dline, Line { a: 5.0, b: 1.0 });
    exact("line", line.t_at(&Line { a: 1.0, b: 10.0 }, 5.0, 100.0), (13.0, 215.0));
    exact("line, default", line.d_default(3.0, 1.0), (9.0, 6.0));
    exact("line, associated", Line::d_associated(black_box((2.0, 3.0)), 1.0), (6.0, (3.0, 2.0)));

    // 2 + 3 x + 5 x^2 at 2 is 28, its slope 3 + 10 x is 23.
    let poly = black_box(Poly([2.0f32, 3.0, 5.0]));
    let mut dpoly = Poly([0.0f32; 3]);
    exact("poly", poly.d_at(&mut dpoly, 2.0, 1.0), (28.0, 23.0));
    exact("poly", dpoly, Poly([1.0, 2.0, 4.0]));
    exact("poly", poly.t_at(&Poly([1.0, 10.0, 100.0]), 2.0, 1.0), (28.0, 421.0 + 23.0));
    exact("poly, default", poly.d_default(3.0, 1.0), (-3.0, -1.0));
    let got = Poly::<f64, 4>::d_associated(black_box((2.0, 3.0)), 1.0);
    exact("poly, associated", got, (18.0, (9.0, 6.0)));
}

// Generic in the type of the struct and in one of its own; a type with a lifetime.
struct Fit<'a, T> {
    data: &'a [T],
    weight: T,
}

impl<T> Fit<'_, T>
where
    T: Copy + Mul<Output = T> + Add<Output = T>,
{
    // weight (x data0 + y data1)
    #[autodiff_reverse(d_predict, Const, Active, Active, Active)]
    #[autodiff_forward(t_predict, Const, Dual, Dual, Dual)]
    fn predict<U: Into<T>>(&self, x: U, y: T) -> T {
        self.weight * (x.into() * self.data[0] + y * self.data[1])
    }

    // The same by the struct: the gradient by the data lands behind the shadow's reference.
    #[autodiff_reverse(d_norm, Unchecked, Duplicated, Active)]
    fn norm(&self) -> T {
        self.weight * (self.data[0] * self.data[0] + self.data[1] * self.data[1])
    }
}

// A closure in a field, as in solvers of differential equations.
struct Equation<F> {
    rhs: F,
    scale: f64,
}

impl<F: Fn(&[f64], &[f64], f64) -> f64> Equation<F> {
    #[autodiff_reverse(d_call_x, Const, Duplicated, Const, Const, Duplicated)]
    #[autodiff_reverse(d_call_p, Const, Const, Duplicated, Const, Duplicated)]
    #[autodiff_forward(t_call_x, Const, Dual, Const, Const, Dual)]
    #[autodiff_forward(t_call_p, Const, Const, Dual, Const, Dual)]
    fn call(&self, x: &[f64], p: &[f64], t: f64, y: &mut [f64]) {
        for y in y {
            *y = self.scale * (self.rhs)(x, p, t);
        }
    }
}

fn generic() {
    let data = black_box([3.0, 5.0]);
    let fit = Fit { data: &data, weight: 2.0 };
    exact("predict", fit.d_predict(7.0f32, 11.0, 1.0), (152.0, 6.0, 10.0));
    exact("predict", fit.t_predict(7.0f64, 1.0, 11.0, 10.0), (152.0, 106.0));
    let fit = Fit { data: &data.map(|x| x as f32)[..], weight: 2.0 };
    exact("predict, f32", fit.d_predict(7.0f32, 11.0, 1.0), (152.0, 6.0, 10.0));

    let fit = Fit { data: &data, weight: 2.0 };
    let mut gradient = [0.0; 2];
    // The shadow of a shared reference is written to all the same: it has to come from a mutable one.
    let pointer = &raw mut gradient;
    let mut dfit = Fit { data: unsafe { &*pointer }, weight: 0.0 };
    exact("norm", unsafe { fit.d_norm(&mut dfit, 1.0) }, 68.0);
    exact("norm", (black_box(gradient), dfit.weight), ([12.0, 20.0], 34.0));

    // scale (k p0 x0 x1 + t p1): by x: scale k p0 (x1, x0); by p: scale (k x0 x1, t)
    let k = black_box(7.0);
    let equation =
        Equation { rhs: |x: &[f64], p: &[f64], t| k * p[0] * x[0] * x[1] + t * p[1], scale: 2.0 };
    let (x, p, t) = ([2.0, 3.0], [5.0, 11.0], 13.0);
    let (mut dx, mut y, mut dy) = ([0.0; 2], [0.0; 1], [10.0; 1]);
    equation.d_call_x(&x, &mut dx, &p, t, &mut y, &mut dy);
    exact("call, by x", (y, dx), ([706.0], [2100.0, 1400.0]));
    let (mut dp, mut dy) = ([0.0; 2], [10.0; 1]);
    equation.d_call_p(&x, &p, &mut dp, t, &mut y, &mut dy);
    exact("call, by p", (y, dp), ([706.0], [840.0, 260.0]));
    equation.t_call_x(&x, &[1.0, 10.0], &p, t, &mut y, &mut dy);
    exact("call, along x", (y, dy), ([706.0], [210.0 + 1400.0]));
    equation.t_call_p(&x, &p, &[1.0, 10.0], t, &mut y, &mut dy);
    exact("call, along p", (y, dy), ([706.0], [84.0 + 260.0]));
}

pub fn main() {
    inherent();
    of_a_trait();
    generic();
}
