//! Check that a primal has a parameter for a `fn` pointer that is the same in all calls. LLVM would
//! rather call that function directly (constant propagation) and drop the parameter.

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
#![feature(rustc_attrs)]

use std::hint::black_box;

// Its derivative would be refused: it calls what is not known.
// CHECK: define {{.*}}@_R{{.*}}8callback(ptr {{[^%]*}}%f, float {{[^%]*}}%x)
#[rustc_autodiff]
#[inline(never)]
fn callback(f: fn(f32) -> f32, x: f32) -> f32 {
    f(x)
}

// debug: define {{.*}}@_R{{.*}}14plain_callback(ptr %f, float %x)
// release: define {{.*}}@_R{{.*}}14plain_callback(float {{[^%]*}}%x)
#[inline(never)]
fn plain_callback(f: fn(f32) -> f32, x: f32) -> f32 {
    f(x) + 1.0
}

// CHECK: define {{.*}}@_R{{.*}}8optional(ptr {{[^%]*}}%{{[^,]*}}, double {{[^%]*}}%x)
#[rustc_autodiff]
#[inline(never)]
fn optional(f: Option<fn(f64) -> f64>, x: f64) -> f64 {
    if let Some(f) = f { f(x) } else { x }
}

// debug: define {{.*}}@_R{{.*}}14plain_optional(ptr %{{[^,]*}}, double %x)
// release: define {{.*}}@_R{{.*}}14plain_optional(double {{[^%]*}}%x)
#[inline(never)]
fn plain_optional(f: Option<fn(f64) -> f64>, x: f64) -> f64 {
    if let Some(f) = f { f(x) + 1.0 } else { x }
}

#[inline(never)]
fn square<T: Copy + std::ops::Mul<Output = T>>(x: T) -> T {
    x * x
}

#[unsafe(no_mangle)]
pub fn calls(x: f32, y: f64) {
    black_box((callback(square, x), plain_callback(square, x)));
    black_box((optional(Some(square), y), plain_optional(Some(square), y)));
}
