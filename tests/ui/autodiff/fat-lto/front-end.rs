//! Check the derivatives of tests/ui/autodiff/front-end with fat LTO, as modules of one crate: most of
//! the time goes into the standard library, which each crate takes in.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ no-prefer-dynamic (fat LTO)
//@ edition: 2024
//@ compile-flags: -Zautodiff=Enable -Copt-level=3 -Clto=fat

#![feature(anonymous_lifetime_in_impl_trait, autodiff)]
#![allow(unused_features)] // `anonymous_lifetime_in_impl_trait` is used, but not counted
#![allow(unused_attributes)] // the tests are crates, with crate-level attributes

#[macro_use]
#[path = "auxiliary/tests.rs"]
mod tests;

include!("auxiliary/front-end.rs");

fn main() {
    run_all();
}
