//! Check derivatives of functions that build lists and trees of boxes. Each is compared with finite
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

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

// Built and taken apart by recursion.
struct Node {
    value: f64,
    next: Option<Box<Node>>,
}

fn list_of(x: &[f64]) -> Option<Box<Node>> {
    let (first, rest) = x.split_first()?;
    Some(Box::new(Node { value: first * first + 1.0, next: list_of(rest) }))
}

fn product(list: &Option<Box<Node>>) -> f64 {
    match list {
        None => 1.0,
        Some(node) => node.value * product(&node.next),
    }
}

#[autodiff_reverse(d_list, Duplicated, Active)]
#[autodiff_forward(t_list, Dual, Dual)]
fn list(x: &[f64]) -> f64 {
    product(&list_of(x))
}

// Built and walked in a loop.
#[autodiff_reverse(d_pushed_front, Duplicated, Active)]
#[autodiff_forward(t_pushed_front, Dual, Dual)]
fn pushed_front(x: &[f64]) -> f64 {
    let mut list = None;
    for x in x {
        list = Some(Box::new(Node { value: x.sin(), next: list }));
    }
    let mut sum = 0.5;
    let mut rest = &list;
    while let Some(node) = rest {
        sum = sum * node.value + 1.0;
        rest = &node.next;
    }
    sum
}

// Which node is where depends on the values.
struct Tree {
    value: f64,
    left: Option<Box<Tree>>,
    right: Option<Box<Tree>>,
}

fn insert(tree: Option<Box<Tree>>, value: f64) -> Option<Box<Tree>> {
    let Some(mut tree) = tree else {
        return Some(Box::new(Tree { value, left: None, right: None }));
    };
    if value < tree.value {
        tree.left = insert(tree.left.take(), value);
    } else {
        tree.right = insert(tree.right.take(), value);
    }
    Some(tree)
}

fn evaluate(tree: &Option<Box<Tree>>) -> f64 {
    match tree {
        None => 1.0,
        Some(tree) => tree.value * evaluate(&tree.left) + evaluate(&tree.right).sin(),
    }
}

#[autodiff_reverse(d_search_tree, Duplicated, Active)]
#[autodiff_forward(t_search_tree, Dual, Dual)]
fn search_tree(x: &[f64]) -> f64 {
    let mut tree = None;
    for x in x {
        tree = insert(tree, *x);
    }
    evaluate(&tree)
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("list", &x, list, d_list, t_list);
    checks.gradient("pushed_front", &x, pushed_front, d_pushed_front, t_pushed_front);
    checks.gradient("search_tree", &x, search_tree, d_search_tree, t_search_tree);
    checks.finish(63);
}
