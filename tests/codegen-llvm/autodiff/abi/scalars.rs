//! Check that a scalar of any width is one parameter of a primal, and one return value.

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
#![feature(autodiff, f16, rustc_attrs)]

use std::autodiff::autodiff_reverse;
use std::hint::black_box;

// CHECK: define {{.*}}double @_R{{.*}}5small(i1 {{[^%]*}}zeroext {{[^%]*}}%a, i8 {{[^%]*}}%b, i16 {{[^%]*}}%c, double {{[^%]*}}%x)
#[autodiff_reverse(d_small, Const, Const, Const, Active, Active)]
#[inline(never)]
fn small(a: bool, b: u8, c: i16, x: f64) -> f64 {
    if a { x * b as f64 } else { x * c as f64 }
}

// CHECK: define {{.*}}float @_R{{.*}}5large(i128 {{[^%]*}}%a, i32 {{[^%]*}}%b, float {{[^%]*}}%x)
#[autodiff_reverse(d_large, Const, Const, Active, Active)]
#[inline(never)]
fn large(a: i128, b: char, x: f32) -> f32 {
    if a > 1 << 64 { x * b as u32 as f32 } else { x }
}

// CHECK: define {{.*}}i128 @_R{{.*}}8integers(i128 {{[^%]*}}%a, i64 {{[^%]*}}%b)
#[rustc_autodiff]
#[inline(never)]
fn integers(a: u128, b: usize) -> u128 {
    a ^ b as u128
}

// CHECK: define {{.*}}half @_R{{.*}}4half(half {{[^%]*}}%x, float {{[^%]*}}%y)
#[rustc_autodiff]
#[inline(never)]
fn half(x: f16, y: f32) -> f16 {
    x + y as f16
}

#[unsafe(no_mangle)]
pub fn calls(a: bool, b: u8, c: i16, d: i128, e: char, f: f16, x: f64) {
    black_box((small(a, b, c, x), d_small(a, b, c, x, 1.0)));
    black_box((large(d, e, x as f32), d_large(d, e, x as f32, 1.0)));
    black_box((integers(d as u128, b as usize), half(f, x as f32)));
}
