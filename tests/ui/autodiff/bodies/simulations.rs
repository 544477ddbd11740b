//! Check derivatives of functions as they are written for simulation and thermodynamics. Each is
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

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

// Fugacity by the equation of Peng and Robinson.
#[autodiff_reverse(d_fugacity, Duplicated, Active)]
#[autodiff_forward(t_fugacity, Dual, Dual)]
fn fugacity(x: &[f64]) -> f64 {
    struct Eos {
        tc: f64,
        pc: f64,
        w: f64,
    }
    impl Eos {
        fn ab(&self, t: f64) -> (f64, f64) {
            const R: f64 = 8.314;
            let k = 0.37464 + 1.54226 * self.w - 0.26992 * self.w * self.w;
            let al = (1.0 + k * (1.0 - (t / self.tc).sqrt())).powi(2);
            (0.45724 * R * R * self.tc * self.tc / self.pc * al, 0.0778 * R * self.tc / self.pc)
        }

        fn z(&self, t: f64, p: f64) -> f64 {
            const R: f64 = 8.314;
            let (a, b) = self.ab(t);
            let (aa, bb) = (a * p / (R * R * t * t), b * p / (R * t));
            let (c2, c1, c0) =
                (-(1.0 - bb), aa - 3.0 * bb * bb - 2.0 * bb, -(aa * bb - bb * bb - bb * bb * bb));
            let mut z = 1.0;
            for _ in 0..50 {
                let g = ((z + c2) * z + c1) * z + c0;
                let dg = (3.0 * z + 2.0 * c2) * z + c1;
                let dz = g / dg;
                z -= dz;
                if dz.abs() < 1e-15 {
                    break;
                }
            }
            z
        }
        fn lnphi(&self, t: f64, p: f64) -> f64 {
            const R: f64 = 8.314;
            let (a, b) = self.ab(t);
            let (aa, bb) = (a * p / (R * R * t * t), b * p / (R * t));
            let z = self.z(t, p);
            let s2 = 2f64.sqrt();
            z - 1.0
                - (z - bb).ln()
                - aa / (2.0 * s2 * bb) * ((z + (1.0 + s2) * bb) / (z + (1.0 - s2) * bb)).ln()
        }
    }

    let e =
        Eos { tc: 300.0 * (1.0 + 0.1 * x[0]), pc: 4e6 * (1.0 + 0.1 * x[1]), w: 0.2 * (1.0 + x[2]) };
    e.lnphi(350.0 * (1.0 + 0.05 * x[3]), 1e6 * (1.5 + x[4])) * 10.0 + x[5] * x[5]
}

// Flash by the equation of Rachford and Rice.
#[autodiff_reverse(d_flash, Duplicated, Active)]
#[autodiff_forward(t_flash, Dual, Dual)]
fn flash(x: &[f64]) -> f64 {
    fn rr(z: &[f64], k: &[f64]) -> f64 {
        let mut v = 0.5;
        for _ in 0..40 {
            let (mut g, mut d) = (0.0, 0.0);
            for i in 0..z.len() {
                let q = k[i] - 1.0;
                let e = 1.0 + v * q;
                g += z[i] * q / e;
                d -= z[i] * q * q / (e * e);
            }
            let dv = g / d;
            v -= dv;
            if dv.abs() < 1e-15 {
                break;
            }
        }
        v
    }

    let s: f64 = x[..3].iter().map(|v| v.exp()).sum();
    let z: Vec<f64> = x[..3].iter().map(|v| v.exp() / s).collect();
    let k = [2.0 + x[3] * 0.1, 1.1 + x[4] * 0.1, 0.3 + 0.1 * x[5]];
    let v = rr(&z, &k);
    z.iter()
        .zip(&k)
        .map(|(z, k)| {
            let a = z / (1.0 + v * (k - 1.0));
            a * a.ln()
        })
        .sum::<f64>()
        + v
}

