//! Check that a derivative panics if a shadow is shorter than what it is the shadow of, or has no pointer where
//! that has one: safe code cannot make it read or write what is not there. Slices, strings, vectors and enums
//! are found in what parameters hold and refer to.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@[lto] no-prefer-dynamic (fat LTO)
//@ needs-unwind (catches panics)
//@ edition: 2024
//@ revisions: debug release lto
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -g
//@[release] compile-flags: -Copt-level=3
//@[lto] compile-flags: -Copt-level=3 -Clto=fat

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;

#[path = "../auxiliary/check.rs"]
mod check;
use check::{exact, panic_of};

// Its gradient is 2 x.
#[autodiff_reverse(d_squares, Duplicated, Active)]
#[autodiff_reverse(d_squares_only, DuplicatedOnly, Active)]
#[autodiff_forward(t_squares, Dual, Dual)]
#[autodiff_forward(t_squares_two, 2, Dual, Dual)]
#[autodiff_forward(t_squares_together, 2, Dualv, Dual)]
fn squares(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum()
}

#[autodiff_reverse(d_double, Const, Duplicated)]
#[autodiff_forward(t_double, Dual, Dual)]
fn double(x: &[f64], y: &mut [f64]) {
    for (x, y) in x.iter().zip(y) {
        *y = 2.0 * x;
    }
}

#[autodiff_reverse(d_generic, Duplicated, Const, Active)]
fn generic<T: Copy + Into<f64>>(x: &[T], n: usize) -> f64 {
    x[..n].iter().map(|&x| x.into() * x.into()).sum()
}

#[autodiff_forward(t_boxed, Dual, Dual)]
fn boxed(x: Box<[f64]>) -> f64 {
    squares(&x)
}

#[autodiff_reverse(d_ref_to_box, Duplicated, Active)]
fn ref_to_box(x: &Box<[f64]>) -> f64 {
    squares(x)
}

#[autodiff_reverse(d_vec, Duplicated, Active)]
#[autodiff_forward(t_vec, Dual, Dual)]
fn vec(x: &Vec<f64>) -> f64 {
    squares(x)
}

#[autodiff_reverse(d_vecs, Duplicated, Active)]
fn vecs(x: &[Vec<f64>]) -> f64 {
    x.iter().map(|x| squares(x)).sum()
}

#[autodiff_reverse(d_vec_of_vecs, Duplicated, Active)]
fn vec_of_vecs(x: &Vec<Vec<f64>>) -> f64 {
    vecs(x)
}

// The shadow of a field that is constant is the field itself.
struct Model<'a> {
    name: String,
    weights: Vec<f64>,
    inputs: &'a [f64],
}

#[autodiff_reverse(d_model, Unchecked, Duplicated, Active)]
fn model(m: &Model<'_>) -> f64 {
    m.weights.iter().zip(m.inputs).map(|(w, x)| w * x).sum::<f64>() + m.name.len() as f64
}

#[autodiff_forward(t_tuple, Dual, Dual)]
fn tuple(x: (f64, &[f64])) -> f64 {
    x.0 * squares(x.1)
}

#[autodiff_forward(t_array, Dual, Dual)]
fn array(x: [&[f64]; 2]) -> f64 {
    squares(x[0]) * squares(x[1])
}

#[repr(C)]
struct Tail<T: ?Sized> {
    head: f64,
    tail: T,
}

#[autodiff_reverse(d_tail, Duplicated, Active)]
fn tail(x: &Tail<[f64]>) -> f64 {
    x.head * squares(&x.tail)
}

#[autodiff_forward(t_text, Dual, Dual, Dual)]
fn text(text: &str, x: f64) -> f64 {
    text.len() as f64 * x
}

#[autodiff_forward(t_option, Dual, Dual)]
fn option(x: Option<&f64>) -> f64 {
    x.map_or(1.0, |x| x * x)
}

#[autodiff_reverse(d_optional_vec, Duplicated, Active)]
fn optional_vec(x: &Option<Vec<f64>>) -> f64 {
    x.as_ref().map_or(1.0, |x| squares(x))
}

enum Layer<'a> {
    Dense(Vec<f64>),
    Borrowed(&'a mut [f64]),
    Identity,
}

#[autodiff_reverse(d_layers, Duplicated, Active)]
fn layers(x: &[Layer<'_>]) -> f64 {
    let value = |layer: &Layer<'_>| match layer {
        Layer::Dense(x) => squares(x),
        Layer::Borrowed(x) => 2.0 * squares(x),
        Layer::Identity => 1.0,
    };
    x.iter().map(value).sum()
}

// Without a pointer in it, the variant makes no difference.
#[autodiff_reverse(d_optional, Duplicated, Active)]
fn optional(x: &Option<f64>) -> f64 {
    x.map_or(1.0, |x| x * x)
}

