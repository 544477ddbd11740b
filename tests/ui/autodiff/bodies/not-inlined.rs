//! Check derivatives of functions that call others which are not inlined and hand their results back
//! through memory: an aggregate returned, an out parameter, a state that is replaced. Each is compared
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
use std::ops::{Add, Mul, Sub};

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[inline(never)]
fn three(x: &[f64]) -> [f64; 3] {
    [x[0] * x[1], x[2].sin(), x[3] * x[4] + x[5]]
}

// Called once.
#[autodiff_reverse(d_returned_array, Duplicated, Active)]
#[autodiff_forward(t_returned_array, Dual, Dual)]
fn returned_array(x: &[f64]) -> f64 {
    let a = three(x);
    a[0] * a[1] + a[2] * a[2]
}

#[inline(never)]
fn collected(x: &[f64]) -> Vec<f64> {
    x.iter().zip(&x[1..]).map(|(a, b)| a * b).collect()
}

// What comes back through memory is where the floats are.
#[autodiff_reverse(d_returned_vec, Duplicated, Active)]
#[autodiff_forward(t_returned_vec, Dual, Dual)]
fn returned_vec(x: &[f64]) -> f64 {
    let products = collected(x);
    products.iter().map(|product| product.exp()).sum::<f64>() * products[2]
}

// Not inlined as hardly ever called, it is said.
#[cold]
fn fallback(x: &[f64]) -> [f64; 5] {
    [x[0] * x[1], x[2].exp(), x[3], x[4] * x[4], x[5]]
}

fn fast(x: &[f64]) -> [f64; 5] {
    [x[0], x[1], x[2], x[3] * x[3], x[4]]
}

#[autodiff_reverse(d_cold, Duplicated, Active)]
#[autodiff_forward(t_cold, Dual, Dual)]
fn cold(x: &[f64]) -> f64 {
    let a = if x[0] > 0.0 { fallback(x) } else { fast(x) };
    let b = if x[1] > 0.0 { fallback(x) } else { fast(x) };
    a.iter().zip(&b).map(|(a, b)| a * b).sum()
}

#[inline(never)]
fn two(x: &[f64], product: &mut f64, other: &mut f64) {
    *product = x[0] * x[1];
    *other = x[2] * x[3];
}

#[autodiff_reverse(d_out_scalars, Duplicated, Active)]
#[autodiff_forward(t_out_scalars, Dual, Dual)]
fn out_scalars(x: &[f64]) -> f64 {
    let (mut a, mut b) = (0.0, 0.0);
    two(x, &mut a, &mut b);
    a * b + x[4] * a + x[5]
}

#[inline(never)]
fn three_out(x: &[f64], out: &mut [f64; 3]) {
    *out = [x[0] * x[1], x[2].sin(), x[3] * x[4] + x[5]];
}

#[autodiff_reverse(d_out_array, Duplicated, Active)]
#[autodiff_forward(t_out_array, Dual, Dual)]
fn out_array(x: &[f64]) -> f64 {
    let mut a = [0.0; 3];
    three_out(x, &mut a);
    a[0] * a[1] + a[2] * a[2]
}

#[inline(never)]
fn weighted(a: &[f64], b: &[f64], out: &mut [f64]) {
    for i in 0..out.len() {
        out[i] = a.iter().zip(b).map(|(a, b)| a * b * (i as f64 + 1.0)).sum();
    }
}

// Into a `Vec` and an array.
#[autodiff_reverse(d_out_slice, Duplicated, Active)]
#[autodiff_forward(t_out_slice, Dual, Dual)]
fn out_slice(x: &[f64]) -> f64 {
    let mut products = vec![0.0; 3];
    weighted(x, x, &mut products);
    let mut sums = [0.0; 2];
    weighted(&products, x, &mut sums);
    sums[0] * sums[1] + products[0]
}

// On into the memory of the caller, whose shadow is the seed.
#[autodiff_reverse(d_handed_on, Duplicated, Duplicated)]
#[autodiff_forward(t_handed_on, Dual, Dual)]
fn handed_on(x: &[f64], out: &mut [f64; 3]) {
    three_out(x, out);
    out[2] *= out[0];
}

