//! Check derivatives through integrators of differential equations: Runge and Kutta's with a
//! closure, Heun's generic over a trait, implicit and adaptive steps, leapfrog. Each is compared
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

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

/// Runge and Kutta's fourth-order step, for a system of any size.
fn step<const N: usize>(
    f: impl Fn(f64, &[f64; N]) -> [f64; N],
    t: f64,
    y: [f64; N],
    h: f64,
) -> [f64; N] {
    let shifted = |k: &[f64; N], by: f64| -> [f64; N] { std::array::from_fn(|i| y[i] + by * k[i]) };
    let k1 = f(t, &y);
    let k2 = f(t + 0.5 * h, &shifted(&k1, 0.5 * h));
    let k3 = f(t + 0.5 * h, &shifted(&k2, 0.5 * h));
    let k4 = f(t + h, &shifted(&k3, h));
    std::array::from_fn(|i| y[i] + h / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]))
}

// The right hand side is a closure that captures the parameters: predators and prey.
#[autodiff_reverse(d_predators, Duplicated, Active)]
#[autodiff_forward(t_predators, Dual, Dual)]
fn predators(x: &[f64]) -> f64 {
    let (a, b, c, d) = (x[0], x[1], x[2], x[3]);
    let mut y = [x[4], x[5]];
    for i in 0..8 {
        y = step(|_, y| [y[0] * (a - b * y[1]), y[1] * (c * y[0] - d)], i as f64 * 0.1, y, 0.1);
    }
    y[0] * y[0] + 2.0 * y[1]
}

// Explicit in time, and how long it runs is a parameter.
#[autodiff_reverse(d_driven, Duplicated, Active)]
#[autodiff_forward(t_driven, Dual, Dual)]
fn driven(x: &[f64]) -> f64 {
    let n = 10;
    let h = x[3] / n as f64;
    let mut y = [x[0], 0.0];
    for i in 0..n {
        let t = i as f64 * h;
        y = step(|t, y| [y[1], -x[1] * y[0] - x[2] * y[1] + (2.0 * t).cos()], t, y, h);
    }
    y[0] + y[1] * y[1]
}

trait System {
    const SIZE: usize;
    fn slope(&self, t: f64, y: &[f64], out: &mut [f64]);
}

struct Pendulum {
    length: f64,
    friction: f64,
}

impl System for Pendulum {
    const SIZE: usize = 2;
    fn slope(&self, _: f64, y: &[f64], out: &mut [f64]) {
        out[0] = y[1];
        out[1] = -9.81 / self.length * y[0].sin() - self.friction * y[1];
    }
}

struct Lorenz<'a> {
    parameters: &'a [f64],
}

impl System for Lorenz<'_> {
    const SIZE: usize = 3;
    fn slope(&self, _: f64, y: &[f64], out: &mut [f64]) {
        let [sigma, rho, beta] = *self.parameters else { unreachable!() };
        out[0] = sigma * (y[1] - y[0]);
        out[1] = y[0] * (rho - y[2]) - y[1];
        out[2] = y[0] * y[1] - beta * y[2];
    }
}

/// Heun's method, in vectors of the system's size.
fn integrate<S: System>(system: &S, start: &[f64], end: f64, steps: usize) -> Vec<f64> {
    let h = end / steps as f64;
    let mut y = start.to_vec();
    let (mut k1, mut k2) = (vec![0.0; S::SIZE], vec![0.0; S::SIZE]);
    let mut predicted = vec![0.0; S::SIZE];
    for i in 0..steps {
        let t = i as f64 * h;
        system.slope(t, &y, &mut k1);
        for j in 0..S::SIZE {
            predicted[j] = y[j] + h * k1[j];
        }
        system.slope(t + h, &predicted, &mut k2);
        for j in 0..S::SIZE {
            y[j] += 0.5 * h * (k1[j] + k2[j]);
        }
    }
    y
}

// Generic over a trait, with the parameters in a struct.
#[autodiff_reverse(d_pendulum, Duplicated, Active)]
#[autodiff_forward(t_pendulum, Dual, Dual)]
fn pendulum(x: &[f64]) -> f64 {
    let system = Pendulum { length: x[0], friction: x[1] };
    let y = integrate(&system, &x[2..4], x[4], 12);
    y[0] * y[1]
}

