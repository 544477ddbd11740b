//! Check that a `const fn` carrying `#[rustc_autodiff]` gives one answer in const evaluation,
//! called directly and by `fn` pointer, and the same one at run time.
//!
//! The interpreter compares the ABI of caller and callee on every call, so it is the strictest of
//! callers. A call by pointer in a constant is behind `-Zunleash-the-miri-inside-of-you`, whose
//! warning is silenced with all others.

//@ run-pass
//@ edition: 2024
//@ compile-flags: -Zunleash-the-miri-inside-of-you -Awarnings
//@ revisions: debug debug_units release release_units enabled_debug enabled_release
//@[enabled_debug] needs-enzyme (`-Zautodiff=Enable` loads it)
//@[enabled_release] needs-enzyme (`-Zautodiff=Enable` loads it)
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=1
//@[debug_units] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=1
//@[release_units] compile-flags: -Copt-level=3 -Ccodegen-units=16
//@[enabled_debug] compile-flags: -Zautodiff=Enable -Copt-level=0
//@[enabled_release] compile-flags: -Zautodiff=Enable -Copt-level=3

#![feature(const_destruct, const_trait_impl, rustc_attrs)]

use std::hint::black_box;

#[path = "auxiliary/headers.rs"]
mod headers;
use headers::{Mixed, Nested, Pair, Shape, Short, Unit};

macro_rules! const_primals {
    ($($name:ident$parameters:tt -> $r:ty = $body:expr, $arguments:tt -> $want:expr;)*) => {$(
        mod $name {
            use super::*;

            #[rustc_autodiff]
            #[inline(never)]
            const fn primal $parameters -> $r {
                $body
            }

            const DIRECTLY: $r = primal $arguments;
            static IN_A_STATIC: $r = primal $arguments;
            // The length of an array is evaluated by the type system.
            const LENGTH: [u8; size_of_val(&primal $arguments) + 1] = [1; size_of::<$r>() + 1];
            const BY_POINTER: $r = {
                let f: signature!($parameters -> $r) = primal;
                f $arguments
            };
            const POINTER: signature!($parameters -> $r) = primal;
            const BY_CONST_POINTER: $r = POINTER $arguments;
            static TABLE: [signature!($parameters -> $r); 2] = [primal, POINTER];
            const BY_CONST_BLOCK: $r = const { [POINTER, primal] }[1] $arguments;

            pub fn check() {
                assert_eq!(DIRECTLY, $want, "in a constant");
                assert_eq!(IN_A_STATIC, $want, "in a static");
                assert_eq!(BY_POINTER, $want, "in a constant, by pointer");
                assert_eq!(BY_CONST_POINTER, $want, "in a constant, by a constant pointer");
                assert_eq!(BY_CONST_BLOCK, $want, "in a constant, by a pointer of an array");
                assert_eq!(const { primal $arguments }, $want, "in a const block");
                assert_eq!(primal $arguments, $want, "at run time");
                assert_eq!(black_box(POINTER) $arguments, $want, "at run time, by pointer");
                for f in black_box(&TABLE) {
                    assert_eq!(f $arguments, $want, "at run time, by a pointer in a static");
                }
            }
        }
    )*

        fn all() {
            $($name::check();)*
        }
    };
}

macro_rules! signature {
    (($($p:ident: $t:ty),*) -> $r:ty) => { fn($($t),*) -> $r };
}

