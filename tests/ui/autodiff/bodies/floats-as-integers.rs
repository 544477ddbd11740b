//! Check derivatives of functions that move floats as integers: by a pointer or a slice that has been cast, or as the
//! bits of each. Each is compared with finite differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::slice;

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

fn bits(x: &[f64]) -> &[u64] {
    unsafe { slice::from_raw_parts(x.as_ptr().cast(), x.len()) }
}

fn bits_mut(x: &mut [f64]) -> &mut [u64] {
    unsafe { slice::from_raw_parts_mut(x.as_mut_ptr().cast(), x.len()) }
}

fn sum_of_squares(x: &[f64]) -> f64 {
    x.iter().map(|v| v * v).sum()
}

#[autodiff_reverse(d_read_unaligned, Duplicated, Active)]
#[autodiff_forward(t_read_unaligned, Dual, Dual)]
fn read_unaligned(x: &[f64]) -> f64 {
    let first = unsafe { x.as_ptr().cast::<u64>().read_unaligned() };
    f64::from_bits(first) * x[1].sin()
}

// Several floats are read as one integer, which they are taken out of again.
#[autodiff_reverse(d_read_together, Duplicated, Active)]
#[autodiff_forward(t_read_together, Dual, Dual)]
fn read_together(x: &[f64]) -> f64 {
    let two = unsafe { x[1..].as_ptr().cast::<u128>().read_unaligned() };
    let [a, b]: [f64; 2] = unsafe { std::mem::transmute(two) };
    let rest = unsafe { x[3..].as_ptr().cast::<u128>().read_unaligned() };
    let (c, d) = (f64::from_bits(rest as u64), f64::from_bits((rest >> 64) as u64));
    a * b.sin() + c * c * d
}

#[autodiff_reverse(d_copied_to_an_array, Duplicated, Active)]
#[autodiff_forward(t_copied_to_an_array, Dual, Dual)]
fn copied_to_an_array(x: &[f64]) -> f64 {
    let mut y = [0.0f64; 6];
    unsafe { x.as_ptr().cast::<u64>().copy_to_nonoverlapping(y.as_mut_ptr().cast(), 6) };
    y[0] * y[1] * y[5] + y[2].exp()
}

#[autodiff_reverse(d_copied_from_a_slice, Duplicated, Active)]
#[autodiff_forward(t_copied_from_a_slice, Dual, Dual)]
fn copied_from_a_slice(x: &[f64]) -> f64 {
    let mut y = vec![1.0; x.len()];
    bits_mut(&mut y[1..]).copy_from_slice(bits(&x[1..]));
    sum_of_squares(&y) * x[0]
}

#[autodiff_reverse(d_copied_one_by_one, Duplicated, Active)]
#[autodiff_forward(t_copied_one_by_one, Dual, Dual)]
fn copied_one_by_one(x: &[f64]) -> f64 {
    let mut y = vec![0.0; x.len()];
    let (from, to) = (bits(x), bits_mut(&mut y));
    for i in 0..from.len() {
        to[from.len() - 1 - i] = from[i];
    }
    sum_of_squares(&y[2..]) * y[0]
}

#[autodiff_reverse(d_cloned_as_bits, Duplicated, Active)]
#[autodiff_forward(t_cloned_as_bits, Dual, Dual)]
fn cloned_as_bits(x: &[f64]) -> f64 {
    let bits: Vec<u64> = bits(x).to_vec();
    bits.iter().map(|v| f64::from_bits(*v).sin()).product()
}

#[autodiff_reverse(d_collected_as_bits, Duplicated, Active)]
#[autodiff_forward(t_collected_as_bits, Dual, Dual)]
fn collected_as_bits(x: &[f64]) -> f64 {
    let bits: Vec<u64> = x.iter().map(|v| (v * v).to_bits()).collect();
    bits.clone().iter().map(|v| f64::from_bits(*v)).sum::<f64>() * f64::from_bits(bits[0])
}

#[autodiff_reverse(d_reversed_as_bits, Duplicated, Active)]
#[autodiff_forward(t_reversed_as_bits, Dual, Dual)]
fn reversed_as_bits(x: &[f64]) -> f64 {
    let mut y = x.to_vec();
    let bits = bits_mut(&mut y);
    bits.reverse();
    bits.swap(1, 4);
    (0..).zip(&y).map(|(i, v)| i as f64 * v * v).sum()
}

#[derive(Clone, Copy)]
struct Pair {
    a: u64,
    b: u64,
}

