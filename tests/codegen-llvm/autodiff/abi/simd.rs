//! Check that a primal takes and returns a SIMD vector through memory, as an ordinary function
//! does, but without `sret`, and that LLVM does not turn it into a vector where all callers are
//! known.

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
#![feature(autodiff, repr_simd)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;

#[derive(Clone, Copy)]
#[repr(simd)]
pub struct F32x4([f32; 4]);

fn lanes(x: F32x4) -> [f32; 4] {
    unsafe { std::mem::transmute(x) }
}

// CHECK: define {{.*}}@_R{{.*}}8argument(ptr {{[^%]*}}align 16 {{[^%]*}}%x, float {{[^%]*}}%k)
#[autodiff_reverse(d_argument, Const, Active, Active)]
#[inline(never)]
fn argument(x: F32x4, k: f32) -> f32 {
    lanes(x)[0] * lanes(x)[3] * k
}

// CHECK: define {{.*}}void @_R{{.*}}6result(
// CHECK-NOT: {{sret|writable|dead_on_unwind}}
// CHECK-SAME: align 16 {{[^%]*}}%_0, float {{[^%]*}}%x)
#[autodiff_forward(d_result, Dual, Dual)]
#[inline(never)]
fn result(x: f32) -> F32x4 {
    F32x4([x, x * x, 1.0, 2.0])
}

// debug: define {{.*}}void @_R{{.*}}12plain_result(ptr sret([16 x i8]) align 16 %_0, float %x)
// release: define {{.*}}void @_R{{.*}}12plain_result(ptr dead_on_unwind {{[^%]*}}writable {{[^%]*}}%_0, float {{[^%]*}}%x)
#[inline(never)]
fn plain_result(x: f32) -> F32x4 {
    F32x4([x, x * x, 1.0, 3.0])
}

#[unsafe(no_mangle)]
pub fn calls(x: F32x4, k: f32) {
    black_box((argument(x, k), d_argument(x, k, 1.0)));
    black_box((result(k), plain_result(k), d_result(k, 1.0)));
}
