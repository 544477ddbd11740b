//! Check derivatives of functions that grow, shrink and share containers whose elements are of several types. Each is
//! compared with finite differences.

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
use std::rc::Rc;
use std::sync::Arc;

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[derive(Clone, Copy)]
struct Sample {
    kind: u32,
    value: f64,
    good: bool,
    count: usize,
}

fn sample(i: usize, x: &[f64]) -> Sample {
    let value = x[i % x.len()].sin() * (i + 1) as f64;
    Sample { kind: i as u32 % 3, value, good: i % 2 == 0, count: i + 1 }
}

fn sum_of<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> f64 {
    let term = |(s, i): (&Sample, u32)| {
        let weight = if s.good { s.count as f64 } else { f64::from(s.kind) + 0.5 };
        weight * s.value * s.value * f64::from(i)
    };
    samples.into_iter().zip(1..).map(term).sum()
}

#[autodiff_reverse(d_pushed, Duplicated, Active)]
#[autodiff_forward(t_pushed, Dual, Dual)]
fn pushed(x: &[f64]) -> f64 {
    let mut samples = vec![];
    for i in 0..20 {
        samples.push(sample(i, x));
    }
    sum_of(&samples)
}

#[autodiff_reverse(d_shortened, Duplicated, Active)]
#[autodiff_forward(t_shortened, Dual, Dual)]
fn shortened(x: &[f64]) -> f64 {
    let mut samples = vec![];
    for i in 0..20 {
        samples.push(sample(i, x));
    }
    let mut sum = 0.0;
    while let Some(s) = samples.pop() {
        sum += s.value * s.value * s.count as f64;
        if s.count > 15 {
            samples.truncate(12);
        }
    }
    sum
}

#[autodiff_reverse(d_reserved, Duplicated, Active)]
#[autodiff_forward(t_reserved, Dual, Dual)]
fn reserved(x: &[f64]) -> f64 {
    let mut samples = vec![sample(0, x)];
    samples.reserve(3);
    samples.push(sample(1, x));
    samples.reserve_exact(30);
    samples.extend((2..9).map(|i| sample(i, x)));
    samples.try_reserve(60).unwrap();
    samples.try_reserve_exact(90).unwrap();
    samples.shrink_to(40);
    samples.insert(1, sample(11, x));
    samples.shrink_to_fit();
    samples.extend_from_slice(&[sample(12, x), sample(13, x)]);
    sum_of(&samples.into_boxed_slice())
}

#[autodiff_reverse(d_optional, Duplicated, Active)]
#[autodiff_forward(t_optional, Dual, Dual)]
fn optional(x: &[f64]) -> f64 {
    let mut values: Vec<Option<f64>> = vec![];
    for (i, x) in x.iter().enumerate() {
        values.push((i % 2 == 0).then_some(x * x));
        values.push(Some(x + 1.0));
    }
    values.iter().zip(1..).map(|(x, i)| f64::from(i) * x.map_or(0.5, f64::sin)).sum()
}

#[autodiff_reverse(d_queue, Duplicated, Active)]
#[autodiff_forward(t_queue, Dual, Dual)]
fn queue(x: &[f64]) -> f64 {
    let mut queue = VecDeque::new();
    for i in 0..9 {
        queue.push_back(sample(i, x));
        queue.push_front(sample(i + 9, x));
    }
    queue.reserve(70);
    queue.rotate_left(5);
    sum_of(&queue)
}

#[autodiff_reverse(d_shared, Duplicated, Active)]
#[autodiff_forward(t_shared, Dual, Dual)]
fn shared(x: &[f64]) -> f64 {
    let samples: Vec<Sample> = (0..7).map(|i| sample(i, x)).collect();
    let from_vec: Rc<[Sample]> = Rc::from(samples.clone());
    let from_box: Arc<[Sample]> = Arc::from(samples.into_boxed_slice());
    let one: Rc<Sample> = Rc::from(Box::new(sample(3, x)));
    sum_of(from_vec.iter()) + sum_of(&from_box[2..]) + one.value * one.count as f64
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("pushed", &x, pushed, d_pushed, t_pushed);
    checks.gradient("shortened", &x, shortened, d_shortened, t_shortened);
    checks.gradient("reserved", &x, reserved, d_reserved, t_reserved);
    checks.gradient("optional", &x, optional, d_optional, t_optional);
    checks.gradient("queue", &x, queue, d_queue, t_queue);
    checks.gradient("shared", &x, shared, d_shared, t_shared);
    checks.finish(6 * 21);
}
