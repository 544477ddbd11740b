//! Check that an error says of what a primal calls that no derivative goes through it: a foreign function that Enzyme does
//! not know, or knows wrongly, or knows by another signature; another thread; and a `fmt` that may change a float.

//@ needs-enzyme (the error is the result of differentiation)
//@ build-fail
//@ edition: 2024
//@ revisions: modf lgamma gamma other named_like memcpy thread formatted
//@ compile-flags: -Zautodiff=Enable -Copt-level=0
//@ ignore-cross-compile (`std` has its bodies where it is built for the host)

#![feature(autodiff, float_gamma)]
#![allow(unused)]

use std::autodiff::autodiff_reverse;
use std::cell::Cell;
use std::ffi::c_void;
use std::fmt::{self, Display, Formatter, Write};

unsafe extern "C" {
    fn modf(x: f64, whole: *mut f64) -> f64;
    safe fn lgamma(x: f64) -> f64;
    safe fn of_another_library(x: &f64) -> f64;
    // There is one of this name that takes one argument.
    safe fn j0(x: f64, y: f64) -> f64;
    fn memcpy(to: *mut c_void, from: *const c_void, size: usize) -> *mut c_void;
}

#[autodiff_reverse(d_f, Active, Active)]
#[cfg(modf)]
fn f(x: f64) -> f64 {
    //[modf]~^ ERROR `refused_functions::f` cannot be differentiated: the foreign function `modf`, declared in
    let mut whole = 0.0;
    unsafe { modf(x, &mut whole) + whole }
}

#[autodiff_reverse(d_f, Active, Active)]
#[cfg(lgamma)]
fn f(x: f64) -> f64 {
    //[lgamma]~^ ERROR the foreign function `lgamma`, declared in
    lgamma(x)
}

#[autodiff_reverse(d_f, Active, Active)]
#[cfg(gamma)]
fn f(x: f64) -> f64 {
    //[gamma]~^ ERROR the foreign function `tgamma`, declared in
    x.gamma()
}

#[autodiff_reverse(d_f, Active, Active)]
#[cfg(other)]
fn f(x: f64) -> f64 {
    x * g(x)
}

#[cfg(other)]
#[inline(never)]
fn g(x: f64) -> f64 {
    //[other]~^ ERROR `refused_functions::g` cannot be differentiated: the foreign function `of_another_library`, declared in
    of_another_library(&x)
}

#[autodiff_reverse(d_f, Active, Active)]
#[cfg(named_like)]
fn f(x: f64) -> f64 {
    //[named_like]~^ ERROR the foreign function `j0`, declared in
    j0(x, x)
}

#[autodiff_reverse(d_f, Active, Active)]
#[cfg(memcpy)]
fn f(x: f64) -> f64 {
    //[memcpy]~^ ERROR the foreign function `memcpy`, declared in
    let (from, mut to) = ([x * x, x], [0.0; 2]);
    unsafe { memcpy((&raw mut to).cast(), (&raw const from).cast(), 16) };
    to[0] + to[1]
}

#[autodiff_reverse(d_f, Duplicated, Active)]
#[cfg(thread)]
fn f(x: &[f64]) -> f64 {
    //[thread]~^ ERROR no derivative goes from one thread to another
    std::thread::scope(|s| {
        let half = s.spawn(|| x[0] * x[0]);
        half.join().unwrap() + x[1]
    })
}

struct Adds<'a>(&'a Cell<f64>, f64);

#[cfg(formatted)]
impl Display for Adds<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        //[formatted]~^ ERROR no derivative goes through formatting, and this may change a float
        self.0.set(self.0.get() + self.1 * self.1);
        f.write_str("x")
    }
}

#[autodiff_reverse(d_f, Active, Active)]
#[cfg(formatted)]
fn f(x: f64) -> f64 {
    let total = Cell::new(0.0);
    let text = format!("{}", Adds(&total, x));
    total.get() * text.len() as f64
}

pub fn main() {
    #[cfg(not(thread))]
    d_f(3.0, 1.0);
    #[cfg(thread)]
    d_f(&[3.0, 2.0], &mut [0.0; 2], 1.0);
}
