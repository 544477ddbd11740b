//! The dependency of `exported-symbol.rs`.

//@ no-prefer-dynamic (the program defines symbols that this crate lacks)
//@ edition: 2024
//@[debug] compile-flags: -Copt-level=0
//@[debug_units] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3
//@[release_units] compile-flags: -Copt-level=3 -Ccodegen-units=16
//@[enabled_debug] compile-flags: -Copt-level=0
//@[enabled_release] compile-flags: -Copt-level=3

#![crate_type = "rlib"]
#![feature(rustc_attrs)]

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Pair {
    pub a: f64,
    pub b: f64,
}

#[rustc_autodiff]
#[unsafe(no_mangle)]
pub fn autodiff_in_dependency(x: (u8, f32), y: [f64; 3]) -> (f32, f64, u8) {
    (x.1, y[0] + y[1] * 10.0, x.0)
}

#[rustc_autodiff]
#[unsafe(export_name = "autodiff_renamed_in_dependency")]
pub fn renamed(x: Pair, k: f32) -> Pair {
    Pair { a: x.b * k as f64, b: x.a }
}

/// Calls of the program's functions, which this crate cannot see.
pub mod declared {
    use super::Pair;

    unsafe extern "Rust" {
        #[rustc_autodiff]
        safe fn autodiff_in_program(x: (f64, f32), n: u8, y: Option<f64>) -> (f32, f64);
        #[rustc_autodiff]
        safe fn autodiff_renamed_in_program(x: [f32; 2], y: Pair) -> [f64; 3];
    }

    #[inline(never)]
    pub fn call_program(x: (f64, f32), n: u8, y: Option<f64>) -> (f32, f64) {
        autodiff_in_program(x, n, y)
    }

    #[inline(never)]
    pub fn call_renamed_in_program(x: [f32; 2], y: Pair) -> [f64; 3] {
        autodiff_renamed_in_program(x, y)
    }
}
