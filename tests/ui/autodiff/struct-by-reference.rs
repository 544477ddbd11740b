//! Check derivatives by the fields of a struct that is passed by reference with a shadow struct
//! beside it: mixed field types, padding, nested structs, arrays, tuples, and `&self`.
//!
//! Each expected value is worked out by hand from the formula beside it. Every field has a
//! coefficient of its own, so that a derivative which lands in the wrong field shows.

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

#[path = "auxiliary/check.rs"]
mod check;
use check::{F64, close, exact};

// Two floats: what rustc passes as a scalar pair when it is not behind a reference.
// (2 a b^2)' = (2 b^2, 4 a b)
#[derive(Clone, Copy, PartialEq, Debug)]
struct Pair {
    a: f64,
    b: f64,
}

#[autodiff_reverse(d_pair, Duplicated, Active)]
#[autodiff_forward(d_pair_forward, Dual, Dual)]
fn pair(p: &Pair) -> f64 {
    2.0 * p.a * p.b * p.b
}

fn pairs() {
    let p = black_box(Pair { a: 3.0, b: 5.0 });
    let mut dp = Pair { a: 0.0, b: 0.0 };
    exact("pair, value", d_pair(&p, &mut dp, 1.0), 150.0);
    exact("pair, gradient", dp, Pair { a: 50.0, b: 60.0 });
    // 50 * 1 + 60 * 10
    exact("pair, forward", d_pair_forward(&p, &Pair { a: 1.0, b: 10.0 }), (150.0, 650.0));
}

// rustc reorders these fields, and there is padding after the last of them.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Mixed {
    flag: bool,
    a: f32,
    b: f64,
    n: u16,
    c: [f64; 3],
    d: (f64, f32),
}

const MIXED_ZERO: Mixed = Mixed { flag: true, a: 0.0, b: 0.0, n: 0, c: [0.0; 3], d: (0.0, 0.0) };

// s n a b + 2 c0 + 3 c1 + 5 c2^2 + d0 d1, where s is 1 for a set flag and -1 for a clear one:
// d/da = s n b, d/db = s n a, d/dc = (2, 3, 10 c2), d/dd = (d1, d0)
#[autodiff_reverse(d_mixed, Duplicated, Active)]
#[autodiff_forward(d_mixed_forward, Dual, Dual)]
fn mixed(m: &Mixed) -> f64 {
    let sign = if m.flag { 1.0 } else { -1.0 };
    sign * f64::from(m.n) * f64::from(m.a) * m.b
        + 2.0 * m.c[0]
        + 3.0 * m.c[1]
        + 5.0 * m.c[2] * m.c[2]
        + m.d.0 * f64::from(m.d.1)
}

fn mixed_fields() {
    let mut m = Mixed { flag: false, a: 2.0, b: 3.0, n: 7, c: [11.0, 13.0, 17.0], d: (19.0, 23.0) };
    // -7 * 2 * 3 + 22 + 39 + 5 * 289 + 437 = -42 + 61 + 1445 + 437
    let value = 1901.0;
    let want = Mixed { a: -21.0, b: -14.0, c: [2.0, 3.0, 170.0], d: (23.0, 19.0), ..MIXED_ZERO };

    let mut dm = MIXED_ZERO;
    exact("mixed, value", d_mixed(black_box(&m), &mut dm, 1.0), value);
    exact("mixed, gradient", dm, want);

    m.flag = true;
    let mut dm = MIXED_ZERO;
    d_mixed(black_box(&m), &mut dm, 1.0);
    exact("mixed, gradient with the flag set", (dm.a, dm.b), (21.0, 14.0));

    m.flag = false;
    let tangent = Mixed { a: 1.0, b: 10.0, c: [100.0, 0.5, -1.0], d: (2.0, 4.0), ..MIXED_ZERO };
    // -21 - 140 + 200 + 1.5 - 170 + 46 + 76
    exact("mixed, forward", d_mixed_forward(black_box(&m), &tangent), (value, -7.5));
}

