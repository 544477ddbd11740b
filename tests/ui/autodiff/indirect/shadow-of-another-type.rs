//! Check that a derivative stops the program if the shadow of a trait object is of another type than the
//! object: it would write to what is no part of the shadow.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ needs-subprocess
//@[lto] no-prefer-dynamic (fat LTO)
//@ edition: 2024
//@ revisions: debug release lto
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16
//@[lto] compile-flags: -Copt-level=3 -Clto=fat

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::env;
use std::hint::black_box;
use std::process::Command;

trait Shape {
    fn value(&self, x: f64) -> f64;
}

struct Linear(f64);
struct Cubic(f64);
struct Pair(f64, f64);

impl Shape for Linear {
    fn value(&self, x: f64) -> f64 {
        self.0 * x
    }
}

impl Shape for Cubic {
    fn value(&self, x: f64) -> f64 {
        self.0 * x * x * x
    }
}

impl Shape for Pair {
    fn value(&self, x: f64) -> f64 {
        self.0 * x + self.1
    }
}

#[autodiff_reverse(d_value, Duplicated, Active, Active)]
#[autodiff_forward(t_value, Dual, Const, Dual)]
fn value(shape: &dyn Shape, x: f64) -> f64 {
    shape.value(x)
}

fn main() {
    let shape: &dyn Shape = black_box(&Linear(3.0));
    let (mut linear, mut cubic, mut pair) = (Linear(0.0), Cubic(0.0), Pair(0.0, 0.0));
    assert_eq!(d_value(shape, &mut linear, 5.0, 1.0), (15.0, 3.0));
    assert_eq!(linear.0, 5.0);
    assert_eq!(t_value(shape, &Linear(2.0), 5.0), (15.0, 10.0));
    let result = match env::args().nth(1).as_deref() {
        Some("size") => d_value(shape, black_box(&mut pair), 5.0, 1.0),
        Some("methods") => d_value(shape, black_box(&mut cubic), 5.0, 1.0),
        Some("forward") => t_value(shape, black_box(&Cubic(2.0)), 5.0),
        Some(other) => panic!("no case {other}"),
        None => return parent(),
    };
    println!("went on with {result:?}");
}

fn parent() {
    for case in ["size", "methods", "forward"] {
        let output = Command::new(env::current_exe().unwrap()).arg(case).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{case}: {output:?}");
        assert!(output.stdout.is_empty(), "{case}: {output:?}");
        for part in ["the shadow of a `dyn ", "Shape", "is of another type than the value"] {
            assert!(stderr.contains(part), "{case}: no {part} in {stderr}");
        }
    }
}
