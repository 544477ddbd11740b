//! Check derivatives of functions that copy floats and pointers by way of pointers that lie in memory, side
//! by side: arrays, vectors and structs of references. Each is compared with finite differences.

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

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[autodiff_reverse(d_assigned, Duplicated, Active)]
#[autodiff_forward(t_assigned, Dual, Dual)]
fn assigned(x: &[f64]) -> f64 {
    let (mut v, mut w) = (x[0], x[1]);
    let i = x.len() % 2;
    let places = [&mut v, &mut w];
    *places[1 - i] = *places[i];
    v + 3.0 * w
}

#[autodiff_reverse(d_swapped, Duplicated, Active)]
#[autodiff_forward(t_swapped, Dual, Dual)]
fn swapped(x: &[f64]) -> f64 {
    let (mut v, mut w) = (x[0], x[1]);
    let i = x.len() % 2;
    let places = [&raw mut v, &raw mut w];
    unsafe { std::ptr::swap(places[i], places[1 - i]) };
    v + 3.0 * w * x[2]
}

#[autodiff_reverse(d_pairs_of_slices, Duplicated, Active)]
#[autodiff_forward(t_pairs_of_slices, Dual, Dual)]
fn pairs_of_slices(x: &[f64]) -> f64 {
    let (mut v, mut w) = (vec![0.0; 3], vec![0.0; 3]);
    for (to, from) in [(&mut v[..], x), (&mut w[..], &x[1..])] {
        for i in 0..2 {
            to[i] = from[i];
        }
    }
    v[0] * w[1] + w[0] * v[1]
}

#[autodiff_reverse(d_double_buffer, Duplicated, Active)]
#[autodiff_forward(t_double_buffer, Dual, Dual)]
fn double_buffer(x: &[f64]) -> f64 {
    let (mut a, mut b) = (x.to_vec(), vec![0.0; 3]);
    let buffers = [&mut a[..], &mut b[..]];
    for round in 0..x.len() {
        for i in 0..3 {
            buffers[(round + 1) % 2][i] = buffers[round % 2][(i + 1) % 3];
        }
    }
    a[0] + 2.0 * b[0] * b[1]
}

#[autodiff_reverse(d_collected_pairs, Duplicated, Active)]
#[autodiff_forward(t_collected_pairs, Dual, Dual)]
fn collected_pairs(x: &[f64]) -> f64 {
    let mut v = vec![0.0; 3];
    let mut pairs: Vec<(&mut f64, &f64)> = v.iter_mut().zip(x).collect();
    for (to, from) in pairs.iter_mut() {
        **to = **from;
    }
    v[0] * v[1] + v[2]
}

#[autodiff_reverse(d_cells, Duplicated, Active)]
#[autodiff_forward(t_cells, Dual, Dual)]
fn cells(x: &[f64]) -> f64 {
    let (v, w) = (Cell::new(x[0]), Cell::new(x[1]));
    let i = x.len() % 2;
    let cells = [&v, &w];
    cells[1 - i].set(cells[i].get());
    v.get() + 3.0 * w.get()
}

#[autodiff_reverse(d_tuples, Duplicated, Active)]
#[autodiff_forward(t_tuples, Dual, Dual)]
fn tuples(x: &[f64]) -> f64 {
    let (mut v, mut w) = ((x[0], 1u64), (x[1], 2));
    let i = x.len() % 2;
    let places = [&mut v, &mut w];
    *places[1 - i] = *places[i];
    v.0 * v.1 as f64 + 3.0 * w.0 * w.1 as f64
}

#[autodiff_reverse(d_options, Duplicated, Active)]
#[autodiff_forward(t_options, Dual, Dual)]
fn options(x: &[f64]) -> f64 {
    let (mut v, mut w) = (Some(x[0]), Some(x[1]));
    let i = x.len() % 2;
    let places = [&mut v, &mut w];
    *places[1 - i] = *places[i];
    v.unwrap() + 3.0 * w.unwrap()
}

