//! Check derivatives of functions that have the standard library move elements of a slice as bytes:
//! `rotate_left`, `rotate_right`, `swap_with_slice`, `copy_within` and `reverse`, of `f32`, `f64` and
//! arrays, in what is given and in what is local, in the primal and in a callee that is not inlined.
//!
//! Where an element comes from is said here by its index. Every number is one that `f32` can represent,
//! and must be met exactly.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

/// What is moved: a number of floats.
trait Element: Copy {
    const FLOATS: usize;
    fn from_fn(f: impl Fn(usize) -> usize) -> Self;
    fn float(self, index: usize) -> f64;
    fn squared(self) -> Self;
    fn sum_of_squares(self) -> f64;
}

macro_rules! scalar {
    ($float:ty) => {
        impl Element for $float {
            const FLOATS: usize = 1;

            fn from_fn(f: impl Fn(usize) -> usize) -> Self {
                f(0) as $float
            }

            fn float(self, _: usize) -> f64 {
                self as f64
            }

            fn squared(self) -> Self {
                self * self
            }

            fn sum_of_squares(self) -> f64 {
                (self * self) as f64
            }
        }
    };
}

scalar!(f32);
scalar!(f64);

impl<T: Element, const N: usize> Element for [T; N] {
    const FLOATS: usize = N;

    fn from_fn(f: impl Fn(usize) -> usize) -> Self {
        std::array::from_fn(|i| T::from_fn(|_| f(i)))
    }

    fn float(self, index: usize) -> f64 {
        self[index].float(0)
    }

    fn squared(self) -> Self {
        self.map(T::squared)
    }

    fn sum_of_squares(self) -> f64 {
        self.iter().map(|x| x.sum_of_squares()).sum()
    }
}

#[inline(never)]
fn square<T: Element>(x: &mut [T]) {
    for x in x {
        *x = x.squared();
    }
}

#[inline(never)]
fn weigh<T: Element>(x: &[T]) -> f64 {
    let mut sum = 0.0;
    for (i, x) in x.iter().enumerate() {
        sum += (i as f64 + 1.0) * x.sum_of_squares();
    }
    sum
}

// The primal does nothing but move.
#[autodiff_reverse(d_rotated, Duplicated, Const)]
#[autodiff_forward(t_rotated, Dual, Const)]
fn rotated<T: Element>(x: &mut [T], k: usize) {
    x.rotate_left(k);
}

#[autodiff_reverse(d_rotated_right, Duplicated, Const)]
#[autodiff_forward(t_rotated_right, Dual, Const)]
fn rotated_right<T: Element>(x: &mut [T], k: usize) {
    x.rotate_right(k);
}

#[autodiff_reverse(d_copied, Duplicated, Const)]
#[autodiff_forward(t_copied, Dual, Const)]
fn copied<T: Element>(x: &mut [T], k: usize) {
    x.copy_within(..k, 1);
}

#[autodiff_reverse(d_reversed, Duplicated, Const)]
#[autodiff_forward(t_reversed, Dual, Const)]
fn reversed<T: Element>(x: &mut [T], _: usize) {
    x.reverse();
}

// The callees have no float in them, and are told by nothing else what they move.
#[inline(never)]
fn rotate<T>(x: &mut [T], k: usize) {
    x.rotate_left(k);
}

#[inline(never)]
fn copy<T: Copy>(x: &mut [T], k: usize) {
    x.copy_within(..k, 1);
}

#[inline(never)]
fn swap<T>(x: &mut [T], y: &mut [T]) {
    x.swap_with_slice(y);
}

#[autodiff_reverse(d_rotated_by_callee, Duplicated, Const)]
#[autodiff_forward(t_rotated_by_callee, Dual, Const)]
fn rotated_by_callee<T: Element>(x: &mut [T], k: usize) {
    rotate(x, k);
    square(x);
}

