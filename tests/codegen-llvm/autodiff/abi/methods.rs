//! Check that methods and associated functions are primals as functions are, and that the methods
//! of an `impl` inherit that from the declaration in the trait.

//@ only-x86_64 (what an ordinary function gets depends on the architecture)
//@ needs-enzyme (differentiates)
//@ needs-crate-type: cdylib
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable -Ccodegen-units=1 -Csymbol-mangling-version=v0
//@[debug] compile-flags: -Copt-level=0
//@[release] compile-flags: -Copt-level=3

// A library that is linked: there Enzyme runs, and what LLVM does after it shows.
#![crate_type = "cdylib"]
#![feature(autodiff, rustc_attrs)]

use std::autodiff::autodiff_reverse;
use std::hint::black_box;

#[derive(Clone, Copy)]
pub struct Line {
    a: f64,
    b: f64,
}

impl Line {
    // CHECK: define {{.*}}@_R{{.*}}12by_reference(ptr {{[^%]*}}align 8 {{[^%]*}}%self, double {{[^%]*}}%x)
    #[autodiff_reverse(d_by_reference, Duplicated, Active, Active)]
    #[inline(never)]
    fn by_reference(&self, x: f64) -> f64 {
        self.a * x + self.b
    }

    // debug: define {{.*}}@_R{{.*}}18plain_by_reference(ptr align 8 %self, double %x)
    // release: define {{.*}}@_R{{.*}}18plain_by_reference(double {{[^%]*}}%self.0.val, double {{[^%]*}}%self.8.val, double {{[^%]*}}%x)
    #[inline(never)]
    fn plain_by_reference(&self, x: f64) -> f64 {
        self.a * x + self.b + 1.0
    }

    // CHECK: define {{.*}}@_R{{.*}}8by_value(ptr {{[^%]*}}align 8 {{[^%]*}}%self, double {{[^%]*}}%x)
    #[autodiff_reverse(d_by_value, Active, Active, Active)]
    #[inline(never)]
    fn by_value(self, x: f64) -> f64 {
        self.a * x - self.b
    }

    // CHECK: define {{.*}}@_R{{.*}}14plain_by_value(double {{[^%]*}}%self.0, double {{[^%]*}}%self.1, double {{[^%]*}}%x)
    #[inline(never)]
    fn plain_by_value(self, x: f64) -> f64 {
        self.a * x - self.b + 1.0
    }

    // CHECK: define {{.*}}@_R{{.*}}10associated(ptr {{[^%]*}}align 8 {{[^%]*}}%line)
    #[autodiff_reverse(d_associated, Active, Active)]
    #[inline(never)]
    fn associated(line: Line) -> f64 {
        line.a * line.b
    }
}

trait Model {
    #[autodiff_reverse(d_inherited, Const, Active, Active)]
    fn inherited(&self, x: (f64, f64)) -> f64;

    fn plain_inherited(&self, x: (f64, f64)) -> f64;

    // CHECK: define {{.*}}@_R{{.*}}8provided{{[^(.]*}}(ptr {{[^%]*}}%self, ptr {{[^%]*}}align 8 {{[^%]*}}%x)
    #[rustc_autodiff]
    #[inline(never)]
    fn provided(&self, x: (f64, f64)) -> f64 {
        self.inherited(x) * x.0 * x.1
    }
}

impl Model for Line {
    // CHECK: define {{.*}}@_R{{.*}}9inherited(ptr {{[^%]*}}align 8 {{[^%]*}}%self, ptr {{[^%]*}}align 8 {{[^%]*}}%x)
    #[inline(never)]
    fn inherited(&self, x: (f64, f64)) -> f64 {
        self.a * x.0 + self.b * x.1
    }

    // debug: define {{.*}}@_R{{.*}}15plain_inherited(ptr {{[^%]*}}%self, double {{[^%]*}}%x.0, double {{[^%]*}}%x.1)
    // release: define {{.*}}@_R{{.*}}15plain_inherited({{.*}}, double {{[^%]*}}%x.0, double {{[^%]*}}%x.1)
    #[inline(never)]
    fn plain_inherited(&self, x: (f64, f64)) -> f64 {
        self.a * x.0 + self.b * x.1 + 1.0
    }
}

#[unsafe(no_mangle)]
pub fn calls(line: &Line, x: f64) {
    let d = &mut Line { a: 0.0, b: 0.0 };
    black_box((line.by_reference(x), line.plain_by_reference(x), line.d_by_reference(d, x, 1.0)));
    black_box((line.by_value(x), line.plain_by_value(x), line.d_by_value(x, 1.0)));
    black_box((Line::associated(*line), Line::d_associated(*line, 1.0)));
    let x = (x, x);
    black_box((line.inherited(x), line.plain_inherited(x), line.d_inherited(x, 1.0)));
    black_box(line.provided(x));
}
