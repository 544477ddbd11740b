//! Check that a primal takes a tuple as a pointer to it. Of an ordinary function, two scalars are
//! two parameters; only larger tuples are passed by pointer.

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

// CHECK: define {{.*}}@_R{{.*}}6floats(ptr {{[^%]*}}align 4 {{[^%]*}}%x)
#[autodiff_reverse(d_floats, Active, Active)]
#[inline(never)]
fn floats(x: (f32, f32)) -> f32 {
    x.0 * x.1
}

// CHECK: define {{.*}}@_R{{.*}}12plain_floats(float {{[^%]*}}%x.0, float {{[^%]*}}%x.1)
#[inline(never)]
fn plain_floats(x: (f32, f32)) -> f32 {
    x.0 * x.1 + 1.0
}

// CHECK: define {{.*}}@_R{{.*}}17float_and_integer(ptr {{[^%]*}}align 8 {{[^%]*}}%x)
#[autodiff_reverse(d_float_and_integer, Active, Active)]
#[inline(never)]
fn float_and_integer(x: (f64, i64)) -> f64 {
    x.0 * x.1 as f64
}

// CHECK: define {{.*}}@_R{{.*}}23plain_float_and_integer(double {{[^%]*}}%x.0, i64 {{[^%]*}}%x.1)
#[inline(never)]
fn plain_float_and_integer(x: (f64, i64)) -> f64 {
    x.0 * x.1 as f64 + 1.0
}

// CHECK: define {{.*}}@_R{{.*}}14byte_and_float(ptr {{[^%]*}}align 4 {{[^%]*}}%x)
#[autodiff_forward(d_byte_and_float, Const, Dual)]
#[inline(never)]
fn byte_and_float(x: (u8, f32)) -> f32 {
    x.1 * x.0 as f32
}

// CHECK: define {{.*}}@_R{{.*}}20plain_byte_and_float(i8 {{[^%]*}}%x.0, float {{[^%]*}}%x.1)
#[inline(never)]
fn plain_byte_and_float(x: (u8, f32)) -> f32 {
    x.1 * x.0 as f32 + 1.0
}

// The larger field comes first in memory, whatever the tuple says.
//
// CHECK: define {{.*}}@_R{{.*}}14two_precisions(ptr {{[^%]*}}align 8 {{[^%]*}}%x)
#[autodiff_forward(d_two_precisions, Dual, Dual)]
#[inline(never)]
fn two_precisions(x: (f32, f64)) -> f64 {
    x.0 as f64 * x.1
}

// CHECK: define {{.*}}@_R{{.*}}20plain_two_precisions({{float|double}} {{[^%]*}}%x.0, {{float|double}} {{[^%]*}}%x.1)
#[inline(never)]
fn plain_two_precisions(x: (f32, f64)) -> f64 {
    x.0 as f64 * x.1 + 1.0
}

// CHECK: define {{.*}}@_R{{.*}}6nested(ptr {{[^%]*}}align 8 {{[^%]*}}%x)
#[autodiff_reverse(d_nested, Active, Active)]
#[inline(never)]
fn nested(x: ((f64,), ((), f64))) -> f64 {
    x.0.0 * x.1.1
}

// CHECK: define {{.*}}@_R{{.*}}12plain_nested(double {{[^%]*}}%x.0, double {{[^%]*}}%x.1)
#[inline(never)]
fn plain_nested(x: ((f64,), ((), f64))) -> f64 {
    x.0.0 * x.1.1 + 1.0
}

// What the primal does with the memory is found out, as for any indirect argument.
//
// debug: define {{.*}}@_R{{.*}}7deduced(ptr {{[^%]*}}align 8 {{[^%]*}}%x, double {{[^%]*}}%k)
// release: define {{.*}}@_R{{.*}}7deduced(ptr noalias noundef readonly align 8 captures(none) dereferenceable(16) {{[^%]*}}%x, double {{[^%]*}}%k)
#[autodiff_reverse(d_deduced, Active, Active, Active)]
#[inline(never)]
fn deduced(x: (f64, f64), k: f64) -> f64 {
    k * x.0 * x.1
}

// Three scalars. An ordinary function gets a pointer, too, but leaves nothing behind it.
//
// CHECK: define {{.*}}@_R{{.*}}5three(ptr
// CHECK-NOT: dead_on_return
// CHECK-SAME: align 8 {{[^%]*}}%x)
#[autodiff_reverse(d_three, Active, Active)]
#[inline(never)]
fn three(x: (f64, f64, f64)) -> f64 {
    x.0 * x.1 * x.2
}

// debug: define {{.*}}@_R{{.*}}11plain_three(ptr align 8 %x)
// release: define {{.*}}@_R{{.*}}11plain_three(ptr dead_on_return {{[^%]*}}align 8 {{[^%]*}}%x)
#[inline(never)]
fn plain_three(x: (f64, f64, f64)) -> f64 {
    x.0 * x.1 * x.2 + 1.0
}

// One scalar is one, in a tuple or not.
//
// CHECK: define {{.*}}@_R{{.*}}3one(double {{[^%]*}}%x)
#[autodiff_reverse(d_one, Active, Active)]
#[inline(never)]
fn one(x: (f64,)) -> f64 {
    x.0 * x.0
}

#[unsafe(no_mangle)]
pub fn calls(a: f32, b: f64, i: i64, n: u8) {
    black_box((floats((a, a)), plain_floats((a, a)), d_floats((a, a), 1.0)));
    black_box((float_and_integer((b, i)), plain_float_and_integer((b, i))));
    black_box(d_float_and_integer((b, i), 1.0));
    black_box((byte_and_float((n, a)), plain_byte_and_float((n, a))));
    black_box(d_byte_and_float((n, a)));
    black_box((two_precisions((a, b)), plain_two_precisions((a, b))));
    black_box(d_two_precisions((a, b), (1.0, 0.0)));
    let x = ((b,), ((), b));
    black_box((nested(x), plain_nested(x), d_nested(x, 1.0)));
    black_box((deduced((b, b), b), d_deduced((b, b), b, 1.0)));
    black_box((three((b, b, b)), plain_three((b, b, b)), d_three((b, b, b), 1.0)));
    black_box((one((b,)), d_one((b,), 1.0)));
}
