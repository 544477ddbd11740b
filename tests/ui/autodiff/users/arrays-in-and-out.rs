//! Check the derivatives of an energy as molpipx has them generated: polynomials of exponentials of
//! distances, written to an array that the caller gives, and their sum returned.

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

const N: usize = 5;
const M: usize = 8;

// Distances first, coefficients after them. The polynomials do not change when the first two
// distances change places.
#[autodiff_reverse(d_energy, Duplicated, Duplicated, Active)]
#[autodiff_forward(t_energy, Dual, Dual, Dual)]
fn f_energy(res: &mut [f64; N], w: &[f64; M]) -> f64 {
    let mut morse = [0.0; 3];
    for (m, r) in morse.iter_mut().zip(w) {
        *m = (-r / 1.2).exp();
    }
    let [a, b, c] = morse;
    res[0] = 1.0;
    res[1] = a + b;
    res[2] = c;
    res[3] = a * b;
    res[4] = res[1] * res[1] * res[2] - res[3];
    let mut energy = 0.0;
    for i in 0..N {
        energy += w[3 + i] * res[i];
    }
    energy
}

/// The energy, plus what is written times weights that tell the places apart.
fn weighed(energy: f64, res: &[f64; N]) -> f64 {
    energy + res.iter().zip(WEIGHTS).map(|(res, weight)| res * weight).sum::<f64>()
}

const WEIGHTS: [f64; N] = [2.0, 3.0, 5.0, 7.0, 11.0];

pub fn main() {
    let mut checks = Checks::new();
    let w = [1.1, 0.8, 1.5, 0.3, -0.7, 1.3, 0.9, -0.4];
    checks.gradient(
        "energy",
        &w,
        |w| f_energy(&mut [0.0; N], w.try_into().unwrap()),
        |w, dw, seed| {
            let (w, dw) = (w.try_into().unwrap(), dw.try_into().unwrap());
            d_energy(&mut [0.0; N], &mut [0.0; N], w, dw, seed)
        },
        |w, dw| {
            let (w, dw) = (w.try_into().unwrap(), dw.try_into().unwrap());
            t_energy(&mut [0.0; N], &mut [0.0; N], w, dw)
        },
    );
    // Both results at once.
    checks.gradient(
        "energy and polynomials",
        &w,
        |w| {
            let mut res = [0.0; N];
            weighed(f_energy(&mut res, w.try_into().unwrap()), &res)
        },
        |w, dw, seed| {
            let (mut res, mut dres) = ([0.0; N], WEIGHTS.map(|weight| weight * seed));
            let (w, dw) = (w.try_into().unwrap(), dw.try_into().unwrap());
            let energy = d_energy(&mut res, &mut dres, w, dw, seed);
            assert_eq!(dres, [0.0; N], "what was written over has no derivative");
            weighed(energy, &res)
        },
        |w, dw| {
            let (mut res, mut dres) = ([0.0; N], [0.0; N]);
            let (w, dw) = (w.try_into().unwrap(), dw.try_into().unwrap());
            let (energy, denergy) = t_energy(&mut res, &mut dres, w, dw);
            (weighed(energy, &res), weighed(denergy, &dres))
        },
    );
    checks.finish(2 * (3 * 8 + 3));
}
