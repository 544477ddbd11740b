//! Check the derivatives of functions by what they return: a scalar, tuples, structs, arrays of any length,
//! enums, nothing, with each activity that a return value may have and with widths 1, 2 and 4. In reverse
//! mode the seed has the type that is returned, and no two leaves of it are the same.
//!
//! A tuple: <https://github.com/EnzymeAD/rust/issues/19>. Each leaf has a prime of its own as coefficient,
//! so that a wrong number names it.

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

#[path = "../auxiliary/check.rs"]
mod check;
use check::exact;

// The constant is returned beside what varies: the gradient is the first seed.
#[autodiff_reverse(d_and_one, Active, Active)]
#[autodiff_forward(t_and_one, Dual, Dual)]
fn and_one(x: f64) -> (f64, f64) {
    (x, 1.0)
}

// (2 x, 3 x^2), in two sizes: the gradient is 2 s + 6 x t.
#[autodiff_reverse(d_mixed, Active, Active)]
#[autodiff_reverse(d_mixed_only, Active, ActiveOnly)]
#[autodiff_reverse(d_mixed_const, Active, Const)]
#[autodiff_forward(t_mixed, Dual, Dual)]
#[autodiff_forward(t_mixed_only, Dual, DualOnly)]
#[autodiff_forward(t_mixed_const, Dual, Const)]
#[autodiff_forward(t_mixed_two, 2, Dual, Dual)]
#[autodiff_forward(t_mixed_only_four, 4, Dual, DualOnly)]
fn mixed(x: f32) -> (f32, f64) {
    (2.0 * x, 3.0 * x as f64 * x as f64)
}