#[inline(never)]
fn shift(line: &mut [f64; 4], next: f64) -> [f64; 4] {
    std::mem::replace(line, [next, line[0], line[1], line[2]])
}

// A delay line: what was there is returned, and what is there is written.
#[autodiff_reverse(d_replaced, Duplicated, Active)]
#[autodiff_forward(t_replaced, Dual, Dual)]
fn replaced(x: &[f64]) -> f64 {
    let mut line = [1.0; 4];
    let mut sum = 0.0;
    for &next in x {
        let before = shift(&mut line, next);
        sum += before[0] * line[0] + before[1] * line[3];
    }
    let last = std::mem::take(&mut line);
    sum + last[1] * last[2] + line[0]
}

#[derive(Clone, Copy)]
struct State {
    position: [f64; 3],
    velocity: [f64; 3],
}

#[inline(never)]
fn step(before: &State, stiffness: f64) -> State {
    let mut after = *before;
    for i in 0..3 {
        after.position[i] += 0.1 * before.velocity[i];
        after.velocity[i] -= 0.1 * stiffness * before.position[i];
    }
    after
}

// Many times over, from one state to the next.
#[autodiff_reverse(d_stepped, Duplicated, Active)]
#[autodiff_forward(t_stepped, Dual, Dual)]
fn stepped(x: &[f64]) -> f64 {
    let mut state = State { position: [x[0], x[1], x[2]], velocity: [x[3], x[4], 0.5] };
    for _ in 0..10 {
        state = step(&state, x[5]);
    }
    state.position.iter().chain(&state.velocity).map(|a| a * a).sum()
}

struct Ode<F: Fn(f64, &[f64; 2]) -> [f64; 2]> {
    right_side: F,
    step: f64,
}

impl<F: Fn(f64, &[f64; 2]) -> [f64; 2]> Ode<F> {
    #[inline(never)]
    fn runge_kutta(&self, t: f64, y: [f64; 2]) -> [f64; 2] {
        let (f, h) = (&self.right_side, self.step);
        let half = 0.5 * h;
        let a = f(t, &y);
        let b = f(t + half, &[y[0] + half * a[0], y[1] + half * a[1]]);
        let c = f(t + half, &[y[0] + half * b[0], y[1] + half * b[1]]);
        let d = f(t + h, &[y[0] + h * c[0], y[1] + h * c[1]]);
        std::array::from_fn(|i| y[i] + h / 6.0 * (a[i] + 2.0 * b[i] + 2.0 * c[i] + d[i]))
    }
}

// With a closure that has captured floats.
#[autodiff_reverse(d_runge_kutta, Duplicated, Active)]
#[autodiff_forward(t_runge_kutta, Dual, Dual)]
fn runge_kutta(x: &[f64]) -> f64 {
    let (stiffness, damping) = (x[2], x[3]);
    let ode = Ode {
        right_side: move |t: f64, y: &[f64; 2]| {
            [y[1], -stiffness * y[0] - damping * y[1] + (x[4] * t).sin()]
        },
        step: 0.1,
    };
    let mut y = [x[0], x[1]];
    for i in 0..10 {
        y = ode.runge_kutta(i as f64 * 0.1, y);
    }
    y[0] * y[1] + y[0]
}

#[derive(Clone, Copy)]
struct Matrix<const R: usize, const C: usize>([[f64; C]; R]);

impl<const R: usize, const C: usize> Matrix<R, C> {
    #[inline(never)]
    fn transposed(&self) -> Matrix<C, R> {
        let mut transposed = Matrix([[0.0; R]; C]);
        for i in 0..R {
            for j in 0..C {
                transposed.0[j][i] = self.0[i][j];
            }
        }
        transposed
    }
}

impl<const R: usize, const K: usize, const C: usize> Mul<Matrix<K, C>> for Matrix<R, K> {
    type Output = Matrix<R, C>;

