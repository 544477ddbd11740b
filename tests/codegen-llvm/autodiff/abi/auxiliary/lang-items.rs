//! As much of `core` as functions need that only move what they are passed, for tests that compile
//! for targets whose `core` is not there.

#[lang = "pointee_sized"]
pub trait PointeeSized {}

#[lang = "meta_sized"]
pub trait MetaSized: PointeeSized {}

#[lang = "sized"]
pub trait Sized: MetaSized {}

#[lang = "copy"]
pub trait Copy: Sized {}

impl Copy for f32 {}
impl Copy for f64 {}

#[lang = "freeze"]
unsafe auto trait Freeze {}
