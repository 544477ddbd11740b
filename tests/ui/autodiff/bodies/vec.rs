//! Check derivatives of functions that make a `Vec`: of a length known at first or not, by
//! `vec![]`, `collect` and `push`, of floats, arrays, structs and of `Vec`s, in a loop, changed in
//! place. Each is compared with finite differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::collections::VecDeque;

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

// `vec![]` of a run-time length, filled by index.
#[autodiff_reverse(d_zeroed, Duplicated, Active)]
#[autodiff_forward(t_zeroed, Dual, Dual)]
fn zeroed(x: &[f64]) -> f64 {
    let mut y = vec![0.0; x.len()];
    for i in 0..x.len() {
        y[i] = x[i] * x[(i + 1) % x.len()];
    }
    y.iter().map(|y| y.sin()).sum()
}

// `vec![]` of something else than 0.
#[autodiff_reverse(d_filled, Duplicated, Active)]
#[autodiff_forward(t_filled, Dual, Dual)]
fn filled(x: &[f64]) -> f64 {
    let mut y = vec![x[0]; x.len()];
    for i in 1..x.len() {
        y[i] *= y[i - 1] + x[i];
    }
    y.iter().sum()
}

// `vec![a, b, c]`.
#[autodiff_reverse(d_listed, Duplicated, Active)]
#[autodiff_forward(t_listed, Dual, Dual)]
fn listed(x: &[f64]) -> f64 {
    let y = vec![x[0] * x[1], x[2].exp(), x[3] - x[4]];
    y[0] * y[1] * y[2]
}

#[autodiff_reverse(d_collected, Duplicated, Active)]
#[autodiff_forward(t_collected, Dual, Dual)]
fn collected(x: &[f64]) -> f64 {
    let squares: Vec<f64> = x.iter().map(|x| x * x).collect();
    squares.iter().zip(x).map(|(square, x)| square * x).sum()
}

// Twice in a row, the second from the first.
#[autodiff_reverse(d_collected_twice, Duplicated, Active)]
#[autodiff_forward(t_collected_twice, Dual, Dual)]
fn collected_twice(x: &[f64]) -> f64 {
    let y: Vec<f64> = x.iter().map(|x| x.tanh()).collect();
    let z: Vec<f64> = y.windows(2).map(|y| y[0] * y[1]).collect();
    z.into_iter().map(|z| z * z).sum()
}

#[autodiff_reverse(d_with_capacity, Duplicated, Active)]
#[autodiff_forward(t_with_capacity, Dual, Dual)]
fn with_capacity(x: &[f64]) -> f64 {
    let mut y = Vec::with_capacity(x.len());
    for v in x {
        y.push(v * v + 1.0);
    }
    y.iter().product()
}

// Grows as it is pushed to: `realloc`.
#[autodiff_reverse(d_growing, Duplicated, Active)]
#[autodiff_forward(t_growing, Dual, Dual)]
fn growing(x: &[f64]) -> f64 {
    let mut y = Vec::new();
    for v in x {
        y.push(v * v + 1.0);
    }
    y.iter().product()
}

// Grows by a number that depends on the values.
#[autodiff_reverse(d_growing_by_value, Duplicated, Active)]
#[autodiff_forward(t_growing_by_value, Dual, Dual)]
fn growing_by_value(x: &[f64]) -> f64 {
    let mut y = vec![];
    for &v in x {
        if v > 0.0 {
            y.push(v.ln());
            y.push(v);
        }
    }
    y.chunks_exact(2).map(|pair| pair[0] * pair[1]).sum::<f64>() + x[1]
}

#[autodiff_reverse(d_copied_and_changed, Duplicated, Active)]
#[autodiff_forward(t_copied_and_changed, Dual, Dual)]
fn copied_and_changed(x: &[f64]) -> f64 {
    let mut y = x.to_vec();
    for i in 1..y.len() {
        y[i] += 0.5 * y[i - 1] * y[i - 1];
    }
    y[y.len() - 1]
}

#[autodiff_reverse(d_cloned, Duplicated, Active)]
#[autodiff_forward(t_cloned, Dual, Dual)]
fn cloned(x: &[f64]) -> f64 {
    let y: Vec<f64> = x.iter().map(|x| x.exp()).collect();
    let mut z = y.clone();
    z[0] *= y[1];
    z.iter().zip(&y).map(|(z, y)| z * y).sum()
}

