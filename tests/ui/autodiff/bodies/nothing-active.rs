//! Check that a derivative by nothing computes what its primal does. What a loop allocates that
//! fills a `Vec`, the reverse frees from a cache that is null on ways that nothing takes.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;

#[autodiff_reverse(d_rotated, Const, Const)]
fn rotated<const N: usize>(x: &[f64; N], sum: &mut f64) {
    let mut pairs = Vec::new();
    for (place, &x) in x.iter().enumerate() {
        pairs.push((place as u8, x));
    }
    let half = pairs.len() / 2;
    pairs.rotate_left(half);
    let mut sorted = [0.0; N];
    for &(place, x) in &pairs {
        sorted[usize::from(place)] = x;
    }
    *sum = sorted.iter().rev().fold(0.0, |sum, x| 2.0 * sum + x);
}

#[autodiff_reverse(d_drained, Const, Const)]
fn drained(x: &[f64], sum: &mut f64) {
    let mut pairs: Vec<_> = x.iter().enumerate().map(|(place, &x)| (place as u32, x)).collect();
    let half: Vec<_> = pairs.drain(..pairs.len() / 2).collect();
    pairs.extend(half);
    *sum = pairs.iter().map(|&(place, x)| f64::from(place) * x).sum();
}

fn main() {
    let mut sum = 0.0;
    d_rotated(&[1.0, 2.0, 3.0], &mut sum);
    assert_eq!(sum, 17.0);
    d_drained(&[1.0, 2.0, 3.0], &mut sum);
    assert_eq!(sum, 8.0);
}
