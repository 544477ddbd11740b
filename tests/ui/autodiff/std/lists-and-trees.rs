//! Check derivatives of functions that build lists and trees of boxes other than those in `bodies/boxes.rs`, change
//! and evaluate them. Each is compared with finite differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::ops::ControlFlow;

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

struct Node {
    value: f64,
    next: Option<Box<Node>>,
}

fn list_of(x: &[f64]) -> Option<Box<Node>> {
    x.iter().rev().fold(None, |next, v| Some(Box::new(Node { value: *v, next })))
}

#[autodiff_reverse(d_list_reversed, Duplicated, Active)]
#[autodiff_forward(t_list_reversed, Dual, Dual)]
fn list_reversed(x: &[f64]) -> f64 {
    let (mut rest, mut reversed) = (list_of(x), None);
    while let Some(mut node) = rest {
        rest = node.next.take();
        node.next = reversed;
        reversed = Some(node);
    }
    let mut value = 0.0;
    while let Some(node) = reversed {
        value = 0.5 * value + node.value.sin();
        reversed = node.next;
    }
    value
}

#[autodiff_reverse(d_list_changed, Duplicated, Active)]
#[autodiff_forward(t_list_changed, Dual, Dual)]
fn list_changed(x: &[f64]) -> f64 {
    let mut list = list_of(x);
    let mut cursor = &mut list;
    let mut last = 1.0;
    while let Some(node) = cursor {
        node.value *= last + 0.5;
        last = node.value;
        cursor = &mut node.next;
    }
    *cursor = Some(Box::new(Node { value: last * last, next: None }));
    let mut sum = 0.0;
    let mut rest = list.as_deref();
    while let Some(node) = rest {
        sum += node.value * node.value;
        rest = node.next.as_deref();
    }
    sum
}

#[autodiff_reverse(d_list_inserted, Duplicated, Active)]
#[autodiff_forward(t_list_inserted, Dual, Dual)]
fn list_inserted(x: &[f64]) -> f64 {
    let mut list: Option<Box<Node>> = None;
    for v in x {
        let mut cursor = &mut list;
        while cursor.as_ref().is_some_and(|node| node.value < *v) {
            cursor = &mut cursor.as_mut().unwrap().next;
        }
        let next = cursor.take();
        *cursor = Some(Box::new(Node { value: *v, next }));
    }
    let nodes = std::iter::successors(list.as_ref(), |node| node.next.as_ref());
    nodes.enumerate().map(|(i, node)| (i + 1) as f64 * node.value.powi(2)).sum()
}

enum List {
    Cons(f64, Box<List>),
    Nil,
}

#[autodiff_reverse(d_list_as_enum, Duplicated, Active)]
#[autodiff_forward(t_list_as_enum, Dual, Dual)]
fn list_as_enum(x: &[f64]) -> f64 {
    use List::{Cons, Nil};

    fn product(list: &List) -> f64 {
        match list {
            Cons(v, rest) => v * product(rest) + 1.0,
            Nil => 0.5,
        }
    }
    product(&x.iter().fold(Nil, |list, v| Cons(v.exp(), Box::new(list))))
}

#[derive(Default)]
struct Tree {
    root: Option<Box<Branch>>,
    size: usize,
}

struct Branch {
    key: i32,
    value: f64,
    left: Option<Box<Branch>>,
    right: Option<Box<Branch>>,
}

impl Tree {
    fn entry(&mut self, key: i32) -> &mut f64 {
        let mut place = &mut self.root;
        while place.as_ref().is_some_and(|branch| branch.key != key) {
            let branch = place.as_mut().unwrap();
            place = if key < branch.key { &mut branch.left } else { &mut branch.right };
        }
        if place.is_none() {
            self.size += 1;
        }
        let new = || Box::new(Branch { key, value: 1.0, left: None, right: None });
        &mut place.get_or_insert_with(new).value
    }
}

#[autodiff_reverse(d_tree_of_options, Duplicated, Active)]
#[autodiff_forward(t_tree_of_options, Dual, Dual)]
fn tree_of_options(x: &[f64]) -> f64 {
    fn depth_first(branch: &Option<Box<Branch>>, depth: i32) -> f64 {
        let Some(branch) = branch else { return 0.5 };
        let below = depth_first(&branch.left, depth + 1) * depth_first(&branch.right, depth + 1);
        branch.value.sin() + f64::from(depth) * below
    }
    let mut tree = Tree::default();
    for (key, v) in [4, 2, 6, 1, 2, 7].into_iter().zip(x) {
        *tree.entry(key) *= v + 0.5;
    }
    depth_first(&tree.root, 1) * tree.size as f64
}

