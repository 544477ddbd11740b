//! Check the errors for widths: out of range, more shadows than a function can have parameters, and
//! an `Active` parameter, whose gradients would be several where the derivative returns one.

//@ edition: 2024
//@ needs-enzyme (the attributes are for it)

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};

#[autodiff_forward(d1, 0, Dual, Dual)] //~ ERROR the width of a derivative must be at least 1
fn zero(x: f64) -> f64 {
    x
}

#[autodiff_forward(d2, 65536, Dual, Dual)] //~ ERROR the width of a derivative must be at most 65535
fn too_large(x: f64) -> f64 {
    x
}

#[autodiff_forward(d3, 340282366920938463463374607431768211455, Dual, Dual)] //~ ERROR the width of a derivative must be at most 65535
fn largest(x: f64) -> f64 {
    x
}

#[autodiff_forward(d4, 32767, Dual, Dual, Dual)] //~ ERROR a derivative of this width has 65536 parameters
fn too_many_parameters(x: f64, y: f64) -> f64 {
    x * y
}

#[autodiff_reverse(d5, 2, Active, Duplicated)] //~ ERROR a parameter cannot be `Active` in a derivative of width 2
fn active_parameter(x: f64, y: &mut f64) {
    *y = x;
}

#[autodiff_forward(d8, -1, Dual, Dual)] //~ ERROR expected unsuffixed literal, found `-`
fn negative(x: f64) -> f64 {
    x
}

#[autodiff_forward(d9, 2u8, Dual, Dual)] //~ ERROR suffixed literals are not allowed in attributes
fn suffixed(x: f64) -> f64 {
    x
}

fn main() {}
