//! Check that a derivative in reverse mode is linear in its seed, whatever the type that is returned; that
//! `Const` seeds nothing; and that in forward mode a derivative is linear in its tangents. Enzyme seeds a
//! returned scalar with 1 of its own accord: <https://github.com/EnzymeAD/rust/issues/197>.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

// The gradient is (3 x^2 y, x^3).
#[autodiff_reverse(d_scalar, Active, Active, Active)]
#[autodiff_reverse(d_scalar_only, Active, Active, ActiveOnly)]
#[autodiff_reverse(d_scalar_const, Active, Active, Const)]
#[autodiff_forward(t_scalar, Dual, Dual, Dual)]
fn scalar(x: f64, y: f64) -> f64 {
    x * x * x * y
}

#[autodiff_reverse(d_single, Active, Active)]
#[autodiff_reverse(d_single_only, Active, ActiveOnly)]
fn single(x: f32) -> f32 {
    x * x * x
}

fn scalars() {
    for seed in [1.0, 0.0, -2.0, 0.5, 1e10] {
        let got = d_scalar(black_box(2.0), 5.0, seed);
        exact("scalar", got, (40.0, 60.0 * seed, 8.0 * seed));
        let got = d_scalar_only(black_box(2.0), 5.0, seed);
        exact("scalar, only", got, (60.0 * seed, 8.0 * seed));
        let got = t_scalar(black_box(2.0), seed, 5.0, 10.0 * seed);
        exact("scalar", got, (40.0, 140.0 * seed));
        let small = seed as f32;
        exact("single", d_single(black_box(2.0), small), (8.0, 12.0 * small));
        exact("single, only", d_single_only(black_box(2.0), small), 12.0 * small);
    }
    exact("scalar, const", d_scalar_const(black_box(2.0), 5.0), (40.0, 0.0, 0.0));
    exact("scalar, not finite", d_scalar(black_box(2.0), 5.0, f64::INFINITY).1, f64::INFINITY);
    assert!(d_scalar(black_box(2.0), 5.0, f64::NAN).1.is_nan(), "scalar, NaN");
}

// By reference, by value, and both, in memory.
#[autodiff_reverse(d_slice, Duplicated, Active)]
#[autodiff_reverse(d_slice_const, Duplicated, Const)]
fn slice(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for x in x {
        sum += x * x;
    }
    sum
}

#[autodiff_reverse(d_pair, Active, Active)]
#[autodiff_reverse(d_pair_only, Active, ActiveOnly)]
fn pair(x: (f64, f32)) -> f64 {
    3.0 * x.0 + 5.0 * x.1 as f64
}

#[autodiff_reverse(d_swap, Active, Active)]
#[autodiff_reverse(d_swap_only, Active, ActiveOnly)]
fn swap(x: (f64, f32)) -> (f32, f64) {
    (3.0 * x.0 as f32, 5.0 * x.1 as f64)
}

fn aggregates() {
    let x = black_box([2.0, 3.0]);
    for seed in [1.0, 0.0, -2.0, 0.5] {
        let mut dx = [100.0; 2];
        exact("slice", d_slice(&x, &mut dx, seed), 13.0);
        exact("slice", dx, [100.0 + 4.0 * seed, 100.0 + 6.0 * seed]);
        let (first, second) = (3.0 * seed, 5.0 * seed as f32);
        exact("pair", d_pair(black_box((2.0, 7.0)), seed), (41.0, (first, second)));
        exact("pair, only", d_pair_only(black_box((2.0, 7.0)), seed), (first, second));
        let got = d_swap(black_box((2.0, 7.0)), (seed as f32, 10.0));
        exact("swap", got, ((6.0, 35.0), (first, 50.0)));
        let got = d_swap_only(black_box((2.0, 7.0)), (10.0, seed));
        exact("swap, only", got, (30.0, second));
    }
    let mut dx = [100.0; 2];
    exact("slice, const", d_slice_const(&x, &mut dx), 13.0);
    exact("slice, const", dx, [100.0; 2]);
}

// What is returned and what is written have each a seed: 2 x s + 3 t
#[autodiff_reverse(d_both, Active, Duplicated, Active)]
fn both(x: f64, y: &mut f64) -> f64 {
    *y = 3.0 * x;
    x * x
}

// The seed of what is returned is shared by both shadows, those of what is written are not.
#[autodiff_reverse(d_wide, 2, Duplicated, Duplicated, Active)]
fn wide(x: &[f64; 2], y: &mut f64) -> f64 {
    *y = 3.0 * x[1];
    x[0] * x[0]
}

