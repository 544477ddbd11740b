//! Check the location that a `#[track_caller]` function carrying `#[rustc_autodiff]` reports, and
//! its answer, however it is called: the caller's where it is called directly, its own where it is
//! called by pointer, and through a vtable the one or the other, depending on what the trait
//! declares. All as it is without the attribute. The location is one more parameter that no header
//! shows.

//@ run-pass
//@ edition: 2024
//@ revisions: debug debug_units release release_units enabled_debug enabled_release
//@[enabled_debug] needs-enzyme (`-Zautodiff=Enable` loads it)
//@[enabled_release] needs-enzyme (`-Zautodiff=Enable` loads it)
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=1
//@[debug_units] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=1
//@[release_units] compile-flags: -Copt-level=3 -Ccodegen-units=16
//@[enabled_debug] compile-flags: -Zautodiff=Enable -Copt-level=0
//@[enabled_release] compile-flags: -Zautodiff=Enable -Copt-level=3

#![feature(rustc_attrs)]

use std::hint::black_box;
use std::panic::Location;

/// What went in, in another order, and the line that was reported.
type Answer = (f32, f64, u32);

#[inline(never)]
#[track_caller]
#[rustc_autodiff]
fn located(x: (f64, f32), _: (), y: [f32; 2]) -> Answer {
    assert_eq!(y, [5.0, 7.0]);
    (x.1, x.0, Location::caller().line())
}
const LOCATED: u32 = line!() - 4; // where it is defined

// Passes its caller's location on: to itself once, and then to `located`.
#[inline(never)]
#[track_caller]
#[rustc_autodiff]
fn passing_on(x: (f64, f32), again: bool) -> Answer {
    if again { passing_on(x, false) } else { located(x, (), [5.0, 7.0]) }
}
const PASSING_ON: u32 = line!() - 3;

// Not tracked: whoever calls it, the call that counts is in here.
#[inline(never)]
#[rustc_autodiff]
fn not_passing_on(x: (f64, f32)) -> Answer {
    located(x, (), [5.0, 7.0])
}
const NOT_PASSING_ON: u32 = line!() - 2;

#[inline(never)]
#[track_caller]
#[rustc_autodiff]
fn generic<T>(x: (T, f32), n: u8) -> (u8, f32, T, u32) {
    (n, x.1, x.0, Location::caller().line())
}
const GENERIC: u32 = line!() - 3;

fn functions() {
    let (x, y) = ((2.0, 3.0), [5.0, 7.0]);

    assert_eq!(located(x, (), y), (3.0, 2.0, line!()), "located, directly");
    assert_eq!(passing_on(x, true), (3.0, 2.0, line!()), "passing_on, directly");
    assert_eq!(not_passing_on(x), (3.0, 2.0, NOT_PASSING_ON), "not_passing_on, directly");
    assert_eq!(generic((2.0, 3.0), 0xA5), (0xA5, 3.0, 2.0, line!()), "generic, directly");

    let f: fn((f64, f32), (), [f32; 2]) -> Answer = black_box(located);
    assert_eq!(f(x, (), y), (3.0, 2.0, LOCATED), "located, by pointer");
    let f: fn((f64, f32), bool) -> Answer = black_box(passing_on);
    assert_eq!(f(x, true), (3.0, 2.0, PASSING_ON), "passing_on, by pointer");
    let f: fn((f64, f32)) -> Answer = black_box(not_passing_on);
    assert_eq!(f(x), (3.0, 2.0, NOT_PASSING_ON), "not_passing_on, by pointer");
    let f: fn(([f64; 3], f32), u8) -> (u8, f32, [f64; 3], u32) = black_box(generic);
    let leaves = [11.0, 13.0, 17.0];
    assert_eq!(f((leaves, 3.0), 0xA5), (0xA5, 3.0, leaves, GENERIC), "generic, by pointer");

    static TABLE: [fn((f64, f32), bool) -> Answer; 1] = [passing_on];
    assert_eq!(black_box(&TABLE)[0](x, false), (3.0, 2.0, PASSING_ON), "by pointer in a static");

    // In a closure the call is direct, and behind `dyn` it is a closure all the same.
    let f: Box<dyn Fn((f64, f32)) -> Answer> =
        black_box(Box::new(|x| located(x, (), [5.0, 7.0])));
    assert_eq!(f(x), (3.0, 2.0, line!() - 1), "located, in a closure");
    assert_eq!(f(x), (3.0, 2.0, line!() - 2), "located, in a closure again");
}

