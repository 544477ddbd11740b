//! Check derivatives of functions with local enums that hold a float where another variant holds an integer, a
//! pointer or a float of another size. Each is compared with finite differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::rc::Rc;

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

// The integers are kept with all their bits inverted: as floats, they would be NaN, and nothing of them may get
// into a derivative.
#[derive(Clone, Copy)]
enum Number {
    Float(f64),
    Integer(u64),
}

impl Number {
    fn value(self) -> f64 {
        match self {
            Number::Float(x) => x,
            Number::Integer(n) => !n as f64,
        }
    }
}

fn number(i: usize, x: f64) -> Number {
    if i % 2 == 0 { Number::Float(x * x) } else { Number::Integer(!(i as u64)) }
}

#[autodiff_reverse(d_single, Duplicated, Active)]
#[autodiff_forward(t_single, Dual, Dual)]
fn single(x: &[f64]) -> f64 {
    let number = if x[0] > 0.0 { Number::Float(x[0] * x[1]) } else { Number::Integer(!7) };
    match number {
        Number::Float(y) => y * x[2],
        Number::Integer(n) => !n as f64 * x[2],
    }
}

// In an array in memory, of which the program only knows when it runs which element is which.
#[autodiff_reverse(d_in_an_array, Duplicated, Active)]
#[autodiff_forward(t_in_an_array, Dual, Dual)]
fn in_an_array(x: &[f64]) -> f64 {
    let mut numbers = [Number::Integer(!3); 6];
    for (i, x) in x.iter().enumerate() {
        numbers[i * 5 % 6] = number(i, *x);
    }
    numbers.iter().zip(x).map(|(number, x)| number.value() * x.sin()).sum()
}

#[autodiff_reverse(d_in_a_vec, Duplicated, Active)]
#[autodiff_forward(t_in_a_vec, Dual, Dual)]
fn in_a_vec(x: &[f64]) -> f64 {
    let numbers: Vec<Number> = x.iter().enumerate().map(|(i, x)| number(i, *x)).collect();
    numbers.iter().zip(x).map(|(number, x)| number.value() * x.cos()).sum()
}

// The same place is a float, an integer and a float again.
#[autodiff_reverse(d_changes_its_variant, Duplicated, Active)]
#[autodiff_forward(t_changes_its_variant, Dual, Dual)]
fn changes_its_variant(x: &[f64]) -> f64 {
    let mut state = Number::Integer(!2);
    let mut sum = 0.0;
    for x in x {
        state = match state {
            Number::Float(y) if y > 0.5 => Number::Integer(!((4.0 * y) as u64)),
            Number::Float(y) => Number::Float(y + x * x),
            Number::Integer(n) => Number::Float(!n as f64 * x * 0.25),
        };
        sum += state.value() * x;
    }
    sum
}

#[inline(never)]
fn exchange(a: &mut Number, b: &mut Number) {
    std::mem::swap(a, b);
}

#[inline(never)]
fn replace(at: &mut Number, by: Number) -> Number {
    std::mem::replace(at, by)
}

#[autodiff_reverse(d_exchanged, Duplicated, Active)]
#[autodiff_forward(t_exchanged, Dual, Dual)]
fn exchanged(x: &[f64]) -> f64 {
    let (mut a, mut b) = (Number::Float(x[0] * x[1]), Number::Integer(!5));
    exchange(&mut a, &mut b);
    let c = replace(&mut b, Number::Float(x[2].exp()));
    exchange(&mut a, &mut b);
    a.value() * c.value() + b.value() * x[3]
}

// Copies of some of them, of which the other may be the live variant.
#[autodiff_reverse(d_copied, Duplicated, Active)]
#[autodiff_forward(t_copied, Dual, Dual)]
fn copied(x: &[f64]) -> f64 {
    let numbers: Vec<Number> = x.iter().enumerate().map(|(i, x)| number(i, *x)).collect();
    let mut copies = numbers.clone();
    copies.rotate_left(1);
    copies[2..].copy_from_slice(&numbers[1..5]);
    copies.extend_from_slice(&numbers[..3]);
    copies.iter().enumerate().map(|(i, number)| number.value() * x[i % 6]).sum()
}

