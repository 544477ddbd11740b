//! Check the headers with which programs are known to use autodiff, with small bodies of the same kind:
//! an ODE solver's method on a generic struct that holds a closure, with two derivatives in each mode
//! (diffsol); outputs and inputs of constant length beside a returned energy (molpipx); a struct of
//! parameters beside state variables (feos); an objective with a struct of hyperparameters, which had to be
//! flattened into scalars (the Gaussian mixture of ADBench); the header of an interpreter (oximo).

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;

#[path = "../auxiliary/check.rs"]
mod check;
use check::{F64, close, exact};

trait Matrix {
    type V: ?Sized;
    type T: Copy + Into<f64> + From<f32>;
}

struct Dense;

impl Matrix for Dense {
    type V = [f64];
    type T = f64;
}

struct Closure<M: Matrix, F> {
    f: F,
    calls: std::marker::PhantomData<M>,
}

impl<M: Matrix, F: Fn(&M::V, &M::V, M::T, &mut M::V)> Closure<M, F> {
    #[autodiff_forward(call_jvp, Const, Dual, Const, Const, Dual)]
    #[autodiff_forward(call_sens, Const, Const, Dual, Const, Dual)]
    #[autodiff_reverse(call_vjp, Const, Duplicated, Const, Const, Duplicated)]
    #[autodiff_reverse(call_sens_adjoint, Const, Const, Duplicated, Const, Duplicated)]
    fn call_func(&self, x: &M::V, p: &M::V, t: M::T, y: &mut M::V) {
        (self.f)(x, p, t, y)
    }
}

// y0 = p0 x0 + t x1, y1 = p1 x0 x1
fn diffsol() {
    let f = |x: &[f64], p: &[f64], t: f64, y: &mut [f64]| {
        y[0] = p[0] * x[0] + t * x[1];
        y[1] = p[1] * x[0] * x[1];
    };
    let c = Closure::<Dense, _> { f, calls: std::marker::PhantomData };
    let (x, p, t) = black_box(([2.0, 3.0], [5.0, 7.0], 11.0));
    let value = [43.0, 42.0];
    let (mut y, mut dy) = ([0.0; 2], [0.0; 2]);
    c.call_jvp(&x, &[1.0, 10.0], &p, t, &mut y, &mut dy);
    exact("diffsol, jvp", (y, dy), (value, [5.0 + 110.0, 21.0 + 140.0]));
    c.call_sens(&x, &p, &[1.0, 10.0], t, &mut y, &mut dy);
    exact("diffsol, sens", (y, dy), (value, [2.0, 60.0]));
    let (mut dx, mut dy) = ([0.0; 2], [1.0, 10.0]);
    c.call_vjp(&x, &mut dx, &p, t, &mut y, &mut dy);
    exact("diffsol, vjp", (y, dx, dy), (value, [5.0 + 210.0, 11.0 + 140.0], [0.0; 2]));
    let (mut dp, mut dy) = ([0.0; 2], [1.0, 10.0]);
    c.call_sens_adjoint(&x, &p, &mut dp, t, &mut y, &mut dy);
    exact("diffsol, adjoint", (y, dp, dy), (value, [2.0, 60.0], [0.0; 2]));
}

// Distances of three points on a line as intermediate results, their weighted squares as energy.
#[autodiff_reverse(d_energy, Duplicated, Duplicated, Active)]
#[autodiff_forward(t_energy, Dual, Dual, Dual)]
fn f_energy(res: &mut [f64; 3], w: &[f64; 3]) -> f64 {
    res[0] = w[1] - w[0];
    res[1] = w[2] - w[1];
    res[2] = w[2] - w[0];
    2.0 * res[0] * res[0] + 3.0 * res[1] * res[1] + 5.0 * res[2] * res[2]
}

fn molpipx() {
    let w = black_box([1.0, 3.0, 7.0]);
    // The distances are 2, 4, 6: (8, 24, 60) are their derivatives, to which their own seeds are added.
    let (mut res, mut dres, mut dw) = ([0.0; 3], [100.0, 0.0, 0.0], [0.0; 3]);
    exact("molpipx", d_energy(&mut res, &mut dres, &w, &mut dw, 1.0), 8.0 + 48.0 + 180.0);
    exact("molpipx", (res, dw), ([2.0, 4.0, 6.0], [-168.0, 108.0 - 24.0, 24.0 + 60.0]));
    let (mut res, mut dres) = ([0.0; 3], [0.0; 3]);
    let got = t_energy(&mut res, &mut dres, &w, &[1.0, 0.0, 10.0]);
    exact("molpipx", got, (236.0, -68.0 + 840.0));
    exact("molpipx", dres, [-1.0, 10.0, 9.0]);
}

#[derive(Clone, Debug, PartialEq)]
struct Parameters {
    components: usize,
    m: Vec<f64>,
    k_ij: [[f64; 2]; 2],
    model: Option<f64>,
}

// t / v (sum of m_i n_i) + sum of k_ij n_i n_j + the model's offset
#[autodiff_reverse(d_helmholtz, Const, Active, Active, Duplicated, Active)]
#[autodiff_reverse(d_parameters, Duplicated, Const, Const, Const, Active)]
#[autodiff_forward(t_helmholtz, Const, Dual, Dual, Dual, Dual)]
fn helmholtz_energy(p: &Parameters, t: f64, v: f64, n: &[f64]) -> f64 {
    let mut sum = p.model.unwrap_or(0.0);
    for i in 0..p.components {
        sum += t / v * p.m[i] * n[i];
        for j in 0..p.components {
            sum += p.k_ij[i][j] * n[i] * n[j];
        }
    }
    sum
}

