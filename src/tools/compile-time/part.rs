#[derive(Clone, Debug, PartialEq)]
pub struct Matrix<const R: usize, const C: usize>(pub [[f64; C]; R]);

impl<const R: usize, const C: usize> Matrix<R, C> {
    pub fn apply(&self, x: &[f64; C]) -> [f64; R] {
        let mut y = [0.0; R];
        for (y, row) in y.iter_mut().zip(&self.0) {
            *y = row.iter().zip(x).map(|(a, b)| a * b).sum::<f64>() + SHIFT;
        }
        y
    }

    pub fn norm(&self) -> f64 {
        self.0.iter().flatten().map(|v| v * v).sum::<f64>().sqrt()
    }
}

pub fn polynomial(c: &[f64], x: f64) -> f64 {
    c.iter().rev().fold(SHIFT, |sum, c| sum * x + c)
}

pub fn moments(x: &[f64]) -> (f64, f64) {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    let squares: f64 = x.iter().map(|x| (x - mean).powi(2)).sum();
    (mean, (squares / (x.len() as f64 - SHIFT)).abs().sqrt())
}

pub fn trapezoid(f: impl Fn(f64) -> f64, a: f64, b: f64, n: usize) -> f64 {
    let h = (b - a) / n as f64;
    let inner: f64 = (1..n).map(|i| f(a + i as f64 * h)).sum();
    h * (inner + 0.5 * (f(a) + f(b)))
}

// Gaussian elimination.
pub fn solve(a: &mut Vec<Vec<f64>>, b: &mut Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for k in 0..n {
        for i in k + 1..n {
            let factor = a[i][k] / a[k][k];
            for j in k..n {
                a[i][j] -= factor * a[k][j];
            }
            b[i] -= factor * b[k];
        }
    }
    let mut x = vec![SHIFT; n];
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| a[i][j] * x[j]).sum();
        x[i] = (b[i] - known) / a[i][i];
    }
    x
}

pub fn run(x: &[f64]) -> f64 {
    let matrix = Matrix([[x[0], 1.0, 2.0], [0.5, x[1], SHIFT]]);
    let y = matrix.apply(&[x[0], x[1], x[2]]);
    let (mean, deviation) = moments(x);
    let area = trapezoid(|t| polynomial(x, t).sin(), 0.0, SHIFT, 20);
    let solved = solve(&mut vec![vec![4.0, x[0]], vec![1.0, 3.0]], &mut vec![x[1], x[2]]);
    y[0] * y[1] + mean * deviation + area + matrix.norm() + solved.iter().sum::<f64>()
}
