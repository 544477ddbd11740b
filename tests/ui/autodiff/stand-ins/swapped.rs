//! Check derivatives of functions that swap and rotate values of several types. Each is compared with finite
//! differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::{mem, ptr};

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[derive(Clone, Copy)]
struct Particle {
    kind: u32,
    place: f64,
    number: usize,
    speed: [f32; 3],
}

fn particles(x: &[f64]) -> Vec<Particle> {
    let new = |(i, &place): (usize, &f64)| Particle {
        kind: i as u32,
        place,
        number: i + 3,
        speed: [i as f32; 3],
    };
    x.iter().enumerate().map(new).collect()
}

fn sum_of(list: &[Particle]) -> f64 {
    let value = |(p, i): (&Particle, u32)| {
        f64::from(i * p.kind + 1) * p.place * p.place * p.number as f64 * f64::from(p.speed[1] + 1.0)
    };
    list.iter().zip(1..).map(value).sum()
}

#[autodiff_reverse(d_swapped, Duplicated, Active)]
#[autodiff_forward(t_swapped, Dual, Dual)]
fn swapped(x: &[f64]) -> f64 {
    let mut list = particles(x);
    list.swap(0, 4);
    let (left, right) = list.split_at_mut(3);
    mem::swap(&mut left[0], &mut right[2]);
    left.swap_with_slice(right);
    unsafe { ptr::swap_nonoverlapping(&mut left[0], &mut right[0], 2) };
    list.reverse();
    sum_of(&list)
}

#[autodiff_reverse(d_bytes, Duplicated, Active)]
#[autodiff_forward(t_bytes, Dual, Dual)]
fn bytes(x: &[f64]) -> f64 {
    // Three bytes each, with no float in them.
    let mut kinds: Vec<[u8; 3]> = (0..x.len() as u8).map(|i| [i, i + 1, i + 2]).collect();
    let (left, right) = kinds.split_at_mut(3);
    left.swap_with_slice(right);
    kinds.iter().zip(x).map(|(kind, x)| f64::from(kind[0] * kind[2]) * x.sin()).sum()
}

#[autodiff_reverse(d_rotated, Duplicated, Active)]
#[autodiff_forward(t_rotated, Dual, Dual)]
fn rotated(x: &[f64]) -> f64 {
    let mut list = particles(x);
    list.rotate_left(2);
    sum_of(&list)
}

#[autodiff_reverse(d_many_rotated, Duplicated, Active)]
#[autodiff_forward(t_many_rotated, Dual, Dual)]
fn many_rotated(x: &[f64]) -> f64 {
    let mut list: Vec<f64> = (0..100).map(|i| x[i % x.len()].sin() * i as f64).collect();
    list.rotate_right(41);
    list.iter().zip(1..).map(|(x, i)| x * x * f64::from(i)).sum()
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("swapped", &x, swapped, d_swapped, t_swapped);
    checks.gradient("bytes", &x, bytes, d_bytes, t_bytes);
    checks.gradient("rotated", &x, rotated, d_rotated, t_rotated);
    checks.gradient("many_rotated", &x, many_rotated, d_many_rotated, t_many_rotated);
    checks.finish(4 * 21);
}
