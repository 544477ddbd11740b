//@ edition: 2024

//! Makes `fn` pointers and trait objects of what nobody else knows of.

pub trait Shape {
    fn value(&self, x: f64) -> f64;
}

struct Hidden;

impl Shape for Hidden {
    fn value(&self, x: f64) -> f64 {
        2.0 * x
    }
}

fn hidden(x: f64) -> f64 {
    2.0 * x
}

#[inline(never)]
pub fn pointer() -> fn(f64) -> f64 {
    hidden
}

#[inline(never)]
pub fn object() -> Box<dyn Shape> {
    Box::new(Hidden)
}
