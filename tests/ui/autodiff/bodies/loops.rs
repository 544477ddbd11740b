//! Check derivatives of functions that loop: bounds known at run time only, nested and dependent
//! bounds, backwards, in steps, with early exits, and over buffers of their own. Each is compared
//! with finite differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]
#![allow(unused_mut)] // the derivatives inherit the pattern `mut x`

use std::autodiff::{autodiff_forward, autodiff_reverse};

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

// Coefficients in a slice, Horner's scheme from the highest down.
#[autodiff_reverse(d_horner, Duplicated, Active, Active)]
#[autodiff_forward(t_horner, Dual, Dual, Dual)]
fn horner(coefficients: &[f64], x: f64) -> f64 {
    let mut value = 0.0;
    for i in (0..coefficients.len()).rev() {
        value = value * x + coefficients[i];
    }
    value
}

// Chebyshev series by Clenshaw's recurrence: two variables carried around the loop.
#[autodiff_reverse(d_clenshaw, Duplicated, Active, Active)]
#[autodiff_forward(t_clenshaw, Dual, Dual, Dual)]
fn clenshaw(coefficients: &[f64], x: f64) -> f64 {
    let (mut b1, mut b2) = (0.0, 0.0);
    let mut k = coefficients.len() - 1;
    while k > 0 {
        (b1, b2) = (coefficients[k] + 2.0 * x * b1 - b2, b1);
        k -= 1;
    }
    coefficients[0] + x * b1 - b2
}

// All pairs: the bound of the inner loop is the variable of the outer one.
#[autodiff_reverse(d_pairs, Duplicated, Active)]
#[autodiff_forward(t_pairs, Dual, Dual)]
fn pairs(x: &[f64]) -> f64 {
    let mut energy = 0.0;
    for i in 0..x.len() {
        for j in 0..i {
            let distance = x[i] - x[j];
            energy += 1.0 / (1.0 + distance * distance);
        }
    }
    energy
}

// Three loops, all of whose bounds are arguments.
#[autodiff_reverse(d_three_loops, Duplicated, Const, Const, Active)]
#[autodiff_forward(t_three_loops, Dual, Const, Const, Dual)]
fn three_loops(x: &[f64], rows: usize, columns: usize) -> f64 {
    let mut total = 0.0;
    for i in 0..rows {
        for j in 0..columns {
            let mut term = 1.0;
            for k in 0..=j {
                term *= x[i * columns + k] + 0.5;
            }
            total += term * term;
        }
    }
    total
}

// Convolution of a signal with a kernel, into a local array.
#[autodiff_reverse(d_convolution, Duplicated, Duplicated, Active)]
#[autodiff_forward(t_convolution, Dual, Dual, Dual)]
fn convolution(signal: &[f64], kernel: &[f64]) -> f64 {
    let mut out = [0.0; 16];
    for i in 0..signal.len() {
        for j in 0..kernel.len() {
            out[i + j] += signal[i] * kernel[j];
        }
    }
    let mut norm = 0.0;
    for v in out {
        norm += v * v;
    }
    norm.sqrt()
}

// Simpson's rule: weights by parity, and the limits are differentiated too.
#[autodiff_reverse(d_simpson, Active, Active, Active, Const, Active)]
#[autodiff_forward(t_simpson, Dual, Dual, Dual, Const, Dual)]
fn simpson(a: f64, b: f64, frequency: f64, n: usize) -> f64 {
    let h = (b - a) / n as f64;
    let mut sum = 0.0;
    for i in 0..=n {
        let x = a + i as f64 * h;
        let weight = if i == 0 || i == n {
            1.0
        } else if i % 2 == 1 {
            4.0
        } else {
            2.0
        };
        sum += weight * (frequency * x).sin() / (1.0 + x * x);
    }
    sum * h / 3.0
}

// Newton's iteration until it stands still.
#[autodiff_reverse(d_newton, Active, Active, Active)]
#[autodiff_forward(t_newton, Dual, Dual, Dual)]
fn newton(a: f64, b: f64) -> f64 {
    let mut x = 1.0;
    loop {
        let step = (x * x * x + a * x - b) / (3.0 * x * x + a);
        x -= step;
        if step.abs() < 1e-14 {
            break x;
        }
    }
}

