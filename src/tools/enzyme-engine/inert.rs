//! Half of this is differentiated with `--cfg derivative`; the rest has to be compiled as it is without. What is
//! called through a vtable or a `fn` pointer in a derivative is what the rest makes vtables and pointers of.

#![crate_type = "lib"]
#![cfg_attr(derivative, feature(autodiff))]

pub trait Shape {
    fn value(&self, x: f64) -> f64;

    fn twice(&self, x: f64) -> f64 {
        2.0 * self.value(x)
    }
}

struct Linear(f64);

impl Shape for Linear {
    fn value(&self, x: f64) -> f64 {
        self.0 * x
    }
}

struct Scaled<T>(T, f64);

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
fn cube(x: f64) -> f64 {
    x * x * x
}

pub mod primals {
    #[cfg(derivative)]
    use std::autodiff::{autodiff_forward, autodiff_reverse};

    use super::Shape;

    static TABLE: [f64; 2] = [1.0, 2.0];

    #[cfg_attr(derivative, autodiff_reverse(d_total, Unchecked, Duplicated, Active, Active))]
    pub fn total(shapes: &[Box<dyn Shape>], x: f64) -> f64 {
        shapes.iter().map(|shape| shape.twice(x)).sum()
    }

    #[cfg_attr(derivative, autodiff_forward(d_apply, Const, Dual, Dual))]
    pub fn apply(f: fn(f64) -> f64, x: f64) -> f64 {
        f(x) * private(x) + TABLE[x.is_sign_negative() as usize] * x
    }

    #[inline(never)]
    fn private(x: f64) -> f64 {
        x * x + 1.0
    }
}

pub mod bystanders {
    use super::*;

    pub fn object(is_linear: bool, k: f64) -> Box<dyn Shape> {
        if is_linear { Box::new(Linear(k)) } else { Box::new(Scaled(Linear(3.0), k)) }
    }

    pub fn pointer(is_square: bool) -> fn(f64) -> f64 {
        if is_square { square } else { cube }
    }

    pub fn calls_primals(shapes: &[Box<dyn Shape>], x: f64) -> f64 {
        primals::total(shapes, x) + primals::apply(cube, x) + square(x)
    }

    pub fn calls_a_method(shape: &dyn Shape, x: &mut [f64]) {
        x.iter_mut().for_each(|x| *x = shape.twice(*x));
    }

    pub fn calls_a_pointer(f: fn(f64) -> f64, x: &mut [f64]) {
        x.iter_mut().for_each(|x| *x = f(*x));
    }

    #[inline(never)]
    pub fn is_vectorized(x: &[f64; 64], y: &mut [f64; 64]) {
        for i in 0..64 {
            y[i] += (if cfg!(planted) { 3.0 } else { 2.0 }) * x[i];
        }
    }

    pub fn formats(value: &dyn std::fmt::Display) -> String {
        value.to_string()
    }
}
