//! Check derivatives of functions that move floats around in memory: rotations, swaps, copies,
//! sorting, shared and counted places. Each is compared with finite differences.

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

// A vector rotated.
#[autodiff_reverse(d_rotated, Duplicated, Active)]
#[autodiff_forward(t_rotated, Dual, Dual)]
fn rotated(x: &[f64]) -> f64 {
    let mut y = x.to_vec();
    y.rotate_left(2);
    y.iter().enumerate().map(|(i, v)| (i + 1) as f64 * v * v).sum()
}

// An array rotated, and a part of it back.
#[autodiff_reverse(d_rotated_array, Duplicated, Active)]
#[autodiff_forward(t_rotated_array, Dual, Dual)]
fn rotated_array(x: &[f64]) -> f64 {
    let mut y = [0.0; 6];
    y.copy_from_slice(x);
    y.rotate_right(1);
    y[1..5].rotate_left(1);
    y.iter().enumerate().map(|(i, v)| (i + 1) as f64 * v * v).sum()
}

// Structs of three floats, rotated and swapped.
#[autodiff_reverse(d_rotated_structs, Duplicated, Active)]
#[autodiff_forward(t_rotated_structs, Dual, Dual)]
fn rotated_structs(x: &[f64]) -> f64 {
    #[derive(Clone, Copy)]
    struct P {
        a: f64,
        b: f64,
        c: f64,
    }

    let mut y: Vec<P> = x.windows(3).map(|w| P { a: w[0], b: w[1], c: w[2] }).collect();
    y.rotate_left(1);
    y.swap(0, 2);
    y.iter().enumerate().map(|(i, v)| (i + 1) as f64 * v.a * v.b + v.c).sum()
}

// Arrays by `mem::swap`, in turn.
#[autodiff_reverse(d_swapped_arrays, Duplicated, Active)]
#[autodiff_forward(t_swapped_arrays, Dual, Dual)]
fn swapped_arrays(x: &[f64]) -> f64 {
    fn sw(a: &mut [f64; 3], b: &mut [f64; 3]) {
        std::mem::swap(a, b);
        a[0] *= 2.0;
    }

    let mut a = [x[0], x[1], x[2]];
    let mut b = [x[3], x[4], x[5]];
    for _ in 0..3 {
        sw(&mut a, &mut b);
    }
    a[0] * a[1] + b[0] * b[2] + a[2]
}

// A delay line by `mem::replace`, emptied by `mem::take`.
#[autodiff_reverse(d_replaced, Duplicated, Active)]
#[autodiff_forward(t_replaced, Dual, Dual)]
fn replaced(x: &[f64]) -> f64 {
    fn rot(s: &mut [f64; 4], v: f64) -> [f64; 4] {
        std::mem::replace(s, [v, s[0], s[1], s[2]])
    }

    let mut s = [1.0; 4];
    let mut t = 0.0;
    for &v in x {
        let o = rot(&mut s, v);
        t += o[0] * s[0] + o[1] * s[3];
    }
    let z = std::mem::take(&mut s);
    t + z[1] * z[2] + s[0]
}

// `swap_with_slice`, and the vectors themselves.
#[autodiff_reverse(d_swapped_slices, Duplicated, Active)]
#[autodiff_forward(t_swapped_slices, Dual, Dual)]
fn swapped_slices(x: &[f64]) -> f64 {
    let mut a = x[..3].to_vec();
    let mut b = x[3..].to_vec();
    a.swap_with_slice(&mut b);
    std::mem::swap(&mut a, &mut b);
    a[0] *= 3.0;
    a.swap_with_slice(&mut b);
    a[0] * b[0] + a[1] * a[1] + b[2]
}

