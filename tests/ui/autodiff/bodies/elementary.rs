//! Check derivatives of the methods of `f64`, each on its own, and of what is usually built from
//! them. Each is compared with finite differences, away from where it has no derivative.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[autodiff_reverse(d_sin, Active, Active)]
#[autodiff_forward(t_sin, Dual, Dual)]
fn sin(x: f64) -> f64 {
    x.sin()
}

#[autodiff_reverse(d_cos, Active, Active)]
#[autodiff_forward(t_cos, Dual, Dual)]
fn cos(x: f64) -> f64 {
    x.cos()
}

#[autodiff_reverse(d_tan, Active, Active)]
#[autodiff_forward(t_tan, Dual, Dual)]
fn tan(x: f64) -> f64 {
    x.tan()
}

#[autodiff_reverse(d_asin, Active, Active)]
#[autodiff_forward(t_asin, Dual, Dual)]
fn asin(x: f64) -> f64 {
    x.asin()
}

#[autodiff_reverse(d_acos, Active, Active)]
#[autodiff_forward(t_acos, Dual, Dual)]
fn acos(x: f64) -> f64 {
    x.acos()
}

#[autodiff_reverse(d_atan, Active, Active)]
#[autodiff_forward(t_atan, Dual, Dual)]
fn atan(x: f64) -> f64 {
    x.atan()
}

#[autodiff_reverse(d_sin_cos, Active, Active)]
#[autodiff_forward(t_sin_cos, Dual, Dual)]
fn sin_cos(x: f64) -> f64 {
    {
        let (s, c) = x.sin_cos();
        s * s * c
    }
}

#[autodiff_reverse(d_exp, Active, Active)]
#[autodiff_forward(t_exp, Dual, Dual)]
fn exp(x: f64) -> f64 {
    x.exp()
}

#[autodiff_reverse(d_exp2, Active, Active)]
#[autodiff_forward(t_exp2, Dual, Dual)]
fn exp2(x: f64) -> f64 {
    x.exp2()
}

#[autodiff_reverse(d_exp_m1, Active, Active)]
#[autodiff_forward(t_exp_m1, Dual, Dual)]
fn exp_m1(x: f64) -> f64 {
    x.exp_m1()
}

#[autodiff_reverse(d_ln, Active, Active)]
#[autodiff_forward(t_ln, Dual, Dual)]
fn ln(x: f64) -> f64 {
    x.ln()
}

#[autodiff_reverse(d_log2, Active, Active)]
#[autodiff_forward(t_log2, Dual, Dual)]
fn log2(x: f64) -> f64 {
    x.log2()
}

#[autodiff_reverse(d_log10, Active, Active)]
#[autodiff_forward(t_log10, Dual, Dual)]
fn log10(x: f64) -> f64 {
    x.log10()
}

#[autodiff_reverse(d_ln_1p, Active, Active)]
#[autodiff_forward(t_ln_1p, Dual, Dual)]
fn ln_1p(x: f64) -> f64 {
    x.ln_1p()
}

#[autodiff_reverse(d_log, Active, Active)]
#[autodiff_forward(t_log, Dual, Dual)]
fn log(x: f64) -> f64 {
    x.log(3.0)
}

#[autodiff_reverse(d_sinh, Active, Active)]
#[autodiff_forward(t_sinh, Dual, Dual)]
fn sinh(x: f64) -> f64 {
    x.sinh()
}

#[autodiff_reverse(d_cosh, Active, Active)]
#[autodiff_forward(t_cosh, Dual, Dual)]
fn cosh(x: f64) -> f64 {
    x.cosh()
}

#[autodiff_reverse(d_tanh, Active, Active)]
#[autodiff_forward(t_tanh, Dual, Dual)]
fn tanh(x: f64) -> f64 {
    x.tanh()
}

#[autodiff_reverse(d_asinh, Active, Active)]
#[autodiff_forward(t_asinh, Dual, Dual)]
fn asinh(x: f64) -> f64 {
    x.asinh()
}

