//! Compares derivatives with central differences of the primal itself.

#![allow(dead_code)] // no file of tests uses all of it

/// A function of floats with its derivatives, each test has one: `primal`, `reverse`, `forward`,
/// and `forward_two`, which has two tangents at once.
///
/// The number of floats after `at` is that of `x`, and the differences are taken there.
#[macro_export]
macro_rules! primals {
    ($($primals:tt)*) => { $crate::primals_of! { f64, check, $($primals)* } };
}

/// The same in `f32`.
#[macro_export]
macro_rules! primals_f32 {
    ($($primals:tt)*) => { $crate::primals_of! { f32, check_f32, $($primals)* } };
}

/// Both, for a type of float and the function that compares.
#[macro_export]
macro_rules! primals_of {
    ($float:ident, $check:ident, $(
        $(#[$attribute:meta])*
        fn $name:ident($x:ident) at [$($at:expr),* $(,)?] $body:block
    )*) => {
        $(
            $(#[$attribute])*
            mod $name {
                use super::*;
                use std::autodiff::{autodiff_forward, autodiff_reverse};

                #[autodiff_reverse(reverse, Duplicated, Active)]
                #[autodiff_forward(forward, Dual, Dual)]
                #[autodiff_forward(forward_two, 2, Dual, Dual)]
                fn primal($x: &[$float]) -> $float $body

                #[test]
                fn derivatives() {
                    $crate::common::$check(&[$($at),*], primal, reverse, forward, forward_two);
                }
            }
        )*
    };
}

/// Fourth-order central differences of `f`, one for each component of `x`.
pub fn differences(x: &[f64], step: f64, f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let moved = |i: usize, by: f64| {
        let mut x = x.to_vec();
        x[i] += by;
        f(&x)
    };
    (0..x.len())
        .map(|i| {
            let near = moved(i, step) - moved(i, -step);
            let far = moved(i, 2.0 * step) - moved(i, -2.0 * step);
            (8.0 * near - far) / (12.0 * step)
        })
        .collect()
}

/// Panics unless all of `got` is `want`, but for `tolerance` of the largest.
#[track_caller]
pub fn compare(what: &str, got: &[f64], want: &[f64], tolerance: f64) {
    let largest = want.iter().fold(0.0, |largest: f64, want| largest.max(want.abs()));
    // A NaN fails, too.
    let equal = |(got, want): (&f64, &f64)| (got - want).abs() <= tolerance * largest.max(1e-3);
    let met = got.len() == want.len() && got.iter().zip(want).all(equal);
    assert!(met, "{what}: got {got:?}, want {want:?}");
}

#[track_caller]
pub fn check(
    x: &[f64],
    primal: impl Fn(&[f64]) -> f64,
    reverse: impl Fn(&[f64], &mut [f64], f64) -> f64,
    forward: impl Fn(&[f64], &[f64]) -> (f64, f64),
    forward_two: impl Fn(&[f64], &[f64], &[f64]) -> [f64; 3],
) {
    let want = differences(x, 1e-3, &primal);
    check_against(x, &want, 1e-6, primal, reverse, forward, forward_two);
}

#[track_caller]
pub fn check_f32(
    x: &[f32],
    primal: impl Fn(&[f32]) -> f32,
    reverse: impl Fn(&[f32], &mut [f32], f32) -> f32,
    forward: impl Fn(&[f32], &[f32]) -> (f32, f32),
    forward_two: impl Fn(&[f32], &[f32], &[f32]) -> [f32; 3],
) {
    let narrow = |x: &[f64]| x.iter().map(|&x| x as f32).collect::<Vec<_>>();
    let wide: Vec<f64> = x.iter().map(|&x| x.into()).collect();
    let primal = |x: &[f64]| primal(&narrow(x)).into();
    let want = differences(&wide, 0.03125, primal);
    check_against(
        &wide,
        &want,
        2e-3,
        primal,
        |x, dx, seed| {
            let mut narrow_dx = narrow(dx);
            let value = reverse(&narrow(x), &mut narrow_dx, seed as f32);
            dx.iter_mut().zip(narrow_dx).for_each(|(dx, narrow)| *dx = narrow.into());
            value.into()
        },
        |x, dx| {
            let (value, tangent) = forward(&narrow(x), &narrow(dx));
            (value.into(), tangent.into())
        },
        |x, a, b| forward_two(&narrow(x), &narrow(a), &narrow(b)).map(f64::from),
    );
}

/// Compares each derivative with the gradient `want`. In reverse mode the seed is 3 and what is in
/// the shadow stays there, in forward mode the tangents are those of the axes, and of two of them
/// at once.
#[track_caller]
pub fn check_against(
    x: &[f64],
    want: &[f64],
    tolerance: f64,
    primal: impl Fn(&[f64]) -> f64,
    reverse: impl Fn(&[f64], &mut [f64], f64) -> f64,
    forward: impl Fn(&[f64], &[f64]) -> (f64, f64),
    forward_two: impl Fn(&[f64], &[f64], &[f64]) -> [f64; 3],
) {
    assert!(want.iter().any(|want| want.abs() > 1e-2), "a gradient of 0 shows nothing");
    let value = primal(x);
    let n = x.len();

    let mut gradient = vec![0.5; n];
    let reverse_value = reverse(x, &mut gradient, 3.0);
    gradient.iter_mut().for_each(|d| *d = (*d - 0.5) / 3.0);
    compare("gradient", &gradient, want, tolerance);
    compare("value of reverse mode", &[reverse_value], &[value], tolerance);

    let axis = |i: usize| (0..n).map(|j| f64::from(i == j)).collect::<Vec<_>>();
    let (values, tangents): (Vec<_>, Vec<_>) = (0..n).map(|i| forward(x, &axis(i))).unzip();
    compare("tangents", &tangents, want, tolerance);
    compare("values of forward mode", &values, &vec![value; n], tolerance);

    for i in 0..n {
        let j = (i + 1) % n;
        let got = forward_two(x, &axis(i), &axis(j));
        compare("value of two tangents", &got[..1], &[value], tolerance);
        compare("two tangents", &got[1..], &[want[i], want[j]], tolerance);
    }
}
