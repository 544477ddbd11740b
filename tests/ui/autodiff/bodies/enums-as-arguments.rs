//! Check derivatives of functions that are given, give back and change enums that hold a float where another variant
//! holds an integer or a pointer: by value and by reference, in arrays, `Vec`s and structs, one derivative at a time
//! and two. The variants of a shadow are those of its primal.

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

#[derive(Clone, Copy, Debug, PartialEq)]
enum Number {
    Float(f64),
    Integer(u64),
    Pair(u32, f64),
}

use Number::*;

impl Number {
    fn float(self) -> f64 {
        match self {
            Float(x) | Pair(_, x) => x,
            Integer(n) => n as f64,
        }
    }

    /// The same variant with another float.
    fn with(self, x: f64) -> Number {
        match self {
            Float(_) => Float(x),
            Integer(n) => Integer(n),
            Pair(n, _) => Pair(n, x),
        }
    }
}

const ALL: [Number; 3] = [Float(1.5), Integer(3), Pair(4, 0.5)];

fn product(number: Number, x: f64) -> f64 {
    match number {
        Float(y) => y * y * x,
        Integer(n) => n as f64 * x * x,
        Pair(n, y) => f64::from(n) * y * x * x * x,
    }
}

/// The derivatives of `product` at x = 2: by the number's float, and by x.
fn gradient(number: Number) -> (f64, f64) {
    match number {
        Float(y) => (4.0 * y, y * y),
        Integer(n) => (0.0, 4.0 * n as f64),
        Pair(n, y) => (8.0 * f64::from(n), 12.0 * f64::from(n) * y),
    }
}

#[autodiff_reverse(d_constant, Const, Active, Active)]
#[autodiff_forward(t_constant, Const, Dual, Dual)]
fn constant(number: Number, x: f64) -> f64 {
    product(number, x)
}

fn check_constant(checks: &mut Checks) {
    for number in ALL {
        let (_, by_x) = gradient(number);
        checks.compare("constant, reverse", d_constant(number, 2.0, 1.0).1, by_x, by_x);
        checks.compare("constant, forward", t_constant(number, 2.0, 1.0).1, by_x, by_x);
    }
}

#[autodiff_reverse(d_constant_behind, Const, Active, Active)]
#[autodiff_forward(t_constant_behind, Const, Dual, Dual)]
fn constant_behind(number: &Number, x: f64) -> f64 {
    product(*number, x)
}

fn check_constant_behind(checks: &mut Checks) {
    for number in ALL {
        let (_, by_x) = gradient(number);
        checks.compare("constant, reverse", d_constant_behind(&number, 2.0, 1.0).1, by_x, by_x);
        checks.compare("constant, forward", t_constant_behind(&number, 2.0, 1.0).1, by_x, by_x);
    }
}

#[autodiff_reverse(d_by_value, Active, Active, Active)]
fn by_value(number: Number, x: f64) -> f64 {
    product(number, x)
}

fn check_by_value(checks: &mut Checks) {
    for number in ALL {
        let (by_float, by_x) = gradient(number);
        let (value, gradient, dx) = d_by_value(number, 2.0, 1.0);
        checks.compare("value", value, product(number, 2.0), value);
        checks.compare("by x", dx, by_x, by_x);
        // Nothing is said of what is no float.
        match (number, gradient) {
            (Float(_), Float(d)) | (Pair(..), Pair(_, d)) => {
                checks.compare("by the float", d, by_float, by_float)
            }
            (Integer(_), Integer(_)) => checks.compare("no float", 0.0, 0.0, 1.0),
            _ => checks.compare("another variant", 1.0, 0.0, 0.0),
        }
    }
}

#[autodiff_forward(t_dual_by_value, Dual, Dual, Dual)]
fn dual_by_value(number: Number, x: f64) -> f64 {
    product(number, x)
}

fn check_dual_by_value(checks: &mut Checks) {
    for number in ALL {
        let (by_float, by_x) = gradient(number);
        let (_, tangent) = t_dual_by_value(number, number.with(0.5), 2.0, 3.0);
        checks.compare("tangent", tangent, 0.5 * by_float + 3.0 * by_x, by_x);
    }
}