#[autodiff_reverse(d_acosh, Active, Active)]
#[autodiff_forward(t_acosh, Dual, Dual)]
fn acosh(x: f64) -> f64 {
    x.acosh()
}

#[autodiff_reverse(d_atanh, Active, Active)]
#[autodiff_forward(t_atanh, Dual, Dual)]
fn atanh(x: f64) -> f64 {
    x.atanh()
}

#[autodiff_reverse(d_sqrt, Active, Active)]
#[autodiff_forward(t_sqrt, Dual, Dual)]
fn sqrt(x: f64) -> f64 {
    x.sqrt()
}

#[autodiff_reverse(d_cbrt, Active, Active)]
#[autodiff_forward(t_cbrt, Dual, Dual)]
fn cbrt(x: f64) -> f64 {
    x.cbrt()
}

#[autodiff_reverse(d_recip, Active, Active)]
#[autodiff_forward(t_recip, Dual, Dual)]
fn recip(x: f64) -> f64 {
    x.recip()
}

#[autodiff_reverse(d_abs, Active, Active)]
#[autodiff_forward(t_abs, Dual, Dual)]
fn abs(x: f64) -> f64 {
    x.abs()
}

#[autodiff_reverse(d_signum, Active, Active)]
#[autodiff_forward(t_signum, Dual, Dual)]
fn signum(x: f64) -> f64 {
    x.signum() * x * x
}

#[autodiff_reverse(d_copysign, Active, Active)]
#[autodiff_forward(t_copysign, Dual, Dual)]
fn copysign(x: f64) -> f64 {
    x.copysign(-1.0)
}

#[autodiff_reverse(d_powi, Active, Active)]
#[autodiff_forward(t_powi, Dual, Dual)]
fn powi(x: f64) -> f64 {
    x.powi(5) + x.powi(-2)
}

#[autodiff_reverse(d_powf, Active, Active)]
#[autodiff_forward(t_powf, Dual, Dual)]
fn powf(x: f64) -> f64 {
    x.powf(2.7)
}

#[autodiff_reverse(d_to_radians, Active, Active)]
#[autodiff_forward(t_to_radians, Dual, Dual)]
fn to_radians(x: f64) -> f64 {
    x.to_radians() * x
}

#[autodiff_reverse(d_to_degrees, Active, Active)]
#[autodiff_forward(t_to_degrees, Dual, Dual)]
fn to_degrees(x: f64) -> f64 {
    x.to_degrees() * x
}

#[autodiff_reverse(d_rem_euclid, Active, Active)]
#[autodiff_forward(t_rem_euclid, Dual, Dual)]
fn rem_euclid(x: f64) -> f64 {
    x.rem_euclid(2.0) * x
}

#[autodiff_reverse(d_remainder, Active, Active)]
#[autodiff_forward(t_remainder, Dual, Dual)]
fn remainder(x: f64) -> f64 {
    (x % 0.75) * x
}

#[autodiff_reverse(d_floor, Active, Active)]
#[autodiff_forward(t_floor, Dual, Dual)]
fn floor(x: f64) -> f64 {
    (x - x.floor()).powi(2)
}

#[autodiff_reverse(d_fract, Active, Active)]
#[autodiff_forward(t_fract, Dual, Dual)]
fn fract(x: f64) -> f64 {
    x.fract() * x
}

#[autodiff_reverse(d_trunc, Active, Active)]
#[autodiff_forward(t_trunc, Dual, Dual)]
fn trunc(x: f64) -> f64 {
    x.trunc() * x
}

#[autodiff_reverse(d_round, Active, Active)]
#[autodiff_forward(t_round, Dual, Dual)]
fn round(x: f64) -> f64 {
    x.round() * x
}

#[autodiff_reverse(d_ceil, Active, Active)]
#[autodiff_forward(t_ceil, Dual, Dual)]
fn ceil(x: f64) -> f64 {
    x.ceil() * x
}

