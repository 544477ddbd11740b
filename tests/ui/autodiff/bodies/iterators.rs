//! Check derivatives of functions that go over slices with iterators, in their adaptors and with
//! `for`. Each is compared with finite differences.

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

#[autodiff_reverse(d_map_sum, Duplicated, Active)]
#[autodiff_forward(t_map_sum, Dual, Dual)]
fn map_sum(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x.sin()).sum()
}

// Two slices by `zip`: the halves of one, scalar product over norm.
#[autodiff_reverse(d_zipped, Duplicated, Active)]
#[autodiff_forward(t_zipped, Dual, Dual)]
fn zipped(x: &[f64]) -> f64 {
    let (a, b) = x.split_at(x.len() / 2);
    let dot: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
    let norm: f64 = a.iter().map(|a| a * a).sum();
    dot / norm.sqrt()
}

// Three slices zipped, one of them backwards.
#[autodiff_reverse(d_zipped_three, Duplicated, Active)]
#[autodiff_forward(t_zipped_three, Dual, Dual)]
fn zipped_three(x: &[f64]) -> f64 {
    x.iter().zip(x.iter().rev()).zip(&x[1..]).map(|((a, b), c)| a * b * c).sum()
}

// Neighbours.
#[autodiff_reverse(d_windows, Duplicated, Active)]
#[autodiff_forward(t_windows, Dual, Dual)]
fn windows(x: &[f64]) -> f64 {
    x.windows(3).map(|w| (w[0] - 2.0 * w[1] + w[2]).powi(2)).sum()
}

// Pairs of a Rosenbrock function, destructured.
#[autodiff_reverse(d_rosenbrock, Duplicated, Active)]
#[autodiff_forward(t_rosenbrock, Dual, Dual)]
fn rosenbrock(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for pair in x.windows(2) {
        let &[a, b] = pair else { unreachable!() };
        sum += 100.0 * (b - a * a) * (b - a * a) + (1.0 - a) * (1.0 - a);
    }
    sum
}

// Rows of a run-time length: product of their norms.
#[autodiff_reverse(d_chunks_exact, Duplicated, Active)]
#[autodiff_forward(t_chunks_exact, Dual, Dual)]
fn chunks_exact(x: &[f64]) -> f64 {
    let d = x.len() / 2;
    let mut product = 1.0;
    for row in x.chunks_exact(d) {
        let mut norm = 0.0;
        for v in row {
            norm += v * v;
        }
        product *= norm.sqrt();
    }
    product
}

// Rows of a constant length, and what is left over.
#[autodiff_reverse(d_chunks_with_remainder, Duplicated, Active)]
#[autodiff_forward(t_chunks_with_remainder, Dual, Dual)]
fn chunks_with_remainder(x: &[f64]) -> f64 {
    let mut rows = x.chunks_exact(4);
    let mut sum = 0.0;
    for row in rows.by_ref() {
        sum += row[0] * row[1] - row[2] * row[3];
    }
    for (i, v) in rows.remainder().iter().enumerate() {
        sum += (i + 2) as f64 * v * v;
    }
    sum
}

// `chunks`, whose last one is shorter.
#[autodiff_reverse(d_chunks, Duplicated, Active)]
#[autodiff_forward(t_chunks, Dual, Dual)]
fn chunks(x: &[f64]) -> f64 {
    x.chunks(4).map(|c| c.iter().product::<f64>()).map(|p| p * p).sum()
}

// From the end.
#[autodiff_reverse(d_rchunks, Duplicated, Active)]
#[autodiff_forward(t_rchunks, Dual, Dual)]
fn rchunks(x: &[f64]) -> f64 {
    x.rchunks(4).enumerate().map(|(i, c)| (i + 1) as f64 * c[0] * c[c.len() - 1]).sum()
}

// A fold with a tuple as state: mean and variance by Welford's method.
#[autodiff_reverse(d_welford, Duplicated, Active)]
#[autodiff_forward(t_welford, Dual, Dual)]
fn welford(x: &[f64]) -> f64 {
    let (_, mean, m2) = x.iter().fold((0.0, 0.0, 0.0), |(n, mean, m2), &x| {
        let n = n + 1.0;
        let delta = x - mean;
        let mean = mean + delta / n;
        (n, mean, m2 + delta * (x - mean))
    });
    mean + m2.sqrt()
}

