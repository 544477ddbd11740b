//! Check derivatives of functions that keep floats in cells, and read statics. Each is compared
//! with finite differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::cell::{Cell, LazyCell, OnceCell, Ref, RefCell, RefMut, UnsafeCell};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[autodiff_reverse(d_cell, Duplicated, Active)]
#[autodiff_forward(t_cell, Dual, Dual)]
fn cell(x: &[f64]) -> f64 {
    let (sum, product) = (Cell::new(0.0), Cell::new(1.0));
    x.iter().for_each(|v| {
        sum.set(sum.get() + v * v);
        product.set(product.replace(0.0) * (v + 1.5));
    });
    sum.swap(&product);
    sum.into_inner() * product.take() + product.get()
}

#[autodiff_reverse(d_cells_in_a_slice, Duplicated, Active)]
#[autodiff_forward(t_cells_in_a_slice, Dual, Dual)]
fn cells_in_a_slice(x: &[f64]) -> f64 {
    let mut list = x.to_vec();
    let cells = Cell::from_mut(&mut list[..]).as_slice_of_cells();
    for pair in cells.windows(2) {
        pair[1].set(pair[0].get() * pair[1].get() + 0.5);
    }
    list.iter().sum()
}

#[autodiff_reverse(d_refcell, Duplicated, Active)]
#[autodiff_forward(t_refcell, Dual, Dual)]
fn refcell(x: &[f64]) -> f64 {
    let state = RefCell::new([x[0], x[1]]);
    for v in &x[2..] {
        let [a, b] = *state.borrow();
        state.borrow_mut()[0] = a * v - b;
        state.borrow_mut()[1] += a * b;
    }
    let first = Ref::map(state.borrow(), |state| &state[0]);
    *first * state.try_borrow().map_or(1.0, |state| state[1])
}

// Values that are calculated once.
#[autodiff_reverse(d_refcell_cache, Duplicated, Active)]
#[autodiff_forward(t_refcell_cache, Dual, Dual)]
fn refcell_cache(x: &[f64]) -> f64 {
    struct Series<'a> {
        x: &'a [f64],
        cache: RefCell<Vec<Option<f64>>>,
    }
    impl Series<'_> {
        fn at(&self, n: usize) -> f64 {
            if n < 2 {
                return self.x[n];
            }
            if let Some(value) = self.cache.borrow()[n] {
                return value;
            }
            let value = self.at(n - 1) * self.x[2] + self.at(n - 2) * self.x[n % 6];
            self.cache.borrow_mut()[n] = Some(value);
            value
        }
    }
    let series = Series { x, cache: RefCell::new(vec![None; 8]) };
    series.at(7) + series.at(5)
}

#[autodiff_reverse(d_once_cell, Duplicated, Active)]
#[autodiff_forward(t_once_cell, Dual, Dual)]
fn once_cell(x: &[f64]) -> f64 {
    let norm = OnceCell::new();
    let norm = |_: usize| *norm.get_or_init(|| x.iter().map(|v| v * v).sum::<f64>().sqrt());
    let empty: OnceCell<f64> = OnceCell::new();
    (0..6).map(|i| (x[i] / norm(i)).sin()).sum::<f64>() + empty.get().copied().unwrap_or(x[1])
}

#[autodiff_reverse(d_lazy_cell, Duplicated, Active)]
#[autodiff_forward(t_lazy_cell, Dual, Dual)]
fn lazy_cell(x: &[f64]) -> f64 {
    let squares = LazyCell::new(|| x.iter().map(|v| v * v).collect::<Vec<f64>>());
    let largest = LazyCell::new(|| x[2] * x[3]);
    squares.iter().sum::<f64>() * *largest + squares[1]
}

const NODES: [(f64, f64); 3] = [(-0.7745966692414834, 5.0), (0.0, 8.0), (0.7745966692414834, 5.0)];

#[autodiff_reverse(d_const_table, Duplicated, Active)]
#[autodiff_forward(t_const_table, Dual, Dual)]
fn const_table(x: &[f64]) -> f64 {
    let value = |t: f64| (x[0] * t + x[1]).exp() * (x[2] + x[3] * t) * x[4];
    NODES.iter().map(|(t, w)| w / 9.0 * value(*t)).sum::<f64>() * x[5]
}