// Explicit steps of the heat equation between two buffers that change places.
#[autodiff_reverse(d_heat, Duplicated, Active, Const, Active)]
#[autodiff_forward(t_heat, Dual, Dual, Const, Dual)]
fn heat(initial: &[f64; 6], diffusivity: f64, steps: u32) -> f64 {
    let mut now = *initial;
    for _ in 0..steps {
        let mut next = now;
        for i in 1..now.len() - 1 {
            next[i] = now[i] + diffusivity * (now[i - 1] - 2.0 * now[i] + now[i + 1]);
        }
        now = next;
    }
    let mut energy = 0.0;
    for i in 0..now.len() {
        energy += (i as f64 + 1.0) * now[i] * now[i];
    }
    energy
}

// The same between slices of one buffer that are swapped.
#[autodiff_reverse(d_swapped_buffers, Duplicated, Const, Active)]
#[autodiff_forward(t_swapped_buffers, Dual, Const, Dual)]
fn swapped_buffers(x: &[f64; 4], steps: usize) -> f64 {
    let (mut a, mut b) = (*x, [0.0; 4]);
    for _ in 0..steps {
        for i in 0..4 {
            b[i] = 0.5 * a[i] + 0.25 * a[(i + 1) % 4] * a[(i + 3) % 4];
        }
        std::mem::swap(&mut a, &mut b);
    }
    a[0] + 2.0 * a[1] + 3.0 * a[2] + 4.0 * a[3]
}

// Out of both loops at once.
#[autodiff_reverse(d_labelled, Duplicated, Const, Active)]
#[autodiff_forward(t_labelled, Dual, Const, Dual)]
fn labelled(x: &[f64], limit: f64) -> f64 {
    let mut sum = 0.0;
    'rows: for i in 0..x.len() {
        for j in 0..x.len() {
            if j > i + 1 {
                continue 'rows;
            }
            sum += x[i] * x[j];
            if sum > limit {
                break 'rows;
            }
        }
    }
    sum * sum
}

// Two indices that move towards each other.
#[autodiff_reverse(d_two_ends, Duplicated, Active)]
#[autodiff_forward(t_two_ends, Dual, Dual)]
fn two_ends(x: &[f64]) -> f64 {
    let (mut low, mut high) = (0, x.len() - 1);
    let mut sum = 0.0;
    while low < high {
        sum += (x[low] * x[high]).sin();
        low += 1;
        high -= 1;
    }
    sum
}

// A trapezoidal rule by `step_by`, over every other point.
#[autodiff_reverse(d_trapezoid, Duplicated, Duplicated, Active)]
#[autodiff_forward(t_trapezoid, Dual, Dual, Dual)]
fn trapezoid(x: &[f64], y: &[f64]) -> f64 {
    let mut area = 0.0;
    for i in (2..x.len()).step_by(2) {
        area += 0.5 * (x[i] - x[i - 2]) * (y[i] + y[i - 2]);
    }
    area
}

// A continued fraction, from the inside.
#[autodiff_reverse(d_continued_fraction, Duplicated, Active)]
#[autodiff_forward(t_continued_fraction, Dual, Dual)]
fn continued_fraction(x: &[f64]) -> f64 {
    let mut value = *x.last().unwrap();
    let mut i = x.len() - 1;
    while i != 0 {
        i -= 1;
        value = x[i] + 1.0 / value;
    }
    value
}

// The power series of exp, until a term no longer counts: how often is data dependent.
#[autodiff_reverse(d_series, Active, Active)]
#[autodiff_forward(t_series, Dual, Dual)]
fn series(x: f64) -> f64 {
    let (mut sum, mut term, mut n) = (1.0, 1.0, 1);
    while f64::abs(term) > 1e-17 * sum {
        term *= x / n as f64;
        sum += term;
        n += 1;
    }
    sum
}

