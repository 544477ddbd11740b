//! Check that a primal takes a reference to scalars as a pointer, also where LLVM would rather pass
//! the scalars (argument promotion) or leave out what is the same in all calls. The attributes of
//! the pointer stay, from which Enzyme profits.

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

// CHECK: define {{.*}}@_R{{.*}}12array_of_one(ptr {{[^%]*}}align 4 {{[^%]*}}%x)
#[autodiff_reverse(d_array_of_one, Duplicated, Active)]
#[inline(never)]
fn array_of_one(x: &[f32; 1]) -> f32 {
    x[0] * x[0]
}

// debug: define {{.*}}@_R{{.*}}18plain_array_of_one(ptr align 4 %x)
// release: define {{.*}}@_R{{.*}}18plain_array_of_one(float {{[^%]*}}%x.0.val)
#[inline(never)]
fn plain_array_of_one(x: &[f32; 1]) -> f32 {
    x[0] * x[0] + 1.0
}

// CHECK: define {{.*}}@_R{{.*}}12array_of_two(ptr {{[^%]*}}align 8 {{[^%]*}}%x)
#[autodiff_forward(d_array_of_two, Dual, Dual)]
#[inline(never)]
fn array_of_two(x: &[f64; 2]) -> f64 {
    x[0] * x[1]
}

// debug: define {{.*}}@_R{{.*}}18plain_array_of_two(ptr align 8 %x)
// release: define {{.*}}@_R{{.*}}18plain_array_of_two(double {{[^%]*}}%x.0.val, double {{[^%]*}}%x.8.val)
#[inline(never)]
fn plain_array_of_two(x: &[f64; 2]) -> f64 {
    x[0] * x[1] + 1.0
}

// CHECK: define {{.*}}@_R{{.*}}15static_argument(ptr {{[^%]*}}align 4 {{[^%]*}}%x, ptr {{[^%]*}}align 4 {{[^%]*}}%y)
#[autodiff_reverse(d_static_argument, Duplicated, Const, Active)]
#[inline(never)]
fn static_argument<'a>(x: &'a f32, y: &'a f32) -> f32 {
    *x * *y
}

// debug: define {{.*}}@_R{{.*}}21plain_static_argument(ptr align 4 %x, ptr align 4 %y)
// release: define {{.*}}@_R{{.*}}21plain_static_argument(float {{[^%]*}}%x.0.val)
#[inline(never)]
fn plain_static_argument<'a>(x: &'a f32, y: &'a f32) -> f32 {
    *x * *y + 1.0
}

// debug: define {{.*}}@_R{{.*}}7mutable(ptr {{[^%]*}}align 8 {{[^%]*}}%x, ptr {{[^%]*}}align 8 {{[^%]*}}%y)
// release: define {{.*}}@_R{{.*}}7mutable(
// release-SAME: ptr noalias noundef readonly align 8 {{[^%]*}}dereferenceable(16){{[^%]*}} %x,
// release-SAME: ptr noalias noundef {{[^%]*}}align 8 {{[^%]*}}dereferenceable(8){{[^%]*}} %y)
#[autodiff_reverse(d_mutable, Duplicated, Duplicated)]
#[inline(never)]
fn mutable(x: &(f64, f64), y: &mut f64) {
    *y = x.0 * x.1;
}

// debug: define {{.*}}@_R{{.*}}13plain_mutable(ptr align 8 %x, ptr align 8 %y)
// release: define {{.*}}@_R{{.*}}13plain_mutable(double {{[^%]*}}%x.0.val, double {{[^%]*}}%x.8.val, ptr {{[^%]*}}%y)
#[inline(never)]
fn plain_mutable(x: &(f64, f64), y: &mut f64) {
    *y = x.0 * x.1 + 1.0;
}

#[unsafe(no_mangle)]
pub fn calls(a: &[f32; 1], b: &[f64; 2], c: &f32, d: &(f64, f64)) {
    black_box((array_of_one(a), plain_array_of_one(a), d_array_of_one(a, &mut [0.0], 1.0)));

    black_box((array_of_two(b), plain_array_of_two(b), d_array_of_two(b, &[1.0, 0.0])));

    static S: f32 = 2.0;
    black_box((static_argument(c, &S), plain_static_argument(c, &S)));
    black_box(d_static_argument(c, &mut 0.0, &S, 1.0));

    let (mut y, mut dd, mut dy) = black_box((0.0, (0.0, 0.0), 1.0));
    mutable(d, &mut y);
    plain_mutable(d, black_box(&mut y));
    d_mutable(d, &mut dd, &mut y, &mut dy);
    black_box((y, dd, dy));
}