#[autodiff_reverse(d_clamp, Active, Active)]
#[autodiff_forward(t_clamp, Dual, Dual)]
fn clamp(x: f64) -> f64 {
    (2.0 * x).clamp(-1.0, 1.5) * x
}

#[autodiff_reverse(d_sigmoid, Active, Active)]
#[autodiff_forward(t_sigmoid, Dual, Dual)]
fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[autodiff_reverse(d_softplus, Active, Active)]
#[autodiff_forward(t_softplus, Dual, Dual)]
fn softplus(x: f64) -> f64 {
    x.exp().ln_1p()
}

#[autodiff_reverse(d_gelu, Active, Active)]
#[autodiff_forward(t_gelu, Dual, Dual)]
fn gelu(x: f64) -> f64 {
    0.5 * x * (1.0 + (0.7978845608 * (x + 0.044715 * x * x * x)).tanh())
}

#[autodiff_reverse(d_integer_part, Active, Active)]
#[autodiff_forward(t_integer_part, Dual, Dual)]
fn integer_part(x: f64) -> f64 {
    x * (x as i64) as f64
}

#[autodiff_reverse(d_constants, Active, Active)]
#[autodiff_forward(t_constants, Dual, Dual)]
fn constants(x: f64) -> f64 {
    x * std::f64::consts::PI + x.powf(std::f64::consts::E)
}

#[autodiff_reverse(d_atan2, Active, Active, Active)]
#[autodiff_forward(t_atan2, Dual, Dual, Dual)]
fn atan2(x: f64, y: f64) -> f64 {
    x.atan2(y)
}

#[autodiff_reverse(d_hypot, Active, Active, Active)]
#[autodiff_forward(t_hypot, Dual, Dual, Dual)]
fn hypot(x: f64, y: f64) -> f64 {
    x.hypot(y)
}

#[autodiff_reverse(d_powf_both, Active, Active, Active)]
#[autodiff_forward(t_powf_both, Dual, Dual, Dual)]
fn powf_both(x: f64, y: f64) -> f64 {
    x.powf(y)
}

#[autodiff_reverse(d_max, Active, Active, Active)]
#[autodiff_forward(t_max, Dual, Dual, Dual)]
fn max(x: f64, y: f64) -> f64 {
    x.max(y) * x
}

#[autodiff_reverse(d_min, Active, Active, Active)]
#[autodiff_forward(t_min, Dual, Dual, Dual)]
fn min(x: f64, y: f64) -> f64 {
    x.min(y) * x
}

#[autodiff_reverse(d_mul_add, Active, Active, Active)]
#[autodiff_forward(t_mul_add, Dual, Dual, Dual)]
fn mul_add(x: f64, y: f64) -> f64 {
    x.mul_add(y, x)
}

#[autodiff_reverse(d_division, Active, Active, Active)]
#[autodiff_forward(t_division, Dual, Dual, Dual)]
fn division(x: f64, y: f64) -> f64 {
    x / y
}

#[autodiff_reverse(d_rem_both, Active, Active, Active)]
#[autodiff_forward(t_rem_both, Dual, Dual, Dual)]
fn rem_both(x: f64, y: f64) -> f64 {
    x.rem_euclid(y) + x * y
}

#[autodiff_reverse(d_copysign_both, Active, Active, Active)]
#[autodiff_forward(t_copysign_both, Dual, Dual, Dual)]
fn copysign_both(x: f64, y: f64) -> f64 {
    x.copysign(y) * x
}

#[autodiff_reverse(d_abs_difference, Active, Active, Active)]
#[autodiff_forward(t_abs_difference, Dual, Dual, Dual)]
fn abs_difference(x: f64, y: f64) -> f64 {
    (x - y).abs() * y
}

