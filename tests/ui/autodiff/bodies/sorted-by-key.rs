//! Check derivatives of functions that sort floats by a key beside them. How far a value moves depends on keys
//! in memory, which have changed when the reverse moves the adjoints back.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@[lto] no-prefer-dynamic (fat LTO)
//@ edition: 2024
//@ revisions: debug release lto
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16
//@[lto] compile-flags: -Copt-level=3 -Clto=fat

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[autodiff_reverse(d_sorted, Duplicated, Active)]
#[autodiff_forward(t_sorted, Dual, Dual)]
fn sorted(x: &[f64]) -> f64 {
    let mut pairs: Vec<(f64, u8)> =
        x.iter().enumerate().map(|(i, x)| (x * x, (i * 5 % 6) as u8)).collect();
    pairs.sort_by_key(|pair| pair.1);
    pairs.iter().enumerate().map(|(i, pair)| i as f64 * pair.0).sum()
}

#[inline(never)]
fn insertion_sort(pairs: &mut [(f64, u8)]) {
    for i in 1..pairs.len() {
        let pair = pairs[i];
        let mut j = i;
        while j > 0 && pair.1 < pairs[j - 1].1 {
            pairs[j] = pairs[j - 1];
            j -= 1;
        }
        pairs[j] = pair;
    }
}

#[autodiff_reverse(d_by_hand, Duplicated, Active)]
#[autodiff_forward(t_by_hand, Dual, Dual)]
fn by_hand(x: &[f64]) -> f64 {
    let mut pairs: Vec<(f64, u8)> =
        x.iter().enumerate().map(|(i, x)| (x * x, (i * 5 % 6) as u8)).collect();
    insertion_sort(&mut pairs);
    pairs.iter().enumerate().map(|(i, pair)| i as f64 * pair.0).sum()
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("sorted", &x, sorted, d_sorted, t_sorted);
    checks.gradient("by_hand", &x, by_hand, d_by_hand, t_by_hand);
    checks.finish(42);
}
