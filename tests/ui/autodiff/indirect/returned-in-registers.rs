//! Check that a derivative stops the program, with a message that names the call, where an indirect call
//! returns a float in registers beside something else: Enzyme would answer zero.

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

use std::autodiff::autodiff_reverse;
use std::env;
use std::hint::black_box;
use std::process::Command;

trait Shape {
    fn value(&self, x: f64) -> Option<f64>;
    fn pair(&self, x: f64) -> (f64, f64);
}

struct Linear(f64);
struct Root;

impl Shape for Linear {
    fn value(&self, x: f64) -> Option<f64> {
        Some(self.0 * x)
    }
    fn pair(&self, x: f64) -> (f64, f64) {
        (self.0 * x, x * x)
    }
}

impl Shape for Root {
    fn value(&self, x: f64) -> Option<f64> {
        if x >= 0.0 { Some(x.sqrt()) } else { None }
    }
    fn pair(&self, x: f64) -> (f64, f64) {
        (x.sqrt(), x)
    }
}

#[autodiff_reverse(d_value, Const, Active, Active)]
fn value(shape: &dyn Shape, x: f64) -> f64 {
    shape.value(x).unwrap_or(0.0)
}

// Of floats alone there is nothing to mix up.
#[autodiff_reverse(d_pair, Const, Active, Active)]
fn pair(shape: &dyn Shape, x: f64) -> f64 {
    let (a, b) = shape.pair(x);
    2.0 * a + 3.0 * b
}

pub fn main() {
    let shapes: [Box<dyn Shape>; 2] = black_box([Box::new(Linear(5.0)), Box::new(Root)]);
    // 10 x + 3 x^2, and 2 sqrt(x) + 3 x.
    assert_eq!(d_pair(&*shapes[0], 4.0, 1.0), (88.0, 34.0));
    assert_eq!(d_pair(&*shapes[1], 4.0, 1.0), (16.0, 3.5));
    if env::args().count() > 1 {
        println!("went on with {:?}", d_value(&*shapes[0], 4.0, 1.0));
        return;
    }
    let output = Command::new(env::current_exe().unwrap()).arg("value").output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    for part in ["no derivative of a call of", "Shape>::value`", "Option<f64>` in registers"] {
        assert!(stderr.contains(part), "no {part} in {stderr}");
    }
}
