//! Check derivatives of functions that use the methods of slices: split, group, search, sort and move. Each is
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

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

fn weighted(list: &[f64]) -> f64 {
    list.iter().enumerate().map(|(i, v)| (i + 1) as f64 * v * v).sum()
}

#[autodiff_reverse(d_sort_by, Duplicated, Active)]
#[autodiff_forward(t_sort_by, Dual, Dual)]
fn sort_by(x: &[f64]) -> f64 {
    let mut list: Vec<f64> = x.iter().map(|v| v * v).collect();
    list.sort_by(|a, b| b.partial_cmp(a).unwrap());
    let median = 0.5 * (list[2] + list[3]);
    list.sort_by(f64::total_cmp);
    weighted(&list) * median
}

// A permutation that sorts, rather than what is sorted.
#[autodiff_reverse(d_sorted_indices, Duplicated, Active)]
#[autodiff_forward(t_sorted_indices, Dual, Dual)]
fn sorted_indices(x: &[f64]) -> f64 {
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_by(|&i, &j| x[i].total_cmp(&x[j]));
    order.iter().enumerate().map(|(rank, &i)| (rank + 1) as f64 * x[i].sin()).sum()
}

#[autodiff_reverse(d_sort_pairs, Duplicated, Active)]
#[autodiff_forward(t_sort_pairs, Dual, Dual)]
fn sort_pairs(x: &[f64]) -> f64 {
    let mut pairs: Vec<(f64, f64)> = x.iter().zip(&x[3..]).map(|(a, b)| (a * b, *b)).collect();
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    pairs.windows(2).map(|p| (p[1].0 - p[0].0) * (p[0].1 + p[1].1)).sum()
}

#[autodiff_reverse(d_reverse_and_swap, Duplicated, Active)]
#[autodiff_forward(t_reverse_and_swap, Dual, Dual)]
fn reverse_and_swap(x: &[f64]) -> f64 {
    let mut list = x.to_vec();
    list[1..].reverse();
    list.swap(0, 3);
    for i in 1..list.len() {
        list[i] += list[i - 1] * list[i - 1];
    }
    list.reverse();
    weighted(&list)
}

#[autodiff_reverse(d_concat_and_join, Duplicated, Active)]
#[autodiff_forward(t_concat_and_join, Dual, Dual)]
fn concat_and_join(x: &[f64]) -> f64 {
    let squares: Vec<f64> = x.iter().map(|v| v * v).collect();
    let all = [&x[..2], &squares[3..]].concat();
    let joined = [&all[..2], &all[3..]].join(&[x[2], x[0]][..]);
    weighted(&all) + weighted(&joined)
}

#[autodiff_reverse(d_repeat, Duplicated, Active)]
#[autodiff_forward(t_repeat, Dual, Dual)]
fn repeat(x: &[f64]) -> f64 {
    let list = [x[0] * x[1], x[2].sin()].repeat(3);
    list.iter().zip(x).map(|(a, b)| a * b).sum()
}

#[autodiff_reverse(d_chunks_mut, Duplicated, Active)]
#[autodiff_forward(t_chunks_mut, Dual, Dual)]
fn chunks_mut(x: &[f64]) -> f64 {
    let mut list = x.to_vec();
    for (i, chunk) in list.chunks_mut(4).enumerate() {
        let scale = chunk[0];
        chunk.iter_mut().for_each(|v| *v *= scale + i as f64);
    }
    for pair in list.chunks_exact_mut(2) {
        pair.swap(0, 1);
        pair[0] += pair[1].sin();
    }
    weighted(&list)
}

#[autodiff_reverse(d_rchunks_exact, Duplicated, Active)]
#[autodiff_forward(t_rchunks_exact, Dual, Dual)]
fn rchunks_exact(x: &[f64]) -> f64 {
    let mut rows = x.rchunks_exact(4);
    let sum: f64 = rows.by_ref().map(|row| row[0] * row[1] - row[2] * row[3]).sum();
    sum * rows.remainder().iter().map(|v| v.exp()).sum::<f64>()
}

