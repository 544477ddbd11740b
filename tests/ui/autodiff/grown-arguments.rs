//! Check that a program stops whose derivative, in reverse mode, leaves memory with its caller that the primal has
//! allocated, directly or in what the caller owns, and that it runs where what there was is grown within its
//! capacity, exchanged or emptied.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ needs-subprocess
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0
//@[release] compile-flags: -Copt-level=3

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;
use std::collections::VecDeque;
use std::env;
use std::process::Command;

#[autodiff_reverse(d_grow, Duplicated, Active, Active)]
fn grow(list: &mut Vec<f64>, x: f64) -> f64 {
    list.push(x * x);
    list.iter().map(|x| x * x).sum()
}

struct Recorder {
    _name: &'static str,
    parts: ([Vec<f64>; 2], u8),
}

#[autodiff_reverse(d_record, Duplicated, Active, Active)]
fn record(recorder: &mut Recorder, x: f64) -> f64 {
    recorder.parts.0[1].push(x * x);
    recorder.parts.0[1].iter().sum()
}

#[autodiff_reverse(d_replace, Duplicated, Active)]
fn replace(place: &mut Box<f64>, x: f64) {
    *place = Box::new(x * **place);
}

#[autodiff_reverse(d_insert, Duplicated, Active)]
fn insert(place: &mut Option<Box<f64>>, x: f64) {
    *place = Some(Box::new(x));
}

#[autodiff_reverse(d_exchange, Duplicated, Duplicated, Active)]
fn exchange(a: &mut Vec<f64>, b: &mut Vec<f64>) -> f64 {
    std::mem::swap(a, b);
    a[0] * a[0] * b[0]
}

#[autodiff_reverse(d_empty, Duplicated, Active)]
fn empty(list: &mut Vec<f64>) -> f64 {
    std::mem::take(list).iter().map(|x| x * x).sum()
}

#[autodiff_reverse(d_nested, Duplicated, Active, Active)]
fn nested(lists: &mut &mut [Vec<f64>; 2], x: f64) -> f64 {
    lists[1].push(x);
    lists[1].iter().sum()
}

#[autodiff_reverse(d_remember, Duplicated, Active, Active)]
fn remember(history: &mut Vec<Vec<f64>>, x: f64) -> f64 {
    history.push(vec![x, x * x]);
    history.iter().flatten().sum()
}

#[autodiff_reverse(d_grow_last, Duplicated, Active, Active)]
fn grow_last(lists: &mut [Vec<f64>], x: f64) -> f64 {
    let last = lists.last_mut().unwrap();
    last.push(x * x);
    last.iter().sum()
}

enum Shape {
    Empty,
    Polygon(Vec<f64>),
}

#[autodiff_reverse(d_reshape, Duplicated, Active)]
fn reshape(shape: &mut Shape, x: f64) {
    match shape {
        Shape::Empty => *shape = Shape::Polygon(vec![x; 4]),
        Shape::Polygon(sides) => sides[0] *= x,
    }
}

#[autodiff_reverse(d_queue, Duplicated, Active, Active)]
fn queue(queue: &mut VecDeque<f64>, x: f64) -> f64 {
    queue.push_back(x * x);
    queue.iter().sum()
}

struct Node {
    value: f64,
    next: Option<Box<Node>>,
}

#[autodiff_reverse(d_append, Duplicated, Active)]
fn append(list: &mut Node, x: f64) {
    match &mut list.next {
        Some(next) => append(next, x * list.value),
        end => *end = Some(Box::new(Node { value: x, next: None })),
    }
}

#[autodiff_reverse(d_drop_one, Duplicated, Active)]
fn drop_one(lists: &mut Vec<Vec<f64>>) -> f64 {
    lists.pop().unwrap().iter().map(|x| x * x).sum()
}

#[autodiff_reverse(d_drop_all, Duplicated, Active)]
fn drop_all(lists: &mut Vec<Vec<f64>>) -> f64 {
    lists.drain(..).map(|list| list.iter().map(|x| x * x).sum::<f64>()).sum()
}

#[autodiff_reverse(d_rotate, Duplicated, Active)]
fn rotate(lists: &mut Vec<(u32, Vec<f64>)>) -> f64 {
    lists.rotate_left(1);
    for (_, list) in lists.iter_mut() {
        list[0] *= list[1];
    }
    // Of three, the one that was the first.
    lists[2].1[0]
}

struct Buffers {
    current: Vec<f64>,
    others: [Vec<f64>; 2],
}

#[autodiff_reverse(d_next_buffer, Duplicated, Active)]
fn next_buffer(buffers: &mut Buffers) -> f64 {
    std::mem::swap(&mut buffers.current, &mut buffers.others[1]);
    buffers.others[0] = vec![];
    buffers.current[0] * buffers.current[0] * buffers.others[1][0]
}

