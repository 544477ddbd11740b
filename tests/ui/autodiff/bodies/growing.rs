//! Check derivatives of functions that grow containers of many types. What gets them memory is the same
//! function for all types, and copies what there is. Each is compared with finite differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::collections::{BinaryHeap, VecDeque};

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[autodiff_reverse(d_floats, Duplicated, Active)]
#[autodiff_forward(t_floats, Dual, Dual)]
fn floats(x: &[f64]) -> f64 {
    let mut y = vec![];
    for i in 0..9 {
        y.push(x[i % x.len()].sin());
    }
    y.iter().product::<f64>() + y[7] * y[2]
}

#[autodiff_reverse(d_small_floats, Duplicated, Active)]
#[autodiff_forward(t_small_floats, Dual, Dual)]
fn small_floats(x: &[f64]) -> f64 {
    let mut y: Vec<f32> = vec![];
    for i in 0..9 {
        y.push(1.0);
        y[i / 2] += 1.0;
    }
    y.iter().zip(x).map(|(&y, x)| y as f64 * x * x).sum()
}

#[autodiff_reverse(d_indices, Duplicated, Active)]
#[autodiff_forward(t_indices, Dual, Dual)]
fn indices(x: &[f64]) -> f64 {
    let mut positive = vec![];
    for (i, x) in x.iter().enumerate() {
        if *x > 0.0 {
            positive.push(i);
        }
    }
    positive.iter().map(|&i| x[i].sin() * (i + 1) as f64).sum()
}

#[autodiff_reverse(d_weighted, Duplicated, Active)]
#[autodiff_forward(t_weighted, Dual, Dual)]
fn weighted(x: &[f64]) -> f64 {
    let mut terms = vec![];
    for (i, x) in x.iter().enumerate() {
        terms.push((i as u32 + 1, x * x));
    }
    terms.iter().map(|&(weight, x)| f64::from(weight) * x.sin()).sum()
}

#[autodiff_reverse(d_nodes, Duplicated, Active)]
#[autodiff_forward(t_nodes, Dual, Dual)]
fn nodes(x: &[f64]) -> f64 {
    struct Node {
        value: f64,
        parent: Option<usize>,
    }

    let mut nodes: Vec<Node> = vec![];
    for (i, x) in x.iter().enumerate() {
        nodes.push(Node { value: x.exp(), parent: i.checked_sub(1).map(|i| i / 2) });
    }
    let mut sum = 0.0;
    for node in &nodes {
        let parent = node.parent.map_or(1.0, |i| nodes[i].value);
        sum += node.value * parent;
    }
    sum
}

#[derive(Clone, Copy)]
struct Sample {
    count: usize,
    value: f64,
    good: bool,
}

fn samples(x: &[f64]) -> Vec<Sample> {
    let new = |(i, &value)| Sample { count: i + 1, value, good: i % 2 == 0 };
    x.iter().enumerate().map(new).collect()
}

fn sum_of(samples: &[Sample]) -> f64 {
    let weight = |s: &Sample| if s.good { s.count as f64 } else { 0.5 };
    samples.iter().map(|s| weight(s) * s.value.sin()).sum()
}

#[autodiff_reverse(d_reserved, Duplicated, Active)]
#[autodiff_forward(t_reserved, Dual, Dual)]
fn reserved(x: &[f64]) -> f64 {
    let mut samples = samples(x);
    samples.reserve_exact(10);
    sum_of(&samples)
}

#[autodiff_reverse(d_split_and_joined, Duplicated, Active)]
#[autodiff_forward(t_split_and_joined, Dual, Dual)]
fn split_and_joined(x: &[f64]) -> f64 {
    let mut samples = samples(x);
    let mut end = samples.split_off(2);
    end.append(&mut samples);
    end.insert(1, Sample { value: x[0] * x[1], ..end[0] });
    end.shrink_to_fit();
    sum_of(&end)
}

// Twelve bytes each.
#[autodiff_reverse(d_singles, Duplicated, Active)]
#[autodiff_forward(t_singles, Dual, Dual)]
fn singles(x: &[f64]) -> f64 {
    let mut singles: Vec<(u32, f32, bool)> = vec![];
    for (i, x) in x.iter().enumerate() {
        singles.push((i as u32, (i as f32) * 0.5, *x > 0.0));
    }
    let weight = |&(i, value, good): &(u32, f32, bool)| if good { i as f32 } else { value };
    singles.iter().zip(x).map(|(s, x)| weight(s) as f64 * x.sin()).sum()
}

