//! The log likelihood of a Gaussian mixture with a Wishart prior, as ADBench has it.

use std::autodiff::autodiff_reverse;

const D: usize = 3;
const K: usize = 4;
const N: usize = 20;
/// The inverse covariance of one component: the logarithms of its diagonal, then what is below it.
const ICF: usize = D * (D + 1) / 2;
/// The components' weights, means and inverse covariances are differentiated; the points are not.
pub const INPUTS: usize = K + K * D + K * ICF;

#[derive(Clone, Copy)]
struct Wishart {
    gamma: f64,
    m: i32,
}

#[derive(Clone, Copy)]
struct Sizes {
    d: usize,
    k: usize,
    n: usize,
}

#[inline(always)]
fn log_sum_exp(x: &[f64]) -> f64 {
    let mut max = x[0];
    for &x in x {
        if x > max {
            max = x;
        }
    }
    let mut sum = 0.0;
    for &x in x {
        sum += (x - max).exp();
    }
    sum.ln() + max
}

#[inline(always)]
fn body(
    sizes: Sizes,
    alphas: &[f64],
    means: &[f64],
    icf: &[f64],
    x: &[f64],
    prior: Wishart,
) -> f64 {
    let Sizes { d, k, n } = sizes;
    let rows = d * (d + 1) / 2;
    let mut likelihood = 0.0;
    let mut terms = [0.0; K];
    for i in 0..n {
        for j in 0..k {
            let (mean, factor) = (&means[j * d..][..d], &icf[j * rows..][..rows]);
            let (mut square, mut log_determinant, mut next) = (0.0, 0.0, d);
            for row in 0..d {
                log_determinant += factor[row];
                let mut sum = factor[row].exp() * (x[i * d + row] - mean[row]);
                for column in 0..row {
                    sum += factor[next] * (x[i * d + column] - mean[column]);
                    next += 1;
                }
                square += sum * sum;
            }
            terms[j] = alphas[j] + log_determinant - 0.5 * square;
        }
        likelihood += log_sum_exp(&terms[..k]);
    }
    let mut penalty = 0.0;
    for j in 0..k {
        let factor = &icf[j * rows..][..rows];
        let (mut squares, mut sum) = (0.0, 0.0);
        for row in 0..d {
            let diagonal = factor[row].exp();
            squares += diagonal * diagonal;
            sum += factor[row];
        }
        for &below in &factor[d..] {
            squares += below * below;
        }
        penalty += 0.5 * prior.gamma * prior.gamma * squares - f64::from(prior.m) * sum;
    }
    likelihood - n as f64 * log_sum_exp(alphas) + penalty
}

#[autodiff_reverse(d_idiomatic, Const, Duplicated, Duplicated, Duplicated, Const, Const, Active)]
#[cfg_attr(inline_never, inline(never))]
fn f_idiomatic(
    sizes: Sizes,
    alphas: &[f64],
    means: &[f64],
    icf: &[f64],
    x: &[f64],
    prior: Wishart,
) -> f64 {
    body(sizes, alphas, means, icf, x, prior)
}

#[rustfmt::skip]
#[autodiff_reverse(
    d_flat, Unchecked, Const, Const, Const, Duplicated, Const, Duplicated, Const, Duplicated, Const, Const, Const, Const, Const,
    Active
)]
#[cfg_attr(inline_never, inline(never))]
fn f_flat(
    d: usize,
    k: usize,
    n: usize,
    alphas: *const f64,
    alphas_len: usize,
    means: *const f64,
    means_len: usize,
    icf: *const f64,
    icf_len: usize,
    x: *const f64,
    x_len: usize,
    gamma: f64,
    m: i32,
) -> f64 {
    let slice = |data, length| unsafe { std::slice::from_raw_parts(data, length) };
    body(
        Sizes { d, k, n },
        slice(alphas, alphas_len),
        slice(means, means_len),
        slice(icf, icf_len),
        slice(x, x_len),
        Wishart { gamma, m },
    )
}

const SIZES: Sizes = Sizes { d: D, k: K, n: N };
const PRIOR: Wishart = Wishart { gamma: 1.5, m: 2 };

static POINTS: [f64; N * D] = {
    let mut points = [0.0; N * D];
    let mut i = 0;
    while i < points.len() {
        points[i] = (i * 37 % 101) as f64 / 50.0 - 1.0;
        i += 1;
    }
    points
};

pub fn value(x: &[f64]) -> f64 {
    let (alphas, x) = x.split_at(K);
    let (means, icf) = x.split_at(K * D);
    body(SIZES, alphas, means, icf, &POINTS, PRIOR)
}

pub fn idiomatic(x: &[f64], g: &mut [f64]) {
    let ((alphas, x), (d_alphas, g)) = (x.split_at(K), g.split_at_mut(K));
    let ((means, icf), (d_means, d_icf)) = (x.split_at(K * D), g.split_at_mut(K * D));
    d_idiomatic(SIZES, alphas, d_alphas, means, d_means, icf, d_icf, &POINTS, PRIOR, 1.0);
}

pub fn flat(x: &[f64], g: &mut [f64]) {
    let ((alphas, x), (d_alphas, g)) = (x.split_at(K), g.split_at_mut(K));
    let ((means, icf), (d_means, d_icf)) = (x.split_at(K * D), g.split_at_mut(K * D));
    unsafe { d_flat(
        SIZES.d,
        SIZES.k,
        SIZES.n,
        alphas.as_ptr(),
        d_alphas.as_mut_ptr(),
        alphas.len(),
        means.as_ptr(),
        d_means.as_mut_ptr(),
        means.len(),
        icf.as_ptr(),
        d_icf.as_mut_ptr(),
        icf.len(),
        POINTS.as_ptr(),
        POINTS.len(),
        PRIOR.gamma,
        PRIOR.m,
        1.0,
    ) };
}
