//! Check the error for copies of a number of bytes that is not known, of elements of which nothing is
//! known: with a float and an integer in each, no type is right for all bytes. With floats alone, one is.

//@ revisions: floats pairs grown
//@ needs-enzyme (the error is Enzyme's)
//@[floats] run-pass
//@[pairs] build-fail
//@[grown] build-fail
//@ edition: 2024
//@ compile-flags: -Zautodiff=Enable
//@ normalize-stderr: "in function \S+ .*?: Enzyme" -> "in function $$FUNCTION: Enzyme"

#![feature(autodiff)]
#![allow(dead_code)] // no revision uses all of it

use std::alloc::{Layout, alloc, dealloc, realloc};
use std::autodiff::autodiff_reverse;
use std::ptr::copy_nonoverlapping;
use std::slice::from_raw_parts;

#[inline(never)]
unsafe fn copy(to: *mut u8, from: *const u8, bytes: usize) {
    //[pairs]~^ ERROR `unknown_copies::copy` cannot be differentiated: it copies, or calculates with, bytes that may be fl
    unsafe { copy_nonoverlapping(from, to, bytes) }
}

#[inline(never)]
unsafe fn grow(old: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
    //[grown]~^ ERROR `unknown_copies::grow` cannot be differentiated: it copies, or calculates with, bytes that may be fl
    unsafe { realloc(old, layout, bytes) }
}

#[cfg_attr(floats, autodiff_reverse(d_floats, Duplicated, Active))]
fn floats(x: &[f64]) -> f64 {
    let mut copied = vec![0.0; x.len()];
    unsafe { copy(copied.as_mut_ptr().cast(), x.as_ptr().cast(), size_of_val(x)) };
    copied.iter().map(|x| x * x).sum()
}

#[cfg_attr(pairs, autodiff_reverse(d_pairs, Duplicated, Active))]
fn pairs(x: &[(u64, f64)]) -> f64 {
    let mut copied = vec![(0, 0.0); x.len()];
    unsafe { copy(copied.as_mut_ptr().cast(), x.as_ptr().cast(), size_of_val(x)) };
    copied.iter().map(|&(factor, x)| factor as f64 * x * x).sum()
}

#[cfg_attr(grown, autodiff_reverse(d_grown, Duplicated, Active))]
fn grown(x: &[f64]) -> f64 {
    unsafe {
        let layout = Layout::array::<(u64, f64)>(x.len()).unwrap();
        let old = alloc(layout).cast::<(u64, f64)>();
        for (i, x) in x.iter().enumerate() {
            old.add(i).write((i as u64 + 1, *x));
        }
        let new = grow(old.cast(), layout, layout.size() * 2).cast::<(u64, f64)>();
        let terms = from_raw_parts(new, x.len());
        let sum = terms.iter().map(|&(factor, x)| factor as f64 * x * x).sum();
        dealloc(new.cast(), Layout::array::<(u64, f64)>(x.len() * 2).unwrap());
        sum
    }
}

fn main() {
    #[cfg(floats)]
    {
        let mut dx = [0.0; 2];
        assert_eq!(d_floats(&[1.5, 2.5], &mut dx, 1.0), 8.5);
        assert_eq!(dx, [3.0, 5.0]);
    }
    #[cfg(pairs)]
    d_pairs(&[(2, 1.5)], &mut [(0, 0.0)], 1.0);
    #[cfg(grown)]
    d_grown(&[1.5, 2.5], &mut [0.0; 2], 1.0);
}