#[autodiff_reverse(d_moved_as_pairs, Duplicated, Active)]
#[autodiff_forward(t_moved_as_pairs, Dual, Dual)]
fn moved_as_pairs(x: &[f64]) -> f64 {
    let mut y = vec![0.0; 6];
    let from = unsafe { slice::from_raw_parts(x.as_ptr().cast::<Pair>(), 3) };
    let to = unsafe { slice::from_raw_parts_mut(y.as_mut_ptr().cast::<Pair>(), 3) };
    for i in 0..3 {
        to[2 - i] = Pair { a: from[i].b, b: from[i].a };
    }
    (1..).zip(&y).map(|(i, v)| i as f64 * v * v).sum()
}

// Some become floats by a number for each of their bits.
#[autodiff_reverse(d_set_to_bits, Duplicated, Active)]
#[autodiff_forward(t_set_to_bits, Dual, Dual)]
fn set_to_bits(x: &[f64]) -> f64 {
    let mut y = x.to_vec();
    let bits = bits_mut(&mut y);
    bits[0] = 0x4000_0000_0000_0000;
    bits[1] = bits[2];
    y[0] * y[1] * y[2] + y[3] * x[0]
}

// An array of integers has floats in it for a while.
#[autodiff_reverse(d_kept_in_integers, Duplicated, Active)]
#[autodiff_forward(t_kept_in_integers, Dual, Dual)]
fn kept_in_integers(x: &[f64]) -> f64 {
    let mut bits = vec![0u64; x.len()];
    let floats = unsafe { slice::from_raw_parts_mut(bits.as_mut_ptr().cast::<f64>(), x.len()) };
    for (y, x) in floats.iter_mut().zip(x) {
        *y = x * x;
    }
    let copy = bits.clone();
    copy.iter().map(|v| f64::from_bits(*v)).sum::<f64>() * x[0]
}

// By their bits, floats have their sign taken, turned or set, and their exponent read.
#[autodiff_reverse(d_sign_by_bits, Duplicated, Active)]
#[autodiff_forward(t_sign_by_bits, Dual, Dual)]
fn sign_by_bits(x: &[f64]) -> f64 {
    let mut y = x.to_vec();
    let bits = bits_mut(&mut y);
    bits[0] &= i64::MAX as u64;
    bits[1] ^= 1 << 63;
    bits[2] |= 1 << 63;
    let exponent = (x[3].to_bits() >> 52 & 0x7ff) as f64 - 1023.0;
    y[0] * y[1] + y[2] * y[3] + exponent * x[4] * x[4]
}

// The bits of constants are integers.
#[autodiff_reverse(d_table_of_bits, Duplicated, Active)]
#[autodiff_forward(t_table_of_bits, Dual, Dual)]
fn table_of_bits(x: &[f64]) -> f64 {
    static BITS: [u64; 3] = [0x3ff0_0000_0000_0000, 0x4000_0000_0000_0000, 0x4008_0000_0000_0000];
    let copy = BITS.to_vec();
    x.iter().zip(copy.iter().cycle()).map(|(x, bits)| x * x * f64::from_bits(*bits)).sum()
}

fn main() {
    let mut checks = Checks::new();
    let x = [0.7, -0.4, 1.3, 0.9, -1.1, 0.5];
    checks.gradient("read_unaligned", &x, read_unaligned, d_read_unaligned, t_read_unaligned);
    checks.gradient("read_together", &x, read_together, d_read_together, t_read_together);
    checks.gradient(
        "copied_to_an_array",
        &x,
        copied_to_an_array,
        d_copied_to_an_array,
        t_copied_to_an_array,
    );
    checks.gradient(
        "copied_from_a_slice",
        &x,
        copied_from_a_slice,
        d_copied_from_a_slice,
        t_copied_from_a_slice,
    );
    checks.gradient(
        "copied_one_by_one",
        &x,
        copied_one_by_one,
        d_copied_one_by_one,
        t_copied_one_by_one,
    );
    checks.gradient("cloned_as_bits", &x, cloned_as_bits, d_cloned_as_bits, t_cloned_as_bits);
    checks.gradient(
        "collected_as_bits",
        &x,
        collected_as_bits,
        d_collected_as_bits,
        t_collected_as_bits,
    );
    checks.gradient(
        "reversed_as_bits",
        &x,
        reversed_as_bits,
        d_reversed_as_bits,
        t_reversed_as_bits,
    );
    checks.gradient("moved_as_pairs", &x, moved_as_pairs, d_moved_as_pairs, t_moved_as_pairs);
    checks.gradient("set_to_bits", &x, set_to_bits, d_set_to_bits, t_set_to_bits);
    checks.gradient(
        "kept_in_integers",
        &x,
        kept_in_integers,
        d_kept_in_integers,
        t_kept_in_integers,
    );
    checks.gradient("sign_by_bits", &x, sign_by_bits, d_sign_by_bits, t_sign_by_bits);
    checks.gradient("table_of_bits", &x, table_of_bits, d_table_of_bits, t_table_of_bits);
    checks.finish(273);
}
