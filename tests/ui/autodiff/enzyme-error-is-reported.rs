//! Check that an error of Enzyme's ends the compilation with Enzyme's text in an ordinary error,
//! instead of a crash or of a program with a wrong derivative.
//!
//! Enzyme has no body to differentiate for a function from C, and no rule for this one. The mangled
//! name of the differentiated function, which Enzyme names, is left out.

//@ needs-enzyme (the error is Enzyme's)
//@ build-fail
//@ edition: 2024
//@ compile-flags: -Zautodiff=Enable -Copt-level=3
//@ normalize-stderr: "in function \S+ .*?: Enzyme" -> "in function $$FUNCTION: Enzyme"

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;

unsafe extern "C" {
    safe fn opaque_to_enzyme(x: f64) -> f64;
}

#[autodiff_reverse(d_calls_opaque, Active, Active)]
fn calls_opaque(x: f64) -> f64 {
    //~^ ERROR `enzyme_error_is_reported::calls_opaque` cannot be differentiated: the foreign function `opaque_to_e
    opaque_to_enzyme(x) * x
}

fn main() {
    d_calls_opaque(3.0, 1.0);
}

