//! Check derivatives of functions that combine `Option`, `Result` and `ControlFlow` with floats in them. Each is
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
use std::cmp::Ordering;
use std::fmt;
use std::ops::{Bound, ControlFlow};

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[autodiff_reverse(d_option_map, Duplicated, Active)]
#[autodiff_forward(t_option_map, Dual, Dual)]
fn option_map(x: &[f64]) -> f64 {
    let root = |v: f64| (v > 0.0).then(|| v.sqrt());
    let chained = root(x[0]).map(|r| r + x[1]).and_then(|r| root(r + 1.0)).map(f64::sin);
    let missing = root(x[1]).map(|r| r * x[5]).or_else(|| root(x[2])).map_or(0.0, |r| r * x[3]);
    chained.unwrap() * missing + root(x[4]).unwrap_or(x[5])
}

#[autodiff_reverse(d_option_take, Duplicated, Active)]
#[autodiff_forward(t_option_take, Dual, Dual)]
fn option_take(x: &[f64]) -> f64 {
    let mut last = None;
    let mut sum = 0.0;
    for v in x {
        if let Some(other) = last.take() {
            sum += other * v;
        }
        if *v > -0.5 {
            last = Some(v * v);
        }
    }
    sum + last.unwrap_or_default()
}

#[autodiff_reverse(d_option_replace, Duplicated, Active)]
#[autodiff_forward(t_option_replace, Dual, Dual)]
fn option_replace(x: &[f64]) -> f64 {
    let mut current = Some(x[0]);
    let mut product = 1.0;
    for v in &x[1..] {
        let before = current.replace(v.sin()).unwrap();
        product *= before + 1.0;
    }
    let inserted = current.insert(x[1] * x[2]);
    *inserted += x[5];
    product * current.unwrap()
}

#[autodiff_reverse(d_option_get_or_insert, Duplicated, Active)]
#[autodiff_forward(t_option_get_or_insert, Dual, Dual)]
fn option_get_or_insert(x: &[f64]) -> f64 {
    let (mut scale, mut offset) = (None, Some(x[4]));
    let mut sum = 0.0;
    for v in x {
        let scale = scale.get_or_insert_with(|| v.exp());
        *scale *= 0.9;
        sum += *scale * v + *offset.get_or_insert(x[1]);
        offset.take_if(|offset| *offset < 0.0);
    }
    sum * scale.unwrap()
}

#[autodiff_reverse(d_option_filter, Duplicated, Active)]
#[autodiff_forward(t_option_filter, Dual, Dual)]
fn option_filter(x: &[f64]) -> f64 {
    let positive = |i: usize| x.get(i).copied().filter(|v| *v > 0.0);
    let either = positive(1).xor(positive(2)).unwrap_or(1.0);
    let both = positive(0).zip(positive(3)).map(|(a, b)| a * b);
    let none = positive(0).zip(positive(9)).is_none() && positive(5).is_some_and(|v| v > 0.5);
    let first = positive(4).or(positive(5)).unwrap();
    either * both.unwrap() + if none { first * x[4] } else { x[1] }
}

#[autodiff_reverse(d_option_as_mut, Duplicated, Active)]
#[autodiff_forward(t_option_as_mut, Dual, Dual)]
fn option_as_mut(x: &[f64]) -> f64 {
    let mut state: Option<Vec<f64>> = Some(x.to_vec());
    if let Some(list) = state.as_mut() {
        list[0] *= list[1];
    }
    let sum: f64 = state.iter().flatten().map(|v| v * v).sum();
    let first = state.as_ref().map(|list| list[0]);
    let third = state.as_deref().and_then(|list| list.get(2)).copied();
    sum * first.unwrap() + third.unwrap() * state.map_or(0, |list| list.len()) as f64
}

#[autodiff_reverse(d_option_chain_of_question_marks, Duplicated, Active)]
#[autodiff_forward(t_option_chain_of_question_marks, Dual, Dual)]
fn option_chain_of_question_marks(x: &[f64]) -> f64 {
    fn ratio(list: &[f64], i: usize, j: usize) -> Option<f64> {
        let (a, b) = (list.get(i)?, list.get(j)?);
        let sum = a.checked(*b)?;
        Some(sum / b)
    }
    trait Checked: Sized {
        fn checked(self, other: f64) -> Option<f64>;
    }
    impl Checked for &f64 {
        fn checked(self, other: f64) -> Option<f64> {
            if other.abs() > 0.5 { Some(self * self + other) } else { None }
        }
    }
    let pairs = [(0, 1), (2, 7), (3, 4), (4, 5), (3, 2)];
    pairs.iter().map(|(i, j)| ratio(x, *i, *j).unwrap_or(x[*i])).sum()
}

