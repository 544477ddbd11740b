//! Check the derivatives of the functions of C's mathematical library that the guide lists, in both modes, against
//! differences of their values.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ only-linux (not every C library has all of them)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0
//@[release] compile-flags: -Copt-level=3

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::ffi::c_int;

/// Passes if `got` is what `f` grows by at `x`, as far as differences tell.
#[track_caller]
fn is_slope(name: &str, f: impl Fn(f64) -> f64, x: f64, step: f64, got: f64) {
    let want = (f(x + step) - f(x - step)) / (2.0 * step);
    let tolerance = 10.0 * step * want.abs().max(1.0);
    assert!((got - want).abs() <= tolerance, "{name} at {x}: got {got}, want {want}");
}

macro_rules! of_one {
    ($float:ident $step:literal: $($name:ident at $($x:literal),*;)*) => { $({
        unsafe extern "C" {
            safe fn $name(x: $float) -> $float;
        }
        #[autodiff_reverse(gradient, Active, Active)]
        #[autodiff_forward(tangent, Dual, Dual)]
        fn f(x: $float) -> $float {
            $name(x)
        }
        for x in [$($x),*] {
            let name = stringify!($name);
            let value = |x| f(x as $float).into();
            let (y, dx) = gradient(x, 1.0);
            assert_eq!(y, f(x), "{name}");
            is_slope(name, value, x.into(), $step, dx.into());
            is_slope(name, value, x.into(), $step, tangent(x, 1.0).1.into());
        }
    })* };
}

macro_rules! of_two {
    ($float:ident $step:literal: $($name:ident)*) => { $({
        unsafe extern "C" {
            safe fn $name(x: $float, y: $float) -> $float;
        }
        #[autodiff_reverse(gradient, Active, Active, Active)]
        #[autodiff_forward(tangent, Dual, Dual, Dual)]
        fn f(x: $float, y: $float) -> $float {
            $name(x, y)
        }
        for (x, y) in [(2.3, 1.9), (0.7, 1.9)] {
            let name = stringify!($name);
            let of_x = |x| f(x as $float, y).into();
            let of_y = |y| f(x, y as $float).into();
            let (_, dx, dy) = gradient(x, y, 1.0);
            is_slope(name, of_x, x.into(), $step, dx.into());
            is_slope(name, of_y, y.into(), $step, dy.into());
            is_slope(name, of_x, x.into(), $step, tangent(x, 1.0, y, 0.0).1.into());
            is_slope(name, of_y, y.into(), $step, tangent(x, 0.0, y, 1.0).1.into());
        }
    })* };
}

unsafe extern "C" {
    safe fn fma(x: f64, y: f64, z: f64) -> f64;
    safe fn jn(n: c_int, x: f64) -> f64;
    safe fn yn(n: c_int, x: f64) -> f64;
    safe fn ldexp(x: f64, n: c_int) -> f64;
    safe fn scalbn(x: f64, n: c_int) -> f64;
    fn frexp(x: f64, n: *mut c_int) -> f64;
    fn malloc(size: usize) -> *mut f64;
    fn free(memory: *mut f64);
}

#[autodiff_reverse(d_fma, Active, Active, Active, Active)]
fn fused(x: f64, y: f64, z: f64) -> f64 {
    fma(x, y, z)
}

#[autodiff_reverse(d_with_integers, Active, Active)]
#[autodiff_forward(t_with_integers, Dual, Dual)]
fn with_integers(x: f64) -> f64 {
    let mut n = 0;
    let fraction = unsafe { frexp(x, &mut n) };
    jn(2, x) + 3.0 * yn(2, x) + ldexp(x * x, 3) + scalbn(x, -2) + fraction * fraction * n as f64
}

#[autodiff_reverse(d_in_memory, Active, Active)]
fn in_memory(x: f64) -> f64 {
    unsafe {
        let memory = malloc(16);
        *memory = x * x;
        *memory.add(1) = x;
        let product = *memory * *memory.add(1);
        free(memory);
        product
    }
}

pub fn main() {
    of_one! { f64 1e-6:
        acos at 0.3, -0.6; acosh at 1.7; asin at 0.3, -0.6; asinh at 0.7, -2.3; atan at 0.7, -2.3; atanh at 0.3, -0.6;
        cbrt at 0.7, 2.3; ceil at 0.7; cos at 0.7, 2.3; cosh at 0.7, -2.3; erf at 0.7, -2.3; erfc at 0.7, -2.3;
        exp at 0.7, -2.3; exp10 at 0.7, -2.3; exp2 at 0.7, -2.3; expm1 at 0.7, -2.3; fabs at 0.7, -2.3; floor at 0.7;
        j0 at 0.7, 2.3; j1 at 0.7, 2.3; log at 0.7, 2.3; log10 at 0.7, 2.3; log1p at 0.7, 2.3; log2 at 0.7, 2.3;
        logb at 0.7, 2.3; nearbyint at 0.7; rint at 0.7; round at 0.7; roundeven at 0.7; sin at 0.7, 2.3;
        sinh at 0.7, -2.3; sqrt at 0.7, 2.3; tan at 0.7, 2.3; tanh at 0.7, -2.3; trunc at 0.7; y0 at 0.7, 2.3;
        y1 at 0.7, 2.3;
    }
    of_one! { f32 1e-2:
        acosf at 0.3, -0.6; acoshf at 1.7; asinf at 0.3, -0.6; asinhf at 0.7, -2.3; atanf at 0.7, -2.3;
        atanhf at 0.3, -0.6; cbrtf at 0.7, 2.3; ceilf at 0.7; cosf at 0.7, 2.3; coshf at 0.7, -2.3; erff at 0.7, -2.3;
        erfcf at 0.7, -2.3; expf at 0.7, -2.3; exp2f at 0.7, -2.3; expm1f at 0.7, -2.3; fabsf at 0.7, -2.3;
        floorf at 0.7; j0f at 0.7, 2.3; j1f at 0.7, 2.3; logf at 0.7, 2.3; log10f at 0.7, 2.3; log1pf at 0.7, 2.3;
        log2f at 0.7, 2.3; logbf at 0.7, 2.3; nearbyintf at 0.7; rintf at 0.7; roundf at 0.7; sinf at 0.7, 2.3;
        sinhf at 0.7, -2.3; sqrtf at 0.7, 2.3; tanf at 0.7, 2.3; tanhf at 0.7, -2.3; truncf at 0.7; y0f at 0.7, 2.3;
        y1f at 0.7, 2.3;
    }
    of_two! { f64 1e-6: atan2 copysign fdim fmax fmin fmod hypot pow remainder }
    of_two! { f32 1e-2: atan2f copysignf fdimf fmaxf fminf fmodf hypotf powf }

    assert_eq!(d_fma(2.0, 3.0, 5.0, 1.0), (11.0, 3.0, 2.0, 1.0));
    for x in [0.7, 2.3] {
        is_slope("with integers", with_integers, x, 1e-6, d_with_integers(x, 1.0).1);
        is_slope("with integers", with_integers, x, 1e-6, t_with_integers(x, 1.0).1);
    }
    // 3 x^2
    assert_eq!(d_in_memory(3.0, 1.0), (27.0, 27.0));
}