// Nothing but moved, in the callee.
#[autodiff_reverse(d_rotated_twice, Duplicated, Const)]
#[autodiff_forward(t_rotated_twice, Dual, Const)]
fn rotated_twice<T: Element>(x: &mut [T], k: usize) {
    rotate(x, k);
    rotate(x, k);
}

#[autodiff_reverse(d_copied_by_callee, Duplicated, Const)]
#[autodiff_forward(t_copied_by_callee, Dual, Const)]
fn copied_by_callee<T: Element>(x: &mut [T], k: usize) {
    copy(x, k);
    square(x);
}

// Both halves.
#[autodiff_reverse(d_swapped, Duplicated, Duplicated)]
#[autodiff_forward(t_swapped, Dual, Dual)]
fn swapped<T: Element>(x: &mut [T], y: &mut [T]) {
    x.swap_with_slice(y);
}

#[autodiff_reverse(d_swapped_by_callee, Duplicated, Duplicated)]
#[autodiff_forward(t_swapped_by_callee, Dual, Dual)]
fn swapped_by_callee<T: Element>(x: &mut [T], y: &mut [T]) {
    swap(x, y);
    square(x);
    square(y);
}

// What is local has a type only from what is done to it.
#[autodiff_reverse(d_local_vec, Duplicated, Const, Active)]
#[autodiff_forward(t_local_vec, Dual, Const, Dual)]
fn local_vec<T: Element>(x: &[T], k: usize) -> f64 {
    let mut v = x.to_vec();
    rotate(&mut v, k);
    weigh(&v)
}

const N: usize = 7;

#[autodiff_reverse(d_local_array, Duplicated, Const, Active)]
#[autodiff_forward(t_local_array, Dual, Const, Dual)]
fn local_array<T: Element>(x: &[T; N], k: usize) -> f64 {
    let mut v = *x;
    rotate(&mut v, k);
    weigh(&v)
}

#[autodiff_reverse(d_local_vecs, Duplicated, Const, Active)]
#[autodiff_forward(t_local_vecs, Dual, Const, Dual)]
fn local_vecs<T: Element>(x: &[T], k: usize) -> f64 {
    let (mut v, mut w) = (x.to_vec(), x.to_vec());
    rotate(&mut v, k);
    rotate(&mut w, 1);
    v.swap_with_slice(&mut w);
    weigh(&v) + 0.5 * weigh(&w)
}

#[autodiff_reverse(d_local_arrays, Duplicated, Const, Active)]
#[autodiff_forward(t_local_arrays, Dual, Const, Dual)]
fn local_arrays<T: Element>(x: &[T; N], k: usize) -> f64 {
    let (mut v, mut w) = (*x, *x);
    copy(&mut v, k);
    w.copy_within(..k, 1);
    swap(&mut v[1..], &mut w[..N - 1]);
    weigh(&v) + 0.5 * weigh(&w)
}

fn elements<T: Element>(n: usize, float: impl Fn(usize, usize) -> usize) -> Vec<T> {
    (0..n).map(|i| T::from_fn(|c| float(i, c))).collect()
}

/// The i-th element, and its shadow.
fn x(i: usize, c: usize) -> usize {
    i + 1 + 2 * c
}

fn dx(i: usize, c: usize) -> usize {
    10 + 3 * i + 5 * c
}