fn outputs() {
    let (mut y, mut dy) = (0.0, 100.0);
    exact("both", d_both(black_box(5.0), &mut y, &mut dy, 7.0), (25.0, 370.0));
    exact("both", (y, dy), (15.0, 0.0));
    let (mut dx, mut dy) = ([[0.0; 2]; 2], [1.0, 10.0]);
    let ([dx0, dx1], [dy0, dy1]) = (&mut dx, &mut dy);
    exact("wide", d_wide(&black_box([5.0, 7.0]), dx0, dx1, &mut y, dy0, dy1, 11.0), 25.0);
    exact("wide", dx, [[110.0, 3.0], [110.0, 30.0]]);
}

// What is computed for `Some` is no part of a `None`, whatever the seed.
#[autodiff_reverse(d_maybe, Active, Active)]
fn maybe(x: f64) -> Option<f64> {
    let y = x * x * x;
    if x > 0.0 { Some(y) } else { None }
}

#[autodiff_reverse(d_maybe_array, Active, Active)]
fn maybe_array(x: f64) -> Option<[f64; 3]> {
    let y = [x, x * x, x * x * x];
    if x > 0.0 { Some(y) } else { None }
}

#[autodiff_reverse(d_maybe_second, Active, Active)]
fn maybe_second(x: f64) -> (f64, Option<f64>) {
    let y = x * x * x;
    (x, if x > 0.0 { Some(y) } else { None })
}

#[autodiff_reverse(d_either, Active, Active)]
fn either(x: f64) -> [Option<f64>; 2] {
    let y = x * x * x;
    [if x > 0.0 { Some(y) } else { None }, if x < 0.0 { Some(y) } else { None }]
}

fn other_variants() {
    for (x, sign) in [(2.0, 1.0), (-2.0, 0.0)] {
        let (y, x) = (x * x * x, black_box(x));
        let some = x > 0.0;
        exact("maybe", d_maybe(x, Some(0.5)), (some.then_some(y), sign * 6.0));
        exact("maybe", d_maybe(x, None), (some.then_some(y), 0.0));
        let got = d_maybe_array(x, Some([1.0, 0.5, 0.25]));
        exact("maybe_array", got, (some.then_some([x, x * x, y]), sign * 6.0));
        let got = d_maybe_second(x, (10.0, Some(0.5)));
        exact("maybe_second", got, ((x, some.then_some(y)), 10.0 + sign * 6.0));
        let got = d_either(x, [Some(1.0), Some(-1.0)]);
        exact("either", got.1, if some { 12.0 } else { -12.0 });
    }
}

// Both variants have floats, at the same place: a seed is for the variant that it is.
#[autodiff_reverse(d_ok_or_err, Active, Active)]
#[autodiff_reverse(d_ok_or_err_only, Active, ActiveOnly)]
fn ok_or_err(x: f64) -> Result<f64, f64> {
    if x > 0.0 { Ok(x * x * x) } else { Err(5.0 * x) }
}

