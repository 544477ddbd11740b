//! Check derivatives of Gaussian mixtures and k-means: the innermost kernel, the whole logarithm of
//! a likelihood with full covariances, and the distance to the nearest centre. Each is compared
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

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

// The kernel whose reverse loop started at -1 and had no exit: `chunks_exact` with a length known
// at run time, two loops within, and the slice that it goes over `Const`.
#[autodiff_reverse(d_kernel, Const, Duplicated, Duplicated, Const, Active)]
#[autodiff_forward(t_kernel, Const, Dual, Dual, Const, Dual)]
fn kernel(x: &[f64], means: &[f64], weights: &[f64], d: usize) -> f64 {
    let k = weights.len();
    let mut total = 0.0;
    for point in x.chunks_exact(d) {
        for j in 0..k {
            let mut s = weights[j];
            for q in 0..d {
                let z = point[q] - means[j * d + q];
                s -= 0.5 * z * z;
            }
            total += s * s;
        }
    }
    total
}

// The same with everything active.
#[autodiff_reverse(d_kernel_of_all, Duplicated, Duplicated, Duplicated, Const, Active)]
#[autodiff_forward(t_kernel_of_all, Dual, Dual, Dual, Const, Dual)]
fn kernel_of_all(x: &[f64], means: &[f64], weights: &[f64], d: usize) -> f64 {
    kernel(x, means, weights, d)
}

fn log_sum_exp(x: &[f64]) -> f64 {
    let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    max + x.iter().map(|x| (x - max).exp()).sum::<f64>().ln()
}

/// Q z, where Q is lower triangular, with exponentials on the diagonal and the rest row by row.
fn scaled(q: &[f64], below: &[f64], z: &[f64], out: &mut [f64]) {
    let mut rest = below.iter();
    for i in 0..z.len() {
        let mut sum = q[i].exp() * z[i];
        for zj in &z[..i] {
            sum += rest.next().unwrap() * zj;
        }
        out[i] = sum;
    }
}

// The logarithm of the likelihood of all points, with a full covariance of each component:
// logarithms of weights, means, diagonals and what is below them, in slices of their own.
#[autodiff_reverse(
    d_likelihood,
    Duplicated,
    Duplicated,
    Duplicated,
    Duplicated,
    Const,
    Const,
    Active
)]
#[autodiff_forward(t_likelihood, Dual, Dual, Dual, Dual, Const, Const, Dual)]
fn likelihood(
    alphas: &[f64],
    means: &[f64],
    diagonals: &[f64],
    below: &[f64],
    points: &[f64],
    d: usize,
) -> f64 {
    let k = alphas.len();
    let per_component = d * (d - 1) / 2;
    let mut terms = vec![0.0; k];
    let mut centred = vec![0.0; d];
    let mut whitened = vec![0.0; d];
    let mut total = 0.0;
    for point in points.chunks_exact(d) {
        for j in 0..k {
            for q in 0..d {
                centred[q] = point[q] - means[j * d + q];
            }
            let diagonal = &diagonals[j * d..(j + 1) * d];
            let below = &below[j * per_component..(j + 1) * per_component];
            scaled(diagonal, below, &centred, &mut whitened);
            let distance: f64 = whitened.iter().map(|w| w * w).sum();
            terms[j] = alphas[j] + diagonal.iter().sum::<f64>() - 0.5 * distance;
        }
        total += log_sum_exp(&terms);
    }
    total - (points.len() / d) as f64 * log_sum_exp(alphas)
}

// Distance of each point to the nearest of two centres, as k-means has it.
#[autodiff_reverse(d_nearest_centre, Duplicated, Active)]
#[autodiff_forward(t_nearest_centre, Dual, Dual)]
fn nearest_centre(x: &[f64]) -> f64 {
    let points = [[0.2, -0.5], [0.9, 1.3], [-1.1, 0.4]];
    let mut cost = 0.0;
    for p in &points {
        let mut least = f64::INFINITY;
        for c in x.chunks_exact(2) {
            let distance = (p[0] - c[0]).powi(2) + (p[1] - c[1]).powi(2);
            if distance < least {
                least = distance;
            }
        }
        cost += least;
    }
    cost
}

