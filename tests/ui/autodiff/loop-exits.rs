//! Check the derivatives of loops that are left, or gone on with, in several places. Of a loop inside
//! another that can be left into either, Enzyme keeps the number of iterations for one of the ways out
//! only; and LLVM makes two loops of one in which not every iteration adds something. In reverse, the
//! gradient then landed at other elements than those that were read. Loops that count down to a bound are
//! here as well, since Enzyme leaves them too early.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::hint::black_box;
use std::marker::PhantomData;

#[path = "auxiliary/check.rs"]
mod check;
use check::{F64, close, exact};

// All of these are the sum of the squares of the elements above 2.5, of which the gradient is 2 x there.
#[autodiff_reverse(d_branch, Duplicated, Active)]
#[autodiff_forward(t_branch, Dual, Dual)]
fn branch(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for x in x {
        if *x > 2.5 {
            sum += x.powi(2);
        }
    }
    sum
}

#[autodiff_reverse(d_skip, Duplicated, Active)]
fn skip(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for i in 0..x.len() {
        if x[i] <= 2.5 {
            continue;
        }
        sum += x[i] * x[i];
    }
    sum
}

#[autodiff_reverse(d_matching, Duplicated, Active)]
fn matching(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for x in x {
        match *x {
            x if x <= 2.5 => {}
            x => sum += x * x,
        }
    }
    sum
}

#[autodiff_reverse(d_filter, Duplicated, Active)]
fn filter(x: &[f64]) -> f64 {
    x.iter().filter(|x| **x > 2.5).map(|x| x * x).sum()
}

#[autodiff_reverse(d_find, Duplicated, Active)]
#[autodiff_forward(t_find, Dual, Dual)]
fn find(x: &[f64]) -> f64 {
    let (mut sum, mut rest) = (0.0, x.iter());
    while let Some(x) = rest.find(|x| **x > 2.5) {
        sum += x * x;
    }
    sum
}

#[autodiff_reverse(d_early, Duplicated, Active)]
fn early(x: &[f64]) -> f64 {
    let (mut sum, mut i) = (0.0, 0);
    while i < x.len() {
        let mut j = i;
        loop {
            if j >= x.len() {
                return sum;
            }
            if x[j] > 2.5 {
                break;
            }
            j += 1;
        }
        sum += x[j] * x[j];
        i = j + 1;
    }
    sum
}

#[autodiff_reverse(d_outer, Duplicated, Active)]
fn outer(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    'each: for i in 0..x.len() {
        // One more than 2.5 is not found below.
        for bound in [1.0, 2.0, 2.5] {
            if x[i] <= bound {
                continue 'each;
            }
        }
        sum += x[i] * x[i];
    }
    sum
}

#[autodiff_reverse(d_chunks, Duplicated, Active)]
fn chunks(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for chunk in x.chunks(2) {
        for x in chunk {
            if *x > 2.5 {
                sum += x * x;
            }
        }
    }
    sum
}

// Up to the first element that is negative
#[autodiff_reverse(d_until, Duplicated, Active)]
fn until(x: &[[f64; 2]]) -> f64 {
    let mut sum = 0.0;
    'all: for row in x {
        for x in row {
            if *x < 0.0 {
                break 'all;
            }
            if *x > 2.5 {
                sum += x * x;
            }
        }
    }
    sum
}

// Every other element is doubled, and the ones between get the square of what is before them, where there is
// something after them: <https://github.com/rust-lang/rust/issues/160806>.
#[autodiff_reverse(d_parted, Duplicated)]
fn parted(x: &mut [f64]) {
    for i in 0..x.len() {
        if i % 2 == 0 {
            x[i] *= 2.0;
        } else {
            if i + 1 >= x.len() {
                continue;
            }
            let (head, tail) = x.split_at_mut(i);
            tail[0] += head[i - 1] * head[i - 1];
        }
    }
}

// Down to a bound, which is reached as well: the sum of the squares from x_(k - 1) on. How often it goes
// round, Enzyme took for a constant.
#[autodiff_reverse(d_downwards, Duplicated, Const, Active)]
fn downwards(x: &[f64], k: usize) -> f64 {
    let (mut sum, mut i) = (0.0, x.len());
    while i >= k {
        sum += x[i - 1] * x[i - 1];
        i -= 1;
    }
    sum
}

// The same in an iterator: the sum of what k neighbours multiply to
#[autodiff_reverse(d_products, Duplicated, Const, Active)]
fn products(x: &[f64], k: usize) -> f64 {
    x.windows(k).map(|window| window[0] * window[k - 1]).sum()
}

// The same with what was read cached: the sum of sin(x^2)
#[autodiff_reverse(d_waves, Duplicated, Active)]
fn waves(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for x in x {
        if *x > 2.5 {
            sum += (x * x).sin();
        }
    }
    sum
}

// As libraries for matrices walk over a column: by pointers, which they transmute. That is left when nothing
// is left, and where a pointer is null.
struct Strided {
    next: *const f64,
    start: *const f64,
    end: *const f64,
    left: usize,
    stride: usize,
}

impl Iterator for Strided {
    type Item = *const f64;

    fn next(&mut self) -> Option<*const f64> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        unsafe {
            if self.next == self.end {
                self.end = self.next.wrapping_add(self.stride);
                self.next = self.start.offset(self.stride as isize);
                self.start = self.next;
            }
            let this = self.next;
            if self.left != 0 {
                self.next = self.next.add(1);
            }
            Some(this)
        }
    }
}

struct Column<'a>(Strided, PhantomData<&'a f64>);

impl<'a> Iterator for Column<'a> {
    type Item = &'a f64;

