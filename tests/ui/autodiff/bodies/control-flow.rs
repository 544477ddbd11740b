//! Check derivatives of functions that branch: early returns, `match` over enums with floats in
//! them, `Option` and `Result` with `?`, `while let`, guards, labelled blocks, pieces of a
//! function. Each is compared with finite differences.

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

// Out early, on a value.
#[autodiff_reverse(d_early_return, Duplicated, Active)]
#[autodiff_forward(t_early_return, Dual, Dual)]
fn early_return(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for &v in x {
        sum += v * v;
        if sum > 2.0 {
            return sum * sum;
        }
    }
    sum
}

// Out early, before anything is done.
#[autodiff_reverse(d_guarded, Duplicated, Active)]
#[autodiff_forward(t_guarded, Dual, Dual)]
fn guarded(x: &[f64]) -> f64 {
    let Some((&first, rest)) = x.split_first() else {
        return 0.0;
    };
    if rest.is_empty() {
        return first;
    }
    rest.iter().fold(first, |a, b| a * b + a)
}

enum Shape {
    Circle(f64),
    Rectangle { width: f64, height: f64 },
    Triangle([f64; 3]),
    Nothing,
}

fn area(shape: &Shape) -> f64 {
    match *shape {
        Shape::Circle(radius) => std::f64::consts::PI * radius * radius,
        Shape::Rectangle { width, height } => width * height,
        Shape::Triangle([a, b, c]) => {
            let s = 0.5 * (a + b + c);
            (s * (s - a) * (s - b) * (s - c)).sqrt()
        }
        Shape::Nothing => 0.0,
    }
}

// `match` over an enum with floats inside, in a local array.
#[autodiff_reverse(d_shapes, Duplicated, Active)]
#[autodiff_forward(t_shapes, Dual, Dual)]
fn shapes(x: &[f64]) -> f64 {
    let shapes = [
        Shape::Circle(x[0]),
        Shape::Nothing,
        Shape::Rectangle { width: x[1], height: x[2] },
        Shape::Triangle([x[3], x[4], x[5]]),
    ];
    shapes.iter().map(|shape| area(shape).powi(2)).sum()
}

// Which variant it is depends on the values.
#[autodiff_reverse(d_variant_by_value, Duplicated, Active)]
#[autodiff_forward(t_variant_by_value, Dual, Dual)]
fn variant_by_value(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for c in x.chunks_exact(2) {
        let shape = if c[0] > c[1] {
            Shape::Circle(c[0])
        } else {
            Shape::Rectangle { width: c[0], height: c[1] }
        };
        sum += area(&shape) * sum + area(&shape);
    }
    sum
}

#[derive(Clone, Copy)]
enum Operation {
    Add,
    Multiply,
    Sine,
    Keep(u8),
}

// A small interpreter: the program is constant, the memory is not.
#[autodiff_reverse(d_interpreter, Duplicated, Active)]
#[autodiff_forward(t_interpreter, Dual, Dual)]
fn interpreter(x: &[f64]) -> f64 {
    const PROGRAM: [Operation; 6] = [
        Operation::Multiply,
        Operation::Sine,
        Operation::Add,
        Operation::Keep(2),
        Operation::Multiply,
        Operation::Add,
    ];
    let mut value = x[0];
    let mut memory = [0.0; 4];
    for (i, operation) in PROGRAM.iter().enumerate() {
        let argument = x[i % x.len()];
        match operation {
            Operation::Add => value += argument,
            Operation::Multiply => value *= argument + memory[2],
            Operation::Sine => value = value.sin(),
            Operation::Keep(slot) => memory[*slot as usize] = value,
        }
    }
    value * memory[2]
}

// Ranges, guards and a default in one `match`.
#[autodiff_reverse(d_guards, Duplicated, Active)]
#[autodiff_forward(t_guards, Dual, Dual)]
fn guards(x: &[f64]) -> f64 {
    x.iter()
        .enumerate()
        .map(|(i, &v)| match (i, v) {
            (0, v) => v * v,
            (1..=2, v) if v > 0.0 => v.exp(),
            (_, v) if v < 0.0 => -v * v * v,
            (n, v) => v * n as f64,
        })
        .sum()
}

