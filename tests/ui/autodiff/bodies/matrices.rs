//! Check derivatives of functions that do linear algebra in slices, arrays of arrays and a matrix
//! type of their own: products, decompositions, substitution, elimination with pivoting. Each is
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
use std::ops::{Add, Index, IndexMut, Mul};

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

// Product of two square matrices that lie one after the other, into a local one; the trace of its
// square.
#[autodiff_reverse(d_product, Duplicated, Active)]
#[autodiff_forward(t_product, Dual, Dual)]
fn product(x: &[f64]) -> f64 {
    let n = 2;
    let (a, b) = x.split_at(n * n);
    let mut c = [0.0; 4];
    for i in 0..n {
        for j in 0..n {
            for k in 0..n {
                c[i * n + j] += a[i * n + k] * b[k * n + j];
            }
        }
    }
    c[0] * c[0] + 2.0 * c[1] * c[2] + c[3] * c[3]
}

// Quadratic form by rows: `chunks_exact`, `zip` and `sum`.
#[autodiff_reverse(d_quadratic_form, Duplicated, Active)]
#[autodiff_forward(t_quadratic_form, Dual, Dual)]
fn quadratic_form(x: &[f64]) -> f64 {
    let (v, a) = x.split_at(3);
    a.chunks_exact(3)
        .zip(v)
        .map(|(row, v)| v * row.iter().zip(v_of(x)).map(|(a, v)| a * v).sum::<f64>())
        .sum()
}

fn v_of(x: &[f64]) -> &[f64] {
    &x[..3]
}

/// `a` becomes the lower triangle L with L L^T = a.
fn cholesky(a: &mut [f64], n: usize) {
    for j in 0..n {
        for i in j..n {
            let mut sum = a[i * n + j];
            for k in 0..j {
                sum -= a[i * n + k] * a[j * n + k];
            }
            a[i * n + j] = if i == j { sum.sqrt() } else { sum / a[j * n + j] };
        }
    }
}

/// Solves L y = b in place.
fn solve_lower(l: &[f64], b: &mut [f64]) {
    let n = b.len();
    for i in 0..n {
        for j in 0..i {
            b[i] -= l[i * n + j] * b[j];
        }
        b[i] /= l[i * n + i];
    }
}

/// Solves L^T y = b in place, from the last row.
fn solve_lower_transposed(l: &[f64], b: &mut [f64]) {
    let n = b.len();
    for i in (0..n).rev() {
        for j in i + 1..n {
            b[i] -= l[j * n + i] * b[j];
        }
        b[i] /= l[i * n + i];
    }
}

// Log-determinant by Cholesky's decomposition.
#[autodiff_reverse(d_log_determinant, Duplicated, Active)]
#[autodiff_forward(t_log_determinant, Dual, Dual)]
fn log_determinant(x: &[f64]) -> f64 {
    let mut l = [0.0; 9];
    l.copy_from_slice(x);
    cholesky(&mut l, 3);
    (0..3).map(|i| 2.0 * l[i * 3 + i].ln()).sum()
}

// Logarithm of a normal density: Cholesky and a triangular solve.
#[autodiff_reverse(d_normal_density, Duplicated, Active)]
#[autodiff_forward(t_normal_density, Dual, Dual)]
fn normal_density(x: &[f64]) -> f64 {
    let mut l = [0.0; 9];
    l.copy_from_slice(&x[3..]);
    cholesky(&mut l, 3);
    let mut y = [x[0], x[1], x[2]];
    solve_lower(&l, &mut y);
    let mut value = 0.0;
    for i in 0..3 {
        value -= 0.5 * y[i] * y[i] + l[i * 3 + i].ln();
    }
    value
}

// A linear system by Cholesky: forward and back substitution.
#[autodiff_reverse(d_solve_symmetric, Duplicated, Active)]
#[autodiff_forward(t_solve_symmetric, Dual, Dual)]
fn solve_symmetric(x: &[f64]) -> f64 {
    let mut l = [0.0; 9];
    l.copy_from_slice(&x[3..]);
    cholesky(&mut l, 3);
    let mut y = [x[0], x[1], x[2]];
    solve_lower(&l, &mut y);
    solve_lower_transposed(&l, &mut y);
    y[0] + 2.0 * y[1] + 3.0 * y[2]
}

