//! Functions that loop, and their derivatives, for `debug-and-release.rs`, which has this twice: by way of
//! `kernels-debug.rs` and of `kernels-release.rs`.

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;

/// Whether this is a debug build.
pub const IS_DEBUG: bool = cfg!(debug_assertions);

/// What is differentiated, whether it is linear, the derivative, and the same by the formula beside the
/// function.
pub type Derivative = (&'static str, bool, f64, f64);

/// Takes all derivatives.
pub fn derivatives() -> Vec<Derivative> {
    let mut all = vec![];
    linear(&mut |name, value, formula| all.push((name, true, value, formula)));
    curved(&mut |name, value, formula| all.push((name, false, value, formula)));
    all
}

type Sink<'a> = &'a mut dyn FnMut(&'static str, f64, f64);

// Decimals, so that an operation more, or in another order, rounds otherwise.
const X: [f64; 5] = [0.1, 1.7, 2.3, 0.9, 3.1];
const A: [f64; 5] = [0.7, -1.3, 2.9, 0.3, -0.6];
const SEED: f64 = 1.1;

// d/dx_i (sum a_i x_i) = a_i, four times: EnzymeAD/rust 136
#[autodiff_reverse(d_zipped, Duplicated, Const, Active)]
#[autodiff_forward(t_zipped, Dual, Const, Dual)]
fn zipped(x: &[f64], a: &[f64]) -> f64 {
    x.iter().zip(a).map(|(x, a)| x * a).sum()
}

#[autodiff_reverse(d_indexed, Duplicated, Const, Active)]
#[autodiff_forward(t_indexed, Dual, Const, Dual)]
fn indexed(x: &[f64], a: &[f64]) -> f64 {
    let mut sum = 0.0;
    for i in 0..x.len() {
        sum += x[i] * a[i];
    }
    sum
}

#[autodiff_reverse(d_enumerated, Duplicated, Const, Active)]
#[autodiff_forward(t_enumerated, Dual, Const, Dual)]
fn enumerated(x: &[f64], a: &[f64]) -> f64 {
    x.iter().enumerate().rev().fold(0.0, |sum, (i, x)| sum + a[i] * x)
}

#[autodiff_reverse(d_while_loop, Duplicated, Const, Active)]
#[autodiff_forward(t_while_loop, Dual, Const, Dual)]
fn while_loop(x: &[f64], a: &[f64]) -> f64 {
    let (mut sum, mut i) = (0.0, 0);
    while i < x.len() {
        sum += x[i] * a[i];
        i += 1;
    }
    sum
}

// d/dx_i (sum x_i a_i a_(i+1)) = a_i a_(i+1)
#[autodiff_reverse(d_windows, Duplicated, Const, Active)]
#[autodiff_forward(t_windows, Dual, Const, Dual)]
fn windows(x: &[f64], a: &[f64]) -> f64 {
    a.windows(2).zip(x).map(|(pair, x)| x * pair[0] * pair[1]).sum()
}

// Returned in memory, as in EnzymeAD/rust 138 and 141: y_i = a_i x_(i+1)
#[autodiff_forward(t_shifted, Dual, Const, Dual)]
#[autodiff_reverse(d_shifted, Active, Const, Active)]
fn shifted(x: [f64; 5], a: [f64; 5]) -> [f64; 5] {
    let mut y = [0.0; 5];
    for i in 0..5 {
        y[i] = a[i] * x[(i + 1) % 5];
    }
    y
}

struct Sums {
    even: f64,
    odd: f64,
    count: usize,
}

// A struct, partly of floats: d even/dx_i = a_i for even i, d odd/dx_i = a_i for odd i
#[autodiff_forward(t_alternately, Dual, Const, Dual)]
fn alternately(x: &[f64; 5], a: &[f64; 5]) -> Sums {
    let mut sums = Sums { even: 0.0, odd: 0.0, count: 0 };
    for (x, a) in x.iter().zip(a) {
        if sums.count % 2 == 0 {
            sums.even += a * x;
        } else {
            sums.odd += a * x;
        }
        sums.count += 1;
    }
    sums
}

fn linear(sink: Sink<'_>) {
    type Reverse = fn(&[f64], &mut [f64], &[f64], f64) -> f64;
    type Forward = fn(&[f64], &[f64], &[f64]) -> (f64, f64);
    let dots: [(&str, &str, Reverse, Forward); 4] = [
        ("zipped, reverse", "zipped, forward", d_zipped, t_zipped),
        ("indexed, reverse", "indexed, forward", d_indexed, t_indexed),
        ("enumerated, reverse", "enumerated, forward", d_enumerated, t_enumerated),
        ("while loop, reverse", "while loop, forward", d_while_loop, t_while_loop),
    ];
    let (x, a) = black_box((X, A));
    for (name, forward_name, reverse, forward) in dots {
        let mut dx = [0.0; 5];
        reverse(&x, &mut dx, &a, SEED);
        for i in 0..5 {
            sink(name, dx[i], A[i] * SEED);
            let mut axis = [0.0; 5];
            axis[i] = SEED;
            sink(forward_name, forward(&x, &axis, &a).1, A[i] * SEED);
        }
    }

    let mut dx = [0.0; 5];
    d_windows(&x, &mut dx, &a, 1.0);
    for i in 0..4 {
        sink("windows, reverse", dx[i], A[i] * A[i + 1]);
    }
    sink("windows, reverse, the last", dx[4], 0.0);
    sink("windows, forward", t_windows(&x, &[0.0, 0.0, 1.0, 0.0, 0.0], &a).1, A[2] * A[3]);

    let dx = d_shifted(x, a, [SEED; 5]).1;
    let dy = t_shifted(x, [SEED; 5], a).1;
    for i in 0..5 {
        sink("shifted, reverse", dx[(i + 1) % 5], A[i] * SEED);
        sink("shifted, forward", dy[i], A[i] * SEED);
    }

    for i in 0..5 {
        let mut axis = [0.0; 5];
        axis[i] = SEED;
        let (sums, d) = t_alternately(&x, &axis, &a);
        assert_eq!(sums.count, 5);
        let (along, across) = if i % 2 == 0 { (d.even, d.odd) } else { (d.odd, d.even) };
        sink("alternately, forward", along, A[i] * SEED);
        sink("alternately, forward, the other sum", across, 0.0);
    }
}

// rust-lang/rust 152724: y_0 = a_0 sum x_i^2, y_1 = sum (a_1 - x_i)^2 + a_2 (x_(i+1) - x_i^2)^2
#[autodiff_reverse(d_rosenbrock, Duplicated, Const, Duplicated)]
#[autodiff_forward(t_rosenbrock, Dual, Const, Dual)]
fn rosenbrock(x: &[f64; 3], a: &[f64; 3], y: &mut [f64; 2]) {
    y[0] = x.iter().map(|x| a[0] * x.powi(2)).sum();
    y[1] = x.windows(2).map(|w| (a[1] - w[0]).powi(2) + a[2] * (w[1] - w[0].powi(2)).powi(2)).sum();
}

// The same issue: Newton's method for E - e sin E = M. dE/de = sin E / (1 - e cos E)
#[autodiff_reverse(d_anomaly, Active, Const, Active)]
#[autodiff_forward(t_anomaly, Dual, Const, Dual)]
fn anomaly(e: f64, mean: f64) -> f64 {
    let (mut anomaly, mut step, mut n): (f64, f64, u32) = (mean, 1.0, 0);
    while step.abs() > 1e-14 && n < 50 {
        step = (anomaly - e * anomaly.sin() - mean) / (1.0 - e * anomaly.cos());
        anomaly -= step;
        n += 1;
    }
    anomaly
}

// d/dx_i |x - a| = (x_i - a_i) / |x - a|
#[autodiff_reverse(d_distance, Duplicated, Const, Active)]
#[autodiff_forward(t_distance, Dual, Const, Dual)]
fn distance(x: &[f64], a: &[f64]) -> f64 {
    x.iter().zip(a).map(|(x, a)| (x - a).powi(2)).sum::<f64>().sqrt()
}

// d/dx_i (x_0 x_1 ...) is the product of the others
#[autodiff_reverse(d_product, Duplicated, Active)]
#[autodiff_forward(t_product, Dual, Dual)]
fn product(x: &[f64]) -> f64 {
    x.iter().product()
}

// d/dx_i log(sum exp x_i) = exp(x_i) / sum exp x_i
#[autodiff_reverse(d_log_sum_exp, Duplicated, Active)]
#[autodiff_forward(t_log_sum_exp, Dual, Dual)]
fn log_sum_exp(x: &[f64]) -> f64 {
    let largest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    x.iter().map(|x| (x - largest).exp()).sum::<f64>().ln() + largest
}

// d/dx sin(x sin(x sin x)) by the chain rule, for n = 5
#[autodiff_reverse(d_alternating, Active, Const, Active)]
#[autodiff_forward(t_alternating, Dual, Const, Dual)]
fn alternating(x: f64, n: u32) -> f64 {
    let mut y = x;
    let mut i = 0;
    while i < n {
        if i % 2 == 0 {
            y = y.sin();
        } else {
            y *= x;
        }
        i += 1;
    }
    y
}

fn curved(sink: Sink<'_>) {
    let (x, a) = black_box(([3.1, 5.3, 7.7], [2.1, 1.3, 99.7]));
    // For each window of p and q: by p, 2 (p - a_1) - 4 a_2 p (q - p^2); by q, 2 a_2 (q - p^2)
    let by_p = |i: usize| 2.0 * (x[i] - a[1]) - 4.0 * a[2] * x[i] * (x[i + 1] - x[i] * x[i]);
    let by_q = |i: usize| 2.0 * a[2] * (x[i] - x[i - 1] * x[i - 1]);
    let rows = [x.map(|x| 2.0 * a[0] * x), [by_p(0), by_q(1) + by_p(1), by_q(2)]];
    for (row, mut dy) in [[1.0, 0.0], [0.0, 1.0]].into_iter().enumerate() {
        let mut dx = [0.0; 3];
        d_rosenbrock(&x, &mut dx, &a, &mut [0.0; 2], &mut dy);
        for i in 0..3 {
            sink("rosenbrock, reverse", dx[i], rows[row][i]);
        }
    }
    for i in 0..3 {
        let (mut axis, mut dy) = ([0.0; 3], [0.0; 2]);
        axis[i] = 1.0;
        t_rosenbrock(&x, &axis, &a, &mut [0.0; 2], &mut dy);
        for row in 0..2 {
            sink("rosenbrock, forward", dy[row], rows[row][i]);
        }
    }

    let (e, mean) = black_box((0.5, 1.4));
    let root = anomaly(e, mean);
    let formula = root.sin() / (1.0 - e * root.cos());
    sink("anomaly, reverse", d_anomaly(e, mean, 1.0).1, formula);
    sink("anomaly, forward", t_anomaly(e, 1.0, mean).1, formula);

    let (x, a) = black_box((X, A));
    let length = x.iter().zip(a).map(|(x, a)| (x - a) * (x - a)).sum::<f64>().sqrt();
    let total: f64 = x.iter().map(|x| x.exp()).sum();
    let (mut by_distance, mut by_product, mut by_log_sum_exp) = ([0.0; 5], [0.0; 5], [0.0; 5]);
    d_distance(&x, &mut by_distance, &a, 1.0);
    d_product(&x, &mut by_product, 1.0);
    d_log_sum_exp(&x, &mut by_log_sum_exp, 1.0);
    for i in 0..5 {
        let mut axis = [0.0; 5];
        axis[i] = 1.0;
        let others = (0..5).filter(|&j| j != i).map(|j| x[j]).product();
        sink("distance, reverse", by_distance[i], (x[i] - a[i]) / length);
        sink("distance, forward", t_distance(&x, &axis, &a).1, (x[i] - a[i]) / length);
        sink("product, reverse", by_product[i], others);
        sink("product, forward", t_product(&x, &axis).1, others);
        sink("log_sum_exp, reverse", by_log_sum_exp[i], x[i].exp() / total);
        sink("log_sum_exp, forward", t_log_sum_exp(&x, &axis).1, x[i].exp() / total);
    }

    let (x, n) = black_box((0.5_f64, 5));
    let inner = x * x.sin();
    let by_inner = x.sin() + x * x.cos();
    let outer = x * inner.sin();
    let by_outer = inner.sin() + x * inner.cos() * by_inner;
    sink("alternating, reverse", d_alternating(x, n, 1.0).1, outer.cos() * by_outer);
    sink("alternating, forward", t_alternating(x, 1.0, n).1, outer.cos() * by_outer);
}
