//! Check that a comparison that panics leaves every element where a derivative sorts, and each once.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

// Owned, so that an element that is there twice is freed twice.
type List = Vec<Box<i64>>;

/// Compares up to as many times as is allowed.
fn compare(calls: &mut i64, limit: i64, a: &i64, b: &i64) -> std::cmp::Ordering {
    *calls += 1;
    assert!(*calls <= limit);
    a.cmp(b)
}

#[autodiff_reverse(d_stable, Active, Const, Const, Active)]
fn stable(x: f64, v: &mut List, limit: i64) -> f64 {
    let mut calls = 0;
    v.sort_by(|a, b| compare(&mut calls, limit, a, b));
    x * *v[0] as f64
}

#[autodiff_reverse(d_unstable, Active, Const, Const, Active)]
fn unstable(x: f64, v: &mut List, limit: i64) -> f64 {
    let mut calls = 0;
    v.sort_unstable_by(|a, b| compare(&mut calls, limit, a, b));
    x * *v[0] as f64
}

#[autodiff_reverse(d_selected, Active, Const, Const, Active)]
fn selected(x: f64, v: &mut List, limit: i64) -> f64 {
    let mut calls = 0;
    let middle = v.len() / 2;
    let (_, middle, _) = v.select_nth_unstable_by(middle, |a, b| compare(&mut calls, limit, a, b));
    x * **middle as f64
}

type Derivative = fn(f64, &mut List, i64, f64) -> (f64, f64);

fn check(
    derivative: Derivative,
    value: impl Fn(&[i64]) -> i64,
    len: i64,
    limit: i64,
) -> bool {
    let before: Vec<i64> = (0..len).map(|i| i * 29 % 97 - 20).collect();
    let mut list: List = before.iter().copied().map(Box::new).collect();
    let result = catch_unwind(AssertUnwindSafe(|| derivative(2.0, &mut list, limit, 1.0)));
    let mut sorted = before.clone();
    sorted.sort();
    if let Ok((primal, gradient)) = result {
        let want = value(&sorted) as f64;
        assert_eq!((primal, gradient), (2.0 * want, want), "{len} elements");
    }
    list.sort();
    assert!(list.iter().map(|x| **x).eq(sorted), "{len} elements, {limit} comparisons");
    result.is_ok()
}

pub fn main() {
    set_hook(Box::new(|_| ()));
    for len in [2, 9, 20, 21, 60] {
        for (derivative, value) in [
            (d_stable as Derivative, (|v| v[0]) as fn(&[i64]) -> i64),
            (d_unstable, |v| v[0]),
            (d_selected, |v| v[v.len() / 2]),
        ] {
            let mut limit = 0;
            while !check(derivative, value, len, limit) {
                limit += 1;
                assert!(limit < 5000);
            }
            assert!(limit > 0);
        }
    }
}