// A linear system by elimination with partial pivoting: rows change places as the values say.
#[autodiff_reverse(d_solve_pivoting, Duplicated, Active)]
#[autodiff_forward(t_solve_pivoting, Dual, Dual)]
fn solve_pivoting(x: &[f64]) -> f64 {
    const N: usize = 3;
    let mut a = [[0.0; N]; N];
    let mut b = [0.0; N];
    for i in 0..N {
        b[i] = x[i];
        for j in 0..N {
            a[i][j] = x[N + i * N + j];
        }
    }
    for k in 0..N {
        let mut pivot = k;
        for i in k + 1..N {
            if a[i][k].abs() > a[pivot][k].abs() {
                pivot = i;
            }
        }
        a.swap(k, pivot);
        b.swap(k, pivot);
        for i in k + 1..N {
            let factor = a[i][k] / a[k][k];
            for j in k..N {
                a[i][j] -= factor * a[k][j];
            }
            b[i] -= factor * b[k];
        }
    }
    for i in (0..N).rev() {
        for j in i + 1..N {
            b[i] -= a[i][j] * b[j];
        }
        b[i] /= a[i][i];
    }
    b[0] * b[1] + b[2]
}

// Solved with factors that are kept: LU into a `Vec`, two right hand sides.
#[autodiff_reverse(d_solve_twice, Duplicated, Active)]
#[autodiff_forward(t_solve_twice, Dual, Dual)]
fn solve_twice(x: &[f64]) -> f64 {
    let n = 3;
    let mut lu = x[..n * n].to_vec();
    for k in 0..n {
        for i in k + 1..n {
            lu[i * n + k] /= lu[k * n + k];
            for j in k + 1..n {
                lu[i * n + j] -= lu[i * n + k] * lu[k * n + j];
            }
        }
    }
    let solve = |b: &[f64]| {
        let mut y = b.to_vec();
        for i in 0..n {
            for j in 0..i {
                y[i] -= lu[i * n + j] * y[j];
            }
        }
        for i in (0..n).rev() {
            for j in i + 1..n {
                y[i] -= lu[i * n + j] * y[j];
            }
            y[i] /= lu[i * n + i];
        }
        y
    };
    let y = solve(&x[n * n..]);
    let z = solve(&y);
    y.iter().zip(&z).map(|(y, z)| y * z).sum()
}

// Determinant by minors of a two-dimensional array.
#[autodiff_reverse(d_determinant, Duplicated, Active)]
#[autodiff_forward(t_determinant, Dual, Dual)]
fn determinant(x: &[f64]) -> f64 {
    let a = [[x[0], x[1], x[2]], [x[3], x[4], x[5]], [x[6], x[7], x[8]]];
    let mut sum = 0.0;
    for j in 0..3 {
        let (k, l) = ((j + 1) % 3, (j + 2) % 3);
        sum += a[0][j] * (a[1][k] * a[2][l] - a[1][l] * a[2][k]);
    }
    sum
}

// Gram and Schmidt: rows of one matrix made orthonormal in place with `split_at_mut`.
#[autodiff_reverse(d_gram_schmidt, Duplicated, Active)]
#[autodiff_forward(t_gram_schmidt, Dual, Dual)]
fn gram_schmidt(x: &[f64]) -> f64 {
    let mut q = [0.0; 9];
    q.copy_from_slice(x);
    let mut volume = 1.0;
    for i in 0..3 {
        let (before, rest) = q.split_at_mut(3 * i);
        let row = &mut rest[..3];
        for other in before.chunks_exact(3) {
            let dot: f64 = row.iter().zip(other).map(|(a, b)| a * b).sum();
            for (a, b) in row.iter_mut().zip(other) {
                *a -= dot * b;
            }
        }
        let norm = row.iter().map(|a| a * a).sum::<f64>().sqrt();
        volume *= norm;
        for a in row {
            *a /= norm;
        }
    }
    volume + q[1] * q[5] + q[6]
}

#[derive(Clone, Copy)]
struct Matrix<const R: usize, const C: usize>([[f64; C]; R]);

impl<const R: usize, const C: usize> Index<(usize, usize)> for Matrix<R, C> {
    type Output = f64;
    fn index(&self, (i, j): (usize, usize)) -> &f64 {
        &self.0[i][j]
    }
}

impl<const R: usize, const C: usize> IndexMut<(usize, usize)> for Matrix<R, C> {
    fn index_mut(&mut self, (i, j): (usize, usize)) -> &mut f64 {
        &mut self.0[i][j]
    }
}

impl<const R: usize, const C: usize> Matrix<R, C> {
    fn zero() -> Self {
        Matrix([[0.0; C]; R])
    }

    fn from_slice(x: &[f64]) -> Self {
        let mut matrix = Self::zero();
        for (row, x) in matrix.0.iter_mut().zip(x.chunks_exact(C)) {
            row.copy_from_slice(x);
        }
        matrix
    }

