//! Check derivatives of functions that make closures, call them and hand them on: capturing by
//! value and by reference, as `impl Fn`, `FnMut` and `FnOnce`, generic, composed, returning
//! aggregates. Each is compared with finite differences.

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

// Captured by reference.
#[autodiff_reverse(d_by_reference, Duplicated, Active)]
#[autodiff_forward(t_by_reference, Dual, Dual)]
fn by_reference(x: &[f64]) -> f64 {
    let (a, b) = (x[0] * x[1], x[2].exp());
    let line = |t: f64| a + b * t;
    line(x[3]) * line(x[4])
}

// Captured by value, and the captured changed afterwards.
#[autodiff_reverse(d_by_value, Duplicated, Active)]
#[autodiff_forward(t_by_value, Dual, Dual)]
fn by_value(x: &[f64]) -> f64 {
    let mut a = x[0];
    let scaled = move |t: f64| a * t * t;
    a = x[1];
    scaled(x[2]) + a * scaled(x[3])
}

// Changing what it captures.
#[autodiff_reverse(d_by_unique_reference, Duplicated, Active)]
#[autodiff_forward(t_by_unique_reference, Dual, Dual)]
fn by_unique_reference(x: &[f64]) -> f64 {
    let mut sum = x[0];
    let mut add = |t: f64| {
        sum += t * t * x[1];
        t.sin()
    };
    let sines = add(x[2]) + add(x[3]);
    sum * sines
}

fn trapezoid(f: impl Fn(f64) -> f64, a: f64, b: f64, n: usize) -> f64 {
    let h = (b - a) / n as f64;
    let inner: f64 = (1..n).map(|i| f(a + i as f64 * h)).sum();
    h * (0.5 * (f(a) + f(b)) + inner)
}

// As `impl Fn`: quadrature of an integrand with parameters, one of the limits among them.
#[autodiff_reverse(d_quadrature, Duplicated, Active)]
#[autodiff_forward(t_quadrature, Dual, Dual)]
fn quadrature(x: &[f64]) -> f64 {
    trapezoid(|t| x[0] * (x[1] * t).sin() + x[2] / (1.0 + t * t), 0.0, x[3], 20)
}

// A double integral: a closure within a closure that captures its argument.
#[autodiff_reverse(d_double_integral, Duplicated, Active)]
#[autodiff_forward(t_double_integral, Dual, Dual)]
fn double_integral(x: &[f64]) -> f64 {
    trapezoid(|s| trapezoid(|t| (x[0] * s * t).exp(), 0.0, x[1] * s, 6), 0.0, x[2], 6)
}

fn newton<F, G>(f: F, derivative: G, mut x: f64) -> f64
where
    F: Fn(f64) -> f64,
    G: Fn(f64) -> f64,
{
    for _ in 0..50 {
        let step = f(x) / derivative(x);
        x -= step;
        if step.abs() < 1e-15 {
            break;
        }
    }
    x
}

// As generic parameters: a root, by Newton's iteration.
#[autodiff_reverse(d_root, Duplicated, Active)]
#[autodiff_forward(t_root, Dual, Dual)]
fn root(x: &[f64]) -> f64 {
    newton(|t| t * t * t + x[0] * t - x[1], |t| 3.0 * t * t + x[0], 1.0)
}

fn apply_times<F: FnMut(f64) -> f64>(mut f: F, times: usize, mut x: f64) -> f64 {
    for _ in 0..times {
        x = f(x);
    }
    x
}

// As `FnMut`, with a state of its own.
#[autodiff_reverse(d_iterated, Duplicated, Active)]
#[autodiff_forward(t_iterated, Dual, Dual)]
fn iterated(x: &[f64]) -> f64 {
    let mut rate = x[0];
    apply_times(
        |t| {
            rate *= 0.9;
            t + rate * (x[1] - t)
        },
        x.len() + 1,
        x[2],
    )
}

// Passed on by reference.
#[autodiff_reverse(d_by_fn_reference, Duplicated, Active)]
#[autodiff_forward(t_by_fn_reference, Dual, Dual)]
fn by_fn_reference(x: &[f64]) -> f64 {
    let f = |t: f64| (x[0] * t).tanh();
    fn twice(f: &impl Fn(f64) -> f64, t: f64) -> f64 {
        f(t) + f(f(t))
    }
    twice(&f, x[1]) * twice(&f, x[2])
}

fn compose(f: impl Fn(f64) -> f64, g: impl Fn(f64) -> f64) -> impl Fn(f64) -> f64 {
    move |t| g(f(t))
}

fn polynomial(coefficients: &[f64]) -> impl Fn(f64) -> f64 {
    move |t| coefficients.iter().rev().fold(0.0, |value, c| value * t + c)
}

// Returned as `impl Fn`, and composed.
#[autodiff_reverse(d_composed, Duplicated, Active)]
#[autodiff_forward(t_composed, Dual, Dual)]
fn composed(x: &[f64]) -> f64 {
    let f = compose(polynomial(&x[..3]), polynomial(&x[3..]));
    let g = compose(f64::sin, &f);
    f(0.7) + g(x[0])
}

// Returning an array, which an ordinary callee returns as an integer or in memory.
#[autodiff_reverse(d_returning_array, Duplicated, Active)]
#[autodiff_forward(t_returning_array, Dual, Dual)]
fn returning_array(x: &[f64]) -> f64 {
    let rotate = |angle: f64| [angle.cos(), angle.sin()];
    let [c, s] = rotate(x[0]);
    let [d, t] = rotate(x[1] * x[2]);
    c * d * x[3] - s * t * x[4]
}

