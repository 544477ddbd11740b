//! Check derivatives of functions that use the methods of a `Vec` of floats. Each is compared with finite
//! differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::mem;

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

fn weighted(list: &[f64]) -> f64 {
    list.iter().enumerate().map(|(i, v)| (i + 1) as f64 * v * v).sum()
}

#[autodiff_reverse(d_push_and_pop, Duplicated, Active)]
#[autodiff_forward(t_push_and_pop, Dual, Dual)]
fn push_and_pop(x: &[f64]) -> f64 {
    let (mut stack, mut sum) = (vec![], 0.0);
    for v in x {
        while stack.last().is_some_and(|top| top < v) {
            sum += stack.pop().unwrap() * v;
        }
        stack.push(*v);
    }
    weighted(&stack) * sum
}

#[autodiff_reverse(d_insert_sorted, Duplicated, Active)]
#[autodiff_forward(t_insert_sorted, Dual, Dual)]
fn insert_sorted(x: &[f64]) -> f64 {
    let mut sorted: Vec<f64> = vec![];
    for v in x {
        let place = sorted.partition_point(|other| other < v);
        sorted.insert(place, *v);
    }
    weighted(&sorted)
}

#[autodiff_reverse(d_remove, Duplicated, Active)]
#[autodiff_forward(t_remove, Dual, Dual)]
fn remove(x: &[f64]) -> f64 {
    let mut list = x.to_vec();
    let removed = list.remove(2);
    let swapped = list.swap_remove(0);
    list.iter_mut().for_each(|v| *v *= removed);
    weighted(&list) * swapped
}

#[autodiff_reverse(d_truncate, Duplicated, Active)]
#[autodiff_forward(t_truncate, Dual, Dual)]
fn truncate(x: &[f64]) -> f64 {
    let mut list: Vec<f64> = x.iter().map(|v| v.exp()).collect();
    list.truncate(4);
    list.resize(7, x[5]);
    list.resize_with(8, || x[4] * x[0]);
    weighted(&list)
}

#[autodiff_reverse(d_extend, Duplicated, Active)]
#[autodiff_forward(t_extend, Dual, Dual)]
fn extend(x: &[f64]) -> f64 {
    let mut list = Vec::with_capacity(2);
    list.extend(x.iter().filter(|v| **v > 0.0));
    list.extend_from_slice(&x[1..3]);
    list.extend([x[0] * x[5], x[4]]);
    list.extend_from_within(1..4);
    weighted(&list)
}

#[autodiff_reverse(d_append, Duplicated, Active)]
#[autodiff_forward(t_append, Dual, Dual)]
fn append(x: &[f64]) -> f64 {
    let mut list = x[..3].to_vec();
    let mut other: Vec<f64> = x[2..].iter().map(|v| v * x[0]).collect();
    list.append(&mut other);
    other.push(list[4]);
    weighted(&list) * other[0]
}

#[autodiff_reverse(d_drain, Duplicated, Active)]
#[autodiff_forward(t_drain, Dual, Dual)]
fn drain(x: &[f64]) -> f64 {
    let mut list = x.to_vec();
    let reversed: Vec<f64> = list.drain(1..4).rev().map(|v| v.sin()).collect();
    let product: f64 = list.drain(..2).product();
    weighted(&reversed) * product + weighted(&list)
}

#[autodiff_reverse(d_split_off, Duplicated, Active)]
#[autodiff_forward(t_split_off, Dual, Dual)]
fn split_off(x: &[f64]) -> f64 {
    let mut list = x.to_vec();
    let end = list.split_off(list.len() / 2);
    list.iter().zip(&end).map(|(a, b)| a * b.exp()).sum()
}

#[autodiff_reverse(d_retain, Duplicated, Active)]
#[autodiff_forward(t_retain, Dual, Dual)]
fn retain(x: &[f64]) -> f64 {
    let mut list = x.to_vec();
    list.retain(|v| *v > -0.5);
    list.retain_mut(|v| {
        *v *= x[1];
        *v < 0.0
    });
    weighted(&list)
}

#[autodiff_reverse(d_dedup, Duplicated, Active)]
#[autodiff_forward(t_dedup, Dual, Dual)]
fn dedup(x: &[f64]) -> f64 {
    let mut list = x.to_vec();
    list.dedup_by_key(|v| *v > 0.0);
    let mut other = x.to_vec();
    other.dedup_by(|a, b| {
        let close = (*a - *b).abs() < 0.6;
        if close {
            *b += *a;
        }
        close
    });
    weighted(&list) + weighted(&other)
}

#[autodiff_reverse(d_splice, Duplicated, Active)]
#[autodiff_forward(t_splice, Dual, Dual)]
fn splice(x: &[f64]) -> f64 {
    let mut list = x.to_vec();
    let squares = x.iter().take(3).map(|v| v * v);
    let removed: Vec<f64> = list.splice(2..4, squares).collect();
    weighted(&list) + removed[0] * removed[1]
}

#[autodiff_reverse(d_extract_if, Duplicated, Active)]
#[autodiff_forward(t_extract_if, Dual, Dual)]
fn extract_if(x: &[f64]) -> f64 {
    let mut list: Vec<f64> = x.iter().map(|v| v * x[5]).collect();
    let extracted: Vec<f64> = list.extract_if(.., |v| *v < 0.0).collect();
    weighted(&list) * weighted(&extracted)
}

