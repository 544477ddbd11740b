//! Check the derivatives of a Helmholtz energy with the header that feos has: parameters behind a
//! reference, temperature and volume by value, amounts in a slice. The pressure, the entropy and
//! the chemical potentials of van der Waals' equation are known in closed form.

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

const R: f64 = 8.314;

struct Parameters {
    names: Vec<String>,
    covolume: Vec<f64>,
    attraction: Vec<f64>,
    interaction: Vec<Vec<f64>>,
}

#[autodiff_reverse(d_state, Const, Active, Active, Duplicated, Active)]
#[autodiff_forward(t_state, Const, Dual, Dual, Dual, Dual)]
#[autodiff_reverse(d_all, Duplicated, Active, Active, Duplicated, Active)]
#[autodiff_forward(t_all, Dual, Dual, Dual, Dual, Dual)]
fn helmholtz_energy(p: &Parameters, t: f64, v: f64, n: &[f64]) -> f64 {
    let b: f64 = n.iter().zip(&p.covolume).map(|(n, b)| n * b).sum();
    let mut a = 0.0;
    for (i, ni) in n.iter().enumerate() {
        for (j, nj) in n.iter().enumerate() {
            let geometric = (p.attraction[i] * p.attraction[j]).sqrt();
            a += ni * nj * geometric * (1.0 - p.interaction[i][j]);
        }
    }
    let ideal: f64 = n.iter().map(|n| n * R * t * ((n / (v - b)).ln() - 1.0)).sum();
    let thermal = -1.5 * n.iter().sum::<f64>() * R * t * t.ln();
    ideal + thermal - a / v
}

fn parameters(x: &[f64]) -> Parameters {
    Parameters {
        names: vec!["first".to_string(), "second".to_string()],
        covolume: x[..2].to_vec(),
        attraction: x[2..4].to_vec(),
        interaction: vec![x[4..6].to_vec(), x[6..8].to_vec()],
    }
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.03, 0.05, 0.2, 0.4, 0.01, 0.1, 0.12, -0.02];
    let p = parameters(&x);
    assert_eq!(p.names.len(), p.covolume.len());
    let (t, v, n) = (1.4, 2.0, [1.5, 0.8]);

    let mut potentials = [0.0; 2];
    let (value, by_t, by_v) = d_state(&p, t, v, &n, &mut potentials, 1.0);
    let b = n[0] * x[0] + n[1] * x[1];
    let mixed = f64::sqrt(x[2] * x[3]);
    let attraction =
        [[x[2] * (1.0 - x[4]), mixed * (1.0 - x[5])], [mixed * (1.0 - x[6]), x[3] * (1.0 - x[7])]];
    let mut a = 0.0;
    for i in 0..2 {
        for j in 0..2 {
            a += n[i] * n[j] * attraction[i][j];
        }
    }
    let total = n[0] + n[1];
    let logarithms = n.map(|n| f64::ln(n / (v - b)));
    let ideal = n[0] * (logarithms[0] - 1.0) + n[1] * (logarithms[1] - 1.0);
    let energy = R * t * ideal - 1.5 * total * R * t * t.ln() - a / v;
    checks.compare("energy", value, energy, 1.0);
    // p = -dA/dV = n R T / (V - b) - a / V^2
    checks.compare("pressure", -by_v, total * R * t / (v - b) - a / (v * v), 1.0);
    // S = -dA/dT
    let entropy = -R * ideal + 1.5 * total * R * (t.ln() + 1.0);
    checks.compare("entropy", -by_t, entropy, 1.0);
    for i in 0..2 {
        let attracted: f64 = (0..2).map(|j| n[j] * (attraction[i][j] + attraction[j][i])).sum();
        let potential =
            R * t * (logarithms[i] + total * x[i] / (v - b)) - 1.5 * R * t * t.ln() - attracted / v;
        checks.compare("chemical potential", potentials[i], potential, 1.0);
    }
    let forward = t_state(&p, t, 1.0, v, 0.0, &n, &[0.0; 2]);
    checks.compare("entropy, forward", -forward.1, entropy, 1.0);

    // By the parameters too, as for fitting them.
    let mut all = x.to_vec();
    all.extend([t, v, n[0], n[1]]);
    checks.gradient(
        "all",
        &all,
        |x| helmholtz_energy(&parameters(x), x[8], x[9], &x[10..]),
        |x, dx, seed| {
            let mut dp = parameters(&[0.0; 8]);
            let (value, by_t, by_v) =
                d_all(&parameters(x), &mut dp, x[8], x[9], &x[10..], &mut dx[10..], seed);
            let interaction = dp.interaction.concat();
            let by_p = dp.covolume.iter().chain(&dp.attraction).chain(&interaction);
            dx.iter_mut().zip(by_p).for_each(|(dx, by)| *dx += by);
            dx[8] += by_t;
            dx[9] += by_v;
            value
        },
        |x, dx| {
            let (p, dp) = (parameters(x), parameters(dx));
            t_all(&p, &dp, x[8], dx[8], x[9], dx[9], &x[10..], &dx[10..])
        },
    );
    checks.finish(6 + 3 * 12 + 3);
}
