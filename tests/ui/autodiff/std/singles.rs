//! Check derivatives of functions that use `f32` in collections, iterators and methods. Each is compared with finite
//! differences, which in this type are good to a few digits.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

/// How good differences of `f32` are, in units of what `Checks` lets pass.
const COARSE: f64 = 1e5;

/// Compares both modes with differences, at one point.
fn single(
    checks: &mut Checks,
    name: &str,
    primal: fn(&[f32]) -> f32,
    reverse: fn(&[f32], &mut [f32], f32) -> f32,
    forward: fn(&[f32], &[f32]) -> (f32, f32),
) {
    let x = std::hint::black_box([0.3, -0.8, 1.1, 0.6, -0.4, 0.9]);
    let at = |i: usize, step: f32| {
        let mut moved = x;
        moved[i] += step;
        f64::from(primal(&moved))
    };
    const H: f32 = 1.0 / 32.0;
    let slope = |i| {
        let near = at(i, H) - at(i, -H);
        (8.0 * near - at(i, 2.0 * H) + at(i, -2.0 * H)) / (12.0 * f64::from(H))
    };
    let want: [f64; 6] = std::array::from_fn(slope);
    let scale = COARSE * want.iter().fold(0.0, |scale: f64, v| scale.max(v.abs()));
    assert!(scale > 0.0, "{name}: a gradient of 0 shows nothing");
    let mut dx = [0.5; 6];
    let value = reverse(&x, &mut dx, 2.0);
    checks.compare(&format!("{name}, value"), value.into(), primal(&x).into(), scale);
    for i in 0..6 {
        let got = 0.5 * (f64::from(dx[i]) - 0.5);
        checks.compare(&format!("{name}, reverse mode by x[{i}]"), got, want[i], scale);
        let axis = std::array::from_fn::<f32, 6, _>(|j| f32::from(u8::from(i == j)));
        let (value, got) = forward(&x, &axis);
        checks.compare(&format!("{name}, forward mode by x[{i}]"), got.into(), want[i], scale);
        if i == 0 {
            let name = format!("{name}, value of forward mode");
            checks.compare(&name, value.into(), primal(&x).into(), scale);
        }
    }
}

#[autodiff_reverse(d_iterators, Duplicated, Active)]
#[autodiff_forward(t_iterators, Dual, Dual)]
fn iterators(x: &[f32]) -> f32 {
    let dot: f32 = x.iter().zip(x.iter().rev().skip(1)).map(|(a, b)| a * b).sum();
    let product: f32 = x.chunks(2).map(|c| c[0] + c[1] * c[1]).product();
    x.iter().filter(|v| **v > 0.0).fold(dot, |value, v| value * v + product)
}

#[autodiff_reverse(d_elementary, Duplicated, Active)]
#[autodiff_forward(t_elementary, Dual, Dual)]
fn elementary(x: &[f32]) -> f32 {
    let a = x[0].sin() * x[1].cos() + x[2].tan().atan() + x[3].asin() * x[4].acos();
    let b = x[5].exp() + x[0].ln() - x[3].sqrt() * x[2].cbrt() + x[1].tanh() * x[4].sinh();
    a * b + x[2].powf(x[3]) + x[1].powi(3) + x[0].hypot(x[4]) + x[1].atan2(x[5])
}

#[autodiff_reverse(d_more_elementary, Duplicated, Active)]
#[autodiff_forward(t_more_elementary, Dual, Dual)]
fn more_elementary(x: &[f32]) -> f32 {
    let a = x[0].exp2() + x[2].log2() * x[5].log10() + x[1].exp_m1() * x[3].ln_1p();
    let b = x[4].cosh() + x[1].asinh() + x[2].acosh() * x[0].atanh() + x[5].log(3.0);
    a * b + x[3].recip() * x[4].abs().mul_add(x[1], x[2]) + x[5].to_radians() * x[0].to_degrees()
}

#[autodiff_reverse(d_piecewise, Duplicated, Active)]
#[autodiff_forward(t_piecewise, Dual, Dual)]
fn piecewise(x: &[f32]) -> f32 {
    let a = x[0].max(x[1]) * x[2].min(x[3]) + x[4].clamp(-0.2, 0.2) * x[5];
    let b = x[1].abs() * x[4].signum() + x[2].copysign(x[1]) + x[3].fract() * x[5].rem_euclid(0.5);
    a * b * (x[0] + x[0].floor())
}

