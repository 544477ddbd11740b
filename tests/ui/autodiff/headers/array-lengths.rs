//! Check that lengths of arrays and types of fields that have to be computed are: a length that is a constant
//! expression, an associated constant or a constant argument, and a field whose type is an associated type,
//! in what references and raw pointers lead to. The types told to Enzyme were wrong, or crashed the compiler,
//! in the microkernels of gemm and faer.
//!
//! Regression test for <https://github.com/rust-lang/rust/issues/160635>,
//! <https://github.com/rust-lang/rust/issues/162322>.

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
use std::marker::PhantomData;

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

const LANES: usize = 2;

struct Pack {
    data: *const [f32; 2 * LANES],
    own: [f32; LANES + 1],
    count: u32,
}

// own2 (2 d0 + 3 d3) + count own0
#[autodiff_reverse(d_pack, Unchecked, Duplicated, Active)]
#[autodiff_forward(t_pack, Unchecked, Dual, Dual)]
fn pack(p: &Pack) -> f32 {
    let data = unsafe { &*p.data };
    p.own[2] * (2.0 * data[0] + 3.0 * data[3]) + p.count as f32 * p.own[0]
}

trait Kernel {
    type Scalar: Copy + Into<f64>;
    type Index: Copy + Into<u32>;
    const WIDTH: usize;
}

struct Wide;

impl Kernel for Wide {
    type Scalar = f32;
    type Index = u16;
    const WIDTH: usize = 3;
}

struct Narrow;

impl Kernel for Narrow {
    type Scalar = f64;
    type Index = u8;
    const WIDTH: usize = 1;
}

struct Tile<K: Kernel, const N: usize> {
    index: K::Index,
    first: K::Scalar,
    rest: [[K::Scalar; N]; 2],
    kernel: PhantomData<K>,
}

// index first^2 + WIDTH (5 rest00 + 7 rest1(N-1))
#[autodiff_reverse(d_tile, Duplicated, Active)]
#[autodiff_forward(t_tile, Dual, Dual)]
fn tile<K: Kernel, const N: usize>(t: &Tile<K, N>) -> f64 {
    let first: f64 = t.first.into();
    let rest: f64 = 5.0 * t.rest[0][0].into() + 7.0 * t.rest[1][N - 1].into();
    t.index.into() as f64 * first * first + K::WIDTH as f64 * rest
}

#[autodiff_reverse(d_window, Duplicated, Active)]
fn window(x: &[[f64; LANES * LANES]]) -> f64 {
    x.iter().map(|row| row[LANES * LANES - 1] * row[0]).sum()
}

pub fn main() {
    let data = [1.0; 4];
    let p = black_box(Pack { data: &data, own: [2.0, 0.0, 3.0], count: 7 });
    let mut ddata = [0.0; 4];
    let mut dp = Pack { data: &raw mut ddata, own: [0.0; 3], count: 0 };
    exact("pack", unsafe { d_pack(&p, &mut dp, 1.0) }, 29.0);
    exact("pack", (black_box(ddata), dp.own), ([6.0, 0.0, 0.0, 9.0], [7.0, 0.0, 5.0]));
    let dp = Pack { data: &[1.0, 0.0, 0.0, 10.0], own: [100.0, 0.0, 1000.0], count: 0 };
    exact("pack", unsafe { t_pack(&p, &dp) }, (29.0, 6.0 + 90.0 + 700.0 + 5000.0));

    let t = Tile::<Wide, 4> { index: 7, first: 2.0, rest: [[1.0; 4]; 2], kernel: PhantomData };
    let zero = || Tile::<Wide, 4> { index: 0, first: 0.0, rest: [[0.0; 4]; 2], kernel: PhantomData };
    let mut dt = zero();
    exact("wide", d_tile(black_box(&t), &mut dt, 1.0), 28.0 + 36.0);
    exact("wide", (dt.first, dt.rest[0][0], dt.rest[1][3]), (28.0, 15.0, 21.0));
    exact("wide, no other", dt.rest.as_flattened().iter().sum::<f32>(), 36.0);
    let dt = Tile { first: 10.0, rest: [[1.0; 4], [100.0; 4]], ..zero() };
    exact("wide", t_tile(black_box(&t), &dt), (64.0, 280.0 + 15.0 + 2100.0));

    let t = Tile::<Narrow, 1> { index: 7, first: 2.0, rest: [[1.0]; 2], kernel: PhantomData };
    let mut dt = Tile::<Narrow, 1> { index: 0, first: 0.0, rest: [[0.0]; 2], kernel: PhantomData };
    exact("narrow", d_tile(black_box(&t), &mut dt, 1.0), 28.0 + 12.0);
    exact("narrow", (dt.first, dt.rest), (28.0, [[5.0], [7.0]]));

    let (x, mut dx) = (black_box([[2.0, 0.0, 0.0, 3.0], [5.0, 0.0, 0.0, 7.0]]), [[0.0; 4]; 2]);
    exact("window", d_window(&x, &mut dx, 1.0), 41.0);
    exact("window", dx, [[3.0, 0.0, 0.0, 2.0], [7.0, 0.0, 0.0, 5.0]]);
}
