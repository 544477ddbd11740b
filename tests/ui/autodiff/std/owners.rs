//! Check derivatives of functions that own floats through `Box`, `Rc`, `Arc`, `Cow` and `Pin`, alone or shared. Each is
//! compared with finite differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::borrow::Cow;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[autodiff_reverse(d_boxed_float, Duplicated, Active)]
#[autodiff_forward(t_boxed_float, Dual, Dual)]
fn boxed_float(x: &[f64]) -> f64 {
    let mut total = Box::new(x[0]);
    for v in &x[1..] {
        *total = *total * v + 1.0;
    }
    let moved = total;
    *moved * *moved
}

#[autodiff_reverse(d_boxed_slice, Duplicated, Active)]
#[autodiff_forward(t_boxed_slice, Dual, Dual)]
fn boxed_slice(x: &[f64]) -> f64 {
    let mut list: Box<[f64]> = Box::from(x);
    for i in 1..list.len() {
        list[i] += list[i - 1] * list[i - 1];
    }
    let copy = list.clone();
    list.iter().zip(copy.into_vec()).map(|(a, b)| a * b).sum()
}

#[autodiff_reverse(d_boxed_array, Duplicated, Active)]
#[autodiff_forward(t_boxed_array, Dual, Dual)]
fn boxed_array(x: &[f64]) -> f64 {
    let mut state = Box::new([[0.0; 3]; 2]);
    for (i, v) in x.iter().enumerate() {
        state[i % 2][i / 2] = v * v;
    }
    let other = *state;
    state[0][1] *= other[1][2];
    state.iter().zip(&other).map(|(a, b)| a[0] * b[1] + a[1] * b[2]).sum()
}

trait Activation {
    fn value(&self, v: f64) -> f64;

    fn twice(&self, v: f64) -> f64 {
        self.value(self.value(v))
    }
}

struct Tanh(f64);

struct Table {
    knots: Vec<f64>,
}

impl Activation for Tanh {
    fn value(&self, v: f64) -> f64 {
        (self.0 * v).tanh()
    }
}

impl Activation for Table {
    fn value(&self, v: f64) -> f64 {
        self.knots.iter().rev().fold(0.0, |value, knot| value * v + knot)
    }
}

#[autodiff_reverse(d_boxed_trait, Duplicated, Active)]
#[autodiff_forward(t_boxed_trait, Dual, Dual)]
fn boxed_trait(x: &[f64]) -> f64 {
    let layers: [Box<dyn Activation>; 2] =
        [Box::new(Tanh(x[0])), Box::new(Table { knots: x[1..5].to_vec() })];
    layers.iter().fold(x[5], |v, layer| layer.value(v) + 0.5)
}

#[autodiff_reverse(d_boxed_closure, Duplicated, Active)]
#[autodiff_forward(t_boxed_closure, Dual, Dual)]
fn boxed_closure(x: &[f64]) -> f64 {
    fn scaled(factor: f64) -> Box<dyn Fn(f64) -> f64> {
        if factor > 0.0 { Box::new(move |v| v * factor) } else { Box::new(move |v| v - factor) }
    }
    x.iter().rev().map(|v| scaled(*v)).fold(0.7, |v, f| f(v).sin())
}

#[autodiff_reverse(d_rc_float, Duplicated, Active)]
#[autodiff_forward(t_rc_float, Dual, Dual)]
fn rc_float(x: &[f64]) -> f64 {
    let shared = Rc::new(x[0] * x[1]);
    let other = Rc::clone(&shared);
    let mut owned = Rc::new(x[2]);
    *Rc::get_mut(&mut owned).unwrap() *= *other;
    let count = Rc::strong_count(&shared) as f64;
    *shared * *owned * count + Rc::unwrap_or_clone(owned) * x[3]
}

#[autodiff_reverse(d_rc_make_mut, Duplicated, Active)]
#[autodiff_forward(t_rc_make_mut, Dual, Dual)]
fn rc_make_mut(x: &[f64]) -> f64 {
    let mut first = Rc::new(x.to_vec());
    let second = first.clone();
    Rc::make_mut(&mut first)[2] *= x[5];
    first.iter().zip(second.iter().rev()).map(|(a, b)| a * b * b).sum::<f64>()
}

