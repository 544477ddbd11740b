//! Small kernels, where every instruction that the lowering adds shows.

use std::autodiff::autodiff_reverse;
use std::hint::black_box;

pub mod tuple {
    use super::*;

    #[inline(always)]
    fn body(x: f64, y: f64) -> f64 {
        let r = x * y + (x - y) * x;
        r * r / (1.0 + y * y)
    }

    #[autodiff_reverse(d_idiomatic, Active, Active)]
    #[cfg_attr(inline_never, inline(never))]
    fn f_idiomatic(p: (f64, f64)) -> f64 {
        body(p.0, p.1)
    }

    #[autodiff_reverse(d_flat, Active, Active, Active)]
    #[cfg_attr(inline_never, inline(never))]
    fn f_flat(x: f64, y: f64) -> f64 {
        body(x, y)
    }

    pub fn value(x: &[f64]) -> f64 {
        body(x[0], x[1])
    }

    pub fn idiomatic(x: &[f64], g: &mut [f64]) {
        let &[x, y] = x.as_array().unwrap();
        let (_, d) = d_idiomatic((x, y), 1.0);
        *g.as_mut_array().unwrap() = [d.0, d.1];
    }

    pub fn flat(x: &[f64], g: &mut [f64]) {
        let &[x, y] = x.as_array().unwrap();
        let (_, dx, dy) = d_flat(x, y, 1.0);
        *g.as_mut_array().unwrap() = [dx, dy];
    }
}

pub mod structure {
    use super::*;

    struct Spring {
        stiffness: f64,
        damping: f64,
        length: f64,
    }

    #[inline(always)]
    fn body(stiffness: f64, damping: f64, length: f64, x: &[f64]) -> f64 {
        let mut sum = 0.0;
        for &x in x {
            let stretch = x - length;
            sum += stiffness * stretch * stretch / (1.0 + damping * x * x);
        }
        sum
    }

    #[autodiff_reverse(d_idiomatic, Active, Const, Active)]
    #[cfg_attr(inline_never, inline(never))]
    fn f_idiomatic(s: Spring, x: &[f64]) -> f64 {
        body(s.stiffness, s.damping, s.length, x)
    }

    #[autodiff_reverse(d_flat, Active, Active, Active, Const, Const, Active)]
    #[cfg_attr(inline_never, inline(never))]
    fn f_flat(stiffness: f64, damping: f64, length: f64, x: *const f64, x_len: usize) -> f64 {
        body(stiffness, damping, length, unsafe { std::slice::from_raw_parts(x, x_len) })
    }

    static POSITIONS: [f64; 20] = {
        let mut x = [0.0; 20];
        let mut i = 0;
        while i < x.len() {
            x[i] = i as f64 / 16.0;
            i += 1;
        }
        x
    };

    pub fn value(x: &[f64]) -> f64 {
        body(x[0], x[1], x[2], &POSITIONS)
    }

    pub fn idiomatic(x: &[f64], g: &mut [f64]) {
        let &[stiffness, damping, length] = x.as_array().unwrap();
        let spring = Spring { stiffness, damping, length };
        let (_, s) = d_idiomatic(spring, black_box(&POSITIONS[..]), 1.0);
        *g.as_mut_array().unwrap() = [s.stiffness, s.damping, s.length];
    }

    pub fn flat(x: &[f64], g: &mut [f64]) {
        let &[stiffness, damping, length] = x.as_array().unwrap();
        let x = black_box(&POSITIONS[..]);
        let (_, a, b, c) = d_flat(stiffness, damping, length, x.as_ptr(), x.len(), 1.0);
        *g.as_mut_array().unwrap() = [a, b, c];
    }
}

pub mod array {
    use super::*;

    #[inline(always)]
    fn body(x: [f64; 4]) -> f64 {
        let mut sum = 0.0;
        for pair in x.windows(2) {
            let (a, b) = (pair[1] - pair[0] * pair[0], 1.0 - pair[0]);
            sum += 100.0 * a * a + b * b;
        }
        sum
    }

    #[autodiff_reverse(d_idiomatic, Active, Active)]
    #[cfg_attr(inline_never, inline(never))]
    fn f_idiomatic(x: [f64; 4]) -> f64 {
        body(x)
    }

    #[autodiff_reverse(d_flat, Active, Active, Active, Active, Active)]
    #[cfg_attr(inline_never, inline(never))]
    fn f_flat(a: f64, b: f64, c: f64, d: f64) -> f64 {
        body([a, b, c, d])
    }

    pub fn value(x: &[f64]) -> f64 {
        body(*x.as_array().unwrap())
    }

    pub fn idiomatic(x: &[f64], g: &mut [f64]) {
        let (_, d) = d_idiomatic(*x.as_array().unwrap(), 1.0);
        *g.as_mut_array().unwrap() = d;
    }

