//@ edition: 2024
//@ compile-flags: -Zautodiff=Enable

//! What another crate makes `fn` pointers and trait objects of.

pub trait Shape {
    fn value(&self, x: f64) -> f64;

    fn twice(&self, x: f64) -> f64 {
        2.0 * self.value(x)
    }
}

pub struct Linear(pub f64);

impl Shape for Linear {
    fn value(&self, x: f64) -> f64 {
        self.0 * x
    }
}

pub struct Scaled<T>(pub T, pub f64);

impl<T: Shape> Shape for Scaled<T> {
    fn value(&self, x: f64) -> f64 {
        self.1 * self.0.value(x)
    }

    #[inline]
    fn twice(&self, x: f64) -> f64 {
        self.value(self.1 * x)
    }
}

pub fn square(x: f64) -> f64 {
    x * x
}

#[inline]
pub fn cube(x: f64) -> f64 {
    x * x * x
}
