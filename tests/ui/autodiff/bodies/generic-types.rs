//! Check derivatives of functions that calculate with types and traits of their own. Each is compared
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

// Complex numbers with operators.
#[autodiff_reverse(d_complex, Duplicated, Active)]
#[autodiff_forward(t_complex, Dual, Dual)]
fn complex(x: &[f64]) -> f64 {
    use std::ops::*;
    #[derive(Clone, Copy, PartialEq)]
    struct C {
        re: f64,
        im: f64,
    }
    impl Add for C {
        type Output = C;
        fn add(self, o: C) -> C {
            C { re: self.re + o.re, im: self.im + o.im }
        }
    }
    impl Mul for C {
        type Output = C;
        fn mul(self, o: C) -> C {
            C { re: self.re * o.re - self.im * o.im, im: self.re * o.im + self.im * o.re }
        }
    }
    impl Div for C {
        type Output = C;
        fn div(self, o: C) -> C {
            let d = o.re * o.re + o.im * o.im;
            C {
                re: (self.re * o.re + self.im * o.im) / d,
                im: (self.im * o.re - self.re * o.im) / d,
            }
        }
    }
    impl AddAssign for C {
        fn add_assign(&mut self, o: C) {
            *self = *self + o;
        }
    }
    impl std::iter::Sum for C {
        fn sum<I: Iterator<Item = C>>(i: I) -> C {
            i.fold(C { re: 0.0, im: 0.0 }, |a, b| a + b)
        }
    }

    let z: Vec<C> = x.chunks(2).map(|c| C { re: c[0], im: c[1] }).collect();
    let mut p = C { re: 1.0, im: 0.0 };
    for c in &z {
        p = p * *c + C { re: 0.3, im: 0.1 };
    }
    let q = z.iter().map(|c| *c * p).sum::<C>() / z[2];
    let mut r = q;
    r += z[0];
    r.re * q.im + p.re
}

// Dual numbers over dual numbers, generic.
#[autodiff_reverse(d_dual_numbers, Duplicated, Active)]
#[autodiff_forward(t_dual_numbers, Dual, Dual)]
fn dual_numbers(x: &[f64]) -> f64 {
    use std::ops::*;
    trait Num: Copy + Add<Output = Self> + Mul<Output = Self> + Sub<Output = Self> {
        const ONE: Self;
        fn sin(self) -> Self;
    }
    impl Num for f64 {
        const ONE: f64 = 1.0;
        fn sin(self) -> f64 {
            f64::sin(self)
        }
    }
    #[derive(Clone, Copy)]
    struct D<T>(T, T);
    impl<T: Num> Add for D<T> {
        type Output = D<T>;
        fn add(self, o: Self) -> Self {
            D(self.0 + o.0, self.1 + o.1)
        }
    }
    impl<T: Num> Sub for D<T> {
        type Output = D<T>;
        fn sub(self, o: Self) -> Self {
            D(self.0 - o.0, self.1 - o.1)
        }
    }
    impl<T: Num> Mul for D<T> {
        type Output = D<T>;
        fn mul(self, o: Self) -> Self {
            D(self.0 * o.0, self.0 * o.1 + self.1 * o.0)
        }
    }
    impl Num for D<f64> {
        const ONE: Self = D(1.0, 0.0);
        fn sin(self) -> Self {
            D(self.0.sin(), self.0.cos() * self.1)
        }
    }
    impl Num for D<D<f64>> {
        const ONE: Self = D(D(1.0, 0.0), D(0.0, 0.0));
        fn sin(self) -> Self {
            let c = D(self.0.0.cos(), -self.0.0.sin() * self.0.1);
            D(self.0.sin(), c * self.1)
        }
    }
    fn g<T: Num>(a: T, b: T) -> T {
        (a * b).sin() * a + T::ONE - b * b * a
    }

    let r = g(D(x[0], 1.0), D(x[1], x[2]));
    let q = g(D(D(x[3], 1.0), D(1.0, 0.0)), D(D(x[4], 0.0), D(x[5], 0.0)));
    r.1 * r.0 + q.1.1 + q.0.1 * q.0.0
}

// Models behind a trait with associated types.
#[autodiff_reverse(d_models, Duplicated, Active)]
#[autodiff_forward(t_models, Dual, Dual)]
fn models(x: &[f64]) -> f64 {
    trait Model {
        type Out: Into<[f64; 2]>;
        const K: f64;
        fn eval(&self, x: f64) -> Self::Out;
    }
    struct A(f64);
    struct B {
        p: f64,
        q: f64,
    }
    impl Model for A {
        type Out = [f64; 2];
        const K: f64 = 2.0;
        fn eval(&self, x: f64) -> [f64; 2] {
            [self.0 * x, x * x]
        }
    }
    struct O(f64, f64);
    impl From<O> for [f64; 2] {
        fn from(o: O) -> Self {
            [o.0, o.1]
        }
    }
    impl Model for B {
        type Out = O;
        const K: f64 = -1.5;
        fn eval(&self, x: f64) -> O {
            O(self.p.sin() * x, self.q + x.exp())
        }
    }

    fn run<M: Model>(m: &M, x: &[f64]) -> f64 {
        x.iter()
            .map(|v| {
                let [a, b]: [f64; 2] = m.eval(*v).into();
                M::K * a * b
            })
            .sum()
    }

    run(&A(x[0]), &x[1..]) + run(&B { p: x[1], q: x[2] }, x)
}