    #[inline(never)]
    fn mul(self, other: Matrix<K, C>) -> Matrix<R, C> {
        let mut product = Matrix([[0.0; C]; R]);
        for i in 0..R {
            for j in 0..C {
                for k in 0..K {
                    product.0[i][j] += self.0[i][k] * other.0[k][j];
                }
            }
        }
        product
    }
}

impl<const R: usize, const C: usize> Add for Matrix<R, C> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Matrix(std::array::from_fn(|i| std::array::from_fn(|j| self.0[i][j] + other.0[i][j])))
    }
}

// By value, and through a reference.
#[autodiff_reverse(d_matrices, Duplicated, Active)]
#[autodiff_forward(t_matrices, Dual, Dual)]
fn matrices(x: &[f64]) -> f64 {
    let a = Matrix([[x[0], x[1], x[2]], [x[3], x[4], x[5]]]);
    let gram = a * a.transposed();
    let other = a.transposed() * gram * a;
    let determinant = gram.0[0][0] * gram.0[1][1] - gram.0[0][1] * gram.0[1][0];
    determinant + other.0[0][1] * other.0[2][2]
}

// A Kalman filter's likelihood: the covariance goes through two products in every step.
#[autodiff_reverse(d_kalman, Duplicated, Active)]
#[autodiff_forward(t_kalman, Dual, Dual)]
fn kalman(x: &[f64]) -> f64 {
    let transition = Matrix([[1.0, 0.1], [x[0] * 0.1, 0.95]]);
    let noise = Matrix([[0.01 + x[1].abs() * 0.1, 0.0], [0.0, 0.02]]);
    let mut covariance = Matrix([[1.0, 0.0], [0.0, 1.0]]);
    let mut mean = Matrix([[0.0], [0.0]]);
    let mut likelihood = 0.0;
    for observed in x {
        mean = transition * mean;
        covariance = transition * covariance * transition.transposed() + noise;
        let variance = covariance.0[0][0] + 0.3;
        let gain = [covariance.0[0][0] / variance, covariance.0[1][0] / variance];
        let error = observed - mean.0[0][0];
        likelihood += 0.5 * (error * error / variance + variance.ln());
        mean = mean + Matrix([[gain[0] * error], [gain[1] * error]]);
        covariance = Matrix([[1.0 - gain[0], 0.0], [-gain[1], 1.0]]) * covariance;
    }
    likelihood
}

trait Number: Copy + Add<Output = Self> + Mul<Output = Self> + Sub<Output = Self> {
    const ONE: Self;
    fn sin(self) -> Self;
}

impl Number for f64 {
    const ONE: f64 = 1.0;

    fn sin(self) -> f64 {
        f64::sin(self)
    }
}

#[derive(Clone, Copy)]
struct Jet<T>(T, T);

impl<T: Number> Add for Jet<T> {
    type Output = Jet<T>;

    fn add(self, other: Self) -> Self {
        Jet(self.0 + other.0, self.1 + other.1)
    }
}

impl<T: Number> Sub for Jet<T> {
    type Output = Jet<T>;

    fn sub(self, other: Self) -> Self {
        Jet(self.0 - other.0, self.1 - other.1)
    }
}

impl<T: Number> Mul for Jet<T> {
    type Output = Jet<T>;

    #[inline(never)]
    fn mul(self, other: Self) -> Self {
        Jet(self.0 * other.0, self.0 * other.1 + self.1 * other.0)
    }
}

impl Number for Jet<f64> {
    const ONE: Self = Jet(1.0, 0.0);

    fn sin(self) -> Self {
        Jet(self.0.sin(), self.0.cos() * self.1)
    }
}

impl Number for Jet<Jet<f64>> {
    const ONE: Self = Jet(Jet(1.0, 0.0), Jet(0.0, 0.0));

    fn sin(self) -> Self {
        let cos = Jet(self.0.0.cos(), -self.0.0.sin() * self.0.1);
        Jet(self.0.sin(), cos * self.1)
    }
}

