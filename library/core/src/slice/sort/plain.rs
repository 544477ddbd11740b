//! Plain sorts, which the autodiff slice calls in place of the fast ones.
//!
//! The fast sorts are several algorithms that call each other, and move elements through buffers of bytes and
//! guards that put things in order if a comparison panics. Enzyme takes minutes for them. These here are short. They
//! move elements only by exchange, so each is in the slice exactly once whatever a comparison does.
//!
//! Where there is memory for it, indices are sorted first, and then each element moves to its place. Nothing but
//! the latter has a derivative. What moves elements is never inlined: a comparison may look at a float as an integer
//! (`total_cmp`), and LLVM would load it once for both.

// Only the autodiff slice calls these.
#![allow(dead_code)]

use crate::slice::sort::stable::BufGuard;
use crate::{cmp, mem};

/// Sorts `v`, of which the first `sorted` elements are in order, and stably.
///
/// In place of `insertion_sort_shift_left`.
fn insertion_sort<T, F: FnMut(&T, &T) -> bool>(v: &mut [T], sorted: usize, is_less: &mut F) {
    // All who call this have less.
    const MAX_LEN: usize = 32;

    let (elements, len) = (v.as_mut_ptr(), v.len());
    let mut order = [0; MAX_LEN];
    let mut end = 0;
    // SAFETY: All elements that are looked at, or exchanged, are in `v`: `i` is at most `end`, and what is in `order`
    // is an index of `v`, each once.
    unsafe {
        if len > MAX_LEN {
            end = sorted;
            while end < len {
                let mut i = end;
                while i > 0 && is_less(&*elements.add(i), &*elements.add(i - 1)) {
                    exchange(elements.add(i), elements.add(i - 1));
                    i -= 1;
                }
                end += 1;
            }
            return;
        }
        while end < len {
            let mut i = end;
            while i > 0
                && end >= sorted
                && is_less(&*elements.add(end), &*elements.add(order[i - 1]))
            {
                order[i] = order[i - 1];
                i -= 1;
            }
            order[i] = end;
            end += 1;
        }
        arrange(elements, order.as_ptr(), len);
    }
}

/// Sorts `v` stably.
///
/// In place of `driftsort_main`.
fn merge_sort<T, F: FnMut(&T, &T) -> bool, BufT: BufGuard<T>>(v: &mut [T], is_less: &mut F) {
    let (elements, len) = (v.as_mut_ptr(), v.len());
    // The only memory to be had is for values of `T`, which may be less aligned than indices are.
    let bytes = 2 * len * size_of::<usize>() + align_of::<usize>();
    let mut memory = BufT::with_capacity(bytes.div_ceil(size_of::<T>()));
    // SAFETY: There is room for two lists of `len` indices. In `from` there is each index of `v` once, and so there is
    // in `to` after each round of the outer loop.
    unsafe {
        let memory = memory.as_uninit_slice_mut().as_mut_ptr().cast::<u8>();
        let mut from = memory.add(memory.align_offset(align_of::<usize>())).cast::<usize>();
        let mut to = from.add(len);
        let mut i = 0;
        while i < len {
            *from.add(i) = i;
            i += 1;
        }
        let mut width = 1;
        while width < len {
            let mut start = 0;
            while start < len {
                let middle = cmp::min(start + width, len);
                let end = cmp::min(middle + width, len);
                let (mut left, mut right, mut next) = (start, middle, start);
                while next < end {
                    let takes_right = left == middle
                        || right < end
                            && is_less(
                                &*elements.add(*from.add(right)),
                                &*elements.add(*from.add(left)),
                            );
                    if takes_right {
                        *to.add(next) = *from.add(right);
                        right += 1;
                    } else {
                        *to.add(next) = *from.add(left);
                        left += 1;
                    }
                    next += 1;
                }
                start = end;
            }
            mem::swap(&mut from, &mut to);
            width *= 2;
        }
        arrange(elements, from, len);
    }
}

/// Sorts `v` by a heap whose greatest element comes first.
///
/// In place of `ipnsort`, and without any memory but that of `v`.
fn heap_sort<T, F: FnMut(&T, &T) -> bool>(v: &mut [T], is_less: &mut F) {
    let (elements, mut end) = (v.as_mut_ptr(), v.len());
    let mut root = end / 2;
    // SAFETY: All elements that are looked at, or exchanged, are before `end`.
    unsafe {
        while end > 1 {
            if root > 0 {
                root -= 1;
            } else {
                end -= 1;
                exchange(elements, elements.add(end));
            }
            let mut node = root;
            while 2 * node + 1 < end {
                let mut child = 2 * node + 1;
                if child + 1 < end && is_less(&*elements.add(child), &*elements.add(child + 1)) {
                    child += 1;
                }
                if !is_less(&*elements.add(node), &*elements.add(child)) {
                    break;
                }
                exchange(elements.add(node), elements.add(child));
                node = child;
            }
        }
    }
}

/// Puts the element at `index` where it is in sorted order, what is less before it, and the others behind it.
///
/// In place of `partition_at_index_loop`.
fn select<'a, T, F: FnMut(&T, &T) -> bool>(
    v: &'a mut [T],
    index: usize,
    _ancestor_pivot: Option<&'a T>,
    is_less: &mut F,
) {
    let elements = v.as_mut_ptr();
    let (mut start, mut end) = (0, v.len());
    // After some bad pivots, what is left is sorted.
    let mut rounds = 2 * (end | 1).ilog2();
    // SAFETY: `start <= index < end <= v.len()`, and all that is looked at or exchanged is from `start` on and before
    // `end`.
    unsafe {
        while end - start > 1 {
            if rounds == 0 {
                heap_sort(&mut v[start..end], is_less);
                return;
            }
            rounds -= 1;
            // The pivot comes to the front, and what is less behind it.
            let pivot = elements.add(start);
            exchange(pivot, elements.add(start + (end - start) / 2));
            let (mut last_less, mut next) = (start, start + 1);
            while next < end {
                if is_less(&*elements.add(next), &*pivot) {
                    last_less += 1;
                    exchange(elements.add(last_less), elements.add(next));
                }
                next += 1;
            }
            exchange(pivot, elements.add(last_less));
            if index < last_less {
                end = last_less;
            } else if index > last_less {
                start = last_less + 1;
            } else {
                return;
            }
        }
    }
}

/// Moves the element at `order[i]` to `i`, for each `i` less than `len`.
///
/// # Safety
///
/// There are `len` elements. Each index is in `order` once.
#[inline(never)]
unsafe fn arrange<T>(elements: *mut T, order: *const usize, len: usize) {
    let mut i = 0;
    while i < len {
        // SAFETY: See function safety. What was before `i` and is not yet in its place has been exchanged with what was
        // to come there.
        unsafe {
            let mut from = *order.add(i);
            while from < i {
                from = *order.add(from);
            }
            if from != i {
                mem::swap(&mut *elements.add(i), &mut *elements.add(from));
            }
        }
        i += 1;
    }
}

/// Exchanges the elements at `a` and `b`, which may be the same.
///
/// # Safety
///
/// There are elements at both.
#[inline(never)]
unsafe fn exchange<T>(a: *mut T, b: *mut T) {
    // SAFETY: They do not overlap unless they are the same.
    unsafe {
        if a != b {
            mem::swap(&mut *a, &mut *b);
        }
    }
}