// The logistic map: a loop that overwrites its only variable.
#[autodiff_reverse(d_logistic_map, Active, Active, Const, Active)]
#[autodiff_forward(t_logistic_map, Dual, Dual, Const, Dual)]
fn logistic_map(mut x: f64, rate: f64, steps: i32) -> f64 {
    for _ in 0..steps {
        x = rate * x * (1.0 - x);
    }
    x
}

// Prefix sums in place, in an argument of the function's own.
#[autodiff_reverse(d_prefix_sums, Active, Active)]
#[autodiff_forward(t_prefix_sums, Dual, Dual)]
fn prefix_sums(mut x: [f64; 5]) -> f64 {
    for i in 1..x.len() {
        x[i] += x[i - 1];
    }
    let mut product = 1.0;
    for i in 0..x.len() {
        product *= x[i];
    }
    product
}

// Longest path through a grid by dynamic programming, with a smooth maximum.
#[autodiff_reverse(d_grid_path, Duplicated, Const, Active)]
#[autodiff_forward(t_grid_path, Dual, Const, Dual)]
fn grid_path(weights: &[f64], width: usize) -> f64 {
    let height = weights.len() / width;
    let mut best = [[0.0f64; 4]; 4];
    for i in 0..height {
        for j in 0..width {
            let above = if i > 0 { best[i - 1][j] } else { 0.0 };
            let left = if j > 0 { best[i][j - 1] } else { 0.0 };
            best[i][j] = weights[i * width + j] + (above.exp() + left.exp()).ln();
        }
    }
    best[height - 1][width - 1]
}

// Counts down in `u8`, and reads a table of integers.
#[autodiff_reverse(d_gathered, Duplicated, Const, Active)]
#[autodiff_forward(t_gathered, Dual, Const, Dual)]
fn gathered(x: &[f64], indices: &[u8]) -> f64 {
    let mut sum = 0.0;
    let mut left = indices.len() as u8;
    while left > 0 {
        left -= 1;
        let i = indices[left as usize] as usize;
        sum += x[i] * x[i] * f64::from(left + 1);
    }
    sum
}