#[autodiff_reverse(d_into_iter, Duplicated, Active)]
#[autodiff_forward(t_into_iter, Dual, Dual)]
fn into_iter(x: &[f64]) -> f64 {
    let list: Vec<f64> = x.iter().map(|v| v * v).collect();
    let mut sum = 0.0;
    for v in list.clone() {
        sum += v.sin();
    }
    let mut rest = list.into_iter();
    let first = rest.next().unwrap();
    sum * first + rest.rev().map(|v| v * sum).sum::<f64>()
}

// `collect` uses the memory of the first one.
#[autodiff_reverse(d_collected_in_place, Duplicated, Active)]
#[autodiff_forward(t_collected_in_place, Dual, Dual)]
fn collected_in_place(x: &[f64]) -> f64 {
    let list = x.to_vec();
    let list: Vec<f64> = list.into_iter().map(|v| v * v + 1.0).collect();
    let list: Vec<f64> = list.into_iter().filter(|v| *v > 1.2).map(|v| v.ln()).collect();
    weighted(&list) + x[0]
}

#[autodiff_reverse(d_clone_from, Duplicated, Active)]
#[autodiff_forward(t_clone_from, Dual, Dual)]
fn clone_from(x: &[f64]) -> f64 {
    let mut state = x.to_vec();
    let mut last = vec![0.0; 6];
    for _ in 0..3 {
        last.clone_from(&state);
        for i in 0..6 {
            state[i] = last[i] * last[(i + 1) % 6] + 0.5;
        }
    }
    weighted(&state) + weighted(&last)
}

#[autodiff_reverse(d_take_and_replace, Duplicated, Active)]
#[autodiff_forward(t_take_and_replace, Dual, Dual)]
fn take_and_replace(x: &[f64]) -> f64 {
    let mut list = x.to_vec();
    let taken = mem::take(&mut list);
    list.extend(taken.iter().map(|v| v.cos()));
    let replaced = mem::replace(&mut list, taken);
    list.iter().zip(&replaced).map(|(a, b)| a * b).sum()
}

#[autodiff_reverse(d_first_and_last_mut, Duplicated, Active)]
#[autodiff_forward(t_first_and_last_mut, Dual, Dual)]
fn first_and_last_mut(x: &[f64]) -> f64 {
    let mut list = x.to_vec();
    *list.first_mut().unwrap() *= x[1];
    if let Some(last) = list.last_mut() {
        *last = last.sin() * x[2];
    }
    if let Some(v) = list.get_mut(3) {
        *v += x[4] * x[4];
    }
    list.get(9).copied().unwrap_or(1.5) * weighted(&list) + list.get(1..3).map_or(0.0, weighted)
}

#[autodiff_reverse(d_boxed, Duplicated, Active)]
#[autodiff_forward(t_boxed, Dual, Dual)]
fn boxed(x: &[f64]) -> f64 {
    let boxed = x.iter().map(|v| v * 3.0).collect::<Vec<f64>>().into_boxed_slice();
    let mut list = boxed.into_vec();
    list.shrink_to_fit();
    list.push(x[0]);
    let array: [f64; 2] = list[5..].try_into().unwrap();
    weighted(&list) * array[0] * array[1]
}

#[autodiff_reverse(d_pop_if, Duplicated, Active)]
#[autodiff_forward(t_pop_if, Dual, Dual)]
fn pop_if(x: &[f64]) -> f64 {
    let mut list = x.to_vec();
    let mut product = 1.0;
    while let Some(v) = list.pop_if(|v| *v < 1.0) {
        product *= v + 1.5;
    }
    product * weighted(&list)
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("push_and_pop", &x, push_and_pop, d_push_and_pop, t_push_and_pop);
    checks.gradient("insert_sorted", &x, insert_sorted, d_insert_sorted, t_insert_sorted);
    checks.gradient("remove", &x, remove, d_remove, t_remove);
    checks.gradient("truncate", &x, truncate, d_truncate, t_truncate);
    checks.gradient("extend", &x, extend, d_extend, t_extend);
    checks.gradient("append", &x, append, d_append, t_append);
    checks.gradient("drain", &x, drain, d_drain, t_drain);
    checks.gradient("split_off", &x, split_off, d_split_off, t_split_off);
    checks.gradient("retain", &x, retain, d_retain, t_retain);
    checks.gradient("dedup", &x, dedup, d_dedup, t_dedup);
    checks.gradient("splice", &x, splice, d_splice, t_splice);
    checks.gradient("extract_if", &x, extract_if, d_extract_if, t_extract_if);
    checks.gradient("into_iter", &x, into_iter, d_into_iter, t_into_iter);
    checks.gradient(
        "collected_in_place",
        &x,
        collected_in_place,
        d_collected_in_place,
        t_collected_in_place,
    );
    checks.gradient("clone_from", &x, clone_from, d_clone_from, t_clone_from);
    checks.gradient(
        "take_and_replace",
        &x,
        take_and_replace,
        d_take_and_replace,
        t_take_and_replace,
    );
    checks.gradient(
        "first_and_last_mut",
        &x,
        first_and_last_mut,
        d_first_and_last_mut,
        t_first_and_last_mut,
    );
    checks.gradient("boxed", &x, boxed, d_boxed, t_boxed);
    checks.gradient("pop_if", &x, pop_if, d_pop_if, t_pop_if);
    checks.finish(399);
}