#[autodiff_reverse(d_into, Duplicated, Active)]
fn into(x: &[f64]) -> Result<[f64; 2], [f64; 3]> {
    match *x {
        [a, b] => Ok([a * b, a]),
        [a, b, c] => Err([a * b * c, b, c]),
        _ => panic!("two or three"),
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Circle { radius: f64, filled: bool },
    Square(f64),
    Nothing,
}

// The variant is told by `filled`, and one variant has two values for that.
#[autodiff_reverse(d_shapes, Active, Const, Active)]
fn shapes(x: f64, kinds: [u8; 2]) -> (f64, [Shape; 2]) {
    let shape = |kind| match kind {
        0 => Shape::Circle { radius: 3.0 * x, filled: false },
        1 => Shape::Circle { radius: 3.0 * x, filled: true },
        2 => Shape::Square(x * x),
        _ => Shape::Nothing,
    };
    (7.0 * x, kinds.map(shape))
}

// One enum in the other.
#[autodiff_reverse(d_nested, Active, Const, Active)]
fn nested(x: f64, kind: u8) -> Option<Result<f64, (f64, f64)>> {
    match kind {
        0 => Some(Ok(x * x)),
        1 => Some(Err((3.0 * x, 5.0 * x))),
        _ => None,
    }
}

fn alternatives() {
    for (x, ok) in [(2.0, true), (-2.0, false)] {
        let (x, y) = (black_box(x), if ok { Ok(x * x * x) } else { Err(5.0 * x) });
        for (seed, scale) in [(Ok(0.5), 0.5 * 3.0 * x * x), (Err(0.25), 0.25 * 5.0)] {
            let dx = if seed.is_ok() == ok { scale } else { 0.0 };
            exact("ok_or_err", d_ok_or_err(x, seed), (y, dx));
            exact("ok_or_err, only", d_ok_or_err_only(x, seed), dx);
        }
    }
    for (x, y, dx) in [
        (&[2.0, 3.0][..], Ok([6.0, 2.0]), [[40.0, 20.0, 0.0], [0.0; 3]]),
        (&[2.0, 3.0, 5.0], Err([30.0, 3.0, 5.0]), [[0.0; 3], [150.0, 200.0, 160.0]]),
    ] {
        for (seed, expected) in [Ok([10.0, 10.0]), Err([10.0, 100.0, 100.0])].into_iter().zip(dx) {
            let mut dx = [0.0; 3];
            exact("into", d_into(black_box(x), &mut dx[..x.len()], seed), y);
            exact("into", dx, expected);
        }
    }
    let seeds = [
        Shape::Circle { radius: 10.0, filled: false },
        Shape::Circle { radius: 10.0, filled: true },
        Shape::Square(100.0),
        Shape::Nothing,
    ];
    // What a kind of shape has for each of the seeds, at 2.
    let expected = [[30.0, 30.0, 0.0, 0.0], [30.0, 30.0, 0.0, 0.0], [0.0, 0.0, 400.0, 0.0], [0.0; 4]];
    for (kind, expected) in expected.into_iter().enumerate() {
        for (seed, expected) in seeds.into_iter().zip(expected) {
            let circle = Shape::Circle { radius: 6.0, filled: true };
            let value =
                [Shape::Circle { radius: 6.0, filled: false }, circle, Shape::Square(4.0), Shape::Nothing];
            let got = d_shapes(black_box(2.0), [kind as u8, 1], (1.0, [seed, seeds[0]]));
            assert_eq!(got.0, (14.0, [value[kind], circle]), "shapes, {kind}, {seed:?}");
            exact("shapes", got.1, 7.0 + 30.0 + expected);
        }
    }
    let seeds = [Some(Ok(10.0)), Some(Err((100.0, 1000.0))), None];
    let values = [Some(Ok(4.0)), Some(Err((6.0, 10.0))), None];
    let expected = [[40.0, 0.0, 0.0], [0.0, 5300.0, 0.0], [0.0; 3]];
    for ((kind, value), expected) in (0..).zip(values).zip(expected) {
        for (seed, expected) in seeds.into_iter().zip(expected) {
            exact("nested", d_nested(black_box(2.0), kind, seed), (value, expected));
        }
    }
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum FloatOrInteger {
    Integer(u64),
    Float(f64),
}

// The float shares its place with an integer, and is not in the first variant. The derivative is 2.
#[autodiff_reverse(d_float_or_integer, Duplicated, Active)]
fn float_or_integer(x: &f64) -> FloatOrInteger {
    if *x > 10.0 { FloatOrInteger::Integer(7) } else { FloatOrInteger::Float(2.0 * x) }
}

// Nor is it all that is returned. The derivative is 2, and 5 for what is next to it.
#[autodiff_reverse(d_among_others, Duplicated, Active)]
fn among_others(x: &f64) -> ([FloatOrInteger; 2], f64) {
    let either = float_or_integer(x);
    ([either, either], 5.0 * x)
}

// Leaves something on the stack where the next function has its variables.
#[inline(never)]
fn leave_behind(byte: u8) {
    black_box([byte; 512]);
}

fn places_shared_with_an_integer() {
    for byte in [0, 1, 255] {
        leave_behind(byte);
        let mut dx = 0.5;
        let value = d_float_or_integer(&black_box(3.0), &mut dx, FloatOrInteger::Float(10.0));
        exact("either", value, FloatOrInteger::Float(6.0));
        exact("either", dx, 20.5);
        leave_behind(byte);
        let mut dx = 0.5;
        let value = d_float_or_integer(&black_box(11.0), &mut dx, FloatOrInteger::Float(10.0));
        exact("integer", value, FloatOrInteger::Integer(7));
        exact("integer", dx, 0.5);

        let seed = ([10.0, 100.0].map(FloatOrInteger::Float), 1000.0);
        for (x, either, expected) in [
            (3.0, FloatOrInteger::Float(6.0), 5220.5),
            (11.0, FloatOrInteger::Integer(7), 5000.5),
        ] {
            leave_behind(byte);
            let mut dx = 0.5;
            let value = d_among_others(&black_box(x), &mut dx, seed);
            exact("among others", value, ([either; 2], 5.0 * x));
            exact("among others", dx, expected);
        }
    }
}

pub fn main() {
    scalars();
    places_shared_with_an_integer();
    aggregates();
    other_variants();
    alternatives();
    outputs();
}
