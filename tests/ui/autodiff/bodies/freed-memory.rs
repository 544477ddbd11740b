//! Check that a derivative frees what its primal frees, with its shadow, and nothing else: also where the
//! primal has unwound before, frees what its caller has passed it, or leaves what it has allocated there.
//! The allocator counts what is allocated at the moment.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ needs-unwind (catches panics)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;

struct Counting;

thread_local! {
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
    static MOST: Cell<usize> = const { Cell::new(0) };
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.set(ALLOCATED.get() + layout.size());
        MOST.set(MOST.get().max(ALLOCATED.get()));
        unsafe { System.alloc(layout) }
    }

    // What is freed with the layout of something else makes a number that is not zero in the end.
    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        ALLOCATED.set(ALLOCATED.get().wrapping_sub(layout.size()));
        unsafe { System.dealloc(start, layout) }
    }
}

#[global_allocator]
static GLOBAL: Counting = Counting;

/// How many bytes more are allocated after `run` than before.
fn left_by(run: impl FnOnce()) -> isize {
    let before = ALLOCATED.get();
    run();
    ALLOCATED.get().wrapping_sub(before) as isize
}

// Freed on one way only, and in another function than it is allocated in.
#[autodiff_reverse(d_of_a_loop, Duplicated, Active)]
#[autodiff_forward(t_of_a_loop, Dual, Dual)]
#[autodiff_forward(tt_of_a_loop, 2, Dual, Dual)]
fn of_a_loop(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for round in 0..4 {
        let squares = squares(x);
        let mut places: Vec<usize> = (0..x.len()).rev().collect();
        if round % 2 == 0 {
            drop(squares);
            places.push(0);
        } else {
            sum += consume(squares);
        }
        sum += places.iter().map(|&place| x[place]).sum::<f64>();
    }
    sum
}

#[inline(never)]
fn squares(x: &[f64]) -> Vec<Box<f64>> {
    x.iter().map(|x| Box::new(x * x)).collect()
}

#[inline(never)]
fn consume(squares: Vec<Box<f64>>) -> f64 {
    squares.into_iter().map(|square| *square).sum()
}

// Nothing of it is needed in the reverse pass.
#[autodiff_reverse(d_unneeded, Duplicated, Active)]
fn unneeded(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for round in 0..1000 {
        let kept: Vec<usize> = (0..100).map(|place| place + round).collect();
        sum += x[round % x.len()] * if kept[round / 10] % 256 == 7 { 2.0 } else { 1.0 };
    }
    sum
}

// Of a `Const` list, the caller sees what the primal makes of it.
enum List {
    Node(f64, Box<List>),
    End,
}

#[autodiff_reverse(d_prepended, Const, Duplicated, Active)]
fn prepended(list: &mut List, x: &[f64]) -> f64 {
    let rest = std::mem::replace(list, List::End);
    *list = List::Node(x[0], Box::new(rest));
    x[0] * x[1]
}

#[autodiff_reverse(d_exchanged, Const, Duplicated, Active)]
fn exchanged(log: &RefCell<Vec<f64>>, x: &[f64]) -> f64 {
    let mut log = log.borrow_mut();
    *log = log.iter().copied().chain([2.0, 3.0]).collect();
    x.iter().map(|x| x * x).sum()
}

#[autodiff_reverse(d_shared, Duplicated, Active)]
#[autodiff_forward(t_shared, Dual, Dual)]
fn shared(x: &[f64]) -> f64 {
    let all: Vec<Rc<Vec<f64>>> = x.iter().map(|x| Rc::new(vec![x * x; 3])).collect();
    let mut some = all.clone();
    some.truncate(2);
    drop(all);
    some.iter().map(|y| y[0] * y[2]).sum()
}

// Functions that do nothing but drop what they are passed.
#[derive(Clone)]
struct Tree {
    value: f64,
    children: Vec<Tree>,
}

fn grow(x: &[f64], depth: usize) -> Tree {
    let children = (0..depth).map(|_| grow(x, depth - 1)).collect();
    Tree { value: x[depth % 3] * x[0], children }
}

impl Tree {
    fn sum(&self) -> f64 {
        self.value + self.children.iter().map(Tree::sum).sum::<f64>()
    }
}

#[autodiff_reverse(d_of_a_tree, Duplicated, Active)]
#[autodiff_forward(t_of_a_tree, Dual, Dual)]
fn of_a_tree(x: &[f64]) -> f64 {
    let tree = grow(x, 3);
    let mut part = tree.clone();
    part.children.truncate(1);
    drop(tree);
    part.sum()
}

#[autodiff_reverse(d_unwinds, Duplicated, Active)]
fn unwinds(x: &[f64]) -> f64 {
    let squares: Vec<f64> = x.iter().map(|x| x * x).collect();
    drop(squares.clone());
    assert!(x[0] > 0.0, "too small");
    squares.iter().sum()
}

