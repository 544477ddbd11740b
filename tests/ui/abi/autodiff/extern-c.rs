//! Check that an `extern "C"` function carrying `#[rustc_autodiff]` keeps the C ABI: called
//! directly, by `extern "C" fn` pointer, by its symbol through a declaration (all that C itself
//! would know of it), in a closure, and beside a function of the same type without the attribute.
//! The same for `extern "C-unwind"` and `extern "system"`.

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

// Each of these is passed in a way of its own on x86-64: in two registers of different kinds, in
// one register, in memory, as a float, and as an integer with a float in it.
#[derive(Clone, Copy, PartialEq, Debug)]
#[repr(C)]
struct Two {
    a: f64,
    n: i64,
}

#[derive(Clone, Copy, PartialEq, Debug)]
#[repr(C)]
struct Packed {
    a: f32,
    b: f32,
}

#[derive(Clone, Copy, PartialEq, Debug)]
#[repr(C)]
struct Large {
    a: [f64; 3],
    n: u16,
}

#[derive(Clone, Copy, PartialEq, Debug)]
#[repr(C)]
struct One {
    a: f64,
}

#[derive(Clone, Copy, PartialEq, Debug)]
#[repr(C)]
struct Short {
    a: i16,
    b: f32,
    c: i16,
}

macro_rules! foreign {
    ($($module:ident $abi:literal $symbol:literal $large_symbol:literal;)*) => {$(
        mod $module {
            use super::*;

            #[rustc_autodiff]
            #[unsafe(export_name = $symbol)]
            #[inline(never)]
            extern $abi fn primal(x: Two, y: Packed, k: f64, z: Short, one: One) -> Two {
                let low = x.n + (z.b + one.a as f32) as i64;
                Two {
                    a: x.a * 1000.0 + y.a as f64 * 100.0 + y.b as f64 * 10.0 + k,
                    n: low + ((z.a as i64) << 16) + ((z.c as i64) << 32),
                }
            }

            #[rustc_autodiff]
            #[unsafe(export_name = $large_symbol)]
            #[inline(never)]
            extern $abi fn large(n: u8, x: Large, y: Packed) -> Large {
                Large { a: [x.a[2], x.a[0] + y.b as f64, x.a[1] + y.a as f64], n: x.n + n as u16 }
            }

            // Small returns.
            #[rustc_autodiff]
            #[inline(never)]
            extern $abi fn packed(x: Packed, y: Short) -> Packed {
                Packed { a: x.b + y.a as f32, b: x.a + y.c as f32 }
            }

            mod elsewhere {
                unsafe extern $abi {
                    #[link_name = $symbol]
                    pub safe fn primal(
                        x: super::Two, y: super::Packed, k: f64, z: super::Short, one: super::One,
                    ) -> super::Two;
                    #[link_name = $large_symbol]
                    pub safe fn large(n: u8, x: super::Large, y: super::Packed) -> super::Large;
                }
            }

            // Without the attribute.
            #[inline(never)]
            extern $abi fn ordinary(x: Two, y: Packed, k: f64, z: Short, one: One) -> Two {
                primal(x, y, k, z, one)
            }

            pub fn check() {
                let name = $abi;
                type Primal = extern $abi fn(Two, Packed, f64, Short, One) -> Two;
                let (x, y, k) = (Two { a: 2.0, n: 0x1 }, Packed { a: 3.0, b: 5.0 }, 7.0);
                let (z, one) = (Short { a: 0x11, b: 13.0, c: 0x22 }, One { a: 3.0 });
                // 1 + 13 + 3 is 0x11
                let want = Two { a: 2357.0, n: 0x22_0011_0011 };
                assert_eq!(primal(x, y, k, z, one), want, "{name} directly");
                assert_eq!(elsewhere::primal(x, y, k, z, one), want, "{name} by declaration");
                for f in black_box([primal as Primal, ordinary, elsewhere::primal]) {
                    assert_eq!(f(x, y, k, z, one), want, "{name} by pointer");
                }
                // These functions are no `Fn`, but closures around them are.
                let pointer = black_box(primal as Primal);
                let direct = |x, y| primal(x, y, k, z, one);
                let indirect = |x, y| pointer(x, y, k, z, one);
                for f in black_box([&direct as &dyn Fn(Two, Packed) -> Two, &indirect]) {
                    assert_eq!(f(x, y), want, "{name} in a closure, by &dyn Fn");
                }

                let x = Large { a: [2.0, 3.0, 5.0], n: 0x1100 };
                let want = Large { a: [5.0, 52.0, 33.0], n: 0x1122 };
                let y = Packed { a: 30.0, b: 50.0 };
                assert_eq!(large(0x22, x, y), want, "{name} large, directly");
                assert_eq!(elsewhere::large(0x22, x, y), want, "{name} large, by declaration");
                let f: extern $abi fn(u8, Large, Packed) -> Large = black_box(large);
                assert_eq!(f(0x22, x, y), want, "{name} large, by pointer");

                let (x, want) = (Packed { a: 2.0, b: 3.0 }, Packed { a: 20.0, b: 36.0 });
                assert_eq!(packed(x, z), want, "{name} packed, directly");
                let f: extern $abi fn(Packed, Short) -> Packed = black_box(packed);
                assert_eq!(f(x, z), want, "{name} packed, by pointer");
                assert_eq!([x].map(|x| packed(x, z)), [want], "{name} packed, in a closure");
            }
        }
    )*};
}

