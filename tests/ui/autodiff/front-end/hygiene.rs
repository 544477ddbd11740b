//! Check that nothing in the scope of a function can be confused with a name in its derivative, and that
//! macros can make functions and the arguments of the attribute.
//! Hygiene was wrong: <https://github.com/rust-lang/rust/issues/150330>.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0
//@[release] compile-flags: -Copt-level=3

#![feature(autodiff)]
#![allow(non_upper_case_globals, non_camel_case_types, dead_code)]

use ::std::autodiff::{autodiff_forward, autodiff_reverse};

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

// Items that would be in the way: a constant or a unit struct of a parameter's name is a pattern.
mod core {}
mod std {}
mod intrinsics {}
fn autodiff() {}
const dret: f64 = 0.0;
const primal: f64 = 0.0;
static dx_0: f64 = 0.0;
struct bx_0;
struct Impl0;

#[autodiff_reverse(d_square, Active, Active)]
#[autodiff_forward(t_square, Dual, Dual)]
#[autodiff_reverse(d_square_only, Active, ActiveOnly)]
fn square(x: f64) -> f64 {
    x * x
}

#[autodiff_reverse(d_by_ref, Duplicated, Active)]
fn by_ref(x: &f64) -> f64 {
    *x * *x
}

mod parameters {
    use ::std::autodiff::{autodiff_forward, autodiff_reverse};

    // Named as shadows and seeds are.
    #[autodiff_reverse(d_shadow, Duplicated, Active, Const, Active)]
    pub fn shadow(x: &f64, dx_0: f64, dret: i32) -> f64 {
        *x * dx_0 * f64::from(dret)
    }

    #[autodiff_forward(t_shadow, 2, Dual, Dual, Dual)]
    pub fn tangents(x: f64, bx_0: f64) -> f64 {
        x * bx_0
    }

    // Named as the function, and as its derivative.
    #[autodiff_reverse(d_itself, Active, Active, Active)]
    pub fn itself(itself: f64, d_itself: f64) -> f64 {
        itself * d_itself
    }

    // Keywords.
    #[autodiff_reverse(r#loop, Duplicated, Active)]
    pub fn r#match(r#fn: &f64) -> f64 {
        *r#fn * *r#fn
    }

    // Named as what is generated for `impl Trait`.
    #[autodiff_reverse(d_callback, Const, Active, Active)]
    pub fn callback(primal: impl Fn(f64) -> f64, x: f64) -> f64 {
        primal(x) * x
    }
}

// All in the macro's hands, or all in the user's.
macro_rules! make {
    () => {
        #[::std::autodiff::autodiff_reverse(d_made, Active, Active)]
        fn made(x: f64) -> f64 {
            x * x * x
        }
    };
    ($name:ident, $derivative:ident, $x:ident, $ty:ty, $activity:ident, $body:expr) => {
        #[autodiff_reverse($derivative, $activity, $activity)]
        fn $name($x: $ty) -> $ty {
            $body
        }
    };
    (width $name:ident $derivative:ident $width:literal $activities:tt) => {
        make!(@width $name $derivative $width $activities);
    };
    (@width $name:ident $derivative:ident $width:literal ($($activity:ident)*)) => {
        #[autodiff_forward($derivative, $width, $($activity),*)]
        fn $name(x: f64) -> f64 {
            x * x
        }
    };
    // Two parameters of one name, of which one is the macro's.
    (both $name:ident $derivative:ident $x:ident) => {
        #[autodiff_reverse($derivative, Duplicated, Duplicated, Active)]
        fn $name(x: &f64, $x: &f64) -> f64 {
            *x * *x * *$x
        }
    };
}

make!();
make!(given, d_given, x, f64, Active, x * x);
make!(width wide d_wide 2 (Dual Dual));
make!(both both d_both x);

// A macro that sees the whole function.
macro_rules! with_derivative {
    ($item:item) => {
        $item
    };
}

with_derivative! {
    #[autodiff_reverse(d_passed, Active, Active)]
    fn passed(x: f64) -> f64 {
        5.0 * x
    }
}

pub fn main() {
    exact("square", d_square(3.0, 1.0), (9.0, 6.0));
    exact("square, forward", t_square(3.0, 10.0), (9.0, 60.0));
    exact("square, only", d_square_only(3.0, 1.0), 6.0);
    let mut d = 0.0;
    exact("by_ref", d_by_ref(&3.0, &mut d, 1.0), 9.0);
    exact("by_ref, gradient", d, 6.0);

    let mut d = 0.0;
    exact("shadow", parameters::d_shadow(&3.0, &mut d, 5.0, 7, 1.0), (105.0, 21.0));
    exact("shadow, gradient", d, 35.0);
    let got = parameters::t_shadow(3.0, 1.0, 10.0, 5.0, 100.0, 1000.0);
    exact("tangents", got, [15.0, 305.0, 3050.0]);
    exact("itself", parameters::d_itself(3.0, 5.0, 1.0), (15.0, 5.0, 3.0));
    let mut d = 0.0;
    exact("keywords", parameters::r#loop(&3.0, &mut d, 1.0), 9.0);
    exact("keywords, gradient", d, 6.0);
    exact("callback", parameters::d_callback(|x| 2.0 * x, 3.0, 1.0), (18.0, 12.0));

    exact("made", d_made(2.0, 1.0), (8.0, 12.0));
    exact("given", d_given(3.0, 1.0), (9.0, 6.0));
    exact("wide", d_wide(3.0, 1.0, 10.0), [9.0, 6.0, 60.0]);
    let (mut d, mut e) = (0.0, 0.0);
    exact("both", d_both(&3.0, &mut d, &5.0, &mut e, 1.0), 45.0);
    exact("both, gradients", (d, e), (30.0, 9.0));
    exact("passed", d_passed(3.0, 1.0), (15.0, 5.0));
}