/// Checks both modes of a function in place. After it, at `i` is what was at `source(i)`, squared or
/// not.
fn in_place<T: Element>(
    checks: &mut Checks,
    name: &str,
    n: usize,
    is_squared: bool,
    source: impl Fn(usize) -> usize,
    reverse: impl Fn(&mut [T], &mut [T]),
    forward: impl Fn(&mut [T], &mut [T]),
) {
    let factor = |x: f64| if is_squared { 2.0 * x } else { 1.0 };
    for is_reverse in [true, false] {
        let (mut value, mut shadow) = (elements::<T>(n, x), elements::<T>(n, dx));
        let derivative: &dyn Fn(&mut [T], &mut [T]) = if is_reverse { &reverse } else { &forward };
        derivative(black_box(&mut value), &mut shadow);
        for c in 0..T::FLOATS {
            let mut want = vec![0.0; n];
            for i in 0..n {
                let from = source(i);
                let factor = factor(x(from, c) as f64);
                if is_reverse {
                    want[from] += factor * dx(i, c) as f64;
                } else {
                    want[i] = factor * dx(from, c) as f64;
                }
            }
            for i in 0..n {
                let name = format!("{name}, reverse mode: {is_reverse}, n = {n}, [{i}][{c}]");
                checks.compare(&name, shadow[i].float(c), want[i], 0.0);
                let before = x(source(i), c) as f64;
                let after = if is_squared { before * before } else { before };
                checks.compare(&format!("{name}, value"), value[i].float(c), after, 0.0);
            }
        }
    }
}

/// The same of a function that returns a weighted sum of squares. `weight(i)` is that of what is at `i`
/// before.
fn summed<T: Element>(
    checks: &mut Checks,
    name: &str,
    n: usize,
    weight: impl Fn(usize) -> f64,
    reverse: impl Fn(&[T], &mut [T], f64) -> f64,
    forward: impl Fn(&[T], &[T]) -> (f64, f64),
) {
    let (value, mut shadow) = (elements::<T>(n, x), elements::<T>(n, dx));
    let (mut sum, mut along) = (0.0, 0.0);
    for i in 0..n {
        for c in 0..T::FLOATS {
            sum += weight(i) * (x(i, c) * x(i, c)) as f64;
            along += weight(i) * (2 * x(i, c) * dx(i, c)) as f64;
        }
    }
    let (value_forward, tangent) = forward(black_box(&value), &shadow);
    checks.compare(&format!("{name}, n = {n}, value of forward mode"), value_forward, sum, 0.0);
    checks.compare(&format!("{name}, n = {n}, forward mode"), tangent, along, 0.0);
    let value_reverse = reverse(black_box(&value), &mut shadow, -2.0);
    checks.compare(&format!("{name}, n = {n}, value of reverse mode"), value_reverse, sum, 0.0);
    for i in 0..n {
        for c in 0..T::FLOATS {
            let want = dx(i, c) as f64 - 4.0 * weight(i) * x(i, c) as f64;
            let name = format!("{name}, reverse mode, n = {n}, [{i}][{c}]");
            checks.compare(&name, shadow[i].float(c), want, 0.0);
        }
    }
}

