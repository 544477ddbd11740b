//! Check the derivatives of functions that call themselves, and one another, through trait objects and `fn`
//! pointers.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;
use std::hint::black_box;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

trait Expr {
    fn eval(&self, x: f64) -> f64;
}

struct Var;
struct Const(f64);
struct Add(Box<dyn Expr>, Box<dyn Expr>);
struct Mul(Box<dyn Expr>, Box<dyn Expr>);

impl Expr for Var {
    fn eval(&self, x: f64) -> f64 {
        x
    }
}

impl Expr for Const {
    fn eval(&self, _: f64) -> f64 {
        self.0
    }
}

impl Expr for Add {
    fn eval(&self, x: f64) -> f64 {
        self.0.eval(x) + self.1.eval(x)
    }
}

impl Expr for Mul {
    fn eval(&self, x: f64) -> f64 {
        self.0.eval(x) * self.1.eval(x)
    }
}

#[autodiff_reverse(d_tree, Const, Active, Active)]
fn tree(expr: &dyn Expr, x: f64) -> f64 {
    expr.eval(x)
}

type Step = fn(u32, f64) -> f64;
static STEPS: [Step; 2] = [even, odd];

fn even(n: u32, x: f64) -> f64 {
    if n == 0 { x } else { x * STEPS[(n % 2) as usize](n - 1, x) }
}

fn odd(n: u32, x: f64) -> f64 {
    if n == 0 { 1.0 } else { 2.0 * STEPS[(n % 2) as usize](n - 1, x) }
}

#[autodiff_reverse(d_mutual, Const, Const, Active, Active)]
fn mutual(step: Step, n: u32, x: f64) -> f64 {
    step(n, x)
}

pub fn main() {
    // (x + 3) x x + 5
    let x = || Box::new(Var) as Box<dyn Expr>;
    let sum = Box::new(Add(x(), Box::new(Const(3.0))));
    let expr = Add(Box::new(Mul(Box::new(Mul(sum, x())), x())), Box::new(Const(5.0)));
    exact("tree", d_tree(black_box(&expr), 2.0, 1.0), (25.0, 24.0));
    exact("tree", d_tree(black_box(&Mul(x(), x())), 2.0, 1.0), (4.0, 4.0));

    // From `even` with n = 3: x odd(2) = x * 2 even(1) = 2 x * x odd(0) = 2 x^2.
    exact("mutual", d_mutual(black_box(even), 3, 5.0, 1.0), (50.0, 20.0));
    // From `odd` with n = 3: 2 odd(2) = 4 even(1) = 4 x odd(0) = 4 x.
    exact("mutual", d_mutual(black_box(odd), 3, 5.0, 1.0), (20.0, 4.0));
}
