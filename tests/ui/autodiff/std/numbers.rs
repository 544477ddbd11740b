//! Check derivatives of functions in which numbers of other types, comparisons and bits take part in what floats are
//! calculated. `bodies/elementary.rs` has the methods of `f64` on their own. Each is compared with finite differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::num::{NonZeroUsize, Wrapping};

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[autodiff_reverse(d_from_and_into, Duplicated, Active)]
#[autodiff_forward(t_from_and_into, Dual, Dual)]
fn from_and_into(x: &[f64]) -> f64 {
    let weights: [f64; 4] = [f64::from(3u8), f64::from(-2i32), 0.5f32.into(), f64::from(true)];
    let count: f64 = u32::try_from(x.len()).unwrap().into();
    weights.iter().zip(x).map(|(w, v)| w * v * v).sum::<f64>() * count + x[4] * x[5]
}

#[autodiff_reverse(d_casts, Duplicated, Active)]
#[autodiff_forward(t_casts, Dual, Dual)]
fn casts(x: &[f64]) -> f64 {
    let grid = [0.5, 1.5, -1.0, 2.0];
    let at = (x[2] + 0.15) * 2.0;
    let i = at as usize;
    let t = at - i as f64;
    let value = grid[i] * x[0] * (1.0 - t) + grid[(i + 1) & 3] * x[1] * t;
    value * (x[1] * 10.0 - 0.5) as i8 as f64 + (x[3] as u64 + 300) as u8 as f64 * x[5]
}

#[autodiff_reverse(d_bits, Duplicated, Active)]
#[autodiff_forward(t_bits, Dual, Dual)]
fn bits(x: &[f64]) -> f64 {
    let positive = x.iter().filter(|v| v.to_bits() >> 63 == 0).count() as f64;
    let exponent = |v: f64| (v.to_bits() >> 52 & 0x7ff) as i32 - 1023;
    x.iter().map(|v| v * v * f64::from(exponent(v + 1.25))).sum::<f64>() * positive + x[1]
}

#[autodiff_reverse(d_bits_round_trip, Duplicated, Active)]
#[autodiff_forward(t_bits_round_trip, Dual, Dual)]
fn bits_round_trip(x: &[f64]) -> f64 {
    let stored: Vec<u64> = x.iter().map(|v| (v * v).to_bits()).collect();
    let loaded = stored.iter().map(|bits| f64::from_bits(*bits));
    loaded.zip(x).map(|(a, b)| a.sin() * b).sum()
}

#[autodiff_reverse(d_bytes_round_trip, Duplicated, Active)]
#[autodiff_forward(t_bytes_round_trip, Dual, Dual)]
fn bytes_round_trip(x: &[f64]) -> f64 {
    let mut bytes = vec![];
    for v in x {
        bytes.extend_from_slice(&v.sin().to_le_bytes());
    }
    let (words, _) = bytes.as_chunks::<8>();
    words.iter().map(|word| f64::from_le_bytes(*word)).map(|v| v * v).sum()
}

#[autodiff_reverse(d_sign_and_scale, Duplicated, Active)]
#[autodiff_forward(t_sign_and_scale, Dual, Dual)]
fn sign_and_scale(x: &[f64]) -> f64 {
    let terms = x.iter().map(|v| match v.is_sign_negative() {
        true => v.abs().sqrt().copysign(*v),
        false => v.signum() * v.hypot(0.5),
    });
    let scale = x[0].max(x[3]).min(x[5]).clamp(0.1, 2.0);
    terms.sum::<f64>() / scale.mul_add(x[2], 1.0)
}

#[autodiff_reverse(d_rounding, Duplicated, Active)]
#[autodiff_forward(t_rounding, Dual, Dual)]
fn rounding(x: &[f64]) -> f64 {
    let wrapped = |v: f64| v - (v / 0.7).floor() * 0.7;
    let parts = |v: f64| v.fract() * v.trunc() + v.ceil() - v.rem_euclid(0.45);
    x.iter().map(|v| wrapped(v * 3.0) * parts(v * 1.9) * (v + 0.25).round_ties_even()).sum()
}

#[autodiff_reverse(d_classified, Duplicated, Active)]
#[autodiff_forward(t_classified, Dual, Dual)]
fn classified(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for pair in x.windows(2) {
        let ratio = (pair[0] + pair[1]) / (pair[0] - pair[1]);
        if ratio.is_finite() && !ratio.is_nan() && ratio.is_normal() {
            sum += ratio.atan() * f64::EPSILON.powi(0);
        } else {
            sum += f64::MAX;
        }
    }
    sum
}

#[autodiff_reverse(d_special_functions, Duplicated, Active)]
#[autodiff_forward(t_special_functions, Dual, Dual)]
fn special_functions(x: &[f64]) -> f64 {
    let log_gamma = |v: f64| {
        let shifted = v + 5.5;
        let series = 1.0 + 76.18009172947146 / (v + 1.0) - 86.50532032941677 / (v + 2.0);
        (v + 0.5) * shifted.ln() - shifted + (2.5066282746310005 * series.abs() / v).ln()
    };
    let logit = |v: f64| (v / (1.0 - v)).ln();
    let a = log_gamma(x[0] + 1.0) - log_gamma(x[2] + 2.0) + logit(x[3]) * x[1].exp_m1();
    a * x[5].sinh().asinh().ln_1p() * (x[4].exp2() + x[1].cosh()).log(3.0)
}

#[autodiff_reverse(d_two_arguments, Duplicated, Active)]
#[autodiff_forward(t_two_arguments, Dual, Dual)]
fn two_arguments(x: &[f64]) -> f64 {
    let angle = x[0].atan2(x[1]);
    let length = x[2].hypot(x[3]);
    let power = (x[4].abs() + 1.0).powf(x[5]);
    let (s, c) = angle.sin_cos();
    s * length + c * power + x[5].div_euclid(0.37) * x[1].rem_euclid(x[2])
}

