//! Check derivatives of functions that sort: each sort of the standard library, of few and of many elements, by what has
//! a derivative and by what has none. Each is compared with finite differences, which no exchange of elements disturbs
//! as long as no two are equal.

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

/// More floats than the sorts handle by insertion, in no order, and with their distances.
fn spread(x: &[f64]) -> Vec<f64> {
    let place = |i: usize| (i * 7 % 40) as f64 - 20.0;
    (0..40).map(|i| place(i) + 0.4 * (x[i % x.len()] * (i % 3 + 1) as f64).sin()).collect()
}

/// A different weight for each place.
fn weighted<'a>(x: impl IntoIterator<Item = &'a f64>) -> f64 {
    x.into_iter().zip(1..).map(|(x, i)| (x * 0.1).exp() * f64::from(i)).sum()
}

#[autodiff_reverse(d_few, Duplicated, Active)]
#[autodiff_forward(t_few, Dual, Dual)]
fn few(x: &[f64]) -> f64 {
    let mut y = x.to_vec();
    y.sort_by(f64::total_cmp);
    weighted(&y)
}

#[autodiff_reverse(d_many, Duplicated, Active)]
#[autodiff_forward(t_many, Dual, Dual)]
fn many(x: &[f64]) -> f64 {
    let mut y = spread(x);
    y.sort_by(|a, b| b.partial_cmp(a).unwrap());
    weighted(&y)
}

#[autodiff_reverse(d_many_unstable, Duplicated, Active)]
#[autodiff_forward(t_many_unstable, Dual, Dual)]
fn many_unstable(x: &[f64]) -> f64 {
    let mut y = spread(x);
    y.sort_unstable_by(f64::total_cmp);
    weighted(&y)
}

#[autodiff_reverse(d_median, Duplicated, Active)]
#[autodiff_forward(t_median, Dual, Dual)]
fn median(x: &[f64]) -> f64 {
    let mut y = spread(x);
    let (less, median, more) = y.select_nth_unstable_by(17, f64::total_cmp);
    less.iter().sum::<f64>() + *median * 5.0 + more.iter().map(|x| x * x).sum::<f64>()
}

#[autodiff_reverse(d_indices, Duplicated, Active)]
#[autodiff_forward(t_indices, Dual, Dual)]
fn indices(x: &[f64]) -> f64 {
    let y = spread(x);
    let mut order: Vec<usize> = (0..y.len()).collect();
    order.sort_by(|&a, &b| y[a].total_cmp(&y[b]));
    weighted(order.iter().map(|&i| &y[i]))
}

#[autodiff_reverse(d_few_indices, Duplicated, Active)]
#[autodiff_forward(t_few_indices, Dual, Dual)]
fn few_indices(x: &[f64]) -> f64 {
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_unstable_by(|&a, &b| x[a].total_cmp(&x[b]));
    weighted(order.iter().map(|&i| &x[i]))
}

#[autodiff_reverse(d_by_key, Duplicated, Active)]
#[autodiff_forward(t_by_key, Dual, Dual)]
fn by_key(x: &[f64]) -> f64 {
    let mut pairs: Vec<(usize, f64)> =
        spread(x).into_iter().enumerate().map(|(i, x)| (i * 7 % 40, x)).collect();
    pairs.sort_by_key(|pair| pair.0);
    weighted(pairs.iter().map(|(_, x)| x))
}

#[autodiff_reverse(d_by_cached_key, Duplicated, Active)]
#[autodiff_forward(t_by_cached_key, Dual, Dual)]
fn by_cached_key(x: &[f64]) -> f64 {
    let mut pairs: Vec<(u32, f64)> = spread(x).into_iter().zip(0..).map(|(x, i)| (i, x)).collect();
    pairs.sort_by_cached_key(|pair| pair.0 * 13 % 40);
    weighted(pairs.iter().map(|(_, x)| x))
}

