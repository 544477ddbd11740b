//! Check the derivatives of functions that call closures, behind `dyn Fn`, `dyn FnMut` and `Box<dyn FnOnce>`
//! and as generic arguments, which capture by value and by reference, or are functions.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;
use std::hint::black_box;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

fn square(x: f64) -> f64 {
    x * x
}

#[autodiff_reverse(d_shared, Const, Active, Active)]
fn shared(f: &dyn Fn(f64) -> f64, x: f64) -> f64 {
    f(x) * x
}

#[autodiff_reverse(d_captured, Unchecked, Duplicated, Active, Active)]
fn captured(f: &dyn Fn(f64) -> f64, x: f64) -> f64 {
    f(x)
}

#[autodiff_reverse(d_mutable, Const, Active, Active)]
fn mutable(f: &mut dyn FnMut(f64) -> f64, x: f64) -> f64 {
    f(x) + 3.0 * f(2.0 * x)
}

#[autodiff_reverse(d_made, Const, Active, Active, Active)]
fn made(which: bool, a: f64, x: f64) -> f64 {
    let f: Box<dyn Fn(f64) -> f64> =
        if which { Box::new(move |x| a * x) } else { Box::new(move |x| a * a + x) };
    f(x) * x
}

#[autodiff_reverse(d_once, Const, Active, Active, Active)]
fn once(which: bool, a: f64, x: f64) -> f64 {
    let f: Box<dyn FnOnce(f64) -> f64> =
        if which { Box::new(move |x| a * x) } else { Box::new(move |x| a * a + x) };
    f(x) * x
}

#[autodiff_reverse(d_generic, Active, Active, Active)]
fn generic(a: f64, x: f64) -> f64 {
    let by_ref = |x: f64| a * x;
    let by_value = move |x: f64| a + x;
    twice(by_ref, x) + twice(square, x) + twice(|x| by_ref(x) * a, x) + twice(by_value, x)
}

fn twice<F: Fn(f64) -> f64>(f: F, x: f64) -> f64 {
    f(f(x))
}

/// A closure with the type of another one: `Captured` is what lies behind it.
fn scale(k: f64) -> impl Fn(f64) -> f64 {
    move |x| k * x * x
}

fn shift(k: f64, l: f64) -> impl Fn(f64) -> f64 {
    move |x| k * l + x
}

fn captures<const N: usize, F>(f: F) -> [f64; N] {
    assert_eq!(size_of::<F>(), size_of::<[f64; N]>());
    // SAFETY: these closures capture `N` numbers and nothing else.
    unsafe { std::mem::transmute_copy(&f) }
}

pub fn main() {
    let k = black_box(7.0);
    // f(x) x: 7 x^2, x^3, (x + 7) x.
    exact("by reference", d_shared(black_box(&|x| x * k), 5.0, 1.0), (175.0, 70.0));
    exact("function", d_shared(black_box(&square), 5.0, 1.0), (125.0, 75.0));
    exact("by value", d_shared(black_box(&move |x| x + k), 5.0, 1.0), (60.0, 17.0));
    let pointer: fn(f64) -> f64 = black_box(square);
    exact("pointer", d_shared(black_box(&pointer), 5.0, 1.0), (125.0, 75.0));

    let mut shadow = scale(0.0);
    exact("captured", unsafe { d_captured(black_box(&scale(3.0)), &mut shadow, 5.0, 1.0) }, (75.0, 30.0));
    exact("captured k", captures(shadow), [25.0]);
    let mut shadow = shift(0.0, 0.0);
    exact("captured", unsafe { d_captured(black_box(&shift(3.0, 4.0)), &mut shadow, 5.0, 1.0) }, (17.0, 1.0));
    let [a, b] = captures(shadow);
    exact("captured k l", if a == 4.0 { (a, b) } else { (b, a) }, (4.0, 3.0));

    let mut calls = 0;
    let mut count = |x: f64| {
        calls += 1;
        x * x * x
    };
    // 25 x^3.
    exact("mutable", d_mutable(black_box(&mut count), 2.0, 1.0), (200.0, 300.0));
    exact("mutable", d_mutable(black_box(&mut |x| 5.0 * x), 2.0, 1.0), (70.0, 35.0));
    exact("calls", calls, 2);

    // a x^2, and (a^2 + x) x.
    exact("made", d_made(black_box(true), 3.0, 5.0, 1.0), (75.0, 25.0, 30.0));
    exact("made", d_made(black_box(false), 3.0, 5.0, 1.0), (70.0, 30.0, 19.0));
    exact("once", d_once(black_box(true), 3.0, 5.0, 1.0), (75.0, 25.0, 30.0));
    exact("once", d_once(black_box(false), 3.0, 5.0, 1.0), (70.0, 30.0, 19.0));

    // a^2 x + x^4 + a^4 x + 2 a + x.
    exact("generic", d_generic(3.0, 2.0, 1.0), (204.0, 230.0, 123.0));
}
