//! Check that each activity that cannot be used is reported where it stands, with what could be used
//! instead, and that a wrong number of them says which parameter has none.
//!
//! Issues 150326 (too few), 150327 (a path) and 150329 (a float) were internal compiler errors.

//@ edition: 2024
//@ needs-enzyme (the attributes are for it)

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};

// The number.

#[autodiff_forward(d1)] //~ ERROR too few activities: expected 2, found 0
fn no_activity(x: f64) -> f64 {
    x
}

#[autodiff_reverse(d2, Active)] //~ ERROR too few activities: expected 3, found 1
fn too_few(x: f64, y: f64) -> f64 {
    x * y
}

#[autodiff_reverse(d3, Active, Active)] //~ ERROR too few activities: expected 3, found 2
fn none_for_the_return_value(x: f64, y: f64) -> f64 {
    x * y
}

#[autodiff_reverse(d4, Active, Duplicated, Const, Const)] //~ ERROR too many activities: expected 2, found 4
fn too_many(x: f64, y: &mut f64) {
    *y = x;
}

#[autodiff_reverse(d5, Active, Duplicated, Const)] //~ ERROR too many activities: expected 2, found 3
fn unit_has_none(x: f64, y: &mut f64) -> () {
    *y = x;
}

#[autodiff_forward(d6, 4)] //~ ERROR too few activities: expected 1, found 0
fn none_after_width(x: f64) {
    let _ = x;
}

// What is no activity.

#[autodiff_forward(d7, Duall, Dual)] //~ ERROR expected the activity of a parameter, found `Duall`
fn misspelled(x: f64) -> f64 {
    x
}

#[autodiff_reverse(d8, active, Nothing)]
//~^ ERROR expected the activity of a parameter, found `active`
//~| ERROR expected the activity of a return value, found `Nothing`
fn two_at_once(x: f64) -> f64 {
    x
}

#[autodiff_reverse(d9, activity::Active, Active)] //~ ERROR expected the activity of a parameter, found a path
fn path(x: f64) -> f64 {
    x
}

#[autodiff_reverse(d10, Active, 1.0)] //~ ERROR expected the activity of a return value, found a literal
fn float(x: f64) -> f64 {
    x
}

#[autodiff_forward(d11, 2.0, Dual, Dual)]
//~^ ERROR too many activities: expected 2, found 3
//~| ERROR expected the activity of a parameter, found a literal
fn float_for_a_width(x: f64) -> f64 {
    x
}

#[autodiff_forward(d12, "Dual", Dual)] //~ ERROR expected the activity of a parameter, found a literal
fn string(x: f64) -> f64 {
    x
}

#[autodiff_forward(d13, Dual, 2)] //~ ERROR expected the activity of a return value, found a literal
fn width_at_the_end(x: f64) -> f64 {
    x
}

#[autodiff_forward(d14, Dual(x), Dual)] //~ ERROR expected the activity of a parameter, found a list
fn list(x: f64) -> f64 {
    x
}

#[autodiff_forward(d15, x = "Dual", Dual)] //~ ERROR expected the activity of a parameter, found a name with a value
fn named(x: f64) -> f64 {
    x
}

#[autodiff_forward(d16, None, None)]
//~^ ERROR expected the activity of a parameter, found `None`
//~| ERROR expected the activity of a return value, found `None`
fn none(x: f64) -> f64 {
    x
}

// What the mode has no use for.

#[autodiff_forward(d20, Active, Dual)] //~ ERROR `Active` is not for a parameter in forward mode
fn active_forward(x: f64) -> f64 {
    x
}

#[autodiff_forward(d21, Duplicated, Dual)] //~ ERROR `Duplicated` is not for a parameter in forward mode
fn duplicated_forward(x: &f64) -> f64 {
    *x
}

#[autodiff_forward(d22, Dual, Active)] //~ ERROR `Active` is not for a return value in forward mode
fn active_return_forward(x: f64) -> f64 {
    x
}

#[autodiff_reverse(d23, Dual, Active)] //~ ERROR `Dual` is not for a parameter in reverse mode
fn dual_reverse(x: f64) -> f64 {
    x
}

#[autodiff_reverse(d24, ActiveOnly, Active)] //~ ERROR `ActiveOnly` is not for a parameter in reverse mode
fn active_only_parameter(x: f64) -> f64 {
    x
}

#[autodiff_reverse(d25, Active, Duplicated)] //~ ERROR `Duplicated` is not for a return value in reverse mode
fn duplicated_return(x: f64) -> f64 {
    x
}

#[autodiff_reverse(d26, Dualv, DualOnly)]
//~^ ERROR `Dualv` is not for a parameter in reverse mode
//~| ERROR `DualOnly` is not for a return value in reverse mode
fn dual_kinds_reverse(x: &[f64]) -> f64 {
    x[0]
}

#[autodiff_forward(d27, 2, Dualv, Dualv)] //~ ERROR `Dualv` is not for a return value in forward mode
fn dualv_return(x: &[f64]) -> f64 {
    x[0]
}

// What a type cannot be, whatever its names stand for.

#[autodiff_reverse(d30, Duplicated, Active)] //~ ERROR a parameter taken by value cannot be `Duplicated`
fn tuple_by_value(x: (f64, f64)) -> f64 {
    x.0 * x.1
}

#[autodiff_reverse(d31, DuplicatedOnly, Active)] //~ ERROR a parameter taken by value cannot be `DuplicatedOnly`
fn array_by_value(x: [f64; 2]) -> f64 {
    x[0] * x[1]
}

#[autodiff_forward(d32, 2, Dualv, Dual)] //~ ERROR only slices and raw pointers can be `Dualv`
fn reference_to_array(x: &[f64; 2]) -> f64 {
    x[0] * x[1]
}

#[autodiff_forward(d33, 2, DualvOnly, Dual)] //~ ERROR only slices and raw pointers can be `DualvOnly`
fn dualv_by_value(x: (f64, f64)) -> f64 {
    x.0 * x.1
}

fn main() {}