#[autodiff_reverse(d_checked_integers, Duplicated, Active)]
#[autodiff_forward(t_checked_integers, Dual, Dual)]
fn checked_integers(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for i in 0..6u8 {
        let before = i.checked_sub(1).map_or(x[5], |j| x[usize::from(j)]);
        let far = x[usize::from(i.saturating_sub(3))];
        let (wrapped, over) = i.overflowing_sub(2);
        sum += before * far * if over { 0.5 } else { f64::from(wrapped) };
    }
    sum * x[250u8.wrapping_add(8) as usize]
}

// Pseudo-random numbers that the input does not change.
#[autodiff_reverse(d_random_numbers, Duplicated, Active)]
#[autodiff_forward(t_random_numbers, Dual, Dual)]
fn random_numbers(x: &[f64]) -> f64 {
    let mut state = Wrapping(12345u64);
    let mut uniform = || {
        state = state * Wrapping(6364136223846793005) + Wrapping(1442695040888963407);
        (state.0 >> 11) as f64 / (1u64 << 53) as f64
    };
    let sample = |u: f64| (x[0] * (2.0 * u - 1.0) + x[1]).exp() * x[2];
    (0..20).map(|_| sample(uniform())).sum::<f64>() / 20.0 + x[3] * x[4] * x[5]
}

#[autodiff_reverse(d_bit_tricks, Duplicated, Active)]
#[autodiff_forward(t_bit_tricks, Dual, Dual)]
fn bit_tricks(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for mask in 1u32..64 {
        let mut product = if mask.count_ones() % 2 == 0 { -1.0 } else { 1.0 };
        let mut rest = mask;
        while rest != 0 {
            product *= x[rest.trailing_zeros() as usize] + 0.5;
            rest &= rest - 1;
        }
        sum += product / mask.ilog2().max(1) as f64;
    }
    sum
}

#[autodiff_reverse(d_integer_arithmetic, Duplicated, Active)]
#[autodiff_forward(t_integer_arithmetic, Dual, Dual)]
fn integer_arithmetic(x: &[f64]) -> f64 {
    fn gcd(a: usize, b: usize) -> usize {
        if b == 0 { a } else { gcd(b, a % b) }
    }
    let n = NonZeroUsize::new(x.len()).unwrap();
    let mut sum = 0.0;
    for i in 1..=6usize {
        let common = gcd(i, n.get());
        let place = (i.pow(2) + 7).rem_euclid(n.get()).abs_diff(common) % 6;
        let sign = (i as i64 - 4).signum() as f64;
        sum += x[place] * x[i - 1] * (i.div_ceil(common) as f64) + sign * x[0];
    }
    sum
}

#[autodiff_reverse(d_characters_and_bools, Duplicated, Active)]
#[autodiff_forward(t_characters_and_bools, Dual, Dual)]
fn characters_and_bools(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (letter, v) in ('a'..='f').zip(x) {
        let weight = letter as u32 - 'a' as u32;
        let flag = (weight % 2 == 0) ^ (*v > 0.5);
        sum += v * v * (f64::from(weight) + f64::from(u8::from(flag)) + !flag as i32 as f64 * 0.5);
    }
    sum
}

#[autodiff_reverse(d_wide_integers, Duplicated, Active)]
#[autodiff_forward(t_wide_integers, Dual, Dual)]
fn wide_integers(x: &[f64]) -> f64 {
    let large = u128::MAX >> 57;
    let scale = (large % 1_000_003) as f64 / 1e6;
    let signed = -i128::from(x.len() as i64) << 1;
    x.iter().map(|v| v * v * scale).sum::<f64>() / signed as f64 + x[0] * x[1]
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("from_and_into", &x, from_and_into, d_from_and_into, t_from_and_into);
    checks.gradient("casts", &x, casts, d_casts, t_casts);
    checks.gradient("bits", &x, bits, d_bits, t_bits);
    checks.gradient("bits_round_trip", &x, bits_round_trip, d_bits_round_trip, t_bits_round_trip);
    checks.gradient(
        "bytes_round_trip",
        &x,
        bytes_round_trip,
        d_bytes_round_trip,
        t_bytes_round_trip,
    );
    checks.gradient("sign_and_scale", &x, sign_and_scale, d_sign_and_scale, t_sign_and_scale);
    checks.gradient("rounding", &x, rounding, d_rounding, t_rounding);
    checks.gradient("classified", &x, classified, d_classified, t_classified);
    checks.gradient(
        "special_functions",
        &x,
        special_functions,
        d_special_functions,
        t_special_functions,
    );
    checks.gradient("two_arguments", &x, two_arguments, d_two_arguments, t_two_arguments);
    checks.gradient(
        "checked_integers",
        &x,
        checked_integers,
        d_checked_integers,
        t_checked_integers,
    );
    checks.gradient("random_numbers", &x, random_numbers, d_random_numbers, t_random_numbers);
    checks.gradient("bit_tricks", &x, bit_tricks, d_bit_tricks, t_bit_tricks);
    checks.gradient(
        "integer_arithmetic",
        &x,
        integer_arithmetic,
        d_integer_arithmetic,
        t_integer_arithmetic,
    );
    checks.gradient(
        "characters_and_bools",
        &x,
        characters_and_bools,
        d_characters_and_bools,
        t_characters_and_bools,
    );
    checks.gradient("wide_integers", &x, wide_integers, d_wide_integers, t_wide_integers);
    checks.finish(336);
}
