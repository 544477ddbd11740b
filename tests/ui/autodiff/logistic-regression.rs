//! An example program: logistic regression by gradient descent, with the gradient of the loss from
//! `#[autodiff_reverse]` and the data read from a file.
//!
//! ```text
//! logistic-regression auxiliary/logistic-regression.txt
//! ```
//!
//! Each of the 1250 rows of the file holds two features, x1 and x2, each -1 or 1, and a label of
//! 0 or 1. The model is
//!
//! ```text
//! P(label = 1) = 1 / (1 + e^-z)    with    z = w0 + w1 x1 + w2 x2 + w3 x1 x2
//! ```
//!
//! It has one weight for each of the four combinations of features, so it is saturated: z can be
//! anything in each of them, and the loss is least where P is the share of ones among the rows of
//! that combination. With n1 ones and n0 zeros that is z = ln(n1 / n0):
//!
//! ```text
//! x1 x2    n1   n0    z
//! -1 -1    64  256    -ln 4
//!  1 -1   200  100     ln 2
//! -1  1    90  270    -ln 3
//!  1  1   240   30     ln 8
//! ```
//!
//! and these four equations are solved by
//!
//! ```text
//! w0 = (-ln 4 + ln 2 - ln 3 + ln 8) / 4 = ln(4/3)  / 4
//! w1 = ( ln 4 + ln 2 + ln 3 + ln 8) / 4 = ln(192)  / 4
//! w2 = ( ln 4 - ln 2 - ln 3 + ln 8) / 4 = ln(16/3) / 4
//! w3 = (-ln 4 - ln 2 + ln 3 + ln 8) / 4 = ln(3)    / 4
//! ```
//!
//! That is where the descent has to end, whoever computes the gradient. The gradient itself is
//! checked against finite differences and against its closed form on the way.
//!
//! The rows stand in an order that looks random, made by this (487 and 1250 have no common factor,
//! so that i takes every value once):
//!
//! ```text
//! awk 'BEGIN {
//!   for (k = 0; k < 1250; k++) {
//!     i = (487 * k + 29) % 1250
//!     if      (i < 320) print -1, -1, (i       <  64)
//!     else if (i < 620) print  1, -1, (i - 320 < 200)
//!     else if (i < 980) print -1,  1, (i - 620 <  90)
//!     else              print  1,  1, (i - 980 < 240)
//!   }
//! }'
//! ```

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ ignore-remote (reads a file of the source tree)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16
//@ run-flags: {{src-base}}/autodiff/auxiliary/logistic-regression.txt

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;

#[path = "auxiliary/check.rs"]
mod check;
use check::{close, exact};

struct Row {
    x1: f64,
    x2: f64,
    label: f64,
}

type Weights = [f64; 4];

impl Row {
    /// The features that the weights stand for.
    fn features(&self) -> Weights {
        [1.0, self.x1, self.x2, self.x1 * self.x2]
    }

    fn z(&self, w: &Weights) -> f64 {
        let x = self.features();
        w[0] * x[0] + w[1] * x[1] + w[2] * x[2] + w[3] * x[3]
    }
}

/// The mean negative log-likelihood: ln(1 + e^-z) for a label of 1, ln(1 + e^z) for one of 0.
#[autodiff_reverse(d_loss, Duplicated, Const, Active)]
fn loss(w: &Weights, rows: &[Row]) -> f64 {
    let mut total = 0.0;
    for row in rows {
        let sign = 2.0 * row.label - 1.0;
        total += (-sign * row.z(w)).exp().ln_1p();
    }
    total / rows.len() as f64
}

fn gradient(w: &Weights, rows: &[Row]) -> (f64, Weights) {
    let mut dw = [0.0; 4];
    let value = d_loss(w, &mut dw, rows, 1.0);
    (value, dw)
}

/// By hand: the mean of (P - label) times the features.
fn closed_form_gradient(w: &Weights, rows: &[Row]) -> Weights {
    let mut dw = [0.0; 4];
    for row in rows {
        let residual = 1.0 / (1.0 + (-row.z(w)).exp()) - row.label;
        for (dw, x) in dw.iter_mut().zip(row.features()) {
            *dw += residual * x / rows.len() as f64;
        }
    }
    dw
}