// The same with `fold` and `f64::min`, and the square root.
#[autodiff_reverse(d_nearest_by_fold, Duplicated, Active)]
#[autodiff_forward(t_nearest_by_fold, Dual, Dual)]
fn nearest_by_fold(x: &[f64]) -> f64 {
    let points = [[0.2, -0.5], [0.9, 1.3], [-1.1, 0.4]];
    points
        .iter()
        .map(|p| {
            x.chunks_exact(2)
                .map(|c| (p[0] - c[0]).hypot(p[1] - c[1]))
                .fold(f64::INFINITY, f64::min)
        })
        .sum()
}

pub fn main() {
    let mut checks = Checks::new();
    let points = [0.2, -0.5, 0.9, 1.3, -1.1, 0.4];
    checks.gradient(
        "kernel",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        |x| kernel(&points, &x[..4], &x[4..], 2),
        |x, dx, seed| {
            let (by_means, by_weights) = dx.split_at_mut(4);
            d_kernel(&points, &x[..4], by_means, &x[4..], by_weights, 2, seed)
        },
        |x, dx| t_kernel(&points, &x[..4], &dx[..4], &x[4..], &dx[4..], 2),
    );
    checks.gradient(
        "kernel_of_all",
        &[0.2, -0.5, 0.9, 1.3, 0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        |x| kernel_of_all(&x[..4], &x[4..8], &x[8..], 2),
        |x, dx, seed| {
            let (by_points, rest) = dx.split_at_mut(4);
            let (by_means, by_weights) = rest.split_at_mut(4);
            d_kernel_of_all(&x[..4], by_points, &x[4..8], by_means, &x[8..], by_weights, 2, seed)
        },
        |x, dx| t_kernel_of_all(&x[..4], &dx[..4], &x[4..8], &dx[4..8], &x[8..], &dx[8..], 2),
    );
    // Two components in three dimensions: 2 logarithms of weights, 6 means, 6 diagonals, 6 below.
    let x = [
        0.3, -0.2, 0.1, -0.4, 0.8, 0.9, 0.2, -0.5, 0.05, -0.1, 0.2, 0.15, -0.3, 0.1, 0.4, -0.2,
        0.6, 0.3, -0.1, 0.5,
    ];
    let points = [0.2, -0.5, 0.9, 1.3, -1.1, 0.4, -0.3, 0.7, 0.1, 0.8, 0.2, -0.9];
    checks.gradient(
        "likelihood",
        &x,
        |x| likelihood(&x[..2], &x[2..8], &x[8..14], &x[14..], &points, 3),
        |x, dx, seed| {
            let (by_alphas, rest) = dx.split_at_mut(2);
            let (by_means, rest) = rest.split_at_mut(6);
            let (by_diagonals, by_below) = rest.split_at_mut(6);
            d_likelihood(
                &x[..2],
                by_alphas,
                &x[2..8],
                by_means,
                &x[8..14],
                by_diagonals,
                &x[14..],
                by_below,
                &points,
                3,
                seed,
            )
        },
        |x, dx| {
            t_likelihood(
                &x[..2],
                &dx[..2],
                &x[2..8],
                &dx[2..8],
                &x[8..14],
                &dx[8..14],
                &x[14..],
                &dx[14..],
                &points,
                3,
            )
        },
    );
    checks.gradient(
        "nearest_centre",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        nearest_centre,
        d_nearest_centre,
        t_nearest_centre,
    );
    checks.gradient(
        "nearest_by_fold",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        nearest_by_fold,
        d_nearest_by_fold,
        t_nearest_by_fold,
    );
    checks.finish(159);
}
