//! Check that a panic in a primal is reported at its line, and leads through the primal in the backtrace,
//! whether the primal is called or its derivative is: what Enzyme makes keeps the line tables.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ needs-unwind
//@ edition: 2024
//@ revisions: debug release one_unit
//@ compile-flags: -Zautodiff=Enable -g -Cstrip=none
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16
//@[one_unit] compile-flags: -Copt-level=0 -Ccodegen-units=1

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;
use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::panic;

thread_local! {
    static REPORT: RefCell<(u32, String)> = const { RefCell::new((0, String::new())) };
}

const LINE: u32 = line!() + 6;

#[autodiff_reverse(d_indexed, Duplicated, Const, Active)]
fn indexed(x: &[f64], n: usize) -> f64 {
    let mut sum = 0.0;
    for i in 0..n {
        sum += x[i] * x[i]; // LINE
    }
    sum
}

fn check(name: &str, call: impl FnOnce() + panic::UnwindSafe) {
    panic::catch_unwind(call).unwrap_err();
    let (line, backtrace) = REPORT.take();
    assert_eq!(line, LINE, "{name}");
    let frame = format!("backtrace.rs:{LINE}:");
    assert!(backtrace.contains(&frame), "{name}: no {frame} in\n{backtrace}");
}

fn main() {
    panic::set_hook(Box::new(|info| {
        let line = info.location().unwrap().line();
        REPORT.set((line, Backtrace::force_capture().to_string()));
    }));
    let x = [1.0, 2.0];
    check("primal", || _ = indexed(&x, 3));
    check("derivative", || _ = d_indexed(&x, &mut [0.0; 2], 3, 1.0));
}
