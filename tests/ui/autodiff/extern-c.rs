//! Check the derivatives of functions that keep an ABI of their own: `extern "C"`, with structs that the
//! C ABI passes in registers and in memory. Enzyme differentiates a wrapper around them.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]
#![allow(improper_ctypes_definitions)] // the derivatives inherit the ABI, and return tuples

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;

#[path = "auxiliary/check.rs"]
mod check;
use check::exact;

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Two {
    a: f64,
    n: i64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Large {
    a: [f64; 3],
    n: u16,
}

#[autodiff_reverse(d_scalar, Active, Active)]
#[autodiff_forward(t_scalar, Dual, Dual)]
extern "C" fn scalar(x: f64) -> f64 {
    3.0 * x * x
}

#[autodiff_reverse(d_two, Active, Active)]
#[autodiff_forward(t_two, Dual, Dual)]
extern "C" fn two(x: Two) -> f64 {
    3.0 * x.a * x.n as f64
}

#[autodiff_reverse(d_large, Active, Active, Active)]
extern "C" fn large(x: Large, y: f64) -> f64 {
    2.0 * x.a[0] + 3.0 * x.a[1] * y + x.n as f64 * x.a[2]
}

#[autodiff_reverse(d_to_large, Active, Active)]
extern "C" fn to_large(x: f64) -> Large {
    Large { a: [2.0 * x, 3.0 * x, 5.0 * x * x], n: 7 }
}

#[autodiff_reverse(d_slice, Duplicated, Const, Active)]
unsafe extern "C" fn slice(x: *const f64, n: usize) -> f64 {
    let mut sum = 0.0;
    for i in 0..n {
        sum += unsafe { *x.add(i) * *x.add(i) };
    }
    sum
}

pub fn main() {
    exact("scalar", d_scalar(black_box(2.0), 1.0), (12.0, 12.0));
    exact("scalar", t_scalar(black_box(2.0), 10.0), (12.0, 120.0));
    let x = Two { a: 2.0, n: 5 };
    exact("two", d_two(black_box(x), 1.0), (30.0, Two { a: 15.0, n: 5 }));
    exact("two", t_two(black_box(x), Two { a: 10.0, n: 5 }), (30.0, 150.0));
    let x = Large { a: [2.0, 3.0, 5.0], n: 7 };
    let want = (4.0 + 90.0 + 35.0, Large { a: [2.0, 30.0, 7.0], n: 7 }, 9.0);
    exact("large", d_large(black_box(x), 10.0, 1.0), want);
    let seed = Large { a: [1.0, 10.0, 100.0], n: 0 };
    let (value, gradient) = d_to_large(black_box(2.0), seed);
    exact("to_large", (value, gradient), (Large { a: [4.0, 6.0, 20.0], n: 7 }, 2032.0));
    let (x, mut dx) = ([1.0, 2.0, 3.0], [0.0, 10.0, 0.0]);
    let value = unsafe { d_slice(black_box(x.as_ptr()), dx.as_mut_ptr(), 3, 1.0) };
    exact("slice", (value, dx), (14.0, [2.0, 14.0, 6.0]));
}
