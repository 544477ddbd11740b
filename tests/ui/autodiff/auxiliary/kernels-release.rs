//! The release build for `debug-and-release.rs`.

//@ no-prefer-dynamic (an rlib)
//@ edition: 2024
//@ compile-flags: -Zautodiff=Enable -Copt-level=3 -Ccodegen-units=16

#![crate_type = "rlib"]
#![feature(autodiff)]

#[path = "iterators-and-loops.rs"]
mod kernels;
pub use kernels::*;
