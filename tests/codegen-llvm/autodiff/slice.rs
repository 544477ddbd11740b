//! Check what differentiating a function leaves in a crate: the derivative, with nothing left for Enzyme to
//! do, and no second copy of its primal or of what that calls. Everything else is compiled as if there
//! was no `-Zautodiff`, with its vectorization, and without it.

//@ needs-enzyme
//@ revisions: release debug
//@ compile-flags: -Zautodiff=Enable -Ccodegen-units=1
//@[release] compile-flags: -Copt-level=3
//@[debug] compile-flags: -Copt-level=0
//@ only-x86_64

#![crate_type = "cdylib"]
#![feature(autodiff)]

use std::autodiff::autodiff_reverse;

static WEIGHTS: [f64; 4] = [2.0, 3.0, 5.0, 7.0];

// CHECK-NOT: @__enzyme
// CHECK-NOT: linkonce_odr {{.*}}constant
// CHECK-NOT: define internal {{.*}}reached.{{[0-9]+}}(

// CHECK-LABEL: define {{.*}}@bystander(
// release: <2 x double>
// debug-NOT: <2 x double>
// debug: alloca
#[unsafe(no_mangle)]
pub fn bystander(x: &[f64; 64], y: &mut [f64; 64]) {
    for i in 0..64 {
        y[i] += 2.0 * x[i];
    }
}

#[inline(never)]
fn reached(x: f64, i: usize) -> f64 {
    WEIGHTS[i] * x.sin()
}

#[autodiff_reverse(d_primal, Active, Const, Active)]
fn primal(x: f64, i: usize) -> f64 {
    reached(x, i) * x
}

// CHECK-LABEL: define {{.*}}@gradient(
// CHECK-NOT: @__enzyme
// CHECK-NOT: define internal {{.*}}reached.{{[0-9]+}}(
#[unsafe(no_mangle)]
pub fn gradient(x: f64, i: usize) -> f64 {
    d_primal(x, i, 1.0).1
}