const_primals! {
    pair(p: Pair) -> Pair = Pair { a: p.b, b: p.a },
        (Pair { a: 2.0, b: 3.0 }) -> Pair { a: 3.0, b: 2.0 };
    tuple(x: (f64, f32)) -> (f32, f64) = (x.1, x.0), ((2.0, 3.0)) -> (3.0, 2.0);
    scalars(a: f64, b: u8, c: f32) -> (u8, f64) = (b, a * c as f64),
        (2.0, 0xA5, 3.0) -> (0xA5, 6.0);
    array_two(x: [f32; 2]) -> [f32; 2] = [x[1], x[0]], ([2.0, 3.0]) -> [3.0, 2.0];
    array_three(x: [f64; 3], n: u8) -> [f64; 3] = [x[1], x[2], x[0] + n as f64],
        ([2.0, 3.0, 5.0], 100) -> [3.0, 5.0, 102.0];
    option(x: Option<f64>, y: Option<u32>) -> Option<f64>
        = match (x, y) { (Some(x), Some(y)) => Some(x * y as f64), _ => None },
        (Some(2.0), Some(3)) -> Some(6.0);
    zero_sized(u: (), x: (f64, f64), v: Unit, n: u16) -> (u16, Unit, f64) = (n, v, x.1),
        ((), (2.0, 3.0), Unit, 0x55AA) -> (0x55AA, Unit, 3.0);
    slice(x: &'static [f64], s: &'static str) -> (&'static str, f64, usize) = (s, x[1], x.len()),
        (&[2.0, 3.0, 5.0], "leaf") -> ("leaf", 3.0, 3);
    short(x: Short, y: Mixed) -> Short
        = Short { a: x.c, b: y.a, c: x.a + y.n as i16 },
        (Short { a: 2, b: 3.0, c: 5 }, Mixed { flag: true, a: 7.0, n: 1100, b: 13.0, c: 17 })
        -> Short { a: 5, b: 7.0, c: 1102 };
    nested(n: Nested) -> Nested = Nested { inner: [n.inner[1], n.inner[0]], ..n },
        (Nested {
            inner: [Pair { a: 2.0, b: 3.0 }, Pair { a: 5.0, b: 7.0 }], t: (0x5A, 11.0), scale: 13.0
        }) -> Nested {
            inner: [Pair { a: 5.0, b: 7.0 }, Pair { a: 2.0, b: 3.0 }], t: (0x5A, 11.0), scale: 13.0
        };
    shape(x: Shape, y: Shape) -> (Shape, Shape) = (y, x),
        (Shape::Rect(2.0, 3.0), Shape::Circle(5.0)) -> (Shape::Circle(5.0), Shape::Rect(2.0, 3.0));
    // Fibonacci numbers, the pair shifting by one.
    recursion(x: (u64, u64), n: u32) -> (u64, u64)
        = if n == 0 { x } else { primal((x.1, x.0 + x.1), n - 1) },
        ((0, 1), 30) -> (832040, 1346269);
    recursion_by_pointer(x: (u64, u64), n: u32) -> (u64, u64)
        = if n == 0 {
            x
        } else {
            let f: fn((u64, u64), u32) -> (u64, u64) = primal;
            f((x.1, x.0 + x.1), n - 1)
        },
        ((0, 1), 30) -> (832040, 1346269);
}

// Methods of a trait: directly, by pointer, through a generic function, and through a vtable.
const trait Swap {
    fn swap(&self, x: (f64, f32)) -> (f32, f64);
}

const impl Swap for Pair {
    #[rustc_autodiff]
    #[inline(never)]
    fn swap(&self, x: (f64, f32)) -> (f32, f64) {
        (x.1 + self.b as f32, x.0 + self.a)
    }
}

const PAIR: Pair = Pair { a: 20.0, b: 30.0 };

const BY_METHOD: (f32, f64) = PAIR.swap((2.0, 3.0));

const BY_METHOD_POINTER: (f32, f64) = {
    let f: fn(&Pair, (f64, f32)) -> (f32, f64) = Pair::swap;
    f(&PAIR, (2.0, 3.0))
};

const fn generic<T: [const] Swap>(x: &T) -> (f32, f64) {
    x.swap((2.0, 3.0))
}

const BY_GENERIC: (f32, f64) = generic(&PAIR);

const BY_VTABLE: (f32, f64) = {
    // `dyn Swap` is not `const Swap`, but a pointer to the virtual call can be had.
    let f: fn(&(dyn Swap + 'static), (f64, f32)) -> (f32, f64) = <dyn Swap>::swap;
    f(&PAIR, (2.0, 3.0))
};

// A function item as `Fn`.
#[rustc_autodiff]
#[inline(never)]
const fn swap_floats(x: (f64, f64)) -> (f64, f64) {
    (x.1, x.0)
}

const fn call<F: [const] Fn((f64, f64)) -> (f64, f64) + [const] std::marker::Destruct>(
    f: F,
) -> (f64, f64) {
    f((2.0, 3.0))
}

const BY_FN: (f64, f64) = call(swap_floats);

fn main() {
    all();
    assert_eq!(BY_METHOD, (33.0, 22.0));
    assert_eq!(BY_METHOD_POINTER, (33.0, 22.0));
    assert_eq!(BY_GENERIC, (33.0, 22.0));
    assert_eq!(BY_VTABLE, (33.0, 22.0));
    assert_eq!(BY_FN, (3.0, 2.0));
    assert_eq!(call(black_box(swap_floats)), (3.0, 2.0));
}
