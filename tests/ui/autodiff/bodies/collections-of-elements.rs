//! Check derivatives of functions that move the elements of a `Vec` around: elements of a float and something else,
//! of arrays, of `Vec`s, which are copied, zeroed, inserted, taken out. Each is compared with finite differences.

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

#[derive(Clone, Copy, Default)]
struct Item {
    count: u32,
    value: f64,
    good: bool,
}

fn items(x: &[f64]) -> Vec<Item> {
    let item = |(i, x): (usize, &f64)| Item { count: i as u32 + 1, value: x * x, good: i % 2 == 0 };
    x.iter().enumerate().map(item).collect()
}

fn sum_of(items: &[Item]) -> f64 {
    let weight = |item: &Item| if item.good { f64::from(item.count) } else { 0.5 };
    items.iter().enumerate().map(|(i, item)| (i + 1) as f64 * weight(item) * item.value.sin()).sum()
}

#[autodiff_reverse(d_zeroed_arrays, Duplicated, Active)]
#[autodiff_forward(t_zeroed_arrays, Dual, Dual)]
fn zeroed_arrays(x: &[f64]) -> f64 {
    let mut points = vec![[0.0; 3]; x.len()];
    for (i, x) in x.iter().enumerate() {
        points[i * 5 % 6][i % 3] += x * x;
        points[i][0] += x;
    }
    points.iter().map(|p| p[0] * p[1] + p[2].sin() + p[0]).sum()
}

#[autodiff_reverse(d_zeroed_matrix, Duplicated, Active)]
#[autodiff_forward(t_zeroed_matrix, Dual, Dual)]
fn zeroed_matrix(x: &[f64]) -> f64 {
    let n = x.len();
    let mut rows = vec![vec![0.0; n]; n];
    for i in 0..n {
        for j in 0..=i {
            rows[i][j] = x[i] * x[j] + 1.0;
        }
    }
    (0..n).map(|i| rows[i].iter().sum::<f64>() * rows[n - 1][i]).sum()
}

#[autodiff_reverse(d_default_structs, Duplicated, Active)]
#[autodiff_forward(t_default_structs, Dual, Dual)]
fn default_structs(x: &[f64]) -> f64 {
    let mut list = vec![Item::default(); x.len()];
    for (i, x) in x.iter().enumerate() {
        list[5 - i].value += x.exp();
        list[5 - i].count = i as u32;
        list[i].good = i > 2;
    }
    sum_of(&list)
}

#[autodiff_reverse(d_zeroed_pairs, Duplicated, Active)]
#[autodiff_forward(t_zeroed_pairs, Dual, Dual)]
fn zeroed_pairs(x: &[f64]) -> f64 {
    let mut pairs = vec![(0u32, 0.0f64); x.len()];
    for (i, x) in x.iter().enumerate() {
        let pair = &mut pairs[i % 4];
        *pair = (pair.0 + 1, pair.1 * 0.5 + x * x);
    }
    pairs.iter().map(|(n, y)| f64::from(*n) * y.sin()).sum()
}

#[autodiff_reverse(d_resized_with_arrays, Duplicated, Active)]
#[autodiff_forward(t_resized_with_arrays, Dual, Dual)]
fn resized_with_arrays(x: &[f64]) -> f64 {
    let mut points = vec![[x[0], x[1]]; 2];
    points.resize(5, [0.0, 0.0]);
    points.resize(6, [x[2], x[3]]);
    points.resize_with(8, || [x[4] * x[4], 1.0]);
    points.truncate(7);
    points.iter().enumerate().map(|(i, p)| (i + 1) as f64 * (p[0] * p[0] + p[1].sin())).sum()
}

// Anew in each round.
#[autodiff_reverse(d_zeroed_in_a_loop, Duplicated, Active)]
#[autodiff_forward(t_zeroed_in_a_loop, Dual, Dual)]
fn zeroed_in_a_loop(x: &[f64]) -> f64 {
    let mut state = [x[0], x[1], x[2]];
    for _ in 0..3 {
        let mut next = [[0.0; 2]; 3];
        for i in 0..3 {
            next[i][i % 2] += state[i] * x[3];
            next[(i + 1) % 3][1] += state[i].sin();
        }
        state = next.map(|[a, b]| a + b * b);
    }
    state.iter().sum()
}

