//! Check that a primal takes a trait object as a pointer and a vtable, also where all calls pass
//! the same vtable, or the very same object. LLVM would rather drop these parameters.

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

trait MyTrait {
    fn value(&self) -> f64;
}

impl MyTrait for f64 {
    #[inline(never)]
    fn value(&self) -> f64 {
        black_box(*self)
    }
}

// CHECK: define {{.*}}@_R{{.*}}6object(ptr {{[^%]*}}%x.0, ptr {{[^%]*}}align 8 {{[^%]*}}%x.1)
#[rustc_autodiff]
#[inline(never)]
fn object(x: &dyn MyTrait) -> f64 {
    x.value()
}

// debug: define {{.*}}@_R{{.*}}12plain_object(ptr %x.0, ptr align 8 %x.1)
// release: define {{.*}}@_R{{.*}}12plain_object()
#[inline(never)]
fn plain_object(x: &dyn MyTrait) -> f64 {
    x.value() + 1.0
}

// CHECK: define {{.*}}@_R{{.*}}17object_and_scalar(ptr {{[^%]*}}%x.0, ptr {{[^%]*}}align 8 {{[^%]*}}%x.1, double {{[^%]*}}%y)
#[autodiff_reverse(d_object_and_scalar, Const, Active, Active)]
#[inline(never)]
fn object_and_scalar(x: &dyn MyTrait, y: f64) -> f64 {
    size_of_val(x) as f64 * y
}

// debug: define {{.*}}@_R{{.*}}23plain_object_and_scalar(ptr %x.0, ptr align 8 %x.1, double %y)
// release: define {{.*}}@_R{{.*}}23plain_object_and_scalar(double {{[^%]*}}%y)
#[inline(never)]
fn plain_object_and_scalar(x: &dyn MyTrait, y: f64) -> f64 {
    size_of_val(x) as f64 * y + 1.0
}

// CHECK: define {{.*}}@_R{{.*}}5boxed(ptr {{[^%]*}}%{{[^,]*}}, ptr {{[^%]*}}align 8 {{[^%]*}}%{{[^,)]*}})
#[rustc_autodiff]
#[inline(never)]
fn boxed(x: Box<dyn MyTrait>) -> f64 {
    x.value()
}

#[unsafe(no_mangle)]
pub fn calls(x: &f64, y: f64) {
    static S: f64 = 2.0;
    black_box((object(&S), plain_object(&S)));
    black_box((object_and_scalar(x, y), plain_object_and_scalar(x, y)));
    black_box(d_object_and_scalar(x, y, 1.0));
    black_box(boxed(Box::new(*x)));
}