#[autodiff_reverse(d_rc_slice, Duplicated, Active)]
#[autodiff_forward(t_rc_slice, Dual, Dual)]
fn rc_slice(x: &[f64]) -> f64 {
    let shared: Rc<[f64]> = x.iter().map(|v| v.exp()).collect();
    let parts = [shared.clone(), Rc::from(&x[..3])];
    parts.iter().map(|part| part.iter().map(|v| v * v).sum::<f64>()).product::<f64>() * shared[3]
}

#[autodiff_reverse(d_rc_refcell, Duplicated, Active)]
#[autodiff_forward(t_rc_refcell, Dual, Dual)]
fn rc_refcell(x: &[f64]) -> f64 {
    let state = Rc::new(RefCell::new(vec![1.0]));
    let writer = Rc::clone(&state);
    let add = move |v: f64| {
        let last = writer.borrow()[writer.borrow().len() - 1];
        writer.borrow_mut().push(last * v + 1.0);
    };
    x.iter().for_each(|v| add(*v));
    let list = state.borrow();
    list.iter().sum::<f64>() * list[6]
}

#[autodiff_reverse(d_rc_trait, Duplicated, Active)]
#[autodiff_forward(t_rc_trait, Dual, Dual)]
fn rc_trait(x: &[f64]) -> f64 {
    let tanh: Rc<dyn Activation> = Rc::new(Tanh(x[0]));
    let table: Rc<dyn Activation> = Rc::new(Table { knots: x[1..4].to_vec() });
    let layers = [tanh.clone(), table, tanh];
    layers.iter().fold(x[4], |v, layer| layer.twice(v) * x[5])
}

struct Tree {
    value: f64,
    parent: RefCell<Weak<Tree>>,
    children: RefCell<Vec<Rc<Tree>>>,
}

// Children that know their parents.
#[autodiff_reverse(d_weak_parents, Duplicated, Active)]
#[autodiff_forward(t_weak_parents, Dual, Dual)]
fn weak_parents(x: &[f64]) -> f64 {
    let node = |v: &f64| {
        let (parent, children) = (RefCell::default(), RefCell::default());
        Rc::new(Tree { value: *v, parent, children })
    };
    let nodes: Vec<Rc<Tree>> = x.iter().map(node).collect();
    for i in 1..6 {
        let parent = &nodes[(i - 1) / 2];
        *nodes[i].parent.borrow_mut() = Rc::downgrade(parent);
        parent.children.borrow_mut().push(Rc::clone(&nodes[i]));
    }
    let term = |node: &Rc<Tree>| {
        let parent = node.parent.borrow().upgrade().map_or(1.0, |parent| parent.value);
        let below: f64 = node.children.borrow().iter().map(|child| child.value.sin()).sum();
        node.value * (parent + below)
    };
    nodes.iter().map(term).sum()
}

#[autodiff_reverse(d_arc_vec, Duplicated, Active)]
#[autodiff_forward(t_arc_vec, Dual, Dual)]
fn arc_vec(x: &[f64]) -> f64 {
    let shared = Arc::new(x.to_vec());
    let copies: Vec<Arc<Vec<f64>>> = (0..3).map(|_| Arc::clone(&shared)).collect();
    let sum: f64 = copies.iter().enumerate().map(|(i, list)| list[i] * list[i + 3]).sum();
    drop(copies);
    let mut owned = shared.to_vec();
    owned[0] *= sum;
    owned[0] + shared[0] * owned[5] * sum
}

#[autodiff_reverse(d_arc_slice_and_text, Duplicated, Active)]
#[autodiff_forward(t_arc_slice_and_text, Dual, Dual)]
fn arc_slice_and_text(x: &[f64]) -> f64 {
    struct Parameters {
        name: Arc<str>,
        values: Arc<[f64]>,
    }
    let first = Parameters { name: "weights".into(), values: x[..4].into() };
    let second = Parameters { name: first.name.clone(), values: Arc::clone(&first.values) };
    let n = second.name.len() as f64;
    first.values.iter().zip(&x[2..]).map(|(a, b)| a * b).sum::<f64>() * second.values[0] * n
}

