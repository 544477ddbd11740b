//! Check that a function carrying `#[rustc_autodiff]` gives one answer in a program of two crates,
//! for every kind of header: one that is compiled in the dependency, one that is left to the
//! program (`#[inline]` and generic), with `fn` pointers, vtables and closures made on the one side
//! and called on the other. Both must know of the attribute, or of the shim.

//@ run-pass
//@ aux-build: primals.rs
//@ edition: 2024
//@ revisions: debug debug_units release release_units enabled_debug enabled_release lto
//@[enabled_debug] needs-enzyme (`-Zautodiff=Enable` loads it)
//@[enabled_release] needs-enzyme (`-Zautodiff=Enable` loads it)
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=1
//@[debug_units] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=1
//@[release_units] compile-flags: -Copt-level=3 -Ccodegen-units=16
//@[enabled_debug] compile-flags: -Zautodiff=Enable -Copt-level=0
//@[enabled_release] compile-flags: -Zautodiff=Enable -Copt-level=3
//@[lto] needs-enzyme (`-Zautodiff=Enable` loads it)
//@[lto] no-prefer-dynamic (fat LTO wants an rlib)
//@[lto] compile-flags: -Zautodiff=Enable -Copt-level=3 -Clto=fat

#![feature(rustc_attrs)]

extern crate primals;

use std::hint::black_box;

use primals::headers::*;
use primals::{Factor, Model, boxes, callers, generic, generic_callers, inline, pointers};

macro_rules! check {
    ($($name:ident($($p:ident: $t:ty = $v:expr),*) -> $r:ty = $want:expr;)*) => {$({
        type Pointer = fn($($t),*) -> $r;

        #[rustc_autodiff]
        #[inline(never)]
        fn local($($p: $t),*) -> $r {
            $name($($p),*)
        }

        #[inline(never)]
        fn check(how: &str, got: $r) {
            exact(stringify!($name), how, got, $want);
        }

        #[inline(never)]
        fn run() {
            check("directly", $name($($v),*));
            check("inline, directly", inline::$name($($v),*));
            check("generic, directly", generic::$name::<u16>($($v),*));
            check("generic, another instance, directly", generic::$name::<i16>($($v),*));

            // Pointers taken here, and called here and there.
            let here: [Pointer; 5] = [
                $name, inline::$name, generic::$name::<u16>, generic::$name::<i16>, local,
            ];
            for f in black_box(here) {
                check("by a pointer of this crate", f($($v),*));
                check("by a pointer of this crate, in the other", callers::$name(f $(, $v)*));
            }
            for f in black_box(pointers::$name()) {
                check("by a pointer of the other crate", f($($v),*));
                check("by a pointer of the other crate, in there", callers::$name(f $(, $v)*));
            }

            check("by F: Fn, of the other crate", generic_callers::$name(&$name $(, $v)*));
            check("by F: Fn, inline", generic_callers::$name(&inline::$name $(, $v)*));
            check("by F: Fn, generic", generic_callers::$name(&generic::$name::<u16> $(, $v)*));
            check("by F: Fn, of this crate", generic_callers::$name(&local $(, $v)*));
            let boxed = black_box(boxes::$name());
            check("by Box<dyn Fn> of the other crate", boxed($($v),*));
            check("by its dyn Fn, in there", generic_callers::$name(&*boxed $(, $v)*));
            let f: &dyn Fn($($t),*) -> $r = black_box(&$name);
            check("by &dyn Fn", f($($v),*));
            let f: &dyn Fn($($t),*) -> $r = black_box(&local);
            check("by &dyn Fn, in the other crate", generic_callers::$name(f $(, $v)*));
        }
        run();
    })*};
}

// The attribute is on the declaration, in the other crate.
struct Local(f64);

impl Model for Local {
    #[inline(never)]
    fn required(&self, x: (f64, f32), y: Option<f64>) -> (f32, f64) {
        (x.1, x.0 + y.unwrap() * self.0)
    }
}

fn models() {
    // 2 + 100 * 5, 13 + 100 * 17
    let want = [(3.0, 502.0), (7.0, 1713.0)];
    assert_eq!(primals::call_model(&Local(100.0)), want, "vtable of this crate");
    assert_eq!(primals::call_model(&Factor(100.0)), want, "vtable made in this crate");
    let model = black_box(primals::model());
    assert_eq!(primals::call_model(&*model), want, "vtable of the other crate");
    assert_eq!(model.required((2.0, 3.0), Some(5.0)), want[0], "vtable of the other crate, here");
    assert_eq!(model.provided([7.0, 11.0], (13.0, 17.0)), want[1], "the same, provided");

    let (local, factor) = (Local(100.0), Factor(100.0));
    assert_eq!(local.required((2.0, 3.0), Some(5.0)), want[0], "of this crate, directly");
    assert_eq!(factor.required((2.0, 3.0), Some(5.0)), want[0], "of the other crate, directly");
    assert_eq!(local.provided([7.0, 11.0], (13.0, 17.0)), want[1], "provided, directly");
    let f: fn(&Local, (f64, f32), Option<f64>) -> (f32, f64) = black_box(Local::required);
    assert_eq!(f(&local, (2.0, 3.0), Some(5.0)), want[0], "of this crate, by pointer");
    let f: fn(&Factor, (f64, f32), Option<f64>) -> (f32, f64) = black_box(Factor::required);
    assert_eq!(f(&factor, (2.0, 3.0), Some(5.0)), want[0], "of the other crate, by pointer");

    assert_eq!(Factor(5.0).by_value((0xA5, 2.0)), (2.0, 0xA5, 5.0), "by value, directly");
    let f: fn(Factor, (u8, f32)) -> (f32, u8, f64) = black_box(Factor::by_value);
    assert_eq!(f(Factor(5.0), (0xA5, 2.0)), (2.0, 0xA5, 5.0), "by value, by pointer");
}

fn main() {
    primals::for_each_header!(check);
    models();
}