pub fn main() {
    let mut checks = Checks::new();
    let (x4, x6) = ([0.7, -1.2, 0.4, 1.5], [0.3, -0.8, 1.1, 0.6, -0.4, 0.9]);
    checks.gradient(
        "horner",
        &x4,
        |x| horner(&x[..3], x[3]),
        |x, dx, seed| {
            let (value, by_x) = d_horner(&x[..3], &mut dx[..3], x[3], seed);
            dx[3] += by_x;
            value
        },
        |x, dx| t_horner(&x[..3], &dx[..3], x[3], dx[3]),
    );
    checks.gradient(
        "clenshaw",
        &x6,
        |x| clenshaw(&x[..5], x[5]),
        |x, dx, seed| {
            let (value, by_x) = d_clenshaw(&x[..5], &mut dx[..5], x[5], seed);
            dx[5] += by_x;
            value
        },
        |x, dx| t_clenshaw(&x[..5], &dx[..5], x[5], dx[5]),
    );
    checks.gradient("pairs", &x6, pairs, d_pairs, t_pairs);
    checks.gradient(
        "three_loops",
        &x6,
        |x| three_loops(x, 2, 3),
        |x, dx, seed| d_three_loops(x, dx, 2, 3, seed),
        |x, dx| t_three_loops(x, dx, 2, 3),
    );
    checks.gradient(
        "convolution",
        &x6,
        |x| convolution(&x[..4], &x[4..]),
        |x, dx, seed| {
            let (by_signal, by_kernel) = dx.split_at_mut(4);
            d_convolution(&x[..4], by_signal, &x[4..], by_kernel, seed)
        },
        |x, dx| t_convolution(&x[..4], &dx[..4], &x[4..], &dx[4..]),
    );
    checks.gradient(
        "simpson",
        &[0.2, 1.9, 2.5],
        |x| simpson(x[0], x[1], x[2], 10),
        |x, dx, seed| {
            let (value, a, b, frequency) = d_simpson(x[0], x[1], x[2], 10, seed);
            dx[0] += a;
            dx[1] += b;
            dx[2] += frequency;
            value
        },
        |x, dx| t_simpson(x[0], dx[0], x[1], dx[1], x[2], dx[2], 10),
    );
    checks.gradient(
        "newton",
        &[2.0, 3.0],
        |x| newton(x[0], x[1]),
        |x, dx, seed| {
            let (value, a, b) = d_newton(x[0], x[1], seed);
            dx[0] += a;
            dx[1] += b;
            value
        },
        |x, dx| t_newton(x[0], dx[0], x[1], dx[1]),
    );
    checks.gradient(
        "heat",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9, 0.2],
        |x| heat(x[..6].try_into().unwrap(), x[6], 5),
        |x, dx, seed| {
            let (field, diffusivity) = dx.split_at_mut(6);
            let field = field.try_into().unwrap();
            let (value, by_diffusivity) = d_heat(x[..6].try_into().unwrap(), field, x[6], 5, seed);
            diffusivity[0] += by_diffusivity;
            value
        },
        |x, dx| t_heat(x[..6].try_into().unwrap(), dx[..6].try_into().unwrap(), x[6], dx[6], 5),
    );
    checks.gradient(
        "swapped_buffers",
        &x4,
        |x| swapped_buffers(x.try_into().unwrap(), 3),
        |x, dx, seed| d_swapped_buffers(x.try_into().unwrap(), dx.try_into().unwrap(), 3, seed),
        |x, dx| t_swapped_buffers(x.try_into().unwrap(), dx.try_into().unwrap(), 3),
    );
    checks.gradient(
        "labelled",
        &[1.3, 0.7, 0.9, 1.1],
        |x| labelled(x, 4.3),
        |x, dx, seed| d_labelled(x, dx, 4.3, seed),
        |x, dx| t_labelled(x, dx, 4.3),
    );
    checks.gradient("two_ends", &x6, two_ends, d_two_ends, t_two_ends);
    checks.gradient(
        "trapezoid",
        &[0.0, 0.4, 1.1, 1.3, 2.0, 0.5, 0.7, 1.5, 0.2, 0.9],
        |x| trapezoid(&x[..5], &x[5..]),
        |x, dx, seed| {
            let (by_x, by_y) = dx.split_at_mut(5);
            d_trapezoid(&x[..5], by_x, &x[5..], by_y, seed)
        },
        |x, dx| t_trapezoid(&x[..5], &dx[..5], &x[5..], &dx[5..]),
    );
    checks.gradient(
        "continued_fraction",
        &[1.5, 2.5, 0.8, 3.1],
        continued_fraction,
        d_continued_fraction,
        t_continued_fraction,
    );
    checks.derivative("series", 0.8, series, d_series, t_series);
    checks.gradient(
        "logistic_map",
        &[0.3, 2.9],
        |x| logistic_map(x[0], x[1], 7),
        |x, dx, seed| {
            let (value, by_x, by_rate) = d_logistic_map(x[0], x[1], 7, seed);
            dx[0] += by_x;
            dx[1] += by_rate;
            value
        },
        |x, dx| t_logistic_map(x[0], dx[0], x[1], dx[1], 7),
    );
    checks.gradient(
        "prefix_sums",
        &[0.9, 0.4, -0.3, 1.2, 0.8],
        |x| prefix_sums(x.try_into().unwrap()),
        |x, dx, seed| {
            let (value, by_x) = d_prefix_sums(x.try_into().unwrap(), seed);
            dx.iter_mut().zip(by_x).for_each(|(dx, by_x)| *dx += by_x);
            value
        },
        |x, dx| t_prefix_sums(x.try_into().unwrap(), dx.try_into().unwrap()),
    );
    checks.gradient(
        "grid_path",
        &x6,
        |x| grid_path(x, 3),
        |x, dx, seed| d_grid_path(x, dx, 3, seed),
        |x, dx| t_grid_path(x, dx, 3),
    );
    checks.gradient(
        "gathered",
        &x4,
        |x| gathered(x, &[3, 0, 1, 0, 2]),
        |x, dx, seed| d_gathered(x, dx, &[3, 0, 1, 0, 2], seed),
        |x, dx| t_gathered(x, dx, &[3, 0, 1, 0, 2]),
    );
    checks.finish(312);
}
