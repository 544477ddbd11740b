//! Check derivatives of recurrent networks: an LSTM cell by value, two layers of them over a
//! sequence, a plain recurrent one. Each is compared with finite differences.

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

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[derive(Clone, Copy)]
struct Gates {
    forget: f64,
    input: f64,
    output: f64,
    change: f64,
}

// A cell with one unit, by value: the new state is a pair.
#[autodiff_reverse(d_unit, Active, Active, Active, Active, Active)]
#[autodiff_forward(t_unit, Dual, Dual, Dual, Dual, Dual)]
fn unit(weights: Gates, bias: Gates, hidden: f64, cell: f64) -> f64 {
    let forget = sigmoid(hidden * weights.forget + bias.forget);
    let input = sigmoid(hidden * weights.input + bias.input);
    let output = sigmoid(hidden * weights.output + bias.output);
    let change = (hidden * weights.change + bias.change).tanh();
    let cell = cell * forget + input * change;
    output * cell.tanh() + cell
}

fn gates(x: &[f64]) -> Gates {
    Gates { forget: x[0], input: x[1], output: x[2], change: x[3] }
}

/// One step of a layer: `weights` has four rows of a scale and a bias for each unit.
fn step(weights: &[f64], hidden: &mut [f64], cell: &mut [f64], input: &[f64]) {
    let n = hidden.len();
    for i in 0..n {
        let gate = |g: usize, v: f64| v * weights[2 * g * n + i] + weights[(2 * g + 1) * n + i];
        let forget = sigmoid(gate(0, input[i]));
        let keep = sigmoid(gate(1, hidden[i]));
        let out = sigmoid(gate(2, input[i]));
        let change = gate(3, hidden[i]).tanh();
        cell[i] = cell[i] * forget + keep * change;
        hidden[i] = out * cell[i].tanh();
    }
}

// Two layers over a sequence, states in `&mut` slices of local arrays; the loss of predicting what
// comes next.
#[autodiff_reverse(d_sequence, Duplicated, Duplicated, Const, Active)]
#[autodiff_forward(t_sequence, Dual, Dual, Const, Dual)]
fn sequence(weights: &[f64], start: &[f64], inputs: &[[f64; 2]]) -> f64 {
    let mut hidden = [[start[0], start[1]], [0.1, -0.1]];
    let mut cell = [[0.0; 2]; 2];
    let (first, second) = weights.split_at(16);
    let mut loss = 0.0;
    for pair in inputs.windows(2) {
        step(first, &mut hidden[0], &mut cell[0], &pair[0]);
        let between = hidden[0];
        step(second, &mut hidden[1], &mut cell[1], &between);
        let normaliser = hidden[1].iter().map(|h| h.exp()).sum::<f64>().ln();
        for (h, next) in hidden[1].iter().zip(&pair[1]) {
            loss -= next * (h - normaliser);
        }
    }
    loss
}

// A plain recurrent network, with its state in a `Vec`.
#[autodiff_reverse(d_recurrent, Duplicated, Active)]
#[autodiff_forward(t_recurrent, Dual, Dual)]
fn recurrent(x: &[f64]) -> f64 {
    let n = 2;
    let (w, u) = (&x[..n * n], &x[n * n..]);
    let mut state = vec![0.5; n];
    let mut loss = 0.0;
    for t in 0..4 {
        let input = (t as f64 * 0.7).sin();
        state = (0..n)
            .map(|i| {
                let sum: f64 = (0..n).map(|j| w[i * n + j] * state[j]).sum();
                (sum + u[i] * input).tanh()
            })
            .collect();
        loss += (state[0] - state[1]).powi(2);
    }
    loss
}

// A layer of a perceptron with a soft maximum and cross entropy.
#[autodiff_reverse(d_perceptron, Duplicated, Active)]
#[autodiff_forward(t_perceptron, Dual, Dual)]
fn perceptron(x: &[f64]) -> f64 {
    let inputs = [0.5, -1.0, 0.25];
    let mut scores = [0.0; 2];
    for (i, score) in scores.iter_mut().enumerate() {
        let row = &x[4 * i..4 * i + 4];
        *score = row[3] + inputs.iter().zip(row).map(|(x, w)| x * w).sum::<f64>().max(0.01);
    }
    let normaliser = scores.iter().map(|s| s.exp()).sum::<f64>().ln();
    normaliser - scores[1]
}

pub fn main() {
    let mut checks = Checks::new();
    checks.gradient(
        "unit",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9, 0.2, -0.7, 0.5, -1.2],
        |x| unit(gates(x), gates(&x[4..]), x[8], x[9]),
        |x, dx, seed| {
            let (value, w, b, hidden, cell) = d_unit(gates(x), gates(&x[4..]), x[8], x[9], seed);
            let all = [
                w.forget, w.input, w.output, w.change, b.forget, b.input, b.output, b.change,
                hidden, cell,
            ];
            dx.iter_mut().zip(all).for_each(|(dx, by)| *dx += by);
            value
        },
        |x, dx| {
            t_unit(gates(x), gates(dx), gates(&x[4..]), gates(&dx[4..]), x[8], dx[8], x[9], dx[9])
        },
    );
    let inputs = [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.3, 0.7]];
    let mut x = [0.0; 34];
    for (i, x) in x.iter_mut().enumerate() {
        *x = ((i * 7 + 3) % 11) as f64 / 8.0 - 0.6;
    }
    checks.gradient(
        "sequence",
        &x,
        |x| sequence(&x[..32], &x[32..], &inputs),
        |x, dx, seed| {
            let (by_weights, by_start) = dx.split_at_mut(32);
            d_sequence(&x[..32], by_weights, &x[32..], by_start, &inputs, seed)
        },
        |x, dx| t_sequence(&x[..32], &dx[..32], &x[32..], &dx[32..], &inputs),
    );
    checks.gradient(
        "recurrent",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        recurrent,
        d_recurrent,
        t_recurrent,
    );
    checks.gradient(
        "perceptron",
        &[0.3, -0.8, 1.1, 0.6, -0.4, -0.9, 0.2, 0.7],
        perceptron,
        d_perceptron,
        t_perceptron,
    );
    checks.finish(186);
}
