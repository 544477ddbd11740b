//! Check derivatives of functions that use the adaptors of iterators which `bodies/iterators.rs` does not have, or
//! has over slices only. Each is compared with finite differences.

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

#[autodiff_reverse(d_flatten, Duplicated, Active)]
#[autodiff_forward(t_flatten, Dual, Dual)]
fn flatten(x: &[f64]) -> f64 {
    let rows: Vec<Vec<f64>> = x.chunks(2).map(|row| row.iter().map(|v| v * v).collect()).collect();
    rows.iter().flatten().enumerate().map(|(i, v)| (i + 1) as f64 * v.sin()).sum()
}

#[autodiff_reverse(d_flatten_options, Duplicated, Active)]
#[autodiff_forward(t_flatten_options, Dual, Dual)]
fn flatten_options(x: &[f64]) -> f64 {
    let roots = x.iter().map(|v| if *v > -0.5 { Some((v + 1.0).sqrt()) } else { None });
    roots.flatten().product::<f64>() + x[1] * x[1]
}

// The parts are owned.
#[autodiff_reverse(d_flat_map_vec, Duplicated, Active)]
#[autodiff_forward(t_flat_map_vec, Dual, Dual)]
fn flat_map_vec(x: &[f64]) -> f64 {
    let powers = |v: &f64| vec![*v, v * v, v * v * v];
    x.iter().flat_map(powers).enumerate().map(|(i, v)| v / (i + 1) as f64).sum()
}

#[autodiff_reverse(d_flat_map_rev, Duplicated, Active)]
#[autodiff_forward(t_flat_map_rev, Dual, Dual)]
fn flat_map_rev(x: &[f64]) -> f64 {
    x.iter().flat_map(|v| [*v, v.sin()]).rev().fold(0.0, |sum, v| 0.5 * sum + v * v)
}

#[autodiff_reverse(d_inspect, Duplicated, Active)]
#[autodiff_forward(t_inspect, Dual, Dual)]
fn inspect(x: &[f64]) -> f64 {
    let mut largest = 0.0;
    let note = |v: &&f64| {
        if v.abs() > largest {
            largest = v.abs();
        }
    };
    let sum: f64 = x.iter().inspect(note).map(|v| v.exp()).sum();
    sum * largest
}

#[autodiff_reverse(d_map_while, Duplicated, Active)]
#[autodiff_forward(t_map_while, Dual, Dual)]
fn map_while(x: &[f64]) -> f64 {
    let logs = x.iter().map_while(|v| if v.abs() < 1.0 { Some((1.0 + v).ln()) } else { None });
    logs.sum::<f64>() * x[5] + x[2] * x[3]
}

#[autodiff_reverse(d_fuse, Duplicated, Active)]
#[autodiff_forward(t_fuse, Dual, Dual)]
fn fuse(x: &[f64]) -> f64 {
    let mut i = 0;
    let mut products = std::iter::from_fn(|| {
        i += 1;
        if i % 4 == 0 { None } else { Some(x[i] * x[i - 1]) }
    })
    .fuse();
    let sum: f64 = products.by_ref().sum();
    sum * products.next().unwrap_or(x[5])
}

#[autodiff_reverse(d_by_ref, Duplicated, Active)]
#[autodiff_forward(t_by_ref, Dual, Dual)]
fn by_ref(x: &[f64]) -> f64 {
    let mut rest = x.iter();
    let head: f64 = rest.by_ref().take(2).map(|v| v * v).sum();
    let middle: f64 = rest.by_ref().take_while(|v| **v > 0.0).product();
    head * middle + rest.map(|v| v.sin()).sum::<f64>()
}

#[autodiff_reverse(d_interleaved, Duplicated, Active)]
#[autodiff_forward(t_interleaved, Dual, Dual)]
fn interleaved(x: &[f64]) -> f64 {
    let (a, b) = x.split_at(3);
    let mixed = a.iter().zip(b).flat_map(|(a, b)| [a, b]);
    mixed.fold(0.5, |value, v| value * v + 1.0)
}

#[derive(Clone)]
struct Sample {
    weight: f64,
    position: [f64; 2],
}

fn samples(x: &[f64]) -> Vec<Sample> {
    x.chunks(3).map(|c| Sample { weight: c[0], position: [c[1], c[2]] }).collect()
}

#[autodiff_reverse(d_cloned, Duplicated, Active)]
#[autodiff_forward(t_cloned, Dual, Dual)]
fn cloned(x: &[f64]) -> f64 {
    let list = samples(x);
    let moved = list.iter().cloned().map(|mut s| {
        s.position[0] *= s.weight;
        s
    });
    moved.chain(list.iter().cloned()).map(|s| s.position[0] * s.position[1] + s.weight).sum()
}

#[autodiff_reverse(d_next_if, Duplicated, Active)]
#[autodiff_forward(t_next_if, Dual, Dual)]
fn next_if(x: &[f64]) -> f64 {
    let mut rest = x.iter().peekable();
    let mut value = 1.0;
    while let Some(v) = rest.next_if(|v| **v < 1.0) {
        value = value * v + 1.0;
    }
    value * rest.map(|v| v * v).sum::<f64>()
}

