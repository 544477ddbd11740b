//! Check the error for what owns memory and is returned by a primal in reverse mode, at the end of which Enzyme
//! frees what the primal has allocated. In forward mode, nothing is freed.

//@ needs-enzyme (the type is looked at where Enzyme is called)
//@ build-fail
//@ edition: 2024
//@ compile-flags: -Zautodiff=Enable

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};

#[autodiff_reverse(d_squares, Duplicated, Const)]
//~^ ERROR
#[autodiff_forward(t_squares, Dual, Const)]
fn squares(x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| x * x).collect()
}

#[autodiff_reverse(d_root, Duplicated, Duplicated, Const)]
//~^ ERROR
fn root(x: &f64, y: &mut f64) -> Result<(), String> {
    if *x < 0.0 {
        return Err(format!("{x} is negative"));
    }
    *y = x.sqrt();
    Ok(())
}

#[autodiff_reverse(d_first, Duplicated, Const)]
fn first(x: &[f64]) -> Option<&f64> {
    x.first()
}

fn main() {
    d_squares(&[1.0], &mut [0.0]);
    t_squares(&[1.0], &[0.0]);
    let _ = d_root(&1.0, &mut 0.0, &mut 0.0, &mut 1.0);
    d_first(&[1.0], &mut [0.0]);
}
