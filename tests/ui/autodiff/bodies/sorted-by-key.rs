//! Check derivatives of functions that sort floats with something beside them. How far a value moves depends on keys
//! in memory, which have changed when the reverse moves the adjoints back.

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

#[autodiff_reverse(d_sorted, Duplicated, Active)]
#[autodiff_forward(t_sorted, Dual, Dual)]
fn sorted(x: &[f64]) -> f64 {
    let mut pairs: Vec<(f64, u8)> =
        x.iter().enumerate().map(|(i, x)| (x * x, (i * 5 % 6) as u8)).collect();
    pairs.sort_unstable_by_key(|pair| pair.1);
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

// The floats are the keys.
#[autodiff_reverse(d_by_value, Duplicated, Active)]
#[autodiff_forward(t_by_value, Dual, Dual)]
fn by_value(x: &[f64]) -> f64 {
    let mut pairs: Vec<(f64, usize)> = x.iter().copied().zip(0..).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    pairs.iter().zip(1..).map(|(pair, i)| f64::from(i) * pair.0 * pair.0 + pair.1 as f64).sum()
}

#[autodiff_reverse(d_unstable, Duplicated, Active)]
#[autodiff_forward(t_unstable, Dual, Dual)]
fn unstable(x: &[f64]) -> f64 {
    let mut triples: Vec<(u8, f64, u32)> = x.iter().map(|x| (7, x * x, 9)).collect();
    triples.sort_unstable_by(|a, b| a.1.total_cmp(&b.1));
    triples.iter().zip(1..).map(|(triple, i)| f64::from(i * triple.2) * triple.1).sum()
}

#[derive(Clone, Copy)]
struct Particle {
    kind: u32,
    place: f64,
    number: usize,
}

#[inline(never)]
fn swap(a: &mut Particle, b: &mut Particle) {
    std::mem::swap(a, b);
}

#[autodiff_reverse(d_swapped, Duplicated, Active)]
#[autodiff_forward(t_swapped, Dual, Dual)]
fn swapped(x: &[f64]) -> f64 {
    let mut list: Vec<_> =
        x.iter().zip(0..).map(|(x, i)| Particle { kind: i, place: *x, number: 3 }).collect();
    let (left, right) = list.split_at_mut(2);
    swap(&mut left[0], &mut right[1]);
    right[1..3].swap_with_slice(left);
    let value = |(particle, i): (&Particle, u32)| {
        f64::from(i * particle.kind) * particle.place * particle.place * particle.number as f64
    };
    list.iter().zip(1..).map(value).sum()
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("sorted", &x, sorted, d_sorted, t_sorted);
    checks.gradient("by_hand", &x, by_hand, d_by_hand, t_by_hand);
    checks.gradient("by_value", &x, by_value, d_by_value, t_by_value);
    checks.gradient("unstable", &x, unstable, d_unstable, t_unstable);
    checks.gradient("swapped", &x, swapped, d_swapped, t_swapped);
    checks.finish(105);
}
