//! Check derivatives of functions in which three ways of control meet, of which two are told from each other by what only
//! they may load. Enzyme looks there on its way back, whatever way the program has taken.
//!
//! Each expected value is worked out by hand from the formula beside it.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

struct Node {
    is_leaf: bool,
    factor: f64,
    next: Option<Box<Node>>,
}

// x, x^2 or c x^3, and that squared
#[autodiff_reverse(d_kind, Active, Const, Active)]
#[autodiff_forward(t_kind, Dual, Const, Dual)]
fn kind(x: f64, node: Option<&Node>) -> f64 {
    kind_outlined(x, node)
}

#[inline(never)]
fn kind_outlined(x: f64, node: Option<&Node>) -> f64 {
    let y = match node {
        Some(node) if node.is_leaf => x * x,
        Some(node) => node.factor * x * x * x,
        None => x,
    };
    y * y
}

// The product, over a list, of x or of c x, up to the last.
#[autodiff_reverse(d_list, Active, Const, Active)]
#[autodiff_forward(t_list, Dual, Const, Dual)]
fn list(x: f64, mut node: Option<&Node>) -> f64 {
    let mut product = 1.0;
    for _ in 0..4 {
        product *= match node {
            Some(node) if node.is_leaf => x,
            Some(node) => node.factor * x,
            None => 1.0,
        };
        node = node.and_then(|node| node.next.as_deref());
    }
    product
}

// The sum of the elements at these places, or of their squares where the next place is the same: none where there is
// no such element.
#[autodiff_reverse(d_places, Duplicated, Const, Active)]
#[autodiff_forward(t_places, Dual, Const, Dual)]
fn places(x: &[f64], places: &[usize]) -> f64 {
    let mut sum = 0.0;
    for (i, &place) in places.iter().enumerate() {
        sum += match x.get(place) {
            Some(x) if places.get(i + 1) == Some(&place) => x * x,
            Some(x) => *x,
            None => 0.0,
        };
    }
    sum
}

enum Shape {
    Disc { radius: f64 },
    Ring { inner: f64, outer: Result<f64, f64> },
}

// r^2, or o^2 - i^2 with the outer radius, or with twice the inner one and some more.
#[autodiff_reverse(d_area, Duplicated, Active)]
#[autodiff_forward(t_area, Dual, Dual)]
fn area(shape: &Shape) -> f64 {
    area_outlined(shape)
}

#[inline(never)]
fn area_outlined(shape: &Shape) -> f64 {
    let (inner, outer) = match shape {
        Shape::Disc { radius } => (0.0, *radius),
        Shape::Ring { inner, outer: Ok(outer) } => (*inner, *outer),
        Shape::Ring { inner, outer: Err(more) } => (*inner, 2.0 * inner + more),
    };
    outer * outer - inner * inner
}

fn main() {
    let leaf = Node { is_leaf: true, factor: 0.0, next: None };
    let inner = Node { is_leaf: false, factor: 5.0, next: Some(Box::new(leaf)) };
    let x = black_box(2.0);
    exact("none", d_kind(x, None, 1.0), (4.0, 4.0));
    exact("leaf", d_kind(x, inner.next.as_deref(), 1.0), (16.0, 32.0));
    exact("inner", d_kind(x, Some(&inner), 1.0), (1600.0, 4800.0));
    exact("none, forward", t_kind(x, 1.0, None), (4.0, 4.0));
    exact("inner, forward", t_kind(x, 1.0, Some(&inner)), (1600.0, 4800.0));

    exact("empty list", d_list(x, None, 1.0), (1.0, 0.0));
    exact("list", d_list(x, Some(&inner), 1.0), (20.0, 20.0));
    exact("list, forward", t_list(x, 1.0, Some(&inner)), (20.0, 20.0));

    let (x, at) = (black_box([2.0, 3.0, 5.0]), black_box([0, 7, 2, 2, 9, 1]));
    let mut dx = [0.0; 3];
    exact("places", d_places(&x, &mut dx, &at, 1.0), 2.0 + 25.0 + 5.0 + 3.0);
    exact("places", dx, [1.0, 1.0, 11.0]);
    exact("places, forward", t_places(&x, &[1.0; 3], &at), (35.0, 13.0));

    let mut d = Shape::Disc { radius: 0.0 };
    exact("disc", d_area(&Shape::Disc { radius: 3.0 }, &mut d, 1.0), 9.0);
    assert!(matches!(d, Shape::Disc { radius: 6.0 }));
    let mut d = Shape::Ring { inner: 0.0, outer: Ok(0.0) };
    exact("ring", d_area(&Shape::Ring { inner: 3.0, outer: Ok(5.0) }, &mut d, 1.0), 16.0);
    assert!(matches!(d, Shape::Ring { inner: -6.0, outer: Ok(10.0) }));
    let mut d = Shape::Ring { inner: 0.0, outer: Err(0.0) };
    let ring = Shape::Ring { inner: 3.0, outer: Err(1.0) };
    exact("wide ring", d_area(&ring, &mut d, 1.0), 40.0);
    // 4 (2 i + m) - 2 i, and 2 (2 i + m)
    assert!(matches!(d, Shape::Ring { inner: 22.0, outer: Err(14.0) }));
    let along = Shape::Ring { inner: 1.0, outer: Err(1.0) };
    exact("wide ring, forward", t_area(&ring, &along), (40.0, 36.0));
}
