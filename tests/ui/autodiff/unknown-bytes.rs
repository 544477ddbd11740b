//! Check the error for bytes that are moved as integers and may be floats or not: `rotate_left` of many
//! elements swaps them so, and with a float and an integer in each, no type is right for all bytes.

//@ needs-enzyme (the error is Enzyme's)
//@ build-fail
//@ edition: 2024
//@ compile-flags: -Zautodiff=Enable
//@ normalize-stderr: "in function \S+ .*?: Enzyme" -> "in function $$FUNCTION: Enzyme"

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;

#[inline(never)]
fn rotate(x: &mut [(f32, u32)], k: usize) {
    x.rotate_left(k);
}

#[autodiff_reverse(d_rotated, Duplicated, Const)]
fn rotated(x: &mut [(f32, u32)], k: usize) {
    rotate(x, k);
    for (x, _) in x {
        *x *= *x;
    }
}

fn main() {
    let (mut x, mut dx) = ([(1.0, 1); 100], [(1.0, 0); 100]);
    d_rotated(&mut x, &mut dx, 50);
}

//~? ERROR Enzyme: No augmented forward pass found for bytes that may be floats or not
