//! Check that functions carrying `#[rustc_autodiff]` that call themselves and each other give one
//! answer, where the inner calls are direct, by `fn` pointer, by vtable, or by turns.
//!
//! A primal calling itself by pointer calls the shim that calls it; a tail call must not become one
//! through a frame whose arguments are gone.

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

#[path = "auxiliary/headers.rs"]
mod headers;
use headers::{Pair, Short};

type Step = fn((u64, u64), u32) -> (u64, u64);

// Fibonacci numbers: F(30), F(31)
const FIBONACCI: (u64, u64) = (832040, 1346269);

#[rustc_autodiff]
#[inline(never)]
fn direct(x: (u64, u64), n: u32) -> (u64, u64) {
    if n == 0 { x } else { direct((x.1, x.0 + x.1), n - 1) }
}

#[rustc_autodiff]
#[inline(never)]
fn by_pointer(x: (u64, u64), n: u32) -> (u64, u64) {
    let f: Step = black_box(by_pointer);
    if n == 0 { x } else { f((x.1, x.0 + x.1), n - 1) }
}

// The pointer is known, if one looks.
#[rustc_autodiff]
#[inline(never)]
fn by_known_pointer(x: (u64, u64), n: u32) -> (u64, u64) {
    let f: Step = by_known_pointer;
    if n == 0 { x } else { f((x.1, x.0 + x.1), n - 1) }
}

#[rustc_autodiff]
#[inline(never)]
fn by_dyn(x: (u64, u64), n: u32) -> (u64, u64) {
    let f: &dyn Fn((u64, u64), u32) -> (u64, u64) = black_box(&by_dyn);
    if n == 0 { x } else { f((x.1, x.0 + x.1), n - 1) }
}

// Over an even and an odd number of steps, one of the two a primal.
#[rustc_autodiff]
#[inline(never)]
fn even(x: (u64, u64), n: u32) -> (u64, u64) {
    if n == 0 { x } else { odd((x.1, x.0 + x.1), n - 1) }
}

#[inline(never)]
fn odd(x: (u64, u64), n: u32) -> (u64, u64) {
    let f: Step = black_box(even);
    if n == 0 { x } else { f((x.1, x.0 + x.1), n - 1) }
}

// Three primals in turn, two of them called by the pointers of a table.
static TABLE: [Step; 3] = [first, second, third];

#[rustc_autodiff]
#[inline(never)]
fn first(x: (u64, u64), n: u32) -> (u64, u64) {
    if n == 0 { x } else { TABLE[black_box(1)]((x.1, x.0 + x.1), n - 1) }
}

#[rustc_autodiff]
#[inline(never)]
fn second(x: (u64, u64), n: u32) -> (u64, u64) {
    if n == 0 { x } else { third((x.1, x.0 + x.1), n - 1) }
}

#[rustc_autodiff]
#[inline(never)]
fn third(x: (u64, u64), n: u32) -> (u64, u64) {
    if n == 0 { x } else { TABLE[black_box(0)]((x.1, x.0 + x.1), n - 1) }
}

// The first result and the argument are still wanted when the second call is made.
#[rustc_autodiff]
#[inline(never)]
fn tree(x: Pair, depth: u32, f: fn(Pair, u32, Other) -> Pair, _: Short) -> Pair {
    if depth == 0 {
        return x;
    }
    let left = f(Pair { a: x.b, b: x.a }, depth - 1, Other(tree));
    let right = tree(Pair { a: x.a + 1.0, b: x.b }, depth - 1, f, Short { a: 2, b: 3.0, c: 5 });
    Pair { a: left.a + right.a + 100.0 * x.a, b: left.b + right.b + 1000.0 * x.b }
}

#[derive(Clone, Copy)]
struct Other(fn(Pair, u32, fn(Pair, u32, Other) -> Pair, Short) -> Pair);

#[rustc_autodiff]
#[inline(never)]
fn branch(x: Pair, depth: u32, Other(f): Other) -> Pair {
    f(x, depth, branch, Short { a: 2, b: 3.0, c: 5 })
}

// Methods, calling on by vtable or themselves.
trait Count {
    fn down(&self, x: (f64, f32), n: u32) -> (f32, f64);
}

struct Counter<'a>(f64, Option<&'a dyn Count>);

impl Count for Counter<'_> {
    #[rustc_autodiff]
    #[inline(never)]
    fn down(&self, x: (f64, f32), n: u32) -> (f32, f64) {
        if n == 0 {
            return (x.1, x.0);
        }
        let (b, a) = match self.1 {
            Some(next) if n % 2 == 0 => next.down((x.0 + self.0, x.1), n - 1),
            _ => self.down((x.0, x.1 + 1.0), n - 1),
        };
        (b, a * 2.0)
    }
}

impl Pair {
    #[rustc_autodiff]
    #[inline(never)]
    fn swapped(self, n: u32) -> Pair {
        let f: fn(Pair, u32) -> Pair = black_box(Pair::swapped);
        if n == 0 { self } else { f(Pair { a: self.b, b: self.a + 1.0 }, n - 1) }
    }
}

fn main() {
    assert_eq!(direct((0, 1), 30), FIBONACCI);
    assert_eq!(by_pointer((0, 1), 30), FIBONACCI);
    assert_eq!(by_known_pointer((0, 1), 30), FIBONACCI);
    assert_eq!(by_dyn((0, 1), 30), FIBONACCI);
    assert_eq!(even((0, 1), 30), FIBONACCI);
    assert_eq!(odd((1, 1), 29), FIBONACCI);
    assert_eq!(first((0, 1), 30), FIBONACCI);
    assert_eq!(second((0, 1), 30), FIBONACCI);
    let all: [Step; 9] =
        [direct, by_pointer, by_known_pointer, by_dyn, even, odd, first, second, third];
    for f in black_box(all) {
        assert_eq!(f((0, 1), 30), FIBONACCI);
    }

    // Depth 2 from (2, 3). Left of it (3, 2) with leaves (2, 3), (4, 2): (6 + 300, 5 + 2000).
    // Right of it (3, 3) with leaves (3, 3), (4, 3): (7 + 300, 6 + 3000). And (200, 3000) itself.
    let short = Short { a: 2, b: 3.0, c: 5 };
    let want = Pair { a: 813.0, b: 8011.0 };
    assert_eq!(tree(Pair { a: 2.0, b: 3.0 }, 2, branch, short), want);
    assert_eq!(branch(Pair { a: 2.0, b: 3.0 }, 2, Other(tree)), want);
    let f: fn(Pair, u32, Other) -> Pair = black_box(branch);
    assert_eq!(f(Pair { a: 2.0, b: 3.0 }, 2, Other(black_box(tree))), want);

    // Four steps: to `last` with 100 added, and three times to itself with 1 added. Each doubles.
    let last = Counter(1000.0, None);
    let counter = Counter(100.0, Some(black_box(&last)));
    assert_eq!(counter.down((2.0, 3.0), 4), (6.0, 16.0 * 102.0));
    assert_eq!(black_box(&counter as &dyn Count).down((2.0, 3.0), 4), (6.0, 16.0 * 102.0));

    // (2, 3) (3, 3) (3, 4) (4, 4)
    assert_eq!(Pair { a: 2.0, b: 3.0 }.swapped(3), Pair { a: 4.0, b: 4.0 });
    assert_eq!(Pair { a: 2.0, b: 30.0 }.swapped(1), Pair { a: 30.0, b: 3.0 });
}
