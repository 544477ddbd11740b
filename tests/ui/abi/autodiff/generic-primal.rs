//! Check that a generic function carrying `#[rustc_autodiff]` gives one answer, called directly and
//! indirectly, whatever its instance makes of a parameter: nothing (zero-sized), a scalar, a wide
//! pointer, or an aggregate. And the same for methods, of `&self` and of `self` by value.

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

use std::fmt::Debug;
use std::hint::black_box;
use std::marker::PhantomData;

#[path = "auxiliary/headers.rs"]
mod headers;
use headers::{Mixed, Newtype, Pair, Shape, Short, Unit, exact};

#[rustc_autodiff]
#[inline(never)]
fn rotate<T, U>(n: u16, x: T, y: (u8, f32), z: U) -> (U, f32, T, u16, u8) {
    (z, y.1, x, n, y.0)
}

#[rustc_autodiff]
#[inline(never)]
fn identity<T>(x: T) -> T {
    x
}

#[rustc_autodiff]
#[inline(never)]
fn reverse<T: Copy, const N: usize>(mut x: [T; N], y: (T, u8)) -> ([T; N], u8) {
    x.reverse();
    x[0] = y.0;
    (x, y.1)
}

/// Every instance by every way, at one place: here the compiler does not know the layout either.
#[inline(never)]
fn instance<T: Copy + PartialEq + Debug, U: Copy + PartialEq + Debug>(name: &str, t: T, u: U) {
    let (n, y) = (0x1122, (0xA5, 3.0));
    let want = (u, 3.0, t, 0x1122, 0xA5);
    exact(name, "directly", rotate(n, t, y, u), want);
    let f: fn(u16, T, (u8, f32), U) -> (U, f32, T, u16, u8) = black_box(rotate);
    exact(name, "by pointer", f(n, t, y, u), want);
    let f: &dyn Fn(u16, T, (u8, f32), U) -> (U, f32, T, u16, u8) = black_box(&rotate);
    exact(name, "by &dyn Fn", f(n, t, y, u), want);

    exact(name, "identity, directly", identity(t), t);
    let f: fn(T) -> T = black_box(identity);
    exact(name, "identity, by pointer", f(t), t);
    let f: Box<dyn FnOnce(T) -> T> = black_box(Box::new(identity));
    exact(name, "identity, by Box<dyn FnOnce>", f(t), t);
    exact(name, "identity, mapped", Some((t, u)).map(identity), Some((t, u)));
}

fn instances() {
    let pair = Pair { a: 2.0, b: 3.0 };
    instance("scalars", 2.0f64, 3.0f32);
    instance("zero-sized", (), Unit);
    instance("zero-sized and scalar", PhantomData::<f64>, 0x3344u16);
    instance("zero-sized and aggregate", [0u64; 0], pair);
    instance("newtype and tuple", Newtype(2.0), (5.0f64, 7.0f32));
    instance("wide pointers", "leaf", &[2.0, 3.0][..]);
    instance("reference and option", &2.0, Some(3.0f64));
    instance("arrays", [2.0f32; 2], [3.0f64, 5.0, 7.0]);
    let mixed = Mixed { flag: true, a: 5.0, n: 0x7788, b: 7.0, c: -0x99 };
    instance("structs", mixed, Short { a: 11, b: 13.0, c: 17 });
    instance("enums", Shape::Rect(2.0, 3.0), Shape::Named { n: 5, x: 7.0 });
    instance("integers", 0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210u128, (-2i8, 0x3344u16));
}

#[inline(never)]
fn length<const N: usize>(x: [f32; N], want: [f32; N]) {
    exact("reverse", "directly", reverse(x, (2.0, 0xA5)), (want, 0xA5));
    let f: fn([f32; N], (f32, u8)) -> ([f32; N], u8) = black_box(reverse::<f32, N>);
    exact("reverse", "by pointer", f(x, (2.0, 0xA5)), (want, 0xA5));
}

fn lengths() {
    length([3.0], [2.0]);
    length([3.0, 5.0], [2.0, 3.0]);
    length([3.0, 5.0, 7.0], [2.0, 5.0, 3.0]);
    length([3.0, 5.0, 7.0, 11.0], [2.0, 7.0, 5.0, 3.0]);
    length([3.0, 5.0, 7.0, 11.0, 13.0, 17.0], [2.0, 13.0, 11.0, 7.0, 5.0, 3.0]);
}

