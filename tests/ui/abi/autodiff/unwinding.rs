//! Check that a panic passes through a function carrying `#[rustc_autodiff]` and whatever stands
//! before it, called directly, by `fn` pointer, behind `dyn Fn` and through a vtable, and that
//! everything it was given is dropped, once and in order.

//@ run-pass
//@ needs-unwind (the panics are caught)
//@ edition: 2024
//@ revisions: debug debug_units release release_units enabled_debug enabled_release
//@[enabled_debug] needs-enzyme (`-Zautodiff=Enable` loads it)
//@[enabled_release] needs-enzyme (`-Zautodiff=Enable` loads it)
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=1
//@[debug_units] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=1
//@[release_units] compile-flags: -Copt-level=3 -Ccodegen-units=16
//@[enabled_debug] compile-flags: -Zautodiff=Enable -Copt-level=0
//@[enabled_release] compile-flags: -Zautodiff=Enable -Copt-level=3

#![feature(rustc_attrs)]

use std::cell::RefCell;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

thread_local! {
    static DROPPED: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// Writes its number down when it is dropped.
struct Noisy(u32);

impl Drop for Noisy {
    fn drop(&mut self) {
        DROPPED.with_borrow_mut(|dropped| dropped.push(self.0));
    }
}

#[track_caller]
fn dropped(want: &[u32], how: &str) {
    let got = DROPPED.take();
    assert_eq!(got, want, "dropped, {how}");
}

type Given = (Noisy, f64);

// Locals are dropped before parameters, of both the last first, and not what has been moved out.
#[rustc_autodiff]
#[inline(never)]
fn primal(x: Given, panic: bool, y: [Noisy; 2], _: (f32, f32), z: Option<Box<Noisy>>) -> Given {
    let _local = Noisy(100);
    let [first, second] = y;
    let kept = (first, x.1 * 10.0);
    if black_box(panic) {
        // Not `panic!`, which would print.
        resume_unwind(Box::new(x.1 + second.0 as f64));
    }
    drop(z);
    kept
}

// `z` where it says so, `second`, `_local`, `x.0`
const RETURNED: &[u32] = &[7, 3, 100, 1];
// `kept`, `second`, `_local`, `z`, `x.0`, and then what the caller holds
const PANICKED: &[u32] = &[2, 3, 100, 7, 1, 200];

fn given() -> (Given, [Noisy; 2], (f32, f32), Option<Box<Noisy>>) {
    ((Noisy(1), 2.0), [Noisy(2), Noisy(3)], (5.0, 7.0), Some(Box::new(Noisy(7))))
}

#[inline(never)]
fn check(how: &str, call: impl Fn(bool) -> Given) {
    let (noisy, factor) = call(false);
    dropped(RETURNED, how);
    assert_eq!((noisy.0, factor), (2, 20.0), "returned, {how}");
    drop(noisy);
    dropped(&[2], how);

    let payload = catch_unwind(AssertUnwindSafe(|| {
        let _outer = Noisy(200);
        call(true)
    }));
    let payload = payload.err().unwrap();
    assert_eq!(payload.downcast_ref(), Some(&5.0f64), "payload, {how}");
    dropped(PANICKED, how);
}

// The same behind a receiver that is dropped as well, or not.
trait Call {
    fn method(&self, panic: bool) -> Given;
    fn of_box(self: Box<Self>, panic: bool, x: Given) -> Given;
}

impl Call for Noisy {
    #[rustc_autodiff]
    #[inline(never)]
    fn method(&self, panic: bool) -> Given {
        assert_eq!(self.0, 50);
        let (x, y, z, w) = given();
        primal(x, panic, y, z, w)
    }

    #[rustc_autodiff]
    #[inline(never)]
    fn of_box(self: Box<Self>, panic: bool, x: Given) -> Given {
        assert_eq!(self.0, 50);
        if black_box(panic) {
            resume_unwind(Box::new(x.1 + 3.0));
        }
        (Noisy(x.0.0 + 1), x.1 * 10.0)
    }
}

fn functions() {
    type Pointer = fn(Given, bool, [Noisy; 2], (f32, f32), Option<Box<Noisy>>) -> Given;
    type Dyn = dyn Fn(Given, bool, [Noisy; 2], (f32, f32), Option<Box<Noisy>>) -> Given;

    check("directly", |panic| {
        let (x, y, z, w) = given();
        primal(x, panic, y, z, w)
    });
    let f: Pointer = black_box(primal);
    check("by pointer", |panic| {
        let (x, y, z, w) = given();
        f(x, panic, y, z, w)
    });
    let f: &Dyn = black_box(&primal);
    check("by &dyn Fn", |panic| {
        let (x, y, z, w) = given();
        f(x, panic, y, z, w)
    });
    check("by Box<dyn FnOnce>", |panic| {
        let f: Box<dyn FnOnce(_, _, _, _, _) -> Given> = black_box(Box::new(primal));
        let (x, y, z, w) = given();
        f(x, panic, y, z, w)
    });
}

fn methods() {
    let receiver = std::mem::ManuallyDrop::new(Noisy(50));
    check("a method, directly", |panic| receiver.method(panic));
    let call: &dyn Call = black_box(&*receiver);
    check("a method, by vtable", |panic| call.method(panic));
    let f: fn(&Noisy, bool) -> Given = black_box(Noisy::method);
    check("a method, by pointer", |panic| f(&receiver, panic));

    // The receiver is the first parameter, hence the last to be dropped.
    let call: Box<dyn Call> = black_box(Box::new(Noisy(50)));
    let (noisy, factor) = call.of_box(false, (Noisy(1), 2.0));
    dropped(&[1, 50], "a method of Box, by vtable");
    assert_eq!((noisy.0, factor), (2, 20.0), "a method of Box, by vtable");
    drop(noisy);
    dropped(&[2], "a method of Box, by vtable");
    let call: Box<dyn Call> = black_box(Box::new(Noisy(50)));
    let payload = catch_unwind(AssertUnwindSafe(|| call.of_box(true, (Noisy(1), 2.0))));
    assert_eq!(payload.err().unwrap().downcast_ref(), Some(&5.0f64), "a method of Box, payload");
    dropped(&[1, 50], "a method of Box, by vtable, panicking");
}

// Several frames of primals on the way, each called by pointer.
#[rustc_autodiff]
#[inline(never)]
fn deep(x: (Noisy, f64), n: u32, f: fn((Noisy, f64), u32) -> [f64; 3]) -> [f64; 3] {
    let (noisy, leaf) = x;
    let _local = Noisy(noisy.0 * 10);
    if n == 0 {
        resume_unwind(Box::new(leaf));
    }
    f((Noisy(noisy.0 + 1), leaf * 2.0), n - 1)
}

#[rustc_autodiff]
#[inline(never)]
fn deep_by_pointer(x: (Noisy, f64), n: u32) -> [f64; 3] {
    deep(x, n, black_box(deep_by_pointer))
}

fn frames() {
    let payload = catch_unwind(|| deep_by_pointer((Noisy(1), 3.0), 2));
    // 3 doubled twice
    assert_eq!(payload.unwrap_err().downcast_ref(), Some(&12.0f64), "payload, several frames");
    dropped(&[30, 3, 20, 2, 10, 1], "several frames");
}

fn main() {
    functions();
    methods();
    frames();
}