    fn transposed(&self) -> Matrix<C, R> {
        let mut matrix = Matrix::zero();
        for i in 0..R {
            for j in 0..C {
                matrix[(j, i)] = self[(i, j)];
            }
        }
        matrix
    }
}

impl<const R: usize, const C: usize> Add for Matrix<R, C> {
    type Output = Self;
    fn add(mut self, other: Self) -> Self {
        for i in 0..R {
            for j in 0..C {
                self[(i, j)] += other[(i, j)];
            }
        }
        self
    }
}

impl<const R: usize, const K: usize, const C: usize> Mul<Matrix<K, C>> for Matrix<R, K> {
    type Output = Matrix<R, C>;
    fn mul(self, other: Matrix<K, C>) -> Matrix<R, C> {
        let mut product = Matrix::zero();
        for i in 0..R {
            for j in 0..C {
                for k in 0..K {
                    product[(i, j)] += self[(i, k)] * other[(k, j)];
                }
            }
        }
        product
    }
}

// A generic type with overloaded operators: A A^T A, and its norm.
#[autodiff_reverse(d_operators, Duplicated, Active)]
#[autodiff_forward(t_operators, Dual, Dual)]
fn operators(x: &[f64]) -> f64 {
    let a = Matrix::<2, 3>::from_slice(x);
    let product = a * a.transposed() * a + a;
    product.0.iter().flatten().map(|v| v * v).sum::<f64>().sqrt()
}

// Exponential of a matrix by its power series.
#[autodiff_reverse(d_exponential, Duplicated, Active)]
#[autodiff_forward(t_exponential, Dual, Dual)]
fn exponential(x: &[f64]) -> f64 {
    let a = Matrix::<2, 2>::from_slice(x);
    let mut term = Matrix([[1.0, 0.0], [0.0, 1.0]]);
    let mut sum = term;
    for n in 1..15 {
        term = term * a;
        for v in term.0.as_flattened_mut() {
            *v /= n as f64;
        }
        sum = sum + term;
    }
    sum[(0, 0)] * sum[(0, 1)] + sum[(1, 0)] * sum[(1, 1)]
}

// Power of a matrix by squaring.
#[autodiff_reverse(d_power, Duplicated, Active)]
#[autodiff_forward(t_power, Dual, Dual)]
fn power(x: &[f64]) -> f64 {
    let mut base = Matrix::<2, 2>::from_slice(x);
    let mut result = Matrix([[1.0, 0.0], [0.0, 1.0]]);
    let mut exponent = 11u32;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result * base;
        }
        base = base * base;
        exponent >>= 1;
    }
    result.0[0][0] + result.0[1][1]
}

// Largest eigenvalue by power iteration and Rayleigh's quotient.
#[autodiff_reverse(d_power_iteration, Duplicated, Active)]
#[autodiff_forward(t_power_iteration, Dual, Dual)]
fn power_iteration(x: &[f64]) -> f64 {
    let mut v = [1.0, 1.0, 1.0];
    let mut value = 0.0;
    for _ in 0..4 {
        let mut w = [0.0; 3];
        for (w, row) in w.iter_mut().zip(x.chunks_exact(3)) {
            *w = row.iter().zip(&v).map(|(a, v)| a * v).sum();
        }
        value = v.iter().zip(&w).map(|(v, w)| v * w).sum::<f64>()
            / v.iter().map(|v| v * v).sum::<f64>();
        let norm = w.iter().map(|w| w * w).sum::<f64>().sqrt();
        v = w.map(|w| w / norm);
    }
    value
}

// Sweeps of Gauss and Seidel.
#[autodiff_reverse(d_gauss_seidel, Duplicated, Active)]
#[autodiff_forward(t_gauss_seidel, Dual, Dual)]
fn gauss_seidel(x: &[f64]) -> f64 {
    let (a, b) = x.split_at(9);
    let mut y = [0.0; 3];
    for _ in 0..4 {
        for i in 0..3 {
            let mut sum = b[i];
            for j in 0..3 {
                if j != i {
                    sum -= a[3 * i + j] * y[j];
                }
            }
            y[i] = sum / a[3 * i + i];
        }
    }
    y.iter().map(|y| y * y).sum()
}

