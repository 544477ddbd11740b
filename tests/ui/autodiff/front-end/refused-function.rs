//! Check that functions which have no derivative, whatever their activities, are refused with the reason.

//@ edition: 2024
//@ needs-asm-support
//@ needs-enzyme (the attributes are for it)

#![feature(autodiff, c_variadic, gen_blocks)]

use std::arch::naked_asm;
use std::autodiff::{autodiff_forward, autodiff_reverse};

#[autodiff_reverse(d1, Active, Active)]
async fn asynchronous(x: f64) -> f64 {
    //~^ ERROR `async` functions cannot be differentiated
    x
}

#[autodiff_reverse(d2, Active, Active)]
gen fn generator(x: f64) -> f64 {
    //~^ ERROR `gen` functions cannot be differentiated
    yield x;
}

#[autodiff_reverse(d3, Active, Active)]
async gen fn asynchronous_generator(x: f64) -> f64 {
    //~^ ERROR `async gen` functions cannot be differentiated
    yield x;
}

#[autodiff_reverse(d4, Active, Const, Active)]
unsafe extern "C" fn variadic(x: f64, mut rest: ...) -> f64 {
    //~^ ERROR C-variadic functions cannot be differentiated
    x * unsafe { rest.arg::<f64>() }
}

#[autodiff_reverse(d5, Active, Active)]
#[unsafe(naked)]
extern "C" fn naked(x: f64) -> f64 {
    //~^ ERROR naked functions cannot be differentiated
    naked_asm!("")
}

#[autodiff_reverse(d6, Active, Active)]
fn opaque(x: f64) -> impl Into<f64> {
    //~^ ERROR functions that return `impl Trait` cannot be differentiated
    x
}

#[autodiff_forward(d7, Dual, Dual)]
fn nested_opaque(x: f64) -> (f64, Option<impl Fn(f64) -> f64>) {
    //~^ ERROR functions that return `impl Trait` cannot be differentiated
    (x, Some(move |y| x * y))
}

fn main() {}
