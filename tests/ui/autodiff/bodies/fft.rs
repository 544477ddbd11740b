//! Check derivatives of Fourier transforms: in place over a slice of complex structs, by recursion
//! with `Vec`s, by the definition. Each is compared with finite differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::f64::consts::PI;
use std::ops::{Add, Mul, Sub};

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[derive(Clone, Copy)]
struct Complex {
    re: f64,
    im: f64,
}

impl Complex {
    fn turn(angle: f64) -> Complex {
        Complex { re: angle.cos(), im: angle.sin() }
    }

    fn norm_squared(self) -> f64 {
        self.re * self.re + self.im * self.im
    }
}

impl Add for Complex {
    type Output = Complex;
    fn add(self, other: Complex) -> Complex {
        Complex { re: self.re + other.re, im: self.im + other.im }
    }
}

impl Sub for Complex {
    type Output = Complex;
    fn sub(self, other: Complex) -> Complex {
        Complex { re: self.re - other.re, im: self.im - other.im }
    }
}

impl Mul for Complex {
    type Output = Complex;
    fn mul(self, other: Complex) -> Complex {
        Complex {
            re: self.re * other.re - self.im * other.im,
            im: self.re * other.im + self.im * other.re,
        }
    }
}

/// In place: elements in reversed order of their bits, then butterflies of growing length.
fn transform(z: &mut [Complex]) {
    let n = z.len();
    let mut j = 0;
    for i in 1..n {
        let mut bit = n >> 1;
        while j & bit != 0 {
            j ^= bit;
            bit >>= 1;
        }
        j |= bit;
        if i < j {
            z.swap(i, j);
        }
    }
    let mut length = 2;
    while length <= n {
        let root = Complex::turn(-2.0 * PI / length as f64);
        for block in z.chunks_exact_mut(length) {
            let (low, high) = block.split_at_mut(length / 2);
            let mut factor = Complex { re: 1.0, im: 0.0 };
            for (a, b) in low.iter_mut().zip(high) {
                let (sum, difference) = (*a + *b * factor, *a - *b * factor);
                *a = sum;
                *b = difference;
                factor = factor * root;
            }
        }
        length *= 2;
    }
}

/// Not in place: even and odd elements apart, until one is left.
fn recursive(z: &[Complex]) -> Vec<Complex> {
    let n = z.len();
    if n == 1 {
        return z.to_vec();
    }
    let even: Vec<Complex> = z.iter().copied().step_by(2).collect();
    let odd: Vec<Complex> = z.iter().copied().skip(1).step_by(2).collect();
    let (even, odd) = (recursive(&even), recursive(&odd));
    let mut out = vec![Complex { re: 0.0, im: 0.0 }; n];
    for k in 0..n / 2 {
        let turned = odd[k] * Complex::turn(-2.0 * PI * k as f64 / n as f64);
        out[k] = even[k] + turned;
        out[k + n / 2] = even[k] - turned;
    }
    out
}

// A power of each bin, so that no component of the gradient is what Parseval says of all.
#[autodiff_reverse(d_spectrum, Duplicated, Active)]
#[autodiff_forward(t_spectrum, Dual, Dual)]
fn spectrum(z: &[Complex; 8]) -> f64 {
    let mut z = *z;
    transform(&mut z);
    z.iter().enumerate().map(|(k, z)| (k + 1) as f64 * z.norm_squared()).sum::<f64>().sqrt()
}

// In the caller's memory: the gradient of what is written, times what the caller wants of it.
#[autodiff_reverse(d_in_place, Duplicated)]
#[autodiff_forward(t_in_place, Dual)]
fn in_place(z: &mut [Complex]) {
    transform(z);
    for z in z {
        *z = *z * *z;
    }
}

fn complex(x: &[f64]) -> Vec<Complex> {
    x.chunks_exact(2).map(|c| Complex { re: c[0], im: c[1] }).collect()
}

/// A sum over all components with different weights.
fn weighed(z: &[Complex]) -> f64 {
    z.iter().enumerate().map(|(k, z)| (k as f64 + 0.5) * z.re - (k as f64 - 2.5) * z.im).sum()
}

