//! Check that a derivative in reverse mode panics, where it is called, if the primal has put new memory in place of
//! floats that its caller owns, whose gradient would be lost; and that everything else can be done with what the caller
//! owns: to grow it within its capacity, to exchange it, to take from it, to add to it, and to walk through it.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ needs-unwind (catches panics)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0
//@[release] compile-flags: -Copt-level=3

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::collections::VecDeque;
use std::panic::{self, AssertUnwindSafe, Location, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

#[path = "auxiliary/check.rs"]
mod check;
use check::exact;

#[autodiff_reverse(d_grow, Duplicated, Active, Active)]
#[autodiff_forward(t_grow, Dual, Dual, Dual)]
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

#[autodiff_reverse(d_collect, Duplicated, Active, Active)]
fn collect(list: &mut Vec<f64>, x: f64) -> f64 {
    *list = list.iter().map(|y| x * y).collect();
    list.iter().sum()
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
        Shape::Polygon(sides) => sides.insert(0, x),
    }
}

struct Node {
    values: Vec<f64>,
    next: Option<Box<Node>>,
}

impl Node {
    fn list(values: &[f64]) -> Node {
        let next = values[1..].first().map(|_| Box::new(Node::list(&values[1..])));
        Node { values: vec![values[0]], next }
    }
}

// Grows the last one.
#[autodiff_reverse(d_grow_end, Duplicated, Active, Active)]
fn grow_end(list: &mut Node, x: f64) -> f64 {
    match &mut list.next {
        Some(next) => grow_end(next, x * list.values[0]),
        None => {
            list.values.push(x);
            list.values[0] * x
        }
    }
}

// Adds one at the end.
#[autodiff_reverse(d_append, Duplicated, Active, Active)]
fn append(list: &mut Node, x: f64) -> f64 {
    match &mut list.next {
        Some(next) => append(next, x * list.values[0]),
        end => {
            let x = x * list.values[0];
            *end = Some(Box::new(Node { values: vec![x], next: None }));
            x
        }
    }
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

#[autodiff_reverse(d_remember, Duplicated, Active, Active)]
fn remember(history: &mut Vec<Vec<f64>>, x: f64) -> f64 {
    history.push(vec![x, x * x]);
    history.iter().flatten().sum()
}

#[autodiff_reverse(d_drop_one, Duplicated, Active)]
fn drop_one(lists: &mut Vec<Vec<f64>>) -> f64 {
    let last = lists.pop().unwrap();
    last.iter().sum::<f64>() * lists[0][0]
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

#[autodiff_reverse(d_advance, Duplicated, Active)]
fn advance(list: &mut std::vec::IntoIter<f64>) -> f64 {
    let x = list.next().unwrap();
    x * x * list.as_slice()[0]
}

struct Cursor<'a> {
    rest: &'a mut [f64],
}

#[autodiff_reverse(d_move_on, Duplicated, Active)]
fn move_on(cursor: &mut Cursor<'_>) -> f64 {
    let (first, rest) = std::mem::take(&mut cursor.rest).split_first_mut().unwrap();
    cursor.rest = rest;
    *first * *first
}

// It leads to what it frees, and its type does not say so.
struct Owner {
    start: *mut f64,
    at: *mut f64,
}

impl Owner {
    fn new(values: [f64; 2]) -> Self {
        let start = Box::into_raw(Box::new(values)) as *mut f64;
        Owner { start, at: start }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        drop(unsafe { Box::from_raw(self.start as *mut [f64; 2]) })
    }
}

#[autodiff_reverse(d_step, Unchecked, Duplicated, Active)]
fn step(owner: &mut Owner) -> f64 {
    let x = unsafe { *owner.at };
    owner.at = owner.at.wrapping_add(1);
    x * x
}

#[autodiff_reverse(d_share, Unchecked, Duplicated, Active)]
fn share(v: &mut Vec<Rc<f64>>) -> f64 {
    v[1] = v[0].clone();
    *v[0] * *v[1]
}

#[autodiff_reverse(d_queue, Unchecked, Duplicated, Active, Active)]
fn queue(queue: &mut VecDeque<f64>, x: f64) -> f64 {
    queue.push_back(x * x);
    queue.iter().sum()
}

#[autodiff_reverse(d_first, Duplicated, Active, Active)]
fn first(v: &mut Vec<f64>, x: f64) -> f64 {
    v.push(x * x);
    v[0]
}

static LINE: AtomicU32 = AtomicU32::new(0);

/// Passes if `f` panics in its own line, as the gradient of what was in a `container` of `name` is lost.
#[track_caller]
fn loses(container: &str, name: &str, f: impl FnOnce()) {
    let want = format!("the gradient of what was in a `{container}` of `{name}` is lost: new memory");
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(()) => panic!("{want}: went on"),
        Err(payload) => {
            let text = payload.downcast_ref::<&str>().unwrap();
            assert!(text.starts_with(&want), "{text}");
        }
    }
    exact("line", LINE.load(Ordering::Relaxed), Location::caller().line());
}