#[autodiff_reverse(d_arrays, Duplicated, Active)]
#[autodiff_forward(t_arrays, Dual, Dual)]
fn arrays(x: &[f64]) -> f64 {
    let (mut v, mut w) = ([x[0], x[1], 1.0], [x[1], x[2], 2.0]);
    let i = x.len() % 2;
    let places = [&mut v, &mut w];
    *places[1 - i] = *places[i];
    v[0] + 3.0 * w[0] + v[1] * w[2]
}

#[autodiff_reverse(d_references, Duplicated, Active)]
#[autodiff_forward(t_references, Dual, Dual)]
fn references(x: &[f64]) -> f64 {
    let a = x[1];
    let (mut v, mut w) = (&x[0], &a);
    let i = x.len() % 2;
    let places = [&mut v, &mut w];
    *places[1 - i] = *places[i];
    *v + 3.0 * *w
}

#[autodiff_reverse(d_slices, Duplicated, Active)]
#[autodiff_forward(t_slices, Dual, Dual)]
fn slices(x: &[f64]) -> f64 {
    let y = [x[0], x[1]];
    let (mut v, mut w) = (&y[..1], &y[..]);
    let i = x.len() % 2;
    let places = [&mut v, &mut w];
    let rest = &places[i][1..];
    *places[1 - i] = rest;
    v[0] * x[2]
}

#[autodiff_reverse(d_boxes, Duplicated, Active)]
#[autodiff_forward(t_boxes, Dual, Dual)]
fn boxes(x: &[f64]) -> f64 {
    let (mut v, mut w) = (Some(Box::new(x[0])), Some(Box::new(x[1])));
    let i = x.len() % 2;
    let places = [&mut v, &mut w];
    let taken = places[i].take();
    *places[1 - i] = taken;
    *v.unwrap() * x[2]
}

#[autodiff_reverse(d_vectors, Duplicated, Active)]
#[autodiff_forward(t_vectors, Dual, Dual)]
fn vectors(x: &[f64]) -> f64 {
    let (mut v, mut w) = (x.to_vec(), vec![x[1]; 3]);
    let i = x.len() % 2;
    let places = [&mut v, &mut w];
    let taken = std::mem::take(places[i]);
    *places[1 - i] = taken;
    v.iter().map(|x| x * x).sum()
}

#[autodiff_reverse(d_sorted, Duplicated, Active)]
#[autodiff_forward(t_sorted, Dual, Dual)]
fn sorted(x: &[f64]) -> f64 {
    let mut v = [x[0], x[1], x[2]];
    let places = v.each_mut();
    for i in 0..3 {
        for j in i + 1..3 {
            if *places[i] > *places[j] {
                let smaller = *places[j];
                *places[j] = *places[i];
                *places[i] = smaller;
            }
        }
    }
    v[0] + 2.0 * v[1] + 5.0 * v[2]
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [2.0, 0.3, -0.4];
    checks.gradient("assigned", &x, assigned, d_assigned, t_assigned);
    checks.gradient("swapped", &x, swapped, d_swapped, t_swapped);
    checks.gradient("pairs_of_slices", &x, pairs_of_slices, d_pairs_of_slices, t_pairs_of_slices);
    checks.gradient("double_buffer", &x, double_buffer, d_double_buffer, t_double_buffer);
    checks.gradient("collected_pairs", &x, collected_pairs, d_collected_pairs, t_collected_pairs);
    checks.gradient("cells", &x, cells, d_cells, t_cells);
    checks.gradient("tuples", &x, tuples, d_tuples, t_tuples);
    checks.gradient("options", &x, options, d_options, t_options);
    checks.gradient("arrays", &x, arrays, d_arrays, t_arrays);
    checks.gradient("references", &x, references, d_references, t_references);
    checks.gradient("slices", &x, slices, d_slices, t_slices);
    checks.gradient("boxes", &x, boxes, d_boxes, t_boxes);
    checks.gradient("vectors", &x, vectors, d_vectors, t_vectors);
    checks.gradient("sorted", &x, sorted, d_sorted, t_sorted);
    checks.finish(168);
}