fn feos() {
    let p = black_box(Parameters {
        components: 2,
        m: vec![3.0, 5.0],
        k_ij: [[7.0, 11.0], [13.0, 17.0]],
        model: Some(19.0),
    });
    let (n, mut dn) = ([2.0, 4.0], [0.0; 2]);
    // t / v = 4; 4 * 26 + 28 + 24 * 8 + 272 + 19
    let got = d_helmholtz(&p, 8.0, 2.0, &n, &mut dn, 1.0);
    exact("feos", got, (104.0 + 28.0 + 192.0 + 272.0 + 19.0, 13.0, -52.0));
    exact("feos", dn, [12.0 + 28.0 + 96.0, 20.0 + 48.0 + 136.0]);
    let got = t_helmholtz(&p, 8.0, 1.0, 2.0, 10.0, &n, &[0.0, 100.0]);
    exact("feos", got, (615.0, 13.0 - 520.0 + 20400.0));
    let zero = [[0.0; 2]; 2];
    let mut dp = Parameters { components: 2, m: vec![0.0; 2], k_ij: zero, model: Some(0.0) };
    exact("feos, parameters", d_parameters(&p, &mut dp, 8.0, 2.0, &n, 1.0), 615.0);
    exact("feos, parameters", (dp.m, dp.k_ij), (vec![8.0, 16.0], [[4.0, 8.0], [8.0, 16.0]]));
    exact("feos, parameters", dp.model, Some(1.0));
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Wishart {
    gamma: f64,
    m: i32,
}

// Of a mixture of k Gaussians in d dimensions with unit covariance, with the prior gamma^2 m |mu|^2 / 2:
// sum_i log sum_j exp(alpha_j - |x_i - mu_j|^2 / 2) - n log sum_j exp(alpha_j) + prior
#[autodiff_reverse(d_gmm, Const, Const, Duplicated, Duplicated, Const, Active, Active)]
#[autodiff_reverse(d_gmm_const, Const, Const, Duplicated, Duplicated, Const, Const, Active)]
fn gmm(d: usize, k: usize, alphas: &[f64], means: &[f64], x: &[f64], wishart: Wishart) -> f64 {
    let n = x.len() / d;
    let mut total = 0.0;
    for i in 0..n {
        let mut sum = 0.0;
        for j in 0..k {
            let mut s = alphas[j];
            for q in 0..d {
                let z = x[i * d + q] - means[j * d + q];
                s -= 0.5 * z * z;
            }
            sum += s.exp();
        }
        total += sum.ln();
    }
    let mut weights = 0.0;
    for alpha in alphas {
        weights += alpha.exp();
    }
    let mut prior = 0.0;
    for mean in means {
        prior += 0.5 * mean * mean;
    }
    total - n as f64 * weights.ln() + wishart.gamma * wishart.gamma * wishart.m as f64 * prior
}

fn adbench() {
    let (d, k, n) = (2, 3, 4);
    let alphas = black_box([0.1, -0.2, 0.3]);
    let means = black_box([0.0, 1.0, 1.0, 0.0, -1.0, 0.5]);
    let x = black_box([0.5, 0.5, 1.0, 1.0, -0.5, 0.25, 0.0, -1.0]);
    let wishart = Wishart { gamma: 0.5, m: 3 };
    let (mut dalphas, mut dmeans) = ([0.0; 3], [0.0; 6]);
    let (value, dwishart) =
        d_gmm(d, k, &alphas, &mut dalphas, &means, &mut dmeans, &x, wishart, 1.0);

    // With r_ij = exp(s_ij) / sum_j exp(s_ij): by alpha_j, sum_i r_ij - n softmax_j;
    // by mu_jq, sum_i r_ij (x_iq - mu_jq) + gamma^2 m mu_jq; by gamma, 2 gamma m prior.
    let (mut want_alphas, mut want_means) = ([0.0; 3], [0.0; 6]);
    let weights: f64 = alphas.iter().map(|a| a.exp()).sum();
    let prior: f64 = means.iter().map(|m| 0.5 * m * m).sum();
    let mut want = 0.75 * prior - n as f64 * weights.ln();
    for i in 0..n {
        let s: [f64; 3] = std::array::from_fn(|j| {
            let z = [x[i * d] - means[j * d], x[i * d + 1] - means[j * d + 1]];
            (alphas[j] - 0.5 * (z[0] * z[0] + z[1] * z[1])).exp()
        });
        let sum: f64 = s.iter().sum();
        want += sum.ln();
        for j in 0..k {
            want_alphas[j] += s[j] / sum;
            for q in 0..d {
                want_means[j * d + q] += s[j] / sum * (x[i * d + q] - means[j * d + q]);
            }
        }
    }
    for j in 0..k {
        want_alphas[j] -= n as f64 * alphas[j].exp() / weights;
    }
    for (want, mean) in want_means.iter_mut().zip(means) {
        *want += 0.75 * mean;
    }
    close("gmm", value, want, 10.0 * F64);
    for j in 0..k {
        close(&format!("gmm, alpha {j}"), dalphas[j], want_alphas[j], 100.0 * F64);
    }
    for j in 0..k * d {
        close(&format!("gmm, mean {j}"), dmeans[j], want_means[j], 100.0 * F64);
    }
    close("gmm, gamma", dwishart.gamma, 2.0 * 0.5 * 3.0 * prior, F64);
    exact("gmm, m", dwishart.m, 3);

    let (mut again, mut means_again) = ([0.0; 3], [0.0; 6]);
    d_gmm_const(d, k, &alphas, &mut again, &means, &mut means_again, &x, wishart, 1.0);
    exact("gmm, const", (again, means_again), (dalphas, dmeans));
}

pub fn main() {
    diffsol();
    molpipx();
    feos();
    adbench();
}
