//! Check derivatives of functions whose iterators come from elsewhere than a slice: made of closures, of ranges, of
//! types of their own, returned and boxed. Each is compared with finite differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::iter;

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[autodiff_reverse(d_from_fn, Duplicated, Active)]
#[autodiff_forward(t_from_fn, Dual, Dual)]
fn from_fn(x: &[f64]) -> f64 {
    let (mut a, mut b) = (x[0], x[1]);
    let terms = iter::from_fn(|| {
        (a, b) = (b, a * x[2] + b * x[3]);
        Some(a)
    });
    terms.take(5).sum::<f64>() + x[4] * x[5]
}

#[autodiff_reverse(d_successors_until, Duplicated, Active)]
#[autodiff_forward(t_successors_until, Dual, Dual)]
fn successors_until(x: &[f64]) -> f64 {
    let halved = |v: &f64| if v.abs() > 0.1 { Some(v * 0.5 * x[0]) } else { None };
    iter::successors(Some(x[2] * x[5]), halved).zip(x).map(|(v, w)| v.sin() * w).sum()
}

#[autodiff_reverse(d_repeat, Duplicated, Active)]
#[autodiff_forward(t_repeat, Dual, Dual)]
fn repeat(x: &[f64]) -> f64 {
    iter::repeat(x[0] * x[1]).zip(x).map(|(a, b)| (a + b).sin()).sum()
}

#[autodiff_reverse(d_repeat_n, Duplicated, Active)]
#[autodiff_forward(t_repeat_n, Dual, Dual)]
fn repeat_n(x: &[f64]) -> f64 {
    let rows = iter::repeat_n(x.to_vec(), 3);
    rows.enumerate().map(|(i, row)| row.iter().map(|v| v.powi(i as i32 + 1)).sum::<f64>()).product()
}

#[autodiff_reverse(d_repeat_with, Duplicated, Active)]
#[autodiff_forward(t_repeat_with, Dual, Dual)]
fn repeat_with(x: &[f64]) -> f64 {
    let mut state = x[0];
    let states = iter::repeat_with(|| {
        state = state * x[1] + x[2];
        state
    });
    states.take(4).zip(&x[2..]).map(|(a, b)| a * b).sum()
}

#[autodiff_reverse(d_once, Duplicated, Active)]
#[autodiff_forward(t_once, Dual, Dual)]
fn once(x: &[f64]) -> f64 {
    let padded = iter::once(x[0] * x[0]).chain(x.iter().copied()).chain(iter::once(x[5].sin()));
    let padded: Vec<f64> = padded.chain(iter::empty()).collect();
    padded.windows(3).map(|w| w[0] * w[1] - w[2]).map(|v| v * v).sum()
}

#[autodiff_reverse(d_zip_function, Duplicated, Active)]
#[autodiff_forward(t_zip_function, Dual, Dual)]
fn zip_function(x: &[f64]) -> f64 {
    let mut y = [1.0; 6];
    for (y, x) in iter::zip(&mut y, x) {
        *y += x * x;
    }
    iter::zip(y, x).map(|(y, x)| x / y).sum()
}

#[autodiff_reverse(d_inclusive_ranges, Duplicated, Active)]
#[autodiff_forward(t_inclusive_ranges, Dual, Dual)]
fn inclusive_ranges(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for i in 1..=5 {
        for j in (0..=i - 1).rev() {
            sum += x[i] * x[j] / (i + j) as f64;
        }
    }
    sum
}

#[autodiff_reverse(d_range_as_grid, Duplicated, Active)]
#[autodiff_forward(t_range_as_grid, Dual, Dual)]
fn range_as_grid(x: &[f64]) -> f64 {
    let h = x[0] / 8.0;
    let grid = (0..=8).map(|i| f64::from(i) * h);
    grid.map(|t| (x[1] * t + x[2]).exp() * (x[3] + x[4] * t)).sum::<f64>() * h * x[5]
}

struct Newton<'a> {
    state: f64,
    coefficients: &'a [f64],
}

impl Iterator for Newton<'_> {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        let value = self.state.powi(3) + self.state - self.coefficients[0];
        self.state -= value / (3.0 * self.state * self.state + self.coefficients[1]);
        Some(self.state)
    }
}

#[autodiff_reverse(d_own_iterator, Duplicated, Active)]
#[autodiff_forward(t_own_iterator, Dual, Dual)]
fn own_iterator(x: &[f64]) -> f64 {
    Newton { state: x[2], coefficients: x }
        .take(4)
        .zip([1.0, 2.0, 3.0, 4.0])
        .map(|(a, b)| a * b)
        .sum()
}

struct Triangle(Vec<f64>, usize);

impl Iterator for Triangle {
    type Item = Vec<f64>;

    fn next(&mut self) -> Option<Vec<f64>> {
        self.1 += 1;
        self.0.get(..self.1).map(|row| row.to_vec())
    }
}

#[autodiff_reverse(d_own_iterator_of_vecs, Duplicated, Active)]
#[autodiff_forward(t_own_iterator_of_vecs, Dual, Dual)]
fn own_iterator_of_vecs(x: &[f64]) -> f64 {
    let rows = Triangle(x.iter().map(|v| v + 1.0).collect(), 0);
    rows.skip(1).map(|row| row.iter().product::<f64>()).sum()
}

struct Polynomial {
    coefficients: Vec<f64>,
}