#[autodiff_reverse(d_behind, Duplicated, Active, Active)]
#[autodiff_forward(t_behind, Dual, Dual, Dual)]
fn behind(number: &Number, x: f64) -> f64 {
    product(*number, x)
}

fn check_behind(checks: &mut Checks) {
    for number in ALL {
        let (by_float, by_x) = gradient(number);
        let mut shadow = number.with(0.25);
        let (_, dx) = d_behind(&number, &mut shadow, 2.0, 1.0);
        checks.compare("by x", dx, by_x, by_x);
        let want = number.with(0.25 + by_float);
        checks.compare("shadow", shadow.float(), want.float(), by_x);
        let (_, tangent) = t_behind(&number, &number.with(0.5), 2.0, 3.0);
        checks.compare("tangent", tangent, 0.5 * by_float + 3.0 * by_x, by_x);
    }
}

#[autodiff_reverse(d_two_at_once, 2, Duplicated, Const, Active)]
#[autodiff_forward(t_two_at_once, 2, Dual, Const, Dual)]
fn two_at_once(number: &Number, x: f64) -> f64 {
    product(*number, x)
}

fn check_two_at_once(checks: &mut Checks) {
    for number in ALL {
        let (by_float, by_x) = gradient(number);
        let (mut one, mut other) = (number.with(0.0), number.with(1.0));
        d_two_at_once(&number, &mut one, &mut other, 2.0, 1.0);
        checks.compare("one", one.float(), number.with(by_float).float(), by_x);
        checks.compare("other", other.float(), number.with(1.0 + by_float).float(), by_x);
        let [_, one, other] = t_two_at_once(&number, &number.with(1.0), &number.with(-2.0), 2.0);
        checks.compare("tangent of one", one, by_float, by_x);
        checks.compare("tangent of the other", other, -2.0 * by_float, by_x);
    }
}

// What is written may be another variant than what was there.
#[autodiff_reverse(d_overwritten, Duplicated, Active, Active)]
#[autodiff_forward(t_overwritten, Dual, Dual, Dual)]
fn overwritten(number: &mut Number, x: f64) -> f64 {
    let before = product(*number, x);
    *number = match *number {
        Float(y) => Float(y * x),
        Integer(n) => Float(n as f64 * x),
        Pair(n, _) => Integer(n.into()),
    };
    before
}

fn check_overwritten(checks: &mut Checks) {
    for number in [Float(1.5), Pair(4, 0.5)] {
        let (by_float, by_x) = gradient(number);
        let (mut primal, mut tangent) = (number, number.with(0.5));
        let (_, change) = t_overwritten(&mut primal, &mut tangent, 2.0, 3.0);
        checks.compare("tangent", change, 0.5 * by_float + 3.0 * by_x, by_x);
        if let Float(y) = number {
            checks.compare("tangent of the shadow", tangent.float(), 0.5 * 2.0 + 3.0 * y, 1.0);
            let (mut primal, mut shadow) = (number, Float(0.5));
            let (_, dx) = d_overwritten(&mut primal, &mut shadow, 2.0, 1.0);
            checks.compare("by x", dx, by_x + 0.5 * y, by_x);
            checks.compare("by the float", shadow.float(), by_float + 0.5 * 2.0, by_x);
        }
        let want = if matches!(number, Float(_)) { 3.0 } else { 4.0 };
        checks.compare("what is there afterwards", primal.float(), want, 1.0);
    }
}

#[autodiff_reverse(d_in_a_slice, Duplicated, Active)]
#[autodiff_forward(t_in_a_slice, Dual, Dual)]
fn in_a_slice(numbers: &[Number]) -> f64 {
    numbers.iter().enumerate().map(|(i, number)| product(*number, i as f64 + 1.0)).sum()
}

fn numbers(x: &[f64]) -> Vec<Number> {
    vec![Float(x[0]), Integer(3), Pair(2, x[1]), Float(x[2])]
}

fn floats(numbers: &[Number], x: &mut [f64]) {
    (x[0], x[1], x[2]) = (numbers[0].float(), numbers[2].float(), numbers[3].float());
}

