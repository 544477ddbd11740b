//! Swaps of values of a known type.

use super::swap_nonoverlapping_const;
use crate::num::NonZero;

/// What the autodiff slice calls in place of the function of the same name, which swaps bytes.
#[allow(dead_code)]
unsafe fn swap_nonoverlapping_bytes<T>(x: *mut u8, y: *mut u8, bytes: NonZero<usize>) {
    // SAFETY: The caller swaps this many values of `T`, of which there is at least one, so that `T` has a size.
    unsafe { swap_nonoverlapping_const::<T>(x.cast(), y.cast(), bytes.get() / size_of::<T>()) }
}
