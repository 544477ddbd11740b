//! Check that in reverse mode, a primal can return what owns memory, as `Const`: errors with text, and values that nothing
//! is to be differentiated by. The memory is the caller's, who frees it.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0
//@[release] compile-flags: -Copt-level=3

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::rc::Rc;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

#[autodiff_reverse(d_squares, Duplicated, Duplicated, Const)]
#[autodiff_forward(t_squares, Dual, Dual, Const)]
fn squares(x: &[f64], sum: &mut f64) -> Vec<f64> {
    let squares: Vec<_> = x.iter().map(|x| x * x).collect();
    *sum = squares.iter().sum();
    squares
}

#[autodiff_reverse(d_root, Duplicated, Duplicated, Const)]
fn root(x: &f64, y: &mut f64) -> Result<(), String> {
    if *x < 0.0 {
        return Err(format!("{x} is negative"));
    }
    *y = x.sqrt();
    Ok(())
}

struct Report {
    steps: Vec<(usize, Box<f64>)>,
    by: Rc<str>,
}

#[autodiff_reverse(d_newton, Active, Duplicated, Const)]
fn newton(x: f64, y: &mut f64) -> Report {
    let mut steps = vec![];
    let mut root = x;
    while (root * root - x).abs() > 1e-15 * x && steps.len() < 50 {
        root = 0.5 * (root + x / root);
        steps.push((steps.len(), Box::new(root)));
    }
    *y = root;
    Report { steps, by: Rc::from("Heron") }
}

pub fn main() {
    let (x, mut dx) = ([2.0, 3.0], [0.0; 2]);
    exact("squares", d_squares(&x, &mut dx, &mut 0.0, &mut 1.0), vec![4.0, 9.0]);
    exact("squares", dx, [4.0, 6.0]);
    exact("squares", t_squares(&x, &[1.0, 0.0], &mut 0.0, &mut 0.0), vec![4.0, 9.0]);

    let mut dx = 0.0;
    exact("root", d_root(&4.0, &mut dx, &mut 0.0, &mut 1.0), Ok(()));
    exact("root", dx, 0.25);
    let mut dy = 1.0;
    exact("root", d_root(&-4.0, &mut 0.0, &mut 0.0, &mut dy), Err("-4 is negative".to_string()));

    let (mut y, mut dy) = (0.0, 1.0);
    let (report, dx) = d_newton(4.0, &mut y, &mut dy);
    exact("newton", (y, &*report.by), (2.0, "Heron"));
    exact("newton", *report.steps.last().unwrap().1, 2.0);
    assert!((dx - 0.25).abs() < 1e-12, "{dx}");
}
