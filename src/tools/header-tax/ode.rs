//! The right-hand side of the Brusselator on a line, in the form that ODE solvers call.

use std::autodiff::autodiff_reverse;

const POINTS: usize = 16;
/// The parameters and the state are differentiated, weighted by an adjoint of the result.
pub const INPUTS: usize = 3 + 2 * POINTS;

struct Brusselator {
    a: f64,
    b: f64,
    diffusion: f64,
    periodic: bool,
}

#[inline(always)]
fn body(a: f64, b: f64, diffusion: f64, periodic: bool, t: f64, y: &[f64], dy: &mut [f64]) {
    let n = y.len() / 2;
    let (u, v) = y.split_at(n);
    let (du, dv) = dy.split_at_mut(n);
    let forcing = if t > 1.0 { 5.0 } else { 0.0 };
    let (before, behind) = if periodic { (n - 1, 0) } else { (0, n - 1) };
    for i in 0..n {
        let left = if i > 0 { i - 1 } else { before };
        let right = if i + 1 < n { i + 1 } else { behind };
        let reaction = u[i] * u[i] * v[i];
        du[i] = a + reaction - (b + 1.0) * u[i]
            + diffusion * (u[left] - 2.0 * u[i] + u[right])
            + forcing;
        dv[i] = b * u[i] - reaction + diffusion * (v[left] - 2.0 * v[i] + v[right]);
    }
}

#[autodiff_reverse(d_idiomatic, Active, Const, Duplicated, Duplicated)]
#[cfg_attr(inline_never, inline(never))]
fn f_idiomatic(p: Brusselator, t: f64, y: &[f64], dy: &mut [f64]) {
    body(p.a, p.b, p.diffusion, p.periodic, t, y, dy)
}

#[rustfmt::skip]
#[autodiff_reverse(
    d_flat, Unchecked, Active, Active, Active, Const, Const, Duplicated, Const, Duplicated, Const
)]
#[cfg_attr(inline_never, inline(never))]
fn f_flat(
    a: f64,
    b: f64,
    diffusion: f64,
    periodic: bool,
    t: f64,
    y: *const f64,
    y_len: usize,
    dy: *mut f64,
    dy_len: usize,
) {
    let (y, dy) = unsafe {
        (std::slice::from_raw_parts(y, y_len), std::slice::from_raw_parts_mut(dy, dy_len))
    };
    body(a, b, diffusion, periodic, t, y, dy)
}

fn adjoint() -> [f64; 2 * POINTS] {
    std::array::from_fn(|i| 1.0 + (i % 5) as f64)
}

pub fn value(x: &[f64]) -> f64 {
    let mut dy = [0.0; 2 * POINTS];
    body(x[0], x[1], x[2], true, 2.0, &x[3..], &mut dy);
    dy.iter().zip(adjoint()).map(|(dy, weight)| dy * weight).sum()
}

pub fn idiomatic(x: &[f64], g: &mut [f64]) {
    let (&[a, b, diffusion], y) = x.split_first_chunk().unwrap();
    let (parameters, g) = g.split_first_chunk_mut().unwrap();
    let (mut dy, mut adjoint) = ([0.0; 2 * POINTS], adjoint());
    let p = Brusselator { a, b, diffusion, periodic: true };
    let d = d_idiomatic(p, 2.0, y, g, &mut dy, &mut adjoint);
    *parameters = [d.a, d.b, d.diffusion];
}

pub fn flat(x: &[f64], g: &mut [f64]) {
    let (&[a, b, diffusion], y) = x.split_first_chunk().unwrap();
    let (parameters, g) = g.split_first_chunk_mut().unwrap();
    let (mut dy, mut adjoint) = ([0.0; 2 * POINTS], adjoint());
    let (da, db, d_diffusion) = unsafe { d_flat(
        a,
        b,
        diffusion,
        true,
        2.0,
        y.as_ptr(),
        g.as_mut_ptr(),
        y.len(),
        dy.as_mut_ptr(),
        adjoint.as_mut_ptr(),
        dy.len(),
    ) };
    *parameters = [da, db, d_diffusion];
}
