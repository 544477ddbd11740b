//! Check the error for bytes that are moved as integers and may be floats or not: with a float and an integer in
//! each element, no type is right for all bytes.

//@ needs-enzyme (the error is Enzyme's)
//@ build-fail
//@ edition: 2024
//@ compile-flags: -Zautodiff=Enable
//@ normalize-stderr: "in function \S+ .*?: Enzyme" -> "in function $$FUNCTION: Enzyme"

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;
use std::mem::MaybeUninit;

#[inline(never)]
fn reverse(x: &mut [(f32, u32)]) {
    let bytes = x.as_mut_ptr().cast::<MaybeUninit<u64>>();
    for i in 0..x.len() / 2 {
        let (a, b) = unsafe { (bytes.add(i), bytes.add(x.len() - 1 - i)) };
        unsafe { (*a, *b) = (*b, *a) };
    }
}

#[autodiff_reverse(d_reversed, Duplicated)]
fn reversed(x: &mut [(f32, u32)]) {
    reverse(x);
    for (x, _) in x {
        *x *= *x;
    }
}

fn main() {
    let (mut x, mut dx) = ([(1.0, 1); 100], [(1.0, 0); 100]);
    d_reversed(&mut x, &mut dx);
}

//~? ERROR Enzyme: No augmented forward pass found for bytes that may be floats or not
