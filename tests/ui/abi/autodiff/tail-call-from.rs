//! Check the errors for what the ABI of a function that is differentiated rules out: to be the caller
//! of a tail call, whose callee would have to take the same arguments in the same way.

//@ edition: 2024

#![feature(rustc_attrs, explicit_tail_calls)]
#![expect(incomplete_features)]

#[rustc_autodiff]
fn caller(x: (f64, f64)) -> f64 {
    become callee(x); //~ ERROR a function that is differentiated cannot perform a tail-call
}

fn callee(x: (f64, f64)) -> f64 {
    x.0 + x.1
}

fn main() {
    caller((2.0, 3.0));
}
