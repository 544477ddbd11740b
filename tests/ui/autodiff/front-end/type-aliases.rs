//! Check functions whose types are behind aliases and transparent wrappers: which activity a type can
//! have is not decided by how it is written.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0
//@[release] compile-flags: -Copt-level=3

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

type Float = f64;
type Pair = (f64, f64);
type Slice<'a> = &'a [f64];
type SliceMut<'a> = &'a mut [f64];
type Pointer = *mut f64;
type Unit = ();

#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq)]
struct Transparent {
    inner: f64,
}

#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq)]
struct Generic<T>(T, ());

#[autodiff_reverse(d_alias, Active, Active)]
#[autodiff_forward(t_alias, Dual, Dual)]
fn alias(x: Float) -> Float {
    x * x
}

#[autodiff_reverse(d_into_transparent, Active, Active)]
#[autodiff_forward(t_into_transparent, Dual, Dual)]
fn into_transparent(x: f64) -> Transparent {
    Transparent { inner: x * x }
}

#[autodiff_reverse(d_from_transparent, Active, Active)]
#[autodiff_forward(t_from_transparent, Dual, Dual)]
fn from_transparent(x: Transparent) -> f64 {
    x.inner * x.inner
}

#[autodiff_reverse(d_generic, Active, Active)]
fn generic(x: Generic<Float>) -> Generic<Float> {
    Generic(x.0 * x.0, ())
}

#[autodiff_reverse(d_pair, Active, Active)]
fn pair(x: Pair) -> Float {
    x.0 * x.1
}

#[autodiff_reverse(d_slices, Const, Duplicated, Active)]
fn slices(x: Slice<'_>, y: SliceMut<'_>) -> Float {
    x[0] * y[0]
}

#[autodiff_reverse(d_pointer, Unchecked, Duplicated, Active)]
fn pointer(x: Pointer) -> Float {
    unsafe { *x * *x }
}

// An activity for a type that is spelled by a name, whatever it stands for.
#[autodiff_reverse(d_unit, Active, Duplicated, Const)]
fn unit(x: Float, y: &mut Float) -> Unit {
    *y = x * x;
}

macro_rules! float {
    () => {
        f64
    };
}

#[autodiff_reverse(d_by_macro, Active, Active)]
fn by_macro(x: float!()) -> float!() {
    x * x
}

trait Number {
    type Float;
}

impl Number for u8 {
    type Float = f64;
}

#[autodiff_reverse(d_projected, Active, Active)]
fn projected(x: <u8 as Number>::Float) -> <u8 as Number>::Float {
    x * x
}

pub fn main() {
    let x = black_box(3.0);
    exact("alias", d_alias(x, 1.0), (9.0, 6.0));
    exact("alias, forward", t_alias(x, 10.0), (9.0, 60.0));
    let inner = |inner| Transparent { inner };
    exact("into_transparent", d_into_transparent(x, inner(1.0)), (inner(9.0), 6.0));
    exact("into_transparent, forward", t_into_transparent(x, 10.0), (inner(9.0), inner(60.0)));
    exact("from_transparent", d_from_transparent(inner(x), 1.0), (9.0, inner(6.0)));
    exact("from_transparent, forward", t_from_transparent(inner(x), inner(10.0)), (9.0, 60.0));
    let got = d_generic(Generic(x, ()), Generic(1.0, ()));
    exact("generic", got, (Generic(9.0, ()), Generic(6.0, ())));
    exact("pair", d_pair((x, 5.0), 1.0), (15.0, (5.0, 3.0)));
    let (mut y, mut dy) = ([5.0], [0.0]);
    exact("slices", d_slices(&[x], &mut y, &mut dy, 1.0), 15.0);
    exact("slices, gradient", dy, [3.0]);
    let (mut y, mut dy) = (x, 0.0);
    exact("pointer", unsafe { d_pointer(&raw mut y, &raw mut dy, 1.0) }, 9.0);
    exact("pointer, gradient", dy, 6.0);
    let (mut y, mut dy) = (0.0, 1.0);
    exact("unit", d_unit(x, &mut y, &mut dy), ((), 6.0));
    exact("unit, value", y, 9.0);
    exact("by_macro", d_by_macro(x, 1.0), (9.0, 6.0));
    exact("projected", d_projected(x, 1.0), (9.0, 6.0));
}
