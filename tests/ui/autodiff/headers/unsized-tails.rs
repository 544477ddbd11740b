//! Check that arguments whose type ends in something of no fixed size are no disturbance: `&OsStr`, `&Path`,
//! `&CStr`, `Box<str>` and a struct that ends in a slice, whose floats have a gradient as any slice has.
//!
//! Regression test for <https://github.com/rust-lang/rust/issues/160327>: merely compiling a crate with such
//! a function crashed the compiler, whether or not it was differentiated.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::ffi::{CStr, OsStr};
use std::hint::black_box;
use std::path::Path;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

#[derive(Debug, PartialEq)]
struct Tail<T: ?Sized> {
    scale: f32,
    label: u8,
    data: T,
}

// scale (sum of label x_i): by scale the sum, by x_i label scale
#[autodiff_reverse(d_tail, Duplicated, Active)]
#[autodiff_forward(t_tail, Dual, Dual)]
fn tail(x: &Tail<[f64]>) -> f64 {
    let mut sum = 0.0;
    for element in &x.data {
        sum += x.label as f64 * element;
    }
    x.scale as f64 * sum
}

#[autodiff_reverse(d_by_os_str, Const, Active, Active)]
#[autodiff_forward(t_by_os_str, Const, Dual, Dual)]
fn by_os_str(text: &OsStr, x: f64) -> f64 {
    text.len() as f64 * x * x
}

#[autodiff_reverse(d_by_path, Active, Const, Active)]
fn by_path(x: (f64, f32), path: &Path) -> f64 {
    path.as_os_str().len() as f64 * x.0 * x.1 as f64
}

#[autodiff_reverse(d_by_c_str, Const, Active, Const, Active)]
fn by_c_str(text: &CStr, x: f64, boxed: Box<str>) -> f64 {
    (text.to_bytes().len() + boxed.len()) as f64 * x * x
}

// Not differentiated, and called by nothing that is.
fn elsewhere(text: &OsStr, tail: &Tail<[u8]>) -> usize {
    text.len() + tail.data.len()
}

pub fn main() {
    let x: &Tail<[f64]> = &Tail { scale: 2.0, label: 3, data: [5.0, 7.0] };
    let dx: &mut Tail<[f64]> = &mut Tail { scale: 0.0, label: 0, data: [100.0, 0.0] };
    exact("tail", d_tail(black_box(x), dx, 1.0), 72.0);
    exact("tail", (dx.scale, dx.data[0], dx.data[1]), (36.0, 106.0, 6.0));
    let dx: &Tail<[f64]> = &Tail { scale: 1.0, label: 0, data: [10.0, 100.0] };
    exact("tail", t_tail(black_box(x), dx), (72.0, 36.0 + 60.0 + 600.0));

    let text = OsStr::new("seven77");
    exact("by_os_str", d_by_os_str(black_box(text), 2.0, 1.0), (28.0, 28.0));
    exact("by_os_str", t_by_os_str(black_box(text), 2.0, 10.0), (28.0, 280.0));
    let got = d_by_path(black_box((2.0, 3.0)), Path::new("a/b"), 1.0);
    exact("by_path", got, (18.0, (9.0, 6.0)));
    exact("by_c_str", d_by_c_str(black_box(c"abc"), 2.0, "de".into(), 1.0), (20.0, 20.0));
    let tail: &Tail<[u8]> = &Tail { scale: 0.0, label: 0, data: [0; 4] };
    exact("elsewhere", elsewhere(black_box(text), tail), 11);
}
