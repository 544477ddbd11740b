//! What the autodiff slice calls where a `Vec` would be collected in the memory of another.

// Only the autodiff slice calls this.
#![allow(dead_code)]

use super::{SpecFromIterNested, Vec};

/// Collects in memory of its own, so that no place in memory is one type and then another.
fn from_iter<T, I: Iterator<Item = T>>(iterator: I) -> Vec<T> {
    SpecFromIterNested::from_iter(iterator)
}
