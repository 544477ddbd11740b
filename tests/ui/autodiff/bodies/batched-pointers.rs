//! Check that a derivative with several shadows in reverse mode has the pointers that the primal had, where these are
//! loaded in one place of a function and used in another, and something else is there afterwards. Each is compared with
//! the derivative with one shadow, and with the closed form.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0
//@[release] compile-flags: -Copt-level=3

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;
use std::cell::Cell;
use std::hint::black_box;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

// While a `Vec` grows, its elements are in one place after another.
#[autodiff_reverse(d_grown, Duplicated, Duplicated)]
#[autodiff_reverse(d_grown_2, 2, Duplicated, Duplicated)]
fn grown(x: &[f64], out: &mut [f64; 2]) {
    let mut pairs = vec![];
    for (i, x) in x.iter().enumerate() {
        pairs.push((*x, i));
    }
    *out = [0.0; 2];
    for (x, i) in pairs.iter() {
        out[i % 2] += (i + 1) as f64 * x;
    }
}

#[inline(never)]
fn exchange<T>(pair: &mut [&mut T; 2]) {
    let [a, b] = pair;
    std::mem::swap(a, b);
}

#[autodiff_reverse(d_branches, Duplicated, Duplicated)]
#[autodiff_reverse(d_branches_2, 2, Duplicated, Duplicated)]
fn branches(x: &[f64], out: &mut [f64; 2]) {
    let [mut a, mut b] = [[0.0; 3]; 2];
    let mut pair = [&mut a, &mut b];
    for &x in x {
        let first = &mut *pair[0];
        first[0] += x;
        for i in 1..3 {
            first[i] += first[i - 1] * i as f64;
        }
        if x > 2.5 { first[0] += 2.0 * first[1] } else { first[1] += 3.0 * first[2] }
        exchange(&mut pair);
    }
    *out = [a[0] + a[1] + a[2], b[0] + b[1] + b[2]];
}

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

struct Two<'a> {
    a: &'a mut [f64],
    b: &'a mut [f64],
}

#[inline(never)]
fn swap(two: &mut Two<'_>) {
    std::mem::swap(&mut two.a, &mut two.b);
}

// One of two that are loaded.
#[autodiff_reverse(d_chosen, Duplicated, Duplicated)]
#[autodiff_reverse(d_chosen_2, 2, Duplicated, Duplicated)]
fn chosen(x: &[f64], out: &mut [f64; 2]) {
    let [mut a, mut b] = [[0.0; 2]; 2];
    let mut two = Two { a: &mut a, b: &mut b };
    for &x in x {
        let one = if x > 2.5 {
            COUNT.set(COUNT.get() + 1);
            &mut two.a[0]
        } else {
            COUNT.set(COUNT.get() + 2);
            &mut two.b[0]
        };
        *one += x * x;
        *one *= 2.0;
        swap(&mut two);
    }
    *out = [a[0], b[0]];
}

#[autodiff_reverse(d_boxes, Duplicated, Duplicated)]
#[autodiff_reverse(d_boxes_2, 2, Duplicated, Duplicated)]
fn boxes(x: &[f64], out: &mut [f64; 2]) {
    let mut boxes = [Box::new(0.0), Box::new(0.0)];
    for i in 0..x.len() {
        if i % 2 == 0 {
            boxes[0] = Box::new(x[i] * *boxes[1]);
        }
        *boxes[0] += x[i] * x[i];
        boxes.swap(0, 1);
    }
    *out = [*boxes[0], *boxes[1]];
}

struct Node {
    value: f64,
    next: Option<Box<Node>>,
}

// Walks through a list that is turned round while it is walked through.
#[autodiff_reverse(d_list, Duplicated, Duplicated)]
#[autodiff_reverse(d_list_2, 2, Duplicated, Duplicated)]
fn list(x: &[f64], out: &mut [f64; 2]) {
    let mut list = None;
    for &value in x {
        list = Some(Box::new(Node { value, next: list }));
    }
    let mut turned = None;
    while let Some(mut node) = list {
        list = node.next.take();
        node.value *= node.value;
        node.next = turned;
        turned = Some(node);
    }
    let (mut factor, mut sum) = (1.0, 0.0);
    let mut at = &turned;
    while let Some(node) = at {
        sum += factor * node.value;
        factor += 1.0;
        at = &node.next;
    }
    *out = [sum, 2.0 * sum];
}

