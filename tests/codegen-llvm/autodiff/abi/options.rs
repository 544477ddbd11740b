//! Check that a primal takes an `Option` as a pointer to it, unless its layout is one scalar: then
//! `None` is a value that the scalar does not have otherwise.

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
#![feature(autodiff, rustc_attrs)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;

// CHECK: define {{.*}}@_R{{.*}}5float(ptr {{[^%]*}}align 8 {{[^%]*}}%x)
#[autodiff_reverse(d_float, Active, Active)]
#[inline(never)]
fn float(x: Option<f64>) -> f64 {
    if let Some(x) = x { x * x } else { 2.0 }
}

// CHECK: define {{.*}}@_R{{.*}}11plain_float(i64 {{[^%]*}}%{{[^,]*}}, double %{{[^,]*}})
#[inline(never)]
fn plain_float(x: Option<f64>) -> f64 {
    if let Some(x) = x { x * x } else { 3.0 }
}

// CHECK: define {{.*}}@_R{{.*}}9reference(ptr {{[^%]*}}%{{[^,)]*}})
#[rustc_autodiff]
#[inline(never)]
fn reference(x: Option<&f64>) -> f64 {
    if let Some(x) = x { *x * *x } else { 2.0 }
}

// A wide pointer, but as an enum it is not passed as one: a niche may be in its metadata, too.
//
// CHECK: define {{.*}}@_R{{.*}}5slice(ptr {{[^%]*}}align 8 {{[^%]*}}%x, double {{[^%]*}}%k)
#[autodiff_forward(d_slice, Const, Dual, Dual)]
#[inline(never)]
fn slice(x: Option<&[f64]>, k: f64) -> f64 {
    if let Some(x) = x { x[0] * k } else { k }
}

// CHECK: define {{.*}}@_R{{.*}}11plain_slice(ptr {{[^%]*}}%{{[^,]*}}, i64 {{[^%]*}}%{{[^,]*}}, double {{[^%]*}}%k)
#[inline(never)]
fn plain_slice(x: Option<&[f64]>, k: f64) -> f64 {
    if let Some(x) = x { x[0] * k + 1.0 } else { k }
}

#[unsafe(no_mangle)]
pub fn calls(a: Option<f64>, b: Option<&f64>, c: Option<&[f64]>, k: f64) {
    black_box((float(a), plain_float(a), d_float(a, 1.0)));
    black_box(reference(b));
    black_box((slice(c, k), plain_slice(c, k), d_slice(c, k, 1.0)));
}
