//! Check that a `Const` union is no concern of a derivative's, whatever is in it and whoever it is passed to.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@[debug] compile-flags: -Copt-level=0
//@[release] compile-flags: -Copt-level=3
//@ compile-flags: -Zautodiff=Enable

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

#[derive(Clone, Copy)]
union Bits {
    float: f64,
    integer: i32,
}

#[derive(Clone, Copy)]
union Half {
    float: f32,
    integer: i32,
}

#[autodiff_forward(d_scaled, Dual, Const, Dual)]
#[autodiff_reverse(r_scaled, Active, Const, Active)]
fn scaled(x: f64, by: Bits) -> f64 {
    x * outlined(x, by)
}

#[inline(never)]
fn outlined(x: f64, by: Bits) -> f64 {
    unsafe { if by.integer == -1 { 0.0 } else { by.float * x } }
}

// Nothing is active but what is returned.
#[autodiff_reverse(r_read, Const, Const, Active)]
fn read(x: Result<f64, i32>, by: Bits) -> f32 {
    read_either(x, by)
}

#[inline(never)]
fn read_either(x: Result<f64, i32>, by: Bits) -> f32 {
    let ok = match &x {
        Ok(x) => *x,
        _ => 0.0,
    };
    let error = match &x {
        Err(error) => *error as f64,
        _ => 0.0,
    };
    (2.0 * ok + 3.0 * unsafe { by.float } + 7.0 * error) as f32
}

// Nothing is active at all, and something is written.
#[autodiff_reverse(r_written, Const, Const)]
fn written(by: Half, out: *mut f64) {
    write(by, out);
}

#[inline(never)]
fn write(by: Half, out: *mut f64) {
    unsafe { *out = 2.0 * by.integer as f64 };
}

// What is stored beside it is active.
#[autodiff_forward(d_stored, Dual, Const, Dual)]
#[autodiff_reverse(r_stored, Duplicated, Const, Duplicated)]
fn stored(x: &f64, by: Half, out: &mut f64) {
    store(x, by, out);
}

#[inline(never)]
fn store(x: &f64, by: Half, out: &mut f64) {
    *out = unsafe { by.integer } as f64 * *x;
}

// By reference, and in an array.
#[autodiff_reverse(r_product, Active, Const, Const, Active)]
fn product(x: f64, by: &Bits, all: [Half; 4]) -> f64 {
    let mut product = x * unsafe { by.float };
    for i in 0..4 {
        product = multiply(product, all[i]);
    }
    product
}

#[inline(never)]
fn multiply(product: f64, half: Half) -> f64 {
    product * unsafe { half.float } as f64
}

fn main() {
    let by = black_box(Bits { float: 3.0 });
    exact("scaled, forward", d_scaled(2.0, 1.0, by), (12.0, 12.0));
    exact("scaled, reverse", r_scaled(2.0, by, 1.0), (12.0, 12.0));

    exact("read", r_read(black_box(Ok(2.0)), by, 1.0), 13.0);
    exact("read an error", r_read(black_box(Err(4)), by, 1.0), 37.0);

    let half = black_box(Half { integer: 7 });
    let (mut out, mut d_out) = (0.0, 0.0);
    r_written(half, &mut out);
    exact("written", out, 14.0);
    d_stored(&2.0, &1.0, half, &mut out, &mut d_out);
    exact("stored, forward", [out, d_out], [14.0, 7.0]);
    let (mut dx, mut seed) = (0.0, 1.0);
    r_stored(&2.0, &mut dx, half, &mut out, &mut seed);
    exact("stored, reverse", [out, dx], [14.0, 7.0]);

    let all = black_box([1.0, 2.0, 0.5, 4.0].map(|float| Half { float }));
    exact("product", r_product(2.0, &by, all, 1.0), (24.0, 12.0));
}