impl<'a> IntoIterator for &'a Polynomial {
    type Item = &'a f64;
    type IntoIter = std::slice::Iter<'a, f64>;

    fn into_iter(self) -> Self::IntoIter {
        self.coefficients.iter()
    }
}

impl FromIterator<f64> for Polynomial {
    fn from_iter<I: IntoIterator<Item = f64>>(terms: I) -> Self {
        Polynomial { coefficients: terms.into_iter().collect() }
    }
}

#[autodiff_reverse(d_own_collection, Duplicated, Active)]
#[autodiff_forward(t_own_collection, Dual, Dual)]
fn own_collection(x: &[f64]) -> f64 {
    let polynomial: Polynomial = x.iter().map(|v| v * v).collect();
    let mut value = 0.0;
    for c in &polynomial {
        value = value * x[0] + c;
    }
    value
}

fn differences(x: &[f64], order: usize) -> impl Iterator<Item = f64> {
    x.iter().zip(&x[order..]).map(|(a, b)| b - a)
}

#[autodiff_reverse(d_returned_iterator, Duplicated, Active)]
#[autodiff_forward(t_returned_iterator, Dual, Dual)]
fn returned_iterator(x: &[f64]) -> f64 {
    differences(x, 1).zip(differences(x, 2)).map(|(a, b)| a * b * b).sum()
}

fn weights<'a>(x: &'a [f64], kind: usize) -> Box<dyn Iterator<Item = f64> + 'a> {
    match kind {
        0 => Box::new(x.iter().copied()),
        1 => Box::new(x.iter().rev().map(|v| v * v)),
        _ => Box::new(iter::successors(Some(1.0), |w| Some(w * x[0]))),
    }
}

#[autodiff_reverse(d_boxed_iterator, Duplicated, Active)]
#[autodiff_forward(t_boxed_iterator, Dual, Dual)]
fn boxed_iterator(x: &[f64]) -> f64 {
    (0..3).map(|kind| weights(x, kind).zip(x).map(|(w, v)| w * v.sin()).sum::<f64>()).sum()
}

#[autodiff_reverse(d_dyn_iterator, Duplicated, Active)]
#[autodiff_forward(t_dyn_iterator, Dual, Dual)]
fn dyn_iterator(x: &[f64]) -> f64 {
    fn total(terms: &mut dyn Iterator<Item = f64>) -> f64 {
        let mut sum = 0.0;
        for v in terms {
            sum = 0.5 * sum + v * v;
        }
        sum
    }
    total(&mut x.iter().map(|v| v.exp())) + total(&mut x.iter().rev().copied())
}

#[autodiff_reverse(d_array_by_value, Duplicated, Active)]
#[autodiff_forward(t_array_by_value, Dual, Dual)]
fn array_by_value(x: &[f64]) -> f64 {
    let squares: [f64; 6] = std::array::from_fn(|i| x[i] * x[5 - i] + x[i]);
    let [a, .., b] = squares.map(f64::tanh);
    squares.into_iter().rev().enumerate().map(|(i, v)| v * i as f64).sum::<f64>() * a + b
}

#[autodiff_reverse(d_each_ref, Duplicated, Active)]
#[autodiff_forward(t_each_ref, Dual, Dual)]
fn each_ref(x: &[f64]) -> f64 {
    let mut list = [x[0], x[1] * x[2], x[3]];
    for v in list.each_mut() {
        *v *= x[4];
    }
    let [a, b, c] = list.each_ref();
    a * b + c.sin() * x[5]
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("from_fn", &x, from_fn, d_from_fn, t_from_fn);
    checks.gradient(
        "successors_until",
        &x,
        successors_until,
        d_successors_until,
        t_successors_until,
    );
    checks.gradient("repeat", &x, repeat, d_repeat, t_repeat);
    checks.gradient("repeat_n", &x, repeat_n, d_repeat_n, t_repeat_n);
    checks.gradient("repeat_with", &x, repeat_with, d_repeat_with, t_repeat_with);
    checks.gradient("once", &x, once, d_once, t_once);
    checks.gradient("zip_function", &x, zip_function, d_zip_function, t_zip_function);
    checks.gradient(
        "inclusive_ranges",
        &x,
        inclusive_ranges,
        d_inclusive_ranges,
        t_inclusive_ranges,
    );
    checks.gradient("range_as_grid", &x, range_as_grid, d_range_as_grid, t_range_as_grid);
    checks.gradient("own_iterator", &[0.9, 1.2, 0.7], own_iterator, d_own_iterator, t_own_iterator);
    checks.gradient(
        "own_iterator_of_vecs",
        &x,
        own_iterator_of_vecs,
        d_own_iterator_of_vecs,
        t_own_iterator_of_vecs,
    );
    checks.gradient("own_collection", &x, own_collection, d_own_collection, t_own_collection);
    checks.gradient(
        "returned_iterator",
        &x,
        returned_iterator,
        d_returned_iterator,
        t_returned_iterator,
    );
    checks.gradient("boxed_iterator", &x, boxed_iterator, d_boxed_iterator, t_boxed_iterator);
    checks.gradient("dyn_iterator", &x, dyn_iterator, d_dyn_iterator, t_dyn_iterator);
    checks.gradient("array_by_value", &x, array_by_value, d_array_by_value, t_array_by_value);
    checks.gradient("each_ref", &x, each_ref, d_each_ref, t_each_ref);
    checks.finish(348);
}