// A tridiagonal system by Thomas's algorithm.
#[autodiff_reverse(d_tridiagonal, Duplicated, Active)]
#[autodiff_forward(t_tridiagonal, Dual, Dual)]
fn tridiagonal(x: &[f64]) -> f64 {
    let n = x.len() / 4;
    let (lower, rest) = x.split_at(n);
    let (diagonal, rest) = rest.split_at(n);
    let (upper, right) = rest.split_at(n);
    let mut c = vec![0.0; n];
    let mut d = vec![0.0; n];
    c[0] = upper[0] / diagonal[0];
    d[0] = right[0] / diagonal[0];
    for i in 1..n {
        let pivot = diagonal[i] - lower[i] * c[i - 1];
        c[i] = upper[i] / pivot;
        d[i] = (right[i] - lower[i] * d[i - 1]) / pivot;
    }
    for i in (0..n - 1).rev() {
        d[i] -= c[i] * d[i + 1];
    }
    d.iter().enumerate().map(|(i, d)| (i + 1) as f64 * d).sum()
}

pub fn main() {
    let mut checks = Checks::new();
    checks.gradient(
        "product",
        &[0.8, 0.3, -0.5, 0.4, 0.7, 0.2, -0.6, 0.1, 1.1, 0.5, -0.2, 0.9][..8],
        product,
        d_product,
        t_product,
    );
    checks.gradient(
        "quadratic_form",
        &[0.8, 0.3, -0.5, 0.4, 0.7, 0.2, -0.6, 0.1, 1.1, 0.5, -0.2, 0.9],
        quadratic_form,
        d_quadratic_form,
        t_quadratic_form,
    );
    checks.gradient(
        "log_determinant",
        &[2.0, 0.0, 0.0, 0.4, 1.8, 0.0, -0.6, 0.1, 2.2],
        log_determinant,
        d_log_determinant,
        t_log_determinant,
    );
    checks.gradient(
        "normal_density",
        &[0.5, -0.7, 0.9, 2.0, 0.3, -0.5, 0.4, 1.8, 0.2, -0.6, 0.1, 2.2],
        normal_density,
        d_normal_density,
        t_normal_density,
    );
    checks.gradient(
        "solve_symmetric",
        &[0.5, -0.7, 0.9, 2.0, 0.3, -0.5, 0.4, 1.8, 0.2, -0.6, 0.1, 2.2],
        solve_symmetric,
        d_solve_symmetric,
        t_solve_symmetric,
    );
    checks.gradient(
        "solve_pivoting",
        &[0.5, -0.7, 0.9, 0.3, 1.4, -0.5, 2.1, 0.6, 0.2, -0.6, 1.9, 2.2],
        solve_pivoting,
        d_solve_pivoting,
        t_solve_pivoting,
    );
    checks.gradient(
        "solve_twice",
        &[2.0, 0.3, -0.5, 0.4, 1.8, 0.2, -0.6, 0.1, 2.2, 0.5, -0.7, 0.9],
        solve_twice,
        d_solve_twice,
        t_solve_twice,
    );
    checks.gradient(
        "determinant",
        &[2.0, 0.3, -0.5, 0.4, 1.8, 0.2, -0.6, 0.1, 2.2],
        determinant,
        d_determinant,
        t_determinant,
    );
    checks.gradient(
        "gram_schmidt",
        &[2.0, 0.3, -0.5, 0.4, 1.8, 0.2, -0.6, 0.1, 2.2],
        gram_schmidt,
        d_gram_schmidt,
        t_gram_schmidt,
    );
    checks.gradient(
        "operators",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        operators,
        d_operators,
        t_operators,
    );
    checks.gradient(
        "exponential",
        &[0.4, -0.7, 0.9, 0.3],
        exponential,
        d_exponential,
        t_exponential,
    );
    checks.gradient("power", &[0.4, -0.7, 0.9, 0.3], power, d_power, t_power);
    checks.gradient(
        "power_iteration",
        &[2.0, 0.3, -0.5, 0.4, 1.8, 0.2, -0.6, 0.1, 2.2],
        power_iteration,
        d_power_iteration,
        t_power_iteration,
    );
    checks.gradient(
        "gauss_seidel",
        &[2.0, 0.3, -0.5, 0.4, 1.8, 0.2, -0.6, 0.1, 2.2, 0.5, -0.7, 0.9],
        gauss_seidel,
        d_gauss_seidel,
        t_gauss_seidel,
    );
    checks.gradient(
        "tridiagonal",
        &[0.2, 0.5, -0.4, 2.0, 1.7, 2.3, 0.6, -0.3, 0.1, 0.9, -1.1, 0.4],
        tridiagonal,
        d_tridiagonal,
        t_tridiagonal,
    );
    checks.finish(471);
}