#[autodiff_reverse(d_lists_merged, Duplicated, Active)]
#[autodiff_forward(t_lists_merged, Dual, Dual)]
fn lists_merged(x: &[f64]) -> f64 {
    fn merge(a: Option<Box<Node>>, b: Option<Box<Node>>) -> Option<Box<Node>> {
        match (a, b) {
            (Some(mut a), Some(b)) if a.value < b.value => {
                a.next = merge(a.next.take(), Some(b));
                Some(a)
            }
            (a, Some(mut b)) => {
                b.next = merge(a, b.next.take());
                Some(b)
            }
            (a, None) => a,
        }
    }
    let merged = merge(list_of(&x[1..4]), list_of(&x[4..]));
    let nodes = std::iter::successors(merged.as_deref(), |node| node.next.as_deref());
    nodes.fold(x[0], |value, node| value * 0.5 + node.value.exp())
}

#[derive(Default)]
struct Trie {
    value: Option<f64>,
    children: [Option<Box<Trie>>; 2],
}

#[autodiff_reverse(d_trie, Duplicated, Active)]
#[autodiff_forward(t_trie, Dual, Dual)]
fn trie(x: &[f64]) -> f64 {
    fn sum(trie: &Trie) -> f64 {
        let below: f64 = trie.children.iter().flatten().map(|child| sum(child)).sum();
        trie.value.unwrap_or(1.5) * (1.0 + below)
    }
    let mut root = Trie::default();
    for (word, v) in ["a", "ba", "bb", "aab", "abb", "b"].into_iter().zip(x) {
        let mut node = &mut root;
        for letter in word.bytes() {
            node = node.children[usize::from(letter - b'a')].get_or_insert_default();
        }
        node.value = Some(v.sin());
    }
    sum(&root)
}

enum Decision {
    Leaf(f64),
    Split { index: usize, sides: [Box<Decision>; 2] },
}

// Built from the values that it is asked about.
#[autodiff_reverse(d_decision_tree, Duplicated, Active)]
#[autodiff_forward(t_decision_tree, Dual, Dual)]
fn decision_tree(x: &[f64]) -> f64 {
    fn build(x: &[f64]) -> Decision {
        match x {
            [] => Decision::Leaf(1.0),
            [v] => Decision::Leaf(v * v),
            _ => {
                let (a, b) = x.split_at(x.len() / 2);
                Decision::Split { index: a.len(), sides: [Box::new(build(a)), Box::new(build(b))] }
            }
        }
    }
    fn ask(decision: &Decision, x: &[f64]) -> f64 {
        match decision {
            Decision::Leaf(value) => *value,
            Decision::Split { index, sides: [left, right] } => {
                let weight = 1.0 / (1.0 + (-x[*index]).exp());
                weight * ask(left, x) + (1.0 - weight) * ask(right, x)
            }
        }
    }
    ask(&build(x), x)
}

// A visitor that a callback stops.
#[autodiff_reverse(d_visitor, Duplicated, Active)]
#[autodiff_forward(t_visitor, Dual, Dual)]
fn visitor(x: &[f64]) -> f64 {
    fn visit(
        node: &Option<Box<Node>>,
        f: &mut dyn FnMut(f64) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Some(node) = node else { return ControlFlow::Continue(()) };
        f(node.value)?;
        visit(&node.next, f)
    }
    let list = list_of(x);
    let mut product = 1.0;
    let mut step = |v: f64| {
        product *= v + 2.0;
        if product > 6.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let stopped = visit(&list, &mut step).is_break();
    product * if stopped { x[5] } else { x[4] }
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("list_reversed", &x, list_reversed, d_list_reversed, t_list_reversed);
    checks.gradient("list_changed", &x, list_changed, d_list_changed, t_list_changed);
    checks.gradient("list_inserted", &x, list_inserted, d_list_inserted, t_list_inserted);
    checks.gradient("list_as_enum", &x, list_as_enum, d_list_as_enum, t_list_as_enum);
    checks.gradient("tree_of_options", &x, tree_of_options, d_tree_of_options, t_tree_of_options);
    checks.gradient("lists_merged", &x, lists_merged, d_lists_merged, t_lists_merged);
    checks.gradient("trie", &x, trie, d_trie, t_trie);
    checks.gradient("decision_tree", &x, decision_tree, d_decision_tree, t_decision_tree);
    checks.gradient("visitor", &x, visitor, d_visitor, t_visitor);
    checks.finish(189);
}