#[autodiff_reverse(d_pairs, Duplicated, Active)]
#[autodiff_forward(t_pairs, Dual, Dual)]
fn pairs(x: &[f64]) -> f64 {
    let mut pairs: Vec<(f32, i32)> = vec![];
    for i in 0..40 {
        pairs.push(((i * 7 % 40 / 3) as f32, i));
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    // The floats are constants. Where they are equal, the integers stay in order.
    let term = |(place, &(value, i)): (usize, &(f32, i32))| {
        x[i as usize % x.len()].sin() * f64::from(value) * place as f64
    };
    pairs.iter().enumerate().map(term).sum()
}

#[derive(Clone)]
struct Sample {
    name: String,
    kind: Option<u8>,
    value: f64,
    rest: Vec<f64>,
}

fn samples(x: &[f64]) -> Vec<Sample> {
    let new = |(i, value): (usize, f64)| Sample {
        name: "s".repeat(i % 3),
        kind: (i % 2 == 0).then_some(i as u8),
        value,
        rest: vec![value * value, 2.0],
    };
    spread(x).into_iter().enumerate().map(new).collect()
}

fn sum_of(samples: &[Sample]) -> f64 {
    let value = |(sample, i): (&Sample, u32)| {
        f64::from(i) * sample.value * f64::from(sample.kind.unwrap_or(3))
            + sample.rest[0] * sample.rest[1] * sample.name.len() as f64
    };
    samples.iter().zip(1..).map(value).sum()
}

#[autodiff_reverse(d_structs, Duplicated, Active)]
#[autodiff_forward(t_structs, Dual, Dual)]
fn structs(x: &[f64]) -> f64 {
    let mut samples = samples(x);
    samples.sort_by(|a, b| a.value.total_cmp(&b.value));
    sum_of(&samples)
}

#[autodiff_reverse(d_structs_unstable, Duplicated, Active)]
#[autodiff_forward(t_structs_unstable, Dual, Dual)]
fn structs_unstable(x: &[f64]) -> f64 {
    let mut samples = samples(x);
    samples.sort_unstable_by(|a, b| a.value.total_cmp(&b.value));
    sum_of(&samples)
}

#[autodiff_reverse(d_references, Duplicated, Active)]
#[autodiff_forward(t_references, Dual, Dual)]
fn references(x: &[f64]) -> f64 {
    let y = spread(x);
    let mut references: Vec<&f64> = y.iter().collect();
    references.sort_by(|a, b| a.total_cmp(b));
    weighted(references)
}

// What is equal stays in the order in which it was: the weights say whether it does.
#[autodiff_reverse(d_stable, Duplicated, Active)]
#[autodiff_forward(t_stable, Dual, Dual)]
fn stable(x: &[f64]) -> f64 {
    let mut pairs: Vec<(u8, f64)> = spread(x).into_iter().zip(0..).map(|(x, i)| (i % 3, x)).collect();
    pairs.sort_by_key(|pair| pair.0);
    weighted(pairs.iter().map(|(_, x)| x))
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("few", &x, few, d_few, t_few);
    checks.gradient("many", &x, many, d_many, t_many);
    checks.gradient("many_unstable", &x, many_unstable, d_many_unstable, t_many_unstable);
    checks.gradient("median", &x, median, d_median, t_median);
    checks.gradient("indices", &x, indices, d_indices, t_indices);
    checks.gradient("few_indices", &x, few_indices, d_few_indices, t_few_indices);
    checks.gradient("by_key", &x, by_key, d_by_key, t_by_key);
    checks.gradient("by_cached_key", &x, by_cached_key, d_by_cached_key, t_by_cached_key);
    checks.gradient("pairs", &x, pairs, d_pairs, t_pairs);
    checks.gradient("structs", &x, structs, d_structs, t_structs);
    checks.gradient(
        "structs_unstable",
        &x,
        structs_unstable,
        d_structs_unstable,
        t_structs_unstable,
    );
    checks.gradient("references", &x, references, d_references, t_references);
    checks.gradient("stable", &x, stable, d_stable, t_stable);
    checks.finish(13 * 21);
}