#[autodiff_reverse(d_cow, Duplicated, Active)]
#[autodiff_forward(t_cow, Dual, Dual)]
fn cow(x: &[f64]) -> f64 {
    fn clipped(x: &[f64]) -> Cow<'_, [f64]> {
        match x.iter().any(|v| *v > 1.0) {
            true => x.iter().map(|v| v.min(1.0) * x[0]).collect(),
            false => Cow::Borrowed(x),
        }
    }
    let (mut all, few) = (clipped(x), clipped(&x[3..]));
    all.to_mut()[1] *= few[0];
    all.iter().map(|v| v * v).sum::<f64>() * few.into_owned().iter().product::<f64>()
}

#[autodiff_reverse(d_pinned, Duplicated, Active)]
#[autodiff_forward(t_pinned, Dual, Dual)]
fn pinned(x: &[f64]) -> f64 {
    struct Filter {
        state: f64,
        gain: f64,
    }
    let mut filter: Pin<Box<Filter>> = Box::pin(Filter { state: 0.0, gain: x[0] });
    for v in &x[1..] {
        let gain = filter.gain;
        filter.state += gain * (v - filter.state) + v * v;
    }
    filter.as_ref().get_ref().state * filter.gain
}

struct Metre;

struct Quantity<U> {
    value: f64,
    unit: PhantomData<U>,
}

impl<U> Quantity<U> {
    fn new(value: f64) -> Self {
        Quantity { value, unit: PhantomData }
    }

    fn plus(self, other: &Quantity<U>) -> Quantity<U> {
        Quantity { value: self.value + other.value, unit: self.unit }
    }
}

#[autodiff_reverse(d_phantom, Duplicated, Active)]
#[autodiff_forward(t_phantom, Dual, Dual)]
fn phantom(x: &[f64]) -> f64 {
    let lengths: Vec<Quantity<Metre>> = x.iter().map(|v| Quantity::new(v * v)).collect();
    let total = lengths.iter().fold(Quantity::new(0.0), Quantity::plus);
    total.value.sqrt() * lengths[2].value
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("boxed_float", &x, boxed_float, d_boxed_float, t_boxed_float);
    checks.gradient("boxed_slice", &x, boxed_slice, d_boxed_slice, t_boxed_slice);
    checks.gradient("boxed_array", &x, boxed_array, d_boxed_array, t_boxed_array);
    checks.gradient("boxed_trait", &x, boxed_trait, d_boxed_trait, t_boxed_trait);
    checks.gradient("boxed_closure", &x, boxed_closure, d_boxed_closure, t_boxed_closure);
    checks.gradient("rc_float", &x, rc_float, d_rc_float, t_rc_float);
    checks.gradient("rc_make_mut", &x, rc_make_mut, d_rc_make_mut, t_rc_make_mut);
    checks.gradient("rc_slice", &x, rc_slice, d_rc_slice, t_rc_slice);
    checks.gradient("rc_refcell", &x, rc_refcell, d_rc_refcell, t_rc_refcell);
    checks.gradient("rc_trait", &x, rc_trait, d_rc_trait, t_rc_trait);
    checks.gradient("weak_parents", &x, weak_parents, d_weak_parents, t_weak_parents);
    checks.gradient("arc_vec", &x, arc_vec, d_arc_vec, t_arc_vec);
    checks.gradient(
        "arc_slice_and_text",
        &x,
        arc_slice_and_text,
        d_arc_slice_and_text,
        t_arc_slice_and_text,
    );
    checks.gradient("cow", &x, cow, d_cow, t_cow);
    checks.gradient("pinned", &x, pinned, d_pinned, t_pinned);
    checks.gradient("phantom", &x, phantom, d_phantom, t_phantom);
    checks.finish(336);
}
