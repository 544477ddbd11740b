//! Check that a function carrying `#[rustc_autodiff]` and `#[no_mangle]` or `#[export_name]` gives
//! one answer: called directly, by `fn` pointer, and by its symbol through an `extern "Rust"`
//! declaration, in this crate and in another.
//!
//! As with `#[track_caller]`, the ABI shows through the symbol: the declaration has to carry
//! `#[rustc_autodiff]` as well. `exported-symbol-declared-without.rs` is the test of one that does not.

//@ run-pass
//@ aux-build: exported-primal.rs
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

extern crate exported_primal;

use std::hint::black_box;

use exported_primal::{Pair, declared as in_dependency};

// Declared, and called by its symbol, by `exported_primal`, which knows it by that only.
#[rustc_autodiff]
#[unsafe(no_mangle)]
#[inline(never)]
pub fn autodiff_in_program(x: (f64, f32), n: u8, y: Option<f64>) -> (f32, f64) {
    (x.1 + n as f32, x.0 + y.unwrap())
}

#[rustc_autodiff]
#[unsafe(export_name = "autodiff_renamed_in_program")]
#[inline(never)]
pub fn renamed(x: [f32; 2], y: Pair) -> [f64; 3] {
    [y.b, x[1] as f64, x[0] as f64 + y.a]
}

// A private function, whose symbol is exported all the same.
#[rustc_autodiff]
#[unsafe(no_mangle)]
fn autodiff_private_in_program(x: Pair) -> Pair {
    Pair { a: x.b, b: x.a }
}

// By a declaration in the same crate.
mod declared {
    use super::Pair;

    unsafe extern "Rust" {
        #[rustc_autodiff]
        pub safe fn autodiff_in_program(x: (f64, f32), n: u8, y: Option<f64>) -> (f32, f64);
        #[rustc_autodiff]
        #[link_name = "autodiff_renamed_in_program"]
        pub safe fn renamed(x: [f32; 2], y: Pair) -> [f64; 3];
        #[rustc_autodiff]
        pub safe fn autodiff_private_in_program(x: Pair) -> Pair;
        // Of the other crate.
        #[rustc_autodiff]
        pub safe fn autodiff_in_dependency(x: (u8, f32), y: [f64; 3]) -> (f32, f64, u8);
        #[rustc_autodiff]
        #[link_name = "autodiff_renamed_in_dependency"]
        pub safe fn renamed_in_dependency(x: Pair, k: f32) -> Pair;
    }
}

fn by_name_and_pointer() {
    let want = (20.0, 7.0);
    assert_eq!(autodiff_in_program((2.0, 3.0), 17, Some(5.0)), want);
    let f: fn((f64, f32), u8, Option<f64>) -> (f32, f64) = black_box(autodiff_in_program);
    assert_eq!(f((2.0, 3.0), 17, Some(5.0)), want);
    let f: &dyn Fn((f64, f32), u8, Option<f64>) -> (f32, f64) = black_box(&autodiff_in_program);
    assert_eq!(f((2.0, 3.0), 17, Some(5.0)), want);

    let (y, want) = (Pair { a: 50.0, b: 7.0 }, [7.0, 3.0, 52.0]);
    assert_eq!(renamed([2.0, 3.0], y), want);
    let f: fn([f32; 2], Pair) -> [f64; 3] = black_box(renamed);
    assert_eq!(f([2.0, 3.0], y), want);

    assert_eq!(autodiff_private_in_program(y), Pair { a: 7.0, b: 50.0 });
    assert_eq!([y].map(autodiff_private_in_program), [Pair { a: 7.0, b: 50.0 }]);

    let (x, y, want) = ((0xA5, 2.0), [3.0, 5.0, 7.0], (2.0, 53.0, 0xA5));
    assert_eq!(exported_primal::autodiff_in_dependency(x, y), want);
    let f: fn((u8, f32), [f64; 3]) -> (f32, f64, u8) =
        black_box(exported_primal::autodiff_in_dependency);
    assert_eq!(f(x, y), want);
    let (x, want) = (Pair { a: 2.0, b: 3.0 }, Pair { a: 30.0, b: 2.0 });
    assert_eq!(exported_primal::renamed(x, 10.0), want);
    let f: Box<dyn FnOnce(Pair, f32) -> Pair> = black_box(Box::new(exported_primal::renamed));
    assert_eq!(f(x, 10.0), want);
}

fn by_declaration() {
    let want = (20.0, 7.0);
    assert_eq!(declared::autodiff_in_program((2.0, 3.0), 17, Some(5.0)), want);
    let f: fn((f64, f32), u8, Option<f64>) -> (f32, f64) = black_box(declared::autodiff_in_program);
    assert_eq!(f((2.0, 3.0), 17, Some(5.0)), want);
    assert_eq!(in_dependency::call_program((2.0, 3.0), 17, Some(5.0)), want);

    let (y, want) = (Pair { a: 50.0, b: 7.0 }, [7.0, 3.0, 52.0]);
    assert_eq!(declared::renamed([2.0, 3.0], y), want);
    assert_eq!(in_dependency::call_renamed_in_program([2.0, 3.0], y), want);
    assert_eq!(declared::autodiff_private_in_program(y), Pair { a: 7.0, b: 50.0 });

    let want = (2.0, 53.0, 0xA5);
    assert_eq!(declared::autodiff_in_dependency((0xA5, 2.0), [3.0, 5.0, 7.0]), want);
    let want = Pair { a: 30.0, b: 2.0 };
    assert_eq!(declared::renamed_in_dependency(Pair { a: 2.0, b: 3.0 }, 10.0), want);
}

fn main() {
    by_name_and_pointer();
    by_declaration();
}
