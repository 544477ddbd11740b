//! Primals that use glam, in f64 and in f32: quaternions, matrices, projections.

#![feature(autodiff)]

mod common;

use glam::{
    Affine3A, DAffine3, DMat2, DMat3, DMat4, DQuat, DVec2, DVec3, DVec4, Mat2, Mat3, Mat3A, Mat4,
    Quat, Vec2, Vec3, Vec3A, Vec4, Vec4Swizzles,
};

primals! {
    fn matrix_times_vector(x) at [1.0, -0.5, 2.0] {
        let m = DMat3::from_cols(
            DVec3::new(1.0, x[0], 2.0),
            DVec3::new(x[1], 0.5, 1.0),
            DVec3::new(3.0, 1.0, x[2]),
        );
        (m * DVec3::from_slice(x)).length()
    }

    fn quaternion_times_vector(x) at [0.2, -0.5, 0.3, 1.0, 2.0, 3.0] {
        let q = DQuat::from_rotation_x(x[0]) * DQuat::from_rotation_y(x[1]);
        let v = q * DVec3::new(x[3], x[4], x[5]);
        v.x + 2.0 * v.y - x[2] * v.z
    }

    fn axis_and_angle(x) at [0.2, -0.5, 0.3, 1.0] {
        let axis = DVec3::new(x[0], x[1], x[2]).normalize();
        DQuat::from_axis_angle(axis, x[3]).mul_vec3(DVec3::ONE).z
    }

    fn slerp(x) at [0.2, -0.5, 0.3] {
        let a = DQuat::from_rotation_z(x[0]);
        let b = DQuat::from_rotation_y(x[1]);
        let v = a.slerp(b, x[2]) * DVec3::X;
        v.y + v.z
    }

    fn project_point(x) at [0.2, -0.5, -3.0, 1.2] {
        let m = DMat4::perspective_rh(1.0, x[3], 0.1, 100.0);
        let p = m.project_point3(DVec3::new(x[0], x[1], x[2]));
        p.x + 2.0 * p.y + p.z
    }

    fn look_at(x) at [0.2, -0.5, -3.0] {
        let m = DMat4::look_at_rh(DVec3::new(x[0], x[1], x[2]), DVec3::ZERO, DVec3::Y);
        m.transform_point3(DVec3::new(1.0, 2.0, 3.0)).dot(DVec3::ONE)
    }

    fn inverse_and_determinant(x) at [0.2, -0.5, 3.0, 1.2] {
        let m = DMat2::from_cols_array(&[x[0], x[1], x[2], x[3]]);
        let i = m.inverse();
        i.col(0).dot(i.col(1)) + m.determinant()
    }

    fn inverse_of_four_by_four(x) at [0.2, -0.5, 1.0, 1.2] {
        let m = DMat4::from_cols(
            DVec4::new(3.0, x[0], 0.0, x[1]),
            DVec4::new(0.0, 4.0, x[2], 0.0),
            DVec4::new(x[3], 0.0, 5.0, 1.0),
            DVec4::new(x[0], x[1], x[2], 6.0),
        );
        (m.inverse() * DVec4::new(1.0, 2.0, 3.0, 4.0)).length_squared()
    }

    fn affine_of_a_point(x) at [0.2, -0.5, 0.3] {
        let a = DAffine3::from_rotation_translation(DQuat::from_rotation_x(x[0]), DVec3::splat(x[1]));
        a.transform_point3(DVec3::splat(x[2])).length()
    }

    fn reflect_and_lerp(x) at [0.2, -0.5, 0.3, 1.0] {
        let v = DVec2::new(x[0], x[1]);
        let w = v.lerp(DVec2::new(x[2], x[3]), 0.3).perp();
        v.reflect(w.normalize()).dot(DVec2::new(1.0, 2.0))
    }

    fn sum_of_vectors(x) at [0.2, -0.5, 0.4, 1.0] {
        let v: DVec2 = x.chunks(2).map(DVec2::from_slice).sum();
        v.length() * v.max_element() + v.abs().min(DVec2::splat(x[2])).x
    }
}