// An `f32` within, whose rounding differences would see: the closed form is (x^2)' = 2 x in `f32`.
#[autodiff_reverse(d_through_f32, Active, Active)]
#[autodiff_forward(t_through_f32, Dual, Dual)]
fn through_f32(x: f64) -> f64 {
    let narrow = x as f32;
    (narrow * narrow) as f64
}

#[autodiff_reverse(d_softmax, Duplicated, Const, Active)]
#[autodiff_forward(t_softmax, Dual, Const, Dual)]
fn softmax(x: &[f64], which: usize) -> f64 {
    let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exponentials: Vec<f64> = x.iter().map(|x| (x - max).exp()).collect();
    exponentials[which] / exponentials.iter().sum::<f64>()
}

#[autodiff_reverse(d_log_sum_exp, Duplicated, Active)]
#[autodiff_forward(t_log_sum_exp, Dual, Dual)]
fn log_sum_exp(x: &[f64]) -> f64 {
    let mut max = x[0];
    for v in &x[1..] {
        max = max.max(*v);
    }
    let mut sum = 0.0;
    for v in x {
        sum += (v - max).exp();
    }
    max + sum.ln()
}

#[autodiff_reverse(d_cross_entropy, Duplicated, Const, Active)]
#[autodiff_forward(t_cross_entropy, Dual, Const, Dual)]
fn cross_entropy(logits: &[f64], labels: &[usize]) -> f64 {
    let classes = logits.len() / labels.len();
    let mut loss = 0.0;
    for (row, &label) in logits.chunks_exact(classes).zip(labels) {
        let max = row.iter().copied().fold(f64::MIN, f64::max);
        loss -= row[label] - max - row.iter().map(|v| (v - max).exp()).sum::<f64>().ln();
    }
    loss / labels.len() as f64
}

