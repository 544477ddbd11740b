//! Check derivatives of functions that read memory, and then write to it in a loop in another, by way of a pointer
//! that is one of several: the reverse must not read what is there by then.

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

#[autodiff_reverse(d_constant_bound, Duplicated, Active)]
#[autodiff_forward(t_constant_bound, Dual, Dual)]
fn constant_bound(x: &[f64]) -> f64 {
    let mut copy = x.to_vec();
    let mut sum = 0.0;
    for x in &copy {
        sum += x * x;
    }
    for _ in 0..2 {
        for i in 0..4 {
            copy[i] += 1.0;
        }
    }
    sum
}

#[autodiff_reverse(d_cleared, Duplicated, Active)]
#[autodiff_forward(t_cleared, Dual, Dual)]
fn cleared(x: &[f64]) -> f64 {
    let mut copy: Box<[f64]> = x.iter().map(|x| x * 2.0).collect();
    let sum = copy.iter().map(|x| x * x).sum();
    for _ in 0..x.len() {
        for x in copy.iter_mut() {
            *x = 0.0;
        }
    }
    sum
}

struct Body {
    mass: f64,
    place: f64,
    speed: f64,
}

#[autodiff_reverse(d_bodies, Duplicated, Active)]
#[autodiff_forward(t_bodies, Dual, Dual)]
fn bodies(x: &[f64]) -> f64 {
    let mut bodies: Vec<Body> = x
        .chunks_exact(2)
        .map(|x| Body { mass: 1.0 + x[0] * x[0], place: x[1], speed: 0.0 })
        .collect();
    let mut energy = 0.0;
    for _ in 0..3 {
        for i in 0..bodies.len() {
            for j in 0..bodies.len() {
                let force = bodies[j].mass * (bodies[j].place - bodies[i].place);
                bodies[i].speed += 0.1 * force;
            }
        }
        for body in bodies.iter_mut() {
            energy += body.mass * body.place * body.place;
            body.place += 0.1 * body.speed;
        }
    }
    energy
}

// What is looked at first, and taken then, in two sequences.
#[autodiff_reverse(d_merged, Duplicated, Active)]
#[autodiff_forward(t_merged, Dual, Dual)]
fn merged(x: &[f64]) -> f64 {
    let mut merged = Vec::new();
    let (left, right) = x.split_at(x.len() / 2);
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        if a <= b {
            merged.push(**a);
            left.next();
        } else {
            merged.push(**b);
            right.next();
        }
    }
    merged.extend(left);
    merged.extend(right);
    merged.iter().enumerate().map(|(i, x)| (i + 1) as f64 * x * x).sum()
}

#[autodiff_reverse(d_one_of_two, Duplicated, Active)]
#[autodiff_forward(t_one_of_two, Dual, Dual)]
fn one_of_two(x: &[f64]) -> f64 {
    let (mut a, mut b) = ([x[0]; 3], [x[1]; 3]);
    let mut sum = 0.0;
    for (round, x) in x.iter().enumerate() {
        sum += a[round % 3] * a[round % 3] + b[1] * b[1];
        let chosen = if round % 3 == 1 { &mut b } else { &mut a };
        for place in chosen.iter_mut() {
            *place += x * *place;
        }
    }
    sum
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, 0.8, -1.1, 0.6];
    checks.gradient("constant_bound", &x, constant_bound, d_constant_bound, t_constant_bound);
    checks.gradient("cleared", &x, cleared, d_cleared, t_cleared);
    checks.gradient("bodies", &x, bodies, d_bodies, t_bodies);
    checks.gradient("merged", &[2.0, 4.5, 3.0, 1.0, 2.5], merged, d_merged, t_merged);
    checks.gradient("one_of_two", &x, one_of_two, d_one_of_two, t_one_of_two);
    checks.finish(78);
}
