//! Comparisons for the tests in `tests/ui/autodiff`, used by them as `#[path] mod check`.
//!
//! Every comparison has a name, and a failure says it: some programs are built with fat LTO, where
//! line numbers and backtraces are not always there. A NaN is never close to anything.

#![allow(dead_code)] // no test uses all of it

/// Passes if `got` is within a relative error of `tolerance` of `want`. A `want` of 0 has no
/// relative error and must be met exactly.
#[track_caller]
pub fn close(name: &str, got: impl Into<f64>, want: impl Into<f64>, tolerance: f64) {
    let (got, want) = (got.into(), want.into());
    let met = (got - want).abs() <= tolerance * want.abs();
    assert!(met, "{name}: got {got:e}, want {want:e} within a relative error of {tolerance:e}");
}

/// Passes if `got` is `want`: for functions and arguments where every intermediate value of the
/// derivative can be represented, so that the order of operations makes no difference.
#[track_caller]
pub fn exact<T: PartialEq + std::fmt::Debug>(name: &str, got: T, want: T) {
    assert!(got == want, "{name}: got {got:?}, want exactly {want:?}");
}

/// A few units in the last place of an `f64`: closed form and derivative round differently.
pub const F64: f64 = 1e-14;
/// The same for an `f32`.
pub const F32: f64 = 1e-6;

/// What `f` says when it panics, as it has to.
#[track_caller]
pub fn panic_of<T: std::fmt::Debug>(f: impl FnOnce() -> T) -> String {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)) {
        Ok(got) => panic!("no panic: got {got:?}"),
        Err(payload) => {
            let text = payload.downcast_ref::<&str>().map(|text| text.to_string());
            text.unwrap_or_else(|| payload.downcast_ref::<String>().unwrap().clone())
        }
    }
}
