//! Check the errors for arguments and return values that are `Active` and have no gradient of their own:
//! what Enzyme made of them was zero, or a gradient added to the primal's own data. Which types these
//! are shows only once they are known: behind an alias, a generic parameter, in a field.

//@ build-fail
//@ needs-enzyme (differentiates)
//@ edition: 2024
//@ compile-flags: -Zautodiff=Enable

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;

type Reference<'a> = &'a f64;

#[autodiff_reverse(d_reference, Active, Active)] //~ ERROR `&f64` cannot be `Active`
fn reference(x: Reference<'_>) -> f64 {
    x * x
}

#[autodiff_reverse(d_integer, Active, Active, Active)] //~ ERROR `i32` cannot be `Active`
fn integer(x: f64, n: i32) -> f64 {
    x.powi(n)
}

struct Borrowing<'a> {
    scale: f64,
    data: &'a [f64],
}

#[autodiff_reverse(d_field, Active, Active)] //~ ERROR `Borrowing<'_>` cannot be `Active`
fn field(x: Borrowing<'_>) -> f64 {
    x.scale * x.data[0]
}

#[autodiff_reverse(d_owning, Active, Active)] //~ ERROR cannot be `Active`
fn owning(x: Vec<f64>) -> f64 {
    x[0] * x[0]
}

// Where the one has a float, the other has an integer, and nothing says which it is.
#[derive(Clone, Copy)]
union Either {
    float: f64,
    integer: i64,
}

#[autodiff_reverse(d_either, Active, Active)] //~ ERROR `Either` cannot be `Active`
fn either(x: Either) -> f64 {
    unsafe { if x.integer == 0 { 0.0 } else { x.float } }
}

#[autodiff_reverse(d_returned, Active, Active)] //~ ERROR `u64` cannot be `Active`
fn returned(x: f64) -> u64 {
    x as u64
}

#[autodiff_reverse(d_generic, Active, Active)] //~ ERROR `(u32, u8)` cannot be `Active`
fn generic<T: Into<f64> + Copy>(x: (T, u8)) -> f64 {
    x.0.into()
}

fn main() {
    d_reference(&2.0, 1.0);
    d_integer(2.0, 3, 1.0);
    d_field(Borrowing { scale: 2.0, data: &[3.0] }, 1.0);
    d_owning(vec![2.0], 1.0);
    d_either(Either { float: 2.0 }, 1.0);
    d_either(Either { integer: 2 }, 1.0);
    d_returned(2.0, 1);
    d_generic((2.0f32, 3u8), 1.0);
    d_generic((2u32, 3u8), 1.0);
}
