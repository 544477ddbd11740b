//! Check derivatives of functions that move floats by `mem` and `ptr`, and keep them where the compiler does not look
//! after them. Each is compared with finite differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::alloc::{Layout, alloc, dealloc};
use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::mem::{self, ManuallyDrop, MaybeUninit};
use std::ptr::{self, NonNull};
use std::{array, slice};

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[autodiff_reverse(d_mem_swap, Duplicated, Active)]
#[autodiff_forward(t_mem_swap, Dual, Dual)]
fn mem_swap(x: &[f64]) -> f64 {
    let (mut old, mut new) = (x.to_vec(), vec![0.0; 6]);
    for _ in 0..3 {
        for i in 0..6 {
            new[i] = old[i] * old[5 - i] + 0.5;
        }
        mem::swap(&mut old, &mut new);
    }
    old.iter().zip(&new).map(|(a, b)| a * b).sum()
}

#[autodiff_reverse(d_mem_replace, Duplicated, Active)]
#[autodiff_forward(t_mem_replace, Dual, Dual)]
fn mem_replace(x: &[f64]) -> f64 {
    let mut state = (x[0], [x[1], x[2]]);
    let mut sum = 0.0;
    for v in &x[3..] {
        let (a, [b, c]) = mem::replace(&mut state, (*v, [sum, v * v]));
        sum += a * b - c;
    }
    sum * mem::take(&mut state.1[1]) + state.0 * state.1[0]
}

// Floats taken apart and put together bit by bit.
#[autodiff_reverse(d_mem_transmute, Duplicated, Active)]
#[autodiff_forward(t_mem_transmute, Dual, Dual)]
fn mem_transmute(x: &[f64]) -> f64 {
    let pairs: [[f64; 2]; 3] = unsafe { mem::transmute(<[f64; 6]>::try_from(x).unwrap()) };
    let halves: [f64; 6] = unsafe { mem::transmute_copy(&pairs) };
    pairs.iter().map(|[a, b]| a * b).sum::<f64>() * halves[3] + halves[5]
}

#[autodiff_reverse(d_ptr_read_and_write, Duplicated, Active)]
#[autodiff_forward(t_ptr_read_and_write, Dual, Dual)]
fn ptr_read_and_write(x: &[f64]) -> f64 {
    let mut list = x.to_vec();
    let p = list.as_mut_ptr();
    for i in 1..6 {
        unsafe {
            let before = ptr::read(p.add(i - 1));
            p.add(i).write(p.add(i).read() * before + 1.0);
        }
    }
    list[5] * list[2]
}

#[autodiff_reverse(d_ptr_copy, Duplicated, Active)]
#[autodiff_forward(t_ptr_copy, Dual, Dual)]
fn ptr_copy(x: &[f64]) -> f64 {
    let mut list = [0.0; 8];
    unsafe {
        let p = list.as_mut_ptr();
        ptr::copy_nonoverlapping(x.as_ptr(), p, 6);
        ptr::copy(p.add(1), p.add(3), 4);
        ptr::swap(p, p.add(4));
        *p.add(7) = ptr::replace(p.add(2), x[0] * x[1]);
    }
    list.iter().enumerate().map(|(i, v)| (i + 1) as f64 * v * v).sum()
}

#[autodiff_reverse(d_pointer_arithmetic, Duplicated, Active)]
#[autodiff_forward(t_pointer_arithmetic, Dual, Dual)]
fn pointer_arithmetic(x: &[f64]) -> f64 {
    let (mut p, end) = (x.as_ptr(), x.as_ptr_range().end);
    let mut sum = 0.0;
    while p < end {
        unsafe {
            sum = sum * 0.5 + *p * *p;
            p = p.offset(1);
        }
    }
    let last = unsafe { &*p.sub(2) };
    sum * last * unsafe { end.offset_from(x.as_ptr()) } as f64
}

#[autodiff_reverse(d_from_raw_parts, Duplicated, Active)]
#[autodiff_forward(t_from_raw_parts, Dual, Dual)]
fn from_raw_parts(x: &[f64]) -> f64 {
    let mut list = x.to_vec();
    let columns: Vec<&mut [f64]> = {
        let p = list.as_mut_ptr();
        (0..3).map(|i| unsafe { slice::from_raw_parts_mut(p.add(2 * i), 2) }).collect()
    };
    for column in columns {
        column[1] *= column[0];
        column[0] = column[0].sin();
    }
    let middle = unsafe { slice::from_raw_parts(list.as_ptr().add(1), 4) };
    middle.iter().product::<f64>() + list[0] * list[5]
}

#[autodiff_reverse(d_get_unchecked, Duplicated, Active)]
#[autodiff_forward(t_get_unchecked, Dual, Dual)]
fn get_unchecked(x: &[f64]) -> f64 {
    let mut list = x.to_vec();
    for i in 0..5 {
        unsafe {
            let next = *list.get_unchecked(i + 1);
            *list.get_unchecked_mut(i) *= next + 1.0;
        }
    }
    list.iter().sum()
}

#[autodiff_reverse(d_maybe_uninit_array, Duplicated, Active)]
#[autodiff_forward(t_maybe_uninit_array, Dual, Dual)]
fn maybe_uninit_array(x: &[f64]) -> f64 {
    let mut squares = [const { MaybeUninit::<f64>::uninit() }; 6];
    for (square, v) in squares.iter_mut().zip(x) {
        square.write(v * v);
    }
    let squares = squares.map(|square| unsafe { square.assume_init() });
    squares.iter().zip(x.iter().rev()).map(|(a, b)| a * b).sum()
}

