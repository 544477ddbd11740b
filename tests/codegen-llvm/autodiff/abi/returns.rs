//! Check that a primal returns one scalar or a wide pointer as such, and all else through a leading
//! pointer that is a parameter like any other. An ordinary function returns two scalars, and small
//! aggregates as an integer, and `sret` and its kin on the pointer would tell Enzyme and LLVM that
//! nobody looks at the memory but for the return value.

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

// CHECK: define {{.*}}double @_R{{.*}}6scalar(double {{[^%]*}}%x)
#[autodiff_reverse(d_scalar, Active, Active)]
#[inline(never)]
fn scalar(x: f64) -> f64 {
    x * x
}

// CHECK: define {{.*}}void @_R{{.*}}4pair(
// CHECK-NOT: {{sret|writable|dead_on_unwind}}
// CHECK-SAME: align 8 {{[^%]*}}%_0, double {{[^%]*}}%x)
#[autodiff_reverse(d_pair, Active, Active)]
#[inline(never)]
fn pair(x: f64) -> (f64, f64) {
    (x, x * x)
}

// CHECK: define {{.*}}{ double, double } @_R{{.*}}10plain_pair(double {{[^%]*}}%x)
#[inline(never)]
fn plain_pair(x: f64) -> (f64, f64) {
    (x, x * x + 1.0)
}

pub struct Mixed {
    pub a: f64,
    pub b: u32,
}

// CHECK: define {{.*}}void @_R{{.*}}5mixed(
// CHECK-NOT: {{sret|writable|dead_on_unwind}}
// CHECK-SAME: align 8 {{[^%]*}}%_0, double {{[^%]*}}%x)
#[autodiff_reverse(d_mixed, Active, Active)]
#[inline(never)]
fn mixed(x: f64) -> Mixed {
    Mixed { a: x * x, b: 2 }
}

// CHECK: define {{.*}}{ double, i32 } @_R{{.*}}11plain_mixed(double {{[^%]*}}%x)
#[inline(never)]
fn plain_mixed(x: f64) -> Mixed {
    Mixed { a: x * x, b: x as u32 }
}

// CHECK: define {{.*}}void @_R{{.*}}11small_array(
// CHECK-NOT: {{sret|writable|dead_on_unwind}}
// CHECK-SAME: align 4 {{[^%]*}}%_0, float {{[^%]*}}%x)
#[autodiff_reverse(d_small_array, Active, Active)]
#[inline(never)]
fn small_array(x: f32) -> [f32; 2] {
    [x, x * x]
}

// CHECK: define {{.*}}i64 @_R{{.*}}17plain_small_array(float {{[^%]*}}%x)
#[inline(never)]
fn plain_small_array(x: f32) -> [f32; 2] {
    [x, x * x + 1.0]
}

// CHECK: define {{.*}}void @_R{{.*}}5array(
// CHECK-NOT: {{sret|writable|dead_on_unwind}}
// CHECK-SAME: align 8 {{[^%]*}}%_0, double {{[^%]*}}%x)
#[autodiff_forward(d_array, Dual, Dual)]
#[inline(never)]
fn array(x: f64) -> [f64; 3] {
    [x, x * x, 1.0]
}

// debug: define {{.*}}void @_R{{.*}}11plain_array(ptr sret([24 x i8]) align 8 %_0, double %x)
// release: define {{.*}}void @_R{{.*}}11plain_array(ptr dead_on_unwind {{[^%]*}}writable {{[^%]*}}%_0, double {{[^%]*}}%x)
#[inline(never)]
fn plain_array(x: f64) -> [f64; 3] {
    [x, x * x, 2.0]
}

// CHECK: define {{.*}}void @_R{{.*}}6option(
// CHECK-NOT: {{sret|writable|dead_on_unwind}}
// CHECK-SAME: align 8 {{[^%]*}}%_0, double {{[^%]*}}%x)
#[autodiff_forward(d_option, Dual, Dual)]
#[inline(never)]
fn option(x: f64) -> Option<f64> {
    if x > 0.0 { Some(x * x) } else { None }
}

// CHECK: define {{.*}}{ i64, double } @_R{{.*}}12plain_option(double {{[^%]*}}%x)
#[inline(never)]
fn plain_option(x: f64) -> Option<f64> {
    if x > 1.0 { Some(x * x) } else { None }
}

// The pointer is there before an indirect argument as well.
//
// CHECK: define {{.*}}void @_R{{.*}}4both(
// CHECK-NOT: {{sret|writable|dead_on_unwind|dead_on_return}}
// CHECK-SAME: align 8 {{[^%]*}}%_0, ptr
// CHECK-NOT: dead_on_return
// CHECK-SAME: align 8 {{[^%]*}}%x)
#[autodiff_reverse(d_both, Active, Active)]
#[inline(never)]
fn both(x: [f64; 3]) -> [f64; 3] {
    [x[1], x[0] * x[0], x[2] * x[1]]
}

// CHECK: define {{.*}}{ ptr, i64 } @_R{{.*}}12wide_pointer{{[^(.]*}}(ptr {{[^%]*}}%x.0, i64 {{[^%]*}}%x.1, double {{[^%]*}}%k)
#[autodiff_reverse(d_wide_pointer, Duplicated, Const, Const)]
#[inline(never)]
fn wide_pointer<'a>(x: &'a mut [f64], k: f64) -> &'a mut [f64] {
    x[0] *= k;
    x
}

// CHECK: define {{.*}}void @_R{{.*}}7nothing(ptr {{[^%]*}}%x)
#[autodiff_reverse(d_nothing, Duplicated)]
#[inline(never)]
fn nothing(x: &mut f64) {
    *x *= *x
}

#[unsafe(no_mangle)]
pub fn calls(x: f64, y: f32, a: [f64; 3], s: &mut [f64], t: &mut [f64]) {
    black_box((scalar(x), d_scalar(x, 1.0)));
    black_box((pair(x), plain_pair(x), d_pair(x, (1.0, 2.0))));
    black_box((mixed(x), plain_mixed(x), d_mixed(x, Mixed { a: 1.0, b: 0 })));
    black_box((small_array(y), plain_small_array(y), d_small_array(y, [1.0, 2.0])));
    black_box((array(x), plain_array(x), d_array(x, 1.0)));
    black_box((option(x), plain_option(x), d_option(x, 1.0)));
    black_box((both(a), d_both(a, [1.0, 2.0, 3.0])));
    black_box(wide_pointer(s, x));
    black_box(d_wide_pointer(s, t, x));
    nothing(&mut s[0]);
    d_nothing(&mut s[0], &mut t[0]);
}
