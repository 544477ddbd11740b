//! Check that a primal takes an array as a pointer to it. Of an ordinary function, an array not
//! larger than a pointer is one integer, and what is behind a pointer is dead when it returns:
//! where Enzyme puts the gradient.

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

// CHECK: define {{.*}}@_R{{.*}}3one(ptr {{[^%]*}}align 4 {{[^%]*}}%x)
#[autodiff_reverse(d_one, Active, Active)]
#[inline(never)]
fn one(x: [f32; 1]) -> f32 {
    x[0] * x[0]
}

// CHECK: define {{.*}}@_R{{.*}}9plain_one(i32 {{[^%]*}}%{{[^,]*}})
#[inline(never)]
fn plain_one(x: [f32; 1]) -> f32 {
    x[0] * x[0] + 1.0
}

// CHECK: define {{.*}}@_R{{.*}}3two(ptr {{[^%]*}}align 4 {{[^%]*}}%x)
#[autodiff_forward(d_two, Dual, Dual)]
#[inline(never)]
fn two(x: [f32; 2]) -> f32 {
    x[0] * x[1]
}

// CHECK: define {{.*}}@_R{{.*}}9plain_two(i64 {{[^%]*}}%{{[^,]*}})
#[inline(never)]
fn plain_two(x: [f32; 2]) -> f32 {
    x[0] * x[1] + 1.0
}

// CHECK: define {{.*}}@_R{{.*}}5three(
// CHECK-NOT: dead_on_return
// CHECK-SAME: align 8 {{[^%]*}}%x)
#[autodiff_reverse(d_three, Active, Active)]
#[inline(never)]
fn three(x: [f64; 3]) -> f64 {
    x[0] * x[1] * x[2]
}

// debug: define {{.*}}@_R{{.*}}11plain_three(ptr align 8 %x)
// release: define {{.*}}@_R{{.*}}11plain_three(ptr dead_on_return {{[^%]*}}align 8 {{[^%]*}}%x)
#[inline(never)]
fn plain_three(x: [f64; 3]) -> f64 {
    x[0] * x[1] * x[2] + 1.0
}

#[unsafe(no_mangle)]
pub fn calls(a: [f32; 1], b: [f32; 2], c: [f64; 3]) {
    black_box((one(a), plain_one(a), d_one(a, 1.0)));
    black_box((two(b), plain_two(b), d_two(b, [1.0, 0.0])));
    black_box((three(c), plain_three(c), d_three(c, 1.0)));
}