// By recursion, in a `Vec` of structs.
#[autodiff_reverse(d_by_recursion, Duplicated, Active)]
#[autodiff_forward(t_by_recursion, Dual, Dual)]
fn by_recursion(x: &[f64]) -> f64 {
    let z: Vec<Complex> = x.iter().map(|x| Complex { re: *x, im: x * x }).collect();
    let z = recursive(&z);
    z.iter().enumerate().map(|(k, z)| (k + 1) as f64 * z.norm_squared()).sum()
}

// By its definition, with tuples for complex numbers.
#[autodiff_reverse(d_by_definition, Duplicated, Active)]
#[autodiff_forward(t_by_definition, Dual, Dual)]
fn by_definition(x: &[f64]) -> f64 {
    let n = x.len();
    let mut power = 0.0;
    for k in 0..n {
        let (re, im) = x.iter().enumerate().fold((0.0, 0.0), |(re, im), (j, x)| {
            let angle = -2.0 * PI * (j * k) as f64 / n as f64;
            (re + x * angle.cos(), im + x * angle.sin())
        });
        power += (k + 1) as f64 * re.hypot(im);
    }
    power
}

// A product of polynomials through the transform and back.
#[autodiff_reverse(d_convolved, Duplicated, Active)]
#[autodiff_forward(t_convolved, Dual, Dual)]
fn convolved(x: &[f64]) -> f64 {
    let mut a = [Complex { re: 0.0, im: 0.0 }; 8];
    let mut b = a;
    for i in 0..3 {
        a[i].re = x[i];
        b[i].re = x[3 + i];
    }
    transform(&mut a);
    transform(&mut b);
    for (a, b) in a.iter_mut().zip(&b) {
        *a = *a * *b;
        a.im = -a.im;
    }
    transform(&mut a);
    a[..5].iter().enumerate().map(|(i, a)| (i + 1) as f64 * a.re / 8.0).sum()
}

pub fn main() {
    let mut checks = Checks::new();
    let x: [f64; 16] = std::array::from_fn(|i| ((i * 5 + 2) % 13) as f64 / 6.0 - 0.9);
    checks.gradient(
        "spectrum",
        &x,
        |x| spectrum(complex(x)[..].try_into().unwrap()),
        |x, dx, seed| {
            let mut shadow = [Complex { re: 0.0, im: 0.0 }; 8];
            let value = d_spectrum(complex(x)[..].try_into().unwrap(), &mut shadow, seed);
            for (dx, by) in dx.chunks_exact_mut(2).zip(shadow) {
                dx[0] += by.re;
                dx[1] += by.im;
            }
            value
        },
        |x, dx| t_spectrum(complex(x)[..].try_into().unwrap(), complex(dx)[..].try_into().unwrap()),
    );
    checks.gradient(
        "in_place",
        &x[..8],
        |x| {
            let mut z = complex(x);
            in_place(&mut z);
            weighed(&z)
        },
        |x, dx, seed| {
            let mut z = complex(x);
            let mut shadow: Vec<Complex> = (0..z.len())
                .map(|k| Complex { re: seed * (k as f64 + 0.5), im: -seed * (k as f64 - 2.5) })
                .collect();
            d_in_place(&mut z, &mut shadow);
            for (dx, by) in dx.chunks_exact_mut(2).zip(shadow) {
                dx[0] += by.re;
                dx[1] += by.im;
            }
            weighed(&z)
        },
        |x, dx| {
            let (mut z, mut dz) = (complex(x), complex(dx));
            t_in_place(&mut z, &mut dz);
            (weighed(&z), weighed(&dz))
        },
    );
    checks.gradient(
        "by_recursion",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9, 0.2, -0.7],
        by_recursion,
        d_by_recursion,
        t_by_recursion,
    );
    checks.gradient(
        "by_definition",
        &[0.3, -0.8, 1.1, 0.6, -0.4],
        by_definition,
        d_by_definition,
        t_by_definition,
    );
    checks.gradient(
        "convolved",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        convolved,
        d_convolved,
        t_convolved,
    );
    checks.finish(144);
}