fn curve<T: Number>(a: T, b: T) -> T {
    (a * b).sin() * a + T::ONE - b * b * a
}

// Derivatives of first and second order by numbers that carry theirs: two scalars in registers, four
// through memory.
#[autodiff_reverse(d_jets, Duplicated, Active)]
#[autodiff_forward(t_jets, Dual, Dual)]
fn jets(x: &[f64]) -> f64 {
    let first = curve(Jet(x[0], 1.0), Jet(x[1], x[2]));
    let a = Jet(Jet(x[3], 1.0), Jet(1.0, 0.0));
    let b = Jet(Jet(x[4], 0.0), Jet(x[5], 0.0));
    let second = curve(a, b);
    first.0 * first.1 + second.1.1 + second.0.0 * second.0.1
}

macro_rules! steps {
    ($y:ident, $x:ident, $($k:literal)*) => {$(
        let a = ($y[$k % 4] * 0.3 + $x[$k % 6]).sin();
        let b = ($y[($k + 1) % 4] * $y[($k + 2) % 4] * 0.2).cos();
        $y[$k % 4] = a * b;
        $y[($k + 3) % 4] += 0.1 * (a + b).exp();
    )*};
}

fn long(x: &[f64], mut y: [f64; 4]) -> [f64; 4] {
    steps!(y, x, 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30);
    steps!(y, x, 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57);
    steps!(y, x, 58 59 60 61 62 63 64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 79 80 81 82 83 84);
    steps!(y, x, 85 86 87 88 89 90 91 92 93 94 95 96 97 98 99);
    y
}

// No attribute says so, but what is called is too long to be inlined three times.
#[autodiff_reverse(d_too_long, Duplicated, Active)]
#[autodiff_forward(t_too_long, Dual, Dual)]
fn too_long(x: &[f64]) -> f64 {
    let mut y = long(x, [x[0], x[1], x[2], x[3]]);
    y[0] *= x[4];
    let z = long(x, y);
    let w = long(x, [z[1], z[0], 1.0, x[5]]);
    z[0] * w[1] + w[2] + z[3] + w[0] * 0.1
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("returned_array", &x, returned_array, d_returned_array, t_returned_array);
    checks.gradient("returned_vec", &x, returned_vec, d_returned_vec, t_returned_vec);
    checks.gradient("cold", &x, cold, d_cold, t_cold);
    checks.gradient("out_scalars", &x, out_scalars, d_out_scalars, t_out_scalars);
    checks.gradient("out_array", &x, out_array, d_out_array, t_out_array);
    checks.gradient("out_slice", &x, out_slice, d_out_slice, t_out_slice);
    // Each component of the result has a weight of its own, so that each is seen.
    let weights = [2.0, 3.0, 5.0];
    let sum = |out: [f64; 3]| out.iter().zip(weights).map(|(out, w)| out * w).sum::<f64>();
    checks.gradient(
        "handed_on",
        &x,
        |x| {
            let mut out = [0.0; 3];
            handed_on(x, &mut out);
            sum(out)
        },
        |x, dx, seed| {
            let (mut out, mut dout) = ([0.0; 3], weights.map(|weight| weight * seed));
            d_handed_on(x, dx, &mut out, &mut dout);
            sum(out)
        },
        |x, dx| {
            let (mut out, mut dout) = ([0.0; 3], [0.0; 3]);
            t_handed_on(x, dx, &mut out, &mut dout);
            (sum(out), sum(dout))
        },
    );
    checks.gradient("replaced", &x, replaced, d_replaced, t_replaced);
    checks.gradient("stepped", &x, stepped, d_stepped, t_stepped);
    checks.gradient("runge_kutta", &x, runge_kutta, d_runge_kutta, t_runge_kutta);
    checks.gradient("matrices", &x, matrices, d_matrices, t_matrices);
    checks.gradient("kalman", &x, kalman, d_kalman, t_kalman);
    checks.gradient("jets", &x, jets, d_jets, t_jets);
    checks.gradient("too_long", &x, too_long, d_too_long, t_too_long);
    checks.finish(14 * 21);
}