fn tuples() {
    exact("and_one", d_and_one(black_box(5.0), (7.0, 11.0)), ((5.0, 1.0), 7.0));
    exact("and_one", t_and_one(black_box(5.0), 7.0), ((5.0, 1.0), (7.0, 0.0)));

    let x = black_box(2.0);
    exact("mixed", d_mixed(x, (1.0, 10.0)), ((4.0, 12.0), 122.0));
    exact("mixed, only", d_mixed_only(x, (1.0, 10.0)), 122.0);
    exact("mixed, const", d_mixed_const(x), ((4.0, 12.0), 0.0));
    exact("mixed", t_mixed(x, 10.0), ((4.0, 12.0), (20.0, 120.0)));
    exact("mixed, only", t_mixed_only(x, 10.0), (20.0, 120.0));
    exact("mixed, const", t_mixed_const(x, 10.0), (4.0, 12.0));
    let got = t_mixed_two(x, 1.0, 10.0);
    exact("mixed, width 2", got, [(4.0, 12.0), (2.0, 12.0), (20.0, 120.0)]);
    let got = t_mixed_only_four(x, 1.0, 10.0, -1.0, 0.0);
    exact("mixed, width 4", got, [(2.0, 12.0), (20.0, 120.0), (-2.0, -12.0), (0.0, 0.0)]);
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Report {
    ok: bool,
    value: f64,
    steps: u32,
    gradient: [f32; 3],
}

// value = 2 x^2, gradient = (3 x, 5 x, 7 x y): by x: 4 x s + 3 t0 + 5 t1 + 7 y t2; by y: 7 x t2
#[autodiff_reverse(d_report, Active, Active, Const, Active)]
#[autodiff_reverse(d_report_only, Active, Active, Const, ActiveOnly)]
#[autodiff_forward(t_report, Dual, Dual, Const, Dual)]
#[autodiff_forward(t_report_two, 2, Dual, Dual, Const, Dual)]
fn report(x: f64, y: f32, steps: u32) -> Report {
    let x_ = x as f32;
    Report { ok: x > 0.0, value: 2.0 * x * x, steps, gradient: [3.0 * x_, 5.0 * x_, 7.0 * x_ * y] }
}

fn structs() {
    let (x, y) = black_box((2.0, 3.0));
    let value = Report { ok: true, value: 8.0, steps: 17, gradient: [6.0, 10.0, 42.0] };
    let seed = Report { value: 1.0, gradient: [10.0, 100.0, 1000.0], ..value };
    let (dx, dy) = (8.0 + 30.0 + 500.0 + 21000.0, 14000.0);
    exact("report", d_report(x, y, 17, seed), (value, dx, dy));
    exact("report, only", d_report_only(x, y, 17, seed), (dx, dy));
    let (got, tangent) = t_report(x, 1.0, y, 10.0, 17);
    exact("report", got, value);
    // By x, and ten times by y. What is no float has no tangent of its own.
    exact("report", (tangent.value, tangent.gradient), (8.0, [3.0, 5.0, 21.0 + 140.0]));
    let [got, one, two] = t_report_two(x, 1.0, 0.0, y, 0.0, 1.0, 17);
    exact("report, width 2", got, value);
    exact("report, by x", (one.value, one.gradient), (8.0, [3.0, 5.0, 21.0]));
    exact("report, by y", (two.value, two.gradient), (0.0, [0.0, 0.0, 14.0]));
}

// (x, 2 x, 3 x, ...): the gradient is the sum of i s_i, the tangent i t.
#[autodiff_reverse(d_multiples, Active, Active)]
#[autodiff_forward(t_multiples, Dual, Dual)]
#[autodiff_forward(t_multiples_only, 2, Dual, DualOnly)]
fn multiples<const N: usize>(x: f64) -> [f64; N] {
    let mut all = [0.0; N];
    for i in 0..N {
        all[i] = (i + 1) as f64 * x;
    }
    all
}

#[autodiff_reverse(d_multiples_f32, Active, Active)]
#[autodiff_forward(t_multiples_f32, Dual, Dual)]
fn multiples_f32<const N: usize>(x: f32) -> [f32; N] {
    std::array::from_fn(|i| (i + 1) as f32 * x)
}

fn array_of<const N: usize>() {
    let scaled = |x: f64| std::array::from_fn::<f64, N, _>(|i| (i + 1) as f64 * x);
    let seed = std::array::from_fn::<f64, N, _>(|i| (i + 2) as f64);
    let gradient = (1..=N).map(|i| i * (i + 1)).sum::<usize>() as f64;
    let name = format!("[f64; {N}]");
    exact(&name, d_multiples(black_box(3.0), seed), (scaled(3.0), gradient));
    exact(&name, t_multiples(black_box(3.0), 10.0), (scaled(3.0), scaled(10.0)));
    let got = t_multiples_only(black_box(3.0), 10.0, 100.0);
    exact(&name, got, [scaled(10.0), scaled(100.0)]);

    let name = format!("[f32; {N}]");
    let scaled = |x| scaled(x).map(|x| x as f32);
    let (value, got) = d_multiples_f32(black_box(3.0), seed.map(|x| x as f32));
    exact(&name, (value, got), (scaled(3.0), gradient as f32));
    exact(&name, t_multiples_f32(black_box(3.0), 10.0), (scaled(3.0), scaled(10.0)));
}

// ((2 x, [3 y, 5 x]), 7 x y)
#[autodiff_reverse(d_nested, Duplicated, Active)]
#[autodiff_forward(t_nested, Dual, Dual)]
fn nested(x: &[f64; 2]) -> ((f64, [f32; 2]), f64) {
    let [x, y] = *x;
    ((2.0 * x, [3.0 * y as f32, 5.0 * x as f32]), 7.0 * x * y)
}

fn arrays() {
    array_of::<1>();
    array_of::<2>();
    array_of::<3>();
    array_of::<4>();
    array_of::<8>();
    array_of::<17>();
    array_of::<100>();

    let (x, mut dx) = (black_box([2.0, 3.0]), [1e6, 2e6]);
    let value = ((4.0, [9.0, 10.0]), 42.0);
    exact("nested", d_nested(&x, &mut dx, ((1.0, [10.0, 100.0]), 1000.0)), value);
    exact("nested", dx, [1e6 + 2.0 + 500.0 + 21000.0, 2e6 + 30.0 + 14000.0]);
    let got = t_nested(&x, &[1.0, 10.0]);
    exact("nested", got, (value, ((2.0, [30.0, 5.0]), 21.0 + 140.0)));
}

// 3 x^2 if there is a root
#[autodiff_reverse(d_checked, Active, Active)]
#[autodiff_reverse(d_checked_only, Active, ActiveOnly)]
#[autodiff_forward(t_checked, Dual, Dual)]
#[autodiff_forward(t_checked_only, Dual, DualOnly)]
fn checked(x: f64) -> Option<f64> {
    (x >= 0.0).then(|| 3.0 * x * x)
}

#[autodiff_reverse(d_fallible, Active, Active)]
#[autodiff_forward(t_fallible, Dual, Dual)]
fn fallible(x: f64) -> Result<[f32; 2], u8> {
    if x >= 0.0 { Ok([2.0 * x as f32, 3.0 * x as f32]) } else { Err(17) }
}

fn enums() {
    exact("checked", d_checked(black_box(2.0), Some(10.0)), (Some(12.0), 120.0));
    exact("checked, only", d_checked_only(black_box(2.0), Some(10.0)), 120.0);
    exact("checked, none", d_checked(black_box(-2.0), None), (None, 0.0));
    exact("checked", t_checked(black_box(2.0), 10.0), (Some(12.0), Some(120.0)));
    exact("checked, only", t_checked_only(black_box(2.0), 10.0), Some(120.0));
    exact("checked, none", t_checked(black_box(-2.0), 10.0), (None, None));

    exact("fallible", d_fallible(black_box(2.0), Ok([1.0, 10.0])), (Ok([4.0, 6.0]), 32.0));
    exact("fallible, error", d_fallible(black_box(-2.0), Err(17)), (Err(17), 0.0));
    exact("fallible", t_fallible(black_box(2.0), 10.0), (Ok([4.0, 6.0]), Ok([20.0, 30.0])));
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Newtype(f32);

#[autodiff_reverse(d_newtype, Active, Active)]
#[autodiff_forward(t_newtype, Dual, Dual)]
#[autodiff_forward(t_newtype_two, 2, Dual, Dual)]
fn newtype(x: f32) -> Newtype {
    Newtype(3.0 * x * x)
}

// What is returned is not active: the value comes back, and nothing else.
#[autodiff_reverse(d_count, Duplicated, Duplicated, Const)]
#[autodiff_forward(t_count, Dual, Dual, Const)]
fn count(x: &[f64; 2], y: &mut f64) -> usize {
    *y = 2.0 * x[0] * x[1];
    x.len()
}

#[autodiff_reverse(d_label, Duplicated, Duplicated, Const)]
#[autodiff_forward(t_label, Dual, Dual, Const)]
fn label(x: &[f64; 2], y: &mut f64) -> &'static str {
    *y = 2.0 * x[0] * x[1];
    "product"
}

#[autodiff_reverse(d_first, Duplicated, Duplicated, Const)]
#[autodiff_forward(t_first, Dual, Dual, Const)]
fn first<'a>(x: &'a [f64; 2], y: &mut f64) -> &'a f64 {
    *y = 2.0 * x[0] * x[1];
    &x[0]
}