#[autodiff_reverse(d_in_a_vec, Duplicated, Active)]
#[autodiff_forward(t_in_a_vec, Dual, Dual)]
fn in_a_vec(numbers: &Vec<Number>) -> f64 {
    let mut sorted = numbers.clone();
    sorted.rotate_left(1);
    sorted.iter().enumerate().map(|(i, number)| product(*number, i as f64 + 1.0)).sum()
}

struct Model {
    name: String,
    numbers: Vec<Number>,
    best: Option<Box<Number>>,
    scale: f64,
}

fn model(x: &[f64]) -> Model {
    Model {
        name: "abc".into(),
        numbers: numbers(x),
        best: Some(Box::new(Float(x[3]))),
        scale: x[4],
    }
}

#[autodiff_reverse(d_in_a_model, Duplicated, Active)]
#[autodiff_forward(t_in_a_model, Dual, Dual)]
fn in_a_model(model: &Model) -> f64 {
    let best = model.best.as_ref().map_or(1.0, |number| number.float());
    let sum: f64 = model.numbers.iter().map(|number| product(*number, model.scale)).sum();
    sum * best * model.name.len() as f64
}

#[autodiff_reverse(d_returned, Active, Active)]
#[autodiff_forward(t_returned, Dual, Dual)]
fn returned(x: f64) -> Result<f64, u64> {
    if x > 0.0 { Ok(x * x) } else { Err((-x) as u64) }
}

fn check_returned(checks: &mut Checks) {
    let (value, tangent) = t_returned(3.0, 0.5);
    checks.compare("value", value.unwrap(), 9.0, 9.0);
    checks.compare("tangent", tangent.unwrap(), 3.0, 3.0);
    let (value, derivative) = d_returned(3.0, Ok(0.5));
    checks.compare("value", value.unwrap(), 9.0, 9.0);
    checks.compare("derivative", derivative, 3.0, 3.0);
    checks.compare("error", d_returned(-4.0, Err(0)).0.unwrap_err() as f64, 4.0, 1.0);
}

#[autodiff_forward(t_number_returned, Const, Dual, Dual)]
fn number_returned(kind: u32, x: f64) -> Number {
    match kind {
        0 => Float(x * x),
        1 => Integer(7),
        _ => Pair(kind, x * x * x),
    }
}

fn check_number_returned(checks: &mut Checks) {
    for (kind, value, tangent) in [(0, 4.0, 2.0), (1, 7.0, 7.0), (5, 8.0, 6.0)] {
        let (number, d) = t_number_returned(kind, 2.0, 0.5);
        checks.compare("value", number.float(), value, value);
        if kind != 1 {
            checks.compare("tangent", d.float(), tangent, tangent);
        }
    }
}

#[autodiff_reverse(d_results, Duplicated, Active)]
#[autodiff_forward(t_results, Dual, Dual)]
fn results(all: &[Result<f64, u64>]) -> f64 {
    let good: f64 = all.iter().flatten().product();
    let bad: u64 = all.iter().filter_map(|result| result.err()).sum();
    good * bad as f64
}

fn some_results(x: &[f64]) -> Vec<Result<f64, u64>> {
    vec![Ok(x[0]), Err(2), Ok(x[1]), Ok(x[2]), Err(3)]
}

#[autodiff_reverse(d_option, Duplicated, Active)]
#[autodiff_forward(t_option, Dual, Dual)]
fn option(all: &Option<Result<[f64; 3], u64>>) -> f64 {
    match all {
        Some(Ok([a, b, c])) => a * b.sin() * c,
        Some(Err(n)) => *n as f64,
        None => 1.0,
    }
}

fn three(x: &[f64]) -> Option<Result<[f64; 3], u64>> {
    Some(Ok([x[0], x[1], x[2]]))
}

#[autodiff_reverse(d_texts, Duplicated, Active)]
#[autodiff_forward(t_texts, Dual, Dual)]
fn texts(all: &[Result<f64, String>]) -> f64 {
    all.iter().map(|one| one.as_ref().map_or_else(|text| text.len() as f64, |x| x * x * x)).sum()
}