// What would have no derivative is not reached.
#[autodiff_reverse(d_guarded_division, Duplicated, Active)]
#[autodiff_forward(t_guarded_division, Dual, Dual)]
fn guarded_division(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for pair in x.windows(2) {
        let root = if pair[0] > 0.0 { pair[0].sqrt() } else { 2.0 };
        let positive = pair[1].max(0.0);
        let ratio = if positive != 0.0 { pair[0] / positive } else { 1.0 };
        sum += root * pair[1] + ratio * pair[0];
    }
    sum
}

// `Option`: `map`, `and_then`, `?`.
#[autodiff_reverse(d_options, Duplicated, Active)]
#[autodiff_forward(t_options, Dual, Dual)]
fn options(x: &[f64]) -> f64 {
    fn root(v: f64) -> Option<f64> {
        if v > 0.0 { Some(v.sqrt()) } else { None }
    }
    fn both(a: f64, b: f64) -> Option<f64> {
        Some(root(a)? * root(b)?)
    }
    let mut sum = 0.0;
    for pair in x.windows(2) {
        sum += both(pair[0], pair[1]).unwrap_or(pair[0] * pair[1]);
        sum += root(pair[0]).and_then(|r| root(r - 0.7)).map_or(0.0, |r| r * 3.0);
    }
    sum
}

// `Result` with an error that carries a float.
#[autodiff_reverse(d_results, Duplicated, Active)]
#[autodiff_forward(t_results, Dual, Dual)]
fn results(x: &[f64]) -> f64 {
    fn log(v: f64) -> Result<f64, f64> {
        if v > 0.0 { Ok(v.ln()) } else { Err(v * v) }
    }
    fn total(x: &[f64]) -> Result<f64, f64> {
        let mut sum = 0.0;
        for &v in x {
            sum += log(v + 0.5)?;
        }
        Ok(sum)
    }
    match (total(&x[2..4]), total(x)) {
        (Ok(a), Err(b)) => a * b,
        (Ok(a), Ok(b)) => a + b,
        (Err(a), _) => a,
    }
}

// `while let` over a linked chain of indices.
#[autodiff_reverse(d_while_let, Duplicated, Active)]
#[autodiff_forward(t_while_let, Dual, Dual)]
fn while_let(x: &[f64]) -> f64 {
    let next = [Some(2), Some(5), Some(3), None, Some(1), Some(4)];
    let mut at = Some(0);
    let mut value = 1.0;
    while let Some(i) = at {
        value = value * x[i] + x[i] * x[i];
        at = next[i];
    }
    value
}

// `if let` chains and `matches!`.
#[autodiff_reverse(d_if_let, Duplicated, Active)]
#[autodiff_forward(t_if_let, Dual, Dual)]
fn if_let(x: &[f64]) -> f64 {
    let largest = x.iter().copied().reduce(f64::max);
    let mut sum = x[0];
    if let Some(m) = largest
        && m > 1.0
    {
        sum += m * m;
    }
    if matches!(largest, Some(m) if m > 5.0) { sum } else { sum * x[1] }
}

// A piecewise function: Huber's loss, a hinge, and a saturation by `clamp`.
#[autodiff_reverse(d_piecewise, Duplicated, Active)]
#[autodiff_forward(t_piecewise, Dual, Dual)]
fn piecewise(x: &[f64]) -> f64 {
    let huber = |r: f64| if r.abs() <= 0.5 { 0.5 * r * r } else { 0.5 * (r.abs() - 0.25) };
    let hinge = |r: f64| (1.0 - r).max(0.0);
    x.iter().map(|&r| huber(r) + hinge(r) * hinge(r) + r.clamp(-0.5, 0.7) * r).sum()
}

