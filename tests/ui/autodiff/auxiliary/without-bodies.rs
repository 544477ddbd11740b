//! A dependency that does not know of derivatives, for `missing-body.rs`.

//@ no-prefer-dynamic (an rlib)
//@ edition: 2024

#![crate_type = "rlib"]

#[inline(never)]
pub fn opaque(x: f64) -> f64 {
    x * x
}
