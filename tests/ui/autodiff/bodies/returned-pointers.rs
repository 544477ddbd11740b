//! Check derivatives of functions that call others for a pointer into what they are passed, and then read and
//! write through it. Neither side is inlined.

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

#[inline(never)]
fn larger<'a>(a: &'a mut f64, b: &'a mut f64) -> &'a mut f64 {
    if *a > *b { a } else { b }
}

#[inline(never)]
fn square_larger(a: &mut f64, b: &mut f64) {
    let place = larger(a, b);
    *place *= *place;
}

#[autodiff_reverse(d_of_two, Duplicated, Active)]
#[autodiff_forward(t_of_two, Dual, Dual)]
fn of_two(x: &[f64]) -> f64 {
    let (mut a, mut b) = (x[0] * x[0], x[1]);
    square_larger(&mut a, &mut b);
    square_larger(&mut b, &mut a);
    a * b + x[2] * a
}

struct Grid {
    values: [f64; 6],
    columns: usize,
}

impl Grid {
    #[inline(never)]
    fn at(&mut self, row: usize, column: usize) -> &mut f64 {
        &mut self.values[row * self.columns + column]
    }

    #[inline(never)]
    fn get(&self, row: usize, column: usize) -> &f64 {
        &self.values[row * self.columns + column]
    }

    #[inline(never)]
    fn row(&mut self, row: usize) -> (&mut [f64], usize) {
        let columns = self.columns;
        (&mut self.values[row * columns..][..columns], columns)
    }

    #[inline(never)]
    fn smooth(&mut self) {
        for column in 1..self.columns {
            let left = *self.get(0, column - 1);
            *self.at(0, column) += left * left;
            *self.at(1, column) *= left;
        }
    }

    #[inline(never)]
    fn scale(&mut self, factor: f64) {
        let (row, columns) = self.row(1);
        for x in row {
            *x *= factor * columns as f64;
        }
    }

    #[inline(never)]
    fn sum(&self) -> f64 {
        (0..self.columns).map(|column| self.get(0, column) * self.get(1, column)).sum()
    }
}

#[autodiff_reverse(d_grid, Duplicated, Active)]
#[autodiff_forward(t_grid, Dual, Dual)]
fn grid(x: &[f64]) -> f64 {
    let mut grid = Grid { values: std::array::from_fn(|i| x[i % x.len()] + i as f64), columns: 3 };
    grid.smooth();
    grid.scale(x[1]);
    grid.smooth();
    grid.sum()
}

#[inline(never)]
fn find<'a>(terms: &'a mut [(usize, f64)], key: usize) -> Option<&'a mut f64> {
    terms.iter_mut().find(|term| term.0 == key).map(|term| &mut term.1)
}

#[inline(never)]
fn add(terms: &mut [(usize, f64)], key: usize, x: f64) -> bool {
    match find(terms, key) {
        Some(place) => {
            *place = *place * x + x;
            true
        }
        None => false,
    }
}

#[autodiff_reverse(d_found, Duplicated, Active)]
#[autodiff_forward(t_found, Dual, Dual)]
fn found(x: &[f64]) -> f64 {
    let mut terms = [(3, x[0]), (5, x[1] * x[1]), (8, 1.0)];
    let mut count = 0;
    for (i, x) in x.iter().enumerate() {
        count += usize::from(add(&mut terms, [5, 8, 4, 3][i % 4], *x));
    }
    terms.iter().map(|(key, x)| *key as f64 * x * x).sum::<f64>() * count as f64
}

// One of two buffers, neither of them the caller's.
#[inline(never)]
fn fill(even: &mut Vec<f64>, odd: &mut Vec<f64>, x: &[f64]) {
    for (i, x) in x.iter().enumerate() {
        let buffer = if i % 2 == 0 { &mut *even } else { &mut *odd };
        buffer.push(x * x);
        let last = buffer.len() - 1;
        buffer[last / 2] *= *x;
    }
}

#[autodiff_reverse(d_buffers, Duplicated, Active)]
#[autodiff_forward(t_buffers, Dual, Dual)]
fn buffers(x: &[f64]) -> f64 {
    let (mut even, mut odd) = (vec![], vec![x[0]]);
    fill(&mut even, &mut odd, x);
    fill(&mut odd, &mut even, &x[1..]);
    even.iter().sum::<f64>() * odd.iter().map(|x| x.sin()).sum::<f64>()
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [1.3, 0.7, -0.4, 0.9];
    checks.gradient("of_two", &x[..3], of_two, d_of_two, t_of_two);
    checks.gradient("grid", &x, grid, d_grid, t_grid);
    checks.gradient("found", &x, found, d_found, t_found);
    checks.gradient("buffers", &x, buffers, d_buffers, t_buffers);
    checks.finish(57);
}
