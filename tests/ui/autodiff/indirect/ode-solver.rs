//! Check the derivatives of the solution of an ordinary differential equation whose right-hand side is a
//! trait object, chosen as the program runs, with respect to the parameters in it and to the initial state,
//! against central differences and, where there is one, the closed form.

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
use check::close;

trait System {
    fn dim(&self) -> usize;
    fn rhs(&self, t: f64, y: &[f64], dy: &mut [f64]);
    fn parameters(&mut self) -> Vec<&mut f64>;
}

#[derive(Clone)]
struct Decay {
    rate: f64,
}

#[derive(Clone)]
struct LotkaVolterra {
    prey: [f64; 2],
    predator: [f64; 2],
}

#[derive(Clone)]
struct Pendulum {
    frequencies: Vec<f64>,
    damping: f64,
}

impl System for Decay {
    fn dim(&self) -> usize {
        1
    }
    fn rhs(&self, _: f64, y: &[f64], dy: &mut [f64]) {
        dy[0] = -self.rate * y[0];
    }
    fn parameters(&mut self) -> Vec<&mut f64> {
        vec![&mut self.rate]
    }
}

impl System for LotkaVolterra {
    fn dim(&self) -> usize {
        2
    }
    fn rhs(&self, _: f64, y: &[f64], dy: &mut [f64]) {
        dy[0] = self.prey[0] * y[0] - self.prey[1] * y[0] * y[1];
        dy[1] = self.predator[0] * y[0] * y[1] - self.predator[1] * y[1];
    }
    fn parameters(&mut self) -> Vec<&mut f64> {
        self.prey.iter_mut().chain(&mut self.predator).collect()
    }
}

impl System for Pendulum {
    fn dim(&self) -> usize {
        2
    }
    fn rhs(&self, t: f64, y: &[f64], dy: &mut [f64]) {
        dy[0] = y[1];
        dy[1] = -self.damping * y[1];
        for frequency in &self.frequencies {
            dy[1] -= frequency * y[0].sin() * (1.0 + 0.1 * t);
        }
    }
    fn parameters(&mut self) -> Vec<&mut f64> {
        self.frequencies.iter_mut().chain([&mut self.damping]).collect()
    }
}

/// The sum of what is there at time 1, by Runge and Kutta's method.
#[autodiff_reverse(d_solve, Unchecked, Duplicated, Duplicated, Const, Active)]
fn solve(system: &dyn System, start: &[f64], steps: usize) -> f64 {
    let n = system.dim();
    let h = 1.0 / steps as f64;
    let mut y = start.to_vec();
    let mut at = vec![0.0; n];
    let mut k = [vec![0.0; n], vec![0.0; n], vec![0.0; n], vec![0.0; n]];
    for step in 0..steps {
        let t = step as f64 * h;
        system.rhs(t, &y, &mut k[0]);
        for stage in 1..4 {
            let part = if stage == 3 { h } else { h / 2.0 };
            for i in 0..n {
                at[i] = y[i] + part * k[stage - 1][i];
            }
            system.rhs(t + part, &at, &mut k[stage]);
        }
        for i in 0..n {
            y[i] += h / 6.0 * (k[0][i] + 2.0 * k[1][i] + 2.0 * k[2][i] + k[3][i]);
        }
    }
    y.iter().sum()
}

fn central(f: impl Fn(f64) -> f64) -> f64 {
    let h = 1e-5;
    (f(h) - f(-h)) / (2.0 * h)
}

fn check<S: System + Clone>(name: &str, system: S, zero: S, start: &[f64]) {
    const STEPS: usize = 20;
    let mut shadow = zero;
    let mut d_start = vec![0.0; start.len()];
    let object: &dyn System = black_box(&system);
    let value = unsafe { d_solve(object, &mut shadow, start, &mut d_start, STEPS, 1.0) };
    close(name, value, solve(&system, start, STEPS), 1e-14);
    for (i, derivative) in shadow.parameters().into_iter().enumerate() {
        let want = central(|h| {
            let mut system = system.clone();
            *system.parameters()[i] += h;
            solve(&system, start, STEPS)
        });
        close(&format!("{name}, parameter {i}"), *derivative, want, 1e-7);
    }
    for (i, derivative) in d_start.into_iter().enumerate() {
        let want = central(|h| {
            let mut start = start.to_vec();
            start[i] += h;
            solve(&system, &start, STEPS)
        });
        close(&format!("{name}, start {i}"), derivative, want, 1e-7);
    }
}

pub fn main() {
    check("decay", Decay { rate: 0.7 }, Decay { rate: 0.0 }, &[3.0]);
    let zero = LotkaVolterra { prey: [0.0; 2], predator: [0.0; 2] };
    check("lv", LotkaVolterra { prey: [1.1, 0.4], predator: [0.1, 0.4] }, zero, &[10.0, 5.0]);
    let zero = Pendulum { frequencies: vec![0.0; 3], damping: 0.0 };
    let pendulum = Pendulum { frequencies: vec![1.0, 2.0, 0.5], damping: 0.3 };
    check("pendulum", pendulum, zero, &[0.8, -0.3]);

    // y(1) = y(0) exp(-rate).
    let (mut rate, mut start) = (Decay { rate: 0.0 }, [0.0]);
    let object: &dyn System = black_box(&Decay { rate: 0.7 });
    let value = unsafe { d_solve(object, &mut rate, &[3.0], &mut start, 100, 1.0) };
    let want = 3.0 * f64::exp(-0.7);
    close("y(1)", value, want, 1e-9);
    close("dy(1)/drate", rate.rate, -want, 1e-8);
    close("dy(1)/dy(0)", start[0], f64::exp(-0.7), 1e-9);
}
