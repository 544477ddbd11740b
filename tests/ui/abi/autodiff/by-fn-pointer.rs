//! Check that a function carrying `#[rustc_autodiff]` gives one answer, called directly and by `fn`
//! pointer, for every kind of header: a function pointer's type does not say that the function has
//! the attribute, so whoever calls it uses the ordinary ABI.

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
use std::mem::transmute;

#[macro_use]
#[path = "auxiliary/headers.rs"]
mod headers;
use headers::*;

struct Holder<F> {
    before: u64,
    call: F,
    after: u64,
}

#[inline(never)]
fn passed_on<T>(x: T) -> T {
    black_box(x)
}

macro_rules! check {
    ($($name:ident($($p:ident: $t:ty = $v:expr),*) -> $r:ty = $want:expr;)*) => {$({
        #[inline(never)]
        fn run() {
            type Pointer = fn($($t),*) -> $r;
            #[inline(never)]
            fn check(how: &str, got: $r) {
                exact(stringify!($name), how, got, $want);
            }

            check("called directly", $name($($v),*));

            // Always the same call instruction, with a pointer that cannot be known there.
            #[inline(never)]
            fn call(f: Pointer $(, $p: $t)*) -> $r {
                black_box(f)($($p),*)
            }
            // The same signature without the attribute: both must do at one call site.
            #[inline(never)]
            fn ordinary($($p: $t),*) -> $r {
                $name($($p),*)
            }
            #[inline(never)]
            fn returned() -> Pointer {
                $name
            }
            const CONST: Pointer = $name;
            static STATIC: [Pointer; 3] = [ordinary, $name, $name as Pointer];

            let local: Pointer = $name;
            check("by a local pointer, known to the optimiser", local($($v),*));
            check("by a local pointer", black_box(local)($($v),*));
            check("by a pointer argument", call($name $(, $v)*));
            check("by a pointer argument, wrapped", call(ordinary $(, $v)*));
            check("by a returned pointer", call(returned() $(, $v)*));
            check("by a const pointer", call(CONST $(, $v)*));
            for f in black_box(&STATIC) {
                check("by a pointer in a static", f($($v),*));
            }
            check("by a pointer in a static, by index", STATIC[black_box(1)]($($v),*));

            let holder = black_box(Holder { before: 1, call: $name as Pointer, after: 2 });
            check("by a pointer in a struct", (holder.call)($($v),*));
            assert_eq!((holder.before, holder.after), (1, 2));
            let item = black_box(Holder { before: 1, call: $name, after: 2 });
            check("by a function item in a struct", (item.call)($($v),*));
            let vec: Vec<Pointer> = black_box(vec![$name, ordinary]);
            check("by a pointer in a vector", vec[0]($($v),*));
            let option: Option<Pointer> = black_box(Some($name));
            check("by a pointer in an option", option.unwrap()($($v),*));

            // The common type of two function items is a pointer.
            let either = if black_box(true) { $name } else { ordinary };
            check("by the pointer of an if", either($($v),*));
            let either = [ordinary, $name];
            check("by the pointer of an array", either[black_box(1)]($($v),*));

            let not_safe: unsafe fn($($t),*) -> $r = $name;
            check("by an unsafe pointer", unsafe { black_box(not_safe)($($v),*) });
            let address = black_box($name as Pointer as usize);
            let pointer = unsafe { transmute::<usize, Pointer>(address) };
            check("by a pointer that was a usize", call(pointer $(, $v)*));
            let address = black_box($name as *const ());
            let pointer = unsafe { transmute::<*const (), Pointer>(address) };
            check("by a pointer that was a raw pointer", call(pointer $(, $v)*));
            let pointer = passed_on::<Pointer>($name);
            check("by a pointer through a generic function", call(pointer $(, $v)*));
            assert_eq!(pointer as usize, passed_on(pointer) as usize, "a copy is equal");
            check("by a function item through a generic function", passed_on($name)($($v),*));
            check("by a reference to a pointer", black_box(&&pointer)($($v),*));
        }
        run();
    })*};
}

// A lifetime in the signature: the pointer is `for<'a> fn(&'a [f64], (f64, f64)) -> &'a [f64]`.
#[rustc_autodiff]
#[inline(never)]
fn borrowing<'a>(x: &'a [f64], y: (f64, f64)) -> &'a [f64] {
    assert_eq!(y, (2.0, 3.0));
    &x[1..]
}

// Writes through an argument, and has nothing to return.
#[rustc_autodiff]
#[inline(never)]
fn writing(x: &mut (f64, f32), by: (f64, f32)) {
    *x = (x.0 + by.0, x.1 - by.1);
}

#[inline(never)]
fn call_borrowing(f: for<'a> fn(&'a [f64], (f64, f64)) -> &'a [f64]) {
    let x = [5.0, 7.0, 11.0];
    assert_eq!(black_box(f)(&x, (2.0, 3.0)), [7.0, 11.0]);
}

#[inline(never)]
fn call_writing(f: fn(&mut (f64, f32), (f64, f32))) {
    let mut x = (2.0, 3.0);
    black_box(f)(&mut x, (30.0, 50.0));
    assert_eq!(x, (32.0, -47.0));
}

fn main() {
    for_each_header!(check);
    call_borrowing(borrowing);
    call_writing(writing);
}
