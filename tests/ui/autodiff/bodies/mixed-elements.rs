//! Check derivatives of functions that grow and copy a `Vec` of floats beside integers, pointers or
//! `bool`s, in an element or in a `Vec` of their own. Each is compared with finite differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

// Grows as it is pushed to: what there is, is copied.
#[autodiff_reverse(d_pushed, Duplicated, Active)]
#[autodiff_forward(t_pushed, Dual, Dual)]
fn pushed(x: &[f64]) -> f64 {
    let mut terms = vec![];
    for (i, x) in x.iter().enumerate() {
        terms.push((i * 7 % 5, x * x));
    }
    terms.iter().map(|&(power, x)| x.powi(power as i32)).sum()
}

// The same, where no float is seen that is of the `Vec`.
#[autodiff_reverse(d_pushed_by_another, Duplicated, Active)]
#[autodiff_forward(t_pushed_by_another, Dual, Dual)]
fn pushed_by_another(x: &[f64]) -> f64 {
    let mut terms = vec![];
    x.iter().enumerate().for_each(|(i, &x)| push(&mut terms, i * 7 % 5, x));
    terms.iter().map(|&(factor, x)| factor as f64 * x.sin()).sum()
}

#[inline(never)]
fn push(terms: &mut Vec<(usize, f64)>, factor: usize, x: f64) {
    if x < 5.0 {
        terms.push((factor, x));
    }
}

#[autodiff_reverse(d_cloned, Duplicated, Active)]
#[autodiff_forward(t_cloned, Dual, Dual)]
fn cloned(x: &[f64]) -> f64 {
    let terms: Vec<(usize, f64)> = x.iter().enumerate().map(|(i, x)| (i, x * x)).collect();
    let mut copy = terms.clone();
    copy[1].1 *= terms[2].1;
    copy.iter().map(|&(factor, x)| (factor + 1) as f64 * x.sin()).sum()
}

// An integer and a float in eight bytes.
#[autodiff_reverse(d_single, Duplicated, Active)]
fn single(x: &[f32]) -> f32 {
    let mut terms: Vec<(u16, f32)> = vec![];
    for (i, x) in (0..).zip(x) {
        terms.push((i, x * x));
    }
    let copy = terms.to_vec();
    copy.iter().map(|&(factor, x)| f32::from(factor) * x).sum()
}

#[autodiff_reverse(d_moved, Duplicated, Active)]
#[autodiff_forward(t_moved, Dual, Dual)]
fn moved(x: &[f64]) -> f64 {
    let mut terms: Vec<(u8, f64)> = (0..).zip(x).map(|(i, x)| (i, x * x)).collect();
    let removed = terms.remove(1);
    terms.insert(3, (7, removed.1 * x[0]));
    terms.drain(..2);
    terms.iter().map(|&(factor, x)| f64::from(factor) * x).sum()
}

// A pointer beside a float.
#[autodiff_reverse(d_with_boxes, Duplicated, Active)]
#[autodiff_forward(t_with_boxes, Dual, Dual)]
fn with_boxes(x: &[f64]) -> f64 {
    let mut terms = vec![];
    for (i, x) in x.iter().enumerate() {
        terms.push((x * x, Box::new(x * i as f64)));
    }
    terms.iter().map(|(x, y)| x * **y).sum()
}

// Two of different types, grown by the same function of the standard library.
#[autodiff_reverse(d_masked, Duplicated, Active)]
#[autodiff_forward(t_masked, Dual, Dual)]
fn masked(x: &[f64]) -> f64 {
    let mask: Vec<bool> = x.iter().map(|x| *x > 0.0).collect();
    let logarithms: Vec<f64> =
        x.iter().zip(&mask).filter(|(_, mask)| **mask).map(|(x, _)| x.ln()).collect();
    logarithms.iter().sum::<f64>() * mask.iter().filter(|mask| **mask).count() as f64 + x[1] * x[4]
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("pushed", &x, pushed, d_pushed, t_pushed);
    checks.gradient(
        "pushed_by_another",
        &x,
        pushed_by_another,
        d_pushed_by_another,
        t_pushed_by_another,
    );
    checks.gradient("cloned", &x, cloned, d_cloned, t_cloned);
    checks.gradient("moved", &x, moved, d_moved, t_moved);
    checks.gradient("with_boxes", &x, with_boxes, d_with_boxes, t_with_boxes);
    checks.gradient("masked", &x, masked, d_masked, t_masked);
    // 2 i x_i.
    let mut dx = [0.0; 6];
    assert_eq!(d_single(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &mut dx, 1.0), 350.0);
    for (i, dx) in dx.into_iter().enumerate() {
        checks.compare("single", dx.into(), (2 * i * (i + 1)) as f64, 1.0);
    }
    checks.finish(132);
}