    fn next(&mut self) -> Option<&'a f64> {
        self.0.next().map(|x| unsafe { std::mem::transmute(x) })
    }
}

#[autodiff_reverse(d_columns, Duplicated, Active)]
fn columns(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for i in 0..3 {
        let column = &x[3 * i..3 * i + 3];
        let (start, left) = (column.as_ptr(), column.len());
        let end = unsafe { start.add(left) };
        let strided = Strided { next: start, start, end, left, stride: left };
        for x in Column(strided, PhantomData) {
            sum += x;
        }
    }
    sum
}

macro_rules! add_multiples {
    ($sum:ident, $x:ident, $($k:literal)*) => { $(
        if $x > $k as f64 {
            $sum += $x * $k as f64;
        }
    )* };
}

// The sum of k x for all natural numbers k below x, up to a negative x. There is an exit in front of so many branches that
// nobody could take all ways behind it, one by one.
#[autodiff_reverse(d_multiples, Duplicated, Active)]
#[autodiff_forward(t_multiples, Dual, Dual)]
fn multiples(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for &x in x {
        add_multiples!(sum, x, 1);
        if x < 0.0 {
            break;
        }
        add_multiples!(sum, x, 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30);
        add_multiples!(sum, x, 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56);
    }
    sum
}

type Reverse = fn(&[f64], &mut [f64], f64) -> f64;

pub fn main() {
    let all: [(&str, Reverse); 8] = [
        ("branch", d_branch),
        ("skip", d_skip),
        ("matching", d_matching),
        ("filter", d_filter),
        ("find", d_find),
        ("early", d_early),
        ("outer", d_outer),
        ("chunks", d_chunks),
    ];
    // Taken first, last, in between, several times in a row, never.
    let tables: [&[f64]; 6] = [
        &[3.0, 2.0, 5.0, 1.0, 7.0],
        &[1.0, 3.0, 2.0],
        &[2.0, 1.0, 0.5, 0.25, 4.0, 5.0, 6.0, 1.0, 1.5, 8.0, 2.0, 2.0],
        &[3.0, 4.0, 5.0],
        &[1.0, 2.0],
        &[],
    ];
    for table in tables {
        let value: f64 = table.iter().map(|x| if *x > 2.5 { x * x } else { 0.0 }).sum();
        let want: Vec<f64> = table.iter().map(|x| if *x > 2.5 { 2.0 * x } else { 0.0 }).collect();
        for (name, derivative) in all {
            let name = format!("{name} of {table:?}");
            let mut dx = vec![0.0; table.len()];
            exact(&name, derivative(black_box(table), &mut dx, 1.0), value);
            exact(&name, dx, want.clone());
        }
        let tangent: Vec<f64> = (0..table.len()).map(|i| (i + 1) as f64).collect();
        let along: f64 = want.iter().zip(&tangent).map(|(a, b)| a * b).sum();
        exact("branch, forward", t_branch(black_box(table), &tangent), (value, along));
        exact("find, forward", t_find(black_box(table), &tangent), (value, along));

        let mut dx = vec![0.0; table.len()];
        d_waves(black_box(table), &mut dx, 1.0);
        for (x, dx) in table.iter().zip(dx) {
            let want = if *x > 2.5 { 2.0 * x * (x * x).cos() } else { 0.0 };
            close(&format!("waves of {table:?}"), dx, want, F64);
        }
    }

    let mut dx = [0.0; 9];
    exact("columns", d_columns(&black_box([2.0; 9]), &mut dx, 1.0), 18.0);
    exact("columns", dx, [1.0; 9]);

    let x = black_box([1.0, 2.0, 3.0, 4.0, 5.0]);
    for k in 1..=6 {
        let want = [1, 2, 3, 4, 5].map(|i| if i >= k { 2.0 * i as f64 } else { 0.0 });
        let mut dx = [0.0; 5];
        d_downwards(&x, &mut dx, black_box(k), 1.0);
        exact(&format!("downwards to {k}"), dx, want);
    }
    let row = black_box([3.5, 60.0, 0.5, 7.5, -1.0, 4.5]);
    let numbers = |below: f64| below * (below + 1.0) / 2.0;
    let want = [numbers(3.0), numbers(56.0), 0.0, numbers(7.0), 0.0, 0.0];
    let value: f64 = row.iter().zip(want).map(|(x, dx)| x * dx).sum();
    let mut dx = [0.0; 6];
    exact("multiples", d_multiples(&row, &mut dx, 1.0), value);
    exact("multiples", dx, want);
    exact("multiples, forward", t_multiples(&row, &[1.0; 6]), (value, want.iter().sum()));

    // x0 x2 + x1 x3 + x2 x4
    let mut dx = [0.0; 5];
    exact("products", d_products(&x, &mut dx, black_box(3), 1.0), 3.0 + 8.0 + 15.0);
    exact("products", dx, [3.0, 4.0, 1.0 + 5.0, 2.0, 3.0]);

    // (2 x0, x1 + 4 x0^2, 2 x2, x3)
    let (mut x, mut dx) = (black_box([3.0, 5.0, 7.0, 11.0]), [1.0, 10.0, 100.0, 1000.0]);
    d_parted(&mut x, &mut dx);
    exact("parted", x, [6.0, 41.0, 14.0, 11.0]);
    exact("parted", dx, [2.0 + 240.0, 10.0, 200.0, 1000.0]);

    let (x, mut dx) = (black_box([[3.0, 1.0], [5.0, -1.0], [7.0, 7.0]]), [[0.0; 2]; 3]);
    exact("until", d_until(&x, &mut dx, 1.0), 34.0);
    exact("until", dx, [[6.0, 0.0], [10.0, 0.0], [0.0; 2]]);
}