#[autodiff_reverse(d_peek_mut, Duplicated, Active)]
#[autodiff_forward(t_peek_mut, Dual, Dual)]
fn peek_mut(x: &[f64]) -> f64 {
    let mut rest = x.iter().copied().peekable();
    let mut sum = 0.0;
    while let Some(v) = rest.next() {
        if let Some(next) = rest.peek_mut() {
            *next += 0.5 * v;
        }
        sum += v * v;
    }
    sum
}

#[autodiff_reverse(d_next_back, Duplicated, Active)]
#[autodiff_forward(t_next_back, Dual, Dual)]
fn next_back(x: &[f64]) -> f64 {
    let mut rest = x.iter();
    let mut sum = 0.0;
    while let (Some(a), Some(b)) = (rest.next(), rest.next_back()) {
        sum = 0.5 * sum + a * b.sin();
    }
    sum
}

#[autodiff_reverse(d_rev_of_chain, Duplicated, Active)]
#[autodiff_forward(t_rev_of_chain, Dual, Dual)]
fn rev_of_chain(x: &[f64]) -> f64 {
    let (a, b) = x.split_at(2);
    a.iter().chain(b).map(|v| v + 2.0).rev().fold(1.0, |value, v| v + 1.0 / value)
}

#[autodiff_reverse(d_rev_of_zip, Duplicated, Active)]
#[autodiff_forward(t_rev_of_zip, Dual, Dual)]
fn rev_of_zip(x: &[f64]) -> f64 {
    x.iter().zip(&x[2..]).rev().enumerate().map(|(i, (a, b))| (i + 1) as f64 * a * b).sum()
}

#[autodiff_reverse(d_step_by_of_range, Duplicated, Active)]
#[autodiff_forward(t_step_by_of_range, Dual, Dual)]
fn step_by_of_range(x: &[f64]) -> f64 {
    let even: f64 = (0..x.len()).step_by(2).map(|i| x[i] * x[i]).sum();
    let odd: f64 = (1..x.len()).rev().step_by(2).map(|i| x[i].cos()).product();
    even * odd
}

// It ends before the input does.
#[autodiff_reverse(d_scan_until, Duplicated, Active)]
#[autodiff_forward(t_scan_until, Dual, Dual)]
fn scan_until(x: &[f64]) -> f64 {
    let sums = x.iter().scan(0.0, |sum, v| {
        *sum += v.abs();
        if *sum < 3.0 { Some(*sum * v) } else { None }
    });
    sums.sum::<f64>() + x[4] * x[5]
}

#[autodiff_reverse(d_cycle_of_weights, Duplicated, Active)]
#[autodiff_forward(t_cycle_of_weights, Dual, Dual)]
fn cycle_of_weights(x: &[f64]) -> f64 {
    let weights = [x[0] + 1.0, x[1] * 2.0];
    x.iter().zip(weights.iter().cycle()).map(|(v, w)| v * v * w).sum()
}

#[autodiff_reverse(d_skip_in_the_middle, Duplicated, Active)]
#[autodiff_forward(t_skip_in_the_middle, Dual, Dual)]
fn skip_in_the_middle(x: &[f64]) -> f64 {
    let squares = x.iter().map(|v| v * v).enumerate().filter(|(i, _)| *i != 2);
    squares.skip(1).map(|(i, v)| v.powi(i as i32)).sum::<f64>() + x[0] * x[2]
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("flatten", &x, flatten, d_flatten, t_flatten);
    checks.gradient("flatten_options", &x, flatten_options, d_flatten_options, t_flatten_options);
    checks.gradient("flat_map_vec", &x, flat_map_vec, d_flat_map_vec, t_flat_map_vec);
    checks.gradient("flat_map_rev", &x, flat_map_rev, d_flat_map_rev, t_flat_map_rev);
    checks.gradient("inspect", &x, inspect, d_inspect, t_inspect);
    checks.gradient("map_while", &x, map_while, d_map_while, t_map_while);
    checks.gradient("fuse", &x, fuse, d_fuse, t_fuse);
    checks.gradient("by_ref", &x, by_ref, d_by_ref, t_by_ref);
    checks.gradient("interleaved", &x, interleaved, d_interleaved, t_interleaved);
    checks.gradient("cloned", &x, cloned, d_cloned, t_cloned);
    checks.gradient("next_if", &x, next_if, d_next_if, t_next_if);
    checks.gradient("peek_mut", &x, peek_mut, d_peek_mut, t_peek_mut);
    checks.gradient("next_back", &x, next_back, d_next_back, t_next_back);
    checks.gradient("rev_of_chain", &x, rev_of_chain, d_rev_of_chain, t_rev_of_chain);
    checks.gradient("rev_of_zip", &x, rev_of_zip, d_rev_of_zip, t_rev_of_zip);
    checks.gradient(
        "step_by_of_range",
        &x,
        step_by_of_range,
        d_step_by_of_range,
        t_step_by_of_range,
    );
    checks.gradient("scan_until", &x, scan_until, d_scan_until, t_scan_until);
    checks.gradient(
        "cycle_of_weights",
        &x,
        cycle_of_weights,
        d_cycle_of_weights,
        t_cycle_of_weights,
    );
    checks.gradient(
        "skip_in_the_middle",
        &x,
        skip_in_the_middle,
        d_skip_in_the_middle,
        t_skip_in_the_middle,
    );
    checks.finish(399);
}