#[derive(Clone, Copy, PartialEq, Debug)]
struct Nested {
    inner: [Pair; 2],
    scale: f32,
}

// (scale (a0 b1 - b0 a1))' with respect to a0, b0, a1, b1 and scale
#[autodiff_reverse(d_nested, Duplicated, Active)]
fn nested(n: &Nested) -> f64 {
    let [p, q] = &n.inner;
    f64::from(n.scale) * (p.a * q.b - p.b * q.a)
}

fn nested_structs() {
    let n = black_box(Nested {
        inner: [Pair { a: 2.0, b: 3.0 }, Pair { a: 5.0, b: 7.0 }],
        scale: 10.0,
    });
    let zero = Pair { a: 0.0, b: 0.0 };
    let mut dn = Nested { inner: [zero, zero], scale: 0.0 };
    exact("nested, value", d_nested(&n, &mut dn, 1.0), -10.0);
    let want =
        Nested { inner: [Pair { a: 70.0, b: -50.0 }, Pair { a: -30.0, b: 20.0 }], scale: -1.0 };
    exact("nested, gradient", dn, want);
}

// Methods: the shadow of `&self` stands behind it, `Const` means there is none.
impl Pair {
    // d/da = x, d/db = x^2, d/dx = a + 2 b x
    #[autodiff_reverse(d_line, Duplicated, Active, Active)]
    #[autodiff_reverse(d_line_by_x, Const, Active, Active)]
    #[autodiff_forward(d_line_forward, Dual, Const, Dual)]
    fn line(&self, x: f64) -> f64 {
        self.a * x + self.b * x * x
    }

    // Reads `x`, writes `y`. With a seed s:
    // d/da = s sqrt x0, d/db = s x1, d/dx = (s a / (2 sqrt x0), s b)
    #[autodiff_reverse(d_objective, Duplicated, Duplicated, Duplicated)]
    fn objective(&self, x: &[f64], y: &mut f64) {
        *y = self.a * x[0].sqrt() + self.b * x[1];
    }

    // Writes its own fields: from d/d(new) to d/d(old) = (d_a + b d_b, a d_b)
    #[autodiff_reverse(d_step, Duplicated)]
    fn step(&mut self) {
        self.b *= self.a;
    }
}

fn methods() {
    let p = black_box(Pair { a: 2.0, b: 3.0 });
    let x = black_box(5.0);
    let mut dp = Pair { a: 0.0, b: 0.0 };
    exact("line, value and d/dx", p.d_line(&mut dp, x, 1.0), (85.0, 32.0));
    exact("line, d/dself", dp, Pair { a: 5.0, b: 25.0 });
    exact("line by x", p.d_line_by_x(x, 1.0), (85.0, 32.0));
    exact("line, forward", p.d_line_forward(&Pair { a: 1.0, b: 10.0 }, x), (85.0, 255.0));

    let x = black_box([7.0, 11.0]);
    let (mut dp, mut dx, mut y, mut dy) = (Pair { a: 0.0, b: 0.0 }, [0.0; 2], 0.0, 2.0);
    p.d_objective(&mut dp, &x, &mut dx, &mut y, &mut dy);
    let root = 7.0f64.sqrt();
    close("objective, value", y, 2.0 * root + 33.0, F64);
    close("objective, d/da", dp.a, 2.0 * root, F64);
    close("objective, d/db", dp.b, 22.0, F64);
    close("objective, d/dx0", dx[0], 2.0 * 2.0 / (2.0 * root), F64);
    close("objective, d/dx1", dx[1], 6.0, F64);
    exact("objective, seed afterwards", dy, 0.0);

    let (mut p, mut dp) = (black_box(Pair { a: 2.0, b: 3.0 }), Pair { a: 10.0, b: 100.0 });
    p.d_step(&mut dp);
    exact("step, value", p, Pair { a: 2.0, b: 6.0 });
    exact("step, gradient", dp, Pair { a: 310.0, b: 200.0 });
}

pub fn main() {
    pairs();
    mixed_fields();
    nested_structs();
    methods();
}