// A call through `Fn` comes from the library, where the shim for the function item stands.
#[inline(never)]
#[track_caller]
#[rustc_autodiff]
fn full_location(x: (f64, f32)) -> (f32, f64, &'static Location<'static>) {
    (x.1, x.0, Location::caller())
}

#[inline(never)]
fn check_closure_trait<F>(how: &str, f: F)
where
    F: FnOnce((f64, f32)) -> (f32, f64, &'static Location<'static>),
{
    let (a, b, location) = f((2.0, 3.0));
    assert_eq!((a, b), (3.0, 2.0), "full_location, {how}");
    assert!(location.file().ends_with("function.rs"), "full_location, {how}: {location}");
}

fn closure_traits() {
    check_closure_trait("by F: FnOnce", full_location);
    check_closure_trait("by F: Fn, a reference", &full_location);
    let f: &dyn Fn((f64, f32)) -> _ = black_box(&full_location);
    check_closure_trait("by &dyn Fn", f);
    let f: Box<dyn FnOnce((f64, f32)) -> _> = black_box(Box::new(full_location));
    check_closure_trait("by Box<dyn FnOnce>", f);
}

trait Tracked {
    #[track_caller]
    #[rustc_autodiff]
    fn method(&self, x: (f64, f32)) -> Answer;

    #[inline(never)]
    #[track_caller]
    #[rustc_autodiff]
    fn provided(&self, x: (f64, f32)) -> Answer {
        (x.1, x.0, Location::caller().line())
    }
}
const PROVIDED: u32 = line!() - 4;

struct Receiver(f64);

impl Tracked for Receiver {
    #[inline(never)]
    #[rustc_autodiff]
    fn method(&self, x: (f64, f32)) -> Answer {
        (x.1, x.0 + self.0, Location::caller().line())
    }
}
const METHOD: u32 = line!() - 4;

// Here only the implementation is tracked: a virtual call knows nothing of it.
trait Untracked {
    fn untracked(&self, x: (f64, f32)) -> Answer;
}

impl Untracked for Receiver {
    #[inline(never)]
    #[track_caller]
    #[rustc_autodiff]
    fn untracked(&self, x: (f64, f32)) -> Answer {
        (x.1, x.0 + self.0, Location::caller().line())
    }
}
const UNTRACKED: u32 = line!() - 4;

impl Receiver {
    #[inline(never)]
    #[track_caller]
    #[rustc_autodiff]
    fn by_value(self, x: (f64, f32)) -> Answer {
        (x.1, x.0 + self.0, Location::caller().line())
    }
}
const BY_VALUE: u32 = line!() - 4;

fn methods() {
    let (receiver, x) = (black_box(Receiver(100.0)), (2.0, 3.0));
    assert_eq!(receiver.method(x), (3.0, 102.0, line!()), "a method, directly");
    assert_eq!(receiver.provided(x), (3.0, 2.0, line!()), "a provided method, directly");
    assert_eq!(Receiver(100.0).by_value(x), (3.0, 102.0, line!()), "self by value, directly");

    // The trait says that they are tracked, so a virtual call hands its location over, and whatever
    // stands in the vtable must pass it on.
    let tracked: &dyn Tracked = black_box(&receiver);
    assert_eq!(tracked.method(x), (3.0, 102.0, line!()), "a method, by vtable");
    assert_eq!(tracked.provided(x), (3.0, 2.0, line!()), "a provided method, by vtable");
    let f: fn(&(dyn Tracked + 'static), (f64, f32)) -> Answer = black_box(<dyn Tracked>::method);
    let (a, b, _) = f(&receiver, x);
    assert_eq!((a, b), (3.0, 102.0), "a virtual method, by pointer");

    assert_eq!(receiver.untracked(x), (3.0, 102.0, line!()), "tracked here only, directly");
    let untracked: &dyn Untracked = black_box(&receiver);
    assert_eq!(untracked.untracked(x), (3.0, 102.0, UNTRACKED), "tracked here only, by vtable");

    let f: fn(&Receiver, (f64, f32)) -> Answer = black_box(Receiver::method);
    assert_eq!(f(&receiver, x), (3.0, 102.0, METHOD), "a method, by pointer");
    let f: fn(&Receiver, (f64, f32)) -> Answer = black_box(Receiver::provided);
    assert_eq!(f(&receiver, x), (3.0, 2.0, PROVIDED), "a provided method, by pointer");
    let f: fn(Receiver, (f64, f32)) -> Answer = black_box(Receiver::by_value);
    assert_eq!(f(receiver, x), (3.0, 102.0, BY_VALUE), "self by value, by pointer");
}

fn main() {
    functions();
    closure_traits();
    methods();
}