// A state machine.
#[autodiff_reverse(d_state_machine, Duplicated, Active)]
#[autodiff_forward(t_state_machine, Dual, Dual)]
fn state_machine(x: &[f64]) -> f64 {
    enum State {
        Rising { from: f64 },
        Falling { from: f64, turns: u32 },
    }
    let mut state = State::Rising { from: x[0] };
    let mut score = 0.0;
    for &v in &x[1..] {
        state = match state {
            State::Rising { from } if v >= from => {
                score += v - from * from;
                State::Rising { from: v }
            }
            State::Rising { from } => State::Falling { from, turns: 1 },
            State::Falling { from, turns } if v > from => {
                score += from * turns as f64;
                State::Rising { from: v * from }
            }
            State::Falling { from, turns } => State::Falling { from: from + v, turns: turns + 1 },
        };
    }
    match state {
        State::Rising { from } => score * from,
        State::Falling { from, turns } => score + from * from * turns as f64,
    }
}

// `let` by a block with `break`.
#[autodiff_reverse(d_labelled_block, Duplicated, Active)]
#[autodiff_forward(t_labelled_block, Dual, Dual)]
fn labelled_block(x: &[f64]) -> f64 {
    let scale = 'found: {
        for v in x {
            if *v > 1.0 {
                break 'found v.ln();
            }
        }
        1.0
    };
    x.iter().map(|v| (v * scale).sin()).sum()
}

// Conditions that are evaluated only if they matter.
#[autodiff_reverse(d_short_circuit, Duplicated, Active)]
#[autodiff_forward(t_short_circuit, Dual, Dual)]
fn short_circuit(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for i in 0..x.len() {
        if i > 0 && x[i] > x[i - 1] || i == 0 {
            sum += x[i] * x[i];
        } else if !(x[i] > 0.0 && x[i - 1] > 1.0) {
            sum -= x[i] * x[i - 1];
        }
    }
    sum
}

// Swapped by a comparison: a bubble sort, and a weighted sum of what is sorted.
#[autodiff_reverse(d_bubble_sort, Duplicated, Active)]
#[autodiff_forward(t_bubble_sort, Dual, Dual)]
fn bubble_sort(x: &[f64]) -> f64 {
    let mut y = [x[0], x[1], x[2], x[3], x[4], x[5]];
    for end in (1..y.len()).rev() {
        for i in 0..end {
            if y[i] > y[i + 1] {
                y.swap(i, i + 1);
            }
        }
    }
    y.iter().enumerate().map(|(i, y)| (i + 1) as f64 * y * y).sum()
}

pub fn main() {
    let mut checks = Checks::new();
    checks.gradient(
        "early_return",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        early_return,
        d_early_return,
        t_early_return,
    );
    checks.gradient("guarded", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], guarded, d_guarded, t_guarded);
    checks.gradient("shapes", &[0.3, 0.8, 1.1, 0.6, 0.7, 0.9], shapes, d_shapes, t_shapes);
    checks.gradient(
        "variant_by_value",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        variant_by_value,
        d_variant_by_value,
        t_variant_by_value,
    );
    checks.gradient(
        "interpreter",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        interpreter,
        d_interpreter,
        t_interpreter,
    );
    checks.gradient("guards", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], guards, d_guards, t_guards);
    checks.gradient(
        "guarded_division",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        guarded_division,
        d_guarded_division,
        t_guarded_division,
    );
    checks.gradient("options", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], options, d_options, t_options);
    checks.gradient("results", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], results, d_results, t_results);
    checks.gradient(
        "while_let",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        while_let,
        d_while_let,
        t_while_let,
    );
    checks.gradient("if_let", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], if_let, d_if_let, t_if_let);
    checks.gradient(
        "piecewise",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        piecewise,
        d_piecewise,
        t_piecewise,
    );
    checks.gradient(
        "state_machine",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        state_machine,
        d_state_machine,
        t_state_machine,
    );
    checks.gradient(
        "labelled_block",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        labelled_block,
        d_labelled_block,
        t_labelled_block,
    );
    checks.gradient(
        "short_circuit",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        short_circuit,
        d_short_circuit,
        t_short_circuit,
    );
    checks.gradient(
        "bubble_sort",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        bubble_sort,
        d_bubble_sort,
        t_bubble_sort,
    );
    checks.finish(336);
}