// What is one of two pointers is used in the block in which it becomes that, and in one after it.
#[autodiff_reverse(d_turned_2, 2, Const, Active)]
fn turned(x: &[f64; 2]) -> f64 {
    let mut all = [0.0f64; 2];
    let mut pairs: Vec<_> = x.iter().enumerate().map(|(i, x)| (i as u64, x.clone())).collect();
    let drained: Vec<_> = pairs.drain(..pairs.len() / 2).collect();
    pairs.extend(drained);
    pairs.reverse();
    for pair in pairs.iter() {
        let (i, x) = (pair.0 as usize, &pair.1);
        all[i] = *x;
    }
    2.0 * all[0] + 3.0 * all[1]
}

type One = fn(&[f64], &mut [f64], &mut [f64; 2], &mut [f64; 2]);
type Several = fn(
    &[f64],
    &mut [f64],
    &mut [f64],
    &mut [f64; 2],
    &mut [f64; 2],
    &mut [f64; 2],
);

fn compare(name: &str, one: One, two: Several, x: &[f64], want: [&[f64]; 2]) {
    let mut gradients = [(); 2].map(|_| vec![0.0; x.len()]);
    let [a, b] = &mut gradients;
    two(x, a, b, &mut [0.0; 2], &mut [1.0, 0.0], &mut [1.0, 3.0]);
    for (i, (gradient, mut seed)) in gradients.iter().zip([[1.0, 0.0], [1.0, 3.0]]).enumerate() {
        let mut alone = vec![0.0; x.len()];
        one(x, &mut alone, &mut [0.0; 2], &mut seed);
        exact(name, &alone[..], want[i]);
        exact(&format!("{name}, shadow {i}"), &gradient[..], want[i]);
    }
}

pub fn main() {
    let x = black_box([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
    compare("grown", d_grown, d_grown_2, &x, [
        &[1.0, 0.0, 3.0, 0.0, 5.0, 0.0, 7.0, 0.0, 9.0],
        &[1.0, 6.0, 3.0, 12.0, 5.0, 18.0, 7.0, 24.0, 9.0],
    ]);
    let x = &x[..4];
    // a0 = x0, a1 = x0, a2 = 2 x0, a1 = 7 x0; then a0 = x0 + x2, a1 = 8 x0 + x2, a2 = 18 x0 + 2 x2, a0 = 17 x0 + 3 x2. In
    // b the same of x1 and x3.
    compare("branches", d_branches, d_branches_2, x, [
        &[43.0, 0.0, 6.0, 0.0],
        &[43.0, 129.0, 6.0, 18.0],
    ]);
    // Round 0 adds to b, round 1 to a, which is in the place of b then; round 2 to a, and round 3 to b. So b is
    // 4 x0^2 + 2 x3^2, twice what was before, and a is 4 x1^2 + 2 x2^2.
    compare("chosen", d_chosen, d_chosen_2, x, [
        &[0.0, 16.0, 12.0, 0.0],
        &[24.0, 16.0, 12.0, 48.0],
    ]);
    // b0 = x0 * 0 + x0^2; b1 = x1^2; then b0 = x2 b1 + x2^2, b1 += x3^2.
    compare("boxes", d_boxes, d_boxes_2, x, [
        &[0.0, 12.0, 10.0, 0.0],
        &[0.0, 24.0, 10.0, 24.0],
    ]);
    // The sum of (i + 1) x_i^2, and with 2 times that three times.
    compare("list", d_list, d_list_2, x, [
        &[2.0, 8.0, 18.0, 32.0],
        &[14.0, 56.0, 126.0, 224.0],
    ]);
    exact("turned", d_turned_2(&[1.0, 2.0], 1.0), 8.0);
}
