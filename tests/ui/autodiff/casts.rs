//! Check derivatives of functions that make integers of floats. What depends on such an integer changes
//! by steps: its derivative is zero, and that of what it selects is not.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@[lto] no-prefer-dynamic (fat LTO)
//@ edition: 2024
//@ revisions: debug release lto
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0
//@[release] compile-flags: -Copt-level=3
//@[lto] compile-flags: -Copt-level=3 -Clto=fat

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;

#[path = "auxiliary/check.rs"]
mod check;
use check::exact;

const TABLE: [f64; 4] = [1.0, 2.0, 3.0, 5.0];

#[autodiff_reverse(d_indexed, Active, Active)]
#[autodiff_forward(t_indexed, Dual, Dual)]
fn indexed(x: f64) -> f64 {
    TABLE[x as usize & 3] * x
}

#[autodiff_reverse(d_converted, Active, Active)]
#[autodiff_forward(t_converted, Dual, Dual)]
fn converted(x: f64) -> f64 {
    x * (x as u8 as f64 + x as i64 as f64) + (x as f32) as f64
}

#[autodiff_reverse(d_fraction, Active, Active)]
#[autodiff_forward(t_fraction, Dual, Dual)]
fn fraction(x: f64) -> f64 {
    let whole = x.floor();
    (x - whole) * TABLE[unsafe { whole.to_int_unchecked::<usize>() }] + x.trunc() * x.round()
}

#[autodiff_reverse(d_interpolated, Active, Duplicated, Active)]
#[autodiff_forward(t_interpolated, Dual, Dual, Dual)]
fn interpolated(x: f64, table: &[f64; 4]) -> f64 {
    let i = (x as i32).clamp(0, 2) as usize;
    let t = x - i as f64;
    table[i] * (1.0 - t) + table[i + 1] * t
}

#[autodiff_reverse(d_rounds, Active, Active)]
#[autodiff_forward(t_rounds, Dual, Dual)]
fn rounds(x: f64) -> f64 {
    let mut y = 1.0;
    for _ in 0..x as u32 {
        y *= x;
    }
    y
}

fn main() {
    let x = black_box(2.5);
    exact("indexed, reverse", d_indexed(x, 2.0), (7.5, 6.0));
    exact("indexed, forward", t_indexed(x, 2.0), (7.5, 6.0));
    exact("converted, reverse", d_converted(x, 1.0), (12.5, 5.0));
    exact("converted, forward", t_converted(x, 1.0), (12.5, 5.0));
    exact("fraction, reverse", d_fraction(x, 1.0), (7.5, 3.0));
    exact("fraction, forward", t_fraction(x, 1.0), (7.5, 3.0));
    exact("rounds, reverse", d_rounds(x, 1.0), (6.25, 5.0));
    exact("rounds, forward", t_rounds(x, 1.0), (6.25, 5.0));

    let mut dtable = [0.0; 4];
    exact("interpolated, reverse", d_interpolated(x, &TABLE, &mut dtable, 1.0), (4.0, 2.0));
    exact("shadow of the table", dtable, [0.0, 0.0, 0.5, 0.5]);
    exact(
        "interpolated, forward",
        t_interpolated(x, 1.0, &TABLE, &[0.0, 1.0, 2.0, 4.0]),
        (4.0, 5.0),
    );
}
