//! Check that a zero-sized argument of a primal is no parameter, wherever it stands, and that the
//! parameters behind it are still the right ones.

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
use std::marker::PhantomData;

#[derive(Clone, Copy)]
struct Unit;

// CHECK: define {{.*}}@_R{{.*}}5first(ptr {{[^%]*}}align 8 {{[^%]*}}%x)
#[autodiff_reverse(d_first, Const, Active, Active)]
#[inline(never)]
fn first(_unit: (), x: (f64, f64)) -> f64 {
    x.0 * x.1
}

// CHECK: define {{.*}}@_R{{.*}}11plain_first(double {{[^%]*}}%x.0, double {{[^%]*}}%x.1)
#[inline(never)]
fn plain_first(_unit: (), x: (f64, f64)) -> f64 {
    x.0 * x.1 + 1.0
}

// CHECK: define {{.*}}@_R{{.*}}7between(ptr {{[^%]*}}align 4 {{[^%]*}}%x, float {{[^%]*}}%y)
#[autodiff_forward(d_between, Dual, Const, Dual, Dual)]
#[inline(never)]
fn between(x: [f32; 2], _unit: Unit, y: f32) -> f32 {
    x[0] * x[1] * y
}

// CHECK: define {{.*}}@_R{{.*}}4last(double {{[^%]*}}%x)
#[autodiff_reverse(d_last, Active, Const, Const, Active)]
#[inline(never)]
fn last(x: f64, _array: [f64; 0], _phantom: PhantomData<f64>) -> f64 {
    x * x
}

// Nothing in between the two fields, either: the pair is one argument.
//
// CHECK: define {{.*}}@_R{{.*}}6inside(ptr {{[^%]*}}align 8 {{[^%]*}}%x)
#[autodiff_reverse(d_inside, Active, Active)]
#[inline(never)]
fn inside(x: (f64, Unit, f64)) -> f64 {
    x.0 * x.2 * 2.0
}

// CHECK: define {{.*}}@_R{{.*}}12plain_inside(double {{[^%]*}}%x.0, double {{[^%]*}}%x.1)
#[inline(never)]
fn plain_inside(x: (f64, Unit, f64)) -> f64 {
    x.0 * x.2 * 3.0
}

#[unsafe(no_mangle)]
pub fn calls(x: f64, y: f32) {
    black_box((first((), (x, x)), plain_first((), (x, x)), d_first((), (x, x), 1.0)));
    black_box((between([y, y], Unit, y), d_between([y, y], [1.0, 0.0], Unit, y, 0.0)));
    black_box((last(x, [], PhantomData), d_last(x, [], PhantomData, 1.0)));
    black_box((inside((x, Unit, x)), plain_inside((x, Unit, x)), d_inside((x, Unit, x), 1.0)));
}
