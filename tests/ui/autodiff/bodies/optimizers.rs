//! Check derivatives of functions that search: for roots and minima, and in tables. Each is compared
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

// A cubic root by Newton, until it does not change.
#[autodiff_reverse(d_cubic_root, Duplicated, Active)]
#[autodiff_forward(t_cubic_root, Dual, Dual)]
fn cubic_root(x: &[f64]) -> f64 {
    let (a, b) = (2.0 + x[0], 3.0 + x[1]);
    let mut y = 1.0;
    let mut n = 0;
    while (y * y * y + a * y - b).abs() > 1e-15 && n < 60 {
        y -= (y * y * y + a * y - b) / (3.0 * y * y + a);
        n += 1;
    }
    y * x[2] + x[3] * y * y + x[4] + x[5]
}

// Some steps of BFGS with a line search.
#[autodiff_reverse(d_quasi_newton, Duplicated, Active)]
#[autodiff_forward(t_quasi_newton, Dual, Dual)]
fn quasi_newton(x: &[f64]) -> f64 {
    fn rosen(p: &[f64; 2], a: f64, b: f64) -> f64 {
        (a - p[0]).powi(2) + b * (p[1] - p[0] * p[0]).powi(2)
    }
    fn grad(p: &[f64; 2], a: f64, b: f64) -> [f64; 2] {
        let e = p[1] - p[0] * p[0];
        [-2.0 * (a - p[0]) - 4.0 * b * p[0] * e, 2.0 * b * e]
    }

    let (a, b) = (1.0 + x[0], 2.0 + x[1]);
    let mut p = [x[2], x[3]];
    let mut h = [[1.0, 0.0], [0.0, 1.0]];
    let mut g = grad(&p, a, b);
    for _ in 0..6 {
        let d = [-(h[0][0] * g[0] + h[0][1] * g[1]), -(h[1][0] * g[0] + h[1][1] * g[1])];
        let mut t = 1.0;
        let f0 = rosen(&p, a, b);
        while rosen(&[p[0] + t * d[0], p[1] + t * d[1]], a, b)
            > f0 + 1e-4 * t * (g[0] * d[0] + g[1] * d[1])
            && t > 1e-6
        {
            t *= 0.5;
        }
        let s = [t * d[0], t * d[1]];
        let q = [p[0] + s[0], p[1] + s[1]];
        let gn = grad(&q, a, b);
        let y = [gn[0] - g[0], gn[1] - g[1]];
        let sy = s[0] * y[0] + s[1] * y[1];
        if sy > 1e-10 {
            let r = 1.0 / sy;
            let hy = [h[0][0] * y[0] + h[0][1] * y[1], h[1][0] * y[0] + h[1][1] * y[1]];
            let yhy = y[0] * hy[0] + y[1] * hy[1];
            for i in 0..2 {
                for j in 0..2 {
                    h[i][j] +=
                        (1.0 + yhy * r) * r * s[i] * s[j] - r * (hy[i] * s[j] + s[i] * hy[j]);
                }
            }
        }
        p = q;
        g = gn;
    }
    rosen(&p, a, b) + p[0] * x[4] + p[1] * x[5]
}

// Golden section search.
#[autodiff_reverse(d_golden_section, Duplicated, Active)]
#[autodiff_forward(t_golden_section, Dual, Dual)]
fn golden_section(x: &[f64]) -> f64 {
    let g = |t: f64| (t - x[0]).powi(2) * x[5] + (t * x[1]).cos() * 0.1;
    let (mut a, mut b) = (-2.0, 2.0);
    let r = 0.618;
    for _ in 0..5 {
        let c = b - r * (b - a);
        let d = a + r * (b - a);
        if g(c) < g(d) { b = d } else { a = c }
    }
    g(0.5 * (a + b)) + x[2] * g(a) + x[3] * x[4]
}

// Some steps of Nelder and Mead.
#[autodiff_reverse(d_simplex, Duplicated, Active)]
#[autodiff_forward(t_simplex, Dual, Dual)]
fn simplex(x: &[f64]) -> f64 {
    let g = |p: [f64; 2]| {
        (p[0] - x[0]).powi(2) * 2.0 + (p[1] - x[1] * p[0]).powi(2) + x[2] * 0.1 * p[0]
    };
    let mut s = [([x[3], x[4]], 0.0), ([x[3] + 1.0, x[4]], 0.0), ([x[3], x[4] + x[5]], 0.0)];
    for v in s.iter_mut() {
        v.1 = g(v.0);
    }
    for _ in 0..8 {
        s.sort_by(|a, b| a.1.partial_cmp(&b.1).unwrap());
        let c = [(s[0].0[0] + s[1].0[0]) / 2.0, (s[0].0[1] + s[1].0[1]) / 2.0];
        let r = [2.0 * c[0] - s[2].0[0], 2.0 * c[1] - s[2].0[1]];
        let gr = g(r);
        if gr < s[1].1 {
            s[2] = (r, gr);
        } else {
            let k = [0.5 * (c[0] + s[2].0[0]), 0.5 * (c[1] + s[2].0[1])];
            s[2] = (k, g(k));
        }
    }
    s[0].1 + s[1].0[0] + s[2].0[1]
}