/// What stops the program, and what it says then.
const CASES: [(fn(), &str); 11] = [
    (
        || {
            let (mut list, mut shadow) = (vec![1.0], vec![0.0]);
            d_grow(&mut list, &mut shadow, 3.0, 1.0);
        },
        "Vec<f64>` of its caller: in reverse mode",
    ),
    (
        || {
            let new = || Recorder { _name: "", parts: ([vec![], vec![]], 0) };
            d_record(&mut new(), &mut new(), 3.0, 1.0);
        },
        "derivative of `record` leaves new memory in a `std::vec::Vec<f64>`",
    ),
    (
        || {
            let (mut lists, mut shadows) = ([vec![], vec![]], [vec![], vec![]]);
            d_nested(&mut &mut lists, &mut &mut shadows, 3.0, 1.0);
        },
        "derivative of `nested` leaves",
    ),
    (
        || {
            d_replace(&mut Box::new(1.0), &mut Box::new(1.0), 3.0);
        },
        "in a `std::boxed::Box<f64>` of its caller",
    ),
    (
        || {
            d_insert(&mut None, &mut None, 3.0);
        },
        "in a `std::option::Option<std::boxed::Box<f64>>` of its caller",
    ),
    (
        || {
            let (mut history, mut shadow) = (Vec::with_capacity(1), Vec::with_capacity(1));
            d_remember(&mut history, &mut shadow, 3.0, 1.0);
        },
        "derivative of `remember` leaves new memory in what its caller owns, or has dropped",
    ),
    (
        || {
            let (mut lists, mut shadows) = ([vec![1.0], vec![]], [vec![0.0], vec![]]);
            d_grow_last(&mut lists, &mut shadows, 3.0, 1.0);
        },
        "derivative of `grow_last` leaves new memory in what its caller owns",
    ),
    (
        || {
            d_reshape(&mut Shape::Empty, &mut Shape::Empty, 3.0);
        },
        "derivative of `reshape` leaves new memory in what its caller owns",
    ),
    (
        || {
            d_queue(&mut VecDeque::new(), &mut VecDeque::new(), 3.0, 1.0);
        },
        "derivative of `queue` leaves new memory in what its caller owns",
    ),
    (
        || {
            let new = || Node { value: 2.0, next: Some(Box::new(Node { value: 3.0, next: None })) };
            d_append(&mut new(), &mut new(), 3.0);
        },
        "derivative of `append` leaves new memory in what its caller owns",
    ),
    (
        || {
            let (mut lists, mut shadows) = (vec![vec![1.0], vec![2.0]], vec![vec![0.0], vec![0.0]]);
            d_drop_one(&mut lists, &mut shadows, 1.0);
        },
        "derivative of `drop_one` leaves new memory in what its caller owns, or has dropped",
    ),
];

fn goes_on() {
    let (mut list, mut shadow) = (vec![2.0], vec![0.0]);
    list.reserve_exact(1);
    shadow.reserve_exact(1);
    shadow.spare_capacity_mut()[0].write(0.0);
    // 4 x^3
    assert_eq!(d_grow(&mut list, &mut shadow, 3.0, 1.0), (85.0, 108.0));
    assert_eq!(list, [2.0, 9.0]);
    assert_eq!(shadow[0], 4.0);

    let (mut a, mut b) = (vec![2.0], vec![3.0]);
    let (mut da, mut db) = (vec![0.0], vec![0.0]);
    assert_eq!(d_exchange(&mut a, &mut da, &mut b, &mut db, 1.0), 18.0);
    // The shadows are exchanged, too. a^2 b is what is calculated of b and a.
    assert_eq!((a, b), (vec![3.0], vec![2.0]));
    assert_eq!((da, db), (vec![12.0], vec![9.0]));

    let (mut list, mut shadow) = (vec![2.0, 3.0], vec![0.0; 2]);
    assert_eq!(d_empty(&mut list, &mut shadow, 1.0), 13.0);
    assert!(list.is_empty());

    let mut buffers = Buffers { current: vec![2.0], others: [vec![5.0], vec![3.0]] };
    let mut shadow = Buffers { current: vec![0.0], others: [vec![0.0], vec![0.0]] };
    assert_eq!(d_next_buffer(&mut buffers, &mut shadow, 1.0), 18.0);
    assert_eq!((buffers.current, buffers.others[1][0]), (vec![3.0], 2.0));
    // Exchanged, as above: of b and a in b^2 a.
    assert_eq!((shadow.current, shadow.others[1][0]), (vec![12.0], 9.0));

    let (mut lists, mut shadows) = (vec![vec![2.0], vec![3.0, 4.0]], vec![vec![0.0], vec![0.0; 2]]);
    assert_eq!(d_drop_all(&mut lists, &mut shadows, 1.0), 29.0);
    assert!(lists.is_empty());

    let mut lists = vec![(1, vec![2.0, 3.0]), (2, vec![4.0, 5.0]), (3, vec![6.0, 7.0])];
    let mut shadows = vec![(1, vec![0.0; 2]), (2, vec![0.0; 2]), (3, vec![0.0; 2])];
    assert_eq!(d_rotate(&mut lists, &mut shadows, 1.0), 6.0);
    assert_eq!(lists[2], (1, vec![6.0, 3.0]));
    // The shadows are moved, too.
    assert_eq!(shadows[2].1, [3.0, 2.0]);
    assert_eq!((&shadows[0].1, &shadows[1].1), (&vec![0.0; 2], &vec![0.0; 2]));

    let mut shape = Shape::Polygon(vec![2.0]);
    // The seed is in the shadow.
    assert_eq!(d_reshape(&mut shape, &mut Shape::Polygon(vec![1.0]), 3.0), 2.0);
    assert!(matches!(shape, Shape::Polygon(sides) if sides == [6.0]));

    // Within its capacity.
    let (mut values, mut shadow) = (VecDeque::from([2.0]), VecDeque::from([0.0]));
    values.reserve_exact(1);
    shadow.reserve_exact(1);
    shadow.push_back(0.0);
    shadow.pop_back();
    assert_eq!(d_queue(&mut values, &mut shadow, 3.0, 1.0), (11.0, 6.0));
}

pub fn main() {
    if let Some(case) = env::args().nth(1) {
        return CASES[case.parse::<usize>().unwrap()].0();
    }
    goes_on();
    for (index, (_, message)) in CASES.iter().enumerate() {
        let mut command = Command::new(env::current_exe().unwrap());
        let output = command.arg(index.to_string()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{message}: did not stop");
        assert!(said.contains(message), "{message}: stopped with {said}");
    }
}