#[derive(Clone, Copy, PartialEq, Debug)]
struct Scaled<T> {
    k: T,
    leaf: u8,
}

impl<T: Copy> Scaled<T> {
    #[rustc_autodiff]
    #[inline(never)]
    fn by_reference(&self, x: (T, f32)) -> (f32, T, T) {
        assert_eq!(self.leaf, 0xA5);
        (x.1, x.0, self.k)
    }

    #[rustc_autodiff]
    #[inline(never)]
    fn by_value(self, x: (T, f32)) -> (f32, T, T) {
        assert_eq!(self.leaf, 0xA5);
        (x.1, x.0, self.k)
    }

    #[rustc_autodiff]
    #[inline(never)]
    fn in_place(&mut self, x: (T, f32)) -> f32 {
        self.k = x.0;
        x.1
    }

    #[rustc_autodiff]
    #[inline(never)]
    fn new(x: (T, u8)) -> Self {
        Scaled { k: x.0, leaf: x.1 }
    }
}

impl<T: Copy + std::ops::Add<Output = T>> std::ops::Add for Scaled<T> {
    type Output = Self;

    // An operator calls the primal.
    #[rustc_autodiff]
    #[inline(never)]
    fn add(self, other: Self) -> Self {
        Scaled { k: self.k + other.k, leaf: self.leaf - other.leaf }
    }
}

#[inline(never)]
fn method<T: Copy + PartialEq + Debug>(name: &str, k: T, x: T) {
    let want = (3.0, x, k);
    let scaled = Scaled::new((k, 0xA5));
    exact(name, "associated function, directly", scaled, Scaled { k, leaf: 0xA5 });
    let new: fn((T, u8)) -> Scaled<T> = black_box(Scaled::new);
    exact(name, "associated function, by pointer", new((k, 0xA5)), scaled);

    exact(name, "&self, directly", scaled.by_reference((x, 3.0)), want);
    let f: fn(&Scaled<T>, (T, f32)) -> (f32, T, T) = black_box(Scaled::by_reference);
    exact(name, "&self, by pointer", f(&scaled, (x, 3.0)), want);
    let f: &dyn Fn(&Scaled<T>, (T, f32)) -> (f32, T, T) = black_box(&Scaled::by_reference);
    exact(name, "&self, by &dyn Fn", f(&scaled, (x, 3.0)), want);

    exact(name, "self, directly", scaled.by_value((x, 3.0)), want);
    let f: fn(Scaled<T>, (T, f32)) -> (f32, T, T) = black_box(Scaled::by_value);
    exact(name, "self, by pointer", f(scaled, (x, 3.0)), want);
    let f: Box<dyn Fn(Scaled<T>, (T, f32)) -> (f32, T, T)> = black_box(Box::new(Scaled::by_value));
    exact(name, "self, by Box<dyn Fn>", f(scaled, (x, 3.0)), want);

    let mut changed = scaled;
    exact(name, "&mut self, directly", changed.in_place((x, 3.0)), 3.0);
    exact(name, "&mut self, changed directly", changed.k, x);
    let mut changed = scaled;
    let f: fn(&mut Scaled<T>, (T, f32)) -> f32 = black_box(Scaled::in_place);
    exact(name, "&mut self, by pointer", f(&mut changed, (x, 3.0)), 3.0);
    exact(name, "&mut self, changed by pointer", changed.k, x);
}

fn methods() {
    method("of f64", 5.0f64, 7.0);
    method("of f32", 5.0f32, 7.0);
    method("of unit", (), ());
    method("of a tuple", (5.0f32, 0x11u8), (7.0, 0x22));
    method("of an array", [5.0f64, 7.0, 11.0], [13.0, 17.0, 19.0]);
    method("of a wide pointer", "leaf", "other");

    let (x, y) = black_box((Scaled { k: 2.0, leaf: 0x77 }, Scaled { k: 3.0, leaf: 0x11 }));
    assert_eq!(x + y, Scaled { k: 5.0, leaf: 0x66 });
    let add: fn(Scaled<f64>, Scaled<f64>) -> Scaled<f64> = black_box(std::ops::Add::add);
    assert_eq!(add(x, y), Scaled { k: 5.0, leaf: 0x66 });
    let sum = black_box([x, y]).into_iter().reduce(std::ops::Add::add);
    assert_eq!(sum, Some(Scaled { k: 5.0, leaf: 0x66 }));
}

fn main() {
    instances();
    lengths();
    methods();
}