#[autodiff_reverse(d_through_f64, Duplicated, Active)]
#[autodiff_forward(t_through_f64, Dual, Dual)]
fn through_f64(x: &[f32]) -> f32 {
    let sum: f64 = x.iter().map(|v| f64::from(*v).exp()).sum();
    let mean = (sum / x.len() as f64) as f32;
    x.iter().map(|v| (v - mean).powi(2)).sum::<f32>().sqrt() * mean
}

#[autodiff_reverse(d_pushed_and_sorted, Duplicated, Active)]
#[autodiff_forward(t_pushed_and_sorted, Dual, Dual)]
fn pushed_and_sorted(x: &[f32]) -> f32 {
    let mut list = vec![];
    for v in x {
        list.push(v + 3.0);
        list.push(v.sin());
    }
    list.remove(3);
    list.sort_by(f32::total_cmp);
    list.iter().enumerate().map(|(i, v)| (i + 1) as f32 * v).sum::<f32>() * list[5]
}

#[autodiff_reverse(d_zeroed_and_resized, Duplicated, Active)]
#[autodiff_forward(t_zeroed_and_resized, Dual, Dual)]
fn zeroed_and_resized(x: &[f32]) -> f32 {
    let mut list = vec![0.0f32; 4];
    list.resize(7, x[0] * x[5]);
    for (i, v) in x.iter().enumerate() {
        list[i * 3 % 7] += v * v;
    }
    list.extend_from_slice(&x[2..5]);
    list.rotate_left(3);
    list.windows(2).map(|w| w[0] * w[1]).sum()
}

#[autodiff_reverse(d_beside_integers, Duplicated, Active)]
#[autodiff_forward(t_beside_integers, Dual, Dual)]
fn beside_integers(x: &[f32]) -> f32 {
    let mut entries: Vec<(u32, f32)> = (1..).zip(x.iter().map(|v| v.exp())).collect();
    entries.sort_by(|a, b| b.1.total_cmp(&a.1));
    entries.swap(1, 4);
    let last = entries.pop().unwrap();
    entries.iter().enumerate().map(|(rank, (n, v))| v * *n as f32 / (rank + 1) as f32).sum::<f32>()
        * last.1
}

#[derive(Clone, Copy, Default)]
struct Colour {
    red: f32,
    green: f32,
    blue: f32,
}

#[autodiff_reverse(d_structs_of_three, Duplicated, Active)]
#[autodiff_forward(t_structs_of_three, Dual, Dual)]
fn structs_of_three(x: &[f32]) -> f32 {
    let mut pixels = vec![Colour::default(); 3];
    for (i, pixel) in pixels.iter_mut().enumerate() {
        *pixel = Colour { red: x[i], green: x[i + 1] * x[i], blue: x[i + 3].sin() };
    }
    pixels.insert(1, pixels[2]);
    pixels.reverse();
    let blend =
        |a: Colour, b: &Colour| Colour { red: a.green, green: a.blue * b.red, blue: b.blue };
    let mixed = pixels.iter().fold(Colour { blue: 1.0, ..pixels[0] }, blend);
    mixed.red + mixed.green * mixed.blue + pixels.iter().map(|p| p.red * p.green).sum::<f32>()
}

#[autodiff_reverse(d_arrays, Duplicated, Active)]
#[autodiff_forward(t_arrays, Dual, Dual)]
fn arrays(x: &[f32]) -> f32 {
    let mut rows = [[x[0], x[1], x[2]], [x[3], x[4], x[5]]];
    rows.swap(0, 1);
    rows[0].reverse();
    let sums = rows.map(|row| row.iter().sum::<f32>());
    let columns: [f32; 3] = std::array::from_fn(|i| rows[0][i] * rows[1][i]);
    sums[0] * sums[1] + columns.into_iter().reduce(|a, b| a.sin() + b).unwrap()
}

