//! Check that a `Const` reference stays one where it lies in the same memory as an active reference: in a
//! struct, among the captures of a closure, in an iterator, handed to functions that are not inlined. Its
//! data is no tangent, and no gradient is added to it.
//!
//! Seen in <https://github.com/rust-lang/rust/issues/152724>.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

struct Both<'a> {
    x: &'a [f64],
    a: &'a [f64],
}

// The sum of x_i a_i, from the end: recursion keeps the struct in memory.
fn descend(both: &Both<'_>, n: usize) -> f64 {
    if n == 0 { 0.0 } else { both.x[n - 1] * both.a[n - 1] + descend(both, n - 1) }
}

#[autodiff_reverse(d_in_struct, Duplicated, Const, Active)]
#[autodiff_forward(t_in_struct, Dual, Const, Dual)]
#[autodiff_forward(w_in_struct, 2, Dual, Const, Dual)]
fn in_struct(x: &[f64], a: &[f64]) -> f64 {
    descend(&Both { x, a }, x.len())
}

#[inline(never)]
fn total<F: Fn(usize) -> f64>(f: &F, n: usize) -> f64 {
    if n == 0 { 0.0 } else { f(n - 1) + total(f, n - 1) }
}

#[autodiff_reverse(d_in_closure, Duplicated, Const, Active)]
#[autodiff_forward(t_in_closure, Dual, Const, Dual)]
fn in_closure(x: &[f64], a: &[f64]) -> f64 {
    total(&|i| x[i] * a[i], x.len())
}

#[inline(never)]
fn next<'a>(both: &mut impl Iterator<Item = (&'a f64, &'a f64)>) -> f64 {
    match both.next() {
        Some((x, a)) => x * a + next(both),
        None => 0.0,
    }
}

#[autodiff_reverse(d_in_iterator, Duplicated, Const, Active)]
#[autodiff_forward(t_in_iterator, Dual, Const, Dual)]
fn in_iterator(x: &[f64], a: &[f64]) -> f64 {
    next(&mut x.iter().zip(a))
}

// By value, in a tuple and in a vector of references
#[autodiff_reverse(d_in_vector, Duplicated, Const, Active)]
#[autodiff_forward(t_in_vector, Dual, Const, Dual)]
fn in_vector(x: &[f64], a: &[f64]) -> f64 {
    let all = vec![x, a];
    let mut sum = 0.0;
    for i in 0..x.len() {
        let mut product = 1.0;
        for row in &all {
            product *= row[i];
        }
        sum += product;
    }
    sum
}

// What is written to is Const or not as well: a comes out scaled, and has no part in the derivative.
#[autodiff_reverse(d_scratch, Duplicated, Const, Active)]
#[autodiff_forward(t_scratch, Dual, Const, Dual)]
fn scratch(x: &[f64], a: &mut [f64]) -> f64 {
    let mut sum = 0.0;
    for (x, a) in x.iter().zip(a) {
        sum += x * *a;
        *a *= 2.0;
    }
    sum
}

type Reverse = fn(&[f64], &mut [f64], &[f64], f64) -> f64;
type Forward = fn(&[f64], &[f64], &[f64]) -> (f64, f64);

pub fn main() {
    let all: [(&str, Reverse, Forward); 4] = [
        ("in_struct", d_in_struct, t_in_struct),
        ("in_closure", d_in_closure, t_in_closure),
        ("in_iterator", d_in_iterator, t_in_iterator),
        ("in_vector", d_in_vector, t_in_vector),
    ];
    let (x, a) = black_box(([3.0, 5.0, 7.0], [2.0, 11.0, 100.0]));
    for (name, reverse, forward) in all {
        exact(name, forward(&x, &[1.0, 10.0, 1000.0], &a), (761.0, 100112.0));
        let mut dx = [0.0, 100.0, 0.0];
        exact(name, reverse(&x, &mut dx, &a, 1.0), 761.0);
        exact(name, dx, [2.0, 111.0, 100.0]);
        exact(name, black_box((x, a)), ([3.0, 5.0, 7.0], [2.0, 11.0, 100.0]));
    }
    let got = w_in_struct(&x, &[1.0, 10.0, 0.0], &[0.0, 0.0, 1.0], &a);
    exact("in_struct, width 2", got, [761.0, 112.0, 100.0]);

    let mut scaled = a;
    exact("scratch", t_scratch(&x, &[1.0, 10.0, 1000.0], &mut scaled), (761.0, 100112.0));
    exact("scratch", scaled, [4.0, 22.0, 200.0]);
    let (mut dx, mut scaled) = ([0.0; 3], a);
    exact("scratch", d_scratch(&x, &mut dx, &mut scaled, 1.0), 761.0);
    exact("scratch", (dx, scaled), (a, [4.0, 22.0, 200.0]));
}
