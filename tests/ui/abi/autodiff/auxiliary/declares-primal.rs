//! The dependency of `exported-symbol-declared-without.rs`.

//@ no-prefer-dynamic (the program defines symbols that this crate lacks)
//@ edition: 2024

#![crate_type = "rlib"]
#![feature(rustc_attrs)]

#[rustc_autodiff]
#[unsafe(no_mangle)]
pub fn autodiff_defined_in_dependency(x: (f64, f32)) -> f64 {
    x.0 + x.1 as f64
}

/// Calls of the program's functions, which this crate cannot see.
pub mod declared {
    unsafe extern "Rust" {
        safe fn autodiff_defined_in_program(x: [f32; 2]) -> f32;
        safe fn autodiff_alike_in_program(x: f64, y: &[f64]) -> f64;
    }

    pub fn call() -> f64 {
        autodiff_defined_in_program([2.0, 3.0]) as f64 + autodiff_alike_in_program(2.0, &[])
    }
}