// Matrices whose sizes are parameters of their types.
#[autodiff_reverse(d_matrices, Duplicated, Active)]
#[autodiff_forward(t_matrices, Dual, Dual)]
fn matrices(x: &[f64]) -> f64 {
    #[derive(Clone, Copy)]
    struct Mat<const R: usize, const C: usize>([[f64; C]; R]);
    impl<const R: usize, const C: usize> Mat<R, C> {
        fn zero() -> Self {
            Mat([[0.0; C]; R])
        }

        fn t(&self) -> Mat<C, R> {
            let mut m = Mat::zero();
            for i in 0..R {
                for j in 0..C {
                    m.0[j][i] = self.0[i][j];
                }
            }
            m
        }
    }
    impl<const R: usize, const K: usize, const C: usize> std::ops::Mul<Mat<K, C>> for Mat<R, K> {
        type Output = Mat<R, C>;

        fn mul(self, o: Mat<K, C>) -> Mat<R, C> {
            let mut m = Mat::zero();
            for i in 0..R {
                for j in 0..C {
                    for k in 0..K {
                        m.0[i][j] += self.0[i][k] * o.0[k][j];
                    }
                }
            }
            m
        }
    }

    let a = Mat::<2, 3>([[x[0], x[1], x[2]], [x[3], x[4], x[5]]]);
    let g = a * a.t();
    let h = a.t() * g * a;
    let d = g.0[0][0] * g.0[1][1] - g.0[0][1] * g.0[1][0];
    d + h.0[0][1] * h.0[2][2]
}

// A right-hand side in a struct, by Runge and Kutta.
#[autodiff_reverse(d_runge_kutta, Duplicated, Active)]
#[autodiff_forward(t_runge_kutta, Dual, Dual)]
fn runge_kutta(x: &[f64]) -> f64 {
    struct Ode<F: Fn(f64, &[f64; 2]) -> [f64; 2]> {
        f: F,
        h: f64,
    }
    impl<F: Fn(f64, &[f64; 2]) -> [f64; 2]> Ode<F> {
        fn rk4(&self, t: f64, y: [f64; 2]) -> [f64; 2] {
            let h = self.h;
            let a = (self.f)(t, &y);
            let b = (self.f)(t + h / 2.0, &[y[0] + h / 2.0 * a[0], y[1] + h / 2.0 * a[1]]);
            let c = (self.f)(t + h / 2.0, &[y[0] + h / 2.0 * b[0], y[1] + h / 2.0 * b[1]]);
            let d = (self.f)(t + h, &[y[0] + h * c[0], y[1] + h * c[1]]);
            std::array::from_fn(|i| y[i] + h / 6.0 * (a[i] + 2.0 * b[i] + 2.0 * c[i] + d[i]))
        }
    }

    let (k, c) = (x[2], x[3]);
    let o = Ode {
        f: move |t: f64, y: &[f64; 2]| [y[1], -k * y[0] - c * y[1] + (x[4] * t).sin()],
        h: 0.1,
    };
    let mut y = [x[0], x[1]];
    for i in 0..10 {
        y = o.rk4(i as f64 * 0.1, y);
    }
    y[0] * y[1] + y[0]
}

// `Result<Option<f64>, _>` and `?`.
#[autodiff_reverse(d_nested_results, Duplicated, Active)]
#[autodiff_forward(t_nested_results, Dual, Dual)]
fn nested_results(x: &[f64]) -> f64 {
    #[derive(Debug)]
    enum E {
        Neg(f64),
    }
    fn lg(v: f64) -> Result<f64, E> {
        if v < -5.0 { Err(E::Neg(v)) } else { Ok((v + 6.0).ln()) }
    }
    fn two(a: f64, b: f64) -> Result<Option<f64>, E> {
        let p = lg(a)?;
        let q = lg(b)?;
        if p * q < -1.0 {
            return Ok(None);
        }
        Ok(Some(p * q))
    }

    let mut s = 0.0;
    for w in x.windows(2) {
        match two(w[0], w[1]) {
            Ok(Some(v)) => s += v * v,
            Ok(None) => s -= 1.0,
            Err(E::Neg(v)) => s += v,
        }
    }
    s
}

pub fn main() {
    let mut checks = Checks::new();
    checks.gradient("complex", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], complex, d_complex, t_complex);
    checks.gradient(
        "dual_numbers",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        dual_numbers,
        d_dual_numbers,
        t_dual_numbers,
    );
    checks.gradient("models", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], models, d_models, t_models);
    checks.gradient(
        "matrices",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        matrices,
        d_matrices,
        t_matrices,
    );
    checks.gradient(
        "runge_kutta",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        runge_kutta,
        d_runge_kutta,
        t_runge_kutta,
    );
    checks.gradient(
        "nested_results",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        nested_results,
        d_nested_results,
        t_nested_results,
    );
    checks.finish(126);
}