primals_f32! {
    fn matrix_times_vector_in_f32(x) at [1.0, -0.5, 2.0] {
        let m = Mat3::from_cols(
            Vec3::new(1.0, x[0], 2.0),
            Vec3::new(x[1], 0.5, 1.0),
            Vec3::new(3.0, 1.0, x[2]),
        );
        (m * Vec3::from_slice(x)).length()
    }

    fn product_of_two_by_two_in_f32(x) at [1.0, -0.5, 2.0, 1.5] {
        let m = Mat2::from_cols_array(&[x[0], x[1], x[2], x[3]]);
        (m * m * Vec2::new(x[0], 1.0)).dot(Vec2::new(1.0, 2.0)) + m.determinant()
    }

    fn product_of_four_by_four_in_f32(x) at [1.0, -0.5, 2.0, 1.5] {
        let m = Mat4::from_cols(
            Vec4::new(1.0, x[0], 0.0, x[1]),
            Vec4::new(x[2], 1.0, x[3], 0.0),
            Vec4::new(0.0, 2.0, x[1], x[2]),
            Vec4::new(x[3], x[0], 0.0, 1.0),
        );
        (m * m * Vec4::from_slice(x)).dot(Vec4::new(1.0, 2.0, -1.0, 0.5))
    }

    fn quaternion_times_vector_in_f32(x) at [0.25, -0.5, 0.375, 1.0, 2.0, 3.0] {
        let q = Quat::from_rotation_x(x[0]) * Quat::from_rotation_y(x[1]);
        let v = q * Vec3::new(x[3], x[4], x[5]);
        v.x + 2.0 * v.y - x[2] * v.z
    }

    fn quaternion_times_aligned_vector_in_f32(x) at [0.25, -0.5, 0.375, 1.0, 2.0, 3.0] {
        let q = Quat::from_xyzw(x[0], x[1], x[2], 1.0).normalize();
        let v = q * Vec3A::new(x[3], x[4], x[5]);
        v.x + 2.0 * v.y - v.z
    }

    fn project_point_in_f32(x) at [0.25, -0.5, -3.0, 1.25] {
        let m = Mat4::perspective_rh(1.0, x[3], 0.125, 100.0);
        let p = m.project_point3(Vec3::new(x[0], x[1], x[2]));
        p.x + 2.0 * p.y + p.z
    }

    fn inverse_in_f32(x) at [0.25, -0.5, 1.0, 1.25] {
        let m = Mat4::from_cols(
            Vec4::new(3.0, x[0], 0.0, x[1]),
            Vec4::new(0.0, 4.0, x[2], 0.0),
            Vec4::new(x[3], 0.0, 5.0, 1.0),
            Vec4::new(x[0], x[1], x[2], 6.0),
        );
        (m.inverse() * Vec4::new(10.0, 20.0, 30.0, 40.0)).length()
    }

    fn aligned_matrix_in_f32(x) at [0.25, -0.5, 1.0] {
        let m = Mat3A::from_rotation_z(x[0]) * Mat3A::from_rotation_x(x[1]);
        (m.transpose() * Vec3A::splat(x[2])).dot(Vec3A::new(1.0, 2.0, 3.0))
    }

    fn affine_in_f32(x) at [0.25, -0.5, 1.0] {
        let a = Affine3A::from_rotation_translation(Quat::from_rotation_x(x[0]), Vec3::splat(x[1]));
        (a * a).transform_point3(Vec3::splat(x[2])).dot(Vec3::new(1.0, 2.0, 3.0))
    }

    fn swizzles_in_f32(x) at [0.25, -0.5, 1.0, 2.0] {
        let v = Vec4::from_slice(x);
        (v.zwxy() * v.wwyx()).dot(v.xxzz()) + v.xyz().cross(v.wzy()).length_squared()
    }

    fn normalize_and_distance_in_f32(x) at [0.25, -0.5, 1.0] {
        let v = Vec3::from_slice(x);
        v.normalize().distance(Vec3::new(1.0, 2.0, 3.0)) + v.max_element() * v.min_element()
    }
}
