//! Check derivatives of functions that hand on functions, closures and generic iterators, and keep them. Each is
//! compared with finite differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::ops::RangeInclusive;

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

trait Statistics: Iterator<Item = f64> + Sized {
    fn variance(self) -> f64 {
        let (n, sum, squares) =
            self.fold((0.0, 0.0, 0.0), |(n, s, q), v| (n + 1.0, s + v, q + v * v));
        squares / n - (sum / n) * (sum / n)
    }

    fn running(self) -> Running<Self> {
        Running { inner: self, sum: 0.0 }
    }
}

impl<I: Iterator<Item = f64>> Statistics for I {}

struct Running<I> {
    inner: I,
    sum: f64,
}

impl<I: Iterator<Item = f64>> Iterator for Running<I> {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        self.sum = 0.5 * self.sum + self.inner.next()?;
        Some(self.sum)
    }
}

#[autodiff_reverse(d_extended_iterators, Duplicated, Active)]
#[autodiff_forward(t_extended_iterators, Dual, Dual)]
fn extended_iterators(x: &[f64]) -> f64 {
    x.iter().copied().variance() * x.iter().map(|v| v.exp()).running().variance() + x[0]
}

#[autodiff_reverse(d_table_of_functions, Duplicated, Active)]
#[autodiff_forward(t_table_of_functions, Dual, Dual)]
fn table_of_functions(x: &[f64]) -> f64 {
    fn logistic(v: f64) -> f64 {
        1.0 / (1.0 + (-v).exp())
    }
    const TABLE: [(&str, fn(f64) -> f64); 3] =
        [("logistic", logistic), ("sine", f64::sin), ("square", |v| v * v)];
    let mut value = 0.5;
    for (i, v) in x.iter().enumerate() {
        let (name, f) = TABLE[i % 3];
        value = f(value + v) * name.len() as f64 * 0.2;
    }
    value
}

#[autodiff_reverse(d_once_functions, Duplicated, Active)]
#[autodiff_forward(t_once_functions, Dual, Dual)]
fn once_functions(x: &[f64]) -> f64 {
    let mut tasks: Vec<Box<dyn FnOnce(&mut Vec<f64>) + '_>> = vec![];
    for (i, v) in x.iter().enumerate() {
        let owned = vec![*v; i + 1];
        tasks.push(Box::new(move |log| log.push(owned.iter().sum::<f64>() * v)));
    }
    let mut log = vec![];
    for task in tasks {
        task(&mut log);
    }
    log.iter().zip(x.iter().rev()).map(|(a, b)| a * b).sum()
}

// An argument by a range, a default and a closure that changes what it holds.
#[autodiff_reverse(d_closures, Duplicated, Active)]
#[autodiff_forward(t_closures, Dual, Dual)]
fn closures(x: &[f64]) -> f64 {
    fn integral(f: impl Fn(f64) -> f64, range: RangeInclusive<f64>, n: usize) -> f64 {
        let h = (range.end() - range.start()) / n as f64;
        (0..n).map(|i| f(range.start() + (i as f64 + 0.5) * h)).sum::<f64>() * h
    }
    let mut calls = 0;
    let mut memory = vec![None; 3];
    let mut cached = |i: usize| {
        calls += 1;
        *memory[i % 3].get_or_insert_with(|| integral(|t| (t * x[i]).cos(), x[1]..=x[2], 8))
    };
    let sum: f64 = (0..6).map(|i| cached(i) * x[i]).sum();
    sum * f64::from(calls)
}

// A closure by each of the traits.
#[autodiff_reverse(d_closure_traits, Duplicated, Active)]
#[autodiff_forward(t_closure_traits, Dual, Dual)]
fn closure_traits(x: &[f64]) -> f64 {
    fn by_ref(f: &impl Fn(f64) -> f64, v: f64) -> f64 {
        f(f(v))
    }
    fn by_mut(mut f: impl FnMut(f64), list: &[f64]) {
        list.iter().for_each(|v| f(*v));
    }
    fn once<R>(f: impl FnOnce() -> R) -> R {
        f()
    }
    let (scale, mut sum, owned) = (x[0], 1.0, x.to_vec());
    by_mut(|v| sum = sum * scale + v, &x[1..]);
    let doubled = once(move || owned.into_iter().map(|v| v * v).collect::<Vec<f64>>());
    by_ref(&|v| v * doubled[2] + sum.sin(), x[5])
}

#[autodiff_reverse(d_closures_in_a_struct, Duplicated, Active)]
#[autodiff_forward(t_closures_in_a_struct, Dual, Dual)]
fn closures_in_a_struct(x: &[f64]) -> f64 {
    struct Problem<F, G> {
        value: F,
        slope: G,
    }
    impl<F: Fn(f64) -> f64, G: Fn(f64) -> f64> Problem<F, G> {
        fn newton(&self, mut v: f64) -> f64 {
            for _ in 0..4 {
                v -= (self.value)(v) / (self.slope)(v);
            }
            v
        }
    }
    let value = |v: f64| v * v * v + (1.0 + x[0]) * v - x[2];
    let slope = |v: f64| 3.0 * v * v + 1.0 + x[0];
    Problem { value, slope }.newton(x[3]) * x[5] + Problem { value: f64::sin, slope }.newton(x[4])
}

#[autodiff_reverse(d_recursive_closures, Duplicated, Active)]
#[autodiff_forward(t_recursive_closures, Dual, Dual)]
fn recursive_closures(x: &[f64]) -> f64 {
    struct Again<'a> {
        body: &'a dyn Fn(&Again<'_>, usize) -> f64,
    }
    let body = |again: &Again<'_>, n: usize| match n {
        0 => x[0],
        1 => x[1],
        _ => (again.body)(again, n - 1) * x[n] + (again.body)(again, n - 2).sin(),
    };
    body(&Again { body: &body }, 5)
}

#[autodiff_reverse(d_generic_sums, Duplicated, Active)]
#[autodiff_forward(t_generic_sums, Dual, Dual)]
fn generic_sums(x: &[f64]) -> f64 {
    fn total<'a, T, I>(terms: I) -> T
    where
        T: Copy + 'a + std::iter::Sum<&'a T> + std::ops::Mul<Output = T>,
        I: IntoIterator<Item = &'a T>,
    {
        let sum: T = terms.into_iter().sum();
        sum * sum
    }
    let counts = total([1usize, 2, 3].iter());
    total::<f64, _>(x) * counts as f64 + total::<f64, _>(&x[2..4]) * x[0]
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient(
        "extended_iterators",
        &x,
        extended_iterators,
        d_extended_iterators,
        t_extended_iterators,
    );
    checks.gradient(
        "table_of_functions",
        &x,
        table_of_functions,
        d_table_of_functions,
        t_table_of_functions,
    );
    checks.gradient("once_functions", &x, once_functions, d_once_functions, t_once_functions);
    checks.gradient("closures", &x, closures, d_closures, t_closures);
    checks.gradient("closure_traits", &x, closure_traits, d_closure_traits, t_closure_traits);
    checks.gradient(
        "closures_in_a_struct",
        &x,
        closures_in_a_struct,
        d_closures_in_a_struct,
        t_closures_in_a_struct,
    );
    checks.gradient(
        "recursive_closures",
        &x,
        recursive_closures,
        d_recursive_closures,
        t_recursive_closures,
    );
    checks.gradient("generic_sums", &x, generic_sums, d_generic_sums, t_generic_sums);
    checks.finish(168);
}
