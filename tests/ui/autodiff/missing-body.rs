//! Check the error for a primal that calls a function of a dependency whose body is not available: it
//! names the function and its crate, and says what to do.

//@ needs-enzyme (the error is Enzyme's)
//@ build-fail
//@ aux-build: without-bodies.rs
//@ edition: 2024
//@ compile-flags: -Zautodiff=Enable
//@ normalize-stderr: "in function \S+ .*?: Enzyme" -> "in function $$FUNCTION: Enzyme"

#![feature(autodiff)]

extern crate without_bodies;

use std::autodiff::autodiff_reverse;

#[autodiff_reverse(d_calls_opaque, Active, Active)]
fn calls_opaque(x: f64) -> f64 {
    //~^ ERROR cannot be differentiated: the body of `without_bodies::opaque` of crate `without_bodies` is not known
    without_bodies::opaque(x) * x
}

fn main() {
    d_calls_opaque(3.0, 1.0);
}
