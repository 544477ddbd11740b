//! Check derivatives of functions that read tables which are computed when they are first asked for, by whoever that is:
//! here, a derivative. And of functions that keep floats for each thread. Each is compared with finite differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[autodiff_reverse(d_lazy_array, Duplicated, Active)]
#[autodiff_forward(t_lazy_array, Dual, Dual)]
fn lazy_array(x: &[f64]) -> f64 {
    static WEIGHTS: LazyLock<[f64; 6]> =
        LazyLock::new(|| std::array::from_fn(|i| 1.0 / (i as f64 + 1.0)));
    WEIGHTS.iter().zip(x).map(|(w, v)| w * v * v).sum()
}

#[autodiff_reverse(d_lazy_map, Duplicated, Active)]
#[autodiff_forward(t_lazy_map, Dual, Dual)]
fn lazy_map(x: &[f64]) -> f64 {
    static BY_NAME: LazyLock<BTreeMap<&str, f64>> =
        LazyLock::new(|| BTreeMap::from([("sun", 4.0), ("earth", 0.5), ("moon", 0.25)]));
    BY_NAME["earth"] * x[0] * x[1] / BY_NAME["moon"] + BY_NAME.get("mars").unwrap_or(&3.0) * x[2]
}

struct Rule {
    points: Vec<f64>,
    weights: [f64; 3],
}

fn rule() -> &'static Rule {
    static RULE: OnceLock<Rule> = OnceLock::new();
    RULE.get_or_init(|| {
        let point = 0.6f64.sqrt();
        Rule { points: vec![-point, 0.0, point], weights: [5.0, 8.0, 5.0].map(|w| w / 9.0) }
    })
}

// Gauss and Legendre's, with points and weights that are computed once.
#[autodiff_reverse(d_once_rule, Duplicated, Active)]
#[autodiff_forward(t_once_rule, Dual, Dual)]
fn once_rule(x: &[f64]) -> f64 {
    let at = |t: f64| x.iter().rev().fold(0.0, |value, c| value * t + c).exp();
    rule().points.iter().zip(&rule().weights).map(|(t, w)| w * at(*t)).sum()
}

#[autodiff_reverse(d_of_the_thread, Duplicated, Active)]
#[autodiff_forward(t_of_the_thread, Dual, Dual)]
fn of_the_thread(x: &[f64]) -> f64 {
    thread_local! {
        static WEIGHTS: Vec<f64> = (1..=6).map(f64::from).collect();
    }
    WEIGHTS.with(|weights| weights.iter().zip(x).map(|(w, v)| w * v.sin()).sum())
}

thread_local! {
    static KEPT: Cell<f64> = const { Cell::new(0.0) };
}

#[inline(never)]
fn put(value: f64) {
    KEPT.set(value);
}

#[inline(never)]
fn take() -> f64 {
    KEPT.take()
}

#[autodiff_reverse(d_put_and_taken, Duplicated, Active)]
#[autodiff_forward(t_put_and_taken, Dual, Dual)]
fn put_and_taken(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for v in x {
        put(v * v);
        sum += take() * v.exp();
    }
    sum + take() * x[0]
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    // Nobody has asked for the tables before.
    let mut dx = [0.0; 6];
    let first = [
        d_lazy_array(&x, &mut dx, 1.0),
        d_lazy_map(&x, &mut dx, 1.0),
        d_once_rule(&x, &mut dx, 1.0),
        d_of_the_thread(&x, &mut dx, 1.0),
    ];
    let then = [lazy_array(&x), lazy_map(&x), once_rule(&x), of_the_thread(&x)];
    assert_eq!(first, then);
    checks.gradient("lazy_array", &x, lazy_array, d_lazy_array, t_lazy_array);
    checks.gradient("lazy_map", &x, lazy_map, d_lazy_map, t_lazy_map);
    checks.gradient("once_rule", &x, once_rule, d_once_rule, t_once_rule);
    checks.gradient("of_the_thread", &x, of_the_thread, d_of_the_thread, t_of_the_thread);
    checks.gradient("put_and_taken", &x, put_and_taken, d_put_and_taken, t_put_and_taken);
    checks.finish(105);
}