// Changed in place, by pairs and by fours.
#[autodiff_reverse(d_changed_by_chunks, Duplicated, Active)]
#[autodiff_forward(t_changed_by_chunks, Dual, Dual)]
fn changed_by_chunks(x: &[f64]) -> f64 {
    let mut y = x.to_vec();
    for c in y.chunks_exact_mut(2) {
        let t = c[0];
        c[0] = c[1] * t;
        c[1] = t.sin();
    }
    for c in y.chunks_mut(4) {
        c[0] *= c[1];
    }
    y.iter().sum()
}

// Two halves that change each other.
#[autodiff_reverse(d_changed_by_halves, Duplicated, Active)]
#[autodiff_forward(t_changed_by_halves, Dual, Dual)]
fn changed_by_halves(x: &[f64]) -> f64 {
    let mut y = x.to_vec();
    let (a, b) = y.split_at_mut(3);
    for (p, q) in a.iter_mut().zip(b.iter_mut()) {
        *p *= *q;
        *q += *p;
    }
    a[0] * b[1] + b[2] * a[1]
}

// Copied within itself.
#[autodiff_reverse(d_copied_within, Duplicated, Active)]
#[autodiff_forward(t_copied_within, Dual, Dual)]
fn copied_within(x: &[f64]) -> f64 {
    let mut y = x.to_vec();
    y.copy_within(0..4, 2);
    y[0] = y[5] * y[2];
    y.copy_within(3.., 0);
    y.iter().enumerate().map(|(i, v)| (i + 1) as f64 * v * v).sum()
}

// Filled with what depends on it.
#[autodiff_reverse(d_filled_with_a_product, Duplicated, Active)]
#[autodiff_forward(t_filled_with_a_product, Dual, Dual)]
fn filled_with_a_product(x: &[f64]) -> f64 {
    let mut y = x.to_vec();
    y[1..4].fill(x[0] * x[5]);
    y[2] *= 3.0;
    y.iter().enumerate().map(|(i, v)| (i + 1) as f64 * v * v).sum()
}

// Sorted in place.
#[autodiff_reverse(d_sorted_unstably, Duplicated, Active)]
#[autodiff_forward(t_sorted_unstably, Dual, Dual)]
fn sorted_unstably(x: &[f64]) -> f64 {
    let mut y = x.to_vec();
    y.sort_unstable_by(|a, b| a.partial_cmp(b).unwrap());
    y.iter().enumerate().map(|(i, v)| (i + 1) as f64 * v * v).sum()
}

// The third smallest.
#[autodiff_reverse(d_selected, Duplicated, Active)]
#[autodiff_forward(t_selected, Dual, Dual)]
fn selected(x: &[f64]) -> f64 {
    let mut y = x.to_vec();
    let (_, m, _) = y.select_nth_unstable_by(2, |a, b| a.partial_cmp(b).unwrap());
    let m = *m;
    m * m + x[0] * m
}

// Quicksort by hand.
#[autodiff_reverse(d_quicksort, Duplicated, Active)]
#[autodiff_forward(t_quicksort, Dual, Dual)]
fn quicksort(x: &[f64]) -> f64 {
    fn qs(a: &mut [f64]) {
        if a.len() < 2 {
            return;
        }
        let p = a[a.len() - 1];
        let mut i = 0;
        for j in 0..a.len() - 1 {
            if a[j] < p {
                a.swap(i, j);
                i += 1;
            }
        }
        let l = a.len() - 1;
        a.swap(i, l);
        let (u, v) = a.split_at_mut(i);
        qs(u);
        qs(&mut v[1..]);
    }

    let mut y = x.to_vec();
    qs(&mut y);
    y.iter().enumerate().map(|(i, v)| (i + 1) as f64 * v * v).sum()
}

