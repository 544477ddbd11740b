//! Check the error for a shadow that would be a shared reference: in reverse mode it is written to. That of
//! `&T` is a `&mut T`, but a name for `&T` says nothing of the kind. In forward mode shadows of what is
//! only read are only read.

//@ build-fail
//@ needs-enzyme (differentiates)
//@ edition: 2024
//@ compile-flags: -Zautodiff=Enable

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::cell::Cell;

type Slice<'a> = &'a [f64];
type OfCell<'a> = &'a Cell<f64>;

#[autodiff_reverse(d_alias, Duplicated, Active)] //~ ERROR `&[f64]` cannot be `Duplicated`
#[autodiff_forward(t_alias, Dual, Dual)]
fn alias(x: Slice<'_>) -> f64 {
    x[0] * x[0]
}

#[autodiff_reverse(d_only, 2, Const, DuplicatedOnly, Const)] //~ ERROR cannot be `DuplicatedOnly`
fn only(x: Slice<'_>, y: Slice<'_>) -> f64 {
    x[0] * y[0]
}

#[autodiff_reverse(d_generic, Duplicated, Active)] //~ ERROR `&f64` cannot be `Duplicated`
fn generic<T: std::ops::Deref<Target = f64>>(x: T) -> f64 {
    *x * *x
}

trait Square {
    fn square(self) -> f64;
    fn d_square(self, shadow: Self, seed: f64) -> f64;
}

impl Square for &f64 {
    #[autodiff_reverse(d_square, Duplicated, Active)] //~ ERROR `&f64` cannot be `Duplicated`
    fn square(self) -> f64 {
        self * self
    }
}

// Through these may be written.
#[autodiff_reverse(d_cell, Duplicated, Active)]
fn cell(x: OfCell<'_>) -> f64 {
    x.get() * x.get()
}

#[allow(unused_parens)]
#[autodiff_reverse(d_parenthesized, Duplicated, Active)]
fn parenthesized(x: (&f64)) -> f64 {
    x * x
}

fn main() {
    d_alias(&[2.0], &[0.0], 1.0);
    t_alias(&[2.0], &[1.0]);
    unsafe { d_only(&[2.0], &[3.0], &[0.0], &[0.0]) };
    d_generic(&2.0, &0.0, 1.0);
    d_generic(&mut 2.0, &mut 0.0, 1.0);
    2.0.d_square(&0.0, 1.0);
    d_cell(&Cell::new(2.0), &Cell::new(0.0), 1.0);
    d_parenthesized(&2.0, &mut 0.0, 1.0);
}
