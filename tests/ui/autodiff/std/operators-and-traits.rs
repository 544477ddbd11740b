//! Check derivatives of functions that calculate with operators and generic types of their own. Each is
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
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Deref, DerefMut, Div, Index, IndexMut};
use std::ops::{Mul, MulAssign, Neg, Sub};

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Vector<const N: usize>([f64; N]);

impl<const N: usize> Add for Vector<N> {
    type Output = Self;
    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl<const N: usize> AddAssign for Vector<N> {
    fn add_assign(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(a, b)| *a += b);
    }
}

impl<const N: usize> Mul<Vector<N>> for f64 {
    type Output = Vector<N>;
    fn mul(self, vector: Vector<N>) -> Vector<N> {
        Vector(vector.0.map(|v| self * v))
    }
}

impl<const N: usize> Neg for Vector<N> {
    type Output = Self;
    fn neg(self) -> Self {
        -1.0 * self
    }
}

impl<const N: usize> Sub for &Vector<N> {
    type Output = Vector<N>;
    fn sub(self, other: Self) -> Vector<N> {
        Vector(std::array::from_fn(|i| self.0[i] - other.0[i]))
    }
}

impl<const N: usize> Sum for Vector<N> {
    fn sum<I: Iterator<Item = Self>>(vectors: I) -> Self {
        vectors.fold(Vector([0.0; N]), |sum, vector| sum + vector)
    }
}

impl<const N: usize> Vector<N> {
    const DIMENSION: usize = N;

    fn dot(&self, other: &Self) -> f64 {
        self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum()
    }
}

#[autodiff_reverse(d_vectors, Duplicated, Active)]
#[autodiff_forward(t_vectors, Dual, Dual)]
fn vectors(x: &[f64]) -> f64 {
    let (a, b) = (Vector::<3>([x[0], x[1], x[2]]), Vector([x[3], x[4], x[5]]));
    let mut c = a + x[0] * b;
    c += -a;
    c.dot(&(&a - &b)) + b.dot(&a) * Vector::<3>::DIMENSION as f64
}

#[autodiff_reverse(d_sum_of_vectors, Duplicated, Active)]
#[autodiff_forward(t_sum_of_vectors, Dual, Dual)]
fn sum_of_vectors(x: &[f64]) -> f64 {
    let points: Vec<Vector<2>> = x.chunks(2).map(|c| Vector([c[0], c[1]])).collect();
    let centre = 1.0 / 3.0 * points.iter().copied().sum::<Vector<2>>();
    points.iter().map(|p| p - &centre).map(|d| d.dot(&d).sqrt() * d.0[0]).sum()
}

/// A matrix by rows.
#[derive(Clone)]
struct Matrix {
    data: Vec<f64>,
    columns: usize,
}

impl Index<(usize, usize)> for Matrix {
    type Output = f64;
    fn index(&self, (i, j): (usize, usize)) -> &f64 {
        &self.data[i * self.columns + j]
    }
}

impl IndexMut<(usize, usize)> for Matrix {
    fn index_mut(&mut self, (i, j): (usize, usize)) -> &mut f64 {
        &mut self.data[i * self.columns + j]
    }
}

impl Index<usize> for Matrix {
    type Output = [f64];
    fn index(&self, i: usize) -> &[f64] {
        &self.data[i * self.columns..(i + 1) * self.columns]
    }
}

impl Mul for &Matrix {
    type Output = Matrix;
    fn mul(self, other: &Matrix) -> Matrix {
        let rows = self.data.len() / self.columns;
        let mut product = Matrix { data: vec![0.0; rows * other.columns], columns: other.columns };
        for i in 0..rows {
            for j in 0..other.columns {
                for k in 0..self.columns {
                    product[(i, j)] += self[(i, k)] * other[(k, j)];
                }
            }
        }
        product
    }
}

impl MulAssign<f64> for Matrix {
    fn mul_assign(&mut self, factor: f64) {
        self.data.iter_mut().for_each(|v| *v *= factor);
    }
}

#[autodiff_reverse(d_matrices, Duplicated, Active)]
#[autodiff_forward(t_matrices, Dual, Dual)]
fn matrices(x: &[f64]) -> f64 {
    let a = Matrix { data: x.to_vec(), columns: 3 };
    let mut b = Matrix { data: x.iter().map(|v| v.sin()).collect(), columns: 2 };
    b *= x[0];
    b[(1, 0)] = x[5] * x[4];
    let product = &(&a * &b) * &a;
    product[1].iter().sum::<f64>() * product[(0, 2)]
}

#[derive(Clone, Copy)]
struct Dual {
    value: f64,
    slope: f64,
}

impl Add for Dual {
    type Output = Dual;
    fn add(self, other: Dual) -> Dual {
        Dual { value: self.value + other.value, slope: self.slope + other.slope }
    }
}

impl Mul for Dual {
    type Output = Dual;
    fn mul(self, other: Dual) -> Dual {
        let slope = self.slope * other.value + self.value * other.slope;
        Dual { value: self.value * other.value, slope }
    }
}