// Tables, looked up by index, by bisection and by `partition_point`.
#[autodiff_reverse(d_interpolated, Duplicated, Active)]
#[autodiff_forward(t_interpolated, Dual, Dual)]
fn interpolated(x: &[f64]) -> f64 {
    const T: [f64; 8] = [0.0, 0.5, 0.8, 1.0, 1.1, 1.15, 1.17, 1.18];
    static U: &[(f64, f64)] = &[(-1.0, 2.0), (-0.5, 1.0), (0.2, 3.0), (0.7, -1.0), (1.5, 0.5)];

    fn lin(t: &[f64], x: f64) -> f64 {
        let u = (x + 1.0) * 3.0;
        let i = (u.floor() as usize).min(t.len() - 2);
        let w = u - i as f64;
        t[i] * (1.0 - w) + t[i + 1] * w
    }

    fn bs(t: &[(f64, f64)], x: f64) -> f64 {
        let (mut l, mut h) = (0, t.len() - 1);
        while h - l > 1 {
            let m = (l + h) / 2;
            if t[m].0 > x { h = m } else { l = m }
        }
        let (x0, y0) = t[l];
        let (x1, y1) = t[h];
        y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    }
    fn pp(t: &[(f64, f64)], x: f64) -> f64 {
        let i = t.partition_point(|p| p.0 < x).clamp(1, t.len() - 1);
        let (a, b) = (t[i - 1], t[i]);
        a.1 + (b.1 - a.1) * (x - a.0) / (b.0 - a.0)
    }
    fn bsb(t: &[(f64, f64)], x: f64) -> f64 {
        let i = match t.binary_search_by(|p| p.0.partial_cmp(&x).unwrap()) {
            Ok(i) => i.max(1),
            Err(i) => i.clamp(1, t.len() - 1),
        };
        let (a, b) = (t[i - 1], t[i]);
        a.1 + (b.1 - a.1) * (x - a.0) / (b.0 - a.0)
    }

    x.iter().map(|v| lin(&T, *v) * bs(U, *v) + pp(U, *v) * bsb(U, v * 0.9)).sum()
}

// Pieces by ranges in a `match`.
#[autodiff_reverse(d_piecewise, Duplicated, Active)]
#[autodiff_forward(t_piecewise, Dual, Dual)]
fn piecewise(x: &[f64]) -> f64 {
    x.iter()
        .map(|v| match (v * 10.0) as i32 {
            ..=-5 => v * v,
            -4..0 => v.sin(),
            0..=4 => v.exp(),
            5 | 6 => v.powi(3),
            7.. => v.ln_1p(),
        })
        .sum::<f64>()
        + match x[0] {
            v if v < 0.0 => -v,
            0.0..0.5 => x[1] * x[0],
            _ => 1.0,
        }
}

// Labelled `break` and `continue`.
#[autodiff_reverse(d_labelled, Duplicated, Active)]
#[autodiff_forward(t_labelled, Dual, Dual)]
fn labelled(x: &[f64]) -> f64 {
    let mut s = 0.0;
    'o: for (i, a) in x.iter().enumerate() {
        for b in &x[i..] {
            if a * b < -0.5 {
                continue 'o;
            }
            if s > 4.0 {
                break 'o;
            }
            s += a * b * b;
        }
        s += a;
    }
    s
}

pub fn main() {
    let mut checks = Checks::new();
    checks.gradient(
        "cubic_root",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        cubic_root,
        d_cubic_root,
        t_cubic_root,
    );
    checks.gradient(
        "quasi_newton",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        quasi_newton,
        d_quasi_newton,
        t_quasi_newton,
    );
    checks.gradient(
        "golden_section",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        golden_section,
        d_golden_section,
        t_golden_section,
    );
    checks.gradient("simplex", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], simplex, d_simplex, t_simplex);
    checks.gradient(
        "interpolated",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        interpolated,
        d_interpolated,
        t_interpolated,
    );
    checks.gradient(
        "piecewise",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        piecewise,
        d_piecewise,
        t_piecewise,
    );
    checks.gradient(
        "labelled",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        labelled,
        d_labelled,
        t_labelled,
    );
    checks.finish(147);
}