// Merge sort by hand, which makes vectors.
#[autodiff_reverse(d_merge_sort, Duplicated, Active)]
#[autodiff_forward(t_merge_sort, Dual, Dual)]
fn merge_sort(x: &[f64]) -> f64 {
    fn sort(x: &[f64]) -> Vec<f64> {
        if x.len() <= 1 {
            return x.to_vec();
        }
        let (a, b) = x.split_at(x.len() / 2);
        let (a, b) = (sort(a), sort(b));
        let (mut i, mut j) = (0, 0);
        let mut r = Vec::with_capacity(x.len());
        while i < a.len() && j < b.len() {
            if a[i] <= b[j] {
                r.push(a[i]);
                i += 1
            } else {
                r.push(b[j]);
                j += 1
            }
        }
        r.extend_from_slice(&a[i..]);
        r.extend_from_slice(&b[j..]);
        r
    }

    sort(x).iter().enumerate().map(|(i, v)| (i + 1) as f64 * v * v).sum()
}

// Points as arrays in a vector, two by two.
#[autodiff_reverse(d_pairwise, Duplicated, Active)]
#[autodiff_forward(t_pairwise, Dual, Dual)]
fn pairwise(x: &[f64]) -> f64 {
    let p: Vec<[f64; 3]> = x.windows(3).map(|w| [w[0], w[1], w[2]]).collect();
    let mut e = 0.0;
    for i in 0..p.len() {
        for j in i + 1..p.len() {
            let d: f64 = p[i].iter().zip(&p[j]).map(|(a, b)| (a - b) * (a - b)).sum();
            e += 1.0 / (d + 0.1).sqrt();
        }
    }
    e
}

// A boxed slice, changed and cloned.
#[autodiff_reverse(d_boxed_slice, Duplicated, Active)]
#[autodiff_forward(t_boxed_slice, Dual, Dual)]
fn boxed_slice(x: &[f64]) -> f64 {
    let mut b: Box<[f64]> = x.iter().map(|v| v * 2.0).collect();
    for i in 1..b.len() {
        b[i] *= b[i - 1];
    }
    let c = b.clone();
    c.iter().zip(b.iter()).map(|(a, b)| a * b).sum()
}

// A moving average over a `VecDeque`.
#[autodiff_reverse(d_moving_average, Duplicated, Active)]
#[autodiff_forward(t_moving_average, Dual, Dual)]
fn moving_average(x: &[f64]) -> f64 {
    use std::collections::VecDeque;

    let mut d: VecDeque<f64> = VecDeque::with_capacity(3);
    let mut s = 0.0;
    for &v in x {
        if d.len() == 3 {
            d.pop_front();
        }
        d.push_back(v);
        s += d.iter().sum::<f64>() / d.len() as f64 * v;
    }
    s + d[0] * d[1]
}

// `Cow` of a slice.
#[autodiff_reverse(d_borrowed_or_owned, Duplicated, Active)]
#[autodiff_forward(t_borrowed_or_owned, Dual, Dual)]
fn borrowed_or_owned(x: &[f64]) -> f64 {
    use std::borrow::Cow;

    fn norm(x: &[f64], k: f64) -> Cow<'_, [f64]> {
        if k > 0.0 { Cow::Owned(x.iter().map(|v| v * k).collect()) } else { Cow::Borrowed(x) }
    }

    let a = norm(&x[1..], x[0]);
    let b = norm(x, -1.0);
    let mut c = a.clone();
    c.to_mut()[0] *= 2.0;
    a.iter().zip(b.iter()).map(|(a, b)| a * b).sum::<f64>() + c[0] * c[1]
}

// A `Cell` that two `Rc` share.
#[autodiff_reverse(d_counted_cell, Duplicated, Active)]
#[autodiff_forward(t_counted_cell, Dual, Dual)]
fn counted_cell(x: &[f64]) -> f64 {
    use std::cell::Cell;
    use std::rc::Rc;

    let c = Rc::new(Cell::new(0.5));
    let d = c.clone();
    for v in x {
        d.set(d.get() * v + 1.0);
    }
    c.get() * x[0]
}

