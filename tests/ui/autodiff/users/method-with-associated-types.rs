//! Check the derivatives of the method by which diffsol differentiates the right hand side of an
//! equation: generic over the vectors and over the closure that it calls, and differentiated four
//! times, in either mode by either of its vectors.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

trait Matrix {
    type V: IndexMut<usize, Output = Self::T>;
    type T: Copy;
}

#[derive(Clone)]
struct DenseVector {
    data: Vec<f64>,
}

impl DenseVector {
    fn from(data: &[f64]) -> DenseVector {
        DenseVector { data: data.to_vec() }
    }
}

impl Index<usize> for DenseVector {
    type Output = f64;
    fn index(&self, i: usize) -> &f64 {
        &self.data[i]
    }
}

impl IndexMut<usize> for DenseVector {
    fn index_mut(&mut self, i: usize) -> &mut f64 {
        &mut self.data[i]
    }
}

struct Dense;

impl Matrix for Dense {
    type V = DenseVector;
    type T = f64;
}

struct RightHandSide<M, F> {
    function: F,
    states: usize,
    matrix: PhantomData<M>,
}

impl<M, F> RightHandSide<M, F>
where
    M: Matrix,
    F: Fn(&M::V, &M::V, M::T, &mut M::V),
{
    fn new(function: F, states: usize) -> Self {
        RightHandSide { function, states, matrix: PhantomData }
    }

    #[autodiff_forward(forward_by_x, Const, Dual, Const, Const, Dual)]
    #[autodiff_forward(forward_by_p, Const, Const, Dual, Const, Dual)]
    #[autodiff_reverse(reverse_by_x, Const, Duplicated, Const, Const, Duplicated)]
    #[autodiff_reverse(reverse_by_p, Const, Const, Duplicated, Const, Duplicated)]
    fn call_func(&self, x: &M::V, p: &M::V, t: M::T, y: &mut M::V) {
        (self.function)(x, p, t, y);
    }
}

pub fn main() {
    let mut checks = Checks::new();
    // A chain of reactions, of which a captured constant is the end.
    let leak = std::hint::black_box(0.25);
    let system = RightHandSide::<Dense, _>::new(
        |x: &DenseVector, p: &DenseVector, t: f64, y: &mut DenseVector| {
            y[0] = -p[0] * x[0] + p[1] * x[1] * x[2] * t.cos();
            y[1] = p[0] * x[0] - p[1] * x[1] * x[2] - p[2] * x[1] * x[1];
            y[2] = p[2] * x[1] * x[1] - leak * x[2];
        },
        3,
    );
    let (x, p, t) = (DenseVector::from(&[0.9, 0.4, 0.7]), DenseVector::from(&[0.3, 1.7, 2.9]), 0.6);
    let c = f64::cos(t);
    let value = [
        -0.3 * 0.9 + 1.7 * 0.4 * 0.7 * c,
        0.3 * 0.9 - 1.7 * 0.4 * 0.7 - 2.9 * 0.4 * 0.4,
        2.9 * 0.4 * 0.4 - 0.25 * 0.7,
    ];
    // Row i holds the derivatives of y[i].
    let by_x = [
        [-0.3, 1.7 * 0.7 * c, 1.7 * 0.4 * c],
        [0.3, -1.7 * 0.7 - 2.0 * 2.9 * 0.4, -1.7 * 0.4],
        [0.0, 2.0 * 2.9 * 0.4, -0.25],
    ];
    let by_p = [[-0.9, 0.4 * 0.7 * c, 0.0], [0.9, -0.4 * 0.7, -0.4 * 0.4], [0.0, 0.0, 0.4 * 0.4]];

    let zero = DenseVector::from(&vec![0.0; system.states]);
    for j in 0..3 {
        let mut axis = zero.clone();
        axis[j] = 2.0;
        let (mut y, mut dy) = (zero.clone(), zero.clone());
        system.forward_by_x(&x, &axis, &p, t, &mut y, &mut dy);
        for i in 0..3 {
            checks.compare("value, forward by x", y[i], value[i], 1.0);
            checks.compare("forward by x", dy[i], 2.0 * by_x[i][j], 1.0);
        }
        let (mut y, mut dy) = (zero.clone(), zero.clone());
        system.forward_by_p(&x, &p, &axis, t, &mut y, &mut dy);
        for i in 0..3 {
            checks.compare("value, forward by p", y[i], value[i], 1.0);
            checks.compare("forward by p", dy[i], 2.0 * by_p[i][j], 1.0);
        }
    }
    for i in 0..3 {
        let mut seed = zero.clone();
        seed[i] = -3.0;
        // What is there already stays.
        let (mut y, mut dy, mut dx) = (zero.clone(), seed.clone(), DenseVector::from(&[100.0; 3]));
        system.reverse_by_x(&x, &mut dx, &p, t, &mut y, &mut dy);
        for j in 0..3 {
            checks.compare("value, reverse by x", y[j], value[j], 1.0);
            checks.compare("reverse by x", dx[j], 100.0 - 3.0 * by_x[i][j], 1.0);
        }
        let (mut y, mut dy, mut dp) = (zero.clone(), seed, DenseVector::from(&[100.0; 3]));
        system.reverse_by_p(&x, &p, &mut dp, t, &mut y, &mut dy);
        for j in 0..3 {
            checks.compare("value, reverse by p", y[j], value[j], 1.0);
            checks.compare("reverse by p", dp[j], 100.0 - 3.0 * by_p[i][j], 1.0);
        }
    }
    checks.finish(4 * 3 * 6);
}