impl Div for Dual {
    type Output = Dual;
    fn div(self, other: Dual) -> Dual {
        let value = self.value / other.value;
        Dual { value, slope: (self.slope - value * other.slope) / other.value }
    }
}

impl Product for Dual {
    fn product<I: Iterator<Item = Dual>>(factors: I) -> Dual {
        factors.fold(Dual { value: 1.0, slope: 0.0 }, |product, factor| product * factor)
    }
}

#[autodiff_reverse(d_product_of_duals, Duplicated, Active)]
#[autodiff_forward(t_product_of_duals, Dual, Dual)]
fn product_of_duals(x: &[f64]) -> f64 {
    let duals = x.chunks(2).map(|c| Dual { value: c[0] + 1.0, slope: c[1] });
    let ratio = duals.clone().product::<Dual>() / duals.fold(Dual::from(x[1]), |a, b| a * a + b);
    ratio.value * ratio.slope
}

impl From<f64> for Dual {
    fn from(value: f64) -> Dual {
        Dual { value, slope: 1.0 }
    }
}

/// What a function needs of numbers.
trait Number: Copy + Add<Output = Self> + Mul<Output = Self> + From<f64> {}

impl<T: Copy + Add<Output = T> + Mul<Output = T> + From<f64>> Number for T {}

fn horner<T: Number>(coefficients: &[f64], at: T) -> T {
    coefficients.iter().fold(T::from(0.5), |value, c| value * at + T::from(*c))
}

#[autodiff_reverse(d_generic_over_numbers, Duplicated, Active)]
#[autodiff_forward(t_generic_over_numbers, Dual, Dual)]
fn generic_over_numbers(x: &[f64]) -> f64 {
    let dual = horner(x, Dual { value: x[0], slope: x[1] });
    horner(&x[1..], x[5]) * dual.slope + dual.value
}

struct Polynomial(Vec<f64>);

impl Deref for Polynomial {
    type Target = Vec<f64>;
    fn deref(&self) -> &Vec<f64> {
        &self.0
    }
}

impl DerefMut for Polynomial {
    fn deref_mut(&mut self) -> &mut Vec<f64> {
        &mut self.0
    }
}

impl Extend<f64> for Polynomial {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, coefficients: I) {
        coefficients.into_iter().for_each(|c| self.0.push(c));
    }
}

#[autodiff_reverse(d_deref, Duplicated, Active)]
#[autodiff_forward(t_deref, Dual, Dual)]
fn deref(x: &[f64]) -> f64 {
    let mut polynomial = Polynomial(vec![x[0]]);
    polynomial.extend(x[1..].iter().map(|v| v * v));
    polynomial[2] *= x[5];
    polynomial.push(x[1]);
    polynomial.iter().rev().fold(0.0, |value, c| value * 0.7 + c) * polynomial.first().unwrap()
}

trait Kernel {
    const NAME: &'static str;
    fn value(&self, distance: f64) -> f64;
}

struct Gauss {
    width: f64,
}

struct Scaled<K>(K, f64);

impl Kernel for Gauss {
    const NAME: &'static str = "gauss";
    fn value(&self, distance: f64) -> f64 {
        (-distance * distance / (self.width * self.width)).exp()
    }
}

impl<K: Kernel> Kernel for Scaled<K> {
    const NAME: &'static str = K::NAME;
    fn value(&self, distance: f64) -> f64 {
        self.1 * self.0.value(distance)
    }
}

#[autodiff_reverse(d_generic_over_a_kernel, Duplicated, Active)]
#[autodiff_forward(t_generic_over_a_kernel, Dual, Dual)]
fn generic_over_a_kernel(x: &[f64]) -> f64 {
    fn energy<K: Kernel>(kernel: &K, points: &[f64]) -> f64 {
        let pairs = (0..points.len()).flat_map(|i| points[..i].iter().map(move |b| points[i] - b));
        pairs.map(|d| kernel.value(d)).sum::<f64>() * K::NAME.len() as f64
    }
    energy(&Scaled(Gauss { width: x[0] + 1.0 }, x[5]), &x[1..5])
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("vectors", &x, vectors, d_vectors, t_vectors);
    checks.gradient("sum_of_vectors", &x, sum_of_vectors, d_sum_of_vectors, t_sum_of_vectors);
    checks.gradient("matrices", &x, matrices, d_matrices, t_matrices);
    checks.gradient(
        "product_of_duals",
        &x,
        product_of_duals,
        d_product_of_duals,
        t_product_of_duals,
    );
    checks.gradient(
        "generic_over_numbers",
        &x,
        generic_over_numbers,
        d_generic_over_numbers,
        t_generic_over_numbers,
    );
    checks.gradient("deref", &x, deref, d_deref, t_deref);
    checks.gradient(
        "generic_over_a_kernel",
        &x,
        generic_over_a_kernel,
        d_generic_over_a_kernel,
        t_generic_over_a_kernel,
    );
    checks.finish(147);
}
