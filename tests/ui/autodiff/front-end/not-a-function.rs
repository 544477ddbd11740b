//! Check that the attributes are refused on everything that is not a function.

//@ edition: 2024
//@ needs-enzyme (the attributes are for it)

#![feature(autodiff, stmt_expr_attributes)]

use std::autodiff::{autodiff_forward, autodiff_reverse};

#[autodiff_forward(d1, Dual)] //~ ERROR only functions can be differentiated
struct Struct {
    x: f64,
}

#[autodiff_forward(d2, Dual)] //~ ERROR only functions can be differentiated
mod module {}

#[autodiff_forward(d3, Dual)] //~ ERROR only functions can be differentiated
const CONSTANT: f64 = 1.0;

#[autodiff_forward] //~ ERROR only functions can be differentiated
impl Struct {
    #[autodiff_forward(d4, Dual)] //~ ERROR only functions can be differentiated
    const ASSOCIATED: f64 = 1.0;
}

trait Trait {
    #[autodiff_reverse(d5, Active)] //~ ERROR only functions can be differentiated
    type Type;
}

unsafe extern "C" {
    #[autodiff_reverse(d6, Active, Active)] //~ ERROR functions of an `extern` block cannot be differentiated
    safe fn cbrt(x: f64) -> f64;
}

fn main() {
    #[autodiff_forward(d10, Dual)] //~ ERROR only functions can be differentiated
    let x = 2.0;

    #[autodiff_forward(d11, Dual, Dual)] //~ ERROR only functions can be differentiated
    let _closure = |x: f64| x * x;

    let _closure = #[autodiff_forward(d12, Dual, Dual)] //~ ERROR only functions can be differentiated
    |x: f64| x * x;

    #[autodiff_forward(d13, Dual, Dual)] //~ ERROR only functions can be differentiated
    println!("{x}");

    match x {
        #[autodiff_forward(d14, Dual, Dual)] //~ ERROR expected non-macro attribute
        _ => {}
    }
}
