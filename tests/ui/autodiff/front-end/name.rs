//! Check the errors for the first argument, the name of the derivative: missing, no identifier, taken.

//@ edition: 2024
//@ needs-enzyme (the attributes are for it)

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};

#[autodiff_forward] //~ ERROR the name of the derivative is missing
fn word(x: f64) -> f64 {
    x
}

#[autodiff_reverse()] //~ ERROR the name of the derivative is missing
fn empty(x: f64) -> f64 {
    x
}

#[autodiff_reverse = "df"] //~ ERROR the name of the derivative is missing
fn value(x: f64) -> f64 {
    x
}

#[autodiff_reverse("df", Active, Active)] //~ ERROR the name of the derivative must be an identifier
fn string(x: f64) -> f64 {
    x
}

#[autodiff_reverse(1.5, Active, Active)] //~ ERROR the name of the derivative must be an identifier
fn number(x: f64) -> f64 {
    x
}

#[autodiff_reverse(module::df, Active, Active)] //~ ERROR the name of the derivative must be an identifier
fn path(x: f64) -> f64 {
    x
}

#[autodiff_reverse(df(x), Active, Active)] //~ ERROR the name of the derivative must be an identifier
fn list(x: f64) -> f64 {
    x
}

#[autodiff_reverse(self, Active, Active)] //~ ERROR the name of the derivative must be an identifier
fn keyword(x: f64) -> f64 {
    x
}

#[autodiff_reverse(twice, Active, Active)]
#[autodiff_forward(twice, Dual, Dual)] //~ ERROR the name `twice` is defined multiple times
fn derivatives_of_one_name(x: f64) -> f64 {
    x
}

#[autodiff_reverse(itself, Active, Active)]
fn itself(x: f64) -> f64 {
    //~^ ERROR the name `itself` is defined multiple times
    x
}

struct S;

impl S {
    #[autodiff_reverse(taken, Active, Active)]
    fn method(x: f64) -> f64 {
        x
    }

    fn taken() {} //~ ERROR duplicate definitions with name `taken`
}

trait Trait {
    fn f(x: f64) -> f64;
}

impl Trait for S {
    #[autodiff_reverse(df, Active, Active)]
    //~^ ERROR method `df` is not a member of trait `Trait`
    //~| ERROR no associated function or constant named `df` found for struct `S`
    fn f(x: f64) -> f64 {
        x
    }
}

fn main() {}