#[autodiff_reverse(d_points, Duplicated, Active)]
#[autodiff_forward(t_points, Dual, Dual)]
fn points(x: &[f64]) -> f64 {
    let mut points = vec![];
    for w in x.windows(3) {
        points.push([w[0], w[1] * w[2], w[2]]);
    }
    points.iter().map(|p| p[0] * p[1] - p[2].cos()).sum()
}

#[autodiff_reverse(d_boxes, Duplicated, Active)]
#[autodiff_forward(t_boxes, Dual, Dual)]
fn boxes(x: &[f64]) -> f64 {
    let mut boxes = vec![];
    for x in x {
        boxes.push(Box::new(x * x));
    }
    boxes.iter().enumerate().map(|(i, x)| (i + 1) as f64 * x.sin()).sum()
}

#[autodiff_reverse(d_rows, Duplicated, Active)]
#[autodiff_forward(t_rows, Dual, Dual)]
fn rows(x: &[f64]) -> f64 {
    let mut rows = vec![];
    for i in 1..x.len() {
        let mut row = vec![];
        for x in &x[..i] {
            row.push(x * x);
        }
        rows.push(row);
    }
    rows.iter().flatten().map(|x| x.sin()).sum()
}

#[autodiff_reverse(d_flags, Duplicated, Active)]
#[autodiff_forward(t_flags, Dual, Dual)]
fn flags(x: &[f64]) -> f64 {
    let (mut flags, mut values) = (vec![], vec![]);
    for x in x {
        flags.push(*x > 0.5);
        values.push(x * x);
    }
    flags.iter().zip(&values).map(|(&flag, x)| if flag { x.sin() } else { x * 3.0 }).sum()
}

#[autodiff_reverse(d_queue, Duplicated, Active)]
#[autodiff_forward(t_queue, Dual, Dual)]
fn queue(x: &[f64]) -> f64 {
    let mut queue = VecDeque::new();
    for x in x {
        queue.push_back(x * x);
        queue.push_front(x + 1.0);
    }
    queue.iter().enumerate().map(|(i, x)| (i + 1) as f64 * x * x).sum()
}

#[autodiff_reverse(d_queue_of_pairs, Duplicated, Active)]
#[autodiff_forward(t_queue_of_pairs, Dual, Dual)]
fn queue_of_pairs(x: &[f64]) -> f64 {
    let mut queue = VecDeque::new();
    for (i, x) in x.iter().enumerate() {
        queue.push_back((i, x * x));
    }
    let mut sum = 0.0;
    while let Some((i, x)) = queue.pop_front() {
        sum += (i + 1) as f64 * x.sin();
        if i > 3 {
            queue.push_back((i - 3, x * 0.5));
        }
    }
    sum
}

#[autodiff_reverse(d_heap, Duplicated, Active)]
#[autodiff_forward(t_heap, Dual, Dual)]
fn heap(x: &[f64]) -> f64 {
    let mut heap = BinaryHeap::new();
    for i in 0..x.len() {
        heap.push(i * 5 % x.len());
    }
    let mut product = 1.0;
    while let Some(i) = heap.pop() {
        product *= x[i] + i as f64;
    }
    product
}

#[autodiff_reverse(d_text, Duplicated, Active)]
#[autodiff_forward(t_text, Dual, Dual)]
fn text(x: &[f64]) -> f64 {
    let mut text = String::new();
    let mut sum = 0.0;
    for x in x {
        text.push(if *x > 0.0 { '+' } else { '-' });
        text.push_str("..");
        sum += x * x * text.len() as f64;
    }
    sum
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("floats", &x, floats, d_floats, t_floats);
    checks.gradient("small_floats", &x, small_floats, d_small_floats, t_small_floats);
    checks.gradient("indices", &x, indices, d_indices, t_indices);
    checks.gradient("weighted", &x, weighted, d_weighted, t_weighted);
    checks.gradient("nodes", &x, nodes, d_nodes, t_nodes);
    checks.gradient("reserved", &x, reserved, d_reserved, t_reserved);
    checks.gradient(
        "split_and_joined",
        &x,
        split_and_joined,
        d_split_and_joined,
        t_split_and_joined,
    );
    checks.gradient("singles", &x, singles, d_singles, t_singles);
    checks.gradient("points", &x, points, d_points, t_points);
    checks.gradient("boxes", &x, boxes, d_boxes, t_boxes);
    checks.gradient("rows", &x, rows, d_rows, t_rows);
    checks.gradient("flags", &x, flags, d_flags, t_flags);
    checks.gradient("queue", &x, queue, d_queue, t_queue);
    checks.gradient("queue_of_pairs", &x, queue_of_pairs, d_queue_of_pairs, t_queue_of_pairs);
    checks.gradient("heap", &x, heap, d_heap, t_heap);
    checks.gradient("text", &x, text, d_text, t_text);
    checks.finish(336);
}
