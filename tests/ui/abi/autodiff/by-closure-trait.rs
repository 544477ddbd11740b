//! Check that a function carrying `#[rustc_autodiff]` gives one answer through `Fn`, `FnMut` and
//! `FnOnce`, generic and behind `dyn`, for every kind of header. A generic caller calls the
//! function itself, a `dyn` one a shim that does.

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

use std::cmp::Ordering;
use std::hint::black_box;
use std::rc::Rc;

#[macro_use]
#[path = "auxiliary/headers.rs"]
mod headers;
use headers::*;

macro_rules! check {
    ($($name:ident($($p:ident: $t:ty = $v:expr),*) -> $r:ty = $want:expr;)*) => {$({
        #[inline(never)]
        fn run() {
            type Pointer = fn($($t),*) -> $r;
            type Dyn = dyn Fn($($t),*) -> $r;
            #[inline(never)]
            fn check(how: &str, got: $r) {
                exact(stringify!($name), how, got, $want);
            }

            #[inline(never)]
            fn generic<F: Fn($($t),*) -> $r>(f: F $(, $p: $t)*) -> $r {
                f($($p),*)
            }
            #[inline(never)]
            fn generic_mut<F: FnMut($($t),*) -> $r>(mut f: F $(, $p: $t)*) -> $r {
                f($($p),*)
            }
            #[inline(never)]
            fn generic_once<F: FnOnce($($t),*) -> $r>(f: F $(, $p: $t)*) -> $r {
                f($($p),*)
            }
            #[inline(never)]
            fn unsized_generic<F: ?Sized + Fn($($t),*) -> $r>(f: &F $(, $p: $t)*) -> $r {
                f($($p),*)
            }
            #[inline(never)]
            fn by_dyn(f: &Dyn $(, $p: $t)*) -> $r {
                black_box(f)($($p),*)
            }
            #[inline(never)]
            fn by_dyn_mut(f: &mut dyn FnMut($($t),*) -> $r $(, $p: $t)*) -> $r {
                black_box(f)($($p),*)
            }
            #[inline(never)]
            fn by_dyn_once(f: Box<dyn FnOnce($($t),*) -> $r> $(, $p: $t)*) -> $r {
                black_box(f)($($p),*)
            }
            fn opaque() -> impl Fn($($t),*) -> $r + Copy {
                $name
            }

            check("by F: Fn", generic($name $(, $v)*));
            check("by F: FnMut", generic_mut($name $(, $v)*));
            check("by F: FnOnce", generic_once($name $(, $v)*));
            check("by F: Fn, a reference", generic(&$name $(, $v)*));
            check("by F: Fn, a pointer", generic(black_box($name as Pointer) $(, $v)*));
            check("by F: FnOnce, a pointer", generic_once(black_box($name as Pointer) $(, $v)*));
            check("by F: ?Sized + Fn", unsized_generic(&$name $(, $v)*));
            check("by impl Fn", opaque()($($v),*));

            check("by &dyn Fn", by_dyn(&$name $(, $v)*));
            check("by &dyn Fn, impl Fn", by_dyn(&opaque() $(, $v)*));
            check("by &dyn Fn, a pointer", by_dyn(&($name as Pointer) $(, $v)*));
            check("by &mut dyn FnMut", by_dyn_mut(&mut $name $(, $v)*));
            check("by Box<dyn FnOnce>", by_dyn_once(Box::new($name) $(, $v)*));
            let boxed = Box::new($name as Pointer);
            check("by Box<dyn FnOnce>, a pointer", by_dyn_once(boxed $(, $v)*));
            let boxed: Box<Dyn> = black_box(Box::new($name));
            check("by Box<dyn Fn>", boxed($($v),*));
            check("by Box<dyn Fn> as F: Fn", generic(&boxed $(, $v)*));
            check("by F: ?Sized + Fn, a dyn Fn", unsized_generic(&*boxed $(, $v)*));
            check("by Box<dyn Fn> as Box<dyn FnOnce>", by_dyn_once(boxed $(, $v)*));
            let shared: Rc<Dyn> = black_box(Rc::new($name));
            check("by Rc<dyn Fn>", shared($($v),*));

            let body = |$($p: $t),*| $name($($p),*);
            check("in a closure", generic(body $(, $v)*));
            check("in a closure, by pointer", black_box(body as Pointer)($($v),*));
            check("in a closure, by &dyn Fn", by_dyn(&body $(, $v)*));
            let (pointer, leaf) = (black_box($name as Pointer), black_box(0xA5u8));
            let capturing = move |$($p: $t),*| {
                assert_eq!(leaf, 0xA5);
                pointer($($p),*)
            };
            check("in a capturing closure, by pointer", generic(capturing $(, $v)*));
            check("in a capturing closure behind dyn, by pointer", by_dyn(&capturing $(, $v)*));
        }
        run();
    })*};
}