thread_local! {
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

#[autodiff_reverse(d_thread_local_cell, Duplicated, Active)]
#[autodiff_forward(t_thread_local_cell, Dual, Dual)]
fn thread_local_cell(x: &[f64]) -> f64 {
    CALLS.set(CALLS.get() + 1);
    let called = CALLS.with(|calls| calls.get() > 0);
    if called { x.iter().map(|v| v.exp()).product::<f64>() * x[0] } else { 0.0 }
}

static LIMIT: AtomicUsize = AtomicUsize::new(4);

#[autodiff_reverse(d_atomic_load, Duplicated, Active)]
#[autodiff_forward(t_atomic_load, Dual, Dual)]
fn atomic_load(x: &[f64]) -> f64 {
    let limit = LIMIT.load(Ordering::Relaxed);
    x.iter().take(limit).map(|v| v * v).sum::<f64>() * x[limit]
}

#[autodiff_reverse(d_duration, Duplicated, Active)]
#[autodiff_forward(t_duration, Dual, Dual)]
fn duration(x: &[f64]) -> f64 {
    let step = Duration::from_millis(250) + Duration::from_secs(1);
    let steps = step.as_secs_f64() / Duration::from_micros(500_000).as_secs_f64();
    x.iter().map(|v| v * v * steps).sum::<f64>() * x[0]
}

#[autodiff_reverse(d_refcell_replace, Duplicated, Active)]
#[autodiff_forward(t_refcell_replace, Dual, Dual)]
fn refcell_replace(x: &[f64]) -> f64 {
    let (a, b) = (RefCell::new(x[0]), RefCell::new(x[1]));
    for v in &x[2..] {
        a.swap(&b);
        let before = b.replace(v * *a.borrow());
        a.replace_with(|a| *a * 0.5 + before);
    }
    a.into_inner() * b.take()
}

#[autodiff_reverse(d_refcell_mapped, Duplicated, Active)]
#[autodiff_forward(t_refcell_mapped, Dual, Dual)]
fn refcell_mapped(x: &[f64]) -> f64 {
    let state = RefCell::new((x[0], x.to_vec()));
    {
        let (mut first, mut list) = RefMut::map_split(state.borrow_mut(), |s| (&mut s.0, &mut s.1));
        *first *= list[1];
        list.iter_mut().for_each(|v| *v *= *first);
    }
    let busy = state.try_borrow_mut().is_err();
    let (first, list) = state.into_inner();
    list.iter().sum::<f64>() * first + if busy { 0.0 } else { x[5] * x[4] }
}

#[autodiff_reverse(d_once_cell_set, Duplicated, Active)]
#[autodiff_forward(t_once_cell_set, Dual, Dual)]
fn once_cell_set(x: &[f64]) -> f64 {
    let mut cell = OnceCell::new();
    let first = cell.set(x[0] * x[1]).is_ok();
    let again = cell.set(x[2]).unwrap_err();
    *cell.get_mut().unwrap() *= x[3];
    if first { again * cell.take().unwrap() } else { x[4] }
}

#[autodiff_reverse(d_unsafe_cell, Duplicated, Active)]
#[autodiff_forward(t_unsafe_cell, Dual, Dual)]
fn unsafe_cell(x: &[f64]) -> f64 {
    struct Slot(UnsafeCell<f64>);
    let slots: Vec<Slot> = x.iter().map(|v| Slot(UnsafeCell::new(*v))).collect();
    for i in 1..6 {
        unsafe { *slots[i].0.get() *= *slots[i - 1].0.get() + 1.0 };
    }
    slots.into_iter().map(|slot| slot.0.into_inner()).sum()
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("cell", &x, cell, d_cell, t_cell);
    checks.gradient(
        "cells_in_a_slice",
        &x,
        cells_in_a_slice,
        d_cells_in_a_slice,
        t_cells_in_a_slice,
    );
    checks.gradient("refcell", &x, refcell, d_refcell, t_refcell);
    checks.gradient("refcell_cache", &x, refcell_cache, d_refcell_cache, t_refcell_cache);
    checks.gradient("once_cell", &x, once_cell, d_once_cell, t_once_cell);
    checks.gradient("lazy_cell", &x, lazy_cell, d_lazy_cell, t_lazy_cell);
    checks.gradient("const_table", &x, const_table, d_const_table, t_const_table);
    checks.gradient(
        "thread_local_cell",
        &x,
        thread_local_cell,
        d_thread_local_cell,
        t_thread_local_cell,
    );
    checks.gradient("atomic_load", &x, atomic_load, d_atomic_load, t_atomic_load);
    checks.gradient("duration", &x, duration, d_duration, t_duration);
    checks.gradient("refcell_replace", &x, refcell_replace, d_refcell_replace, t_refcell_replace);
    checks.gradient("refcell_mapped", &x, refcell_mapped, d_refcell_mapped, t_refcell_mapped);
    checks.gradient("once_cell_set", &x, once_cell_set, d_once_cell_set, t_once_cell_set);
    checks.gradient("unsafe_cell", &x, unsafe_cell, d_unsafe_cell, t_unsafe_cell);
    checks.finish(294);
}
