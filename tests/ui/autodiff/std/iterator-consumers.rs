//! Check derivatives of functions that consume iterators: find, compare, split and collect what they yield. Each is
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
use std::collections::{LinkedList, VecDeque};

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[autodiff_reverse(d_partition, Duplicated, Active)]
#[autodiff_forward(t_partition, Dual, Dual)]
fn partition(x: &[f64]) -> f64 {
    let (positive, negative): (Vec<f64>, Vec<f64>) = x.iter().partition(|v| **v > 0.0);
    positive.iter().product::<f64>() * negative.iter().map(|v| v * v).sum::<f64>()
}

#[autodiff_reverse(d_unzip, Duplicated, Active)]
#[autodiff_forward(t_unzip, Dual, Dual)]
fn unzip(x: &[f64]) -> f64 {
    let (sines, cosines): (Vec<f64>, Vec<f64>) = x.iter().map(|v| v.sin_cos()).unzip();
    sines.iter().zip(cosines.iter().rev()).map(|(a, b)| a * b).sum()
}

#[autodiff_reverse(d_min_by_key, Duplicated, Active)]
#[autodiff_forward(t_min_by_key, Dual, Dual)]
fn min_by_key(x: &[f64]) -> f64 {
    let chosen = x.iter().enumerate().min_by_key(|(i, _)| (*i as i64 * 5) % 7 - 3).unwrap();
    let last = x.iter().max_by_key(|v| (**v * 10.0).round() as i64).unwrap();
    chosen.1 * chosen.1 * last.exp()
}

#[autodiff_reverse(d_max_by, Duplicated, Active)]
#[autodiff_forward(t_max_by, Dual, Dual)]
fn max_by(x: &[f64]) -> f64 {
    let terms: Vec<(usize, f64)> = x.iter().map(|v| v * v).enumerate().collect();
    let &(i, largest) = terms.iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
    let (j, least) = terms.into_iter().min_by(|a, b| a.1.partial_cmp(&b.1).unwrap()).unwrap();
    largest * x[j].sin() * least + x[i] * x[5]
}

#[autodiff_reverse(d_reduce, Duplicated, Active)]
#[autodiff_forward(t_reduce, Dual, Dual)]
fn reduce(x: &[f64]) -> f64 {
    let largest = x.iter().copied().reduce(f64::max).unwrap();
    let smallest = x.iter().copied().reduce(f64::min).unwrap();
    x.iter().map(|v| ((v - smallest) / (largest - smallest)).powi(2)).sum()
}

#[autodiff_reverse(d_any_and_all, Duplicated, Active)]
#[autodiff_forward(t_any_and_all, Dual, Dual)]
fn any_and_all(x: &[f64]) -> f64 {
    let scale = if x.iter().any(|v| *v > 1.0) { x[0] } else { 1.0 };
    let offset = if x.iter().all(|v| v.abs() < 2.0) { x[1] * x[2] } else { 0.0 };
    x.iter().map(|v| v * v * scale + offset).sum()
}

#[autodiff_reverse(d_find, Duplicated, Active)]
#[autodiff_forward(t_find, Dual, Dual)]
fn find(x: &[f64]) -> f64 {
    let first = x.iter().find(|v| **v > 0.5).unwrap();
    let last = x.iter().rfind(|v| **v < 0.5).unwrap();
    let root = x.iter().rev().find_map(|v| if *v < 0.8 { Some((v + 1.0).sqrt()) } else { None });
    first.exp() * last * root.unwrap_or(x[0])
}

#[autodiff_reverse(d_position, Duplicated, Active)]
#[autodiff_forward(t_position, Dual, Dual)]
fn position(x: &[f64]) -> f64 {
    let i = x.iter().position(|v| *v > 1.0).unwrap();
    let j = x.iter().rposition(|v| *v > 0.0 && *v < 0.7).unwrap();
    x[i] * x[j].sin() + x[i - j.min(i)] * x[4]
}

#[autodiff_reverse(d_last_and_nth, Duplicated, Active)]
#[autodiff_forward(t_last_and_nth, Dual, Dual)]
fn last_and_nth(x: &[f64]) -> f64 {
    let last = x.iter().map(|v| v * v).last().unwrap();
    let third = x.iter().map(|v| v.sin()).nth(2).unwrap();
    let fourth = x.iter().rev().nth(2).copied().unwrap();
    last * third + x.iter().nth_back(4).unwrap() * fourth
}

#[autodiff_reverse(d_count, Duplicated, Active)]
#[autodiff_forward(t_count, Dual, Dual)]
fn count(x: &[f64]) -> f64 {
    let positive = x.iter().filter(|v| **v > 0.0).count();
    x.iter().map(|v| v.powi(2)).sum::<f64>() / positive as f64
}

#[autodiff_reverse(d_comparisons, Duplicated, Active)]
#[autodiff_forward(t_comparisons, Dual, Dual)]
fn comparisons(x: &[f64]) -> f64 {
    let (a, b) = x.split_at(3);
    let mut sum = x[0] * x[5];
    if a.iter().lt(b) {
        sum += a[1] * a[1];
    }
    if a.iter().partial_cmp(b.iter().rev()) == Some(std::cmp::Ordering::Less) {
        sum *= b[0];
    }
    if !a.iter().eq(b) && !x.is_sorted() && x.iter().skip(3).step_by(2).is_sorted() {
        sum *= x[2];
    }
    sum
}

