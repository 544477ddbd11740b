//! Check that a derivative needs the target features of its primal: it runs the same instructions.

//@ only-x86_64
//@ edition: 2024
//@ needs-enzyme (the attributes are for it)

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};

#[autodiff_reverse(d_wide, Active, Active)]
#[autodiff_forward(t_wide, Dual, Dual)]
#[target_feature(enable = "avx2")]
fn wide(x: f64) -> f64 {
    x * x
}

#[target_feature(enable = "avx2")]
fn as_wide(x: f64) -> (f64, f64) {
    d_wide(x, 1.0)
}

fn narrow(x: f64) {
    d_wide(x, 1.0); //~ ERROR call to function `d_wide` with `#[target_feature]` is unsafe
    t_wide(x, 1.0); //~ ERROR call to function `t_wide` with `#[target_feature]` is unsafe
    unsafe { as_wide(x) };
}

fn main() {
    narrow(1.0);
}
