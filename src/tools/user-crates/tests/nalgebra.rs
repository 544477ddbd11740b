//! Primals that use nalgebra: products of fixed and dynamic matrices, decompositions, rotations.

#![feature(autodiff)]

mod common;

use nalgebra::{
    DMatrix, DVector, Isometry3, Matrix2, Matrix3, Matrix4, Point3, Quaternion, Rotation3, SMatrix,
    UnitQuaternion, Vector2, Vector3, dmatrix, dvector,
};

primals! {
    fn product_of_two_by_two(x) at [1.0, -0.5, 2.0, 0.25, 1.5, 3.0, -1.0, 0.75] {
        let a = Matrix2::from_row_slice(&x[..4]);
        let b = Matrix2::from_row_slice(&x[4..]);
        let c = a * b;
        c[(0, 0)] * c[(1, 1)] + 2.0 * c[(0, 1)] - c[(1, 0)] * c[(1, 0)]
    }

    fn product_of_three_by_three(x) at [1.0, -0.5, 2.0, 0.25, 1.5, 3.0, -1.0, 0.75, 0.5] {
        let a = Matrix3::from_column_slice(x);
        (a * a.transpose() * a).sum()
    }

    fn matrix_times_vector(x) at [0.3, -0.7, 1.1] {
        let a = Matrix3::new(1.0, 2.0, 3.0, x[0], 5.0, x[1], 7.0, 8.0, 10.0);
        (a * Vector3::new(x[0], x[1], x[2])).norm()
    }

    fn product_of_ten_by_ten(x) at [0.3, -0.7, 1.1] {
        let a = SMatrix::<f64, 10, 10>::from_fn(|i, j| x[(i + j) % 3] + (i * j) as f64 * 0.01);
        let b = SMatrix::<f64, 10, 10>::from_fn(|i, j| x[i % 3] * x[j % 3]);
        (a * b).norm_squared()
    }

    fn determinant_and_inverse(x) at [2.0, -0.5, 0.3, 1.5] {
        let a = Matrix2::new(x[0], x[1], x[2], x[3]);
        a.determinant() + a.try_inverse().unwrap()[(0, 1)]
    }

    fn cross_and_dot(x) at [2.0, -0.5, 0.3, 1.5, 1.0, -2.0] {
        let (a, b) = (Vector3::new(x[0], x[1], x[2]), Vector3::new(x[3], x[4], x[5]));
        a.cross(&b).norm() + a.dot(&b) + a.normalize().x
    }

    fn dynamic_dot(x) at [2.0, -0.5, 0.3, 1.5] {
        let a = DVector::from_column_slice(x);
        a.dot(&a.map(f64::sin)) + a.norm() + a.sum()
    }

    fn dynamic_product_of_references(x) at [1.0, -0.5, 2.0, 0.25, 1.5, 3.0] {
        let a = DMatrix::from_row_slice(2, 3, x);
        let b = DMatrix::from_row_slice(3, 2, x);
        let c = &a * &b;
        c[(0, 0)] * c[(1, 1)] - c[(0, 1)]
    }

    fn dynamic_product_by_value(x) at [1.0, -0.5, 2.0, 0.25] {
        let a = DMatrix::from_row_slice(2, 2, x);
        (a.clone() * a).sum()
    }

    fn dynamic_matrix_times_vector(x) at [1.0, -0.5, 2.0, 0.25, 1.5, 3.0] {
        let a = DMatrix::from_row_slice(2, 3, x);
        (&a * DVector::from_column_slice(&x[..3])).norm_squared()
    }

    fn mul_to_of_dynamic(x) at [1.0, -0.5, 2.0, 0.25] {
        let a = DMatrix::from_row_slice(2, 2, x);
        let mut c = DMatrix::zeros(2, 2);
        a.mul_to(&a, &mut c);
        c.norm_squared()
    }

    fn gemm_of_dynamic(x) at [1.0, -0.5, 2.0, 0.25] {
        let a = DMatrix::from_row_slice(2, 2, x);
        let mut c = DMatrix::identity(2, 2);
        c.gemm(x[0], &a, &a, x[1]);
        c.norm_squared()
    }

    fn gemv_of_dynamic(x) at [1.0, -0.5, 2.0, 0.25] {
        let a = DMatrix::from_row_slice(2, 2, x);
        let mut y = DVector::from_element(2, 1.0);
        y.gemv(x[0], &a, &DVector::from_column_slice(&x[..2]), x[3]);
        y.norm_squared()
    }

    fn dynamic_lu(x) at [2.0, -0.5, 0.3, 1.5] {
        let a = dmatrix![x[0], x[1], 1.0; x[2], 3.0, x[3]; 0.5, x[0], 4.0];
        let y = a.lu().solve(&dvector![1.0, x[1], x[2]]).unwrap();
        y.sum()
    }

    fn cholesky_of_three_by_three(x) at [0.2, -0.5, 0.3] {
        let a = Matrix3::from_fn(|i, j| x[i] * x[j] + if i == j { 2.0 } else { 0.0 });
        let l = a.cholesky().unwrap().l();
        l[(2, 0)] + l[(2, 2)].ln()
    }

    fn singular_values(x) at [2.0, -0.5, 0.3, 1.5] {
        Matrix2::new(x[0], x[1], x[2], x[3]).singular_values().sum()
    }

    fn rows_and_columns(x) at [2.0, -0.5, 0.3, 1.5, 1.0, -2.0] {
        let a = DMatrix::from_row_slice(2, 3, x);
        a.row_iter().map(|row| row.norm()).sum::<f64>()
            + a.column_iter().map(|column| column.sum() * column[0]).sum::<f64>()
    }

    fn views_and_assignment(x) at [2.0, -0.5, 0.3, 1.5] {
        let mut a = DMatrix::zeros(3, 3);
        a.view_mut((0, 0), (2, 2)).copy_from(&Matrix2::from_row_slice(x));
        a[(2, 2)] = x[0] * x[3];
        a.column(0).dot(&a.column(1)) + a.determinant()
    }

    fn component_mul_and_zip_map(x) at [2.0, -0.5, 0.3, 1.5] {
        let a = DVector::from_column_slice(x);
        let b = a.component_mul(&a);
        a.zip_map(&b, |a, b| (a * b).sin()).sum() + b.max()
    }

    fn axpy_and_scale(x) at [2.0, -0.5, 0.3] {
        let mut y = DVector::from_vec(vec![1.0, 2.0, 3.0]);
        y.axpy(x[0], &DVector::from_column_slice(x), x[1]);
        y *= x[2];
        y.norm_squared()
    }

    fn resized(x) at [2.0, -0.5, 0.3] {
        let a = DVector::from_column_slice(x).push(x[0] * x[1]);
        let b = a.clone().resize_vertically(6, x[2]);
        b.norm_squared() + a[3]
    }

    fn unit_quaternion_rotates(x) at [0.2, -0.5, 0.3, 1.0, 2.0, 3.0] {
        let q = UnitQuaternion::from_euler_angles(x[0], x[1], x[2]);
        let v = q * Vector3::new(x[3], x[4], x[5]);
        v.x + 2.0 * v.y - v.z
    }

    fn quaternion_product(x) at [0.2, -0.5, 0.3, 1.0] {
        let q = Quaternion::new(x[0], x[1], x[2], x[3]);
        let p = q * q.conjugate() * q;
        p.w + p.i - p.j * p.k
    }

    fn slerp(x) at [0.2, -0.5, 0.3] {
        let a = UnitQuaternion::from_euler_angles(x[0], 0.1, 0.0);
        let b = UnitQuaternion::from_euler_angles(0.3, x[1], 1.0);
        (a.slerp(&b, x[2]) * Vector3::x()).z
    }

    fn rotation_about_an_axis(x) at [0.2, -0.5, 0.3] {
        let r = Rotation3::new(Vector3::new(x[0], x[1], x[2]));
        let v = r * Vector3::new(1.0, 2.0, 3.0);
        v.x * v.y + v.z
    }

    fn isometry_of_a_point(x) at [0.2, -0.5, 0.3, 1.0, 2.0, 3.0] {
        let isometry =
            Isometry3::new(Vector3::new(x[0], x[1], x[2]), Vector3::new(x[3], x[4], x[5]));
        (isometry.inverse() * (isometry * isometry * Point3::new(1.0, 2.0, 3.0))).coords.norm()
    }

    fn perspective(x) at [0.2, -0.5, -3.0, 1.2] {
        let m = Matrix4::new_perspective(1.0, x[3], 0.1, 100.0);
        let p = m.transform_point(&Point3::new(x[0], x[1], x[2]));
        p.x + 2.0 * p.y
    }

    fn vec_of_vectors(x) at [0.2, -0.5, -3.0, 1.2] {
        let points: Vec<Vector2<f64>> = x.chunks(2).map(|x| Vector2::new(x[0], x[1])).collect();
        let mean = points.iter().sum::<Vector2<f64>>() / points.len() as f64;
        points.iter().map(|p| (p - mean).norm_squared()).sum()
    }
}