// Horner's scheme as a fold from the right.
#[autodiff_reverse(d_rfold, Duplicated, Active)]
#[autodiff_forward(t_rfold, Dual, Dual)]
fn rfold(x: &[f64]) -> f64 {
    x[1..].iter().rfold(0.0, |value, c| value * x[0] + c)
}

// Running products.
#[autodiff_reverse(d_scan, Duplicated, Active)]
#[autodiff_forward(t_scan, Dual, Dual)]
fn scan(x: &[f64]) -> f64 {
    x.iter()
        .scan(1.0, |product, x| {
            *product *= x + 1.5;
            Some(*product)
        })
        .sum()
}

#[autodiff_reverse(d_reversed_and_enumerated, Duplicated, Active)]
#[autodiff_forward(t_reversed_and_enumerated, Dual, Dual)]
fn reversed_and_enumerated(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (i, v) in x.iter().enumerate().rev() {
        sum = sum * 0.5 + v.powi(i as i32 + 1);
    }
    sum
}

#[autodiff_reverse(d_stepped, Duplicated, Active)]
#[autodiff_forward(t_stepped, Dual, Dual)]
fn stepped(x: &[f64]) -> f64 {
    x.iter().step_by(2).zip(x.iter().skip(1).step_by(2)).map(|(a, b)| a.exp() * b).sum()
}

#[autodiff_reverse(d_skipped_and_taken, Duplicated, Active)]
#[autodiff_forward(t_skipped_and_taken, Dual, Dual)]
fn skipped_and_taken(x: &[f64]) -> f64 {
    x.iter().skip(1).take(3).map(|v| v.cos()).product()
}

// What is chosen depends on a value.
#[autodiff_reverse(d_filtered, Duplicated, Active)]
#[autodiff_forward(t_filtered, Dual, Dual)]
fn filtered(x: &[f64]) -> f64 {
    x.iter().filter(|v| **v > 0.0).map(|v| v.ln()).sum()
}

#[autodiff_reverse(d_filter_mapped, Duplicated, Active)]
#[autodiff_forward(t_filter_mapped, Dual, Dual)]
fn filter_mapped(x: &[f64]) -> f64 {
    x.iter().filter_map(|&v| if v < 0.0 { Some(v * v * v) } else { None }).sum::<f64>()
        + x[0] * x[0]
}

// All pairs, without an index.
#[autodiff_reverse(d_flat_mapped, Duplicated, Active)]
#[autodiff_forward(t_flat_mapped, Dual, Dual)]
fn flat_mapped(x: &[f64]) -> f64 {
    x.iter().flat_map(|a| x.iter().map(move |b| (a * b).tanh())).sum()
}

#[autodiff_reverse(d_chained, Duplicated, Active)]
#[autodiff_forward(t_chained, Dual, Dual)]
fn chained(x: &[f64]) -> f64 {
    let (a, b) = x.split_at(2);
    a.iter().chain(b).chain(a).map(|v| v * v).sum()
}

// Over and over again, with a limit.
#[autodiff_reverse(d_cycled, Duplicated, Active)]
#[autodiff_forward(t_cycled, Dual, Dual)]
fn cycled(x: &[f64]) -> f64 {
    x.iter().cycle().take(2 * x.len() + 1).fold(1.0, |a, v| a * 0.5 + v * a)
}

#[autodiff_reverse(d_copied, Duplicated, Active)]
#[autodiff_forward(t_copied, Dual, Dual)]
fn copied(x: &[f64]) -> f64 {
    x.iter().copied().map(f64::exp).sum::<f64>().ln()
}

// The largest element, with `max_by`.
#[autodiff_reverse(d_largest, Duplicated, Active)]
#[autodiff_forward(t_largest, Dual, Dual)]
fn largest(x: &[f64]) -> f64 {
    let largest = x.iter().max_by(|a, b| a.total_cmp(b)).unwrap();
    let smallest = x.iter().copied().min_by(|a, b| a.partial_cmp(b).unwrap()).unwrap();
    largest * largest * smallest
}

#[autodiff_reverse(d_folded_maximum, Duplicated, Active)]
#[autodiff_forward(t_folded_maximum, Dual, Dual)]
fn folded_maximum(x: &[f64]) -> f64 {
    let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    max + x.iter().map(|x| (x - max).exp()).sum::<f64>().ln()
}

