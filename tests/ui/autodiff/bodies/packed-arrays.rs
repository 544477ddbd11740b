//! Check derivatives of functions that pass and return small arrays, structs and unions, which the ABI packs into an
//! integer, to and from functions that are not inlined.
//!
//! Each expected value is worked out by hand from the formula beside it.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff, f16)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

#[inline(never)]
fn doubled([x]: [f64; 1]) -> [f64; 1] {
    [2.0 * x]
}

// 2 x
#[autodiff_reverse(d_rounded, Duplicated, Active)]
#[autodiff_forward(t_rounded, Dual, Dual)]
fn rounded(x: &[f32]) -> f64 {
    let [y] = doubled([x[0].into()]);
    y
}

struct Pair {
    values: [f64; 1],
    count: [f64; 1],
}

#[inline(never)]
fn filled(x: f64) -> Pair {
    Pair { values: doubled([x]), count: doubled([1.0]) }
}

// 4 x
#[autodiff_reverse(d_filled, Active, Active)]
#[autodiff_forward(t_filled, Dual, Dual)]
fn filled_twice(x: f64) -> f64 {
    let pair = filled(x);
    pair.values[0] * pair.count[0]
}

#[inline(never)]
fn turned([x, y]: [f32; 2]) -> [f32; 2] {
    [-3.0 * y, x]
}

// -3 y x
#[autodiff_reverse(d_turned, Active, Active, Active)]
#[autodiff_forward(t_turned, Dual, Dual, Dual)]
fn product_of_turned(x: f32, y: f32) -> f32 {
    let [a, b] = turned([x, y]);
    a * b
}

// x y, of two that are read as one integer
#[autodiff_reverse(d_halves, Duplicated, Active)]
#[autodiff_forward(t_halves, Dual, Dual)]
fn product_of_halves(x: &[f32]) -> f32 {
    let both = unsafe { x.as_ptr().cast::<u64>().read_unaligned() };
    f32::from_bits(both as u32) * f32::from_bits((both >> 32) as u32)
}

#[derive(Clone, Copy)]
union Parameter {
    float: f64,
    _byte: u8,
}

#[inline(never)]
fn times([x, y]: &[f64; 2], factor: Parameter) -> f64 {
    x * y * unsafe { factor.float }
}

// x y c
#[autodiff_reverse(d_times, Duplicated, Const, Active)]
#[autodiff_forward(t_times, Dual, Const, Dual)]
fn times_outlined(x: &[f64; 2], factor: Parameter) -> f64 {
    times(x, factor)
}

// 2 x, in an `f16`, and after a panic that is possible
#[autodiff_reverse(d_half, Active, Const, Active)]
fn half(x: [f16; 1], at: &[f64]) -> f64 {
    x[0] as f64 * at[1]
}

fn main() {
    let mut dx = [0.0; 2];
    exact("rounded", d_rounded(&black_box([3.0, 5.0]), &mut dx, 1.0), 6.0);
    exact("rounded", dx, [2.0, 0.0]);
    exact("rounded, forward", t_rounded(&black_box([3.0, 5.0]), &[1.0, 1.0]), (6.0, 2.0));
    exact("filled", d_filled(black_box(3.0), 1.0), (12.0, 4.0));
    exact("filled, forward", t_filled(black_box(3.0), 1.0), (12.0, 4.0));
    exact("turned", d_turned(black_box(2.0), black_box(5.0), 1.0), (-30.0, -15.0, -6.0));
    exact("turned, forward", t_turned(black_box(2.0), 1.0, black_box(5.0), 1.0), (-30.0, -21.0));
    let mut dx = [0.0; 2];
    exact("halves", d_halves(&black_box([2.0, 5.0]), &mut dx, 1.0), 10.0);
    exact("halves", dx, [5.0, 2.0]);
    exact("halves, forward", t_halves(&black_box([2.0, 5.0]), &[1.0, 1.0]), (10.0, 7.0));
    let (factor, mut dx) = (black_box(Parameter { float: 5.0 }), [0.0; 2]);
    exact("times", d_times(&black_box([2.0, 3.0]), &mut dx, factor, 1.0), 30.0);
    exact("times", dx, [15.0, 10.0]);
    exact("times, forward", t_times(&black_box([2.0, 3.0]), &[1.0, 0.0], factor), (30.0, 15.0));
    exact("half", d_half(black_box([3.0]), &black_box([0.0, 2.0]), 1.0), (6.0, [2.0]));
}
