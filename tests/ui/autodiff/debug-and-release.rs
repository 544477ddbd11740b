//! Check that a debug build and a release build of the same loops and iterators have the same derivatives:
//! equal ones where the function is linear, and within 4 units in the last place elsewhere. The formulas
//! beside the functions say that these are the right ones.
//!
//! See <https://github.com/rust-lang/rust/issues/152724>, <https://github.com/EnzymeAD/rust/issues/136>, 138
//! and 141 there.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ aux-build: kernels-debug.rs
//@ aux-build: kernels-release.rs

extern crate kernels_debug as debug;
extern crate kernels_release as release;

/// How many floats `a` and `b` are apart.
fn distance(a: f64, b: f64) -> u64 {
    // Ordered as the floats are, with one number for both zeros.
    let order = |x: f64| {
        let magnitude = (x.to_bits() & !(1 << 63)) as i64;
        if x.is_sign_negative() { -magnitude } else { magnitude }
    };
    assert!(a.is_finite() && b.is_finite(), "{a:e} and {b:e}");
    order(a).abs_diff(order(b))
}

fn main() {
    assert_eq!((debug::IS_DEBUG, release::IS_DEBUG), (true, false));
    assert_eq!([distance(1.0, 1.0 - f64::EPSILON), distance(-0.0, 5e-324)], [2, 1]);

    let (debug, release) = (debug::derivatives(), release::derivatives());
    assert_eq!((debug.len(), release.len()), (112, 112));
    for (debug, release) in debug.into_iter().zip(release) {
        let (name, is_linear, in_debug, formula) = debug;
        let (.., in_release, _) = release;
        assert_eq!((name, is_linear), (release.0, release.1));
        let limit = if is_linear { 0 } else { 4 };
        for (a, b) in [(in_debug, in_release), (in_debug, formula), (in_release, formula)] {
            let apart = distance(a, b);
            assert!(apart <= limit, "{name}: {a:e} and {b:e} are {apart} floats apart");
        }
    }
}
