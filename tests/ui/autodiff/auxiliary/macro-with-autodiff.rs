//! A macro crate that is compiled as the rest of a workspace is, with autodiff on, and takes a derivative.

//@ compile-flags: -Zautodiff=Enable

#![feature(autodiff)]

extern crate proc_macro;

use std::autodiff::autodiff_reverse;

use proc_macro::TokenStream;

// 6 x
#[autodiff_reverse(d_square, Active, Active)]
fn square(x: f64) -> f64 {
    3.0 * x * x
}

#[proc_macro]
pub fn slope_at_seven(_: TokenStream) -> TokenStream {
    format!("{:?}", d_square(7.0, 1.0).1).parse().unwrap()
}
