//! Check derivatives of functions that call themselves: on numbers, slices, trees and lists, two of
//! them taking turns, with a closure handed down. Each is compared with finite differences.

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

#[autodiff_reverse(d_power, Duplicated, Active)]
#[autodiff_forward(t_power, Dual, Dual)]
fn power(x: &[f64]) -> f64 {
    fn power(x: f64, n: u32) -> f64 {
        if n == 0 { 1.0 } else { x * power(x, n - 1) }
    }
    power(x[0], x.len() as u32) + power(x[1], 3)
}

// By squaring.
#[autodiff_reverse(d_fast_power, Duplicated, Active)]
#[autodiff_forward(t_fast_power, Dual, Dual)]
fn fast_power(x: &[f64]) -> f64 {
    fn power(x: f64, n: u32) -> f64 {
        match n {
            0 => 1.0,
            n if n % 2 == 0 => power(x * x, n / 2),
            n => x * power(x, n - 1),
        }
    }
    x.iter().enumerate().map(|(i, x)| power(*x, 2 * i as u32 + 1)).sum()
}

// Legendre's polynomials, by both of the terms before.
#[autodiff_reverse(d_legendre, Duplicated, Active)]
#[autodiff_forward(t_legendre, Dual, Dual)]
fn legendre(x: &[f64]) -> f64 {
    fn legendre(n: u32, x: f64) -> f64 {
        match n {
            0 => 1.0,
            1 => x,
            _ => {
                let n1 = n as f64;
                ((2.0 * n1 - 1.0) * x * legendre(n - 1, x) - (n1 - 1.0) * legendre(n - 2, x)) / n1
            }
        }
    }
    legendre(5, x[0]) * legendre(4, x[1])
}

// Halves of a slice: a sum in pairs.
#[autodiff_reverse(d_pairwise_sum, Duplicated, Active)]
#[autodiff_forward(t_pairwise_sum, Dual, Dual)]
fn pairwise_sum(x: &[f64]) -> f64 {
    fn sum(x: &[f64]) -> f64 {
        match x {
            [] => 0.0,
            [x] => x * x,
            _ => {
                let (a, b) = x.split_at(x.len() / 2);
                let (a, b) = (sum(a), sum(b));
                a + b + 0.1 * a * b
            }
        }
    }
    sum(x)
}

// The rest of a slice.
#[autodiff_reverse(d_continued_fraction, Duplicated, Active)]
#[autodiff_forward(t_continued_fraction, Dual, Dual)]
fn continued_fraction(x: &[f64]) -> f64 {
    fn fraction(x: &[f64]) -> f64 {
        match x {
            [] => 1.0,
            [first, rest @ ..] => first + 1.0 / (2.0 + fraction(rest)),
        }
    }
    fraction(x)
}

fn even(x: f64, n: u32) -> f64 {
    if n == 0 { x } else { odd(x.sin(), n - 1) }
}

fn odd(x: f64, n: u32) -> f64 {
    if n == 0 { x * x } else { even(x * 1.5, n - 1) }
}

// Two functions that call each other.
#[autodiff_reverse(d_mutual, Duplicated, Active)]
#[autodiff_forward(t_mutual, Dual, Dual)]
fn mutual(x: &[f64]) -> f64 {
    even(x[0], 4) * odd(x[1], 5)
}

fn adaptive(f: &impl Fn(f64) -> f64, a: f64, b: f64, depth: u32) -> f64 {
    let simpson = |a: f64, b: f64| (b - a) / 6.0 * (f(a) + 4.0 * f(0.5 * (a + b)) + f(b));
    let middle = 0.5 * (a + b);
    let (whole, halves) = (simpson(a, b), simpson(a, middle) + simpson(middle, b));
    if depth == 0 || (whole - halves).abs() < 1e-13 {
        halves
    } else {
        adaptive(f, a, middle, depth - 1) + adaptive(f, middle, b, depth - 1)
    }
}

// Quadrature that halves where it has to.
#[autodiff_reverse(d_adaptive_quadrature, Duplicated, Active)]
#[autodiff_forward(t_adaptive_quadrature, Dual, Dual)]
fn adaptive_quadrature(x: &[f64]) -> f64 {
    adaptive(&|t| x[0] * (x[1] * t).exp() / (1.0 + t * t), -x[2], x[3], 3)
}

// With an array carried along.
#[autodiff_reverse(d_paths, Duplicated, Active)]
#[autodiff_forward(t_paths, Dual, Dual)]
fn paths(x: &[f64]) -> f64 {
    fn walk(x: &[f64], weights: [f64; 2], depth: usize) -> f64 {
        if depth == x.len() {
            return weights[0] * weights[1];
        }
        let left = walk(x, [weights[0] + x[depth], weights[1]], depth + 1);
        let right = walk(x, [weights[0], weights[1] * x[depth] + 1.0], depth + 1);
        left * 0.5 + right
    }
    walk(&x[..4], [x[4], x[5]], 0)
}

pub fn main() {
    let mut checks = Checks::new();
    checks.gradient("power", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], power, d_power, t_power);
    checks.gradient(
        "fast_power",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        fast_power,
        d_fast_power,
        t_fast_power,
    );
    checks.gradient("legendre", &[0.3, -0.8], legendre, d_legendre, t_legendre);
    checks.gradient(
        "pairwise_sum",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        pairwise_sum,
        d_pairwise_sum,
        t_pairwise_sum,
    );
    checks.gradient(
        "continued_fraction",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        continued_fraction,
        d_continued_fraction,
        t_continued_fraction,
    );
    checks.gradient("mutual", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], mutual, d_mutual, t_mutual);
    checks.gradient(
        "adaptive_quadrature",
        &[0.7, 0.9, 1.3, 1.6],
        adaptive_quadrature,
        d_adaptive_quadrature,
        t_adaptive_quadrature,
    );

    checks.gradient("paths", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], paths, d_paths, t_paths);
    checks.finish(150);
}
