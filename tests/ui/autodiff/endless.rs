//! Check the error for a primal that does not return.

//@ needs-enzyme (differentiates)
//@ build-fail
//@ edition: 2024
//@ revisions: looping unwritten
//@ compile-flags: -Zautodiff=Enable

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;

#[cfg(looping)]
#[autodiff_reverse(d_endless, Active, Active)]
fn endless(mut x: f64) -> f64 {
    //[looping]~^ ERROR `endless::endless` cannot be differentiated: it does not return, so it has no derivative
    loop {
        x = x.sin();
    }
}

#[cfg(unwritten)]
#[autodiff_reverse(d_endless, Active, Active)]
fn endless(_x: f64) -> f64 {
    //[unwritten]~^ ERROR `endless::endless` cannot be differentiated: it does not return, so it has no derivative
    todo!()
}

fn main() {
    d_endless(3.0, 1.0);
}

