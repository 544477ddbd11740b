//! Check that a method carrying `#[rustc_autodiff]` gives one answer, called directly, by `fn`
//! pointer and through a vtable, for every kind of header.

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
use std::rc::Rc;

#[macro_use]
#[path = "auxiliary/headers.rs"]
mod headers;
use headers::*;

const PRIMAL: [u64; 3] = [0xDEAD_0001, 0xDEAD_0002, 0xDEAD_0003];
const ORDINARY: u64 = 0xBEEF_0001;

macro_rules! check {
    ($($name:ident($($p:ident: $t:ty = $v:expr),*) -> $r:ty = $want:expr;)*) => {$({
        trait Super {
            fn inherited(&self $(, $p: $t)*) -> $r;
        }

        trait Call: Super {
            fn method(&self $(, $p: $t)*) -> $r;

            fn of_box(self: Box<Self> $(, $p: $t)*) -> $r;

            fn of_rc(self: Rc<Self> $(, $p: $t)*) -> $r;

            fn method_mut(&mut self $(, $p: $t)*) -> $r;

            // A body that the trait provides: the attribute is on the declaration.
            #[rustc_autodiff]
            #[inline(never)]
            fn provided(&self $(, $p: $t)*) -> $r {
                self.method($($p),*)
            }
        }

        // `self` is a wide receiver for a vtable, and nothing the ABI could split otherwise.
        struct Primal([u64; 3]);
        struct Ordinary(u64);

        impl Super for Primal {
            #[rustc_autodiff]
            #[inline(never)]
            fn inherited(&self $(, $p: $t)*) -> $r {
                assert_eq!(self.0, PRIMAL);
                $name($($p),*)
            }
        }

        impl Call for Primal {
            #[rustc_autodiff]
            #[inline(never)]
            fn method(&self $(, $p: $t)*) -> $r {
                assert_eq!(self.0, PRIMAL);
                $name($($p),*)
            }

            #[rustc_autodiff]
            #[inline(never)]
            fn of_box(self: Box<Self> $(, $p: $t)*) -> $r {
                assert_eq!(self.0, PRIMAL);
                $name($($p),*)
            }

            #[rustc_autodiff]
            #[inline(never)]
            fn of_rc(self: Rc<Self> $(, $p: $t)*) -> $r {
                assert_eq!(self.0, PRIMAL);
                $name($($p),*)
            }

            #[rustc_autodiff]
            #[inline(never)]
            fn method_mut(&mut self $(, $p: $t)*) -> $r {
                assert_eq!(self.0, PRIMAL);
                $name($($p),*)
            }
        }

        // The same vtable slots without the attribute.
        impl Super for Ordinary {
            fn inherited(&self $(, $p: $t)*) -> $r {
                assert_eq!(self.0, ORDINARY);
                $name($($p),*)
            }
        }

        impl Call for Ordinary {
            fn method(&self $(, $p: $t)*) -> $r {
                assert_eq!(self.0, ORDINARY);
                $name($($p),*)
            }

            fn of_box(self: Box<Self> $(, $p: $t)*) -> $r {
                assert_eq!(self.0, ORDINARY);
                $name($($p),*)
            }

            fn of_rc(self: Rc<Self> $(, $p: $t)*) -> $r {
                assert_eq!(self.0, ORDINARY);
                $name($($p),*)
            }

            fn method_mut(&mut self $(, $p: $t)*) -> $r {
                assert_eq!(self.0, ORDINARY);
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
        fn run() {
            let mut primal = black_box(Primal(PRIMAL));
            check("a method, directly", primal.method($($v),*));
            check("a provided method, directly", primal.provided($($v),*));
            check("a supertrait's method, directly", primal.inherited($($v),*));
            check("a method of Box, directly", Box::new(Primal(PRIMAL)).of_box($($v),*));
            check("a method by T: Call", generic(&primal $(, $v)*));

            for x in black_box([&primal as &dyn Call, &Ordinary(ORDINARY)]) {
                check("a method, by vtable", x.method($($v),*));
                check("a provided method, by vtable", x.provided($($v),*));
                check("a supertrait's method, by vtable", x.inherited($($v),*));
                check("a method by T: ?Sized + Call", generic(x $(, $v)*));
                let x: &dyn Super = x;
                check("a supertrait's method, upcast", x.inherited($($v),*));
            }
            for x in black_box([&mut primal as &mut dyn Call, &mut Ordinary(ORDINARY)]) {
                check("a method of &mut self, by vtable", x.method_mut($($v),*));
            }
            let boxes: [Box<dyn Call>; 2] = [Box::new(Primal(PRIMAL)), Box::new(Ordinary(ORDINARY))];
            for x in black_box(boxes) {
                check("a method of Box, by vtable", x.of_box($($v),*));
            }
            let rcs: [Rc<dyn Call>; 2] = [Rc::new(Primal(PRIMAL)), Rc::new(Ordinary(ORDINARY))];
            for x in black_box(rcs) {
                check("a method of Rc, by vtable", x.of_rc($($v),*));
            }

            let f: fn(&Primal $(, $t)*) -> $r = black_box(Primal::method);
            check("a method, by pointer", f(&primal $(, $v)*));
            let f: fn(&Primal $(, $t)*) -> $r = black_box(Primal::provided);
            check("a provided method, by pointer", f(&primal $(, $v)*));
            // A pointer to a virtual call.
            let f: fn(&dyn Call $(, $t)*) -> $r = black_box(<dyn Call>::method);
            check("a virtual method, by pointer", f(&primal $(, $v)*));
            let f: fn(&dyn Call $(, $t)*) -> $r = black_box(<dyn Call>::provided);
            check("a virtual provided method, by pointer", f(&primal $(, $v)*));
        }
        run();
    })*};
}

fn main() {
    for_each_header!(check);
}
