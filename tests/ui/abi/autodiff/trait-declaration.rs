//! Check that a trait's method whose *declaration* carries `#[rustc_autodiff]` gives one answer for
//! every implementation, with the attribute repeated there or not, called directly, by `fn`
//! pointer, through generics and through a vtable.
//!
//! An implementation inherits the attribute, as it does `#[track_caller]`, or it does not: the
//! caller must be of the same opinion.

//@ run-pass
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

use std::hint::black_box;

#[path = "auxiliary/headers.rs"]
mod headers;
use headers::{Pair, Short};

trait Model {
    #[rustc_autodiff]
    fn required(&self, x: (f64, f32), y: Option<f64>) -> (f32, f64);

    #[rustc_autodiff]
    #[inline(never)]
    fn provided(&self, x: [f32; 2], y: Pair) -> Pair {
        let (a, b) = self.required((y.a, x[0]), Some(y.b));
        Pair { a: a as f64 * 1000.0 + b, b: x[1] as f64 }
    }

    // No receiver: never in the vtable.
    #[rustc_autodiff]
    fn associated(x: Short) -> [f32; 2]
    where
        Self: Sized;

    #[rustc_autodiff]
    #[inline(never)]
    fn consuming(self, x: (u8, f32)) -> Pair
    where
        Self: Sized,
    {
        Pair { a: x.1 as f64, b: x.0 as f64 }
    }

    #[rustc_autodiff]
    fn generic<T>(&self, x: (T, T), y: (u8, f32)) -> (u8, T, f32)
    where
        Self: Sized;
}

/// Says nothing itself.
struct Inheriting(f64);

impl Model for Inheriting {
    #[inline(never)]
    fn required(&self, x: (f64, f32), y: Option<f64>) -> (f32, f64) {
        (x.1, x.0 + y.unwrap() * self.0)
    }

    #[inline(never)]
    fn associated(x: Short) -> [f32; 2] {
        [x.b, x.a as f32 - x.c as f32]
    }

    #[inline(never)]
    fn generic<T>(&self, x: (T, T), y: (u8, f32)) -> (u8, T, f32) {
        (y.0, x.1, y.1)
    }
}

/// Repeats the attribute, and overrides what is provided.
struct Repeating(f64);

impl Model for Repeating {
    #[rustc_autodiff]
    #[inline(never)]
    fn required(&self, x: (f64, f32), y: Option<f64>) -> (f32, f64) {
        (x.1, x.0 + y.unwrap() * self.0)
    }

    #[rustc_autodiff]
    #[inline(never)]
    fn provided(&self, x: [f32; 2], y: Pair) -> Pair {
        let b = y.a + y.b * self.0;
        Pair { a: x[0] as f64 * 1000.0 + b, b: x[1] as f64 }
    }

    #[rustc_autodiff]
    #[inline(never)]
    fn associated(x: Short) -> [f32; 2] {
        [x.b, x.a as f32 - x.c as f32]
    }

    #[rustc_autodiff]
    #[inline(never)]
    fn consuming(self, x: (u8, f32)) -> Pair {
        Pair { a: x.1 as f64, b: x.0 as f64 }
    }

    #[rustc_autodiff]
    #[inline(never)]
    fn generic<T>(&self, x: (T, T), y: (u8, f32)) -> (u8, T, f32) {
        (y.0, x.1, y.1)
    }
}

/// Overrides what is provided, without a word. Generic, so that its methods are instances.
struct Overriding<T>(T);

impl<T: Copy + Into<f64>> Model for Overriding<T> {
    fn required(&self, x: (f64, f32), y: Option<f64>) -> (f32, f64) {
        (x.1, x.0 + y.unwrap() * self.0.into())
    }

    fn provided(&self, x: [f32; 2], y: Pair) -> Pair {
        let b = y.a + y.b * self.0.into();
        Pair { a: x[0] as f64 * 1000.0 + b, b: x[1] as f64 }
    }

    fn associated(x: Short) -> [f32; 2] {
        [x.b, x.a as f32 - x.c as f32]
    }