#[derive(Debug)]
enum Failure {
    Negative(f64),
    NotConverged { steps: usize, residual: f64 },
    Text(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Negative(_) => write!(f, "negative"),
            Failure::NotConverged { steps, .. } => {
                f.write_str(if *steps > 0 { "steps" } else { "no steps" })
            }
            Failure::Text(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Failure {}

impl From<f64> for Failure {
    fn from(v: f64) -> Self {
        Failure::Negative(v)
    }
}

fn root(v: f64, limit: usize) -> Result<f64, Failure> {
    if v < 0.0 {
        return Err(Failure::Negative(v));
    }
    let mut r = 1.0;
    for _ in 0..limit {
        r = 0.5 * (r + v / r);
    }
    let residual = r * r - v;
    if residual > 1e-3 { Err(Failure::NotConverged { steps: limit, residual }) } else { Ok(r) }
}

#[autodiff_reverse(d_result_match, Duplicated, Active)]
#[autodiff_forward(t_result_match, Dual, Dual)]
fn result_match(x: &[f64]) -> f64 {
    let value = |v: f64, limit| match root(v, limit) {
        Ok(r) => r * x[2],
        Err(Failure::Negative(v)) => v * v,
        Err(Failure::NotConverged { steps, residual }) => residual * steps as f64,
        Err(Failure::Text(text)) => text.len() as f64,
    };
    value(x[0] + 1.0, 6) + value(x[1], 6) + value(x[5] * 3.0, 1) + value(x[3], 0) * x[4]
}

#[autodiff_reverse(d_result_question_mark, Duplicated, Active)]
#[autodiff_forward(t_result_question_mark, Dual, Dual)]
fn result_question_mark(x: &[f64]) -> f64 {
    fn norm(x: &[f64]) -> Result<f64, Failure> {
        let product = x.iter().try_fold(1.0, |p, v| if *v > 1.0 { Err(*v) } else { Ok(p * v) })?;
        Ok(root(product * product, 8)? + x[0])
    }
    let failed = match norm(x) {
        Err(Failure::Negative(v)) => v * x[5],
        _ => 0.0,
    };
    norm(&x[..2]).unwrap() * failed + norm(&x[3..]).unwrap_or(x[1])
}

#[autodiff_reverse(d_result_combinators, Duplicated, Active)]
#[autodiff_forward(t_result_combinators, Dual, Dual)]
fn result_combinators(x: &[f64]) -> f64 {
    let checked = |v: f64| if v < 1.0 { Ok(v) } else { Err(v - 1.0) };
    let a = checked(x[0]).map(|v| v.exp()).map_err(|v| v * 2.0).and_then(checked);
    let b = checked(x[2]).or_else(|v| if v > 0.0 { Ok::<f64, u8>(v * v) } else { Err(3) });
    let c = checked(x[5]).ok().unwrap_or(x[3]) + checked(x[2]).err().unwrap_or(x[4]);
    a.unwrap_err() * b.unwrap() + c * checked(x[3]).map_or_else(|e| e, |v| v * x[1])
}

#[autodiff_reverse(d_result_to_option, Duplicated, Active)]
#[autodiff_forward(t_result_to_option, Dual, Dual)]
fn result_to_option(x: &[f64]) -> f64 {
    let found = x.iter().position(|v| *v > 1.0).ok_or("none").map(|i| x[i] * x[i - 1]);
    let other = x.iter().find(|v| **v > 2.0).ok_or_else(|| x[0] * x[5]);
    let nested: Option<Result<f64, u8>> = Some(found.map_err(|text| text.len() as u8));
    let turned: Result<Option<f64>, u8> = nested.transpose();
    turned.unwrap().unwrap() * other.copied().unwrap_or_else(|v| v.sin()) + x[3] * x[4]
}

#[autodiff_reverse(d_result_of_dyn_error, Duplicated, Active)]
#[autodiff_forward(t_result_of_dyn_error, Dual, Dual)]
fn result_of_dyn_error(x: &[f64]) -> f64 {
    fn checked(v: f64) -> Result<f64, Box<dyn std::error::Error>> {
        if v < -0.5 {
            return Err(Box::new(Failure::Text("below".to_string())));
        }
        Ok(v * v * 2.5)
    }
    let length = |error: Box<dyn std::error::Error>| error.to_string().len() as f64;
    x.iter().map(|v| checked(*v).unwrap_or_else(|error| length(error) * v)).sum()
}

#[autodiff_reverse(d_control_flow, Duplicated, Active)]
#[autodiff_forward(t_control_flow, Dual, Dual)]
fn control_flow(x: &[f64]) -> f64 {
    let step = |sum: f64, v: &f64| {
        let sum = sum + v * v;
        if sum > 2.5 { ControlFlow::Break(sum * v) } else { ControlFlow::Continue(sum) }
    };
    let few = x[..3].iter().try_fold(0.0, step);
    match (few, x.iter().try_fold(0.0, step)) {
        (ControlFlow::Continue(a), ControlFlow::Break(b)) => a * b + x[5],
        (few, _) => few.continue_value().unwrap_or(x[0]),
    }
}

#[autodiff_reverse(d_ordering, Duplicated, Active)]
#[autodiff_forward(t_ordering, Dual, Dual)]
fn ordering(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for pair in x.windows(2) {
        sum += match pair[0].partial_cmp(&pair[1]) {
            Some(Ordering::Less) => pair[0] * pair[1],
            Some(Ordering::Greater) => pair[0].sin(),
            _ => 0.0,
        };
        let order = pair[0].abs().total_cmp(&pair[1].abs()).then(Ordering::Less).reverse();
        sum *= if order.is_gt() { pair[0] } else { 1.5 };
    }
    sum
}

#[autodiff_reverse(d_bound, Duplicated, Active)]
#[autodiff_forward(t_bound, Dual, Dual)]
fn bound(x: &[f64]) -> f64 {
    let penalty = |v: f64, low: Bound<f64>, high: Bound<f64>| {
        let below = match low {
            Bound::Included(low) | Bound::Excluded(low) if v < low => (low - v).powi(2),
            _ => 0.0,
        };
        let above = match high {
            Bound::Included(high) => (v - high).max(0.0),
            Bound::Excluded(high) => (v - high).exp(),
            Bound::Unbounded => 0.0,
        };
        below + above
    };
    penalty(x[1], Bound::Included(x[0]), Bound::Excluded(x[2]))
        + penalty(x[5], Bound::Unbounded, Bound::Included(x[3])) * x[4]
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("option_map", &x, option_map, d_option_map, t_option_map);
    checks.gradient("option_take", &x, option_take, d_option_take, t_option_take);
    checks.gradient("option_replace", &x, option_replace, d_option_replace, t_option_replace);
    checks.gradient(
        "option_get_or_insert",
        &x,
        option_get_or_insert,
        d_option_get_or_insert,
        t_option_get_or_insert,
    );
    checks.gradient("option_filter", &x, option_filter, d_option_filter, t_option_filter);
    checks.gradient("option_as_mut", &x, option_as_mut, d_option_as_mut, t_option_as_mut);
    checks.gradient(
        "option_chain_of_question_marks",
        &x,
        option_chain_of_question_marks,
        d_option_chain_of_question_marks,
        t_option_chain_of_question_marks,
    );
    checks.gradient("result_match", &x, result_match, d_result_match, t_result_match);
    checks.gradient(
        "result_question_mark",
        &x,
        result_question_mark,
        d_result_question_mark,
        t_result_question_mark,
    );
    checks.gradient(
        "result_combinators",
        &x,
        result_combinators,
        d_result_combinators,
        t_result_combinators,
    );
    checks.gradient(
        "result_to_option",
        &x,
        result_to_option,
        d_result_to_option,
        t_result_to_option,
    );
    checks.gradient(
        "result_of_dyn_error",
        &x,
        result_of_dyn_error,
        d_result_of_dyn_error,
        t_result_of_dyn_error,
    );
    checks.gradient("control_flow", &x, control_flow, d_control_flow, t_control_flow);
    checks.gradient("ordering", &x, ordering, d_ordering, t_ordering);
    checks.gradient("bound", &x, bound, d_bound, t_bound);
    checks.finish(315);
}
