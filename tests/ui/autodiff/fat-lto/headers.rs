//! Check the derivatives of tests/ui/autodiff/headers with fat LTO, as modules of one crate: most of
//! the time goes into the standard library, which each crate takes in.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ no-prefer-dynamic (fat LTO)
//@ edition: 2024
//@ compile-flags: -Zautodiff=Enable -Copt-level=3 -Clto=fat

#![feature(autodiff, f128, f16, portable_simd)]
#![allow(unused_attributes)] // the tests are crates, with crate-level attributes

#[macro_use]
#[path = "auxiliary/tests.rs"]
mod tests;

include!("auxiliary/headers.rs");

fn main() {
    run_all();
}
