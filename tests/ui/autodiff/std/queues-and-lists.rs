//! Check derivatives of functions that use `VecDeque`, `BinaryHeap` and `LinkedList`. Each is compared with finite
//! differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, LinkedList, VecDeque};

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[autodiff_reverse(d_deque_sliding_maximum, Duplicated, Active)]
#[autodiff_forward(t_deque_sliding_maximum, Dual, Dual)]
fn deque_sliding_maximum(x: &[f64]) -> f64 {
    let mut window: VecDeque<usize> = VecDeque::new();
    let mut sum = 0.0;
    for i in 0..x.len() {
        while window.back().is_some_and(|&j| x[j] < x[i]) {
            window.pop_back();
        }
        window.push_back(i);
        if window[0] + 3 <= i {
            window.pop_front();
        }
        sum += x[window[0]] * x[i];
    }
    sum
}

#[autodiff_reverse(d_deque_push_and_pop, Duplicated, Active)]
#[autodiff_forward(t_deque_push_and_pop, Dual, Dual)]
fn deque_push_and_pop(x: &[f64]) -> f64 {
    let mut queue = VecDeque::with_capacity(4);
    for v in x {
        queue.push_back(v * v);
        queue.push_front(v.sin());
    }
    let mut value = 0.0;
    while let (Some(a), Some(b)) = (queue.pop_front(), queue.pop_back()) {
        value = 0.5 * value + a * b;
    }
    value
}

// Around the end of its memory.
#[autodiff_reverse(d_deque_ring, Duplicated, Active)]
#[autodiff_forward(t_deque_ring, Dual, Dual)]
fn deque_ring(x: &[f64]) -> f64 {
    let mut ring: VecDeque<f64> = x[..3].iter().copied().collect();
    for i in 0..9 {
        let oldest = ring.pop_front().unwrap();
        ring.push_back(oldest * x[i % 6] + 0.5 * ring[0]);
    }
    ring.iter().map(|v| v * v).sum::<f64>() + ring[1] * ring.back().unwrap()
}

#[autodiff_reverse(d_deque_index, Duplicated, Active)]
#[autodiff_forward(t_deque_index, Dual, Dual)]
fn deque_index(x: &[f64]) -> f64 {
    let mut queue = VecDeque::from(x.to_vec());
    queue.rotate_left(2);
    queue[1] *= queue[4];
    *queue.front_mut().unwrap() += x[0];
    queue.swap(0, 5);
    queue.iter_mut().rev().for_each(|v| *v += 0.5 * *v * *v);
    queue.range(1..5).product::<f64>() + queue.get(5).unwrap()
}

#[autodiff_reverse(d_deque_insert_and_remove, Duplicated, Active)]
#[autodiff_forward(t_deque_insert_and_remove, Dual, Dual)]
fn deque_insert_and_remove(x: &[f64]) -> f64 {
    let mut queue: VecDeque<f64> = x.iter().map(|v| v * v).collect();
    let removed = queue.remove(3).unwrap();
    queue.insert(1, removed * x[0]);
    queue.truncate(5);
    let tail = queue.split_off(3);
    queue.extend(tail.iter().map(|v| v + 1.0));
    queue.iter().enumerate().map(|(i, v)| (i + 1) as f64 * v.sin()).sum()
}

#[autodiff_reverse(d_deque_as_slices, Duplicated, Active)]
#[autodiff_forward(t_deque_as_slices, Dual, Dual)]
fn deque_as_slices(x: &[f64]) -> f64 {
    let mut queue: VecDeque<f64> = VecDeque::with_capacity(8);
    queue.extend(&x[..3]);
    x[3..].iter().for_each(|v| queue.push_front(v.exp()));
    let (a, b) = queue.as_slices();
    let sum = a.iter().chain(b).fold(0.0, |sum, v| 0.5 * sum + v * v);
    queue.make_contiguous().sort_by(f64::total_cmp);
    sum * queue.into_iter().zip(x).map(|(a, b)| a * b).sum::<f64>()
}

// Breadth first over a binary tree.
#[autodiff_reverse(d_deque_of_pairs, Duplicated, Active)]
#[autodiff_forward(t_deque_of_pairs, Dual, Dual)]
fn deque_of_pairs(x: &[f64]) -> f64 {
    let mut queue = VecDeque::from([(0, 1.0)]);
    let mut sum = 0.0;
    while let Some((i, product)) = queue.pop_front() {
        let product = product * (x[i] + 1.0);
        sum += product;
        queue.extend([2 * i + 1, 2 * i + 2].into_iter().filter(|i| *i < 6).map(|i| (i, product)));
    }
    sum
}

/// A float that can be compared.
#[derive(Clone, Copy, PartialEq)]
struct Key(f64);

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

#[autodiff_reverse(d_heap_pop, Duplicated, Active)]
#[autodiff_forward(t_heap_pop, Dual, Dual)]
fn heap_pop(x: &[f64]) -> f64 {
    let mut heap: BinaryHeap<Key> = x.iter().map(|v| Key(v * v)).collect();
    let mut value = 0.0;
    while let Some(Key(v)) = heap.pop() {
        value = value * 0.5 + v.sin();
    }
    value
}

// The two least are merged until one is left.
#[autodiff_reverse(d_heap_huffman, Duplicated, Active)]
#[autodiff_forward(t_heap_huffman, Dual, Dual)]
fn heap_huffman(x: &[f64]) -> f64 {
    let mut heap = BinaryHeap::new();
    for v in x {
        heap.push(Reverse(Key(v.exp())));
    }
    let mut cost = 0.0;
    while heap.len() > 1 {
        let (Reverse(Key(a)), Reverse(Key(b))) = (heap.pop().unwrap(), heap.pop().unwrap());
        cost += a * b;
        heap.push(Reverse(Key(a + b)));
    }
    cost
}