// A controlled oscillator.
#[autodiff_reverse(d_controller, Duplicated, Active)]
#[autodiff_forward(t_controller, Dual, Dual)]
fn controller(x: &[f64]) -> f64 {
    struct Pid {
        kp: f64,
        ki: f64,
        kd: f64,
        i: f64,
        last: f64,
    }
    impl Pid {
        fn step(&mut self, e: f64, dt: f64) -> f64 {
            self.i += e * dt;
            let d = (e - self.last) / dt;
            self.last = e;
            self.kp * e + self.ki * self.i + self.kd * d
        }
    }

    let mut p = Pid { kp: x[0], ki: x[1], kd: x[2], i: 0.0, last: x[3] };
    let mut y = x[4];
    let mut v = 0.0;
    let mut c = 0.0;
    for _ in 0..15 {
        let u = p.step(x[5] - y, 0.1);
        v += 0.1 * (u - v);
        y += 0.1 * v;
        c += (x[5] - y).powi(2);
    }
    c
}

// Likelihood by a Kalman filter.
#[autodiff_reverse(d_kalman_filter, Duplicated, Active)]
#[autodiff_forward(t_kalman_filter, Dual, Dual)]
fn kalman_filter(x: &[f64]) -> f64 {
    #[derive(Clone, Copy)]
    struct M2([[f64; 2]; 2]);
    impl std::ops::Mul for M2 {
        type Output = M2;
        fn mul(self, o: M2) -> M2 {
            let mut r = M2([[0.0; 2]; 2]);
            for i in 0..2 {
                for j in 0..2 {
                    r.0[i][j] = (0..2).map(|k| self.0[i][k] * o.0[k][j]).sum();
                }
            }
            r
        }
    }
    impl std::ops::Add for M2 {
        type Output = M2;
        fn add(self, o: M2) -> M2 {
            M2(std::array::from_fn(|i| std::array::from_fn(|j| self.0[i][j] + o.0[i][j])))
        }
    }
    impl M2 {
        fn t(self) -> M2 {
            M2([[self.0[0][0], self.0[1][0]], [self.0[0][1], self.0[1][1]]])
        }
    }

    let a = M2([[1.0, 0.1], [x[0] * 0.1, 0.95]]);
    let q = M2([[0.01 + x[1].abs() * 0.1, 0.0], [0.0, 0.02]]);
    let mut p = M2([[1.0, 0.0], [0.0, 1.0]]);
    let mut m = [0.0, 0.0];
    let mut l = 0.0;
    for z in x {
        let mp = [a.0[0][0] * m[0] + a.0[0][1] * m[1], a.0[1][0] * m[0] + a.0[1][1] * m[1]];
        p = a * p * a.t() + q;
        let s = p.0[0][0] + 0.3;
        let k = [p.0[0][0] / s, p.0[1][0] / s];
        let e = z - mp[0];
        l += 0.5 * (e * e / s + s.ln());
        m = [mp[0] + k[0] * e, mp[1] + k[1] * e];
        let kh = M2([[1.0 - k[0], 0.0], [-k[1], 1.0]]);
        p = kh * p;
    }
    l
}

// A natural spline.
#[autodiff_reverse(d_spline, Duplicated, Active)]
#[autodiff_forward(t_spline, Dual, Dual)]
fn spline(x: &[f64]) -> f64 {
    fn tridiag(a: &[f64], b: &mut [f64], c: &[f64], d: &mut [f64]) {
        let n = d.len();
        for i in 1..n {
            let m = a[i] / b[i - 1];
            b[i] -= m * c[i - 1];
            d[i] -= m * d[i - 1];
        }
        d[n - 1] /= b[n - 1];
        for i in (0..n - 1).rev() {
            d[i] = (d[i] - c[i] * d[i + 1]) / b[i];
        }
    }

    let n = x.len();
    let a = vec![1.0; n];
    let mut b = vec![4.0; n];
    let c = vec![1.0; n];
    b[0] = 1.0;
    b[n - 1] = 1.0;
    let mut c2 = c.clone();
    c2[0] = 0.0;
    let mut a2 = a.clone();
    a2[n - 1] = 0.0;
    let mut d: Vec<f64> = (0..n)
        .map(|i| if i == 0 || i == n - 1 { 0.0 } else { 6.0 * (x[i - 1] - 2.0 * x[i] + x[i + 1]) })
        .collect();
    tridiag(&a2, &mut b, &c2, &mut d);
    let t = 2.4;
    let i = t as usize;
    let u = t - i as f64;
    let w = 1.0 - u;
    w * x[i]
        + u * x[i + 1]
        + ((w * w * w - w) * d[i] + (u * u * u - u) * d[i + 1]) / 6.0
        + d[1] * d[2]
}

