//! Check the derivatives of functions that call `fn` pointers which only the running program knows: as
//! arguments, in structs and arrays, from constants and statics, of functions, closures and methods, with
//! values in registers and in memory.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug small release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[small] compile-flags: -Copt-level=s -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

fn square(x: f64) -> f64 {
    x * x
}

#[inline(never)]
fn cube(x: f64) -> f64 {
    x * x * x
}

fn scaled<const N: i32>(x: f64) -> f64 {
    f64::from(N) * x
}

#[autodiff_reverse(d_apply, Const, Active, Active)]
#[autodiff_forward(t_apply, Const, Dual, Dual)]
fn apply(f: fn(f64) -> f64, x: f64) -> f64 {
    3.0 * f(x) * x
}

struct Layer {
    weight: f64,
    activation: fn(f64) -> f64,
}

#[autodiff_reverse(d_layer, Duplicated, Active, Active)]
fn layer(l: &Layer, x: f64) -> f64 {
    (l.activation)(l.weight * x)
}

const CONSTANTS: [fn(f64) -> f64; 2] = [scaled::<5>, scaled::<7>];
static STATICS: [fn(f64) -> f64; 2] = [scaled::<11>, scaled::<13>];

#[autodiff_reverse(d_table, Const, Active, Active)]
fn table(i: usize, x: f64) -> f64 {
    CONSTANTS[i](x) * STATICS[i](x)
}

#[derive(Clone, Copy)]
struct Many {
    a: f64,
    b: f64,
    c: [f64; 3],
}

fn products(m: Many, k: f64) -> Many {
    Many { a: k * m.a * m.b, b: m.c[0] * m.c[1], c: [m.a, m.b, k * m.c[2]] }
}

fn sums(m: Many, k: f64) -> Many {
    Many { a: m.a + m.b, b: k * m.b, c: [m.c[0], m.c[0] + m.c[1], k + m.c[2]] }
}

#[autodiff_reverse(d_in_memory, Const, Duplicated, Active, Active)]
fn in_memory(f: fn(Many, f64) -> Many, m: &Many, k: f64) -> f64 {
    let m = f(*m, k);
    2.0 * m.a + 3.0 * m.b + 5.0 * m.c[0] + 7.0 * m.c[1] + 11.0 * m.c[2]
}

// Not inlined where they are called.
#[inline(never)]
fn twice_and_zero(x: f64) -> [f64; 2] {
    [2.0 * x, 0.0]
}

#[inline(never)]
fn three_and_square(x: f64) -> [f64; 2] {
    [3.0 * x, x * x]
}

#[autodiff_reverse(d_array, Const, Active, Active)]
#[autodiff_forward(t_array, Const, Dual, Dual)]
fn array(f: fn(f64) -> [f64; 2], x: f64) -> [f64; 2] {
    f(x)
}

// Calls one of them directly, too.
#[autodiff_reverse(d_directly, Const, Active, Active)]
fn directly(f: fn(f64) -> [f64; 2], x: f64) -> f64 {
    let ([a, b], [c, d]) = (f(x), twice_and_zero(x));
    a + 10.0 * b + 100.0 * c + d
}

#[autodiff_reverse(d_generic, Const, Active, Active)]
fn generic(which: bool, x: f64) -> f64 {
    // Made and called in the slice alone.
    let f: fn(f64) -> f64 = if which { |x| x * x * 2.0 } else { |x| x * 9.0 };
    through(f, x)
}

#[inline(never)]
fn through<F: Fn(f64) -> f64>(f: F, x: f64) -> f64 {
    f(x)
}

