#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};

use shapes::boxed;

/// Euler's method for `x' = right(x)`, with an own `Vec` of all steps.
pub fn euler<F: Fn(f64) -> f64>(right: F, start: f64, steps: usize) -> f64 {
    let mut path = vec![start];
    for step in 0..steps {
        let x = path[step];
        path.push(x + 0.5 * right(x));
    }
    path[steps]
}

/// Calls the other library.
#[autodiff_reverse(d_cubed, Active, Active)]
pub fn cubed(x: f64) -> f64 {
    x * boxed(&[x, 0.0])
}

#[autodiff_forward(t_scaled, Dual, Dual)]
pub fn scaled<T: Into<f64> + Copy>(x: T) -> f64 {
    let x: f64 = x.into();
    shapes::SCALE * x * x
}