#[autodiff_reverse(d_filled, Duplicated, Active)]
#[autodiff_forward(t_filled, Dual, Dual)]
fn filled(x: &[f64]) -> f64 {
    let mut list = items(x);
    list[1..3].fill(Item { count: 9, value: x[4] * x[5], good: true });
    list[4..].fill(Item::default());
    list[3..4].fill_with(|| Item { value: x[1] * 2.0, ..Item::default() });
    sum_of(&list) + x[3]
}

#[autodiff_reverse(d_copied, Duplicated, Active)]
#[autodiff_forward(t_copied, Dual, Dual)]
fn copied(x: &[f64]) -> f64 {
    let list = items(x);
    let mut copy = list.to_vec();
    copy.extend_from_slice(&list[2..]);
    copy.extend_from_within(..2);
    copy.copy_within(1..4, 5);
    copy[7..9].clone_from_slice(&list[4..]);
    sum_of(&copy)
}

#[autodiff_reverse(d_concatenated, Duplicated, Active)]
#[autodiff_forward(t_concatenated, Dual, Dual)]
fn concatenated(x: &[f64]) -> f64 {
    let list = items(x);
    let all = [&list[..2], &list[3..], &list[1..4]].concat();
    let joined = [&x[..2], &x[2..3]].join(&x[5]);
    let repeated = list[..2].repeat(3);
    sum_of(&all) * sum_of(&repeated) + joined.iter().product::<f64>()
}

#[autodiff_reverse(d_rotated, Duplicated, Active)]
#[autodiff_forward(t_rotated, Dual, Dual)]
fn rotated(x: &[f64]) -> f64 {
    let mut list = items(x);
    list.rotate_left(2);
    list[1..].rotate_right(3);
    list.reverse();
    list.swap(0, 4);
    sum_of(&list)
}

#[autodiff_reverse(d_inserted_and_removed, Duplicated, Active)]
#[autodiff_forward(t_inserted_and_removed, Dual, Dual)]
fn inserted_and_removed(x: &[f64]) -> f64 {
    let mut list = items(x);
    let first = list.remove(1);
    list.insert(3, first);
    list.insert(0, Item { value: x[2].exp(), ..first });
    let other = list.swap_remove(2);
    list.push(other);
    let last = list.pop().unwrap();
    sum_of(&list) + last.value * x[0]
}

#[autodiff_reverse(d_split_and_drained, Duplicated, Active)]
#[autodiff_forward(t_split_and_drained, Dual, Dual)]
fn split_and_drained(x: &[f64]) -> f64 {
    let mut list = items(x);
    let mut end = list.split_off(2);
    let taken: Vec<Item> = end.drain(1..3).collect();
    end.append(&mut list);
    end.splice(1..2, taken.iter().copied().chain([Item::default()]));
    sum_of(&end) + sum_of(&taken)
}

#[autodiff_reverse(d_retained, Duplicated, Active)]
#[autodiff_forward(t_retained, Dual, Dual)]
fn retained(x: &[f64]) -> f64 {
    let mut list = items(x);
    list.retain(|item| item.value > 0.2);
    list.retain_mut(|item| {
        item.value *= x[0];
        item.count != 4
    });
    list.dedup_by_key(|item| item.good);
    sum_of(&list) + x[4]
}

#[derive(Clone)]
struct Row {
    name: String,
    values: Vec<(usize, f64)>,
    scale: f64,
}

fn rows(x: &[f64]) -> Vec<Row> {
    let row = |i: usize| Row {
        name: "x".repeat(i + 1),
        values: x[i..].iter().map(|x| x * x).enumerate().collect(),
        scale: x[i],
    };
    (0..3).map(row).collect()
}

fn sum_of_rows(rows: &[Row]) -> f64 {
    let sum = |row: &Row| row.values.iter().map(|(i, y)| (i + 1) as f64 * y).sum::<f64>();
    rows.iter().map(|row| row.name.len() as f64 * row.scale.sin() * sum(row)).sum()
}