pub fn main() {
    let double: fn(f64) -> f64 = |x| 2.0 * x;
    // 3 x f(x), and 3 f(x) + 3 x f'(x), at 5.
    for (name, f, value, slope) in [
        ("square", square as fn(f64) -> f64, 25.0, 10.0),
        ("cube", cube, 125.0, 75.0),
        ("generic", scaled::<4>, 20.0, 4.0),
        ("closure", double, 10.0, 2.0),
        ("std", f64::abs, 5.0, 1.0),
    ] {
        let (primal, derivative) = (15.0 * value, 3.0 * value + 15.0 * slope);
        exact(name, d_apply(black_box(f), 5.0, 1.0), (primal, derivative));
        exact(name, d_apply(black_box(f), 5.0, 2.0), (primal, 2.0 * derivative));
        exact(name, t_apply(black_box(f), 5.0, 1.0), (primal, derivative));
    }

    // Of (w x)^2 at w = 3, x = 5, and of (w x)^3 at w = 3, x = 2.
    let mut shadow = Layer { weight: 0.0, activation: square };
    let l = black_box(Layer { weight: 3.0, activation: square });
    exact("layer", d_layer(&l, &mut shadow, 5.0, 1.0), (225.0, 90.0));
    exact("layer.weight", shadow.weight, 150.0);
    let mut shadow = Layer { weight: 0.0, activation: cube };
    let l = black_box(Layer { weight: 3.0, activation: cube });
    exact("layer", d_layer(&l, &mut shadow, 2.0, 1.0), (216.0, 324.0));
    exact("layer.weight", shadow.weight, 216.0);

    exact("table[0]", d_table(black_box(0), 2.0, 1.0), (220.0, 220.0));
    exact("table[1]", d_table(black_box(1), 2.0, 1.0), (364.0, 364.0));

    let m = Many { a: 2.0, b: 3.0, c: [5.0, 7.0, 11.0] };
    let mut dm = Many { a: 0.0, b: 0.0, c: [0.0; 3] };
    // 2 k a b + 3 c0 c1 + 5 a + 7 b + 11 k c2, k = 13.
    let (value, dk) = d_in_memory(black_box(products), &m, &mut dm, 13.0, 1.0);
    exact("products", value, 156.0 + 105.0 + 10.0 + 21.0 + 1573.0);
    exact("products k", dk, 12.0 + 121.0);
    exact("products a b", (dm.a, dm.b), (78.0 + 5.0, 52.0 + 7.0));
    exact("products c", dm.c, [21.0, 15.0, 143.0]);
    // 2 (a + b) + 3 k b + 5 c0 + 7 (c0 + c1) + 11 (k + c2).
    dm = Many { a: 0.0, b: 0.0, c: [0.0; 3] };
    let (value, dk) = d_in_memory(black_box(sums), &m, &mut dm, 13.0, 1.0);
    exact("sums", value, 10.0 + 117.0 + 25.0 + 84.0 + 264.0);
    exact("sums k", dk, 9.0 + 11.0);
    exact("sums a b", (dm.a, dm.b), (2.0, 41.0));
    exact("sums c", dm.c, [12.0, 7.0, 11.0]);

    exact("array", d_array(black_box(twice_and_zero), 3.0, [5.0, 7.0]), ([6.0, 0.0], 10.0));
    exact("array", d_array(black_box(three_and_square), 3.0, [5.0, 7.0]), ([9.0, 9.0], 57.0));
    exact("array", t_array(black_box(twice_and_zero), 3.0, 5.0), ([6.0, 0.0], [10.0, 0.0]));
    exact("array", t_array(black_box(three_and_square), 3.0, 5.0), ([9.0, 9.0], [15.0, 30.0]));
    // 202 x, and 203 x + 10 x^2.
    exact("directly", d_directly(black_box(twice_and_zero), 3.0, 1.0), (606.0, 202.0));
    exact("directly", d_directly(black_box(three_and_square), 3.0, 1.0), (699.0, 263.0));

    exact("made inside", d_generic(black_box(true), 3.0, 1.0), (18.0, 12.0));
    exact("made inside", d_generic(black_box(false), 3.0, 1.0), (27.0, 9.0));
}