// Generic over a trait, with the parameters in a slice that the struct borrows.
#[autodiff_reverse(d_lorenz, Duplicated, Active)]
#[autodiff_forward(t_lorenz, Dual, Dual)]
fn lorenz(x: &[f64]) -> f64 {
    let y = integrate(&Lorenz { parameters: &x[..3] }, &x[3..], 0.2, 10);
    y[0] + y[1] * y[2]
}

// Implicit: each step is solved by Newton's iteration until it stands still.
#[autodiff_reverse(d_implicit, Duplicated, Active)]
#[autodiff_forward(t_implicit, Dual, Dual)]
fn implicit(x: &[f64]) -> f64 {
    let (rate, h) = (x[0], 0.2);
    let mut y = x[1];
    for _ in 0..5 {
        let before = y;
        for _ in 0..50 {
            let residual = y - before + h * rate * y * y * y;
            let change = residual / (1.0 + 3.0 * h * rate * y * y);
            y -= change;
            if change.abs() < 1e-15 {
                break;
            }
        }
    }
    y
}

// A step that is chosen by an estimate of its error, and taken again if it is too large.
#[autodiff_reverse(d_adaptive, Duplicated, Active)]
#[autodiff_forward(t_adaptive, Dual, Dual)]
fn adaptive(x: &[f64]) -> f64 {
    let slope = |y: f64| x[0] * y * (1.0 - y / x[1]);
    let (mut t, mut h, mut y) = (0.0, 0.4, x[2]);
    while t < 1.0 {
        if t + h > 1.0 {
            h = 1.0 - t;
        }
        let k1 = slope(y);
        let k2 = slope(y + h * k1);
        let error = (0.5 * h * (k2 - k1)).abs();
        if error > 0.05 {
            h *= 0.5;
            continue;
        }
        y += 0.5 * h * (k1 + k2);
        t += h;
    }
    y
}

// Planets: positions and velocities in arrays of arrays, by leapfrog.
#[autodiff_reverse(d_leapfrog, Duplicated, Active)]
#[autodiff_forward(t_leapfrog, Dual, Dual)]
fn leapfrog(x: &[f64]) -> f64 {
    let mut position = [[x[0], x[1]], [x[2], x[3]], [0.0, 0.0]];
    let mut velocity = [[0.0, x[4]], [x[5], 0.0], [0.1, -0.1]];
    let mass = [0.3, 0.2, 1.0];
    for _ in 0..5 {
        let mut force = [[0.0; 2]; 3];
        for i in 0..3 {
            for j in 0..3 {
                if i == j {
                    continue;
                }
                let dx = position[j][0] - position[i][0];
                let dy = position[j][1] - position[i][1];
                let cubed = (dx * dx + dy * dy + 0.01).powf(1.5);
                force[i][0] += mass[j] * dx / cubed;
                force[i][1] += mass[j] * dy / cubed;
            }
        }
        for ((p, v), f) in position.iter_mut().zip(&mut velocity).zip(&force) {
            for k in 0..2 {
                v[k] += 0.05 * f[k];
                p[k] += 0.05 * v[k];
            }
        }
    }
    position.iter().flatten().enumerate().map(|(i, p)| (i + 1) as f64 * p).sum()
}

pub fn main() {
    let mut checks = Checks::new();
    checks.gradient(
        "predators",
        &[1.1, 0.4, 0.1, 0.4, 2.0, 1.5],
        predators,
        d_predators,
        t_predators,
    );
    checks.gradient("driven", &[0.3, 1.8, 0.2, 1.5], driven, d_driven, t_driven);
    checks.gradient("pendulum", &[0.8, 0.3, 0.9, -0.2, 0.7], pendulum, d_pendulum, t_pendulum);
    checks.gradient("lorenz", &[10.0, 28.0, 2.7, 1.0, -0.8, 1.2], lorenz, d_lorenz, t_lorenz);
    checks.gradient("implicit", &[1.3, 0.9], implicit, d_implicit, t_implicit);
    checks.gradient("adaptive", &[1.1, 2.0, 0.4], adaptive, d_adaptive, t_adaptive);
    checks.gradient(
        "leapfrog",
        &[1.0, 0.2, -0.7, 0.9, 0.8, -0.6],
        leapfrog,
        d_leapfrog,
        t_leapfrog,
    );
    checks.finish(117);
}