#[autodiff_reverse(d_maybe_uninit_struct, Duplicated, Active)]
#[autodiff_forward(t_maybe_uninit_struct, Dual, Dual)]
fn maybe_uninit_struct(x: &[f64]) -> f64 {
    struct State {
        position: [f64; 2],
        mass: f64,
    }
    let mut state = MaybeUninit::<State>::uninit();
    let state = unsafe {
        let p = state.as_mut_ptr();
        (&raw mut (*p).position).write([x[0], x[1] * x[2]]);
        (&raw mut (*p).mass).write(x[3]);
        state.assume_init()
    };
    state.position[0] * state.position[1] * state.mass + x[4] * x[5]
}

#[autodiff_reverse(d_manually_drop, Duplicated, Active)]
#[autodiff_forward(t_manually_drop, Dual, Dual)]
fn manually_drop(x: &[f64]) -> f64 {
    let list: Vec<f64> = x.iter().map(|v| v * v).collect();
    let mut list = ManuallyDrop::new(list);
    list[1] *= list[0];
    let (p, len, capacity) = (list.as_mut_ptr(), list.len(), list.capacity());
    let list = unsafe { Vec::from_raw_parts(p, len, capacity) };
    list.iter().map(|v| v.sin()).sum::<f64>() * list[4]
}

#[autodiff_reverse(d_box_into_raw, Duplicated, Active)]
#[autodiff_forward(t_box_into_raw, Dual, Dual)]
fn box_into_raw(x: &[f64]) -> f64 {
    let p = Box::into_raw(Box::new([x[0], x[1], x[2]]));
    unsafe {
        (*p)[1] *= x[3];
        (&mut *p).swap(0, 2);
    }
    let [a, b, c] = *unsafe { Box::from_raw(p) };
    a * b + c.exp() * x[4]
}

#[autodiff_reverse(d_non_null, Duplicated, Active)]
#[autodiff_forward(t_non_null, Dual, Dual)]
fn non_null(x: &[f64]) -> f64 {
    let mut list = x.to_vec();
    let p = NonNull::from(&mut list[2]);
    unsafe {
        *p.as_ptr() *= 2.0;
        p.add(1).write(p.read() * p.sub(1).read());
        *p.sub(2).as_mut() += p.as_ref();
    }
    list.iter().map(|v| v * v).sum()
}

#[autodiff_reverse(d_allocated_by_hand, Duplicated, Active)]
#[autodiff_forward(t_allocated_by_hand, Dual, Dual)]
fn allocated_by_hand(x: &[f64]) -> f64 {
    let layout = Layout::array::<f64>(x.len()).unwrap();
    unsafe {
        let p = alloc(layout).cast::<f64>();
        for (i, v) in x.iter().enumerate() {
            p.add(i).write(v.sin());
        }
        let sum = slice::from_raw_parts(p, x.len()).iter().map(|v| v * v).sum::<f64>();
        let value = sum * *p.add(3);
        dealloc(p.cast(), layout);
        value
    }
}

#[autodiff_reverse(d_leaked_and_returned, Duplicated, Active)]
#[autodiff_forward(t_leaked_and_returned, Dual, Dual)]
fn leaked_and_returned(x: &[f64]) -> f64 {
    let list: &mut [f64] = x.to_vec().leak();
    list[0] *= list[5];
    let owned = unsafe { Box::from_raw(list) };
    let rows: [f64; 3] = array::from_fn(|i| owned[i] * owned[i + 3]);
    rows.iter().product()
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("mem_swap", &x, mem_swap, d_mem_swap, t_mem_swap);
    checks.gradient("mem_replace", &x, mem_replace, d_mem_replace, t_mem_replace);
    checks.gradient("mem_transmute", &x, mem_transmute, d_mem_transmute, t_mem_transmute);
    checks.gradient(
        "ptr_read_and_write",
        &x,
        ptr_read_and_write,
        d_ptr_read_and_write,
        t_ptr_read_and_write,
    );
    checks.gradient("ptr_copy", &x, ptr_copy, d_ptr_copy, t_ptr_copy);
    checks.gradient(
        "pointer_arithmetic",
        &x,
        pointer_arithmetic,
        d_pointer_arithmetic,
        t_pointer_arithmetic,
    );
    checks.gradient("from_raw_parts", &x, from_raw_parts, d_from_raw_parts, t_from_raw_parts);
    checks.gradient("get_unchecked", &x, get_unchecked, d_get_unchecked, t_get_unchecked);
    checks.gradient(
        "maybe_uninit_array",
        &x,
        maybe_uninit_array,
        d_maybe_uninit_array,
        t_maybe_uninit_array,
    );
    checks.gradient(
        "maybe_uninit_struct",
        &x,
        maybe_uninit_struct,
        d_maybe_uninit_struct,
        t_maybe_uninit_struct,
    );
    checks.gradient("manually_drop", &x, manually_drop, d_manually_drop, t_manually_drop);
    checks.gradient("box_into_raw", &x, box_into_raw, d_box_into_raw, t_box_into_raw);
    checks.gradient("non_null", &x, non_null, d_non_null, t_non_null);
    checks.gradient(
        "allocated_by_hand",
        &x,
        allocated_by_hand,
        d_allocated_by_hand,
        t_allocated_by_hand,
    );
    checks.gradient(
        "leaked_and_returned",
        &x,
        leaked_and_returned,
        d_leaked_and_returned,
        t_leaked_and_returned,
    );
    checks.finish(315);
}
