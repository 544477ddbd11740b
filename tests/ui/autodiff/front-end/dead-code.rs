//! Check that a function is used if its derivative is, and dead if its derivative is never called. Of the
//! derivative itself nothing is said: it is generated. Nor of methods that would be named with it.

//@ edition: 2024
//@ needs-enzyme (the attributes are for it)
//@ check-pass

#![feature(autodiff)]
#![warn(dead_code)]

use std::autodiff::{autodiff_forward, autodiff_reverse};

#[autodiff_reverse(d_differentiated, Active, Active)]
#[autodiff_forward(t_differentiated, Dual, Dual)]
fn differentiated(x: f64) -> f64 {
    x
}

#[autodiff_reverse(d_called, Active, Active)]
fn called(x: f64) -> f64 {
    x
}

#[autodiff_reverse(d_unused, Active, Active)]
fn unused(x: f64) -> f64 {
    //~^ WARN function `unused` is never used
    x
}

struct Model;

impl Model {
    #[autodiff_reverse(d_differentiated, Const, Active, Active)]
    fn differentiated(&self, x: f64) -> f64 {
        x
    }
}

fn main() {
    let _ = (d_differentiated(1.0, 1.0), called(1.0), Model.d_differentiated(1.0, 1.0));
}
