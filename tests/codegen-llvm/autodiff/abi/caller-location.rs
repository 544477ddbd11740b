//! Check that a primal with `#[track_caller]` takes the location of its caller as its last
//! parameter, also where there is only one caller.

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
use std::panic::Location;

// CHECK: define {{.*}}@_R{{.*}}7tracked(ptr {{[^%]*}}align 8 {{[^%]*}}%x, double {{[^%]*}}%k, ptr {{[^%]*}}align 8 {{[^%]*}}%0)
#[autodiff_reverse(d_tracked, Active, Active, Active)]
#[inline(never)]
#[track_caller]
fn tracked(x: (f64, f64), k: f64) -> f64 {
    x.0 * x.1 * k * Location::caller().line() as f64
}

// debug: define {{.*}}@_R{{.*}}13plain_tracked(double %x.0, double %x.1, double %k, ptr align 8 %0)
// release: define {{.*}}@_R{{.*}}13plain_tracked(double {{[^%]*}}%x.0, double {{[^%]*}}%x.1, double {{[^%]*}}%k)
#[inline(never)]
#[track_caller]
fn plain_tracked(x: (f64, f64), k: f64) -> f64 {
    x.0 * x.1 * k * Location::caller().line() as f64 + 1.0
}

#[unsafe(no_mangle)]
pub fn calls(x: f64) {
    black_box((tracked((x, x), x), plain_tracked((x, x), x), d_tracked((x, x), x, 1.0)));
}