#[autodiff_reverse(d_pair, Duplicated, Duplicated, Const)]
fn pair(x: &[f64; 2], y: &mut f64) -> (bool, u16) {
    *y = 2.0 * x[0] * x[1];
    (x[0] > x[1], 17)
}

fn others() {
    exact("newtype", d_newtype(black_box(2.0), Newtype(10.0)), (Newtype(12.0), 120.0));
    exact("newtype", t_newtype(black_box(2.0), 10.0), (Newtype(12.0), Newtype(120.0)));
    let got = t_newtype_two(black_box(2.0), 1.0, 10.0);
    exact("newtype, width 2", got, [Newtype(12.0), Newtype(12.0), Newtype(120.0)]);

    let x = black_box([3.0, 5.0]);
    let (mut y, mut dx) = (0.0, [[0.0; 2]; 4]);
    let mut dy = [1.0, 10.0, 100.0, 1000.0];
    exact("count", d_count(&x, &mut dx[0], &mut y, &mut dy[0]), 2);
    exact("label", d_label(&x, &mut dx[1], &mut y, &mut dy[1]), "product");
    exact("first", *d_first(&x, &mut dx[2], &mut y, &mut dy[2]), 3.0);
    exact("pair", d_pair(&x, &mut dx[3], &mut y, &mut dy[3]), (false, 17));
    exact("others", y, 30.0);
    exact("others", dx, [[10.0, 6.0], [100.0, 60.0], [1000.0, 600.0], [10000.0, 6000.0]]);

    let dx = [1.0, 10.0];
    let mut dy = [0.0; 3];
    exact("count", t_count(&x, &dx, &mut y, &mut dy[0]), 2);
    exact("label", t_label(&x, &dx, &mut y, &mut dy[1]), "product");
    exact("first", *t_first(&x, &dx, &mut y, &mut dy[2]), 3.0);
    exact("others", dy, [70.0; 3]);
}

pub fn main() {
    tuples();
    structs();
    arrays();
    enums();
    others();
}