// A derivative of a derivative frees at the end of the outer one.
#[autodiff_forward(t_gradient, Dual, Dual, Const)]
fn gradient(x: &[f64], dx: &mut [f64], seed: f64) {
    d_shared(x, dx, seed);
}

fn main() {
    let x = [0.5, -1.5, 2.0];

    let left = left_by(|| {
        let mut dx = [0.0; 3];
        d_of_a_loop(&x, &mut dx, 1.0);
        assert_eq!(dx, [8.0, -2.0, 12.0]);
    });
    assert_eq!(left, 0);
    let left = left_by(|| {
        assert_eq!(t_of_a_loop(&x, &[1.0, 0.0, 0.0]).1, 8.0);
        assert_eq!(tt_of_a_loop(&x, &[1.0, 0.0, 0.0], &[0.0, 1.0, 0.0])[1..], [8.0, -2.0]);
    });
    assert_eq!(left, 0);

    MOST.set(0);
    let most_before = ALLOCATED.get();
    let left = left_by(|| {
        let mut dx = [0.0; 3];
        d_unneeded(&x, &mut dx, 1.0);
        assert_eq!(dx, [335.0, 335.0, 334.0]);
    });
    assert_eq!(left, 0);
    // Of the thousand vectors, there is one at a time. Enzyme keeps some words of each round.
    assert!(MOST.get() - most_before < 200_000, "{}", MOST.get() - most_before);

    let mut list = List::End;
    let left = left_by(|| {
        let mut dx = [0.0; 2];
        assert_eq!(d_prepended(&mut list, &[2.0, 3.0], &mut dx, 1.0), 6.0);
        assert_eq!(d_prepended(&mut list, &[4.0, 3.0], &mut dx, 1.0), 12.0);
        assert_eq!(dx, [6.0, 6.0]);
    });
    assert_eq!(left, 2 * size_of::<List>() as isize);
    let List::Node(first, rest) = list else { panic!() };
    let List::Node(second, rest) = *rest else { panic!() };
    assert!(matches!((first, second, *rest), (4.0, 2.0, List::End)));

    let log = RefCell::new(vec![1.0]);
    let left = left_by(|| {
        let mut dx = [0.0; 2];
        assert_eq!(d_exchanged(&log, &[2.0, 3.0], &mut dx, 1.0), 13.0);
        assert_eq!(dx, [4.0, 6.0]);
    });
    assert_eq!(log.borrow()[..], [1.0, 2.0, 3.0]);
    assert_eq!(left, (log.borrow().capacity() as isize - 1) * 8);

    let left = left_by(|| {
        let mut dx = [0.0; 3];
        assert_eq!(d_shared(&x, &mut dx, 1.0), 0.0625 + 5.0625);
        assert_eq!(dx, [0.5, -13.5, 0.0]);
        assert_eq!(t_shared(&x, &[0.0, 1.0, 0.0]).1, -13.5);
    });
    assert_eq!(left, 0);

    // One node of depth 3, one of depth 2, two of depth 1 and two of depth 0: x0 (x0 + x2 + 2 x1 + 2 x0).
    let left = left_by(|| {
        let mut dx = [0.0; 3];
        d_of_a_tree(&x, &mut dx, 1.0);
        assert_eq!(dx, [6.0 * x[0] + x[2] + 2.0 * x[1], 2.0 * x[0], x[0]]);
        assert_eq!(t_of_a_tree(&x, &[0.0, 1.0, 0.0]).1, 2.0 * x[0]);
    });
    assert_eq!(left, 0);

    for _ in 0..10 {
        let left = left_by(|| {
            let mut dx = [0.0; 3];
            let hook = panic::take_hook();
            panic::set_hook(Box::new(|_| {}));
            let unwound = panic::catch_unwind(AssertUnwindSafe(|| {
                d_unwinds(&[-1.0, 2.0, 3.0], &mut dx, 1.0);
            }));
            panic::set_hook(hook);
            assert_eq!(unwound.unwrap_err().downcast_ref(), Some(&"too small"));
        });
        // Enzyme knows no way on which a function unwinds: what is alive there is not dropped, nor is its shadow. What
        // has been dropped before is freed.
        assert!(left <= 2 * 24, "{left}");
        let left = left_by(|| {
            let mut dx = [0.0; 3];
            d_unwinds(&[1.0, 2.0, 3.0], &mut dx, 1.0);
            assert_eq!(dx, [2.0, 4.0, 6.0]);
        });
        assert_eq!(left, 0);
    }

    let left = left_by(|| {
        let (mut dx, mut tangent) = ([0.0; 3], [0.0; 3]);
        t_gradient(&x, &[1.0, 0.0, 0.0], &mut dx, &mut tangent, 1.0);
        assert_eq!(dx, [0.5, -13.5, 0.0]);
        assert_eq!(tangent, [3.0, 0.0, 0.0]);
    });
    assert_eq!(left, 0);
}