#[autodiff_reverse(d_options, Duplicated, Active)]
#[autodiff_forward(t_options, Dual, Dual)]
fn options(x: &[f32]) -> f32 {
    let root = |v: &f32| if *v > 0.0 { Some(v.sqrt()) } else { None };
    let roots: Vec<Option<f32>> = x.iter().map(root).collect();
    let all: Result<Vec<f32>, f32> = x.iter().map(|v| root(v).ok_or(v * v)).collect();
    roots.iter().flatten().product::<f32>() * all.unwrap_err() + roots[1].unwrap_or(x[4])
}

#[autodiff_reverse(d_shared, Duplicated, Active)]
#[autodiff_forward(t_shared, Dual, Dual)]
fn shared(x: &[f32]) -> f32 {
    let list = Rc::new(RefCell::new(x.to_vec()));
    let other = list.clone();
    for i in 1..6 {
        let last = other.borrow()[i - 1];
        list.borrow_mut()[i] *= last + 1.0;
    }
    let boxed: Box<[f32]> = list.borrow().iter().map(|v| v * v).collect();
    boxed.iter().sum::<f32>() * *Box::new(x[2])
}

enum Shape {
    Circle(f32),
    Rectangle { width: f32, height: f32 },
}

#[autodiff_reverse(d_enums, Duplicated, Active)]
#[autodiff_forward(t_enums, Dual, Dual)]
fn enums(x: &[f32]) -> f32 {
    let mut shapes = vec![Shape::Circle(x[0]), Shape::Rectangle { width: x[2], height: x[3] }];
    shapes.push(Shape::Circle(x[5] * x[1]));
    shapes.swap(0, 2);
    let area = |shape: &Shape| match shape {
        Shape::Circle(radius) => std::f32::consts::PI * radius * radius,
        Shape::Rectangle { width, height } => width * height,
    };
    shapes.iter().zip([1.0, 2.0, 3.0]).map(|(shape, w)| w * area(shape)).sum::<f32>() + x[4] * x[1]
}

#[autodiff_reverse(d_bits, Duplicated, Active)]
#[autodiff_forward(t_bits, Dual, Dual)]
fn bits(x: &[f32]) -> f32 {
    let stored: Vec<u32> = x.iter().map(|v| (v * v).to_bits()).collect();
    stored.iter().zip(x).map(|(bits, v)| f32::from_bits(*bits) * v.exp()).sum()
}

#[autodiff_reverse(d_queues, Duplicated, Active)]
#[autodiff_forward(t_queues, Dual, Dual)]
fn queues(x: &[f32]) -> f32 {
    let mut queue = VecDeque::new();
    for v in x {
        queue.push_front(v * v);
        queue.push_back(v.sin());
    }
    queue.truncate(10);
    let last = queue.pop_back().unwrap();
    queue.iter().rev().fold(last, |a, v| a * 0.5 + v)
}

pub fn main() {
    let mut checks = Checks::new();
    single(&mut checks, "iterators", iterators, d_iterators, t_iterators);
    single(&mut checks, "elementary", elementary, d_elementary, t_elementary);
    single(&mut checks, "more_elementary", more_elementary, d_more_elementary, t_more_elementary);
    single(&mut checks, "piecewise", piecewise, d_piecewise, t_piecewise);
    single(&mut checks, "through_f64", through_f64, d_through_f64, t_through_f64);
    single(
        &mut checks,
        "pushed_and_sorted",
        pushed_and_sorted,
        d_pushed_and_sorted,
        t_pushed_and_sorted,
    );
    single(
        &mut checks,
        "zeroed_and_resized",
        zeroed_and_resized,
        d_zeroed_and_resized,
        t_zeroed_and_resized,
    );
    single(&mut checks, "beside_integers", beside_integers, d_beside_integers, t_beside_integers);
    single(
        &mut checks,
        "structs_of_three",
        structs_of_three,
        d_structs_of_three,
        t_structs_of_three,
    );
    single(&mut checks, "arrays", arrays, d_arrays, t_arrays);
    single(&mut checks, "options", options, d_options, t_options);
    single(&mut checks, "shared", shared, d_shared, t_shared);
    single(&mut checks, "enums", enums, d_enums, t_enums);
    single(&mut checks, "bits", bits, d_bits, t_bits);
    single(&mut checks, "queues", queues, d_queues, t_queues);
    checks.finish(210);
}
