//! Check what a function can have in its header besides parameters: qualifiers, visibility, lifetimes,
//! `where` clauses, const generics, attributes, and several derivatives.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0
//@[release] compile-flags: -Copt-level=3

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

// Evaluated at compile time and differentiated at run time.
#[autodiff_reverse(d_constant, Active, Active)]
#[autodiff_forward(t_constant, Dual, Dual)]
const fn constant(x: f64) -> f64 {
    x * x
}

const NINE: f64 = constant(3.0);

#[autodiff_reverse(d_unsafely, Active, Active)]
unsafe fn unsafely(x: f64) -> f64 {
    x * x
}

// An ordinary function, whatever the ABI of the primal.
#[autodiff_reverse(d_foreign, Active, Active)]
extern "C" fn foreign(x: f64) -> f64 {
    x * x
}

fn qualifiers() {
    exact("constant", d_constant(black_box(NINE), 1.0), (81.0, 18.0));
    exact("constant, forward", t_constant(black_box(NINE), 10.0), (81.0, 180.0));
    exact("unsafely", unsafe { d_unsafely(black_box(3.0), 1.0) }, (9.0, 6.0));
    let derivative: fn(f64, f64) -> (f64, f64) = d_foreign;
    exact("foreign", derivative(black_box(3.0), 1.0), (9.0, 6.0));
}

// With shadows, more than one parameter has a lifetime that could be that of the result.
#[autodiff_reverse(d_first, Duplicated, Const)]
#[autodiff_forward(t_first, Dual, Const)]
fn first(x: &mut [f64]) -> &f64 {
    x[0] *= x[1];
    &x[0]
}

#[autodiff_reverse(d_anonymous, Duplicated, Const)]
fn anonymous(x: &mut [f64]) -> std::slice::Iter<'_, f64> {
    x[0] *= x[1];
    x.iter()
}

#[autodiff_reverse(d_named, Duplicated, Duplicated, Const)]
fn named<'a, 'b: 'a>(x: &'a f64, y: &'b mut f64) -> &'a f64 {
    *y = *x * *x;
    y
}

struct Pair {
    a: f64,
    b: f64,
}

impl Pair {
    #[autodiff_reverse(d_multiply, Duplicated, Duplicated, Const)]
    fn multiply(&mut self, x: &f64) -> &f64 {
        self.a *= *x;
        &self.b
    }
}

// Two lifetimes in what is returned twice.
#[derive(Clone, Copy)]
struct Scaled<'a>(f64, std::marker::PhantomData<&'a ()>);

#[autodiff_reverse(d_marked, Active, Active, Active)]
fn marked(x: Scaled<'_>, y: Scaled<'_>) -> f64 {
    x.0 * y.0
}

fn lifetimes() {
    let (mut x, mut dx) = (black_box([2.0, 3.0]), [1.0, 0.0]);
    exact("first", *d_first(&mut x, &mut dx), 6.0);
    exact("first, gradient", dx, [3.0, 2.0]);
    let (mut x, mut dx) = (black_box([2.0, 3.0]), [1.0, 10.0]);
    exact("first, forward", *t_first(&mut x, &mut dx), 6.0);
    exact("first, tangent", dx, [23.0, 10.0]);
    let (mut x, mut dx) = (black_box([2.0, 3.0]), [1.0, 0.0]);
    exact("anonymous", d_anonymous(&mut x, &mut dx).as_slice(), &[6.0, 3.0]);
    exact("anonymous, gradient", dx, [3.0, 2.0]);
    let (x, mut dx, mut y, mut dy) = (black_box(3.0), 0.0, 0.0, 1.0);
    exact("named", *d_named(&x, &mut dx, &mut y, &mut dy), 9.0);
    exact("named, gradient", dx, 6.0);
    let (mut pair, mut d) = (black_box(Pair { a: 2.0, b: 5.0 }), Pair { a: 1.0, b: 0.0 });
    let mut dx = 0.0;
    exact("multiply", *pair.d_multiply(&mut d, &3.0, &mut dx), 5.0);
    exact("multiply, gradients", (d.a, d.b, dx), (3.0, 0.0, 2.0));
    let mark = std::marker::PhantomData;
    let (value, x, y) = d_marked(Scaled(black_box(2.0), mark), Scaled(black_box(3.0), mark), 1.0);
    exact("marked", (value, x.0, y.0), (6.0, 3.0, 2.0));
}

#[autodiff_reverse(d_bounded, Active, Active)]
fn bounded<T>(x: T) -> T
where
    T: Copy + std::ops::Mul<Output = T>,
    for<'a> &'a T: PartialEq,
{
    x * x
}

#[autodiff_reverse(d_sized, Duplicated, Active)]
fn sized<const N: usize, const SQUARED: bool>(x: &[f64; N]) -> f64 {
    let mut sum = 0.0;
    for x in x {
        sum += if SQUARED { x * x } else { *x };
    }
    sum
}

