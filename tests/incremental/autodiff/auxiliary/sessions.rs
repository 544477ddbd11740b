//! The tests beside this file build the tests of tests/ui/autodiff once more, as modules of one crate, in
//! three sessions of an incremental build:
//!
//! * rpass1: everything is new.
//! * rpass2: a function that only a primal calls is edited, a derivative is taken away, another added. All
//!   derivatives of a crate are one codegen unit, which is generated again.
//! * rpass3: something is edited that no derivative reaches. They come from the cache.

use std::autodiff::autodiff_reverse;

#[cfg(rpass1)]
fn factor() -> f64 {
    2.0
}

#[cfg(not(rpass1))]
fn factor() -> f64 {
    5.0
}

#[autodiff_reverse(d_parabola, Active, Active)]
fn parabola(x: f64) -> f64 {
    factor() * x * x
}

#[cfg(rpass1)]
#[autodiff_reverse(d_power, Active, Active)]
fn power(x: f64) -> f64 {
    x * x * x
}

#[cfg(not(rpass1))]
#[autodiff_reverse(d_other_power, Active, Active)]
fn other_power(x: f64) -> f64 {
    x * x * x * x
}

#[cfg(not(rpass3))]
fn session() -> &'static str {
    "before the last edit"
}

#[cfg(rpass3)]
fn session() -> &'static str {
    "after the last edit"
}

pub fn check_edits() {
    // d/dx (c x^2) = 2 c x
    let factor = if cfg!(rpass1) { 2.0 } else { 5.0 };
    assert_eq!(d_parabola(3.0, 1.0), (factor * 9.0, factor * 6.0), "{}", session());

    // d/dx x^3 = 3 x^2, d/dx x^4 = 4 x^3
    #[cfg(rpass1)]
    assert_eq!(d_power(2.0, 1.0), (8.0, 12.0));
    #[cfg(not(rpass1))]
    assert_eq!(d_other_power(2.0, 1.0), (16.0, 32.0));
}
