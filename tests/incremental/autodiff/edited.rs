//! Check derivatives in incremental builds: after an edit of a function that only the primal calls, and
//! after one of an unrelated function, in which the derivatives come from the cache.

//@ revisions: rpass1 rpass2 rpass3
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ compile-flags: -Zautodiff=Enable -Copt-level=0

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;

mod model {
    #[cfg(rpass1)]
    pub fn factor() -> f64 {
        2.0
    }

    #[cfg(not(rpass1))]
    pub fn factor() -> f64 {
        5.0
    }
}

#[autodiff_reverse(d_parabola, Active, Active)]
fn parabola(x: f64) -> f64 {
    model::factor() * x * x
}

fn report() -> &'static str {
    if cfg!(rpass3) { "edited" } else { "as it was" }
}

fn main() {
    let factor = if cfg!(rpass1) { 2.0 } else { 5.0 };
    // d/dx (c x^2) = 2 c x
    assert_eq!(d_parabola(3.0, 1.0), (factor * 9.0, factor * 6.0), "{}", report());
}
