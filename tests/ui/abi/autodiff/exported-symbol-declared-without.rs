//! Check that a declaration of a function that is differentiated is refused if it leaves out
//! `#[rustc_autodiff]`, or adds it: a call would pass the arguments as the function does not expect
//! them. In this crate and in one that it depends on, of a function of the other and of its own.
//! Where both ABIs pass the same, there is nothing to refuse.

//@ build-fail
//@ aux-build: declares-primal.rs
//@ edition: 2024

#![feature(rustc_attrs)]

extern crate declares_primal;

use std::hint::black_box;

#[rustc_autodiff]
#[unsafe(no_mangle)]
pub fn autodiff_defined_in_program(x: [f32; 2]) -> f32 {
    x[0] + x[1]
}

#[rustc_autodiff]
#[unsafe(no_mangle)]
pub fn autodiff_alike_in_program(x: f64, y: &[f64]) -> f64 {
    x + y.len() as f64
}

#[rustc_autodiff]
#[unsafe(export_name = "autodiff_renamed")]
pub fn returns_a_pair(x: f64) -> (f64, f64) {
    (x, x)
}

#[unsafe(no_mangle)]
pub fn autodiff_not(x: (f64, f64)) -> f64 {
    x.0 + x.1
}

unsafe extern "Rust" {
    #[link_name = "autodiff_renamed"]
    safe fn declared(x: f64) -> (f64, f64); //~ ERROR does not have the ABI of its definition
    safe fn autodiff_defined_in_dependency(x: (f64, f32)) -> f64; //~ ERROR does not have the ABI
    #[link_name = "autodiff_alike_in_program"]
    safe fn alike(x: f64, y: &[f64]) -> f64;
    #[rustc_autodiff]
    #[link_name = "autodiff_not"]
    safe fn with_it(x: (f64, f64)) -> f64; //~ ERROR does not have the ABI of its definition
}

//~? ERROR this declaration of `autodiff_defined_in_program` does not have the ABI of its definition

fn main() {
    black_box(declared(2.0));
    let f: fn((f64, f32)) -> f64 = black_box(autodiff_defined_in_dependency);
    f((2.0, 3.0));
    alike(2.0, &[]);
    with_it((2.0, 3.0));
    declares_primal::declared::call();
}