#[derive(Clone)]
enum Sized {
    Nothing,
    Short(f32, u16),
    Long(f64),
    Pair(u32, f64),
    Boxed(Box<f64>),
    Text(String),
}

fn sized(i: usize, x: f64) -> Sized {
    match i {
        0 => Sized::Long(x),
        1 => Sized::Short(1.5, 2),
        2 => Sized::Pair(3, x * x),
        3 => Sized::Boxed(Box::new(x.sin())),
        4 => Sized::Text("four".into()),
        _ => Sized::Nothing,
    }
}

fn weight(sized: &Sized, x: f64) -> f64 {
    match sized {
        Sized::Nothing => x,
        Sized::Short(y, n) => *y as f64 * x * f64::from(*n),
        Sized::Long(y) => y * x,
        Sized::Pair(n, y) => f64::from(*n) * y,
        Sized::Boxed(y) => **y * x,
        Sized::Text(text) => text.len() as f64 * x * x,
    }
}

#[autodiff_reverse(d_of_many_variants, Duplicated, Active)]
#[autodiff_forward(t_of_many_variants, Dual, Dual)]
fn of_many_variants(x: &[f64]) -> f64 {
    let list: Vec<Sized> = x.iter().enumerate().map(|(i, x)| sized(i, *x)).collect();
    list.iter().zip(x).map(|(sized, x)| weight(sized, *x)).sum()
}

#[autodiff_reverse(d_of_many_variants_cloned, Duplicated, Active)]
#[autodiff_forward(t_of_many_variants_cloned, Dual, Dual)]
fn of_many_variants_cloned(x: &[f64]) -> f64 {
    let mut list: Vec<Sized> = x.iter().enumerate().map(|(i, x)| sized(i, *x)).collect();
    let mut copies = list.clone();
    list.swap(0, 3);
    copies.insert(2, sized(2, x[4]));
    copies.retain(|sized| !matches!(sized, Sized::Text(_)));
    list.append(&mut copies);
    list.iter().enumerate().map(|(i, sized)| weight(sized, x[i % 6])).sum()
}

#[autodiff_reverse(d_boxed, Duplicated, Active)]
#[autodiff_forward(t_boxed, Dual, Dual)]
fn boxed(x: &[f64]) -> f64 {
    let boxes: Vec<Box<Number>> =
        x.iter().enumerate().map(|(i, x)| Box::new(number(i, *x))).collect();
    boxes.iter().map(|number| number.value()).zip(x).map(|(y, x)| y * x).sum()
}

#[autodiff_reverse(d_counted, Duplicated, Active)]
#[autodiff_forward(t_counted, Dual, Dual)]
fn counted(x: &[f64]) -> f64 {
    let one = Rc::new(Number::Float(x[0] * x[0]));
    let other = Rc::new(Number::Integer(!3));
    let list = [one.clone(), other, one];
    list.iter().zip(x).map(|(number, x)| number.value() * x).sum()
}

#[derive(Clone, Copy)]
enum Points {
    Known([f64; 3]),
    Indices([u64; 3]),
    Line { from: f64, cells: u32, step: f64 },
}

#[autodiff_reverse(d_of_arrays, Duplicated, Active)]
#[autodiff_forward(t_of_arrays, Dual, Dual)]
fn of_arrays(x: &[f64]) -> f64 {
    let list = vec![
        Points::Known([x[0], x[1] * x[2], x[3]]),
        Points::Indices([5, 2, 0]),
        Points::Line { from: x[4], cells: 3, step: x[5] },
    ];
    let mut sum = 0.0;
    for points in list.clone().iter().chain(&list[1..]) {
        sum += match points {
            Points::Known(points) => points.iter().map(|p| p * p).sum::<f64>(),
            Points::Indices(points) => points.iter().map(|&i| x[i as usize]).product::<f64>(),
            Points::Line { from, cells, step } => {
                (0..*cells).map(|i| (from + f64::from(i) * step).sin()).sum()
            }
        };
    }
    sum
}

enum Outer {
    Inner(Number),
    Both(f64, u64),
    Optional(Option<Number>),
}