    fn consuming(self, x: (u8, f32)) -> Pair {
        Pair { a: x.1 as f64, b: x.0 as f64 }
    }

    fn generic<U>(&self, x: (U, U), y: (u8, f32)) -> (u8, U, f32) {
        (y.0, x.1, y.1)
    }
}

// With a factor of 100 in `self`: 2 + 100 * 5, and 11 + 100 * 13
const REQUIRED: (f32, f64) = (3.0, 502.0);
const PROVIDED: Pair = Pair { a: 17_000.0 + 1311.0, b: 19.0 };
const SHORT: Short = Short { a: 23, b: 29.0, c: 3 };

#[inline(never)]
fn generic_caller<M: ?Sized + Model>(m: &M) {
    assert_eq!(m.required((2.0, 3.0), Some(5.0)), REQUIRED);
    assert_eq!(m.provided([17.0, 19.0], Pair { a: 11.0, b: 13.0 }), PROVIDED);
    let required: fn(&M, (f64, f32), Option<f64>) -> (f32, f64) = black_box(M::required);
    assert_eq!(required(m, (2.0, 3.0), Some(5.0)), REQUIRED);
    let provided: fn(&M, [f32; 2], Pair) -> Pair = black_box(M::provided);
    assert_eq!(provided(m, [17.0, 19.0], Pair { a: 11.0, b: 13.0 }), PROVIDED);
    let closure: &dyn Fn(&M, [f32; 2], Pair) -> Pair = black_box(&M::provided);
    assert_eq!(closure(m, [17.0, 19.0], Pair { a: 11.0, b: 13.0 }), PROVIDED);
}

#[inline(never)]
fn sized_caller<M: Model>(m: M) {
    generic_caller(&m);

    assert_eq!(M::associated(SHORT), [29.0, 20.0]);
    let associated: fn(Short) -> [f32; 2] = black_box(M::associated);
    assert_eq!(associated(SHORT), [29.0, 20.0]);

    assert_eq!(m.generic((2u16, 3u16), (0xA5, 5.0)), (0xA5, 3, 5.0));
    assert_eq!(m.generic(("two", "three"), (0xA5, 5.0)), (0xA5, "three", 5.0));
    let generic: fn(&M, ([f32; 2], [f32; 2]), (u8, f32)) -> (u8, [f32; 2], f32) =
        black_box(M::generic);
    let got = generic(&m, ([2.0, 3.0], [5.0, 7.0]), (0xA5, 11.0));
    assert_eq!(got, (0xA5, [5.0, 7.0], 11.0));

    let consuming: fn(M, (u8, f32)) -> Pair = black_box(M::consuming);
    assert_eq!(consuming(m, (0x5A, 2.0)), Pair { a: 2.0, b: 90.0 });
}

fn main() {
    sized_caller(Inheriting(100.0));
    sized_caller(Repeating(100.0));
    sized_caller(Overriding(100.0f64));
    sized_caller(Overriding(100u8));

    let models: [&dyn Model; 4] =
        [&Inheriting(100.0), &Repeating(100.0), &Overriding(100.0f32), &Overriding(100i32)];
    for model in black_box(models) {
        generic_caller(model);
    }

    // The same, where the compiler sees which function it is.
    let (inheriting, repeating) = (Inheriting(100.0), Repeating(100.0));
    assert_eq!(inheriting.required((2.0, 3.0), Some(5.0)), REQUIRED);
    assert_eq!(repeating.required((2.0, 3.0), Some(5.0)), REQUIRED);
    assert_eq!(inheriting.provided([17.0, 19.0], Pair { a: 11.0, b: 13.0 }), PROVIDED);
    assert_eq!(repeating.provided([17.0, 19.0], Pair { a: 11.0, b: 13.0 }), PROVIDED);
    assert_eq!(inheriting.consuming((0x5A, 2.0)), Pair { a: 2.0, b: 90.0 });
    assert_eq!(repeating.consuming((0x5A, 2.0)), Pair { a: 2.0, b: 90.0 });
}