/// By five points around `w`: (f(-2h) - 8 f(-h) + 8 f(h) - f(2h)) / 12 h, wrong by about h^4.
fn finite_difference_gradient(w: &Weights, rows: &[Row]) -> Weights {
    const H: f64 = 1e-3;
    std::array::from_fn(|i| {
        let at = |step: f64| {
            let mut w = *w;
            w[i] += step * H;
            loss(&w, rows)
        };
        (at(-2.0) - 8.0 * at(-1.0) + 8.0 * at(1.0) - at(2.0)) / (12.0 * H)
    })
}

fn check_gradient(name: &str, w: &Weights, rows: &[Row]) {
    let (value, dw) = gradient(w, rows);
    close(&format!("{name}: loss"), value, loss(w, rows), 1e-14);
    let by_hand = closed_form_gradient(w, rows);
    let by_differences = finite_difference_gradient(w, rows);
    for i in 0..4 {
        close(&format!("{name}: dw{i} by hand"), dw[i], by_hand[i], 1e-12);
        close(&format!("{name}: dw{i} by finite differences"), dw[i], by_differences[i], 1e-8);
    }
}

fn read(path: &str) -> Vec<Row> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{path}: {e}"));
    text.lines()
        .map(|line| {
            let mut numbers = line.split(' ').map(|n| n.parse().unwrap());
            let mut next = || numbers.next().unwrap();
            Row { x1: next(), x2: next(), label: next() }
        })
        .collect()
}

pub fn main() {
    let path = std::env::args().nth(1).expect("usage: logistic-regression DATA");
    let rows = read(&path);

    // The closed form of the optimum rests on these counts.
    let count =
        |x1, x2, label| rows.iter().filter(|r| (r.x1, r.x2, r.label) == (x1, x2, label)).count();
    let ones_and_zeros = |x1, x2| (count(x1, x2, 1.0), count(x1, x2, 0.0));
    exact("rows", rows.len(), 1250);
    exact("rows with (-1, -1)", ones_and_zeros(-1.0, -1.0), (64, 256));
    exact("rows with (1, -1)", ones_and_zeros(1.0, -1.0), (200, 100));
    exact("rows with (-1, 1)", ones_and_zeros(-1.0, 1.0), (90, 270));
    exact("rows with (1, 1)", ones_and_zeros(1.0, 1.0), (240, 30));

    check_gradient("at the start", &[0.0; 4], &rows);
    check_gradient("away from it", &[0.5, -1.0, 0.25, 2.0], &rows);

    // The curvature of the loss is at most 1/4 times the largest eigenvalue of the mean of the
    // features' outer product, which is below 1.25: steps of 3 are safe.
    let mut w = [0.0; 4];
    let mut steps = 0;
    let optimum = loop {
        let (value, dw) = gradient(&w, &rows);
        if dw.iter().all(|d| d.abs() < 1e-13) {
            break value;
        }
        assert!(steps < 1000, "no convergence: after {steps} steps w is {w:?}, dw {dw:?}");
        for (w, dw) in w.iter_mut().zip(dw) {
            *w -= 3.0 * dw;
        }
        steps += 1;
    };
    println!("{} rows, {steps} steps, loss {optimum}, weights {w:?}", rows.len());

    // The curvature there is above 1/12: a gradient of 1e-13 means 1.2e-12 from the optimum, and
    // the smallest weight is 0.07.
    let want = [4.0 / 3.0, 192.0, 16.0 / 3.0, 3.0f64].map(|odds| odds.ln() / 4.0);
    for i in 0..4 {
        close(&format!("w{i} at the optimum"), w[i], want[i], 1e-10);
    }

    // There P is n1 / n, and the loss the mean of -ln P over ones and of -ln(1 - P) over zeros.
    let entropy = |n1: f64, n0: f64| {
        let n = n1 + n0;
        -(n1 * (n1 / n).ln() + n0 * (n0 / n).ln())
    };
    let total =
        entropy(64.0, 256.0) + entropy(200.0, 100.0) + entropy(90.0, 270.0) + entropy(240.0, 30.0);
    close("loss at the optimum", optimum, total / 1250.0, 1e-13);

    // `Const` data are not written to, although an iterator in memory holds a pointer to them.
    exact("rows with (-1, -1) afterwards", ones_and_zeros(-1.0, -1.0), (64, 256));
    exact("rows with (1, 1) afterwards", ones_and_zeros(1.0, 1.0), (240, 30));
}