/// Passes if `f` panics with this message.
#[track_caller]
fn panics(want: &str, f: impl FnOnce() -> f64) {
    exact("message", panic_of(f), want.to_string());
}

pub fn main() {
    let too_short = |what: &str, length, needed| {
        format!("{what} is too short: its length is {length}, and must be at least {needed}")
    };
    let x = black_box([2.0, 3.0, 5.0]);

    // Long enough.
    let mut dx = [0.0; 3];
    exact("squares", d_squares(&x, &mut dx, 1.0), 38.0);
    exact("squares, gradient", dx, [4.0, 6.0, 10.0]);
    let mut dx = [0.0, 0.0, 0.0, 7.0];
    exact("longer", d_squares(&x, &mut dx, 1.0), 38.0);
    exact("longer, gradient", dx, [4.0, 6.0, 10.0, 7.0]);
    exact("empty", d_squares(&[], &mut [], 1.0), 0.0);
    exact("of an empty one", t_squares(&[], &[1.0]), (0.0, 0.0));

    // Too short, whatever the mode and the activity. The shadow is not touched.
    let shadow = too_short("the shadow `dx_0` of `x`", 2, 3);
    let mut dx = [7.0; 3];
    panics(&shadow, || d_squares(&x, &mut dx[..2], 1.0));
    panics(&shadow, || unsafe { d_squares_only(&x, &mut dx[..2], 1.0); 0.0 });
    exact("not touched", dx, [7.0; 3]);
    panics(&too_short("the shadow `dx_0` of `x`", 0, 3), || d_squares(&x, &mut [], 1.0));
    panics(&too_short("the shadow `bx_0` of `x`", 2, 3), || t_squares(&x, &dx[..2]).1);
    panics(&too_short("the shadow `bx_1` of `x`", 1, 3), || t_squares_two(&x, &dx, &dx[..1])[1]);
    panics(&too_short("the shadow `bx_0` of `x`", 2, 3), || t_squares_two(&x, &dx[1..], &dx)[1]);
    let mut y = [0.0; 3];
    panics(&too_short("the shadow `dy_0` of `y`", 1, 3), || {
        d_double(&x, &mut y, &mut [1.0]);
        0.0
    });
    panics(&too_short("the shadow `by_0` of `y`", 1, 3), || {
        t_double(&x, &x, &mut y, &mut [1.0]);
        0.0
    });
    let mut dx = [0.0f32];
    panics(&too_short("the shadow `dx_0` of `x`", 1, 2), || {
        d_generic(&[2.0f32, 3.0], &mut dx, 1, 1.0)
    });

    // All tangents in one.
    let tangents = black_box([1.0, 0.0, 0.0, 0.0, 1.0, 10.0]);
    exact("together", t_squares_together(&x, &tangents), [38.0, 4.0, 106.0]);
    panics(&too_short("the shadow `bx_0` of `x`", 5, 6), || {
        t_squares_together(&x, &tangents[..5])[2]
    });

    // Owned, and behind other pointers.
    let boxed = |values: &[f64]| Box::<[f64]>::from(values);
    exact("boxed", t_boxed(boxed(&x), boxed(&x)), (38.0, 76.0));
    panics(&too_short("the shadow `bx_0` of `x`", 2, 3), || t_boxed(boxed(&x), boxed(&x[1..])).1);
    let part = |name| too_short(&format!("part of the shadow {name}"), 2, 3);
    panics(&part("`dx_0` of `x`"), || d_ref_to_box(&boxed(&x), &mut boxed(&x[1..]), 1.0));
    let mut dx = vec![0.0; 3];
    exact("vec", d_vec(&x.to_vec(), &mut dx, 1.0), 38.0);
    exact("vec, gradient", dx, vec![4.0, 6.0, 10.0]);
    panics(&part("`dx_0` of `x`"), || d_vec(&x.to_vec(), &mut vec![0.0; 2], 1.0));
    panics(&part("`bx_0` of `x`"), || t_vec(&x.to_vec(), &vec![0.0; 2]).1);

    // In what a slice holds.
    let xs = [vec![2.0], x.to_vec()];
    let mut dxs = [vec![0.0], vec![0.0; 3]];
    exact("vecs", d_vecs(&xs, &mut dxs, 1.0), 42.0);
    exact("vecs, gradient", dxs, [vec![4.0], vec![4.0, 6.0, 10.0]]);
    panics(&too_short("the shadow `dx_0` of `x`", 1, 2), || d_vecs(&xs, &mut [vec![0.0]], 1.0));
    let mut dxs = [vec![0.0], vec![0.0; 2]];
    panics(&part("`dx_0` of `x`"), || d_vecs(&xs, &mut dxs, 1.0));
    panics(&part("`dx_0` of `x`"), || d_vec_of_vecs(&xs.to_vec(), &mut dxs.to_vec(), 1.0));
    exact("not touched", dxs, [vec![0.0], vec![0.0; 2]]);

    // In what a `struct`, a tuple or an array holds.
    let of = |name: &str, weights: &[f64], inputs| {
        Model { name: name.to_string(), weights: weights.to_vec(), inputs }
    };
    let value = of("ab", &[3.0, 5.0, 7.0], &x);
    let mut shadow = of("ab", &[0.0; 3], &x);
    exact("model", unsafe { d_model(&value, &mut shadow, 1.0) }, 58.0);
    exact("model, gradient", shadow.weights, vec![2.0, 3.0, 5.0]);
    panics(&part("`dm_0` of `m`"), || unsafe { d_model(&value, &mut of("ab", &[0.0; 2], &x), 1.0) });
    panics(&part("`dm_0` of `m`"), || unsafe { d_model(&value, &mut of("ab", &[0.0; 3], &x[1..]), 1.0) });
    let name = too_short("part of the shadow `dm_0` of `m`", 1, 2);
    panics(&name, || unsafe { d_model(&value, &mut of("a", &[0.0; 3], &x), 1.0) });
    exact("tuple", t_tuple((2.0, &x), (1.0, &[0.0; 3])), (76.0, 38.0));
    panics(&part("`bx_0` of `x`"), || t_tuple((2.0, &x), (1.0, &x[1..])).1);
    exact("array", t_array([&x, &[2.0]], [&[0.0; 3], &[1.0]]), (152.0, 152.0));
    panics(&part("`bx_0` of `x`"), || t_array([&[2.0], &x], [&x, &x[1..]]).1);

    // As the end of a `struct`, and as text.
    let value = Tail { head: 2.0, tail: x };
    let (mut shadow, mut short) = (Tail { head: 0.0, tail: [0.0; 3] }, Tail { head: 0.0, tail: [0.0; 2] });
    exact("tail", d_tail(&value, &mut shadow, 1.0), 76.0);
    exact("tail, gradient", (shadow.head, shadow.tail), (38.0, [8.0, 12.0, 20.0]));
    panics(&too_short("the shadow `dx_0` of `x`", 2, 3), || d_tail(&value, &mut short, 1.0));
    exact("text", t_text("abc", "abc", 2.0, 1.0), (6.0, 3.0));
    panics(&too_short("the shadow `btext_0` of `text`", 2, 3), || t_text("abc", "ab", 2.0, 1.0).1);

    // In what an enum holds.
    let other = |ty: &str, name: &str| format!("part of the shadow {name} is another variant of `{ty}`");
    exact("option", t_option(Some(&3.0), Some(&1.0)), (9.0, 6.0));
    exact("option, None", t_option(None, None), (1.0, 0.0));
    let of_option = other("std::option::Option<&f64>", "`bx_0` of `x`");
    panics(&of_option, || t_option(Some(&3.0), None).1);
    panics(&of_option, || t_option(None, Some(&3.0)).1);
    let (value, mut shadow) = (Some(x.to_vec()), Some(vec![0.0; 3]));
    exact("optional_vec", d_optional_vec(&value, &mut shadow, 1.0), 38.0);
    exact("optional_vec, gradient", shadow, Some(vec![4.0, 6.0, 10.0]));
    panics(&part("`dx_0` of `x`"), || d_optional_vec(&value, &mut Some(vec![0.0; 2]), 1.0));
    panics(&other("std::option::Option<std::vec::Vec<f64>>", "`dx_0` of `x`"), || {
        d_optional_vec(&value, &mut None, 1.0)
    });
    let (mut y, mut dy) = (x, [0.0; 3]);
    let xs = [Layer::Identity, Layer::Dense(x.to_vec()), Layer::Borrowed(&mut y)];
    let mut dxs = [Layer::Identity, Layer::Dense(vec![0.0; 3]), Layer::Borrowed(&mut dy)];
    exact("layers", d_layers(&xs, &mut dxs, 1.0), 115.0);
    let [Layer::Identity, Layer::Dense(dx), Layer::Borrowed(dy)] = dxs else {
        panic!("layers: not the variants they were")
    };
    exact("layers, Dense", dx, vec![4.0, 6.0, 10.0]);
    exact("layers, Borrowed", &dy[..], &[8.0, 12.0, 20.0]);
    let mut short = [Layer::Identity, Layer::Dense(vec![0.0; 3]), Layer::Borrowed(&mut dy[1..])];
    panics(&part("`dx_0` of `x`"), || d_layers(&xs, &mut short, 1.0));
    let mut shadow = [Layer::Identity, Layer::Identity, Layer::Identity];
    panics(&other("Layer<'_>", "`dx_0` of `x`"), || d_layers(&xs, &mut shadow, 1.0));
    let mut shadow = None;
    exact("optional", d_optional(&Some(3.0), &mut shadow, 1.0), 9.0);
}
