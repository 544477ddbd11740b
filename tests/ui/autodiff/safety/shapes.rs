//! Check that safe code cannot make a derivative go where a shadow has nothing, whatever the shape of the shadow: with
//! types that hold themselves, through many pointers, where the primal frees or grows what its caller owns, and with enums
//! whose variants have something else where there is a float.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ needs-unwind (catches panics)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0
//@[release] compile-flags: -Copt-level=3

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::panic;

#[path = "../auxiliary/check.rs"]
mod check;
use check::{exact, panic_of};

enum Expr {
    Leaf(f64),
    Sum(Vec<Expr>),
    Product(Box<(Expr, Expr)>),
}

#[autodiff_reverse(d_evaluate, Duplicated, Active)]
#[autodiff_forward(t_evaluate, Dual, Dual)]
fn evaluate(e: &Expr) -> f64 {
    match e {
        Expr::Leaf(x) => *x,
        Expr::Sum(terms) => terms.iter().map(evaluate).sum(),
        Expr::Product(factors) => evaluate(&factors.0) * evaluate(&factors.1),
    }
}

/// x (y + z)
fn expr([x, y, z]: [f64; 3]) -> Expr {
    Expr::Product(Box::new((Expr::Leaf(x), Expr::Sum(vec![Expr::Leaf(y), Expr::Leaf(z)]))))
}

fn leaves(e: &Expr) -> Vec<f64> {
    match e {
        Expr::Leaf(x) => vec![*x],
        Expr::Sum(terms) => terms.iter().flat_map(leaves).collect(),
        Expr::Product(factors) => [leaves(&factors.0), leaves(&factors.1)].concat(),
    }
}

type Deep = Box<Vec<Box<Vec<Box<[Vec<f64>]>>>>>;

fn deep(values: Vec<f64>) -> Deep {
    Box::new(vec![Box::new(vec![Box::new([values]) as Box<[_]>])])
}

#[autodiff_reverse(d_sum, Duplicated, Active)]
fn sum(d: &Deep) -> f64 {
    d[0][0][0].iter().map(|x| x * x).sum()
}

#[autodiff_reverse(d_take, Duplicated, Active)]
fn take(slices: &mut Vec<Box<[f64]>>) -> f64 {
    slices.pop().unwrap().iter().product()
}

#[autodiff_reverse(d_next, Duplicated, Active)]
fn next(list: &mut std::vec::IntoIter<f64>) -> f64 {
    list.next().unwrap_or(1.0) * list.next().unwrap_or(1.0)
}

#[autodiff_reverse(d_push, Duplicated, Active, Active)]
fn push(list: &mut Vec<f64>, x: f64) -> f64 {
    list.push(x);
    list[0] * x
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Setting {
    Level(f64),
    Flags([bool; 16]),
}

#[autodiff_reverse(d_level, Duplicated, Active)]
fn level(settings: &[Setting]) -> f64 {
    match settings[0] {
        Setting::Level(x) => x * x,
        Setting::Flags(flags) => flags[0] as u8 as f64,
    }
}

// A gradient for which there is no place is lost.
#[autodiff_reverse(d_optional, Duplicated, Active)]
fn optional(x: &[Option<f64>; 2]) -> f64 {
    x[0].unwrap_or(1.0) * x[1].unwrap_or(1.0)
}

#[track_caller]
fn panics(want: &str, f: impl FnOnce() -> f64) {
    let got = panic_of(f);
    assert!(got.contains(want), "{want}: {got}");
}

pub fn main() {
    panic::set_hook(Box::new(|_| ()));

    let (e, mut shadow) = (expr([2.0, 3.0, 5.0]), expr([0.0; 3]));
    exact("evaluate", d_evaluate(&e, &mut shadow, 1.0), 16.0);
    exact("evaluate", leaves(&shadow), vec![8.0, 2.0, 2.0]);
    exact("evaluate", t_evaluate(&e, &expr([1.0, 10.0, 100.0])), (16.0, 8.0 + 220.0));
    panics("another variant", || d_evaluate(&e, &mut Expr::Leaf(0.0), 1.0));
    let short = || Expr::Product(Box::new((Expr::Leaf(0.0), Expr::Sum(vec![Expr::Leaf(0.0)]))));
    panics("its length is 1, and must be at least 2", || d_evaluate(&e, &mut short(), 1.0));
    panics("its length is 1, and must be at least 2", || t_evaluate(&e, &short()).1);
    let mut longer = expr([0.0; 3]);
    let Expr::Product(factors) = &mut longer else { unreachable!() };
    factors.1 = Expr::Sum(vec![Expr::Leaf(0.0), Expr::Leaf(0.0), Expr::Sum(vec![])]);
    exact("longer", d_evaluate(&e, &mut longer, 1.0), 16.0);
    exact("longer", leaves(&longer), vec![8.0, 2.0, 2.0]);

    let (d, mut shadow) = (deep(vec![2.0, 3.0]), deep(vec![0.0; 2]));
    exact("sum", d_sum(&d, &mut shadow, 1.0), 13.0);
    exact("sum", &shadow[0][0][0], &vec![4.0, 6.0]);
    panics("its length is 1, and must be at least 2", || d_sum(&d, &mut deep(vec![0.0]), 1.0));
    panics("its length is 0, and must be at least 1", || d_sum(&d, &mut Box::new(vec![]), 1.0));

    // The primal frees it, and so is the shadow.
    let new = |n: usize| vec![vec![1.0; n].into_boxed_slice()];
    exact("take", d_take(&mut new(3), &mut new(3), 1.0), 1.0);
    panics("is longer than what it is the shadow of", || d_take(&mut new(3), &mut new(4), 1.0));
    panics("must be at least 3", || d_take(&mut new(3), &mut new(2), 1.0));

    let list = |n: usize| vec![2.0; n].into_iter();
    let mut shadow = vec![0.0; 2].into_iter();
    exact("next", d_next(&mut list(2), &mut shadow, 1.0), 4.0);
    exact("next", shadow.len(), 0);
    panics("of another capacity", || d_next(&mut list(2), &mut list(3), 1.0));
    let mut shorter = list(2);
    shorter.next();
    panics("its length is 1, and must be at least 2", || d_next(&mut list(2), &mut shorter, 1.0));

    // A seed for what the primal pushes.
    let (mut values, mut shadow) = (Vec::with_capacity(2), vec![0.0, 7.0]);
    values.push(3.0);
    exact("push", d_push(&mut values, &mut shadow, 5.0, 1.0), (15.0, 3.0 + 7.0));
    exact("push", shadow[0], 5.0);
    let mut values = Vec::with_capacity(2);
    values.push(3.0);
    panics("has elements for which the value has no capacity", || {
        d_push(&mut values, &mut vec![0.0; 3], 5.0, 1.0).1
    });
    exact("not touched", values, vec![3.0]);

    let on = [Setting::Flags([true; 16])];
    let (at, mut shadow) = ([Setting::Level(3.0)], [Setting::Level(0.0)]);
    exact("level", d_level(&at, &mut shadow, 1.0), 9.0);
    exact("level", shadow[0], Setting::Level(6.0));
    panics("another variant of `Setting`", || d_level(&at, &mut on.clone(), 1.0));
    panics("another variant of `Setting`", || d_level(&on, &mut at.clone(), 1.0));

    let mut shadow = [None, Some(0.0)];
    exact("optional", d_optional(&[Some(2.0), Some(3.0)], &mut shadow, 1.0), 6.0);
    exact("optional", shadow, [None, Some(2.0)]);
}
