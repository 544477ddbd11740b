//! Check the derivatives by what references of every kind lead to: `&mut` aggregates, `&Option`, boxes,
//! vectors, slices behind boxes, cells, raw pointers, references to references, and references that are
//! fields. The shadow has the shape of the value, and the gradient is added to what is in it.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::cell::Cell;
use std::hint::black_box;
use std::rc::Rc;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

#[derive(Clone, Copy, Debug, PartialEq)]
struct State {
    step: u32,
    x: [f64; 2],
    v: (f32, f32),
}

// One step of a motion, in place: x0 += 2 v0, x1 += 3 v1, v0 *= x0 (the new one).
#[autodiff_reverse(d_advance, Duplicated)]
#[autodiff_forward(t_advance, Dual)]
fn advance(s: &mut State) {
    s.step += 1;
    s.x[0] += 2.0 * s.v.0 as f64;
    s.x[1] += 3.0 * s.v.1 as f64;
    s.v.0 *= s.x[0] as f32;
}

// Reads one, writes the other, which is not read: (2 a b, 3 b)
#[autodiff_reverse(d_fill, Duplicated, Duplicated)]
#[autodiff_reverse(d_fill_only, Duplicated, DuplicatedOnly)]
#[autodiff_forward(t_fill, Dual, Dual)]
#[autodiff_forward(t_fill_two, 2, Dual, Dual)]
fn fill(x: &(f64, f64), y: &mut (f64, f64)) {
    *y = (2.0 * x.0 * x.1, 3.0 * x.1);
}

fn mutable() {
    // The new x0 is 2 + 2 * 5 = 12: by v0: 2 s + v0' (x0 + 2 v0) = 2 + 1000 (12 + 10).
    let mut s = black_box(State { step: 0, x: [2.0, 3.0], v: (5.0, 7.0) });
    let mut ds = State { step: 0, x: [1.0, 10.0], v: (1000.0, 100.0) };
    d_advance(&mut s, &mut ds);
    exact("advance", s, State { step: 1, x: [12.0, 24.0], v: (60.0, 7.0) });
    exact("advance", (ds.x, ds.v), ([5001.0, 10.0], (2.0 + 22000.0, 130.0)));
    let mut s = black_box(State { step: 0, x: [2.0, 3.0], v: (5.0, 7.0) });
    let mut ds = State { step: 0, x: [1.0, 10.0], v: (100.0, 1000.0) };
    t_advance(&mut s, &mut ds);
    exact("advance", (ds.x, ds.v), ([201.0, 3010.0], (1200.0 + 1005.0, 1000.0)));

    let x = black_box((2.0, 3.0));
    let (mut dx, mut y, mut dy) = ((0.0, 0.0), (0.0, 0.0), (1.0, 10.0));
    d_fill(&x, &mut dx, &mut y, &mut dy);
    exact("fill", (y, dx, dy), ((12.0, 9.0), (6.0, 34.0), (0.0, 0.0)));
    let (mut dx, mut dy) = ((0.0, 0.0), (1.0, 10.0));
    // Unsafe, as what it leaves in `y` is not what the primal would.
    unsafe { d_fill_only(&x, &mut dx, &mut y, &mut dy) };
    exact("fill, only", dx, (6.0, 34.0));
    t_fill(&x, &(1.0, 10.0), &mut y, &mut dy);
    exact("fill", (y, dy), ((12.0, 9.0), (46.0, 30.0)));
    let mut dys = [(0.0, 0.0); 2];
    let [one, two] = &mut dys;
    t_fill_two(&x, &(1.0, 0.0), &(0.0, 1.0), &mut y, one, two);
    exact("fill, width 2", dys, [(6.0, 0.0), (4.0, 3.0)]);
}

// 5 x^2 if there is one
#[autodiff_reverse(d_option, Duplicated, Active)]
#[autodiff_forward(t_option, Dual, Dual)]
fn option(x: &Option<f64>) -> f64 {
    match x {
        Some(x) => 5.0 * x * x,
        None => 7.0,
    }
}

#[autodiff_reverse(d_result, Duplicated, Active)]
fn result(x: &Result<(f64, f32), u8>) -> f64 {
    match x {
        Ok((a, b)) => 2.0 * a * *b as f64,
        Err(code) => *code as f64,
    }
}

// A reference that may be none, by value.
#[autodiff_reverse(d_maybe, Const, Active, Active)]
#[autodiff_forward(t_maybe, Dual, Dual, Dual)]
fn maybe(x: Option<&f64>, y: f64) -> f64 {
    x.map_or(3.0, |x| x * x) * y
}

