//! Check that a primal takes a slice, and a newtype of one, as pointer and length at every level.

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

use std::autodiff::autodiff_reverse;
use std::hint::black_box;
use std::pin::Pin;
use std::ptr::NonNull;

// debug: define {{.*}}@_R{{.*}}5slice(ptr {{[^%]*}}align 8 {{[^%]*}}%x.0, i64 {{[^%]*}}%x.1)
// release: define {{.*}}@_R{{.*}}5slice(
// release-SAME: ptr noalias noundef nonnull readonly align 8 {{[^%]*}}%x.0,
// release-SAME: i64 noundef range(i64 0, 1152921504606846976) {{[^%]*}}%x.1)
#[autodiff_reverse(d_slice, Duplicated, Active)]
#[inline(never)]
fn slice(x: &[f64]) -> f64 {
    x[0] * x[1]
}

// All calls pass three elements.
//
// CHECK: define {{.*}}@_R{{.*}}5three(ptr {{[^%]*}}align 8 {{[^%]*}}%x.0, i64 {{[^%]*}}%x.1)
#[autodiff_reverse(d_three, Duplicated, Active)]
#[inline(never)]
fn three(x: &[f64]) -> f64 {
    x.iter().sum()
}

// debug: define {{.*}}@_R{{.*}}11plain_three(ptr align 8 %x.0, i64 %x.1)
// release: define {{.*}}@_R{{.*}}11plain_three(
// release-NOT: %x.1
// release-SAME: {{$}}
#[inline(never)]
fn plain_three(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() + 1.0
}

// CHECK: define {{.*}}@_R{{.*}}6string(ptr {{[^%]*}}%x.0, i64 {{[^%]*}}%x.1, double {{[^%]*}}%k)
#[autodiff_reverse(d_string, Const, Active, Active)]
#[inline(never)]
fn string(x: &str, k: f64) -> f64 {
    x.as_bytes()[0] as f64 * k
}

// CHECK: define {{.*}}@_R{{.*}}5boxed(ptr {{[^%]*}}align 8 {{[^%]*}}%{{[^,]*}}, i64 {{[^%]*}}%{{[^,)]*}})
#[rustc_autodiff]
#[inline(never)]
fn boxed(x: Box<[f64]>) -> f64 {
    x[0] + x[1]
}

// CHECK: define {{.*}}@_R{{.*}}6pinned(ptr {{[^%]*}}align 8 {{[^%]*}}%{{[^,]*}}, i64 {{[^%]*}}%{{[^,)]*}})
#[rustc_autodiff]
#[inline(never)]
fn pinned(mut x: Pin<&mut [f64]>) {
    x[0] += x[1]
}

// CHECK: define {{.*}}@_R{{.*}}7nonnull(ptr {{[^%]*}}%{{[^,]*}}, i64 {{[^%]*}}%{{[^,)]*}})
#[rustc_autodiff]
#[inline(never)]
fn nonnull(x: NonNull<[f64]>) -> f64 {
    unsafe { x.as_ref()[0] - x.as_ref()[1] }
}

// CHECK: define {{.*}}@_R{{.*}}3raw(ptr {{[^%]*}}%{{[^,]*}}, i64 {{[^%]*}}%{{[^,)]*}})
#[rustc_autodiff]
#[inline(never)]
fn raw(x: *const [f64]) -> f64 {
    unsafe { (*x)[0] / (*x)[1] }
}

// A pair of the same layout is no wide pointer.
//
// CHECK: define {{.*}}@_R{{.*}}4pair(ptr {{[^%]*}}align 8 {{[^%]*}}%x)
#[rustc_autodiff]
#[inline(never)]
fn pair(x: (&f64, usize)) -> f64 {
    *x.0 * x.1 as f64
}

#[unsafe(no_mangle)]
pub fn calls(x: &mut [f64], s: &str, three_elements: &[f64; 3]) {
    black_box((slice(x), d_slice(x, &mut [0.0; 2], 1.0)));
    black_box((three(three_elements), plain_three(three_elements)));
    black_box(d_three(three_elements, &mut [0.0; 3], 1.0));
    black_box((string(s, x[0]), d_string(s, x[0], 1.0)));
    black_box((boxed((&*x).into()), nonnull(NonNull::from(&mut *x)), raw(x)));
    black_box(pair((&x[0], x.len())));
    pinned(Pin::new(x));
}