// Const generics with a default are those of the type.
struct Power<const N: u32 = 2>;

impl<const N: u32> Power<N> {
    #[autodiff_reverse(d_raise, Const, Const, Active, Active)]
    fn raise<T: Into<f64>>(&self, scale: T, x: f64) -> f64 {
        let mut power = scale.into();
        for _ in 0..N {
            power *= x;
        }
        power
    }
}

fn generics() {
    exact("bounded", d_bounded(black_box(3.0f32), 1.0), (9.0, 6.0));
    let mut d = [0.0; 2];
    exact("sized", d_sized::<2, true>(&black_box([3.0, 5.0]), &mut d, 1.0), 34.0);
    exact("sized, gradient", d, [6.0, 10.0]);
    let mut d = [0.0; 2];
    exact("sized", d_sized::<2, false>(&black_box([3.0, 5.0]), &mut d, 1.0), 8.0);
    exact("sized, gradient", d, [1.0, 1.0]);
    exact("raise", <Power>::d_raise(&Power, 5.0f32, black_box(3.0), 1.0), (45.0, 30.0));
    exact("raise", Power::<3>.d_raise(5.0f32, black_box(3.0), 1.0), (135.0, 135.0));
}

mod visibility {
    use std::autodiff::autodiff_reverse;

    #[autodiff_reverse(d_restricted, Active, Active)]
    pub(super) fn restricted(x: f64) -> f64 {
        x * x
    }

    pub struct Public;

    impl Public {
        #[autodiff_reverse(d_public, Active, Active)]
        pub fn public(x: f64) -> f64 {
            x * x
        }
    }
}

/// Configured and documented.
#[cfg(true)]
#[autodiff_reverse(d_configured, Active, Active, Active)]
#[cfg_attr(true, inline(always))]
#[deprecated]
/// Further down as well.
#[cfg(not(false))]
fn configured(
    #[cfg(true)] x: f64,
    #[cfg(false)] x: &f64,
    #[allow(unused_variables)] y: f64,
    #[cfg(false)] z: i32,
) -> f64 {
    #[cfg(false)]
    compile_error!("configured out");
    x * x
}

#[allow(deprecated)] // as the primal is
fn attributes() {
    exact("restricted", visibility::d_restricted(black_box(3.0), 1.0), (9.0, 6.0));
    exact("public", visibility::Public::d_public(black_box(3.0), 1.0), (9.0, 6.0));
    exact("configured", d_configured(black_box(3.0), black_box(5.0), 1.0), (9.0, 6.0, 0.0));

    // A statement, in a scope of its own.
    {
        let outer = 3.0;
        #[autodiff_reverse(d_inner, Active, Active)]
        #[cfg_attr(true, autodiff_forward(t_inner, Dual, Dual))]
        fn inner(x: f64) -> f64 {
            #[cfg(false)]
            compile_error!("configured out");
            x * x * x
        }
        exact("inner", d_inner(black_box(outer), 1.0), (27.0, 27.0));
        exact("inner, forward", t_inner(black_box(outer), 10.0), (27.0, 270.0));
    }
}

// Each by an attribute of its own, and beside those of others.
#[autodiff_reverse(d_both, Active, Active, Active)]
#[autodiff_reverse(d_x, Active, Const, Active)]
#[inline(never)]
#[autodiff_reverse(d_y, Const, Active, ActiveOnly)]
#[autodiff_forward(t_x, Dual, Const, DualOnly)]
#[std::autodiff::autodiff_forward(t_both, Dual, Dual, Dual)]
fn several(x: f64, y: f64) -> f64 {
    x * y
}

// What returns nothing has one result less, however that is written.
#[autodiff_reverse(d_unit, Active, Duplicated)]
fn unit(x: f64, y: &mut f64) -> () {
    *y = x * x;
}

#[autodiff_reverse(d_parenthesized, Active, Duplicated)]
#[allow(unused_parens)]
fn parenthesized(x: (f64), y: (&mut f64)) -> (()) {
    *y = x * x;
}

pub fn main() {
    qualifiers();
    lifetimes();
    generics();
    attributes();

    let (x, y) = black_box((3.0, 5.0));
    exact("both", d_both(x, y, 1.0), (15.0, 5.0, 3.0));
    exact("x", d_x(x, y, 1.0), (15.0, 5.0));
    exact("y", d_y(x, y, 1.0), 3.0);
    exact("x, forward", t_x(x, 10.0, y), 50.0);
    exact("both, forward", t_both(x, 10.0, y, 100.0), (15.0, 350.0));

    let (mut y, mut dy) = (0.0, 1.0);
    exact("unit", d_unit(x, &mut y, &mut dy), 6.0);
    exact("unit, value", y, 9.0);
    let (mut y, mut dy) = (0.0, 1.0);
    exact("parenthesized", d_parenthesized(x, &mut y, &mut dy), 6.0);
    exact("parenthesized, value", y, 9.0);
}
