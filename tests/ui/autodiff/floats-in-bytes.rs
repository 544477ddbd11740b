//! Check the error for the bytes of floats where a function moves them that does not know what they are: it is passed
//! a buffer behind a reference.

//@ needs-enzyme (the error is Enzyme's)
//@ build-fail
//@ edition: 2024
//@ revisions: grown cloned swapped
//@ compile-flags: -Zautodiff=Enable
//@ normalize-stderr: "in function \S+ .*?: Enzyme" -> "in function $$FUNCTION: Enzyme"

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;

#[cfg(grown)]
#[inline(never)]
#[cold]
fn move_bytes(bytes: &mut Vec<Vec<u8>>) {
    //[grown]~^ ERROR `floats_in_bytes::move_bytes` cannot be differentiated: it copies, or calculates with, bytes that ma
    bytes[0].reserve(1000);
}

#[cfg(cloned)]
#[inline(never)]
#[cold]
fn move_bytes(bytes: &mut Vec<Vec<u8>>) {
    //[cloned]~^ ERROR `floats_in_bytes::move_bytes` cannot be differentiated: it copies, or calculates with, bytes that ma
    *bytes = bytes.clone();
}

// One after another.
#[cfg(swapped)]
#[inline(never)]
#[cold]
fn move_bytes(bytes: &mut Vec<Vec<u8>>) {
    //[swapped]~^ ERROR `floats_in_bytes::move_bytes` cannot be differentiated: it copies, or calculates with, bytes that ma
    for byte in 0..8 {
        bytes[0].swap(byte, 8 + byte);
    }
}

#[autodiff_reverse(d_f, Duplicated, Active)]
fn f(x: &[f64]) -> f64 {
    let mut bytes = vec![vec![]];
    for x in x {
        bytes[0].extend_from_slice(&x.sin().to_le_bytes());
    }
    move_bytes(&mut bytes);
    bytes[0].as_chunks().0.iter().map(|&x| f64::from_le_bytes(x).powi(2)).sum()
}

fn main() {
    d_f(&[1.0, 2.0], &mut [0.0; 2], 1.0);
}