#[autodiff_reverse(d_into_boxed_slice, Duplicated, Active)]
#[autodiff_forward(t_into_boxed_slice, Dual, Dual)]
fn into_boxed_slice(x: &[f64]) -> f64 {
    let squares: Box<[f64]> = x.iter().map(|v| v * v).filter(|v| *v > 0.2).collect();
    squares.iter().product::<f64>() * squares[squares.len() - 1] + x[0]
}

#[autodiff_reverse(d_into_deque, Duplicated, Active)]
#[autodiff_forward(t_into_deque, Dual, Dual)]
fn into_deque(x: &[f64]) -> f64 {
    let mut queue: VecDeque<f64> = x.iter().map(|v| v + 1.5).collect();
    queue.rotate_left(2);
    queue.iter().fold(0.0, |value, v| 1.0 / (value + v))
}

#[autodiff_reverse(d_into_list, Duplicated, Active)]
#[autodiff_forward(t_into_list, Dual, Dual)]
fn into_list(x: &[f64]) -> f64 {
    let list: LinkedList<f64> = x.iter().map(|v| v * 2.0).collect();
    list.iter().zip(list.iter().skip(1)).map(|(a, b)| (a - b).powi(2)).sum()
}

#[autodiff_reverse(d_into_option, Duplicated, Active)]
#[autodiff_forward(t_into_option, Dual, Dual)]
fn into_option(x: &[f64]) -> f64 {
    let root = |v: &f64| if *v > -1.0 { Some((v + 1.0).sqrt()) } else { None };
    let some: Option<Vec<f64>> = x.iter().map(root).collect();
    let none: Option<Vec<f64>> = x.iter().map(|v| root(&(v - 0.5))).collect();
    some.unwrap().iter().product::<f64>() * none.map_or(x[5], |list| list[0])
}

#[autodiff_reverse(d_into_result, Duplicated, Active)]
#[autodiff_forward(t_into_result, Dual, Dual)]
fn into_result(x: &[f64]) -> f64 {
    let checked = |v: &f64| if *v < 1.0 { Ok(v.sin()) } else { Err((*v, "too large")) };
    let few: Result<Vec<f64>, (f64, &str)> = x[..2].iter().map(checked).collect();
    let all: Result<Vec<f64>, (f64, &str)> = x.iter().map(checked).collect();
    match (few, all) {
        (Ok(few), Err((v, text))) => few[0] * few[1] * v * text.len() as f64 + x[4] * x[5],
        _ => x[3],
    }
}

#[autodiff_reverse(d_sum_of_options, Duplicated, Active)]
#[autodiff_forward(t_sum_of_options, Dual, Dual)]
fn sum_of_options(x: &[f64]) -> f64 {
    let sum: Option<f64> = x.iter().map(|v| if *v < 2.0 { Some(v * v) } else { None }).sum();
    let product: Result<f64, usize> = x.iter().enumerate().map(|(_, v)| Ok(v + 2.0)).product();
    sum.unwrap() * product.unwrap()
}

#[autodiff_reverse(d_try_for_each, Duplicated, Active)]
#[autodiff_forward(t_try_for_each, Dual, Dual)]
fn try_for_each(x: &[f64]) -> f64 {
    let mut product = 1.0;
    let stopped = x.iter().try_for_each(|v| {
        product *= v + 2.0;
        if *v > 1.0 { Err(v * v) } else { Ok(()) }
    });
    product * stopped.unwrap_err() + x[3] * x[4] * x[5]
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("partition", &x, partition, d_partition, t_partition);
    checks.gradient("unzip", &x, unzip, d_unzip, t_unzip);
    checks.gradient("min_by_key", &x, min_by_key, d_min_by_key, t_min_by_key);
    checks.gradient("max_by", &x, max_by, d_max_by, t_max_by);
    checks.gradient("reduce", &x, reduce, d_reduce, t_reduce);
    checks.gradient("any_and_all", &x, any_and_all, d_any_and_all, t_any_and_all);
    checks.gradient("find", &x, find, d_find, t_find);
    checks.gradient("position", &x, position, d_position, t_position);
    checks.gradient("last_and_nth", &x, last_and_nth, d_last_and_nth, t_last_and_nth);
    checks.gradient("count", &x, count, d_count, t_count);
    checks.gradient("comparisons", &x, comparisons, d_comparisons, t_comparisons);
    checks.gradient(
        "into_boxed_slice",
        &x,
        into_boxed_slice,
        d_into_boxed_slice,
        t_into_boxed_slice,
    );
    checks.gradient("into_deque", &x, into_deque, d_into_deque, t_into_deque);
    checks.gradient("into_list", &x, into_list, d_into_list, t_into_list);
    checks.gradient("into_option", &x, into_option, d_into_option, t_into_option);
    checks.gradient("into_result", &x, into_result, d_into_result, t_into_result);
    checks.gradient("sum_of_options", &x, sum_of_options, d_sum_of_options, t_sum_of_options);
    checks.gradient("try_for_each", &x, try_for_each, d_try_for_each, t_try_for_each);
    checks.finish(378);
}