// Returning a tuple, taking one.
#[autodiff_reverse(d_returning_tuple, Duplicated, Active)]
#[autodiff_forward(t_returning_tuple, Dual, Dual)]
fn returning_tuple(x: &[f64]) -> f64 {
    let step = |(p, v): (f64, f64)| (p + 0.1 * v, v - 0.1 * x[0] * p);
    let mut state = (x[1], x[2]);
    for _ in 0..5 {
        state = step(state);
    }
    state.0 * state.0 + x[3] * state.1
}

fn minimum(f: impl Fn(f64) -> f64 + Copy, mut low: f64, mut high: f64) -> f64 {
    while high - low > 0.5 {
        let (a, b) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if f(a) < f(b) { high = b } else { low = a }
    }
    // The minimum of the parabola through three points, so that the result depends on `f` smoothly.
    let middle = 0.5 * (low + high);
    let (left, centre, right) = (f(low), f(middle), f(high));
    let h = 0.5 * (high - low);
    middle - 0.5 * h * (right - left) / (right - 2.0 * centre + left)
}

// Called in comparisons only at first: a minimum by ternary search.
#[autodiff_reverse(d_ternary_search, Duplicated, Active)]
#[autodiff_forward(t_ternary_search, Dual, Dual)]
fn ternary_search(x: &[f64]) -> f64 {
    let position = minimum(|t| x[0] * t + (x[1] * t).cosh(), -3.0, 2.0);
    position * x[2]
}

// A function item as generic argument.
#[autodiff_reverse(d_function_items, Duplicated, Active)]
#[autodiff_forward(t_function_items, Dual, Dual)]
fn function_items(x: &[f64]) -> f64 {
    fn sum_of(f: impl Fn(f64) -> f64, x: &[f64]) -> f64 {
        x.iter().map(|&x| f(x)).sum()
    }
    fn cube(x: f64) -> f64 {
        x * x * x
    }
    sum_of(f64::sin, x) * sum_of(cube, x) + sum_of(f64::exp, x)
}

// Called through `FnOnce`, with an array moved in.
#[autodiff_reverse(d_once, Duplicated, Active)]
#[autodiff_forward(t_once, Dual, Dual)]
fn once(x: &[f64]) -> f64 {
    fn call(f: impl FnOnce() -> f64) -> f64 {
        2.0 * f()
    }
    let table = [x[0] * x[1], x[1] * x[2], x[2] * x[3]];
    call(move || table.iter().map(|v| v * v).sum())
}

// Chosen at run time, without a pointer.
#[autodiff_reverse(d_chosen, Duplicated, Active)]
#[autodiff_forward(t_chosen, Dual, Dual)]
fn chosen(x: &[f64]) -> f64 {
    let square = |t: f64| t * t;
    let cube = |t: f64| t * t * t;
    let mut sum = 0.0;
    for (i, &v) in x.iter().enumerate() {
        sum += if i % 2 == 0 { square(v) } else { cube(v) };
    }
    sum
}

// Gradient descent on a loss that captures data: the loop is differentiated through.
#[autodiff_reverse(d_descent, Duplicated, Active)]
#[autodiff_forward(t_descent, Dual, Dual)]
fn descent(x: &[f64]) -> f64 {
    let loss_slope = |w: f64| x.iter().map(|x| 2.0 * (w - x) * x.cosh()).sum::<f64>();
    let mut w = 0.0;
    for _ in 0..6 {
        w -= 0.03 * loss_slope(w);
    }
    w
}

pub fn main() {
    let mut checks = Checks::new();
    checks.gradient(
        "by_reference",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        by_reference,
        d_by_reference,
        t_by_reference,
    );
    checks.gradient(
        "by_value",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        by_value,
        d_by_value,
        t_by_value,
    );
    checks.gradient(
        "by_unique_reference",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        by_unique_reference,
        d_by_unique_reference,
        t_by_unique_reference,
    );
    checks.gradient(
        "quadrature",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        quadrature,
        d_quadrature,
        t_quadrature,
    );
    checks.gradient(
        "double_integral",
        &[0.6, 0.9, 1.3],
        double_integral,
        d_double_integral,
        t_double_integral,
    );
    checks.gradient("root", &[1.5, 2.5], root, d_root, t_root);
    checks.gradient(
        "iterated",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        iterated,
        d_iterated,
        t_iterated,
    );
    checks.gradient(
        "by_fn_reference",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        by_fn_reference,
        d_by_fn_reference,
        t_by_fn_reference,
    );
    checks.gradient(
        "composed",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        composed,
        d_composed,
        t_composed,
    );
    checks.gradient(
        "returning_array",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        returning_array,
        d_returning_array,
        t_returning_array,
    );
    checks.gradient(
        "returning_tuple",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        returning_tuple,
        d_returning_tuple,
        t_returning_tuple,
    );
    checks.gradient(
        "ternary_search",
        &[0.7, 1.1, 1.5],
        ternary_search,
        d_ternary_search,
        t_ternary_search,
    );
    checks.gradient(
        "function_items",
        &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9],
        function_items,
        d_function_items,
        t_function_items,
    );
    checks.gradient("once", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], once, d_once, t_once);
    checks.gradient("chosen", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], chosen, d_chosen, t_chosen);
    checks.gradient("descent", &[0.3, -0.8, 1.1, 0.6, -0.4, 0.9], descent, d_descent, t_descent);
    checks.finish(306);
}
