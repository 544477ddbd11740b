//! Primals that use ndarray: products, maps, iteration along axes, views.

#![feature(autodiff)]

mod common;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Zip, arr1, array, s};

primals! {
    fn dot_of_vectors(x) at [2.0, -0.5, 0.3] {
        let a = arr1(x);
        a.dot(&a) + a.sum()
    }

    fn dot_of_views(x) at [2.0, -0.5, 0.3] {
        let a = ArrayView1::from(x);
        a.dot(&a.slice(s![..;-1]))
    }

    fn matrix_times_vector(x) at [1.0, -0.5, 2.0, 0.25, 1.5, 3.0] {
        let a = ArrayView2::from_shape((2, 3), x).unwrap();
        let y = a.dot(&ArrayView1::from(&x[..3]));
        y.dot(&y)
    }

    fn mapv_of_one_dimension(x) at [1.0, -0.5, 2.0] {
        arr1(x).mapv(|x| x.sin() * x).sum()
    }

    fn mapv_of_two_dimensions(x) at [1.0, -0.5, 2.0, 0.25] {
        Array2::from_shape_vec((2, 2), x.to_vec()).unwrap().mapv(|x| x.sin() * x).sum()
    }

    fn map_of_two_dimensions(x) at [1.0, -0.5, 2.0, 0.25] {
        ArrayView2::from_shape((2, 2), x).unwrap().map(|x| x * x * x).sum()
    }

    fn mapv_of_transposed(x) at [1.0, -0.5, 2.0, 0.25, 1.5, 3.0] {
        let a = ArrayView2::from_shape((2, 3), x).unwrap();
        let b = a.t().mapv(|x| x * x);
        b[[0, 1]] * b[[2, 0]]
    }

    fn mapv_inplace(x) at [1.0, -0.5, 2.0, 0.25] {
        let mut a = Array2::from_shape_vec((2, 2), x.to_vec()).unwrap();
        a.mapv_inplace(f64::exp);
        a[[0, 0]] * a[[1, 1]] - a[[0, 1]]
    }

    fn mapv_into(x) at [1.0, -0.5, 2.0, 0.25] {
        Array2::from_shape_vec((2, 2), x.to_vec()).unwrap().mapv_into(f64::tanh).sum()
    }

    fn zip_mut_with(x) at [1.0, -0.5, 2.0, 0.25] {
        let b = Array2::from_shape_vec((2, 2), x.to_vec()).unwrap();
        let mut a = Array2::<f64>::ones((2, 2));
        a.zip_mut_with(&b, |a, b| *a += b * b);
        (&a * &a).sum()
    }

    fn zip_of_three(x) at [1.0, -0.5, 2.0, 0.25] {
        let a = Array2::from_shape_vec((2, 2), x.to_vec()).unwrap();
        let mut c = Array2::zeros((2, 2));
        Zip::from(&mut c).and(&a).and(a.t()).for_each(|c, a, b| *c = a * b);
        c[[0, 1]] * c[[0, 0]] + c[[1, 1]]
    }

    fn zip_fold(x) at [1.0, -0.5, 2.0, 0.25] {
        let a = ArrayView1::from(x);
        Zip::from(&a).and(&a.slice(s![..;-1])).fold(0.0, |sum, a, b| sum + a * a * b)
    }

    fn elementwise_operators(x) at [1.0, -0.5, 2.0, 0.25] {
        let a = Array2::from_shape_vec((2, 2), x.to_vec()).unwrap();
        let b = &a * &a + 2.0 * &a - &a / 3.0;
        (-b).sum()
    }

    fn broadcast_rows(x) at [1.0, -0.5, 2.0, 0.25] {
        let a = Array2::from_shape_vec((2, 2), x.to_vec()).unwrap();
        let b = &a * &arr1(&x[..2]);
        (&b - &arr1(&x[2..]).insert_axis(Axis(1))).iter().map(|x| x * x).sum()
    }

    fn assign_operators(x) at [1.0, -0.5, 2.0, 0.25] {
        let mut a = Array1::from(x.to_vec());
        a += 1.0;
        a *= &ArrayView1::from(x);
        a.scaled_add(x[0], &ArrayView1::from(x));
        a.sum()
    }

    fn outer_iter(x) at [1.0, -0.5, 2.0, 0.25, 1.5, 3.0] {
        let a = ArrayView2::from_shape((2, 3), x).unwrap();
        a.outer_iter().map(|row| row.sum() * row[0]).sum()
    }

    fn rows_and_columns(x) at [1.0, -0.5, 2.0, 0.25, 1.5, 3.0] {
        let a = ArrayView2::from_shape((2, 3), x).unwrap();
        a.rows().into_iter().map(|row| row.dot(&row)).product::<f64>()
            + a.columns().into_iter().map(|column| column[0] * column[1]).sum::<f64>()
    }

    fn axis_iter_mut(x) at [1.0, -0.5, 2.0, 0.25] {
        let mut a = Array2::from_shape_vec((2, 2), x.to_vec()).unwrap();
        for (mut column, x) in a.axis_iter_mut(Axis(1)).zip(x) {
            column *= *x;
        }
        a.iter().map(|a| a * a).sum()
    }

    fn sum_axis(x) at [1.0, -0.5, 2.0, 0.25, 1.5, 3.0] {
        let a = Array2::from_shape_vec((2, 3), x.to_vec()).unwrap();
        let sums = a.sum_axis(Axis(0));
        sums.dot(&sums) + a.sum_axis(Axis(1))[0].exp()
    }

    fn mean_and_variance(x) at [1.0, -0.5, 2.0, 0.25] {
        let a = arr1(x);
        a.mean().unwrap().exp() + a.var(1.0) + a.std(0.0)
    }

    fn mean_of_axis(x) at [1.0, -0.5, 2.0, 0.25] {
        let a = Array2::from_shape_vec((2, 2), x.to_vec()).unwrap();
        let centered = &a - &a.mean_axis(Axis(0)).unwrap();
        (&centered * &centered).sum()
    }

    fn fold_of_an_axis(x) at [1.0, -0.5, 2.0, 0.25] {
        let a = Array2::from_shape_vec((2, 2), x.to_vec()).unwrap();
        a.fold_axis(Axis(0), 1.0, |product, a| product * a).sum()
    }

    fn slices_that_step(x) at [1.0, -0.5, 2.0, 0.25, 1.5, 3.0] {
        let mut a = Array1::zeros(6);
        a.slice_mut(s![..;2]).assign(&ArrayView1::from(&x[..3]));
        a.slice_mut(s![1..;2]).assign(&ArrayView1::from(&x[3..]));
        a.windows(2).into_iter().map(|w| w[0] * w[1]).sum()
    }

    fn layers(x) at [0.3, -0.5, 0.2, 0.25, 0.1, 0.6] {
        let weights = ArrayView2::from_shape((2, 2), &x[..4]).unwrap();
        let bias = ArrayView1::from(&x[4..]);
        let hidden = (weights.dot(&array![1.0, -1.0]) + bias).mapv(f64::tanh);
        (weights.dot(&hidden) + bias).mapv(|y| y * y).sum()
    }

    fn iter_and_indexed_iter(x) at [1.0, -0.5, 2.0, 0.25] {
        let a = ArrayView2::from_shape((2, 2), x).unwrap();
        a.indexed_iter().map(|((i, j), a)| (i + 2 * j) as f64 * a * a).sum()
    }

    fn collected(x) at [1.0, -0.5, 2.0, 0.25] {
        let a: Array1<f64> = x.iter().map(|x| x * x).collect();
        let b = Array1::from_iter(a.iter().zip(x).map(|(a, x)| a * x));
        b.fold(1.0, |product, b| product * b)
    }
}
