//! Check derivatives of the residuals of bundle adjustment: a rotation by Rodrigues' formula, a
//! projection, a radial distortion, one observation at a time and all of them. Each is compared
//! with finite differences.

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

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Rodrigues' formula; close to no rotation, its first order.
fn rotate(rotation: &[f64; 3], point: [f64; 3]) -> [f64; 3] {
    let squared = dot(rotation, rotation);
    if squared == 0.0 {
        let turned = cross(*rotation, point);
        return [point[0] + turned[0], point[1] + turned[1], point[2] + turned[2]];
    }
    let angle = squared.sqrt();
    let (sin, cos) = angle.sin_cos();
    let axis = rotation.map(|r| r / angle);
    let turned = cross(axis, point);
    let along = dot(&axis, &point) * (1.0 - cos);
    std::array::from_fn(|i| point[i] * cos + turned[i] * sin + axis[i] * along)
}

/// Rotation, centre, focal length, principal point, two coefficients of distortion: eleven numbers.
const CAMERA: usize = 11;

fn project(camera: &[f64; CAMERA], point: &[f64; 3]) -> [f64; 2] {
    let [r0, r1, r2, c0, c1, c2, focal, u0, v0, k1, k2] = *camera;
    let seen = rotate(&[r0, r1, r2], [point[0] - c0, point[1] - c1, point[2] - c2]);
    let (u, v) = (seen[0] / seen[2], seen[1] / seen[2]);
    let squared = u * u + v * v;
    let distortion = 1.0 + squared * (k1 + squared * k2);
    [u * distortion * focal + u0, v * distortion * focal + v0]
}

// The residual goes into a slice, and what is active is behind references to arrays.
#[autodiff_reverse(d_residual, Duplicated, Duplicated, Active, Const, Duplicated)]
#[autodiff_forward(t_residual, Dual, Dual, Dual, Const, Dual)]
fn residual(
    camera: &[f64; CAMERA],
    point: &[f64; 3],
    weight: f64,
    feature: &[f64; 2],
    out: &mut [f64; 3],
) {
    let seen = project(camera, point);
    out[0] = weight * (seen[0] - feature[0]);
    out[1] = weight * (seen[1] - feature[1]);
    out[2] = 1.0 - weight * weight;
}

struct Observation {
    camera: usize,
    point: usize,
    feature: [f64; 2],
}

// All observations at once: cameras and points in slices, chosen by index.
#[autodiff_reverse(d_total, Duplicated, Duplicated, Const, Active)]
#[autodiff_forward(t_total, Dual, Dual, Const, Dual)]
fn total(cameras: &[[f64; CAMERA]], points: &[[f64; 3]], observations: &[Observation]) -> f64 {
    let mut sum = 0.0;
    for observation in observations {
        let seen = project(&cameras[observation.camera], &points[observation.point]);
        for (seen, feature) in seen.iter().zip(&observation.feature) {
            let difference = seen - feature;
            // A robust loss, Cauchy's.
            sum += (difference * difference).ln_1p();
        }
    }
    sum
}

pub fn main() {
    let mut checks = Checks::new();
    let camera = [0.3, -0.2, 0.5, 0.1, -0.4, -3.0, 1.2, 0.1, -0.05, 0.02, -0.01];
    let point = [0.4, -0.3, 0.6];
    let mut x = camera.to_vec();
    x.extend(point);
    x.push(0.8);
    let feature = [0.3, 0.1];
    // Each residual has a weight of its own, so that each is seen.
    let factors = [2.0, 3.0, 5.0];
    let sum =
        |out: [f64; 3]| out.iter().zip(factors).map(|(out, factor)| out * factor).sum::<f64>();
    checks.gradient(
        "residual",
        &x,
        |x| {
            let (camera, point) = (x[..11].try_into().unwrap(), x[11..14].try_into().unwrap());
            let mut out = [0.0; 3];
            residual(camera, point, x[14], &feature, &mut out);
            sum(out)
        },
        |x, dx, seed| {
            let (camera, point) = (x[..11].try_into().unwrap(), x[11..14].try_into().unwrap());
            let (by_camera, rest) = dx.split_at_mut(11);
            let (by_point, by_weight) = rest.split_at_mut(3);
            let (by_camera, by_point) =
                (by_camera.try_into().unwrap(), by_point.try_into().unwrap());
            let mut out = [0.0; 3];
            let mut shadow = factors.map(|factor| factor * seed);
            by_weight[0] += d_residual(
                camera,
                by_camera,
                point,
                by_point,
                x[14],
                &feature,
                &mut out,
                &mut shadow,
            );
            sum(out)
        },
        |x, dx| {
            let (camera, point) = (x[..11].try_into().unwrap(), x[11..14].try_into().unwrap());
            let (dcamera, dpoint) = (dx[..11].try_into().unwrap(), dx[11..14].try_into().unwrap());
            let (mut out, mut dout) = ([0.0; 3], [0.0; 3]);
            t_residual(
                camera, dcamera, point, dpoint, x[14], dx[14], &feature, &mut out, &mut dout,
            );
            (sum(out), sum(dout))
        },
    );
    let mut x = camera.to_vec();
    x.extend([-0.1, 0.4, 0.2, 0.3, 0.2, -2.5, 0.9, 0.0, 0.1, -0.03, 0.01]);
    x.extend([0.4, -0.3, 0.6, -0.2, 0.5, 0.8, 0.1, 0.2, 1.1]);
    let observations = [
        Observation { camera: 0, point: 0, feature: [0.3, 0.1] },
        Observation { camera: 1, point: 0, feature: [-0.2, 0.4] },
        Observation { camera: 1, point: 2, feature: [0.0, -0.3] },
        Observation { camera: 0, point: 1, feature: [0.6, 0.2] },
    ];
    checks.gradient(
        "total",
        &x,
        |x| total(x[..22].as_chunks().0, x[22..].as_chunks().0, &observations),
        |x, dx, seed| {
            let (by_cameras, by_points) = dx.split_at_mut(22);
            let (by_cameras, by_points) =
                (by_cameras.as_chunks_mut().0, by_points.as_chunks_mut().0);
            let (cameras, points) = (x[..22].as_chunks().0, x[22..].as_chunks().0);
            d_total(cameras, by_cameras, points, by_points, &observations, seed)
        },
        |x, dx| {
            t_total(
                x[..22].as_chunks().0,
                dx[..22].as_chunks().0,
                x[22..].as_chunks().0,
                dx[22..].as_chunks().0,
                &observations,
            )
        },
    );
    checks.finish(144);
}
