//! Check that a primal keeps parameters whose value is the same constant in all calls, and those
//! that it does not use. LLVM drops them otherwise.

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

use std::autodiff::autodiff_reverse;
use std::hint::black_box;

// CHECK: define {{.*}}@_R{{.*}}8constant(double {{[^%]*}}%x, i32 {{[^%]*}}%n)
#[autodiff_reverse(d_constant, Active, Const, Active)]
#[inline(never)]
fn constant(x: f64, n: u32) -> f64 {
    x * n as f64
}

// debug: define {{.*}}@_R{{.*}}14plain_constant(double %x, i32 %n)
// release: define {{.*}}@_R{{.*}}14plain_constant(double {{[^%]*}}%x)
#[inline(never)]
fn plain_constant(x: f64, n: u32) -> f64 {
    x * n as f64 + 1.0
}

// CHECK: define {{.*}}@_R{{.*}}15active_constant(double {{[^%]*}}%x, double {{[^%]*}}%y)
#[autodiff_reverse(d_active_constant, Active, Active, Active)]
#[inline(never)]
fn active_constant(x: f64, y: f64) -> f64 {
    x * y
}

// debug: define {{.*}}@_R{{.*}}21plain_active_constant(double %x, double %y)
// release: define {{.*}}@_R{{.*}}21plain_active_constant(double {{[^%]*}}%x)
#[inline(never)]
fn plain_active_constant(x: f64, y: f64) -> f64 {
    x * y + 1.0
}

// CHECK: define {{.*}}@_R{{.*}}6unused(double {{[^%]*}}%x, ptr {{[^%]*}}align 8 {{[^%]*}}%{{[^,]*}}, double {{[^%]*}}%{{[^,)]*}})
#[autodiff_reverse(d_unused, Active, Const, Active, Active)]
#[inline(never)]
fn unused(x: f64, _y: &f64, _z: f64) -> f64 {
    x * x
}

// debug: define {{.*}}@_R{{.*}}12plain_unused(double %x, ptr align 8 %_y, double %_z)
// release: define {{.*}}@_R{{.*}}12plain_unused(double {{[^%]*}}%x)
#[inline(never)]
fn plain_unused(x: f64, _y: &f64, _z: f64) -> f64 {
    x * x + 1.0
}

#[unsafe(no_mangle)]
pub fn calls(x: f64, y: &f64) {
    black_box((constant(x, 3), plain_constant(x, 3), d_constant(x, 3, 1.0)));
    black_box((active_constant(x, 5.0), plain_active_constant(x, 5.0)));
    black_box(d_active_constant(x, 5.0, 1.0));
    black_box((unused(x, y, x), plain_unused(x, y, x), d_unused(x, y, x, 1.0)));
}