// A vector in a `RefCell`.
#[autodiff_reverse(d_vector_in_a_refcell, Duplicated, Active)]
#[autodiff_forward(t_vector_in_a_refcell, Dual, Dual)]
fn vector_in_a_refcell(x: &[f64]) -> f64 {
    use std::cell::RefCell;

    let c = RefCell::new(x.to_vec());
    for i in 1..x.len() {
        let p = c.borrow()[i - 1];
        c.borrow_mut()[i] *= p;
    }
    let b = c.borrow();
    b.iter().sum::<f64>() + b[1] * b[2]
}

// A buffer used for intermediate values, again and again.
#[autodiff_reverse(d_scratch, Duplicated, Active)]
#[autodiff_forward(t_scratch, Dual, Dual)]
fn scratch(x: &[f64]) -> f64 {
    fn smooth(a: &mut [f64], s: &mut [f64]) {
        let n = a.len();
        s[..n].copy_from_slice(a);
        for i in 1..n - 1 {
            a[i] = 0.25 * s[i - 1] + 0.5 * s[i] + 0.25 * s[i + 1] * s[i];
        }
    }

    let mut a = x.to_vec();
    let mut s = vec![0.0; 10];
    for _ in 0..4 {
        smooth(&mut a, &mut s);
        s[0] = a[1];
        a[0] *= s[0];
    }
    a.iter().map(|v| v * v).sum()
}

pub fn main() {
    let mut checks = Checks::new();
    checks.gradient("rotated", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], rotated, d_rotated, t_rotated);
    checks.gradient(
        "rotated_array",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        rotated_array,
        d_rotated_array,
        t_rotated_array,
    );
    checks.gradient(
        "rotated_structs",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        rotated_structs,
        d_rotated_structs,
        t_rotated_structs,
    );
    checks.gradient(
        "swapped_arrays",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        swapped_arrays,
        d_swapped_arrays,
        t_swapped_arrays,
    );
    checks.gradient(
        "replaced",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        replaced,
        d_replaced,
        t_replaced,
    );
    checks.gradient(
        "swapped_slices",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        swapped_slices,
        d_swapped_slices,
        t_swapped_slices,
    );
    checks.gradient(
        "changed_by_chunks",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        changed_by_chunks,
        d_changed_by_chunks,
        t_changed_by_chunks,
    );
    checks.gradient(
        "changed_by_halves",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        changed_by_halves,
        d_changed_by_halves,
        t_changed_by_halves,
    );
    checks.gradient(
        "copied_within",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        copied_within,
        d_copied_within,
        t_copied_within,
    );
    checks.gradient(
        "filled_with_a_product",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        filled_with_a_product,
        d_filled_with_a_product,
        t_filled_with_a_product,
    );
    checks.gradient(
        "sorted_unstably",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        sorted_unstably,
        d_sorted_unstably,
        t_sorted_unstably,
    );
    checks.gradient(
        "selected",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        selected,
        d_selected,
        t_selected,
    );
    checks.gradient(
        "quicksort",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        quicksort,
        d_quicksort,
        t_quicksort,
    );
    checks.gradient(
        "merge_sort",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        merge_sort,
        d_merge_sort,
        t_merge_sort,
    );
    checks.gradient(
        "pairwise",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        pairwise,
        d_pairwise,
        t_pairwise,
    );
    checks.gradient(
        "boxed_slice",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        boxed_slice,
        d_boxed_slice,
        t_boxed_slice,
    );
    checks.gradient(
        "moving_average",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        moving_average,
        d_moving_average,
        t_moving_average,
    );
    checks.gradient(
        "borrowed_or_owned",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        borrowed_or_owned,
        d_borrowed_or_owned,
        t_borrowed_or_owned,
    );
    checks.gradient(
        "counted_cell",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        counted_cell,
        d_counted_cell,
        t_counted_cell,
    );
    checks.gradient(
        "vector_in_a_refcell",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        vector_in_a_refcell,
        d_vector_in_a_refcell,
        t_vector_in_a_refcell,
    );
    checks.gradient("scratch", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], scratch, d_scratch, t_scratch);
    checks.finish(441);
}