foreign! {
    c "C" "autodiff_c" "autodiff_c_large";
    c_unwind "C-unwind" "autodiff_c_unwind" "autodiff_c_unwind_large";
    system "system" "autodiff_system" "autodiff_system_large";
}

// A method, and a generic function.
impl Two {
    #[rustc_autodiff]
    #[inline(never)]
    extern "C" fn add(self, x: Packed) -> Two {
        Two { a: self.a + x.b as f64, n: self.n + x.a as i64 }
    }
}

#[rustc_autodiff]
#[inline(never)]
extern "C" fn generic<T: Copy, U>(x: T, y: Packed, _: *const U) -> Large
where
    f64: From<T>,
{
    Large { a: [f64::from(x), y.a as f64, y.b as f64], n: size_of::<U>() as u16 }
}

trait Foreign {
    #[rustc_autodiff]
    extern "C" fn call(&self, x: Packed, y: Short) -> Two;
}

impl Foreign for Two {
    #[inline(never)]
    extern "C" fn call(&self, x: Packed, y: Short) -> Two {
        Two { a: self.a + x.a as f64 + y.b as f64, n: self.n + x.b as i64 + y.c as i64 }
    }
}

fn methods_and_generics() {
    let (two, x) = (Two { a: 2.0, n: 3 }, Packed { a: 50.0, b: 70.0 });
    assert_eq!(two.add(x), Two { a: 72.0, n: 53 });
    let f: extern "C" fn(Two, Packed) -> Two = black_box(Two::add);
    assert_eq!(f(two, x), Two { a: 72.0, n: 53 });

    let want = Large { a: [2.0, 50.0, 70.0], n: 4 };
    assert_eq!(generic(2.0f32, x, &3.0f32), want);
    let f: extern "C" fn(u8, Packed, *const f32) -> Large = black_box(generic);
    assert_eq!(f(2, x, &3.0), want);

    let (y, want) = (Short { a: 1, b: 5.0, c: 700 }, Two { a: 57.0, n: 773 });
    assert_eq!(two.call(x, y), want);
    assert_eq!(black_box(&two as &dyn Foreign).call(x, y), want);
    let f: extern "C" fn(&Two, Packed, Short) -> Two = black_box(Two::call);
    assert_eq!(f(&two, x, y), want);
}

fn main() {
    c::check();
    c_unwind::check();
    system::check();
    methods_and_generics();
}
