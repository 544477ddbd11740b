//! Check functions carrying `#[rustc_autodiff]` that are called by other means than their path: by a
//! tail call, by the runtime as `main`, and as the implementation of an externally implementable
//! item, which its callers know by a declaration. The last two keep the ordinary ABI.

//@ run-pass
//@ edition: 2024
//@ revisions: debug release
//@[debug] compile-flags: -Copt-level=0
//@[release] compile-flags: -Copt-level=3

#![feature(rustc_attrs, explicit_tail_calls, extern_item_impls)]
#![expect(incomplete_features)]

use std::hint::black_box;

#[rustc_autodiff]
#[inline(never)]
fn primal(x: (f64, f32), y: [f32; 2]) -> (f32, f64) {
    (x.1 + y[0], x.0 + y[1] as f64)
}

#[inline(never)]
fn tail_calls(x: (f64, f32), y: [f32; 2]) -> (f32, f64) {
    become primal((x.0 * 2.0, x.1), y);
}

#[inline(never)]
fn tail_calls_generic<T: Trait>(x: (f64, f32), y: [f32; 2]) -> (f32, f64) {
    become T::method(x, y);
}

trait Trait {
    #[rustc_autodiff]
    fn method(x: (f64, f32), y: [f32; 2]) -> (f32, f64);
}

impl Trait for () {
    fn method(x: (f64, f32), y: [f32; 2]) -> (f32, f64) {
        (x.1 * y[0], x.0 * y[1] as f64)
    }
}

#[eii]
fn implemented_elsewhere(x: (f64, f32), y: [f32; 2]) -> (f32, f64);

#[implemented_elsewhere]
#[rustc_autodiff]
fn implementation(x: (f64, f32), y: [f32; 2]) -> (f32, f64) {
    (x.1 - y[0], x.0 - y[1] as f64)
}

#[rustc_autodiff]
fn main() -> Result<(), String> {
    let (x, y) = black_box(((2.0, 3.0), [5.0, 7.0]));
    assert_eq!(tail_calls(x, y), (8.0, 11.0));
    assert_eq!(tail_calls_generic::<()>(x, y), (15.0, 14.0));
    assert_eq!(implemented_elsewhere(x, y), (-2.0, -5.0));
    assert_eq!(implementation(x, y), (-2.0, -5.0));
    Ok(())
}
