//! Finite differences to compare derivatives with, used by tests in `tests/ui/autodiff` as `#[path]
//! mod differences`.
//!
//! A body is differentiated with respect to a list of floats. Where its header is another one, the
//! closures that a test hands over take the list apart. Every comparison is counted, and a test
//! says how many it expects, so that one that does not take place is a failure.

#![allow(dead_code)] // no test uses all of it

use std::hint::black_box;

/// Largest difference that passes, relative to the largest component of the gradient.
const TOLERANCE: f64 = 1e-8;

/// The derivative of `f` at 0, and an estimate of its error: central differences whose step is
/// halved again and again, extrapolated to a step of 0 (Ridders' method).
fn differentiate(f: impl Fn(f64) -> f64) -> (f64, f64) {
    const STEPS: usize = 6;
    let (mut best, mut least_error) = (f64::NAN, f64::INFINITY);
    let mut above = [0.0; STEPS];
    let mut step = 1.0 / 32.0;
    for i in 0..STEPS {
        let mut row = [0.0; STEPS];
        row[0] = (f(step) - f(-step)) / (2.0 * step);
        let mut power = 1.0;
        for j in 1..=i {
            power *= 4.0;
            row[j] = (power * row[j - 1] - above[j - 1]) / (power - 1.0);
            let error = (row[j] - row[j - 1]).abs().max((row[j] - above[j - 1]).abs());
            if error < least_error {
                (best, least_error) = (row[j], error);
            }
        }
        above = row;
        step *= 0.5;
    }
    (best, least_error)
}

/// Counts comparisons.
pub struct Checks {
    executed: usize,
}

impl Checks {
    pub fn new() -> Self {
        Checks { executed: 0 }
    }

    /// Ends a test. A test that finds fewer comparisons than it has written down has lost some.
    #[track_caller]
    pub fn finish(self, expected: usize) {
        assert!(self.executed == expected, "{} comparisons, not {expected}", self.executed);
    }

    /// Counts comparisons for which the machine lacks something, of which the test has to say what.
    pub fn skip(&mut self, count: usize) {
        self.executed += count;
    }

    /// Compares a derivative with one that has been found in another way.
    #[track_caller]
    pub fn compare(&mut self, name: &str, got: f64, want: f64, scale: f64) {
        self.executed += 1;
        // A NaN fails, on either side.
        let met = (got - want).abs() <= TOLERANCE * scale;
        assert!(met, "{name}: got {got:e}, want {want:e} within {TOLERANCE:e} of {scale:e}");
    }

    /// Checks both modes of `primal` at `x`: each component of the gradient, that the seed is a
    /// factor and the shadow added to, each directional derivative along an axis, and one across
    /// all of them.
    ///
    /// With n components these are 3 n + 3 comparisons.
    ///
    /// `reverse` takes `x`, its shadow and the seed and returns the value, `forward` takes `x` and
    /// a direction and returns the value and the derivative in that direction.
    #[track_caller]
    pub fn gradient(
        &mut self,
        name: &str,
        x: &[f64],
        primal: impl Fn(&[f64]) -> f64,
        reverse: impl Fn(&[f64], &mut [f64], f64) -> f64,
        forward: impl Fn(&[f64], &[f64]) -> (f64, f64),
    ) {
        let x = &black_box(x.to_vec())[..];
        let n = x.len();
        let value = primal(x);

        let mut want = vec![];
        let mut worst = 0.0f64;
        for i in 0..n {
            let (derivative, error) = differentiate(|step| {
                let mut moved = x.to_vec();
                moved[i] += step;
                primal(&moved)
            });
            want.push(derivative);
            worst = worst.max(error);
        }
        let scale = want.iter().fold(0.0, |scale: f64, want| scale.max(want.abs()));
        assert!(scale > 0.0, "{name}: a gradient of 0 shows nothing");
        assert!(worst < 0.1 * TOLERANCE * scale, "{name}: differences are off by {worst:e}");

        let mut dx = vec![0.0; n];
        let reverse_value = reverse(x, &mut dx, 1.0);
        self.compare(&format!("{name}, value of reverse mode"), reverse_value, value, value.abs());
        for i in 0..n {
            self.compare(&format!("{name}, reverse mode by x[{i}]"), dx[i], want[i], scale);
        }
        reverse(x, &mut dx, -2.5);
        for i in 0..n {
            let name = format!("{name}, reverse mode by x[{i}], another seed on top");
            self.compare(&name, dx[i], -1.5 * want[i], scale);
        }

        for i in 0..n {
            let mut axis = vec![0.0; n];
            axis[i] = 1.0;
            let (forward_value, derivative) = forward(x, &axis);
            if i == 0 {
                let name = format!("{name}, value of forward mode");
                self.compare(&name, forward_value, value, value.abs());
            }
            self.compare(&format!("{name}, forward mode by x[{i}]"), derivative, want[i], scale);
        }
        let across: Vec<f64> = (0..n).map(|i| 1.0 - 0.25 * i as f64).collect();
        let (_, derivative) = forward(x, &across);
        let want = want.iter().zip(&across).map(|(want, d)| want * d).sum();
        let scale = scale * across.iter().map(|d| d.abs()).sum::<f64>();
        self.compare(&format!("{name}, forward mode across"), derivative, want, scale);
    }

    /// The same for a function of one float.
    #[track_caller]
    pub fn derivative(
        &mut self,
        name: &str,
        x: f64,
        primal: impl Fn(f64) -> f64,
        reverse: impl Fn(f64, f64) -> (f64, f64),
        forward: impl Fn(f64, f64) -> (f64, f64),
    ) {
        self.gradient(
            name,
            &[x],
            |x| primal(x[0]),
            |x, dx, seed| {
                let (value, derivative) = reverse(x[0], seed);
                dx[0] += derivative;
                value
            },
            |x, dx| forward(x[0], dx[0]),
        );
    }

    /// The same for a function of two.
    #[track_caller]
    pub fn derivative2(
        &mut self,
        name: &str,
        x: [f64; 2],
        primal: impl Fn(f64, f64) -> f64,
        reverse: impl Fn(f64, f64, f64) -> (f64, f64, f64),
        forward: impl Fn(f64, f64, f64, f64) -> (f64, f64),
    ) {
        self.gradient(
            name,
            &x,
            |x| primal(x[0], x[1]),
            |x, dx, seed| {
                let (value, by_x, by_y) = reverse(x[0], x[1], seed);
                dx[0] += by_x;
                dx[1] += by_y;
                value
            },
            |x, dx| forward(x[0], dx[0], x[1], dx[1]),
        );
    }
}