fn lost() {
    let of = |value| vec![value];
    let vec = "std::vec::Vec<f64>";
    // Each on a line, as that is what is compared.
    loses(vec, "list", || _ = d_grow(&mut of(1.0), &mut of(0.0), 3.0, 1.0));
    loses("std::boxed::Box<f64>", "place", || _ = d_replace(&mut Box::new(1.0), &mut Box::new(1.0), 3.0));
    loses(vec, "list", || _ = d_collect(&mut of(1.0), &mut of(0.0), 3.0, 1.0));
    loses(vec, "lists", || _ = d_grow_last(&mut [of(2.0), of(1.0)], &mut [of(0.0), of(0.0)], 3.0, 1.0));
    let polygon = |value| Shape::Polygon(of(value));
    loses(vec, "shape", || _ = d_reshape(&mut polygon(1.0), &mut polygon(0.0), 3.0));
    let recorder = |value| Recorder { _name: "", parts: ([vec![], vec![value]], 0) };
    loses(vec, "recorder", || _ = d_record(&mut recorder(1.0), &mut recorder(0.0), 3.0, 1.0));

    // In a list, it is not told which of its types that is.
    let stopped = catch_unwind(|| {
        d_grow_end(&mut Node::list(&[2.0, 3.0, 5.0]), &mut Node::list(&[0.0; 3]), 7.0, 1.0)
    });
    let text = *stopped.unwrap_err().downcast_ref::<&str>().unwrap();
    assert!(text.starts_with("the gradient of what was in a `std::vec::Vec<f64>` is lost"), "{text}");

    // The next one finds nothing of it.
    let (mut list, mut shadow) = (Vec::with_capacity(2), of(0.0));
    list.push(2.0);
    exact("again", d_grow(&mut list, &mut shadow, 3.0, 1.0), (85.0, 108.0));
}