// As long as a condition holds.
#[autodiff_reverse(d_taken_while, Duplicated, Active)]
#[autodiff_forward(t_taken_while, Dual, Dual)]
fn taken_while(x: &[f64]) -> f64 {
    x.iter().take_while(|v| v.abs() < 1.0).map(|v| v * v).sum::<f64>()
        + x.iter().skip_while(|v| v.abs() < 1.0).map(|v| v.sin()).sum::<f64>()
}

// A sequence that depends on its own last element.
#[autodiff_reverse(d_successors, Duplicated, Active)]
#[autodiff_forward(t_successors, Dual, Dual)]
fn successors(x: &[f64]) -> f64 {
    std::iter::successors(Some(x[0]), |a| Some(a * x[1] + x[2])).take(6).sum()
}

// A range as iterator that indexes.
#[autodiff_reverse(d_mapped_range, Duplicated, Active)]
#[autodiff_forward(t_mapped_range, Dual, Dual)]
fn mapped_range(x: &[f64]) -> f64 {
    (0..x.len()).map(|i| x[i] * x[(i + 1) % x.len()]).sum()
}

// Ranges nested in one another.
#[autodiff_reverse(d_nested_ranges, Duplicated, Active)]
#[autodiff_forward(t_nested_ranges, Dual, Dual)]
fn nested_ranges(x: &[f64]) -> f64 {
    (0..x.len()).map(|i| (0..=i).map(|j| x[j]).product::<f64>()).sum()
}

// `for_each`, with a variable of the function's own.
#[autodiff_reverse(d_for_each, Duplicated, Active)]
#[autodiff_forward(t_for_each, Dual, Dual)]
fn for_each(x: &[f64]) -> f64 {
    let mut sum = 1.0;
    x.iter().for_each(|v| sum = sum * v + 1.0);
    sum
}

// Until it fails.
#[autodiff_reverse(d_try_folded, Duplicated, Active)]
#[autodiff_forward(t_try_folded, Dual, Dual)]
fn try_folded(x: &[f64]) -> f64 {
    let sum =
        x.iter().try_fold(0.0, |sum, v| if *v > 1.0 { Err(sum * v) } else { Ok(sum + v * v) });
    match sum {
        Ok(sum) => sum,
        Err(sum) => sum * sum,
    }
}

// `next` by hand, and `while let`.
#[autodiff_reverse(d_by_hand, Duplicated, Active)]
#[autodiff_forward(t_by_hand, Dual, Dual)]
fn by_hand(x: &[f64]) -> f64 {
    let mut rest = x.iter();
    let mut value = *rest.next().unwrap();
    while let Some(v) = rest.next() {
        value = value * v + v;
    }
    value
}

#[autodiff_reverse(d_peeked, Duplicated, Active)]
#[autodiff_forward(t_peeked, Dual, Dual)]
fn peeked(x: &[f64]) -> f64 {
    let mut rest = x.iter().peekable();
    let mut sum = 0.0;
    while let Some(v) = rest.next() {
        sum += match rest.peek() {
            Some(next) => v * *next,
            None => v * v,
        };
    }
    sum
}

// Writing through `iter_mut`, into a local array.
#[autodiff_reverse(d_iter_mut, Duplicated, Active)]
#[autodiff_forward(t_iter_mut, Dual, Dual)]
fn iter_mut(x: &[f64]) -> f64 {
    let mut y = [0.0; 6];
    for (y, x) in y.iter_mut().zip(x) {
        *y = x * x;
    }
    for y in &mut y[1..] {
        *y += 1.0;
    }
    y.iter().product()
}

// Arrays by value: `map`, `into_iter`, `from_fn`.
#[autodiff_reverse(d_arrays, Duplicated, Active)]
#[autodiff_forward(t_arrays, Dual, Dual)]
fn arrays(x: &[f64]) -> f64 {
    let a: [f64; 4] = std::array::from_fn(|i| x[i] * x[i + 1]);
    let b = a.map(|a| a.sin());
    b.into_iter().zip(a).map(|(b, a)| b * a).sum()
}

// Split by a position that depends on the values.
#[autodiff_reverse(d_split_at_position, Duplicated, Active)]
#[autodiff_forward(t_split_at_position, Dual, Dual)]
fn split_at_position(x: &[f64]) -> f64 {
    let middle = x.iter().position(|v| *v > 1.0).unwrap_or(0);
    let (a, b) = x.split_at(middle);
    a.iter().sum::<f64>() * b.iter().map(|b| b * b).sum::<f64>()
}

