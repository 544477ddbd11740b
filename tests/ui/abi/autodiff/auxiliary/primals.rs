//! The dependency of `across-crates.rs`: the primals of `headers.rs`, and each of them again as a
//! function that is compiled where it is used, `#[inline]` and generic; and callers and pointers,
//! to be handed from crate to crate.

//@ edition: 2024
//@[debug] compile-flags: -Copt-level=0
//@[debug_units] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3
//@[release_units] compile-flags: -Copt-level=3 -Ccodegen-units=16
//@[enabled_debug] compile-flags: -Copt-level=0
//@[enabled_release] compile-flags: -Copt-level=3
//@[lto] compile-flags: -Copt-level=3
//@[lto] no-prefer-dynamic (fat LTO wants an rlib)

#![crate_type = "lib"]
#![feature(rustc_attrs)]

#[macro_use]
#[path = "headers.rs"]
pub mod headers;

macro_rules! again {
    ($($name:ident($($p:ident: $t:ty = $v:expr),*) -> $r:ty = $want:expr;)*) => {
        /// Compiled in each crate that calls them.
        pub mod inline {
            use super::headers::*;

            $(
                #[rustc_autodiff]
                #[inline]
                pub fn $name($($p: $t),*) -> $r {
                    super::headers::$name($($p),*)
                }
            )*
        }

        /// Compiled in the crates that need an instance.
        pub mod generic {
            use super::headers::*;

            $(
                #[rustc_autodiff]
                #[inline(never)]
                pub fn $name<T>($($p: $t),*) -> $r {
                    assert_eq!(size_of::<T>(), 2);
                    super::headers::$name($($p),*)
                }
            )*
        }

        /// Pointers taken in this crate: of its own functions, and of instances that the program
        /// has as well.
        pub mod pointers {
            use super::headers::*;

            $(
                pub fn $name() -> [fn($($t),*) -> $r; 3] {
                    [super::headers::$name, super::inline::$name, super::generic::$name::<u16>]
                }
            )*
        }

        pub mod boxes {
            use super::headers::*;

            $(
                pub fn $name() -> Box<dyn Fn($($t),*) -> $r> {
                    Box::new(super::headers::$name)
                }
            )*
        }

        /// Calls of whatever the program hands over.
        pub mod callers {
            use super::headers::*;

            $(
                #[inline(never)]
                pub fn $name(f: fn($($t),*) -> $r $(, $p: $t)*) -> $r {
                    f($($p),*)
                }
            )*
        }

        pub mod generic_callers {
            use super::headers::*;

            $(
                #[inline(never)]
                pub fn $name<F: ?Sized + Fn($($t),*) -> $r>(f: &F $(, $p: $t)*) -> $r {
                    f($($p),*)
                }
            )*
        }
    };
}

for_each_header!(again);

/// A trait whose declaration carries the attribute; the program implements it too.
pub trait Model {
    #[rustc_autodiff]
    fn required(&self, x: (f64, f32), y: Option<f64>) -> (f32, f64);

    #[rustc_autodiff]
    #[inline(never)]
    fn provided(&self, x: [f32; 2], y: (f64, f64)) -> (f32, f64) {
        self.required((y.0, x[0]), Some(y.1))
    }
}

pub struct Factor(pub f64);

impl Model for Factor {
    #[inline(never)]
    fn required(&self, x: (f64, f32), y: Option<f64>) -> (f32, f64) {
        (x.1, x.0 + y.unwrap() * self.0)
    }
}

impl Factor {
    #[rustc_autodiff]
    pub fn by_value(self, x: (u8, f32)) -> (f32, u8, f64) {
        (x.1, x.0, self.0)
    }
}

pub fn model() -> Box<dyn Model> {
    Box::new(Factor(100.0))
}

#[inline(never)]
pub fn call_model(model: &dyn Model) -> [(f32, f64); 2] {
    [model.required((2.0, 3.0), Some(5.0)), model.provided([7.0, 11.0], (13.0, 17.0))]
}
