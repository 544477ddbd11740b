//! Primals that use arrayvec, ordered-float and indexmap.

#![feature(autodiff)]

mod common;

use arrayvec::ArrayVec;
use ordered_float::{NotNan, OrderedFloat};

primals! {
    fn array_vec_pushed_and_popped(x) at [1.0, -0.5, 2.0, 0.25] {
        let mut v = ArrayVec::<f64, 8>::new();
        for x in x {
            v.push(x * x);
        }
        let last = v.pop().unwrap();
        last * v[0] + v.iter().sum::<f64>()
    }

    fn array_vec_collected(x) at [1.0, -0.5, 2.0, 0.25] {
        let v: ArrayVec<f64, 4> = x.iter().map(|x| x.sin()).collect();
        v.into_iter().rev().fold(0.0, |sum, v| sum * 0.5 + v)
    }

    fn array_vec_inserted_and_drained(x) at [1.0, -0.5, 2.0, 0.25] {
        let mut v = ArrayVec::<f64, 8>::new();
        v.try_extend_from_slice(x).unwrap();
        v.insert(1, x[0] * x[3]);
        let removed = v.remove(0);
        let drained: f64 = v.drain(1..3).product();
        removed * drained + v.iter().map(|v| v * v).sum::<f64>()
    }

    fn array_vec_cloned(x) at [1.0, -0.5, 2.0, 0.25] {
        let v: ArrayVec<f64, 6> = x.iter().copied().collect();
        let mut w = v.clone();
        w.swap(0, 2);
        w.truncate(3);
        w.iter().zip(&v).map(|(w, v)| w * v).sum()
    }

    fn array_vec_of_pairs(x) at [1.0, -0.5, 2.0, 0.25] {
        let v: ArrayVec<(u32, f64), 6> = (0..).zip(x.iter().copied()).collect();
        v.iter().map(|(i, x)| f64::from(*i) * x * x).sum()
    }

    fn array_vec_as_a_stack(x) at [1.0, -0.5, 2.0] {
        let mut stack = ArrayVec::<f64, 4>::new();
        for x in x {
            stack.push(*x);
            if stack.len() == 2 {
                let (a, b) = (stack.pop().unwrap(), stack.pop().unwrap());
                stack.push(a * b + a);
            }
        }
        stack[0]
    }

    fn ordered_max_and_min(x) at [1.0, -0.5, 2.0, 0.25] {
        let largest = x.iter().copied().map(OrderedFloat).max().unwrap();
        let least = x.iter().min_by_key(|x| OrderedFloat(**x)).unwrap();
        largest.0 * least
    }

    fn ordered_sorted(x) at [1.0, -0.5, 2.0, 0.25] {
        let mut v: Vec<OrderedFloat<f64>> = x.iter().map(|x| OrderedFloat(x * x)).collect();
        v.sort();
        v[0].0 * v[1].0 + v[3].0
    }

    fn ordered_sorted_unstable(x) at [1.0, -0.5, 2.0, 0.25] {
        let mut v = x.to_vec();
        v.sort_unstable_by_key(|x| OrderedFloat(-x));
        v[0] * v[1] + v[3]
    }

    fn ordered_arithmetic(x) at [1.0, -0.5, 2.0] {
        let (a, b) = (OrderedFloat(x[0]), OrderedFloat(x[1]));
        ((a * b + x[2]) / (a - b)).into_inner()
    }

    fn not_nan(x) at [1.0, -0.5, 2.0] {
        let v: Vec<NotNan<f64>> = x.iter().map(|x| NotNan::new(*x).unwrap()).collect();
        let sum: NotNan<f64> = v.iter().map(|v| *v * *v).sum();
        (sum * v.iter().max().unwrap()).into_inner()
    }

    fn ordered_in_a_heap(x) at [1.0, -0.5, 2.0, 0.25] {
        let mut heap: std::collections::BinaryHeap<_> = x.iter().copied().map(OrderedFloat).collect();
        heap.pop().unwrap().0 * heap.pop().unwrap().0
    }
}