    pub fn flat(x: &[f64], g: &mut [f64]) {
        let &[a, b, c, d] = x.as_array().unwrap();
        let (_, da, db, dc, dd) = d_flat(a, b, c, d, 1.0);
        *g.as_mut_array().unwrap() = [da, db, dc, dd];
    }
}

pub mod mixed {
    use super::*;

    struct Fit {
        weights: [f64; 2],
        points: u16,
        offset: f32,
    }

    #[inline(always)]
    fn body(
        w0: f64,
        w1: f64,
        points: u16,
        offset: f32,
        scale: f64,
        order: i32,
        x: &[f64; 8],
    ) -> f64 {
        let mut sum = f64::from(points) * f64::from(offset);
        for &x in x {
            let t = w0 + w1 * x;
            sum += scale * t * t + f64::from(order) * t;
        }
        sum * sum
    }

    #[autodiff_reverse(d_idiomatic, Active, Active, Duplicated, Active)]
    #[cfg_attr(inline_never, inline(never))]
    fn f_idiomatic(fit: Fit, term: (f64, i32), x: &[f64; 8]) -> f64 {
        body(fit.weights[0], fit.weights[1], fit.points, fit.offset, term.0, term.1, x)
    }

    #[autodiff_reverse(d_flat, Unchecked, Active, Active, Const, Active, Active, Const, Duplicated, Active)]
    #[cfg_attr(inline_never, inline(never))]
    fn f_flat(
        w0: f64,
        w1: f64,
        points: u16,
        offset: f32,
        scale: f64,
        order: i32,
        x: *const f64,
    ) -> f64 {
        body(w0, w1, points, offset, scale, order, unsafe { &*x.cast() })
    }

    pub fn value(x: &[f64]) -> f64 {
        let &[w0, w1, offset, scale, ref x @ ..] = x.as_array::<12>().unwrap();
        body(w0, w1, 3, offset as f32, scale, 2, x)
    }

    pub fn idiomatic(x: &[f64], g: &mut [f64]) {
        let &[w0, w1, offset, scale, ref x @ ..] = x.as_array::<12>().unwrap();
        let [g0, g1, g2, g3, g @ ..] = g.as_mut_array::<12>().unwrap();
        let fit = Fit { weights: [w0, w1], points: 3, offset: offset as f32 };
        let (_, fit, (scale, _)) = d_idiomatic(fit, (scale, 2), x, g, 1.0);
        [*g0, *g1, *g2, *g3] = [fit.weights[0], fit.weights[1], fit.offset.into(), scale];
    }

    pub fn flat(x: &[f64], g: &mut [f64]) {
        let &[w0, w1, offset, scale, ref x @ ..] = x.as_array::<12>().unwrap();
        let [g0, g1, g2, g3, g @ ..] = g.as_mut_array::<12>().unwrap();
        let (x, g) = (x.as_ptr(), g.as_mut_ptr());
        let (_, w0, w1, offset, scale) = unsafe { d_flat(w0, w1, 3, offset as f32, scale, 2, x, g, 1.0) };
        [*g0, *g1, *g2, *g3] = [w0, w1, offset.into(), scale];
    }
}

pub mod returned {
    use super::*;

    #[inline(always)]
    fn body(r: f64, a: f64, b: f64) -> [f64; 3] {
        // Rational approximations, so that no call of libm hides the rest.
        let (sin_a, cos_a) = (a / (1.0 + a * a), 1.0 / (1.0 + a * a));
        let (sin_b, cos_b) = (b / (1.0 + b * b), 1.0 / (1.0 + b * b));
        [r * sin_a * cos_b, r * sin_a * sin_b, r * cos_a]
    }

    #[autodiff_reverse(d_idiomatic, Active, Active)]
    #[cfg_attr(inline_never, inline(never))]
    fn f_idiomatic(p: [f64; 3]) -> [f64; 3] {
        body(p[0], p[1], p[2])
    }

    #[autodiff_reverse(d_flat, Unchecked, Active, Active, Active, Duplicated)]
    #[cfg_attr(inline_never, inline(never))]
    fn f_flat(r: f64, a: f64, b: f64, out: *mut f64) {
        unsafe { *out.cast() = body(r, a, b) }
    }

    // With the weights that the adjoint of the result starts from.
    pub fn value(x: &[f64]) -> f64 {
        let [x, y, z] = body(x[0], x[1], x[2]);
        x + 2.0 * y + 3.0 * z
    }

    pub fn idiomatic(x: &[f64], g: &mut [f64]) {
        let (_, d) = d_idiomatic(*x.as_array().unwrap(), [1.0, 2.0, 3.0]);
        *g.as_mut_array().unwrap() = d;
    }

    pub fn flat(x: &[f64], g: &mut [f64]) {
        let &[r, a, b] = x.as_array().unwrap();
        let (mut out, mut seed) = ([0.0; 3], [1.0, 2.0, 3.0]);
        let (dr, da, db) = unsafe { d_flat(r, a, b, out.as_mut_ptr(), seed.as_mut_ptr()) };
        *g.as_mut_array().unwrap() = [dr, da, db];
    }
}
