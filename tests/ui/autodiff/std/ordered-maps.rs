//! Check derivatives of functions that fill maps and sets of the standard library that are ordered, with floats or with
//! indices. Each is compared with finite differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::collections::BTreeMap;
use std::collections::BTreeSet;

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[autodiff_reverse(d_inserted, Duplicated, Active)]
#[autodiff_forward(t_inserted, Dual, Dual)]
fn inserted(x: &[f64]) -> f64 {
    let mut map = BTreeMap::new();
    for (i, v) in x.iter().enumerate() {
        map.insert(i, v * v);
    }
    map.values().fold(0.0, |sum, v| 0.5 * sum + v.sin())
}

#[autodiff_reverse(d_collected, Duplicated, Active)]
#[autodiff_forward(t_collected, Dual, Dual)]
fn collected(x: &[f64]) -> f64 {
    let map: BTreeMap<usize, f64> = x.iter().map(|v| v * v).enumerate().collect();
    map.values().fold(0.0, |sum, v| 0.5 * sum + v.sin())
}

#[autodiff_reverse(d_entries, Duplicated, Active)]
#[autodiff_forward(t_entries, Dual, Dual)]
fn entries(x: &[f64]) -> f64 {
    let mut map = BTreeMap::new();
    for (i, v) in x.iter().enumerate() {
        *map.entry(i % 3).or_insert_with(|| v.sin()) += v * v;
    }
    map.values().fold(0.0, |sum, v| 0.5 * sum + v.sin())
}

#[autodiff_reverse(d_lists_of_indices, Duplicated, Active)]
#[autodiff_forward(t_lists_of_indices, Dual, Dual)]
fn lists_of_indices(x: &[f64]) -> f64 {
    let mut groups: BTreeMap<bool, Vec<usize>> = BTreeMap::new();
    for (i, v) in x.iter().enumerate() {
        groups.entry(*v > 0.5).or_default().push(i);
    }
    groups.values().map(|group| group.iter().map(|i| x[*i] * x[*i]).sum::<f64>()).product()
}

#[autodiff_reverse(d_of_vecs, Duplicated, Active)]
#[autodiff_forward(t_of_vecs, Dual, Dual)]
fn of_vecs(x: &[f64]) -> f64 {
    let mut groups: BTreeMap<u8, Vec<f64>> = BTreeMap::new();
    for (i, v) in x.iter().enumerate() {
        groups.entry(i as u8 % 3).or_default().push(v * v);
    }
    groups.values().map(|list| list.iter().product::<f64>()).sum()
}

#[autodiff_reverse(d_intersection, Duplicated, Active)]
#[autodiff_forward(t_intersection, Dual, Dual)]
fn intersection(x: &[f64]) -> f64 {
    let positive: BTreeSet<usize> = (0..6).filter(|i| x[*i] > 0.0).collect();
    let even = BTreeSet::from([4, 2, 0]);
    positive.intersection(&even).map(|i| x[*i]).product()
}

#[autodiff_reverse(d_popped, Duplicated, Active)]
#[autodiff_forward(t_popped, Dual, Dual)]
fn popped(x: &[f64]) -> f64 {
    let mut rest = BTreeSet::from([5, 3, 1, 0]);
    let mut value = 1.0;
    while let Some(i) = rest.pop_first() {
        value = value * x[i] + 1.0;
    }
    value
}

#[autodiff_reverse(d_counted, Duplicated, Active)]
#[autodiff_forward(t_counted, Dual, Dual)]
fn counted(x: &[f64]) -> f64 {
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    for v in x {
        *counts.entry((v * 2.0).floor() as i64).or_insert(0) += 1;
    }
    x.iter().map(|v| v * v * counts.len() as f64).sum()
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("inserted", &x, inserted, d_inserted, t_inserted);
    checks.gradient("collected", &x, collected, d_collected, t_collected);
    checks.gradient("entries", &x, entries, d_entries, t_entries);
    checks.gradient(
        "lists_of_indices",
        &x,
        lists_of_indices,
        d_lists_of_indices,
        t_lists_of_indices,
    );
    checks.gradient("of_vecs", &x, of_vecs, d_of_vecs, t_of_vecs);
    checks.gradient("intersection", &x, intersection, d_intersection, t_intersection);
    checks.gradient("popped", &x, popped, d_popped, t_popped);
    checks.gradient("counted", &x, counted, d_counted, t_counted);
    checks.finish(168);
}
