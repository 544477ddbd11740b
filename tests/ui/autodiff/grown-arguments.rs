//! Check that a program stops whose derivative, in reverse mode, leaves memory with its caller that the primal has
//! allocated, and that it runs where what there was is grown within its capacity, exchanged or emptied.

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

/// What stops the program, and what it says then.
const CASES: [(fn(), &str); 5] = [
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
        "derivative of `record` leaves memory that it has freed in a `std::vec::Vec<f64>`",
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