// A `Vec` in each turn of a loop, dropped at its end.
#[autodiff_reverse(d_in_a_loop, Duplicated, Active)]
#[autodiff_forward(t_in_a_loop, Dual, Dual)]
fn in_a_loop(x: &[f64]) -> f64 {
    let mut state = x.to_vec();
    for _ in 0..3 {
        let next: Vec<f64> =
            (0..state.len()).map(|i| state[i] * 0.5 + state[(i + 1) % state.len()].sin()).collect();
        state = next;
    }
    state.iter().sum()
}

// Rows of their own.
#[autodiff_reverse(d_of_vecs, Duplicated, Active)]
#[autodiff_forward(t_of_vecs, Dual, Dual)]
fn of_vecs(x: &[f64]) -> f64 {
    let rows: Vec<Vec<f64>> =
        (1..4).map(|n| x[..n].iter().map(|x| x * n as f64).collect()).collect();
    rows.iter().map(|row| row.iter().product::<f64>()).sum()
}

#[autodiff_reverse(d_of_arrays, Duplicated, Active)]
#[autodiff_forward(t_of_arrays, Dual, Dual)]
fn of_arrays(x: &[f64]) -> f64 {
    let points: Vec<[f64; 2]> = x.chunks_exact(2).map(|c| [c[0], c[1]]).collect();
    let mut sum = 0.0;
    for (i, p) in points.iter().enumerate() {
        for q in &points[..i] {
            sum += ((p[0] - q[0]).powi(2) + (p[1] - q[1]).powi(2)).sqrt();
        }
    }
    sum
}

#[derive(Clone, Copy)]
struct Particle {
    mass: f64,
    charged: bool,
    position: (f64, f64),
}

// Structs with a field that is no float.
#[autodiff_reverse(d_of_structs, Duplicated, Active)]
#[autodiff_forward(t_of_structs, Dual, Dual)]
fn of_structs(x: &[f64]) -> f64 {
    let particles: Vec<Particle> = x
        .chunks_exact(3)
        .enumerate()
        .map(|(i, c)| Particle { mass: c[0], charged: i > 0, position: (c[1], c[2]) })
        .collect();
    let mut energy = 0.0;
    for p in &particles {
        let potential = p.position.0 * p.position.1.cos();
        energy += if p.charged { p.mass * potential } else { potential };
    }
    energy
}

// Tuples, with an index.
#[autodiff_reverse(d_of_tuples, Duplicated, Active)]
#[autodiff_forward(t_of_tuples, Dual, Dual)]
fn of_tuples(x: &[f64]) -> f64 {
    let pairs: Vec<(usize, f64)> = x.iter().map(|x| x * x).enumerate().collect();
    pairs.iter().map(|&(i, v)| (i + 1) as f64 * v).sum()
}

#[autodiff_reverse(d_extended, Duplicated, Active)]
#[autodiff_forward(t_extended, Dual, Dual)]
fn extended(x: &[f64]) -> f64 {
    let mut y = vec![x[0]];
    y.extend(x[1..].iter().map(|x| x.cos()));
    y.extend_from_slice(&x[..2]);
    y.iter().product()
}

#[autodiff_reverse(d_resized_and_truncated, Duplicated, Active)]
#[autodiff_forward(t_resized_and_truncated, Dual, Dual)]
fn resized_and_truncated(x: &[f64]) -> f64 {
    let mut y = x.to_vec();
    y.truncate(3);
    y.resize(5, x[0] * x[1]);
    y.iter().map(|y| y * y).sum::<f64>() + x[3] * x[4] * x[5]
}

// A stack machine: `pop` and `push`.
#[autodiff_reverse(d_stack, Duplicated, Active)]
#[autodiff_forward(t_stack, Dual, Dual)]
fn stack(x: &[f64]) -> f64 {
    let mut stack = vec![1.0];
    for (i, &v) in x.iter().enumerate() {
        stack.push(v);
        if i % 2 == 1 {
            let (b, a) = (stack.pop().unwrap(), stack.pop().unwrap());
            stack.push(a * b);
        }
    }
    let mut value = 0.0;
    while let Some(v) = stack.pop() {
        value = v + v * value;
    }
    value
}

