//! Check the derivatives of the Gaussian mixture of ADBench with the parameters of its prior in a
//! struct by value, as every other implementation of it has them: a float and an integer.

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

#[derive(Clone, Copy, Debug)]
struct Wishart {
    gamma: f64,
    m: i32,
}

fn log_sum_exp(x: &[f64]) -> f64 {
    let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    max + x.iter().map(|x| (x - max).exp()).sum::<f64>().ln()
}

/// Rows of a lower triangle, stored column by column below the diagonal, times `v`.
fn times_triangle(d: usize, diagonal: &[f64], below: &[f64], v: &[f64], out: &mut [f64]) {
    for i in 0..d {
        out[i] = diagonal[i] * v[i];
    }
    let mut k = 0;
    for j in 0..d {
        for i in j + 1..d {
            out[i] += below[k] * v[j];
            k += 1;
        }
    }
}

fn log_prior(d: usize, wishart: Wishart, sums: &[f64], diagonals: &[f64], icf: &[f64]) -> f64 {
    let per_component = icf.len() / sums.len();
    let degrees = d as i32 + wishart.m + 1;
    let constant = degrees as f64 * d as f64 * (wishart.gamma / 2f64.sqrt()).ln();
    let mut prior = 0.0;
    for (k, sum) in sums.iter().enumerate() {
        let below = &icf[k * per_component + d..(k + 1) * per_component];
        let frobenius: f64 = diagonals[k * d..(k + 1) * d].iter().chain(below).map(|q| q * q).sum();
        prior +=
            0.5 * wishart.gamma * wishart.gamma * frobenius - wishart.m as f64 * sum - constant;
    }
    prior
}

#[autodiff_reverse(
    d_objective,
    Const,
    Const,
    Const,
    Duplicated,
    Duplicated,
    Duplicated,
    Const,
    Const,
    Active
)]
#[autodiff_reverse(
    d_objective_and_prior,
    Const,
    Const,
    Const,
    Duplicated,
    Duplicated,
    Duplicated,
    Const,
    Active,
    Active
)]
#[autodiff_forward(t_objective_and_prior, Const, Const, Const, Dual, Dual, Dual, Const, Dual, Dual)]
fn gmm_objective(
    d: usize,
    k: usize,
    n: usize,
    alphas: &[f64],
    means: &[f64],
    icf: &[f64],
    x: &[f64],
    wishart: Wishart,
) -> f64 {
    let per_component = d + d * (d - 1) / 2;
    let mut diagonals = vec![0.0; d * k];
    let mut sums = vec![0.0; k];
    for j in 0..k {
        for i in 0..d {
            let q = icf[j * per_component + i];
            sums[j] += q;
            diagonals[j * d + i] = q.exp();
        }
    }
    let mut centred = vec![0.0; d];
    let mut scaled = vec![0.0; d];
    let mut terms = vec![0.0; k];
    let mut total = 0.0;
    for point in 0..n {
        for j in 0..k {
            for i in 0..d {
                centred[i] = x[point * d + i] - means[j * d + i];
            }
            let below = &icf[j * per_component + d..(j + 1) * per_component];
            times_triangle(d, &diagonals[j * d..(j + 1) * d], below, &centred, &mut scaled);
            let squared: f64 = scaled.iter().map(|s| s * s).sum();
            terms[j] = alphas[j] + sums[j] - 0.5 * squared;
        }
        total += log_sum_exp(&terms);
    }
    total - n as f64 * log_sum_exp(alphas) + log_prior(d, wishart, &sums, &diagonals, icf)
}

const D: usize = 2;
const K: usize = 3;
const POINTS: [f64; 8] = [0.2, -0.5, 0.9, 1.3, -1.1, 0.4, -0.3, 0.7];

/// `K` logarithms of weights, `K` means and `K` triangles with logarithms on the diagonal.
const SIZES: [usize; 3] = [K, K * D, K * (D + D * (D - 1) / 2)];

fn split(x: &[f64]) -> (&[f64], &[f64], &[f64]) {
    let (alphas, rest) = x.split_at(SIZES[0]);
    let (means, rest) = rest.split_at(SIZES[1]);
    (alphas, means, &rest[..SIZES[2]])
}

fn split_mut(x: &mut [f64]) -> (&mut [f64], &mut [f64], &mut [f64]) {
    let (alphas, rest) = x.split_at_mut(SIZES[0]);
    let (means, rest) = rest.split_at_mut(SIZES[1]);
    (alphas, means, &mut rest[..SIZES[2]])
}

pub fn main() {
    let mut checks = Checks::new();
    let n = POINTS.len() / D;
    let mut x = vec![];
    for i in 0..SIZES.iter().sum() {
        x.push(((i * 7 + 3) % 17) as f64 / 9.0 - 0.9);
    }
    // Integers and floats of the prior as the benchmark has them, constant.
    let wishart = Wishart { gamma: 1.0, m: 0 };
    checks.gradient(
        "prior constant",
        &x,
        |x| {
            let (alphas, means, icf) = split(x);
            gmm_objective(D, K, n, alphas, means, icf, &POINTS, wishart)
        },
        |x, dx, seed| {
            let (a, m, q) = split(x);
            let (da, dm, dq) = split_mut(dx);
            d_objective(D, K, n, a, da, m, dm, q, dq, &POINTS, wishart, seed)
        },
        |x, dx| {
            let ((a, m, q), (da, dm, dq)) = (split(x), split(dx));
            let still = Wishart { gamma: 0.0, m: wishart.m };
            t_objective_and_prior(D, K, n, a, da, m, dm, q, dq, &POINTS, wishart, still)
        },
    );
    // The last component is the float of the prior.
    x.push(1.3);
    let last = x.len() - 1;
    let prior = |gamma| Wishart { gamma, m: 2 };
    checks.gradient(
        "prior active",
        &x,
        |x| {
            let (alphas, means, icf) = split(x);
            gmm_objective(D, K, n, alphas, means, icf, &POINTS, prior(x[last]))
        },
        |x, dx, seed| {
            let (a, m, q) = split(x);
            let (da, dm, dq) = split_mut(dx);
            let (value, by_prior) =
                d_objective_and_prior(D, K, n, a, da, m, dm, q, dq, &POINTS, prior(x[last]), seed);
            dx[last] += by_prior.gamma;
            value
        },
        |x, dx| {
            let ((a, m, q), (da, dm, dq)) = (split(x), split(dx));
            let (prior, direction) = (prior(x[last]), prior(dx[last]));
            t_objective_and_prior(D, K, n, a, da, m, dm, q, dq, &POINTS, prior, direction)
        },
    );
    checks.finish(3 * 18 + 3 + 3 * 19 + 3);
}
