//! Check derivatives of functions that move floats as integers, by pointers that are cast more than once: MIR
//! optimizations make one cast of several.
//!
//! The derivative of each is 3 with respect to the first element.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

// A `Vec` has a pointer to bytes. In a function that reads from one to any type, there is a cast to bytes.
#[autodiff_reverse(d_unaligned, Duplicated, Active)]
#[autodiff_forward(t_unaligned, Dual, Dual)]
fn unaligned(x: &[f64]) -> f64 {
    let y = x.to_vec();
    let bits = unsafe { (y.as_ptr() as *const u64).read_unaligned() };
    3.0 * f64::from_bits(bits)
}

#[autodiff_reverse(d_non_null, Duplicated, Active)]
#[autodiff_forward(t_non_null, Dual, Dual)]
fn non_null(x: &[f64]) -> f64 {
    let y = x.to_vec();
    let bits = NonNull::from(&y[0]).cast::<u64>();
    3.0 * f64::from_bits(unsafe { *bits.as_ptr() })
}

fn first<T, U: Copy>(values: &Vec<T>) -> U {
    unsafe { *(values.as_ptr() as *const U) }
}

#[autodiff_reverse(d_generic, Duplicated, Active)]
#[autodiff_forward(t_generic, Dual, Dual)]
fn generic(x: &[f64]) -> f64 {
    3.0 * f64::from_bits(first(&x.to_vec()))
}

fn recast<T, U>(values: Vec<T>) -> Vec<U> {
    let mut values = ManuallyDrop::new(values);
    let (length, capacity) = (values.len(), values.capacity());
    unsafe { Vec::from_raw_parts(values.as_mut_ptr() as *mut U, length, capacity) }
}

#[autodiff_reverse(d_there_and_back, Duplicated, Active)]
#[autodiff_forward(t_there_and_back, Dual, Dual)]
fn there_and_back(x: &[f64]) -> f64 {
    let bits: Vec<u64> = recast(x.to_vec());
    let y: Vec<f64> = recast(bits);
    3.0 * y[0]
}

#[autodiff_reverse(d_by_elements, Duplicated, Active)]
#[autodiff_forward(t_by_elements, Dual, Dual)]
fn by_elements(x: &[f64]) -> f64 {
    let mut y = x.to_vec();
    let bits = y.as_mut_ptr() as *mut u64;
    let copied: Vec<u64> = (0..2).map(|i| unsafe { *bits.add(i) }).collect();
    unsafe { bits.swap(bits.add(1)) };
    f64::from_bits(copied[0]) + 2.0 * y[1]
}

#[autodiff_reverse(d_integers, Duplicated, Active)]
#[autodiff_forward(t_integers, Dual, Dual)]
fn integers(x: &[f64]) -> f64 {
    let mut bits = vec![0; 2];
    unsafe { *(bits.as_mut_ptr() as *mut f64) = x[0] };
    3.0 * f64::from_bits(bits.clone()[0])
}

fn main() {
    let x = black_box([2.0, 5.0]);
    for (name, reverse, forward) in [
        ("unaligned", d_unaligned as fn(&[f64], &mut [f64], f64) -> f64, t_unaligned as fn(&[f64], &[f64]) -> (f64, f64)),
        ("non-null", d_non_null, t_non_null),
        ("generic", d_generic, t_generic),
        ("there and back", d_there_and_back, t_there_and_back),
        ("by elements", d_by_elements, t_by_elements),
        ("integers", d_integers, t_integers),
    ] {
        let mut dx = [0.0; 2];
        exact(name, reverse(&x, &mut dx, 1.0), 6.0);
        exact(name, dx, [3.0, 0.0]);
        exact(name, forward(&x, &[1.0, 10.0]), (6.0, 3.0));
    }
}
