//! Check derivatives in a program of two crates: those that the dependency compiles, those that it
//! leaves to the program (generic and `#[inline]`), and those of the program's own functions that
//! call the dependency.
//!
//! A derivative in a dependency was zero without a word once, because Enzyme did not run there:
//! <https://github.com/rust-lang/rust/issues/137520>.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ aux-build: derivative-in-dependency.rs
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

extern crate derivative_in_dependency as dependency;

use std::autodiff::autodiff_reverse;
use std::hint::black_box;

#[path = "auxiliary/check.rs"]
mod check;
use check::exact;

fn compiled_in_the_dependency() {
    let (x, a, b) = black_box((3.0, 5.0, 7.0));
    exact("parabola", dependency::d_parabola(x, a, b, 1.0), (52.0, 30.0, 9.0, 1.0));
    exact("parabola, forward", dependency::d_parabola_forward(x, 0.5, a, b), (52.0, 15.0));

    let mut dx = [0.0; 3];
    let value = dependency::d_chain(&black_box([3.0, 5.0, 7.0]), &mut dx, 1.0);
    exact("chain, value", value, 50.0);
    exact("chain, gradient", dx, [5.0, 10.0, 5.0]);

    let weights = black_box(dependency::Weights { w: 2.0, bias: 3.0 });
    let mut shadow = dependency::Weights { w: 0.0, bias: 0.0 };
    exact("apply, value and d/dx", weights.d_apply(&mut shadow, black_box(5.0), 1.0), (13.0, 2.0));
    exact("apply, d/dself", (shadow.w, shadow.bias), (5.0, 1.0));
}

fn compiled_in_the_program() {
    // 2^3 = 8, 3 * 2^2 = 12
    exact("generic_cube::<f64>", dependency::d_generic_cube(black_box(2.0f64), 1.0), (8.0, 12.0));
    exact("generic_cube::<f32>", dependency::d_generic_cube(black_box(2.0f32), 1.0), (8.0, 12.0));
    exact("inline_cube", dependency::d_inline_cube(black_box(2.0), 1.0), (8.0, 12.0));
}

// (x y^2)' = (y^2, 2 x y)
#[autodiff_reverse(d_calls_plain, Active, Active, Active)]
fn calls_plain(x: f64, y: f64) -> f64 {
    x * dependency::plain_square(y)
}

// (k (x0^2 + x1^2))' = 2 k x
#[autodiff_reverse(d_calls_by_reference, Duplicated, Const, Active)]
fn calls_by_reference(x: &[f64; 2], k: f64) -> f64 {
    k * dependency::plain_sum_of_squares(x)
}

// Differentiates what is differentiated in the dependency as well: (2 parabola)' = 4 a x
#[autodiff_reverse(d_calls_primal, Active, Active)]
fn calls_primal(x: f64) -> f64 {
    2.0 * dependency::parabola(x, 5.0, 7.0)
}

fn calling_the_dependency() {
    exact("calls_plain", d_calls_plain(black_box(3.0), black_box(5.0), 1.0), (75.0, 25.0, 30.0));

    let mut dx = [0.0; 2];
    d_calls_by_reference(&black_box([3.0, 5.0]), &mut dx, black_box(10.0), 1.0);
    exact("calls_by_reference", dx, [60.0, 100.0]);

    exact("calls_primal", d_calls_primal(black_box(3.0), 1.0), (104.0, 60.0));
}

pub fn main() {
    compiled_in_the_dependency();
    compiled_in_the_program();
    calling_the_dependency();
}
