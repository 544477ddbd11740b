//! Primals that use faer: products of matrices, decompositions, views.

#![feature(autodiff)]

mod common;

use faer::{Mat, MatRef, Scale, mat};

primals! {
    fn sums_and_scales(x) at [1.0, -0.5, 2.0, 0.25] {
        let a = mat![[x[0], x[1]], [x[2], x[3]]];
        let b = &a + Scale(x[0]) * &a - a.transpose();
        b[(0, 1)] * b[(1, 0)] + b[(0, 0)]
    }

    fn columns(x) at [1.0, -0.5, 2.0, 0.25, 1.5, 3.0] {
        let a = MatRef::from_column_major_slice(x, 2, 3);
        a.col_iter().map(|column| column[0] * column[1]).sum()
    }

    fn entries_in_loops(x) at [1.0, -0.5, 2.0, 0.25] {
        let mut a = Mat::<f64>::zeros(2, 2);
        for j in 0..2 {
            for i in 0..2 {
                a[(i, j)] = x[2 * i + j] * x[j];
            }
        }
        a[(0, 0)] * a[(1, 1)] - a[(0, 1)] * a[(1, 0)]
    }

    fn zipped(x) at [1.0, -0.5, 2.0, 0.25] {
        let a = mat![[x[0], x[1]], [x[2], x[3]]];
        let mut b = a.clone();
        faer::zip!(&mut b, a.transpose())
            .for_each(|faer::unzip!(b, a)| *b = *b * *a + b.sin());
        b[(0, 0)] * b[(1, 0)] + b[(1, 1)]
    }
}
