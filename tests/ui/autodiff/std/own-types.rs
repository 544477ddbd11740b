//! Check derivatives of functions whose types implement the traits of the standard library, by hand or derived. Each is
//! compared with finite differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::any::Any;
use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::borrow::Borrow;
use std::cell::Cell;
use std::str::FromStr;

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[derive(Clone, Debug, Default, PartialEq, PartialOrd)]
struct Particle {
    mass: f64,
    position: [f64; 2],
    label: Option<u8>,
}

fn particles(x: &[f64]) -> Vec<Particle> {
    let new = |c: &[f64]| Particle { mass: c[0] + 1.0, position: [c[1], c[2]], label: None };
    x.windows(3).map(new).collect()
}

#[autodiff_reverse(d_derived_clone, Duplicated, Active)]
#[autodiff_forward(t_derived_clone, Dual, Dual)]
fn derived_clone(x: &[f64]) -> f64 {
    let list = particles(x);
    let mut copy = list.clone();
    copy[1] = Particle { label: Some(3), ..copy[2].clone() };
    copy[0].clone_from(&list[3]);
    copy.iter_mut().for_each(|p| p.position[0] *= p.mass);
    let term = |p: &Particle| p.position[0] * p.position[1] * f64::from(p.label.unwrap_or(1));
    list.iter().chain(&copy).map(term).sum()
}

#[autodiff_reverse(d_derived_default, Duplicated, Active)]
#[autodiff_forward(t_derived_default, Dual, Dual)]
fn derived_default(x: &[f64]) -> f64 {
    let mut total = Particle::default();
    for p in particles(x) {
        total.mass += p.mass;
        for (sum, v) in total.position.iter_mut().zip(p.position) {
            *sum += p.mass * v;
        }
    }
    let [a, b] = std::mem::take(&mut total).position.map(|v| v / 4.0);
    a * b.sin() + total.mass
}

#[autodiff_reverse(d_derived_comparison, Duplicated, Active)]
#[autodiff_forward(t_derived_comparison, Dual, Dual)]
fn derived_comparison(x: &[f64]) -> f64 {
    let mut list = particles(x);
    list.sort_by(|a, b| b.partial_cmp(a).unwrap());
    let heaviest = list[0].clone();
    let others = list.iter().filter(|p| **p != heaviest && p.position < [1.0, 0.0]);
    others.map(|p| p.position[0] * p.mass).sum::<f64>() * heaviest.mass + x[5]
}

struct Probability(f64);

impl TryFrom<f64> for Probability {
    type Error = f64;

    fn try_from(v: f64) -> Result<Self, f64> {
        if (0.0..=1.0).contains(&v) { Ok(Probability(v)) } else { Err(v - v.clamp(0.0, 1.0)) }
    }
}

impl From<Probability> for f64 {
    fn from(p: Probability) -> f64 {
        p.0
    }
}

#[autodiff_reverse(d_try_from, Duplicated, Active)]
#[autodiff_forward(t_try_from, Dual, Dual)]
fn try_from(x: &[f64]) -> f64 {
    let log = |v: &f64| match Probability::try_from(*v) {
        Ok(p) => f64::from(p).ln(),
        Err(excess) => excess * excess * 10.0,
    };
    let product: Result<f64, f64> =
        x[3..4].iter().map(|v| Ok(v.try_into().map(|Wide(w)| w)?)).product();
    x.iter().map(log).sum::<f64>() * product.unwrap()
}

struct Wide(f64);

impl TryFrom<&f64> for Wide {
    type Error = f64;

    fn try_from(v: &f64) -> Result<Self, f64> {
        if *v > 0.0 { Ok(Wide(v * v)) } else { Err(*v) }
    }
}

enum Activation {
    Tanh,
    Power(i32),
}

impl FromStr for Activation {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "tanh" => Ok(Activation::Tanh),
            power => power.parse().map(Activation::Power),
        }
    }
}

#[autodiff_reverse(d_from_str, Duplicated, Active)]
#[autodiff_forward(t_from_str, Dual, Dual)]
fn from_str(x: &[f64]) -> f64 {
    let mut value = 1.0;
    for (text, w) in ["tanh", "3", "1", "?", "2", "tanh"].into_iter().zip(x) {
        value = match text.parse() {
            Ok(Activation::Tanh) => (value * w).tanh(),
            Ok(Activation::Power(n)) => (value + w).powi(n),
            Err(_) => value * w,
        };
    }
    value
}

#[autodiff_reverse(d_as_ref_and_borrow, Duplicated, Active)]
#[autodiff_forward(t_as_ref_and_borrow, Dual, Dual)]
fn as_ref_and_borrow(x: &[f64]) -> f64 {
    fn norm(list: impl AsRef<[f64]>) -> f64 {
        list.as_ref().iter().map(|v| v * v).sum::<f64>().sqrt()
    }
    fn last<L: Borrow<[f64]>>(list: &L) -> f64 {
        list.borrow()[list.borrow().len() - 1]
    }
    let array = [x[0], x[1] * x[2]];
    norm(x.to_vec()) * norm(array) * last(&array) + norm(&x[3..]) * last(&x.to_vec())
}