/// Checks all functions for one type of element.
fn all<T: Element>(checks: &mut Checks) {
    // Few are rotated one by one, more by a buffer of 256 bytes, and those that do not fit there by
    // swaps.
    for (n, k) in [(1, 0), (3, 1), (5, 2), (8, 5), (40, 13), (91, 40), (150, 70), (150, 79)] {
        // Each function has its own type.
        macro_rules! in_place {
            ($is_squared:literal, $source:expr, $reverse:ident, $forward:ident) => {
                in_place::<T>(
                    checks,
                    &format!("{} of {}, k = {k}", stringify!($reverse), std::any::type_name::<T>()),
                    n,
                    $is_squared,
                    $source,
                    |x, dx| $reverse(x, dx, black_box(k)),
                    |x, dx| $forward(x, dx, black_box(k)),
                )
            };
        }
        let left = |i| (i + k) % n;
        let copied = |i| if (1..=k).contains(&i) { i - 1 } else { i };
        in_place!(false, left, d_rotated, t_rotated);
        in_place!(false, |i| (i + n - k) % n, d_rotated_right, t_rotated_right);
        in_place!(false, copied, d_copied, t_copied);
        in_place!(false, |i| n - 1 - i, d_reversed, t_reversed);
        in_place!(true, left, d_rotated_by_callee, t_rotated_by_callee);
        in_place!(false, |i| (i + 2 * k) % n, d_rotated_twice, t_rotated_twice);
        in_place!(true, copied, d_copied_by_callee, t_copied_by_callee);

        let name = format!("of {}, k = {k}", std::any::type_name::<T>());
        // Of what is rotated to the left by k, (i + n - k) % n is where that goes which was at i.
        let rotated = |i: usize, k| ((i + n - k) % n + 1) as f64;
        summed::<T>(
            checks,
            &format!("local_vec {name}"),
            n,
            |i| rotated(i, k),
            |x, dx, seed| d_local_vec(x, dx, black_box(k), seed),
            |x, dx| t_local_vec(x, dx, black_box(k)),
        );
        summed::<T>(
            checks,
            &format!("local_vecs {name}"),
            n,
            |i| rotated(i, 1) + 0.5 * rotated(i, k),
            |x, dx, seed| d_local_vecs(x, dx, black_box(k), seed),
            |x, dx| t_local_vecs(x, dx, black_box(k)),
        );
    }

    for n in [2, 6, 10, 14, 38, 150] {
        // The second half is another argument.
        let swapped = |i| (i + n / 2) % n;
        let name = std::any::type_name::<T>();
        in_place::<T>(
            checks,
            &format!("swapped of {name}"),
            n,
            false,
            swapped,
            |x, dx| {
                let ((x, y), (dx, dy)) = (x.split_at_mut(n / 2), dx.split_at_mut(n / 2));
                d_swapped(x, dx, y, dy);
            },
            |x, dx| {
                let ((x, y), (dx, dy)) = (x.split_at_mut(n / 2), dx.split_at_mut(n / 2));
                t_swapped(x, dx, y, dy);
            },
        );
        in_place::<T>(
            checks,
            &format!("swapped_by_callee of {name}"),
            n,
            true,
            swapped,
            |x, dx| {
                let ((x, y), (dx, dy)) = (x.split_at_mut(n / 2), dx.split_at_mut(n / 2));
                d_swapped_by_callee(x, dx, y, dy);
            },
            |x, dx| {
                let ((x, y), (dx, dy)) = (x.split_at_mut(n / 2), dx.split_at_mut(n / 2));
                t_swapped_by_callee(x, dx, y, dy);
            },
        );
    }

    for k in 0..N {
        let name = format!("of {}, k = {k}", std::any::type_name::<T>());
        summed::<T>(
            checks,
            &format!("local_array {name}"),
            N,
            |i| ((i + N - k) % N + 1) as f64,
            |x, dx, seed| {
                let (x, dx) = (x.try_into().unwrap(), dx.try_into().unwrap());
                d_local_array::<T>(x, dx, black_box(k), seed)
            },
            |x, dx| {
                let (x, dx) = (x.try_into().unwrap(), dx.try_into().unwrap());
                t_local_array::<T>(x, dx, black_box(k))
            },
        );
        // Both have been copied within. Of the first, all but the start is then what the second had one
        // place before.
        let copied = |i| if (1..=k).contains(&i) { i - 1 } else { i };
        let mut weights = [0.0; N];
        for i in 0..N {
            weights[copied(i.saturating_sub(1))] += i as f64 + 1.0;
            weights[copied((i + 1).min(N - 1))] += 0.5 * (i as f64 + 1.0);
        }
        summed::<T>(
            checks,
            &format!("local_arrays {name}"),
            N,
            |i| weights[i],
            |x, dx, seed| {
                let (x, dx) = (x.try_into().unwrap(), dx.try_into().unwrap());
                d_local_arrays::<T>(x, dx, black_box(k), seed)
            },
            |x, dx| {
                let (x, dx) = (x.try_into().unwrap(), dx.try_into().unwrap());
                t_local_arrays::<T>(x, dx, black_box(k))
            },
        );
    }
}

pub fn main() {
    let mut checks = Checks::new();
    all::<f32>(&mut checks);
    all::<f64>(&mut checks);
    all::<[f64; 3]>(&mut checks);
    all::<[f32; 3]>(&mut checks);
    checks.finish(4 * 90 + 8 * 15298);
}