#[autodiff_reverse(d_chunk_by, Duplicated, Active)]
#[autodiff_forward(t_chunk_by, Dual, Dual)]
fn chunk_by(x: &[f64]) -> f64 {
    let rising = x.chunk_by(|a, b| a < b);
    rising.map(|run| run.iter().map(|v| v + 2.0).product::<f64>()).map(|p| p * p).sum()
}

#[autodiff_reverse(d_split_by_predicate, Duplicated, Active)]
#[autodiff_forward(t_split_by_predicate, Dual, Dual)]
fn split_by_predicate(x: &[f64]) -> f64 {
    let parts = x.split(|v| *v < 0.0).map(|part| part.iter().map(|v| v * v).sum::<f64>());
    let ends = x.split_inclusive(|v| *v < 0.0).map(|part| part[0] * part[part.len() - 1]);
    parts.product::<f64>() + ends.sum::<f64>()
}

#[autodiff_reverse(d_split_first, Duplicated, Active)]
#[autodiff_forward(t_split_first, Dual, Dual)]
fn split_first(x: &[f64]) -> f64 {
    fn continued_fraction(x: &[f64]) -> f64 {
        match x.split_first() {
            None => 1.0,
            Some((first, rest)) => first + 2.0 / (1.0 + continued_fraction(rest).powi(2)),
        }
    }
    let (last, rest) = x.split_last().unwrap();
    continued_fraction(rest) * last
}

#[autodiff_reverse(d_split_at, Duplicated, Active)]
#[autodiff_forward(t_split_at, Dual, Dual)]
fn split_at(x: &[f64]) -> f64 {
    let mut list = x.to_vec();
    let (a, b) = list.split_at_mut(2);
    let (b, c) = b.split_at_mut_checked(2).unwrap();
    for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
        *a *= *b;
        *b += *a * *c;
        *c -= *b;
    }
    weighted(&list)
}

#[autodiff_reverse(d_slice_patterns, Duplicated, Active)]
#[autodiff_forward(t_slice_patterns, Dual, Dual)]
fn slice_patterns(x: &[f64]) -> f64 {
    fn alternating(x: &[f64]) -> f64 {
        match x {
            [] => 0.0,
            [v] => v * v,
            [a, middle @ .., b] => a * b.sin() - alternating(middle),
        }
    }
    let [a, b, rest @ ..] = x else { return 0.0 };
    alternating(x) + alternating(rest) * a * b
}

#[autodiff_reverse(d_binary_search_by, Duplicated, Active)]
#[autodiff_forward(t_binary_search_by, Dual, Dual)]
fn binary_search_by(x: &[f64]) -> f64 {
    let mut knots: Vec<f64> = x.iter().map(|v| v * v + 0.1 * v).collect();
    knots.sort_by(f64::total_cmp);
    let at = x[3] + 0.1;
    let i = match knots.binary_search_by(|knot| knot.total_cmp(&at)) {
        Ok(i) => i,
        Err(i) => i - 1,
    };
    let t = (at - knots[i]) / (knots[i + 1] - knots[i]);
    knots[i] * (1.0 - t) + knots[i + 1] * t * t
}

#[autodiff_reverse(d_select_nth, Duplicated, Active)]
#[autodiff_forward(t_select_nth, Dual, Dual)]
fn select_nth(x: &[f64]) -> f64 {
    let mut list: Vec<f64> = x.iter().map(|v| (v - 0.1).abs()).collect();
    let (below, median, above) = list.select_nth_unstable_by(3, |a, b| a.total_cmp(b));
    *median * below.iter().sum::<f64>() + above.iter().map(|v| v * v).sum::<f64>()
}

#[autodiff_reverse(d_rotate, Duplicated, Active)]
#[autodiff_forward(t_rotate, Dual, Dual)]
fn rotate(x: &[f64]) -> f64 {
    let mut list = x.to_vec();
    let mut sum = 0.0;
    for shift in 1..4 {
        list.rotate_left(shift);
        list[..4].rotate_right(1);
        sum += list.iter().zip(x).map(|(a, b)| a * b * b).sum::<f64>();
    }
    sum
}

