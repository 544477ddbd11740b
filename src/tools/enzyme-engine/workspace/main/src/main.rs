#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};

use shapes::Shape;

struct Disc {
    factor: f64,
}

impl Shape for Disc {
    fn area(&self, x: f64) -> f64 {
        self.factor * x * x
    }
}

struct Bar {
    factor: f64,
}

impl Shape for Bar {
    fn area(&self, x: f64) -> f64 {
        shapes::SCALE * self.factor * x
    }
}

/// A function of a library is generic, and is known only here.
#[autodiff_reverse(d_decay, Active, Active, Active)]
fn decay(rate: f64, start: f64) -> f64 {
    solve::euler(|x| -shapes::SCALE * rate * x, start, 2)
}

#[autodiff_reverse(d_areas, Unchecked, Duplicated, Active, Active)]
fn areas(shapes: &[Box<dyn Shape>], x: f64) -> f64 {
    shapes.iter().map(|shape| shape.area(x)).sum()
}

#[autodiff_forward(t_areas, Const, Dual, Dual)]
fn areas_of(shapes: &[Box<dyn Shape>], x: f64) -> f64 {
    areas(shapes, x)
}

fn main() {
    let mut sides = [0.0; 3];
    shapes::d_box(&[1.0, 2.0, 4.0], &mut sides, 1.0);
    println!("boxed {}", sides[1]);
    println!("cubed {}", solve::d_cubed(3.0, 1.0).1);
    println!("scaled {}", solve::t_scaled(3.0f32, 1.0).1);

    let (_, rate, start) = d_decay(0.25, 3.0, 1.0);
    println!("rate {rate}\nstart {start}");

    let list: Vec<Box<dyn Shape>> = vec![Box::new(Disc { factor: 3.0 }), Box::new(Bar { factor: 5.0 })];
    let zero: Vec<Box<dyn Shape>> = vec![Box::new(Disc { factor: 0.0 }), Box::new(Bar { factor: 0.0 })];
    let mut shadow = zero;
    let (_, x) = unsafe { d_areas(&list, &mut shadow, 2.0, 1.0) };
    println!("reverse {x}\nforward {}", t_areas(&list, 2.0, 1.0).1);
    // What a factor's gradient is shows in the area at 1.
    println!("disc {}\nbar {}", shadow[0].area(1.0), shadow[1].area(1.0) / shapes::SCALE);
}