#[autodiff_reverse(d_heap_of_pairs, Duplicated, Active)]
#[autodiff_forward(t_heap_of_pairs, Dual, Dual)]
fn heap_of_pairs(x: &[f64]) -> f64 {
    let mut heap = BinaryHeap::new();
    for (i, v) in x.iter().enumerate() {
        heap.push((Key(v.abs()), i));
        if heap.len() > 3 {
            heap.pop();
        }
    }
    heap.into_sorted_vec().iter().map(|(Key(v), i)| v * (x[*i] + *i as f64)).sum()
}

#[autodiff_reverse(d_heap_of_tuples_by_integer, Duplicated, Active)]
#[autodiff_forward(t_heap_of_tuples_by_integer, Dual, Dual)]
fn heap_of_tuples_by_integer(x: &[f64]) -> f64 {
    let mut heap: BinaryHeap<(usize, Reverse<Key>)> = BinaryHeap::new();
    heap.extend(x.iter().enumerate().map(|(i, v)| (i / 2, Reverse(Key(v * v)))));
    if let Some(mut top) = heap.peek_mut() {
        top.1.0.0 *= x[0] * x[0];
    }
    let list = heap.into_vec();
    list.iter().map(|(i, v)| (i + 1) as f64 * v.0.0.cos()).sum()
}

// Shortest path from 0 to 3 over edges whose lengths are the input.
#[autodiff_reverse(d_dijkstra, Duplicated, Active)]
#[autodiff_forward(t_dijkstra, Dual, Dual)]
fn dijkstra(x: &[f64]) -> f64 {
    let edges = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (2, 1)];
    let mut distance = [f64::INFINITY; 4];
    let mut heap = BinaryHeap::from([Reverse((Key(0.0), 0))]);
    distance[0] = 0.0;
    while let Some(Reverse((Key(d), node))) = heap.pop() {
        if d > distance[node] {
            continue;
        }
        for ((from, to), length) in edges.iter().zip(x) {
            let next = d + length * length + 0.1;
            if *from == node && next < distance[*to] {
                distance[*to] = next;
                heap.push(Reverse((Key(next), *to)));
            }
        }
    }
    distance[3] * distance[1]
}

#[autodiff_reverse(d_list_push_and_pop, Duplicated, Active)]
#[autodiff_forward(t_list_push_and_pop, Dual, Dual)]
fn list_push_and_pop(x: &[f64]) -> f64 {
    let mut list = LinkedList::new();
    for v in x {
        list.push_back(v * v);
        list.push_front(v.cos());
    }
    let (first, last) = (list.pop_front().unwrap(), list.pop_back().unwrap());
    list.iter().rev().fold(first, |value, v| value * 0.5 + v) * last
}

#[autodiff_reverse(d_list_append_and_split, Duplicated, Active)]
#[autodiff_forward(t_list_append_and_split, Dual, Dual)]
fn list_append_and_split(x: &[f64]) -> f64 {
    let mut list: LinkedList<f64> = x.iter().copied().collect();
    let mut end = list.split_off(4);
    list.iter_mut().for_each(|v| *v = v.sin());
    end.append(&mut list);
    *end.front_mut().unwrap() *= x[2];
    end.into_iter().enumerate().map(|(i, v)| (i + 1) as f64 * v * v).sum()
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient(
        "deque_sliding_maximum",
        &x,
        deque_sliding_maximum,
        d_deque_sliding_maximum,
        t_deque_sliding_maximum,
    );
    checks.gradient(
        "deque_push_and_pop",
        &x,
        deque_push_and_pop,
        d_deque_push_and_pop,
        t_deque_push_and_pop,
    );
    checks.gradient("deque_ring", &x, deque_ring, d_deque_ring, t_deque_ring);
    checks.gradient("deque_index", &x, deque_index, d_deque_index, t_deque_index);
    checks.gradient(
        "deque_insert_and_remove",
        &x,
        deque_insert_and_remove,
        d_deque_insert_and_remove,
        t_deque_insert_and_remove,
    );
    checks.gradient("deque_as_slices", &x, deque_as_slices, d_deque_as_slices, t_deque_as_slices);
    checks.gradient("deque_of_pairs", &x, deque_of_pairs, d_deque_of_pairs, t_deque_of_pairs);
    checks.gradient("heap_pop", &x, heap_pop, d_heap_pop, t_heap_pop);
    checks.gradient("heap_huffman", &x, heap_huffman, d_heap_huffman, t_heap_huffman);
    checks.gradient("heap_of_pairs", &x, heap_of_pairs, d_heap_of_pairs, t_heap_of_pairs);
    checks.gradient(
        "heap_of_tuples_by_integer",
        &x,
        heap_of_tuples_by_integer,
        d_heap_of_tuples_by_integer,
        t_heap_of_tuples_by_integer,
    );
    checks.gradient("dijkstra", &x, dijkstra, d_dijkstra, t_dijkstra);
    checks.gradient(
        "list_push_and_pop",
        &x,
        list_push_and_pop,
        d_list_push_and_pop,
        t_list_push_and_pop,
    );
    checks.gradient(
        "list_append_and_split",
        &x,
        list_append_and_split,
        d_list_append_and_split,
        t_list_append_and_split,
    );
    checks.finish(294);
}