// Unzipped into two sums.
#[autodiff_reverse(d_reduced, Duplicated, Active)]
#[autodiff_forward(t_reduced, Dual, Dual)]
fn reduced(x: &[f64]) -> f64 {
    let (a, b) = x.iter().fold((0.0, 1.0), |(a, b), v| (a + v, b * (1.0 + v * v)));
    a * x.iter().copied().reduce(|a, v| a * 0.5 + v).unwrap() / b
}

pub fn main() {
    let mut checks = Checks::new();
    checks.gradient("map_sum", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], map_sum, d_map_sum, t_map_sum);
    checks.gradient("zipped", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], zipped, d_zipped, t_zipped);
    checks.gradient(
        "zipped_three",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        zipped_three,
        d_zipped_three,
        t_zipped_three,
    );
    checks.gradient("windows", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], windows, d_windows, t_windows);
    checks.gradient(
        "rosenbrock",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        rosenbrock,
        d_rosenbrock,
        t_rosenbrock,
    );
    checks.gradient(
        "chunks_exact",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        chunks_exact,
        d_chunks_exact,
        t_chunks_exact,
    );
    checks.gradient(
        "chunks_with_remainder",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        chunks_with_remainder,
        d_chunks_with_remainder,
        t_chunks_with_remainder,
    );
    checks.gradient("chunks", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], chunks, d_chunks, t_chunks);
    checks.gradient("rchunks", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], rchunks, d_rchunks, t_rchunks);
    checks.gradient("welford", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], welford, d_welford, t_welford);
    checks.gradient("rfold", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], rfold, d_rfold, t_rfold);
    checks.gradient("scan", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], scan, d_scan, t_scan);
    checks.gradient(
        "reversed_and_enumerated",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        reversed_and_enumerated,
        d_reversed_and_enumerated,
        t_reversed_and_enumerated,
    );
    checks.gradient("stepped", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], stepped, d_stepped, t_stepped);
    checks.gradient(
        "skipped_and_taken",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        skipped_and_taken,
        d_skipped_and_taken,
        t_skipped_and_taken,
    );
    checks.gradient(
        "filtered",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        filtered,
        d_filtered,
        t_filtered,
    );
    checks.gradient(
        "filter_mapped",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        filter_mapped,
        d_filter_mapped,
        t_filter_mapped,
    );
    checks.gradient(
        "flat_mapped",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        flat_mapped,
        d_flat_mapped,
        t_flat_mapped,
    );
    checks.gradient("chained", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], chained, d_chained, t_chained);
    checks.gradient("cycled", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], cycled, d_cycled, t_cycled);
    checks.gradient("copied", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], copied, d_copied, t_copied);
    checks.gradient("largest", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], largest, d_largest, t_largest);
    checks.gradient(
        "folded_maximum",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        folded_maximum,
        d_folded_maximum,
        t_folded_maximum,
    );
    checks.gradient(
        "taken_while",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        taken_while,
        d_taken_while,
        t_taken_while,
    );
    checks.gradient(
        "successors",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        successors,
        d_successors,
        t_successors,
    );
    checks.gradient(
        "mapped_range",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        mapped_range,
        d_mapped_range,
        t_mapped_range,
    );
    checks.gradient(
        "nested_ranges",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        nested_ranges,
        d_nested_ranges,
        t_nested_ranges,
    );
    checks.gradient(
        "for_each",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        for_each,
        d_for_each,
        t_for_each,
    );
    checks.gradient(
        "try_folded",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        try_folded,
        d_try_folded,
        t_try_folded,
    );
    checks.gradient("by_hand", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], by_hand, d_by_hand, t_by_hand);
    checks.gradient("peeked", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], peeked, d_peeked, t_peeked);
    checks.gradient(
        "iter_mut",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        iter_mut,
        d_iter_mut,
        t_iter_mut,
    );
    checks.gradient("arrays", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], arrays, d_arrays, t_arrays);
    checks.gradient(
        "split_at_position",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        split_at_position,
        d_split_at_position,
        t_split_at_position,
    );
    checks.gradient("reduced", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], reduced, d_reduced, t_reduced);
    checks.finish(735);
}
