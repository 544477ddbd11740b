//! Check derivatives of functions that sets and maps of indices steer, and that find floats by name. Each is compared
//! with finite differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

// Which elements count, in which order.
#[autodiff_reverse(d_set_collected, Duplicated, Active)]
#[autodiff_forward(t_set_collected, Dual, Dual)]
fn set_collected(x: &[f64]) -> f64 {
    let positive: BTreeSet<usize> = (0..6).filter(|i| x[*i] > 0.0).collect();
    let sum: f64 = positive.iter().map(|i| x[*i] * x[*i]).sum();
    sum * x[1] + positive.range(1..4).map(|i| x[*i].sin()).product::<f64>()
}

#[autodiff_reverse(d_set_inserted, Duplicated, Active)]
#[autodiff_forward(t_set_inserted, Dual, Dual)]
fn set_inserted(x: &[f64]) -> f64 {
    let mut seen = BTreeSet::new();
    let mut sum = 0.0;
    for v in x {
        let cell = (v * 2.0).floor() as i64;
        sum += if seen.insert(cell) { v * v } else { v.sin() };
    }
    sum * seen.len() as f64
}

// Cells of a grid.
#[autodiff_reverse(d_set_of_pairs, Duplicated, Active)]
#[autodiff_forward(t_set_of_pairs, Dual, Dual)]
fn set_of_pairs(x: &[f64]) -> f64 {
    let cells: BTreeSet<(usize, usize)> = (0..6).map(|i| (i * i % 3, i % 2)).collect();
    cells.iter().map(|(i, j)| x[*i] * x[i + j + 2]).sum()
}

#[autodiff_reverse(d_map_of_indices, Duplicated, Active)]
#[autodiff_forward(t_map_of_indices, Dual, Dual)]
fn map_of_indices(x: &[f64]) -> f64 {
    let places: BTreeMap<&str, usize> = ["b", "a", "d", "c"].into_iter().zip(0..).collect();
    let named: f64 = places.values().map(|i| x[*i]).fold(0.5, |value, v| value * v + 1.0);
    named * x[places["c"]] + places.get("e").map_or(x[4], |i| x[*i]) * x[5]
}

#[autodiff_reverse(d_map_by_name, Duplicated, Active)]
#[autodiff_forward(t_map_by_name, Dual, Dual)]
fn map_by_name(x: &[f64]) -> f64 {
    let mut parameters = BTreeMap::new();
    for (name, v) in ["mass", "charge", "radius"].into_iter().zip(x) {
        parameters.insert(String::from(name), *v);
    }
    parameters.insert("spin".to_string(), x[3] * x[4]);
    parameters["mass"] * parameters["spin"].exp() - parameters["charge"] / parameters["radius"]
}

// Keys by a hash, for pseudo-random weights.
#[autodiff_reverse(d_hashed, Duplicated, Active)]
#[autodiff_forward(t_hashed, Dual, Dual)]
fn hashed(x: &[f64]) -> f64 {
    let weight = |i: usize| {
        let mut hasher = DefaultHasher::new();
        i.hash(&mut hasher);
        (hasher.finish() % 1000) as f64 / 1000.0 + 0.5
    };
    x.iter().enumerate().map(|(i, v)| weight(i) * v * v).sum()
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("set_collected", &x, set_collected, d_set_collected, t_set_collected);
    checks.gradient("set_inserted", &x, set_inserted, d_set_inserted, t_set_inserted);
    checks.gradient("set_of_pairs", &x, set_of_pairs, d_set_of_pairs, t_set_of_pairs);
    checks.gradient("map_of_indices", &x, map_of_indices, d_map_of_indices, t_map_of_indices);
    checks.gradient("map_by_name", &x, map_by_name, d_map_by_name, t_map_by_name);
    checks.gradient("hashed", &x, hashed, d_hashed, t_hashed);
    checks.finish(126);
}
