//! Check that a primal takes a closure as a pointer to what it has captured, and a closure that has
//! captured one scalar as that scalar. The primals are the generic functions' instances.

//@ only-x86_64 (what an ordinary function gets depends on the architecture)
//@ needs-enzyme (differentiates)
//@ needs-crate-type: cdylib
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable -Ccodegen-units=1 -Csymbol-mangling-version=v0
//@[debug] compile-flags: -Copt-level=0
//@[release] compile-flags: -Copt-level=3

// A library that is linked: there Enzyme runs, and what LLVM does after it shows.
#![crate_type = "cdylib"]
#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;

// CHECK: define {{.*}}@_R{{.*}}12two_captured{{[^(.]*}}(ptr {{[^%]*}}align 8 {{[^%]*}}%f, double {{[^%]*}}%x)
#[autodiff_reverse(d_two_captured, Const, Active, Active)]
#[inline(never)]
fn two_captured<F: Fn(f64) -> f64>(f: F, x: f64) -> f64 {
    f(x) * x
}

// CHECK: define {{.*}}@_R{{.*}}18plain_two_captured{{[^(.]*}}(double {{[^%]*}}%{{[^,]*}}, double {{[^%]*}}%{{[^,]*}}, double {{[^%]*}}%x)
#[inline(never)]
fn plain_two_captured<F: Fn(f64) -> f64>(f: F, x: f64) -> f64 {
    f(x) * x + 1.0
}

// CHECK: define {{.*}}@_R{{.*}}12one_captured{{[^(.]*}}(double {{[^%]*}}%{{[^,]*}}, double {{[^%]*}}%x)
#[autodiff_forward(d_one_captured, Const, Dual, Dual)]
#[inline(never)]
fn one_captured<F: Fn(f64) -> f64>(f: F, x: f64) -> f64 {
    f(x) - x
}

// CHECK: define {{.*}}@_R{{.*}}16nothing_captured{{[^(.]*}}(double {{[^%]*}}%x)
#[autodiff_reverse(d_nothing_captured, Const, Active, Active)]
#[inline(never)]
fn nothing_captured<F: Fn(f64) -> f64>(f: F, x: f64) -> f64 {
    f(x) / x
}

#[unsafe(no_mangle)]
pub fn calls(a: f64, b: f64, x: f64) {
    let f = move |x| a * x + b;
    black_box((two_captured(f, x), plain_two_captured(f, x), d_two_captured(f, x, 1.0)));
    let f = move |x| a * x;
    black_box((one_captured(f, x), d_one_captured(f, x, 1.0)));
    let f = |x| 2.0 * x;
    black_box((nothing_captured(f, x), d_nothing_captured(f, x, 1.0)));
}
