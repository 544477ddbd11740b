//! Check that a derivative stops the program, with a message that names the call, where it comes to call a
//! function that its crate does not know: a derivative of zero would be wrong.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ needs-subprocess
//@[lto] no-prefer-dynamic (fat LTO)
//@ aux-build: unknown-callees.rs
//@ edition: 2024
//@ revisions: debug release lto
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16
//@[lto] compile-flags: -Copt-level=3 -Clto=fat

#![feature(autodiff)]

extern crate unknown_callees;

use std::autodiff::autodiff_reverse;
use std::env;
use std::ffi::c_double;
use std::hint::black_box;
use std::process::Command;

use unknown_callees::Shape;

unsafe extern "C" {
    fn fabs(x: c_double) -> c_double;
}

fn known(x: f64) -> f64 {
    3.0 * x
}

struct Known;

impl Shape for Known {
    fn value(&self, x: f64) -> f64 {
        3.0 * x
    }
}

#[autodiff_reverse(d_pointer, Const, Active, Active)]
fn call_pointer(f: fn(f64) -> f64, x: f64) -> f64 {
    f(x)
}

#[autodiff_reverse(d_object, Const, Active, Active)]
fn call_object(shape: &dyn Shape, x: f64) -> f64 {
    shape.value(x)
}

#[autodiff_reverse(d_foreign, Const, Active, Active)]
fn call_foreign(f: unsafe extern "C" fn(f64) -> f64, x: f64) -> f64 {
    // SAFETY: this is called with `fabs`.
    unsafe { f(x) }
}

pub fn main() {
    assert_eq!(d_pointer(black_box(known), 5.0, 1.0), (15.0, 3.0));
    assert_eq!(d_object(black_box(&Known), 5.0, 1.0), (15.0, 3.0));
    let result = match env::args().nth(1).as_deref() {
        Some("pointer") => d_pointer(unknown_callees::pointer(), 5.0, 1.0),
        Some("object") => d_object(&*unknown_callees::object(), 5.0, 1.0),
        Some("foreign") => d_foreign(black_box(fabs), 5.0, 1.0),
        Some(other) => panic!("no case {other}"),
        None => return parent(),
    };
    println!("went on with {result:?}");
}

fn parent() {
    for (case, callee, caller) in [
        ("pointer", "`fn(f64) -> f64`", "call_pointer"),
        ("object", "unknown_callees::Shape>::value`", "call_object"),
        ("foreign", "`extern \"C\" fn(f64) -> f64`", "call_foreign"),
    ] {
        let output = Command::new(env::current_exe().unwrap()).arg(case).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{case}: {output:?}");
        assert!(output.stdout.is_empty(), "{case}: {output:?}");
        for part in ["no derivative of a call of", callee, caller, "unknown_callee"] {
            assert!(stderr.contains(part), "{case}: no {part} in {stderr}");
        }
    }
}