#[autodiff_reverse(d_copy_methods, Duplicated, Active)]
#[autodiff_forward(t_copy_methods, Dual, Dual)]
fn copy_methods(x: &[f64]) -> f64 {
    let mut list = [0.0; 8];
    list[..6].copy_from_slice(x);
    list[5..].clone_from_slice(&x[..3]);
    list.copy_within(2..5, 3);
    list[1..3].fill(x[4] * x[5]);
    let mut other = x.to_vec();
    list[..6].swap_with_slice(&mut other);
    weighted(&list) * other[2] + weighted(&other)
}

#[autodiff_reverse(d_as_chunks, Duplicated, Active)]
#[autodiff_forward(t_as_chunks, Dual, Dual)]
fn as_chunks(x: &[f64]) -> f64 {
    let (pairs, rest) = x[1..].as_chunks::<2>();
    let crossed = pairs[0][0] * pairs[1][1] - pairs[0][1] * pairs[1][0];
    let flat = [[x[0], crossed], pairs[1]];
    weighted(flat.as_flattened()) * rest[0]
}

#[autodiff_reverse(d_get_disjoint_mut, Duplicated, Active)]
#[autodiff_forward(t_get_disjoint_mut, Dual, Dual)]
fn get_disjoint_mut(x: &[f64]) -> f64 {
    let mut list = x.to_vec();
    let [a, b] = list.get_disjoint_mut([4, 1]).unwrap();
    (*a, *b) = (*a * *b, *a + b.exp());
    weighted(&list)
}

#[autodiff_reverse(d_first_and_last_chunk, Duplicated, Active)]
#[autodiff_forward(t_first_and_last_chunk, Dual, Dual)]
fn first_and_last_chunk(x: &[f64]) -> f64 {
    let [a, b, c] = x.first_chunk::<3>().unwrap();
    let (rest, [d, e]) = x.split_last_chunk().unwrap();
    let pairs: Vec<[f64; 2]> = x.windows(2).map(|w| w.try_into().unwrap()).collect();
    a * b + c * d * e.sin() + rest[3] * pairs[1][0] * pairs[4][1]
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("sort_by", &x, sort_by, d_sort_by, t_sort_by);
    checks.gradient("sorted_indices", &x, sorted_indices, d_sorted_indices, t_sorted_indices);
    checks.gradient("sort_pairs", &x, sort_pairs, d_sort_pairs, t_sort_pairs);
    checks.gradient(
        "reverse_and_swap",
        &x,
        reverse_and_swap,
        d_reverse_and_swap,
        t_reverse_and_swap,
    );
    checks.gradient("concat_and_join", &x, concat_and_join, d_concat_and_join, t_concat_and_join);
    checks.gradient("repeat", &x, repeat, d_repeat, t_repeat);
    checks.gradient("chunks_mut", &x, chunks_mut, d_chunks_mut, t_chunks_mut);
    checks.gradient("rchunks_exact", &x, rchunks_exact, d_rchunks_exact, t_rchunks_exact);
    checks.gradient("chunk_by", &x, chunk_by, d_chunk_by, t_chunk_by);
    checks.gradient(
        "split_by_predicate",
        &x,
        split_by_predicate,
        d_split_by_predicate,
        t_split_by_predicate,
    );
    checks.gradient("split_first", &x, split_first, d_split_first, t_split_first);
    checks.gradient("split_at", &x, split_at, d_split_at, t_split_at);
    checks.gradient("slice_patterns", &x, slice_patterns, d_slice_patterns, t_slice_patterns);
    checks.gradient(
        "binary_search_by",
        &x,
        binary_search_by,
        d_binary_search_by,
        t_binary_search_by,
    );
    checks.gradient("select_nth", &x, select_nth, d_select_nth, t_select_nth);
    checks.gradient("rotate", &x, rotate, d_rotate, t_rotate);
    checks.gradient("copy_methods", &x, copy_methods, d_copy_methods, t_copy_methods);
    checks.gradient("as_chunks", &x, as_chunks, d_as_chunks, t_as_chunks);
    checks.gradient(
        "get_disjoint_mut",
        &x,
        get_disjoint_mut,
        d_get_disjoint_mut,
        t_get_disjoint_mut,
    );
    checks.gradient(
        "first_and_last_chunk",
        &x,
        first_and_last_chunk,
        d_first_and_last_chunk,
        t_first_and_last_chunk,
    );
    checks.finish(420);
}