fn enums() {
    let mut dx = Some(100.0);
    exact("option", d_option(&black_box(Some(2.0)), &mut dx, 1.0), 20.0);
    exact("option", dx, Some(120.0));
    let mut dx = None;
    exact("option, none", d_option(&black_box(None), &mut dx, 1.0), 7.0);
    exact("option, none", dx, None);
    exact("option", t_option(&black_box(Some(2.0)), &Some(10.0)), (20.0, 200.0));
    let mut dx = Ok((0.0, 0.0));
    exact("result", d_result(&black_box(Ok((3.0, 5.0))), &mut dx, 1.0), 30.0);
    exact("result", dx, Ok((10.0, 6.0)));
    exact("maybe", d_maybe(black_box(Some(&2.0)), 5.0, 1.0), (20.0, 4.0));
    exact("maybe, none", d_maybe(black_box(None), 5.0, 1.0), (15.0, 3.0));
    exact("maybe", t_maybe(black_box(Some(&2.0)), Some(&10.0), 5.0, 1.0), (20.0, 204.0));
}

// x0 x1^2, behind one pointer more each time
#[autodiff_reverse(d_boxed_slice, Duplicated, Active)]
#[autodiff_forward(t_boxed_slice, Dual, Dual)]
fn boxed_slice(x: &Box<[f64]>) -> f64 {
    x[0] * x[1] * x[1]
}

#[autodiff_reverse(d_boxed_struct, Duplicated, Active)]
fn boxed_struct(s: &Box<State>) -> f64 {
    s.x[0] * s.x[1] * s.v.1 as f64
}

#[autodiff_reverse(d_to_slice, Unchecked, Duplicated, Active)]
#[autodiff_forward(t_to_slice, Dual, Dual)]
fn to_slice(x: &&[f64]) -> f64 {
    x[0] * x[1] * x[1]
}

#[autodiff_reverse(d_to_mutable, Duplicated)]
fn to_mutable(x: &mut &mut [f64; 2]) {
    x[0] *= x[1];
}

#[autodiff_reverse(d_counted, Unchecked, Duplicated, Active)]
fn counted(x: &Rc<[f64; 2]>) -> f64 {
    x[0] * x[1] * x[1]
}

#[autodiff_reverse(d_cell, Duplicated, Active)]
fn cell(x: &Cell<f64>) -> f64 {
    x.set(3.0 * x.get());
    x.get() * x.get()
}

#[autodiff_reverse(d_vectors, Duplicated, Duplicated)]
#[autodiff_forward(t_vectors, Dual, Dual)]
fn vectors(x: &Vec<(f64, f32)>, y: &mut Vec<f64>) {
    for (i, (a, b)) in x.iter().enumerate() {
        y[i] = a * *b as f64;
    }
}

fn owners() {
    let (x, mut dx): (Box<[f64]>, Box<[f64]>) = (Box::new([2.0, 3.0]), Box::new([0.0; 2]));
    exact("boxed_slice", d_boxed_slice(black_box(&x), &mut dx, 1.0), 18.0);
    exact("boxed_slice", &*dx, &[9.0, 12.0]);
    let dx: Box<[f64]> = Box::new([1.0, 10.0]);
    exact("boxed_slice", t_boxed_slice(black_box(&x), &dx), (18.0, 129.0));

    let s = Box::new(State { step: 0, x: [2.0, 3.0], v: (5.0, 7.0) });
    let mut ds = Box::new(State { step: 0, x: [0.0; 2], v: (0.0, 0.0) });
    exact("boxed_struct", d_boxed_struct(black_box(&s), &mut ds, 1.0), 42.0);
    exact("boxed_struct", (ds.x, ds.v), ([21.0, 14.0], (0.0, 6.0)));

    let (x, mut dx) = (black_box([2.0, 3.0]), [0.0; 2]);
    // The shadow of a shared reference is written to all the same: it has to come from a mutable one.
    let pointer = &raw mut dx;
    let mut shadow: &[f64] = unsafe { &*pointer };
    exact("to_slice", unsafe { d_to_slice(&&x[..], &mut shadow, 1.0) }, 18.0);
    exact("to_slice", black_box(dx), [9.0, 12.0]);
    exact("to_slice", t_to_slice(&&x[..], &&[1.0, 10.0][..]), (18.0, 129.0));
    let mut x = [2.0, 3.0];
    dx = [1.0, 10.0];
    d_to_mutable(&mut black_box(&mut x), &mut &mut dx);
    exact("to_mutable", (x, dx), ([6.0, 3.0], [3.0, 12.0]));

    let (x, mut dx) = (Rc::new([2.0, 3.0]), Rc::new([0.0; 2]));
    exact("counted", unsafe { d_counted(black_box(&x), &mut dx, 1.0) }, 18.0);
    exact("counted", *dx, [9.0, 12.0]);
    let (x, mut dx) = (Cell::new(2.0), Cell::new(0.0));
    exact("cell", d_cell(black_box(&x), &mut dx, 1.0), 36.0);
    exact("cell", (x, dx), (Cell::new(6.0), Cell::new(36.0)));

    let (x, mut dx) = (vec![(2.0, 3.0), (5.0, 7.0)], vec![(0.0, 0.0); 2]);
    let (mut y, mut dy) = (vec![0.0; 2], vec![1.0, 10.0]);
    d_vectors(black_box(&x), &mut dx, &mut y, &mut dy);
    exact("vectors", (y, dx), (vec![6.0, 35.0], vec![(3.0, 2.0), (70.0, 50.0)]));
    let (mut y, mut dy) = (vec![0.0; 2], vec![0.0; 2]);
    t_vectors(black_box(&x), &vec![(1.0, 0.0), (0.0, 10.0)], &mut y, &mut dy);
    exact("vectors", dy, vec![3.0, 50.0]);
}

