//! Check the error for floats whose bits become parts of one integer that is kept: of the parts that are taken out again
//! nobody knows that they are floats.

//@ needs-enzyme (the error is Enzyme's)
//@ build-fail
//@ edition: 2024
//@ revisions: neighbors apart
//@ compile-flags: -Zautodiff=Enable
//@ normalize-stderr: "in function \S+ .*?: Enzyme" -> "in function $$FUNCTION: Enzyme"

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;

fn product(packed: u64) -> f32 {
    f32::from_bits(packed as u32) * f32::from_bits((packed >> 32) as u32)
}

// LLVM loads two neighbors as one integer.
#[cfg(neighbors)]
#[autodiff_reverse(d_products, Duplicated, Active)]
fn products(x: &[f32]) -> f32 {
    //[neighbors]~^ ERROR `packed_bits::products` cannot be differentiated: it copies, or calculates with, bytes that may be f
    let pack = |pair: &[f32]| u64::from(pair[0].to_bits()) | u64::from(pair[1].to_bits()) << 32;
    let packed: Vec<u64> = x.chunks(2).map(pack).collect();
    packed.into_iter().map(product).sum()
}

#[cfg(apart)]
#[autodiff_reverse(d_products, Duplicated, Active)]
fn products(x: &[f32]) -> f32 {
    //[apart]~^ ERROR `packed_bits::products` cannot be differentiated: it copies, or calculates with, bytes that may be f
    let pack = |(a, b): (&f32, &f32)| u64::from(a.to_bits()) | u64::from(b.to_bits()) << 32;
    let packed: Vec<u64> = x.iter().zip(&x[2..]).map(pack).collect();
    packed.into_iter().map(product).sum()
}

fn main() {
    d_products(&[1.0, 2.0, 3.0, 4.0], &mut [0.0; 4], 1.0);
}