#[rustc_autodiff]
#[inline(never)]
fn add(x: Pair, y: (f64, f64)) -> Pair {
    Pair { a: x.a + y.0, b: x.b - y.1 }
}

#[rustc_autodiff]
#[inline(never)]
fn by_second(x: &(f64, f64), y: &(f64, f64)) -> Ordering {
    x.1.total_cmp(&y.1)
}

#[rustc_autodiff]
#[inline(never)]
fn second_is_large(x: &(f64, f64)) -> bool {
    x.1 > 4.0
}

#[rustc_autodiff]
#[inline(never)]
fn key((_, key): &(f64, f64)) -> (u32, u8) {
    (*key as u32 % 4, 0xA5)
}

/// The library's own callers, compiled elsewhere or here as they happen to be.
fn library() {
    let pairs = black_box([(2.0, 7.0), (3.0, 5.0), (11.0, 1.0)]);
    let swapped = [(7.0, 2.0), (5.0, 3.0), (1.0, 11.0)];
    assert_eq!(pairs.into_iter().map(tuple_floats).collect::<Vec<_>>(), swapped);
    assert_eq!(pairs.map(tuple_floats), swapped);
    let twice: Vec<_> = pairs.iter().copied().map(&tuple_floats).map(tuple_floats).collect();
    assert_eq!(twice, pairs);
    let f: &dyn Fn((f64, f64)) -> (f64, f64) = black_box(&tuple_floats);
    assert_eq!(pairs.into_iter().map(f).collect::<Vec<_>>(), swapped);
    let f: fn((f64, f64)) -> (f64, f64) = black_box(tuple_floats);
    assert_eq!(pairs.into_iter().map(f).collect::<Vec<_>>(), swapped);
    assert_eq!(Some((2.0, 3.0)).map(tuple_floats), Some((3.0, 2.0)));
    assert_eq!(Err::<(), _>([2.0, 3.0]).map_err(array_two), Err([3.0, 2.0]));
    assert_eq!(None.unwrap_or_else(nothing_taken), (2.0, 0xA5));
    assert_eq!([Some(2.0), None].map(option_int), [Some(2), None]);

    // 100 + 2 + 3 + 11, 200 - 7 - 5 - 1
    let sum = pairs.into_iter().fold(Pair { a: 100.0, b: 200.0 }, add);
    assert_eq!(sum, Pair { a: 116.0, b: 187.0 });
    let mut sorted = pairs;
    sorted.sort_by(by_second);
    assert_eq!(sorted, [(11.0, 1.0), (3.0, 5.0), (2.0, 7.0)]);
    assert_eq!(pairs.iter().copied().filter(second_is_large).count(), 2);
    // 7 % 4, 5 % 4, 1 % 4
    assert_eq!(pairs.iter().map(key).collect::<Vec<_>>(), [(3, 0xA5), (1, 0xA5), (1, 0xA5)]);
    assert_eq!(std::thread::spawn(nothing_taken).join().unwrap(), (2.0, 0xA5));
}

fn main() {
    for_each_header!(check);
    library();
}