#[autodiff_reverse(d_nested_and_cloned, Duplicated, Active)]
#[autodiff_forward(t_nested_and_cloned, Dual, Dual)]
fn nested_and_cloned(x: &[f64]) -> f64 {
    let mut rows = rows(x);
    let mut copies = rows.clone();
    copies[1].values[0].1 *= x[5];
    rows[0] = copies[2].clone();
    rows[2].clone_from(&copies[1]);
    rows.extend(copies);
    rows.insert(1, rows[3].clone());
    sum_of_rows(&rows)
}

#[autodiff_reverse(d_nested_and_flattened, Duplicated, Active)]
#[autodiff_forward(t_nested_and_flattened, Dual, Dual)]
fn nested_and_flattened(x: &[f64]) -> f64 {
    let rows = rows(x);
    let parts: Vec<Vec<(usize, f64)>> = rows.iter().map(|row| row.values.clone()).collect();
    let all = parts.concat();
    all.iter().enumerate().map(|(n, (i, y))| (n + i + 1) as f64 * y.sin()).sum()
}

#[autodiff_reverse(d_taken, Duplicated, Active)]
#[autodiff_forward(t_taken, Dual, Dual)]
fn taken(x: &[f64]) -> f64 {
    let mut list = items(x);
    let mut other = std::mem::take(&mut list);
    list.extend(other.iter().rev().take(3));
    std::mem::swap(&mut list, &mut other);
    let boxed: Box<[Item]> = other.into_boxed_slice();
    list.extend(boxed.into_vec());
    sum_of(&list)
}

#[autodiff_reverse(d_from_arrays, Duplicated, Active)]
#[autodiff_forward(t_from_arrays, Dual, Dual)]
fn from_arrays(x: &[f64]) -> f64 {
    let list = Vec::from([(1u8, x[0]), (2, x[1] * x[2]), (3, x[3])]);
    let array: [(u8, f64); 3] = list.clone().try_into().unwrap();
    let made: [(u8, f64); 4] = std::array::from_fn(|i| (i as u8, x[i] * x[5]));
    let sum = |list: &[(u8, f64)]| list.iter().map(|(n, y)| f64::from(*n) * y.sin()).sum::<f64>();
    sum(&list) * sum(&array) + sum(&made)
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("zeroed_arrays", &x, zeroed_arrays, d_zeroed_arrays, t_zeroed_arrays);
    checks.gradient("zeroed_matrix", &x, zeroed_matrix, d_zeroed_matrix, t_zeroed_matrix);
    checks.gradient("default_structs", &x, default_structs, d_default_structs, t_default_structs);
    checks.gradient("zeroed_pairs", &x, zeroed_pairs, d_zeroed_pairs, t_zeroed_pairs);
    checks.gradient(
        "resized_with_arrays",
        &x,
        resized_with_arrays,
        d_resized_with_arrays,
        t_resized_with_arrays,
    );
    checks.gradient(
        "zeroed_in_a_loop",
        &x,
        zeroed_in_a_loop,
        d_zeroed_in_a_loop,
        t_zeroed_in_a_loop,
    );
    checks.gradient("filled", &x, filled, d_filled, t_filled);
    checks.gradient("copied", &x, copied, d_copied, t_copied);
    checks.gradient("concatenated", &x, concatenated, d_concatenated, t_concatenated);
    checks.gradient("rotated", &x, rotated, d_rotated, t_rotated);
    checks.gradient(
        "inserted_and_removed",
        &x,
        inserted_and_removed,
        d_inserted_and_removed,
        t_inserted_and_removed,
    );
    checks.gradient(
        "split_and_drained",
        &x,
        split_and_drained,
        d_split_and_drained,
        t_split_and_drained,
    );
    checks.gradient("retained", &x, retained, d_retained, t_retained);
    checks.gradient(
        "nested_and_cloned",
        &x,
        nested_and_cloned,
        d_nested_and_cloned,
        t_nested_and_cloned,
    );
    checks.gradient(
        "nested_and_flattened",
        &x,
        nested_and_flattened,
        d_nested_and_flattened,
        t_nested_and_flattened,
    );
    checks.gradient("taken", &x, taken, d_taken, t_taken);
    checks.gradient("from_arrays", &x, from_arrays, d_from_arrays, t_from_arrays);
    checks.finish(357);
}
