//! Check derivatives of functions that are passed one place by two shared references, and inlined.
//! What LLVM says of the references, that neither is to what is written by the other, is not so for the
//! shadows: the reverse of what is read is a write.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[autodiff_reverse(d_quadratic_form, Duplicated, Active)]
fn quadratic_form(x: &[f64]) -> f64 {
    let (v, a) = x.split_at(3);
    a.chunks_exact(3).zip(v).map(|(row, v)| v * dot(row, &x[..3])).sum()
}

fn main() {
    let x = [1.0, -2.0, 0.5, 2.0, 3.0, -1.0, 0.25, 4.0, 1.5, -3.0, 0.75, 5.0];
    let mut dx = [0.0; 12];
    d_quadratic_form(&x, &mut dx, 1.0);
    let (v, a) = x.split_at(3);
    for i in 0..3 {
        let sum: f64 = (0..3).map(|j| (a[3 * i + j] + a[3 * j + i]) * v[j]).sum();
        assert!((dx[i] - sum).abs() < 1e-12, "{dx:?}");
        for j in 0..3 {
            assert_eq!(dx[3 + 3 * i + j], v[i] * v[j]);
        }
    }
}