// A boxed slice, and a box of an array.
#[autodiff_reverse(d_boxed, Duplicated, Active)]
#[autodiff_forward(t_boxed, Dual, Dual)]
fn boxed(x: &[f64]) -> f64 {
    let squares: Box<[f64]> = x.iter().map(|x| x * x).collect();
    let table = Box::new([x[0], x[1] * x[2], x[3]]);
    squares.iter().sum::<f64>() * table.iter().product::<f64>()
}

// Sorted by their values: the median of an even number of them.
#[autodiff_reverse(d_sorted, Duplicated, Active)]
#[autodiff_forward(t_sorted, Dual, Dual)]
fn sorted(x: &[f64]) -> f64 {
    let mut y = x.to_vec();
    y.sort_by(|a, b| a.total_cmp(b));
    let middle = y.len() / 2;
    0.5 * (y[middle - 1] + y[middle]) * y[0]
}

// Swapped, reversed, rotated.
#[autodiff_reverse(d_permuted, Duplicated, Active)]
#[autodiff_forward(t_permuted, Dual, Dual)]
fn permuted(x: &[f64]) -> f64 {
    let mut y = x.to_vec();
    y.swap(0, 3);
    y.reverse();
    y[1..].rotate_left(2);
    y.iter().enumerate().map(|(i, y)| y.powi(i as i32 + 1)).sum()
}

// What is left of it.
#[autodiff_reverse(d_retained, Duplicated, Active)]
#[autodiff_forward(t_retained, Dual, Dual)]
fn retained(x: &[f64]) -> f64 {
    let mut y = x.to_vec();
    y.retain(|v| *v > 0.0);
    y.iter().map(|y| y.sqrt()).product::<f64>() + x[1] * x[4]
}

// Elements put in between, taken out, doubled: what lies behind moves, `memmove`.
#[autodiff_reverse(d_moved, Duplicated, Active)]
#[autodiff_forward(t_moved, Dual, Dual)]
fn moved(x: &[f64]) -> f64 {
    let mut y = x.to_vec();
    let first = y.remove(0);
    y.insert(2, first * x[1]);
    y.copy_within(1..4, 2);
    y.rotate_right(1);
    y.iter().enumerate().map(|(i, y)| y.powi(i as i32 + 1)).sum()
}

// A part drained off, and the rest.
#[autodiff_reverse(d_drained, Duplicated, Active)]
#[autodiff_forward(t_drained, Dual, Dual)]
fn drained(x: &[f64]) -> f64 {
    let mut y = x.to_vec();
    let middle: f64 = y.drain(1..3).map(|v| v * v).sum();
    y.iter().product::<f64>() * middle
}

// A ring: `VecDeque`.
#[autodiff_reverse(d_deque, Duplicated, Active)]
#[autodiff_forward(t_deque, Dual, Dual)]
fn deque(x: &[f64]) -> f64 {
    let mut ring: VecDeque<f64> = x[..3].iter().copied().collect();
    let mut sum = 0.0;
    for v in &x[3..] {
        ring.push_back(v * ring[0]);
        sum += ring.pop_front().unwrap() * v;
    }
    sum + ring.iter().map(|v| v * v).sum::<f64>()
}

// From an iterator of options: all or nothing.
#[autodiff_reverse(d_collected_options, Duplicated, Active)]
#[autodiff_forward(t_collected_options, Dual, Dual)]
fn collected_options(x: &[f64]) -> f64 {
    let roots: Option<Vec<f64>> =
        x.iter().map(|v| if *v > -1.0 { Some((v + 1.0).sqrt()) } else { None }).collect();
    match roots {
        Some(roots) => roots.iter().product(),
        None => x[0],
    }
}

// Returned by an ordinary function, taken by value by another.
#[autodiff_reverse(d_handed_on, Duplicated, Active)]
#[autodiff_forward(t_handed_on, Dual, Dual)]
fn handed_on(x: &[f64]) -> f64 {
    fn powers(x: f64, n: usize) -> Vec<f64> {
        let mut powers = vec![1.0; n];
        for i in 1..n {
            powers[i] = powers[i - 1] * x;
        }
        powers
    }
    fn evaluate(powers: Vec<f64>, c: &[f64]) -> f64 {
        powers.iter().zip(c).map(|(p, c)| p * c).sum()
    }
    evaluate(powers(x[0] + 1.0, x.len()), x)
}

struct Network {
    layers: Vec<Layer>,
}

struct Layer {
    weights: Vec<f64>,
    bias: Vec<f64>,
}