pub fn main() {
    let mut checks = Checks::new();
    checks.derivative("sin", 0.7, sin, d_sin, t_sin);
    checks.derivative("cos", 0.7, cos, d_cos, t_cos);
    checks.derivative("tan", 0.7, tan, d_tan, t_tan);
    checks.derivative("asin", 0.4, asin, d_asin, t_asin);
    checks.derivative("acos", 0.4, acos, d_acos, t_acos);
    checks.derivative("atan", 0.4, atan, d_atan, t_atan);
    checks.derivative("sin_cos", 0.7, sin_cos, d_sin_cos, t_sin_cos);
    checks.derivative("exp", 0.7, exp, d_exp, t_exp);
    checks.derivative("exp2", 0.7, exp2, d_exp2, t_exp2);
    checks.derivative("exp_m1", 0.2, exp_m1, d_exp_m1, t_exp_m1);
    checks.derivative("ln", 1.7, ln, d_ln, t_ln);
    checks.derivative("log2", 1.7, log2, d_log2, t_log2);
    checks.derivative("log10", 1.7, log10, d_log10, t_log10);
    checks.derivative("ln_1p", 0.3, ln_1p, d_ln_1p, t_ln_1p);
    checks.derivative("log", 1.7, log, d_log, t_log);
    checks.derivative("sinh", 0.7, sinh, d_sinh, t_sinh);
    checks.derivative("cosh", 0.7, cosh, d_cosh, t_cosh);
    checks.derivative("tanh", 0.7, tanh, d_tanh, t_tanh);
    checks.derivative("asinh", 0.7, asinh, d_asinh, t_asinh);
    checks.derivative("acosh", 1.7, acosh, d_acosh, t_acosh);
    checks.derivative("atanh", 0.4, atanh, d_atanh, t_atanh);
    checks.derivative("sqrt", 1.7, sqrt, d_sqrt, t_sqrt);
    checks.derivative("cbrt", 1.7, cbrt, d_cbrt, t_cbrt);
    checks.derivative("recip", -1.7, recip, d_recip, t_recip);
    checks.derivative("abs", -1.7, abs, d_abs, t_abs);
    checks.derivative("abs", 0.6, abs, d_abs, t_abs);
    checks.derivative("signum", -1.7, signum, d_signum, t_signum);
    checks.derivative("copysign", 1.7, copysign, d_copysign, t_copysign);
    checks.derivative("powi", -1.3, powi, d_powi, t_powi);
    checks.derivative("powf", 1.3, powf, d_powf, t_powf);
    checks.derivative("to_radians", 30.0, to_radians, d_to_radians, t_to_radians);
    checks.derivative("to_degrees", 0.3, to_degrees, d_to_degrees, t_to_degrees);
    checks.derivative("rem_euclid", -1.3, rem_euclid, d_rem_euclid, t_rem_euclid);
    checks.derivative("remainder", 2.6, remainder, d_remainder, t_remainder);
    checks.derivative("floor", 2.6, floor, d_floor, t_floor);
    checks.derivative("fract", 2.6, fract, d_fract, t_fract);
    checks.derivative("trunc", 2.6, trunc, d_trunc, t_trunc);
    checks.derivative("round", 2.6, round, d_round, t_round);
    checks.derivative("ceil", 2.6, ceil, d_ceil, t_ceil);
    checks.derivative("clamp", 0.4, clamp, d_clamp, t_clamp);
    checks.derivative("clamp", 1.3, clamp, d_clamp, t_clamp);
    checks.derivative("clamp", -0.9, clamp, d_clamp, t_clamp);
    checks.derivative("sigmoid", 0.7, sigmoid, d_sigmoid, t_sigmoid);
    checks.derivative("softplus", 0.7, softplus, d_softplus, t_softplus);
    checks.derivative("gelu", -0.7, gelu, d_gelu, t_gelu);
    checks.derivative("integer_part", 2.6, integer_part, d_integer_part, t_integer_part);
    checks.derivative("constants", 1.3, constants, d_constants, t_constants);
    checks.derivative2("atan2", [0.7, -1.2], atan2, d_atan2, t_atan2);
    checks.derivative2("hypot", [0.7, -1.2], hypot, d_hypot, t_hypot);
    checks.derivative2("powf_both", [1.3, 0.7], powf_both, d_powf_both, t_powf_both);
    checks.derivative2("max", [0.7, -1.2], max, d_max, t_max);
    checks.derivative2("max", [0.7, 1.2], max, d_max, t_max);
    checks.derivative2("min", [0.7, -1.2], min, d_min, t_min);
    checks.derivative2("min", [0.7, 1.2], min, d_min, t_min);
    checks.derivative2("mul_add", [0.7, -1.2], mul_add, d_mul_add, t_mul_add);
    checks.derivative2("division", [0.7, -1.2], division, d_division, t_division);
    checks.derivative2("rem_both", [5.3, 1.7], rem_both, d_rem_both, t_rem_both);
    checks.derivative2(
        "copysign_both",
        [0.7, -1.2],
        copysign_both,
        d_copysign_both,
        t_copysign_both,
    );
    checks.derivative2(
        "abs_difference",
        [0.7, -1.2],
        abs_difference,
        d_abs_difference,
        t_abs_difference,
    );
    checks.compare("through_f32, reverse mode", d_through_f32(1.5, 1.0).1, 3.0, 1.0);
    checks.compare("through_f32, forward mode", t_through_f32(1.5, 2.0).1, 6.0, 1.0);
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient(
        "softmax",
        &x,
        |x| softmax(x, 2),
        |x, dx, seed| d_softmax(x, dx, 2, seed),
        |x, dx| t_softmax(x, dx, 2),
    );
    checks.gradient("log_sum_exp", &x, log_sum_exp, d_log_sum_exp, t_log_sum_exp);
    checks.gradient(
        "cross_entropy",
        &x,
        |x| cross_entropy(x, &[2, 0]),
        |x, dx, seed| d_cross_entropy(x, dx, &[2, 0], seed),
        |x, dx| t_cross_entropy(x, dx, &[2, 0]),
    );
    checks.finish(455);
}
