//! Check that a method carrying `#[rustc_autodiff]` gives one answer, called directly, by `fn`
//! pointer and through a vtable, for every kind of header, and for every kind of receiver.

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
use std::pin::Pin;
use std::rc::Rc;

#[macro_use]
#[path = "auxiliary/headers.rs"]
mod headers;
use headers::*;

const PRIMAL: u64 = 0xDEAD_0001;
const ORDINARY: u64 = 0xBEEF_0001;

struct Primal(u64);
struct Ordinary(u64);

macro_rules! check {
    ($($name:ident($($p:ident: $t:ty = $v:expr),*) -> $r:ty = $want:expr;)*) => {$({
        trait Super {
            fn inherited(&self $(, $p: $t)*) -> $r;
        }

        trait Call: Super {
            fn method(&self $(, $p: $t)*) -> $r;

            // A body that the trait provides: the attribute is on the declaration.
            #[rustc_autodiff]
            #[inline(never)]
            fn provided(&self $(, $p: $t)*) -> $r {
                self.method($($p),*)
            }
        }

        impl Super for Primal {
            #[rustc_autodiff]
            #[inline(never)]
            fn inherited(&self $(, $p: $t)*) -> $r {
                assert!(self.0 == PRIMAL);
                $name($($p),*)
            }
        }

        impl Call for Primal {
            #[rustc_autodiff]
            #[inline(never)]
            fn method(&self $(, $p: $t)*) -> $r {
                assert!(self.0 == PRIMAL);
                $name($($p),*)
            }
        }

        // The same slots of a vtable without the attribute.
        impl Super for Ordinary {
            fn inherited(&self $(, $p: $t)*) -> $r {
                assert!(self.0 == ORDINARY);
                $name($($p),*)
            }
        }

        impl Call for Ordinary {
            fn method(&self $(, $p: $t)*) -> $r {
                assert!(self.0 == ORDINARY);
                $name($($p),*)
            }
        }

        #[inline(never)]
        fn generic<T: ?Sized + Call>(x: &T $(, $p: $t)*) -> $r {
            x.method($($p),*)
        }

        #[inline(never)]
        fn check(how: &str, got: $r) {
            exact(stringify!($name), how, got, $want);
        }

        #[inline(never)]
        fn by_vtable(x: &dyn Call) {
            check("a method, by vtable", x.method($($v),*));
            check("a provided method, by vtable", x.provided($($v),*));
            check("a supertrait's method, by vtable", x.inherited($($v),*));
            check("a supertrait's method, upcast", black_box(x as &dyn Super).inherited($($v),*));
            check("a method by T: ?Sized + Call", generic(x $(, $v)*));
        }

        #[inline(never)]
        fn run(x: &Primal) {
            check("a method, directly", x.method($($v),*));
            check("a provided method, directly", x.provided($($v),*));
            check("a method by T: Call", generic(x $(, $v)*));
            by_vtable(black_box(x));
            by_vtable(black_box(&Ordinary(ORDINARY)));
            let f: fn(&Primal $(, $t)*) -> $r = black_box(Primal::method);
            check("a method, by pointer", f(x $(, $v)*));
            // A pointer to a virtual call.
            let f: fn(&(dyn Call + 'static) $(, $t)*) -> $r = black_box(<dyn Call>::method);
            check("a virtual method, by pointer", f(x $(, $v)*));
            let f: fn(&(dyn Call + 'static) $(, $t)*) -> $r = black_box(<dyn Call>::provided);
            check("a virtual provided method, by pointer", f(x $(, $v)*));
        }
        run(&black_box(Primal(PRIMAL)));
    })*};
}

/// `self` behind the pointers that a vtable can be called with.
trait Receivers {
    fn by_mut(&mut self, x: (f64, f32), y: [f32; 2]) -> (f32, f64, u64);
    fn by_box(self: Box<Self>, x: (f64, f32), y: [f32; 2]) -> (f32, f64, u64);
    fn by_rc(self: Rc<Self>, x: (f64, f32), y: [f32; 2]) -> (f32, f64, u64);
    fn by_pin(self: Pin<&mut Self>, x: (f64, f32), y: [f32; 2]) -> (f32, f64, u64);
}

impl Receivers for Primal {
    #[rustc_autodiff]
    #[inline(never)]
    fn by_mut(&mut self, x: (f64, f32), y: [f32; 2]) -> (f32, f64, u64) {
        self.0 += 1;
        (x.1 + y[0], x.0 + y[1] as f64, self.0)
    }

    #[rustc_autodiff]
    #[inline(never)]
    fn by_box(self: Box<Self>, x: (f64, f32), y: [f32; 2]) -> (f32, f64, u64) {
        (x.1 + y[0], x.0 + y[1] as f64, self.0 + 1)
    }

    #[rustc_autodiff]
    #[inline(never)]
    fn by_rc(self: Rc<Self>, x: (f64, f32), y: [f32; 2]) -> (f32, f64, u64) {
        (x.1 + y[0], x.0 + y[1] as f64, self.0 + 1)
    }

    #[rustc_autodiff]
    #[inline(never)]
    fn by_pin(mut self: Pin<&mut Self>, x: (f64, f32), y: [f32; 2]) -> (f32, f64, u64) {
        self.0 += 1;
        (x.1 + y[0], x.0 + y[1] as f64, self.0)
    }
}

fn receivers() {
    let (x, y) = ((2.0, 3.0), [50.0, 700.0]);
    let want = (53.0, 702.0, 0xDEAD_0002);
    assert_eq!(Primal(PRIMAL).by_mut(x, y), want);
    assert_eq!(Box::new(Primal(PRIMAL)).by_box(x, y), want);
    assert_eq!(Rc::new(Primal(PRIMAL)).by_rc(x, y), want);
    assert_eq!(Pin::new(&mut Primal(PRIMAL)).by_pin(x, y), want);

    assert_eq!(black_box(&mut Primal(PRIMAL) as &mut dyn Receivers).by_mut(x, y), want);
    assert_eq!(black_box(Box::new(Primal(PRIMAL)) as Box<dyn Receivers>).by_box(x, y), want);
    assert_eq!(black_box(Rc::new(Primal(PRIMAL)) as Rc<dyn Receivers>).by_rc(x, y), want);
    let mut primal = Primal(PRIMAL);
    let pinned: Pin<&mut Primal> = Pin::new(&mut primal);
    let pinned: Pin<&mut dyn Receivers> = black_box(pinned);
    assert_eq!(pinned.by_pin(x, y), want);
    let boxed: Box<dyn Fn(Box<Primal>, (f64, f32), [f32; 2]) -> (f32, f64, u64)> =
        black_box(Box::new(Primal::by_box));
    assert_eq!(boxed(Box::new(Primal(PRIMAL)), x, y), want);
}

fn main() {
    for_each_header!(check);
    receivers();
}
