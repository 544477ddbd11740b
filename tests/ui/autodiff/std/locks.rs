//! Check derivatives of functions that keep floats behind locks and shared pointers, and that return a float or nothing
//! from a function that calls itself. Each is compared with finite differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::RwLock;

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[autodiff_reverse(d_behind_a_mutex, Duplicated, Active)]
#[autodiff_forward(t_behind_a_mutex, Dual, Dual)]
fn behind_a_mutex(x: &[f64]) -> f64 {
    let sum = Mutex::new(0.0);
    for v in x {
        *sum.lock().unwrap() += v.sin();
    }
    sum.into_inner().unwrap()
}

#[autodiff_reverse(d_behind_a_lock, Duplicated, Active)]
#[autodiff_forward(t_behind_a_lock, Dual, Dual)]
fn behind_a_lock(x: &[f64]) -> f64 {
    let state = RwLock::new(x[0]);
    *state.write().unwrap() *= x[1];
    *state.read().unwrap() * x[2]
}

#[autodiff_reverse(d_unwrapped, Duplicated, Active)]
#[autodiff_forward(t_unwrapped, Dual, Dual)]
fn unwrapped(x: &[f64]) -> f64 {
    let shared = Arc::new(x.to_vec());
    let owned = Arc::try_unwrap(shared).unwrap();
    owned[0] * owned[5]
}

struct Node {
    value: f64,
    next: Option<Box<Node>>,
}

fn visit(node: &Option<Box<Node>>, f: &mut dyn FnMut(f64) -> ControlFlow<f64>) -> ControlFlow<f64> {
    let Some(node) = node else { return ControlFlow::Continue(()) };
    f(node.value)?;
    visit(&node.next, f)
}

#[autodiff_reverse(d_stopped_early, Duplicated, Active)]
#[autodiff_forward(t_stopped_early, Dual, Dual)]
fn stopped_early(x: &[f64]) -> f64 {
    let list = x.iter().rev().fold(None, |next, v| Some(Box::new(Node { value: *v, next })));
    let mut product = 1.0;
    let mut step = |v: f64| {
        product *= v + 2.0;
        if product > 6.0 { ControlFlow::Break(product * v) } else { ControlFlow::Continue(()) }
    };
    let stopped = visit(&list, &mut step).break_value();
    stopped.unwrap_or(x[0]) * x[5] + product
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("behind_a_mutex", &x, behind_a_mutex, d_behind_a_mutex, t_behind_a_mutex);
    checks.gradient("behind_a_lock", &x, behind_a_lock, d_behind_a_lock, t_behind_a_lock);
    checks.gradient("unwrapped", &x, unwrapped, d_unwrapped, t_unwrapped);
    checks.gradient("stopped_early", &x, stopped_early, d_stopped_early, t_stopped_early);
    checks.finish(84);
}