fn goes_on() {
    // The shadow gets the capacity of the value, whatever it had before.
    for capacity in [0, 1, 7] {
        let (mut list, mut shadow) = (vec![2.0], vec![0.0]);
        list.reserve_exact(1);
        shadow.reserve_exact(capacity);
        shadow.spare_capacity_mut().iter_mut().for_each(|spare| _ = spare.write(5.0));
        // 4 x^3
        exact("grow", d_grow(&mut list, &mut shadow, 3.0, 1.0), (85.0, 108.0));
        exact("grow", (&list[..], shadow[0], shadow.len()), (&[2.0, 9.0][..], 4.0, 2));
        exact("grow", list.capacity(), shadow.capacity());
    }
    // What was where there was no element yet is no gradient.
    let (mut list, mut shadow) = (Vec::with_capacity(4), vec![0.0, 5.0]);
    list.push(1.0);
    shadow.pop();
    exact("first", d_first(&mut list, &mut shadow, 3.0, 1.0), (1.0, 0.0));
    // In forward mode, nothing is lost.
    let (mut list, mut tangent) = (vec![2.0], vec![1.0]);
    exact("forward", t_grow(&mut list, &mut tangent, 3.0, 1.0), (85.0, 112.0));
    exact("forward", tangent, vec![1.0, 6.0]);

    let (mut a, mut b) = (vec![2.0], vec![3.0]);
    let (mut da, mut db) = (vec![0.0], vec![0.0]);
    exact("exchange", d_exchange(&mut a, &mut da, &mut b, &mut db, 1.0), 18.0);
    // The shadows are exchanged, too. a^2 b is what is calculated of b and a.
    exact("exchange", (a, b, da, db), (vec![3.0], vec![2.0], vec![12.0], vec![9.0]));

    let (mut list, mut shadow) = (vec![2.0, 3.0], vec![0.0; 2]);
    exact("empty", d_empty(&mut list, &mut shadow, 1.0), 13.0);
    exact("empty", list.len(), 0);

    let (mut place, mut shadow) = (None, None);
    d_insert(&mut place, &mut shadow, 3.0);
    exact("insert", (place, shadow), (Some(Box::new(3.0)), Some(Box::new(0.0))));

    // What the primal adds is its own. What it grows has no floats, but leads to them.
    let (mut history, mut shadow) = (vec![vec![5.0]], vec![vec![0.0]]);
    exact("remember", d_remember(&mut history, &mut shadow, 3.0, 1.0), (17.0, 7.0));
    exact("remember", (history, &shadow[0]), (vec![vec![5.0], vec![3.0, 9.0]], &vec![1.0]));

    let (mut list, mut shadow) = (Node::list(&[2.0, 3.0]), Node::list(&[0.0; 2]));
    exact("append", d_append(&mut list, &mut shadow, 5.0, 1.0), (30.0, 6.0));
    let next = shadow.next.unwrap();
    exact("append", (shadow.values, &next.values, next.next.is_some()), (vec![15.0], &vec![10.0], true));

    // The gradient of what is dropped goes with it.
    let (mut lists, mut shadows) = (vec![vec![2.0], vec![3.0, 4.0]], vec![vec![0.0], vec![0.0; 2]]);
    exact("drop_one", d_drop_one(&mut lists, &mut shadows, 1.0), 14.0);
    exact("drop_one", (lists, shadows), (vec![vec![2.0]], vec![vec![7.0]]));

    let (mut lists, mut shadows) = (vec![vec![2.0], vec![3.0, 4.0]], vec![vec![0.0], vec![0.0; 2]]);
    exact("drop_all", d_drop_all(&mut lists, &mut shadows, 1.0), 29.0);
    exact("drop_all", lists.len(), 0);

    let mut buffers = Buffers { current: vec![2.0], others: [vec![5.0], vec![3.0]] };
    let mut shadow = Buffers { current: vec![0.0], others: [vec![0.0], vec![0.0]] };
    exact("next_buffer", d_next_buffer(&mut buffers, &mut shadow, 1.0), 18.0);
    exact("next_buffer", (buffers.current, buffers.others[1][0]), (vec![3.0], 2.0));
    // Exchanged, as above: of b and a in b^2 a.
    exact("next_buffer", (shadow.current, shadow.others[1][0]), (vec![12.0], 9.0));

    let mut lists = vec![(1, vec![2.0, 3.0]), (2, vec![4.0, 5.0]), (3, vec![6.0, 7.0])];
    let mut shadows = vec![(1, vec![0.0; 2]), (2, vec![0.0; 2]), (3, vec![0.0; 2])];
    exact("rotate", d_rotate(&mut lists, &mut shadows, 1.0), 6.0);
    exact("rotate", &lists[2], &(1, vec![6.0, 3.0]));
    // The shadows are moved, too.
    exact("rotate", &shadows[2].1[..], &[3.0, 2.0][..]);
    exact("rotate", (&shadows[0].1, &shadows[1].1), (&vec![0.0; 2], &vec![0.0; 2]));

    let mut shape = Shape::Empty;
    d_reshape(&mut shape, &mut Shape::Empty, 3.0);
    assert!(matches!(shape, Shape::Polygon(sides) if sides == [3.0; 4]));

    let (mut list, mut shadow) = (vec![3.0, 4.0].into_iter(), vec![0.0; 2].into_iter());
    exact("advance", d_advance(&mut list, &mut shadow, 1.0), 36.0);
    exact("advance", (list.as_slice(), shadow.as_slice()), (&[4.0][..], &[9.0][..]));

    let (mut x, mut dx) = ([3.0, 4.0], [0.0; 2]);
    let (mut cursor, mut shadow) = (Cursor { rest: &mut x }, Cursor { rest: &mut dx });
    exact("move_on", d_move_on(&mut cursor, &mut shadow, 1.0), 9.0);
    exact("move_on", (cursor.rest.len(), shadow.rest.len(), dx), (1, 1, [6.0, 0.0]));

    let (mut owner, mut shadow) = (Owner::new([3.0, 4.0]), Owner::new([0.0; 2]));
    exact("step", unsafe { d_step(&mut owner, &mut shadow, 1.0) }, 9.0);
    exact("step", unsafe { (*owner.at, *shadow.start) }, (4.0, 6.0));

    let new = |value| vec![Rc::new(value), Rc::new(value)];
    let (mut v, mut dv) = (new(3.0), new(0.0));
    exact("share", unsafe { d_share(&mut v, &mut dv, 1.0) }, 9.0);
    exact("share", (*dv[0], Rc::strong_count(&v[0]), Rc::strong_count(&dv[0])), (6.0, 2, 2));

    // Within its capacity.
    let (mut values, mut shadow) = (VecDeque::from([2.0]), VecDeque::from([0.0]));
    values.reserve_exact(1);
    shadow.reserve_exact(1);
    shadow.push_back(0.0);
    shadow.pop_back();
    exact("queue", unsafe { d_queue(&mut values, &mut shadow, 3.0, 1.0) }, (11.0, 6.0));
}

pub fn main() {
    goes_on();
    panic::set_hook(Box::new(|info| {
        LINE.store(info.location().unwrap().line(), Ordering::Relaxed);
    }));
    lost();
}
