//! Check derivatives of functions that do something beside what is differentiated: they format text and read it, look
//! at the clock, count calls, and look something up in a table that is computed once.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::cell::{Cell, RefCell};
use std::fmt::{self, Write};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[autodiff_reverse(d_formatted, Duplicated, Active)]
#[autodiff_forward(t_formatted, Dual, Dual)]
fn formatted(x: &[f64]) -> f64 {
    let text = format!("{} of {:?}, first {:.2e}", x.len(), "numbers", x[0]);
    x.iter().map(|x| x * x).sum::<f64>() * text.split(' ').count() as f64
}

struct Point {
    x: f64,
    name: &'static str,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {:.3}", self.name, self.x)
    }
}

#[autodiff_reverse(d_displayed, Duplicated, Active)]
#[autodiff_forward(t_displayed, Dual, Dual)]
fn displayed(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (i, &x) in x.iter().enumerate() {
        let point = Point { x, name: if i % 2 == 0 { "even" } else { "odd" } };
        let text = point.to_string();
        sum += (text.len() > 12) as u32 as f64 * x.sin() + x;
    }
    sum
}

#[autodiff_reverse(d_written, Duplicated, Active)]
#[autodiff_forward(t_written, Dual, Dual)]
fn written(x: &[f64]) -> f64 {
    let mut text = String::new();
    for (i, x) in x.iter().enumerate() {
        write!(text, "{i}: {x}; ").unwrap();
    }
    x.iter().product::<f64>() * text.matches(':').count() as f64
}

#[autodiff_reverse(d_parsed, Duplicated, Active)]
#[autodiff_forward(t_parsed, Dual, Dual)]
fn parsed(x: &[f64]) -> f64 {
    let factors = "1.5 -2 0.25 4e-1".split(' ').map(|text| text.parse::<f64>().unwrap());
    factors.zip(x).map(|(factor, x)| factor * x.exp()).sum()
}

#[derive(Debug)]
enum Failure {
    Negative(String),
    TooLarge { limit: f64, by: f64 },
}

fn checked(i: usize, x: f64) -> Result<f64, Failure> {
    if i > 10 {
        return Err(Failure::Negative(format!("component {i} is {x}")));
    }
    if x > 1.0 {
        return Err(Failure::TooLarge { limit: 1.0, by: x - 1.0 });
    }
    Ok(x * x)
}

#[autodiff_reverse(d_failed, Duplicated, Active)]
#[autodiff_forward(t_failed, Dual, Dual)]
fn failed(x: &[f64]) -> f64 {
    let value = |(i, &x): (usize, &f64)| match checked(i, x) {
        Ok(y) => y,
        Err(Failure::TooLarge { limit, by }) => limit + 2.0 * by,
        Err(Failure::Negative(text)) => text.len() as f64,
    };
    x.iter().enumerate().map(value).sum()
}

static CALLS: AtomicUsize = AtomicUsize::new(0);

#[autodiff_reverse(d_counted, Duplicated, Active)]
#[autodiff_forward(t_counted, Dual, Dual)]
fn counted(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for x in x {
        CALLS.fetch_add(1, Ordering::Relaxed);
        sum += x.cos();
    }
    sum
}

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static LAZY: Cell<u64> = Cell::new(CALLS.load(Ordering::Relaxed) as u64 + 1);
    static STEPS: RefCell<u32> = RefCell::new(1);
}

fn power(x: f64, n: u32) -> f64 {
    DEPTH.set(DEPTH.get() + 1);
    let power = if n == 0 { 1.0 } else { x * power(x, n - 1) };
    DEPTH.set(DEPTH.get() - 1);
    power
}

#[autodiff_reverse(d_counted_by_thread, Duplicated, Active)]
#[autodiff_forward(t_counted_by_thread, Dual, Dual)]
fn counted_by_thread(x: &[f64]) -> f64 {
    LAZY.set(LAZY.get() + 2);
    STEPS.with_borrow_mut(|steps| *steps += 1);
    x.iter().map(|x| power(*x, 3) * (DEPTH.get() + 1) as f64).sum()
}

#[autodiff_reverse(d_timed, Duplicated, Active)]
#[autodiff_forward(t_timed, Dual, Dual)]
fn timed(x: &[f64]) -> f64 {
    let start = Instant::now();
    let sum: f64 = x.iter().map(|x| x.tanh()).sum();
    if start.elapsed().as_secs() > 10_000 { 0.0 } else { sum }
}

static TABLE: LazyLock<Vec<f64>> = LazyLock::new(|| (0..9).map(|i| f64::from(i).sqrt()).collect());

#[autodiff_reverse(d_computed_once, Duplicated, Active)]
#[autodiff_forward(t_computed_once, Dual, Dual)]
fn computed_once(x: &[f64]) -> f64 {
    x.iter().enumerate().map(|(i, x)| TABLE[i] * x * x).sum()
}

static SEEDS: AtomicU64 = AtomicU64::new(0x9e37_79b9_7f4a_7c15);

#[autodiff_reverse(d_random, Duplicated, Active)]
#[autodiff_forward(t_random, Dual, Dual)]
fn random(x: &[f64]) -> f64 {
    let mut state = SEEDS.load(Ordering::Relaxed);
    let mut sum = 0.0;
    for x in x {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        sum += x * x * (state >> 11) as f64 / (1u64 << 53) as f64;
    }
    sum
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6];
    checks.gradient("formatted", &x, formatted, d_formatted, t_formatted);
    checks.gradient("displayed", &x, displayed, d_displayed, t_displayed);
    checks.gradient("written", &x, written, d_written, t_written);
    checks.gradient("parsed", &x, parsed, d_parsed, t_parsed);
    checks.gradient("failed", &x, failed, d_failed, t_failed);
    let before = CALLS.load(Ordering::Relaxed);
    d_counted(&x, &mut [0.0; 4], 1.0);
    assert_eq!(CALLS.load(Ordering::Relaxed), before + 4);
    checks.gradient("counted", &x, counted, d_counted, t_counted);
    let before = (LAZY.get(), STEPS.with_borrow(|steps| *steps));
    d_counted_by_thread(&x, &mut [0.0; 4], 1.0);
    assert_eq!((LAZY.get(), STEPS.with_borrow(|steps| *steps)), (before.0 + 2, before.1 + 1));
    checks.gradient(
        "counted_by_thread",
        &x,
        counted_by_thread,
        d_counted_by_thread,
        t_counted_by_thread,
    );
    checks.gradient("timed", &x, timed, d_timed, t_timed);
    checks.gradient("computed_once", &x, computed_once, d_computed_once, t_computed_once);
    checks.gradient("random", &x, random, d_random, t_random);
    checks.finish(150);
}
