//! Check the error for floats that are moved as integers, by a pointer that has been cast, where it is not known that
//! they are floats in the end.

//@ needs-enzyme (the error is Enzyme's)
//@ build-fail
//@ edition: 2024
//@ revisions: kept sum parts
//@ compile-flags: -Zautodiff=Enable
//@[sum] compile-flags: -Copt-level=3
//@[parts] compile-flags: -Copt-level=3
//@ normalize-stderr: "in function \S+ .*?: Enzyme" -> "in function $$FUNCTION: Enzyme"

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;

// A pointer that is found again in memory.
#[cfg(kept)]
struct Bits(*const u64);

#[cfg(kept)]
#[inline(never)]
fn move_bits(from: &[Bits], to: &mut [u64]) {
    for (from, to) in from.iter().zip(to) {
        *to = unsafe { *from.0 };
    }
}

#[cfg(kept)]
#[autodiff_reverse(d_f, Duplicated, Active)]
fn f(x: &[f32]) -> f32 {
    //[kept]~^ ERROR `cast_pointers::f` cannot be differentiated: it copies, or calculates with, bytes that may be floats
    let all: Vec<Bits> = x.chunks(2).map(|pair| Bits(pair.as_ptr().cast())).collect();
    let mut bits = vec![0; all.len()];
    move_bits(&all, &mut bits);
    let y: &[f32] = unsafe { std::slice::from_raw_parts(bits.as_ptr().cast(), 2) };
    y[0] * y[1]
}

// Bits that are calculated with.
#[cfg(sum)]
#[autodiff_reverse(d_f, Duplicated, Active)]
fn f(x: &[f32]) -> f32 {
    //[sum]~^ ERROR `cast_pointers::f` cannot be differentiated: it copies, or calculates with, bytes that may be floats
    let mut y = x.to_vec();
    let bits = unsafe { std::slice::from_raw_parts_mut(y.as_mut_ptr().cast::<u32>(), y.len()) };
    bits[1] += bits[0];
    y[0] * y[1]
}

// A float, one byte after another.
#[cfg(parts)]
#[autodiff_reverse(d_f, Duplicated, Active)]
fn f(x: &[f32]) -> f32 {
    //[parts]~^ ERROR `cast_pointers::f` cannot be differentiated: what is at one place in memory may be a float or someth
    let y = x.to_vec();
    let (from, mut to) = (y.as_ptr() as *const u8, [0; 4]);
    for (i, to) in to.iter_mut().enumerate() {
        *to = unsafe { *from.add(i) };
    }
    f32::from_ne_bytes(to)
}

fn main() {
    d_f(&[1.0, 2.0, 3.0, 4.0], &mut [0.0; 4], 1.0);
}

