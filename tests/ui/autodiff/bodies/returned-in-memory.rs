//! Check the derivatives of functions that call another one, which is not inlined, and which does nothing
//! but write what it returns: in LLVM, it writes to memory only.

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

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

#[derive(Clone, Copy)]
struct Many {
    a: f64,
    b: f64,
    c: [f64; 3],
}

#[inline(never)]
fn products(m: Many, k: f64) -> Many {
    Many { a: k * m.a * m.b, b: m.c[0] * m.c[1], c: [m.a, m.b, k * m.c[2]] }
}

#[inline(never)]
fn sums(m: Many, k: f64) -> Many {
    Many { a: m.a + m.b, b: k * m.b, c: [m.c[0], m.c[0] + m.c[1], k + m.c[2]] }
}

#[autodiff_reverse(d_either, Const, Duplicated, Active, Active)]
fn either(first: bool, m: &Many, k: f64) -> f64 {
    let m = if first { products(*m, k) } else { sums(*m, k) };
    2.0 * m.a + 3.0 * m.b + 5.0 * m.c[0] + 7.0 * m.c[1] + 11.0 * m.c[2]
}

#[inline(never)]
fn zeros() -> [f64; 2] {
    [0.0; 2]
}

#[autodiff_forward(t_constant, Dual, Dual)]
fn constant(_x: f64) -> [f64; 2] {
    zeros()
}

#[inline(never)]
fn twice_and_zero(x: f64) -> [f64; 2] {
    [2.0 * x, 0.0]
}

#[autodiff_reverse(d_doubled, Active, Active)]
fn doubled(x: f64) -> [f64; 2] {
    twice_and_zero(x)
}

// Leaves something where the next function has its variables.
#[inline(never)]
fn leave_something() -> f64 {
    black_box([1.5; 64]).iter().sum()
}

pub fn main() {
    assert_eq!(leave_something(), 96.0);
    exact("constant", t_constant(2.0, 10.0), ([0.0; 2], [0.0; 2]));
    exact("doubled", d_doubled(3.0, [5.0, 7.0]), ([6.0, 0.0], 10.0));
    let m = Many { a: 2.0, b: 3.0, c: [5.0, 7.0, 11.0] };
    let mut dm = Many { a: 0.0, b: 0.0, c: [0.0; 3] };
    // 2 k a b + 3 c0 c1 + 5 a + 7 b + 11 k c2, k = 13.
    let value = 156.0 + 105.0 + 10.0 + 21.0 + 1573.0;
    exact("products", d_either(true, &m, &mut dm, 13.0, 1.0), (value, 12.0 + 121.0));
    exact("products a b", (dm.a, dm.b), (78.0 + 5.0, 52.0 + 7.0));
    exact("products c", dm.c, [21.0, 15.0, 143.0]);
    // 2 (a + b) + 3 k b + 5 c0 + 7 (c0 + c1) + 11 (k + c2).
    dm = Many { a: 0.0, b: 0.0, c: [0.0; 3] };
    let value = 10.0 + 117.0 + 25.0 + 84.0 + 264.0;
    exact("sums", d_either(false, &m, &mut dm, 13.0, 1.0), (value, 9.0 + 11.0));
    exact("sums a b", (dm.a, dm.b), (2.0, 41.0));
    exact("sums c", dm.c, [12.0, 7.0, 11.0]);
}