impl Network {
    fn new(sizes: &[usize], parameters: &[f64]) -> Network {
        let mut rest = parameters;
        let mut layers = Vec::new();
        for size in sizes.windows(2) {
            let (weights, after) = rest.split_at(size[0] * size[1]);
            let (bias, after) = after.split_at(size[1]);
            layers.push(Layer { weights: weights.to_vec(), bias: bias.to_vec() });
            rest = after;
        }
        Network { layers }
    }

    fn run(&self, input: &[f64]) -> Vec<f64> {
        let mut state = input.to_vec();
        for layer in &self.layers {
            state = layer
                .weights
                .chunks_exact(state.len())
                .zip(&layer.bias)
                .map(|(row, bias)| {
                    (row.iter().zip(&state).map(|(w, x)| w * x).sum::<f64>() + bias).tanh()
                })
                .collect();
        }
        state
    }
}

// A network built from its parameters, a `Vec` of structs of `Vec`s, and run.
#[autodiff_reverse(d_network, Duplicated, Active)]
#[autodiff_forward(t_network, Dual, Dual)]
fn network(x: &[f64]) -> f64 {
    let network = Network::new(&[2, 2, 1], x);
    let mut loss = 0.0;
    for (input, label) in [([0.0, 1.0], 1.0), ([1.0, 1.0], 0.0), ([-0.5, 0.3], 0.5)] {
        let output = network.run(&input);
        loss += (output[0] - label).powi(2);
    }
    loss
}

pub fn main() {
    let mut checks = Checks::new();
    checks.gradient("zeroed", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], zeroed, d_zeroed, t_zeroed);
    checks.gradient("filled", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], filled, d_filled, t_filled);
    checks.gradient("listed", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], listed, d_listed, t_listed);
    checks.gradient(
        "collected",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        collected,
        d_collected,
        t_collected,
    );
    checks.gradient(
        "collected_twice",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        collected_twice,
        d_collected_twice,
        t_collected_twice,
    );
    checks.gradient(
        "with_capacity",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        with_capacity,
        d_with_capacity,
        t_with_capacity,
    );
    checks.gradient("growing", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], growing, d_growing, t_growing);
    checks.gradient(
        "growing_by_value",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        growing_by_value,
        d_growing_by_value,
        t_growing_by_value,
    );
    checks.gradient(
        "copied_and_changed",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        copied_and_changed,
        d_copied_and_changed,
        t_copied_and_changed,
    );
    checks.gradient("cloned", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], cloned, d_cloned, t_cloned);
    checks.gradient(
        "in_a_loop",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        in_a_loop,
        d_in_a_loop,
        t_in_a_loop,
    );
    checks.gradient("of_vecs", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], of_vecs, d_of_vecs, t_of_vecs);
    checks.gradient(
        "of_arrays",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        of_arrays,
        d_of_arrays,
        t_of_arrays,
    );
    checks.gradient(
        "of_structs",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        of_structs,
        d_of_structs,
        t_of_structs,
    );
    checks.gradient(
        "of_tuples",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        of_tuples,
        d_of_tuples,
        t_of_tuples,
    );
    checks.gradient(
        "extended",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        extended,
        d_extended,
        t_extended,
    );
    checks.gradient(
        "resized_and_truncated",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        resized_and_truncated,
        d_resized_and_truncated,
        t_resized_and_truncated,
    );
    checks.gradient("stack", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], stack, d_stack, t_stack);
    checks.gradient("boxed", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], boxed, d_boxed, t_boxed);
    checks.gradient("sorted", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], sorted, d_sorted, t_sorted);
    checks.gradient(
        "permuted",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        permuted,
        d_permuted,
        t_permuted,
    );
    checks.gradient(
        "retained",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        retained,
        d_retained,
        t_retained,
    );
    checks.gradient("moved", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], moved, d_moved, t_moved);
    checks.gradient("drained", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], drained, d_drained, t_drained);
    checks.gradient("deque", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], deque, d_deque, t_deque);
    checks.gradient(
        "collected_options",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        collected_options,
        d_collected_options,
        t_collected_options,
    );
    checks.gradient(
        "handed_on",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        handed_on,
        d_handed_on,
        t_handed_on,
    );
    checks.gradient(
        "network",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9, 0.2, -0.7, 0.5],
        network,
        d_network,
        t_network,
    );
    checks.finish(597);
}
