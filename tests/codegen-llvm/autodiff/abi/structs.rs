//! Check that a primal takes a struct as a pointer to it, unless it is nothing but one scalar. Of
//! an ordinary function, two scalars are two parameters, and a small struct is an integer.

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

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;
use std::mem::MaybeUninit;

#[derive(Clone, Copy)]
struct Two {
    a: f32,
    b: f32,
}

// CHECK: define {{.*}}@_R{{.*}}3two(ptr {{[^%]*}}align 4 {{[^%]*}}%i)
#[autodiff_reverse(d_two, Active, Active)]
#[inline(never)]
fn two(i: Two) -> f32 {
    i.a * i.b
}

// CHECK: define {{.*}}@_R{{.*}}9plain_two(float {{[^%]*}}%i.0, float {{[^%]*}}%i.1)
#[inline(never)]
fn plain_two(i: Two) -> f32 {
    i.a * i.b + 1.0
}

#[derive(Clone, Copy)]
struct Flagged {
    flag: bool,
    value: f64,
}

// CHECK: define {{.*}}@_R{{.*}}7flagged(ptr {{[^%]*}}align 8 {{[^%]*}}%i)
#[autodiff_forward(d_flagged, Const, Dual)]
#[inline(never)]
fn flagged(i: Flagged) -> f64 {
    if i.flag { i.value } else { -i.value }
}

// CHECK: define {{.*}}@_R{{.*}}13plain_flagged({{(i1|double) [^%]*%i.0, (i1|double) [^%]*%i.1}})
#[inline(never)]
fn plain_flagged(i: Flagged) -> f64 {
    if i.flag { i.value } else { 1.0 - i.value }
}

#[derive(Clone, Copy)]
struct Inner(f64);

#[derive(Clone, Copy)]
struct Outer {
    a: Inner,
    b: (Inner,),
}

// CHECK: define {{.*}}@_R{{.*}}6nested(ptr {{[^%]*}}align 8 {{[^%]*}}%i)
#[autodiff_reverse(d_nested, Active, Active)]
#[inline(never)]
fn nested(i: Outer) -> f64 {
    i.a.0 * i.b.0.0
}

// CHECK: define {{.*}}@_R{{.*}}12plain_nested(double {{[^%]*}}%i.0, double {{[^%]*}}%i.1)
#[inline(never)]
fn plain_nested(i: Outer) -> f64 {
    i.a.0 * i.b.0.0 + 1.0
}

// Eight bytes, among them a float.
#[derive(Clone, Copy)]
#[repr(C)]
struct Small {
    a: i16,
    b: i16,
    c: f32,
}

// CHECK: define {{.*}}@_R{{.*}}5small(ptr {{[^%]*}}align 4 {{[^%]*}}%i)
#[autodiff_reverse(d_small, Active, Active)]
#[inline(never)]
fn small(i: Small) -> f32 {
    i.c * i.a as f32 * i.b as f32
}

// CHECK: define {{.*}}@_R{{.*}}11plain_small(i64 {{[^%]*}}%{{.*}})
#[inline(never)]
fn plain_small(i: Small) -> f32 {
    i.c * i.a as f32 * i.b as f32 + 1.0
}

// Two pieces of data are not a wide pointer, even if the first is a pointer.
struct View<'a> {
    data: &'a f64,
    n: usize,
}

// CHECK: define {{.*}}@_R{{.*}}4view(ptr {{[^%]*}}align 8 {{[^%]*}}%i, double {{[^%]*}}%k)
#[autodiff_reverse(d_view, Const, Active, Active)]
#[inline(never)]
fn view(i: View<'_>, k: f64) -> f64 {
    *i.data * i.n as f64 * k
}

// debug: define {{.*}}@_R{{.*}}10plain_view(ptr align 8 %i.0, i64 %i.1, double %k)
// release: define {{.*}}@_R{{.*}}10plain_view(double %{{[^,]*}}, i64 {{[^%]*}}%i.1, double {{[^%]*}}%k)
#[inline(never)]
fn plain_view(i: View<'_>, k: f64) -> f64 {
    *i.data * i.n as f64 * k + 1.0
}

// One scalar, whatever is wrapped around it.
#[derive(Clone, Copy)]
struct Newtype<T>(T, ());

// CHECK: define {{.*}}@_R{{.*}}7newtype(double {{[^%]*}}%i)
#[autodiff_reverse(d_newtype, Active, Active)]
#[inline(never)]
fn newtype(i: Newtype<Newtype<f64>>) -> f64 {
    i.0.0 * i.0.0
}

// CHECK: define {{.*}}@_R{{.*}}6uninit(double {{[^%]*}}%i)
#[rustc_autodiff]
#[inline(never)]
fn uninit(i: MaybeUninit<f64>) -> f64 {
    unsafe { i.assume_init() * 2.0 }
}

// ... but not if it is better aligned than the scalar.
#[derive(Clone, Copy)]
#[repr(align(32))]
struct Aligned(f64);

// CHECK: define {{.*}}@_R{{.*}}7aligned(ptr {{[^%]*}}align 32 {{[^%]*}}%i)
#[autodiff_forward(d_aligned, Dual, Dual)]
#[inline(never)]
fn aligned(i: Aligned) -> f64 {
    i.0 * i.0
}

#[unsafe(no_mangle)]
pub fn calls(a: f32, b: &f64, n: i16) {
    let x = Two { a, b: a };
    black_box((two(x), plain_two(x), d_two(x, 1.0)));
    let x = Flagged { flag: n > 0, value: *b };
    black_box((flagged(x), plain_flagged(x), d_flagged(x)));
    let x = Outer { a: Inner(*b), b: (Inner(*b),) };
    black_box((nested(x), plain_nested(x), d_nested(x, 1.0)));
    let x = Small { a: n, b: n, c: a };
    black_box((small(x), plain_small(x), d_small(x, 1.0)));
    let x = || View { data: b, n: n as usize };
    black_box((view(x(), *b), plain_view(x(), *b), d_view(x(), *b, 1.0)));
    let x = Newtype(Newtype(*b, ()), ());
    black_box((newtype(x), d_newtype(x, 1.0), uninit(MaybeUninit::new(*b))));
    let x = Aligned(*b);
    black_box((aligned(x), d_aligned(x, Aligned(1.0))));
}
