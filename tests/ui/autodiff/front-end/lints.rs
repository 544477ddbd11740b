//! Check that lints have nothing to say of a derivative which they do not say of the primal.

//@ check-pass
//@ needs-enzyme (the attributes are for it)
//@ edition: 2024
//@ compile-flags: --crate-type=lib

#![doc = "Documented."]
#![feature(autodiff)]
#![deny(
    warnings,
    future_incompatible,
    let_underscore,
    nonstandard_style,
    refining_impl_trait,
    rust_2018_idioms,
    rust_2021_compatibility,
    rust_2024_compatibility,
    unused,
    deprecated_in_future,
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    missing_debug_implementations,
    missing_docs,
    redundant_lifetimes,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unit_bindings,
    unnameable_types,
    unreachable_pub,
    unsafe_code,
    unsafe_op_in_unsafe_fn,
    unused_import_braces,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]

use std::autodiff::{autodiff_forward, autodiff_reverse};

/// Documented.
#[autodiff_reverse(d_public, Active, Active)]
#[autodiff_forward(t_public, Dual, Dual)]
pub fn public(mut x: f64) -> f64 {
    x *= x;
    x
}

/// Documented.
#[autodiff_reverse(d_patterns, Active, Active, Active, Active)]
#[must_use]
pub fn patterns((x, _): (f64, f64), ref y: f64, _: f64) -> f64 {
    x * *y
}

/// Documented.
#[autodiff_reverse(d_matrices, Const, Duplicated, Active)]
#[allow(non_snake_case)]
pub fn matrices(A: &[f64], X: &[f64]) -> f64 {
    A[0] * X[0]
}

/// Documented.
#[allow(improper_ctypes_definitions)]
#[autodiff_reverse(d_foreign, Const, Active, Active)]
pub extern "C" fn foreign(a: &[f64], x: f64) -> f64 {
    a[0] * x
}

/// Documented.
#[autodiff_reverse(d_callback, Const, Active, Active)]
#[must_use]
pub fn callback(f: &impl Fn(f64) -> f64, x: f64) -> f64 {
    f(x)
}

/// Documented.
#[autodiff_reverse(d_elided, Const, Duplicated, Const)]
#[autodiff_forward(t_elided, Const, Dual, Dual)]
pub fn elided(_: f64, x: &[f64]) -> &f64 {
    &x[0]
}

/// Documented.
#[autodiff_reverse(d_named, Duplicated, Const)]
pub fn named<'a>(x: &'a [f64]) -> &'a f64 {
    &x[0]
}

/// Documented.
#[deprecated]
#[autodiff_reverse(d_deprecated, Active, Active)]
pub fn deprecated(x: f64) -> f64 {
    x
}

/// Documented.
#[autodiff_reverse(d_constant, Active, Active)]
pub const fn constant(x: f64) -> f64 {
    x
}

/// Documented.
pub trait Model {
    /// Documented.
    #[autodiff_reverse(d_value, Const, Active, Active)]
    fn value(&self, x: f64) -> f64;

    /// Documented.
    #[autodiff_reverse(d_consuming, Active, Active)]
    fn consuming(self) -> f64
    where
        Self: Sized;
}

/// Documented.
#[derive(Debug)]
pub struct Linear<T>(T);

impl<T: Copy + Into<f64>> Linear<T> {
    /// Documented.
    #[autodiff_reverse(d_by_value, Active, Const, Active)]
    #[autodiff_reverse(d_by_value_only, Active, Const, ActiveOnly)]
    pub fn by_value(mut self, scale: T) -> f64 {
        let value = self.0.into();
        self.0 = scale;
        value * self.0.into()
    }

    #[autodiff_reverse(d_private, Const, Active, Active)]
    fn private(&self, x: f64) -> f64 {
        self.0.into() * x
    }

    /// Documented.
    #[must_use]
    pub fn gradient(&self, x: f64) -> f64 {
        self.d_private(x, 1.0).1
    }
}

mod private {
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Private(f64);

    #[super::autodiff_reverse(d_private, Active, Active)]
    pub(super) fn private(x: Private) -> f64 {
        x.0
    }

    pub(super) fn gradient(x: f64) -> f64 {
        d_private(Private(x), 1.0).1.0
    }
}

/// Documented.
#[must_use]
pub fn gradient(x: f64) -> f64 {
    private::gradient(x)
}