// A linear system by LU with pivots.
#[autodiff_reverse(d_lu_decomposition, Duplicated, Active)]
#[autodiff_forward(t_lu_decomposition, Dual, Dual)]
fn lu_decomposition(x: &[f64]) -> f64 {
    fn lu(a: &mut [f64], n: usize, p: &mut [usize]) -> f64 {
        let mut s = 1.0;
        for k in 0..n {
            let mut m = k;
            for i in k + 1..n {
                if a[i * n + k].abs() > a[m * n + k].abs() {
                    m = i;
                }
            }
            if m != k {
                for j in 0..n {
                    a.swap(k * n + j, m * n + j);
                }
                p.swap(k, m);
                s = -s;
            }
            for i in k + 1..n {
                a[i * n + k] /= a[k * n + k];
                for j in k + 1..n {
                    a[i * n + j] -= a[i * n + k] * a[k * n + j];
                }
            }
        }
        s
    }

    fn solve(a: &[f64], n: usize, p: &[usize], b: &[f64]) -> Vec<f64> {
        let mut x: Vec<f64> = p.iter().map(|&i| b[i]).collect();
        for i in 0..n {
            for j in 0..i {
                x[i] -= a[i * n + j] * x[j];
            }
        }
        for i in (0..n).rev() {
            for j in i + 1..n {
                x[i] -= a[i * n + j] * x[j];
            }
            x[i] /= a[i * n + i];
        }
        x
    }

    let mut a = vec![x[0], 2.0, x[1], 1.0, x[2], 3.0, -2.0, x[3], x[4]];
    let mut p = vec![0, 1, 2];
    let s = lu(&mut a, 3, &mut p);
    let y = solve(&a, 3, &p, &[1.0, x[5], x[0]]);
    y.iter().map(|v| v * v).sum::<f64>() + s * a[0] * a[4] * a[8]
}

// Forward algorithm of a hidden Markov model.
#[autodiff_reverse(d_forward_algorithm, Duplicated, Active)]
#[autodiff_forward(t_forward_algorithm, Dual, Dual)]
fn forward_algorithm(x: &[f64]) -> f64 {
    let n = 2;
    let t = [[x[0], x[1]], [x[2], x[3]]];
    let lse = |a: f64, b: f64| {
        let m = a.max(b);
        m + ((a - m).exp() + (b - m).exp()).ln()
    };
    let mut al = [x[4], x[5]];
    for _ in 0..5 {
        let mut nx = [f64::NEG_INFINITY; 2];
        for j in 0..n {
            for i in 0..n {
                nx[j] = if nx[j] == f64::NEG_INFINITY {
                    al[i] + t[i][j]
                } else {
                    lse(nx[j], al[i] + t[i][j])
                };
            }
        }
        al = nx;
    }
    lse(al[0], al[1])
}

// Dynamic time warping.
#[autodiff_reverse(d_warping, Duplicated, Active)]
#[autodiff_forward(t_warping, Dual, Dual)]
fn warping(x: &[f64]) -> f64 {
    let (a, b) = x.split_at(3);
    let mut d = vec![vec![f64::INFINITY; 4]; 4];
    d[0][0] = 0.0;
    for i in 1..=3 {
        for j in 1..=3 {
            let c = (a[i - 1] - b[j - 1]).powi(2);
            d[i][j] = c + d[i - 1][j].min(d[i][j - 1]).min(d[i - 1][j - 1]);
        }
    }
    d[3][3]
}

pub fn main() {
    let mut checks = Checks::new();
    checks.gradient(
        "fugacity",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        fugacity,
        d_fugacity,
        t_fugacity,
    );
    checks.gradient("flash", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], flash, d_flash, t_flash);
    checks.gradient(
        "controller",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        controller,
        d_controller,
        t_controller,
    );
    checks.gradient(
        "kalman_filter",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        kalman_filter,
        d_kalman_filter,
        t_kalman_filter,
    );
    checks.gradient("spline", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], spline, d_spline, t_spline);
    checks.gradient(
        "lu_decomposition",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        lu_decomposition,
        d_lu_decomposition,
        t_lu_decomposition,
    );
    checks.gradient(
        "forward_algorithm",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        forward_algorithm,
        d_forward_algorithm,
        t_forward_algorithm,
    );
    checks.gradient("warping", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], warping, d_warping, t_warping);
    checks.finish(168);
}
