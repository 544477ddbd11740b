//! Check that a primal is in `@llvm.compiler.used`, whose members all of LLVM takes to be called by
//! someone unknown, and not in `@llvm.used`, which would keep it in the program even if nobody
//! calls it.

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

// CHECK-NOT: @llvm.used
// CHECK: @llvm.compiler.used = appending global
// CHECK-NOT: {{plain_|d_}}derived
// CHECK-SAME: 5alone
// CHECK-NOT: {{plain_|d_}}derived
// CHECK-SAME: 7derived
// CHECK-NOT: {{plain_|d_}}derived
// CHECK-SAME: section "llvm.metadata"
// CHECK-NOT: @llvm.used

// The attribute decides, not whether there is a derivative.
#[rustc_autodiff]
#[inline(never)]
fn alone(x: f64) -> f64 {
    x * x + 2.0
}

#[autodiff_reverse(d_derived, Active, Active)]
#[inline(never)]
fn derived(x: f64) -> f64 {
    x * x
}

#[inline(never)]
fn plain_derived(x: f64) -> f64 {
    x * x + 1.0
}

#[unsafe(no_mangle)]
pub fn calls(x: f64) {
    black_box((derived(x), plain_derived(x), d_derived(x, 1.0), alone(x)));
}
