//! Primals that use smallvec: within the inline capacity and past it.

#![feature(autodiff)]

mod common;

use smallvec::SmallVec;

type Four = SmallVec<[f64; 4]>;

primals! {
    fn drained(x) at [1.0, -0.5, 2.0, 0.25, 1.5] {
        let mut v = Four::from_slice(x);
        let front: f64 = v.drain(..2).map(|x| x * x).sum();
        front * v[0] + v.iter().product::<f64>()
    }

    fn sorted(x) at [1.0, -0.5, 2.0, 0.25, 1.5] {
        let mut v = Four::from_slice(x);
        v.sort_by(|a, b| a.total_cmp(b));
        v[0] * v[1] + v[4]
    }

    fn nested(x) at [1.0, -0.5, 2.0, 0.25] {
        let v: Vec<SmallVec<[f64; 1]>> = x.chunks(2).map(SmallVec::from_slice).collect();
        v.iter().map(|v| v[0] * v[1]).sum()
    }
}
