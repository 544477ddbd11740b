//! Check derivatives of functions that leave floats in statics, and take them from there in other functions.
//!
//! Each expected value is worked out by hand from the formula beside it. Every derivative is taken twice: what one
//! leaves behind is a constant to the next.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::cell::UnsafeCell;
use std::sync::{Mutex, RwLock};

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

static mut LAST: f64 = 0.0;

#[inline(never)]
fn last_squared() -> f64 {
    unsafe { LAST * LAST }
}

// x^2
#[autodiff_reverse(d_through_static_mut, Active, Active)]
#[autodiff_forward(t_through_static_mut, Dual, Dual)]
fn through_static_mut(x: f64) -> f64 {
    unsafe { LAST = x };
    last_squared()
}

static LOCKED: Mutex<f64> = Mutex::new(0.0);

#[inline(never)]
fn lock(x: f64) {
    *LOCKED.lock().unwrap() = x;
}

// 3 x^2
#[autodiff_reverse(d_through_mutex, Active, Active)]
#[autodiff_forward(t_through_mutex, Dual, Dual)]
fn through_mutex(x: f64) -> f64 {
    lock(x * x);
    3.0 * *LOCKED.lock().unwrap()
}

static STATE: RwLock<[f64; 3]> = RwLock::new([1.0, 0.0, 0.0]);

#[inline(never)]
fn turn(by: f64) {
    let mut state = STATE.write().unwrap();
    *state = [by * state[2], state[0], state[1]];
}

// Three turns by x multiply each of the three by x, whatever they are: x^2 * (s_0 + s_1 + s_2) after two more.
#[autodiff_reverse(d_through_lock, Active, Active)]
#[autodiff_forward(t_through_lock, Dual, Dual)]
fn through_lock(x: f64) -> f64 {
    *STATE.write().unwrap() = [1.0, 2.0, 3.0];
    for _ in 0..6 {
        turn(x);
    }
    STATE.read().unwrap().iter().sum()
}

struct Shared(UnsafeCell<(u32, [f32; 2])>);

unsafe impl Sync for Shared {}

static SHARED: Shared = Shared(UnsafeCell::new((0, [0.0; 2])));

// 4 x^2
#[autodiff_reverse(d_through_cell, Active, Active)]
#[autodiff_forward(t_through_cell, Dual, Dual)]
fn through_cell(x: f32) -> f32 {
    let shared = unsafe { &mut *SHARED.0.get() };
    shared.0 += 1;
    shared.1 = [x, 4.0 * x];
    shared.1[0] * shared.1[1]
}

static FACTOR: Mutex<f64> = Mutex::new(0.0);

// 5 x, where the 5 has been left by somebody else
#[autodiff_reverse(d_scaled, Active, Active)]
#[autodiff_forward(t_scaled, Dual, Dual)]
fn scaled(x: f64) -> f64 {
    x * *FACTOR.lock().unwrap()
}

fn main() {
    *FACTOR.lock().unwrap() = 5.0;
    for x in [2.0, 3.0] {
        exact("static mut", d_through_static_mut(x, 1.0), (x * x, 2.0 * x));
        exact("static mut, forward", t_through_static_mut(x, 1.0), (x * x, 2.0 * x));
        exact("mutex", d_through_mutex(x, 1.0), (3.0 * x * x, 6.0 * x));
        exact("mutex, forward", t_through_mutex(x, 1.0), (3.0 * x * x, 6.0 * x));
        exact("lock", d_through_lock(x, 1.0), (6.0 * x * x, 12.0 * x));
        exact("lock, forward", t_through_lock(x, 1.0), (6.0 * x * x, 12.0 * x));
        exact("scaled", d_scaled(x, 1.0), (5.0 * x, 5.0));
        exact("scaled, forward", t_scaled(x, 1.0), (5.0 * x, 5.0));
        let x = x as f32;
        exact("cell", d_through_cell(x, 1.0), (4.0 * x * x, 8.0 * x));
        exact("cell, forward", t_through_cell(x, 1.0), (4.0 * x * x, 8.0 * x));
    }
    let of_another = std::thread::spawn(|| d_through_mutex(7.0, 1.0)).join().unwrap();
    exact("of another thread", of_another, (147.0, 42.0));
    assert_eq!(unsafe { (*SHARED.0.get()).0 }, 4);
}
