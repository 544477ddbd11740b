#![feature(autodiff)]

use std::autodiff::autodiff_reverse;

// test_workspace.py edits this line.
pub const SCALE: f64 = 2.0;

pub trait Shape {
    fn area(&self, x: f64) -> f64;
}

/// `SCALE * sum(sides)^2`, for any number of sides.
#[autodiff_reverse(d_box, Duplicated, Active)]
pub fn boxed<const N: usize>(sides: &[f64; N]) -> f64 {
    let sum: f64 = sides.iter().sum();
    SCALE * sum * sum
}
