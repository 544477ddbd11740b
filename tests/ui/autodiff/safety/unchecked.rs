//! Check that a derivative is refused that would have to be an `unsafe fn`, as its shadows cannot be checked, for each
//! reason that there is; that it is not if it is one; and that neither are those of which safe code can be trusted with
//! the shadows. The table is in the guide, in `autodiff/safety.md`.

//@ needs-enzyme (the errors come from code generation)
//@ build-fail
//@ edition: 2024
//@ compile-flags: -Zautodiff=Enable

#![feature(autodiff)]
#![crate_type = "lib"]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::mem::{ManuallyDrop, MaybeUninit};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

pub struct View<'a> {
    data: &'a [f64],
}

#[autodiff_reverse(d_view, Duplicated, Active)] //~ ERROR `&View<'_>` is `Duplicated` is not safe
#[autodiff_forward(t_view, Dual, Dual)]
pub fn view(v: &View<'_>) -> f64 {
    v.data[0]
}

#[autodiff_reverse(d_references, Duplicated, Active)] //~ ERROR `&[&f64]` is `Duplicated` is not safe
#[autodiff_forward(t_references, Dual, Dual)]
pub fn references(v: &[&f64]) -> f64 {
    *v[0]
}

#[autodiff_reverse(d_rc, Duplicated, Active)] //~ ERROR `&Rc<Vec<f64>>` is `Duplicated` is not safe
#[autodiff_forward(t_rc, Dual, Dual)] //~ ERROR `&Rc<Vec<f64>>` is `Dual` is not safe
pub fn rc(v: &Rc<Vec<f64>>) -> f64 {
    v[0]
}

#[autodiff_reverse(d_arcs, Duplicated, Active)] //~ ERROR is not safe
pub fn arcs(v: &mut (f64, Vec<Option<Arc<str>>>)) -> f64 {
    v.0
}

#[autodiff_reverse(d_cell, Duplicated, Active)]
pub fn cell(v: &(Cell<f64>, RefCell<[f64; 2]>, Mutex<f64>)) -> f64 {
    v.0.get() * v.1.borrow()[0]
}

#[autodiff_reverse(d_cell_of_vec, Duplicated, Active)] //~ ERROR is not safe
pub fn cell_of_vec(v: &RefCell<Vec<f64>>) -> f64 {
    v.borrow()[0]
}

#[autodiff_reverse(d_map, Duplicated, Active)] //~ ERROR is not safe
pub fn map(v: &HashMap<u32, f64>) -> f64 {
    v[&1]
}

#[autodiff_reverse(d_tree, Duplicated, Active)] //~ ERROR is not safe
pub fn tree(v: &Option<BTreeMap<u32, f64>>) -> f64 {
    v.as_ref().unwrap()[&1]
}

#[autodiff_reverse(d_queue, Duplicated, Active)] //~ ERROR is not safe
pub fn queue(v: &mut VecDeque<f64>) -> f64 {
    v[0]
}

#[autodiff_reverse(d_object, Duplicated, Active)] //~ ERROR is not safe
#[autodiff_forward(t_object, Dual, Dual)] //~ ERROR is not safe
pub fn object(v: &dyn Fn() -> f64) -> f64 {
    v()
}

#[autodiff_reverse(d_boxes, Duplicated, Active)] //~ ERROR is not safe
pub fn boxes(v: &[Box<dyn Fn() -> f64>]) -> f64 {
    v[0]()
}

#[autodiff_reverse(d_raw, Duplicated, Active)] //~ ERROR `*const f64` is `Duplicated` is not safe
pub fn raw(v: *const f64) -> f64 {
    if v.is_null() { 0.0 } else { unsafe { *v } }
}

#[autodiff_reverse(d_raw_inside, Duplicated, Active)] //~ ERROR is not safe
pub fn raw_inside(v: &(f64, *mut f64)) -> f64 {
    v.0
}

#[autodiff_reverse(d_uninit, Duplicated, Active)]
pub fn uninit(v: &(MaybeUninit<[f64; 4]>, f64)) -> f64 {
    v.1
}

#[autodiff_reverse(d_uninit_box, Duplicated, Active)] //~ ERROR is not safe
pub fn uninit_box(v: &(MaybeUninit<Box<f64>>, f64)) -> f64 {
    v.1
}

#[autodiff_reverse(d_dropped_by_hand, Duplicated, Active)] //~ ERROR is not safe
pub fn dropped_by_hand(v: &(ManuallyDrop<Vec<f64>>, f64)) -> f64 {
    v.1
}

#[autodiff_forward(t_longer, 2, Dualv, Dual)] //~ ERROR `&[Vec<f64>]` is `Dualv` is not safe
pub fn longer(v: &[Vec<f64>]) -> f64 {
    v[0][0]
}

pub enum Tree {
    Leaf(f64),
    Node(Box<[Tree]>, String),
}

#[autodiff_reverse(d_nested, Duplicated, Active)]
pub fn nested(t: &mut (Vec<Vec<Box<Option<Box<[String]>>>>>, Tree, &'static str, &[usize])) -> f64 {
    if let Tree::Leaf(x) = t.1 { x } else { t.0.len() as f64 }
}

// What is generic is checked when its type is known.
#[autodiff_reverse(d_generic, Duplicated, Active, Active)] //~ ERROR `&View<'_>` is `Duplicated` is not safe
pub fn generic<T>(_: &T, x: f64) -> f64 {
    x
}

pub fn of_view<'a>(v: &View<'a>, d: &mut View<'a>) -> f64 {
    d_generic(v, d, 1.0, 1.0).0
}

pub fn of_float(v: &f64, d: &mut f64) -> f64 {
    d_generic(v, d, 1.0, 1.0).0
}

// These are `unsafe`.
#[autodiff_reverse(d_view_unchecked, Unchecked, Duplicated, Active)]
#[autodiff_reverse(d_view_twice, 2, Unchecked, Duplicated, Active)]
#[autodiff_reverse(d_view_only, DuplicatedOnly, Active)]
pub fn view_again(v: &View<'_>) -> f64 {
    v.data[0]
}

#[autodiff_reverse(d_raw_unsafe, Duplicated, Active)]
pub unsafe fn raw_unsafe(v: *const f64) -> f64 {
    unsafe { *v }
}

pub struct Logged {
    pub x: f64,
    pub log: OwnedFd,
}

#[autodiff_reverse(d_logged, Active, Active)] //~ ERROR `Logged` cannot be `Active`: it has a destructor
pub fn logged(l: Logged) -> f64 {
    l.x * l.x
}

#[autodiff_forward(t_log, Const, Dual, Dual)] //~ ERROR `Logged` cannot be `Dual`: it has a destructor
pub fn log(log: OwnedFd, x: f64) -> Logged {
    Logged { x: x * x, log }
}
