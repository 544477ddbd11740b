//! Check that each instance of a generic primal has the parameters that its own types call for.

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

// The letters behind the name of a function say what it is an instance for.
//
// CHECK-DAG: define {{.*}}@_RI{{.*}}6scaledd{{[^(.]*}}(double {{[^%]*}}%x, double {{[^%]*}}%k)
// CHECK-DAG: define {{.*}}@_RI{{.*}}6scaledf{{[^(.]*}}(float {{[^%]*}}%x, double {{[^%]*}}%k)
// CHECK-DAG: define {{.*}}@_RI{{.*}}6scaledTdd{{[^(.]*}}(ptr {{[^%]*}}align 8 {{[^%]*}}%x, double {{[^%]*}}%k)
#[autodiff_reverse(d_scaled, Active, Active, Active)]
#[inline(never)]
fn scaled<T: Norm>(x: T, k: f64) -> f64 {
    x.norm() * k
}

// CHECK: define {{.*}}@_RI{{.*}}12plain_scaledTdd{{[^(.]*}}(double {{[^%]*}}%x.0, double {{[^%]*}}%x.1, double {{[^%]*}}%k)
#[inline(never)]
fn plain_scaled<T: Norm>(x: T, k: f64) -> f64 {
    x.norm() * k + 1.0
}

// CHECK-DAG: define {{.*}}@_RI{{.*}}4endsKj1_{{[^(.]*}}(ptr {{[^%]*}}align 4 {{[^%]*}}%x)
// CHECK-DAG: define {{.*}}@_RI{{.*}}4endsKj5_{{[^(.]*}}(ptr {{[^%]*}}align 4 {{[^%]*}}%x)
#[autodiff_reverse(d_ends, Active, Active)]
#[inline(never)]
fn ends<const N: usize>(x: [f32; N]) -> f32 {
    x[0] * x[N - 1]
}

// CHECK: define {{.*}}@_RI{{.*}}10plain_endsKj1_{{[^(.]*}}(i32 {{[^%]*}}%{{[^,)]*}})
#[inline(never)]
fn plain_ends<const N: usize>(x: [f32; N]) -> f32 {
    x[0] * x[N - 1] + 1.0
}

trait Norm: Copy {
    fn norm(self) -> f64;
}

impl Norm for f32 {
    fn norm(self) -> f64 {
        (self * self) as f64
    }
}

impl Norm for f64 {
    fn norm(self) -> f64 {
        self * self
    }
}

impl Norm for (f64, f64) {
    fn norm(self) -> f64 {
        self.0 * self.0 + self.1 * self.1
    }
}

#[unsafe(no_mangle)]
pub fn calls(x: f32, y: f64) {
    black_box((scaled(x, y), d_scaled(x, y, 1.0)));
    black_box((scaled(y, y), d_scaled(y, y, 1.0)));
    black_box((scaled((y, y), y), plain_scaled((y, y), y), d_scaled((y, y), y, 1.0)));
    black_box((ends([x]), plain_ends([x]), d_ends([x], 1.0)));
    black_box((ends([x; 5]), d_ends([x; 5], 1.0)));
}
