//! Primals that use num-complex.

#![feature(autodiff)]

mod common;

use num_complex::{Complex, Complex64, ComplexFloat, c64};

primals! {
    fn product_and_quotient(x) at [1.0, -0.5, 2.0, 0.25] {
        let (a, b) = (c64(x[0], x[1]), c64(x[2], x[3]));
        (a * b / (a + b)).re
    }

    fn exp(x) at [0.3, -0.5] {
        let z = c64(x[0], x[1]).exp();
        z.re * z.im
    }

    fn ln_and_sqrt(x) at [0.3, -0.5] {
        let z = c64(x[0], x[1]);
        z.ln().im + z.sqrt().re
    }

    fn powf(x) at [0.3, -0.5, 1.5] {
        c64(x[0], x[1]).powf(x[2]).norm_sqr().sqrt() + c64(x[0], x[1]).powf(2.5).im
    }

    fn powc_and_powi(x) at [0.3, -0.5, 1.5] {
        let z = c64(x[0], x[1]);
        z.powc(c64(x[2], x[0])).re + z.powi(3).im + z.powu(5).re + z.powi(-2).im
    }

    fn polar(x) at [0.3, -0.5] {
        let z = Complex::from_polar(x[0], x[1]);
        let (r, angle) = (z * z + z).to_polar();
        r * angle
    }

    fn norm_and_arg(x) at [0.3, -0.5] {
        let z = c64(x[0], x[1]);
        z.norm() * z.arg() + z.norm_sqr() + z.l1_norm()
    }

    fn trigonometric(x) at [0.3, -0.5] {
        let z = c64(x[0], x[1]);
        (z.sin() * z.cosh()).re + z.tan().im + z.atan().re
    }

    fn inverse_and_conjugate(x) at [0.3, -0.5] {
        let z = c64(x[0], x[1]);
        (z.inv() * z.conj() * Complex64::i() + 1.0).im + z.recip().re
    }

    fn sum_of_a_vec(x) at [0.3, -0.5, 1.0, 2.0] {
        let z: Vec<Complex64> = x.chunks(2).map(|x| c64(x[0], x[1])).collect();
        let sum: Complex64 = z.iter().map(|z| z * z).sum();
        (sum * z.iter().product::<Complex64>()).re
    }

    fn iteration(x) at [0.3, -0.5] {
        let c = c64(x[0], x[1]);
        (0..6).fold(c, |z, _| z * z + c).norm()
    }

    fn discrete_fourier_transform(x) at [0.3, -0.5, 1.0, 2.0] {
        let n = x.len();
        let transformed: Vec<Complex64> = (0..n)
            .map(|k| {
                let turn = -std::f64::consts::TAU * k as f64 / n as f64;
                x.iter().enumerate().map(|(i, x)| x * Complex64::cis(turn * i as f64)).sum()
            })
            .collect();
        transformed.iter().enumerate().map(|(k, z)| k as f64 * z.norm_sqr()).sum()
    }

    fn assigned(x) at [0.3, -0.5, 1.0, 2.0] {
        let mut z = c64(x[0], x[1]);
        z *= c64(x[2], x[3]);
        z -= x[0];
        z /= c64(x[1], 1.0);
        z.re * z.im
    }
}

primals_f32! {
    fn product_in_f32(x) at [0.25, -0.5, 1.0, 2.0] {
        let z = Complex::new(x[0], x[1]) * Complex::new(x[2], x[3]);
        (z * z).re + z.exp().im
    }
}