#[autodiff_reverse(d_into_argument, Duplicated, Active)]
#[autodiff_forward(t_into_argument, Dual, Dual)]
fn into_argument(x: &[f64]) -> f64 {
    fn product(list: impl Into<Vec<f64>>, offset: impl Into<Option<f64>>) -> f64 {
        let offset = offset.into().unwrap_or(2.0);
        list.into().into_iter().map(|v| v + offset).product()
    }
    product(&x[..3], None) * product([x[3], x[4]], x[5])
}

trait Layer: Any {
    fn forward(&self, v: f64) -> f64;
    fn as_any(&mut self) -> &mut dyn Any;
}

struct Linear {
    weight: f64,
    bias: f64,
}

struct Sine;

impl Layer for Linear {
    fn forward(&self, v: f64) -> f64 {
        self.weight * v + self.bias
    }
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

impl Layer for Sine {
    fn forward(&self, v: f64) -> f64 {
        v.sin()
    }
    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

#[autodiff_reverse(d_downcast, Duplicated, Active)]
#[autodiff_forward(t_downcast, Dual, Dual)]
fn downcast(x: &[f64]) -> f64 {
    let mut layers: Vec<Box<dyn Layer>> = vec![
        Box::new(Linear { weight: x[0], bias: x[1] }),
        Box::new(Sine),
        Box::new(Linear { weight: x[2], bias: x[3] }),
    ];
    for layer in &mut layers {
        if let Some(linear) = layer.as_any().downcast_mut::<Linear>() {
            linear.weight *= x[4];
        }
    }
    layers.iter().fold(x[5], |v, layer| layer.forward(v))
}

// What is done when a value goes out of scope.
#[autodiff_reverse(d_drop_guard, Duplicated, Active)]
#[autodiff_forward(t_drop_guard, Dual, Dual)]
fn drop_guard(x: &[f64]) -> f64 {
    struct Guard<'a> {
        total: &'a Cell<f64>,
        value: f64,
    }
    impl Drop for Guard<'_> {
        fn drop(&mut self) {
            self.total.set(self.total.get() * 0.5 + self.value.sin());
        }
    }
    let total = Cell::new(1.0);
    let mut guards = vec![];
    for v in x {
        let guard = Guard { total: &total, value: v * total.get() };
        if *v > 0.7 {
            guards.push(guard);
        }
    }
    drop(guards);
    total.get()
}

#[derive(Clone)]
struct Builder {
    weights: Vec<f64>,
    scale: f64,
    shift: Option<f64>,
}

impl Builder {
    fn new() -> Self {
        Builder { weights: vec![], scale: 1.0, shift: None }
    }
    fn weight(mut self, w: f64) -> Self {
        self.weights.push(w);
        self
    }
    fn scale(self, scale: f64) -> Self {
        Builder { scale, ..self }
    }
    fn shift(mut self, shift: f64) -> Self {
        self.shift.replace(shift);
        self
    }
    fn build(self) -> impl Fn(f64) -> f64 {
        move |v| {
            let sum = self.weights.iter().rev().fold(0.0, |sum, w| sum * v + w);
            sum * self.scale + self.shift.unwrap_or(1.0)
        }
    }
}

#[autodiff_reverse(d_builder, Duplicated, Active)]
#[autodiff_forward(t_builder, Dual, Dual)]
fn builder(x: &[f64]) -> f64 {
    let base = Builder::new().weight(x[0]).weight(x[1] * x[2]);
    let first = base.clone().scale(x[3]).build();
    let second = base.weight(x[4]).shift(x[5]).build();
    first(second(0.7)) * second(x[2])
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("derived_clone", &x, derived_clone, d_derived_clone, t_derived_clone);
    checks.gradient("derived_default", &x, derived_default, d_derived_default, t_derived_default);
    checks.gradient(
        "derived_comparison",
        &x,
        derived_comparison,
        d_derived_comparison,
        t_derived_comparison,
    );
    checks.gradient("try_from", &x, try_from, d_try_from, t_try_from);
    checks.gradient("from_str", &x, from_str, d_from_str, t_from_str);
    checks.gradient(
        "as_ref_and_borrow",
        &x,
        as_ref_and_borrow,
        d_as_ref_and_borrow,
        t_as_ref_and_borrow,
    );
    checks.gradient("into_argument", &x, into_argument, d_into_argument, t_into_argument);
    checks.gradient("downcast", &x, downcast, d_downcast, t_downcast);
    checks.gradient("drop_guard", &x, drop_guard, d_drop_guard, t_drop_guard);
    checks.gradient("builder", &x, builder, d_builder, t_builder);
    checks.finish(210);
}
