//! Check derivatives of functions that call themselves and hand their results back through memory:
//! arrays, structs, an `Option`, an out parameter, by halves, and two of them taking turns. Each is
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

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

fn array_after(x: &[f64], n: usize) -> [f64; 4] {
    if n == 0 {
        return [x[0], x[1], x[2] * x[3], 1.0];
    }
    let before = array_after(x, n - 1);
    [
        before[1] + 0.3 * before[0],
        before[2] * x[n % x.len()],
        before[3].sin() + before[0],
        before[0] * before[1],
    ]
}

#[autodiff_reverse(d_array, Duplicated, Active)]
#[autodiff_forward(t_array, Dual, Dual)]
fn array(x: &[f64]) -> f64 {
    let r = array_after(x, 5);
    r[0] + 2.0 * r[1] + r[2] * r[3]
}

#[derive(Clone, Copy)]
struct Sums {
    a: f64,
    b: f64,
    c: f64,
    count: usize,
}

fn sums_after(x: &[f64], sums: Sums, n: usize) -> Sums {
    if n == 0 {
        return sums;
    }
    let Sums { a, b, c, count } = sums;
    let next = Sums { a: a * x[n], b: b + a.sin(), c: c * b + 1.0, count: count + n };
    let last = sums_after(x, next, n - 1);
    Sums { a: last.a + a, b: last.b * 0.5, c: last.c - last.a, count: last.count }
}

// Floats beside an integer, changed on the way down and on the way up.
#[autodiff_reverse(d_structure, Duplicated, Active)]
#[autodiff_forward(t_structure, Dual, Dual)]
fn structure(x: &[f64]) -> f64 {
    let r = sums_after(x, Sums { a: x[0], b: x[1], c: x[2], count: 0 }, 5);
    r.a * r.b + r.c * r.count as f64
}

struct Moments {
    mean: f64,
    squares: f64,
    count: f64,
}

fn moments(x: &[f64]) -> Moments {
    if x.len() == 1 {
        return Moments { mean: x[0], squares: 0.0, count: 1.0 };
    }
    let (a, b) = x.split_at(x.len() / 2);
    let (a, b) = (moments(a), moments(b));
    let count = a.count + b.count;
    let difference = b.mean - a.mean;
    Moments {
        mean: a.mean + difference * b.count / count,
        squares: a.squares + b.squares + difference * difference * a.count * b.count / count,
        count,
    }
}

// Welford's moments of the halves of a slice.
#[autodiff_reverse(d_halves, Duplicated, Active)]
#[autodiff_forward(t_halves, Dual, Dual)]
fn halves(x: &[f64]) -> f64 {
    let whole = moments(x);
    whole.mean + (whole.squares / whole.count).sqrt()
}

fn folded(x: &[f64], sums: [f64; 3]) -> Option<[f64; 3]> {
    match x {
        [] => Some(sums),
        [first, ..] if *first > 5.0 => None,
        [first, rest @ ..] => {
            let sums = [sums[0] + first, sums[1] * first, sums[2] + first * first];
            let [a, b, c] = folded(rest, sums)?;
            Some([a + first, b * c, c])
        }
    }
}

// `?` on the way up.
#[autodiff_reverse(d_option, Duplicated, Active)]
#[autodiff_forward(t_option, Dual, Dual)]
fn option(x: &[f64]) -> f64 {
    match folded(x, [1.0, 1.0, 0.0]) {
        Some(sums) => sums[0] * sums[1] + sums[2],
        None => x[0] * x[1],
    }
}

#[derive(Clone, Copy)]
struct Vector {
    x: f64,
    y: f64,
    z: f64,
}

fn even(v: Vector, n: usize) -> Vector {
    if n == 0 {
        return v;
    }
    let w = odd(Vector { x: v.y * v.z, y: v.x, z: v.z.cos() }, n - 1);
    Vector { x: w.x + v.x, y: w.y, z: w.z }
}

fn odd(v: Vector, n: usize) -> Vector {
    if n == 0 {
        return Vector { x: 1.0, y: v.y, z: v.x };
    }
    even(Vector { x: v.x + v.y, y: v.y * v.z, z: v.x - v.z }, n - 1)
}

// Two functions that call each other.
#[autodiff_reverse(d_mutual, Duplicated, Active)]
#[autodiff_forward(t_mutual, Dual, Dual)]
fn mutual(x: &[f64]) -> f64 {
    let r = even(Vector { x: x[0], y: x[1], z: x[2] }, 5);
    r.x * r.y + r.z * x[3]
}

fn written_after(x: &[f64], out: &mut [f64; 3], n: usize) {
    if n == 0 {
        *out = [x[0], x[1], x[2]];
        return;
    }
    let mut before = [0.0; 3];
    written_after(x, &mut before, n - 1);
    out[0] = before[1] * before[2];
    out[1] = before[0].sin();
    out[2] = before[0] + x[n];
}

// An out parameter, of which each call has a local one for the next.
#[autodiff_reverse(d_written, Duplicated, Active)]
#[autodiff_forward(t_written, Dual, Dual)]
fn written(x: &[f64]) -> f64 {
    let mut out = [0.0; 3];
    written_after(x, &mut out, 5);
    out[0] * 2.0 + out[1] + out[2] * out[2]
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("array", &x, array, d_array, t_array);
    checks.gradient("structure", &x, structure, d_structure, t_structure);
    checks.gradient("halves", &x, halves, d_halves, t_halves);
    checks.gradient("option", &x, option, d_option, t_option);
    checks.gradient("option, none", &[0.3, -0.8, 6.0], option, d_option, t_option);
    checks.gradient("mutual", &x[..4], mutual, d_mutual, t_mutual);
    checks.gradient("written", &x, written, d_written, t_written);
    checks.finish(5 * 21 + 12 + 15);
}