#[inline(never)]
fn outer(i: usize, x: f64) -> Outer {
    match i % 3 {
        0 => Outer::Inner(number(i, x)),
        1 => Outer::Both(x, i as u64),
        _ => Outer::Optional(if i < 4 { Some(number(i, x)) } else { None }),
    }
}

// The tag of one lies in the other, and each is returned through memory.
#[autodiff_reverse(d_nested, Duplicated, Active)]
#[autodiff_forward(t_nested, Dual, Dual)]
fn nested(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (i, &x) in x.iter().enumerate() {
        sum += match outer(i, x) {
            Outer::Inner(number) => number.value() * x,
            Outer::Both(y, n) => y.sin() * n as f64,
            Outer::Optional(number) => number.map_or(x.exp(), Number::value),
        };
    }
    sum
}

// In a struct beside other fields, given by value to a function of its own.
#[derive(Clone, Copy)]
struct Cell {
    mark: u8,
    number: Number,
    size: f64,
}

#[inline(never)]
fn heavier(a: Cell, b: Cell) -> Cell {
    Cell { mark: a.mark + b.mark, size: a.size * b.size, ..if a.mark > b.mark { a } else { b } }
}

#[autodiff_reverse(d_in_a_struct, Duplicated, Active)]
#[autodiff_forward(t_in_a_struct, Dual, Dual)]
fn in_a_struct(x: &[f64]) -> f64 {
    let cells = x.iter().enumerate();
    let cells = cells.map(|(i, x)| Cell { mark: i as u8, number: number(i, *x), size: x + 2.0 });
    let all: Vec<Cell> = cells.collect();
    let mut sum = 0.0;
    for pair in all.windows(2) {
        let cell = heavier(pair[0], pair[1]);
        sum += cell.number.value() * cell.size * f64::from(cell.mark);
    }
    sum
}

// The tag is in the `bool`, or in the tag of what is inside.
#[autodiff_reverse(d_with_niches, Duplicated, Active)]
#[autodiff_forward(t_with_niches, Dual, Dual)]
fn with_niches(x: &[f64]) -> f64 {
    let mut pairs: Vec<Option<(f64, bool)>> = vec![None; 6];
    let mut nested = [None; 6];
    for (i, &x) in x.iter().enumerate() {
        pairs[i * 5 % 6] = (i != 3).then_some((x * x, i % 2 == 0));
        nested[i] = if i < 4 { Some((i > 0).then_some(x.exp())) } else { None };
    }
    pairs[1] = None;
    let pairs = pairs.iter().flatten().map(|(x, is_sine)| if *is_sine { x.sin() } else { x * 2.0 });
    pairs.sum::<f64>() + nested.iter().map(|x| x.map_or(x_of(0.5), |x| x.map_or(1.5, x_of))).sum::<f64>()
}

fn x_of(x: f64) -> f64 {
    x * x
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("single", &x, single, d_single, t_single);
    checks.gradient("in_an_array", &x, in_an_array, d_in_an_array, t_in_an_array);
    checks.gradient("in_a_vec", &x, in_a_vec, d_in_a_vec, t_in_a_vec);
    checks.gradient(
        "changes_its_variant",
        &x,
        changes_its_variant,
        d_changes_its_variant,
        t_changes_its_variant,
    );
    checks.gradient("with_niches", &x, with_niches, d_with_niches, t_with_niches);
    checks.gradient("exchanged", &x, exchanged, d_exchanged, t_exchanged);
    checks.gradient("copied", &x, copied, d_copied, t_copied);
    checks.gradient(
        "of_many_variants",
        &x,
        of_many_variants,
        d_of_many_variants,
        t_of_many_variants,
    );
    checks.gradient(
        "of_many_variants_cloned",
        &x,
        of_many_variants_cloned,
        d_of_many_variants_cloned,
        t_of_many_variants_cloned,
    );
    checks.gradient("boxed", &x, boxed, d_boxed, t_boxed);
    checks.gradient("counted", &x, counted, d_counted, t_counted);
    checks.gradient("of_arrays", &x, of_arrays, d_of_arrays, t_of_arrays);
    checks.gradient("nested", &x, nested, d_nested, t_nested);
    checks.gradient("in_a_struct", &x, in_a_struct, d_in_a_struct, t_in_a_struct);
    checks.finish(294);
}