// A struct of references, behind a reference, and by value where nothing in it is active.
#[derive(Clone, Copy)]
struct View<'a> {
    scale: f64,
    data: &'a [f64],
    labels: &'a [u8],
}

// scale (sum of label_i x_i)
#[autodiff_reverse(d_by_view, Unchecked, Duplicated, Active)]
#[autodiff_forward(t_by_view, Dual, Dual)]
fn by_view(view: &View<'_>) -> f64 {
    let mut sum = 0.0;
    for (x, label) in view.data.iter().zip(view.labels) {
        sum += *label as f64 * x;
    }
    view.scale * sum
}

#[autodiff_reverse(d_with_view, Const, Active, Active)]
#[autodiff_forward(t_with_view, Dual, Dual, Dual)]
fn with_view(view: View<'_>, x: f64) -> f64 {
    view.scale * view.data[1] * x
}

#[autodiff_reverse(d_owned, Const, Const, Active, Active)]
fn owned(x: Vec<f64>, y: Box<[f32; 2]>, z: f64) -> f64 {
    x[1] * y[1] as f64 * z * z
}

fn fields() {
    let (data, labels) = ([2.0, 3.0], [5, 7]);
    let view = View { scale: 11.0, data: &data, labels: &labels };
    let mut gradient = [0.0; 2];
    let pointer = &raw mut gradient;
    let mut dview = View { scale: 0.0, data: unsafe { &*pointer }, labels: &labels };
    exact("by_view", unsafe { d_by_view(black_box(&view), &mut dview, 1.0) }, 341.0);
    exact("by_view", (dview.scale, black_box(gradient)), (31.0, [55.0, 77.0]));
    let dview = View { scale: 1.0, data: &[10.0, 100.0], labels: &labels };
    exact("by_view", t_by_view(black_box(&view), &dview), (341.0, 31.0 + 550.0 + 7700.0));

    exact("with_view", d_with_view(black_box(view), 2.0, 1.0), (66.0, 33.0));
    // 3 * 2 * 1 + 11 * 2 * 100 + 33 * 1000
    let got = t_with_view(black_box(view), dview, 2.0, 1000.0);
    exact("with_view", got, (66.0, 6.0 + 2200.0 + 33000.0));
    exact("owned", d_owned(black_box(vec![2.0, 3.0]), Box::new([5.0, 7.0]), 2.0, 1.0), (84.0, 84.0));
}

// The sum of n squares, then written back
#[autodiff_reverse(d_raw, Duplicated, Const, Duplicated)]
#[autodiff_forward(t_raw, Dual, Const, Dual)]
unsafe fn raw(x: *const f64, n: usize, y: *mut f64) {
    let mut sum = 0.0;
    for i in 0..n {
        sum += unsafe { *x.add(i) * *x.add(i) };
    }
    unsafe { *y = sum }
}

#[autodiff_reverse(d_raw_struct, Unchecked, Duplicated, Active)]
fn raw_struct(s: *const State) -> f64 {
    unsafe { (*s).x[1] * (*s).v.0 as f64 }
}

fn raw_pointers() {
    let (x, mut dx) = (black_box([2.0, 3.0]), [0.0; 2]);
    let (mut y, mut dy) = (0.0, 10.0);
    unsafe { d_raw(x.as_ptr(), dx.as_mut_ptr(), 2, &mut y, &mut dy) };
    exact("raw", (y, dx), (13.0, [40.0, 60.0]));
    dx = [1.0, 10.0];
    unsafe { t_raw(x.as_ptr(), dx.as_ptr(), 2, &mut y, &mut dy) };
    exact("raw", (y, dy), (13.0, 64.0));
    let s = black_box(State { step: 0, x: [2.0, 3.0], v: (5.0, 7.0) });
    let mut ds = State { step: 0, x: [0.0; 2], v: (0.0, 0.0) };
    exact("raw_struct", unsafe { d_raw_struct(&s, &mut ds, 1.0) }, 15.0);
    exact("raw_struct", (ds.x, ds.v), ([0.0, 5.0], (3.0, 0.0)));
}

pub fn main() {
    mutable();
    enums();
    owners();
    fields();
    raw_pointers();
}