fn some_texts(x: &[f64]) -> Vec<Result<f64, String>> {
    vec![Ok(x[0]), Err("abc".into()), Ok(x[1])]
}

#[autodiff_reverse(d_error_as_constant, Const, Active, Active)]
#[autodiff_forward(t_error_as_constant, Const, Dual, Dual)]
fn error_as_constant(scale: Result<f64, String>, x: f64) -> f64 {
    match scale {
        Ok(scale) => scale * x,
        Err(text) => text.len() as f64 * x * x,
    }
}

fn check_error_as_constant(checks: &mut Checks) {
    for (scale, want) in [(Ok(1.5), 1.5), (Err("abc".to_string()), 12.0)] {
        checks.compare("forward", t_error_as_constant(scale.clone(), 2.0, 1.0).1, want, want);
        checks.compare("reverse", d_error_as_constant(scale, 2.0, 1.0).1, want, want);
    }
}

pub fn main() {
    let mut checks = Checks::new();
    check_constant(&mut checks);
    check_constant_behind(&mut checks);
    check_by_value(&mut checks);
    check_dual_by_value(&mut checks);
    check_behind(&mut checks);
    check_two_at_once(&mut checks);
    check_overwritten(&mut checks);
    check_returned(&mut checks);
    check_number_returned(&mut checks);
    check_error_as_constant(&mut checks);
    checks.gradient(
        "in_a_slice",
        &[1.5, 0.5, -0.75],
        |x| in_a_slice(&numbers(x)),
        |x, dx, seed| {
            let mut shadow = numbers(dx);
            let value = d_in_a_slice(&numbers(x), &mut shadow, seed);
            floats(&shadow, dx);
            value
        },
        |x, dx| t_in_a_slice(&numbers(x), &numbers(dx)),
    );
    checks.gradient(
        "in_a_vec",
        &[1.5, 0.5, -0.75],
        |x| in_a_vec(&numbers(x)),
        |x, dx, seed| {
            let mut shadow = numbers(dx);
            let value = d_in_a_vec(&numbers(x), &mut shadow, seed);
            floats(&shadow, dx);
            value
        },
        |x, dx| t_in_a_vec(&numbers(x), &numbers(dx)),
    );
    checks.gradient(
        "in_a_model",
        &[1.5, 0.5, -0.75, 1.25, 0.8],
        |x| in_a_model(&model(x)),
        |x, dx, seed| {
            let mut shadow = model(dx);
            let value = d_in_a_model(&model(x), &mut shadow, seed);
            floats(&shadow.numbers, dx);
            dx[3] = shadow.best.unwrap().float();
            dx[4] = shadow.scale;
            value
        },
        |x, dx| t_in_a_model(&model(x), &model(dx)),
    );
    checks.gradient(
        "results",
        &[1.5, 0.5, -0.75],
        |x| results(&some_results(x)),
        |x, dx, seed| {
            let mut shadow = some_results(dx);
            let value = d_results(&some_results(x), &mut shadow, seed);
            dx.iter_mut().zip(shadow.iter().flatten()).for_each(|(dx, shadow)| *dx = *shadow);
            value
        },
        |x, dx| t_results(&some_results(x), &some_results(dx)),
    );
    checks.gradient(
        "option",
        &[1.5, 0.5, -0.75],
        |x| option(&three(x)),
        |x, dx, seed| {
            let mut shadow = three(dx);
            let value = d_option(&three(x), &mut shadow, seed);
            dx.copy_from_slice(&shadow.unwrap().unwrap());
            value
        },
        |x, dx| t_option(&three(x), &three(dx)),
    );
    checks.gradient(
        "texts",
        &[1.5, 0.5],
        |x| texts(&some_texts(x)),
        |x, dx, seed| {
            let mut shadow = some_texts(dx);
            let value = d_texts(&some_texts(x), &mut shadow, seed);
            dx.iter_mut().zip(shadow.iter().flatten()).for_each(|(dx, shadow)| *dx = *shadow);
            value
        },
        |x, dx| t_texts(&some_texts(x), &some_texts(dx)),
    );
    checks.finish(141);
}
