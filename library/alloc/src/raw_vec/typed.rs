//! The functions of `RawVecInner` that move elements, for elements of a known type.
//!
//! `RawVecInner` is compiled once for all types, and what it moves is bytes. The autodiff slice calls these
//! in its place, as `#[rustc_autodiff_stand_in]` says. They grow and shrink just as `RawVecInner` does, but by
//! an allocation of its own each, into which the elements are copied as values of `T`. They are inlined, as what
//! an element is need not be all that its type says: of the bytes of a `Vec<u8>`, only those know who fill it.

// Only the autodiff slice calls these.
#![allow(dead_code)]

use core::alloc::{Allocator, Layout};
use core::cmp;
use core::ptr::{self, NonNull};

#[cfg(not(no_global_oom_handling))]
use super::handle_error;
use super::{AllocInit, Cap, RawVecInner, ZERO_CAP, layout_array, min_non_zero_cap};
use crate::collections::TryReserveError;
use crate::collections::TryReserveErrorKind::*;

fn out_of_memory(layout: Layout) -> TryReserveError {
    AllocError { layout, non_exhaustive: () }.into()
}

/// Without a `Result` of a vector, which would have its pointer where the error has a number: Enzyme knows more
/// about a pointer that is nowhere in memory.
#[cfg(not(no_global_oom_handling))]
#[inline(always)]
fn allocate_in<A: Allocator>(
    capacity: usize,
    init: AllocInit,
    alloc: A,
    elem_layout: Layout,
) -> RawVecInner<A> {
    let layout = match layout_array(capacity, elem_layout) {
        Ok(layout) => layout,
        Err(err) => handle_error(err),
    };
    if layout.size() == 0 {
        return RawVecInner::new_in(alloc, elem_layout.alignment());
    }
    let memory = match init {
        AllocInit::Uninitialized => alloc.allocate(layout),
        AllocInit::Zeroed => alloc.allocate_zeroed(layout),
    };
    let Ok(memory) = memory else { handle_error(out_of_memory(layout)) };
    RawVecInner { ptr: memory.cast().into(), cap: unsafe { Cap::new_unchecked(capacity) }, alloc }
}

#[cfg(not(no_global_oom_handling))]
#[inline(always)]
fn with_capacity_in<A: Allocator>(
    capacity: usize,
    alloc: A,
    elem_layout: Layout,
) -> RawVecInner<A> {
    allocate_in(capacity, AllocInit::Uninitialized, alloc, elem_layout)
}

#[cfg(not(no_global_oom_handling))]
#[inline(always)]
fn with_capacity_zeroed_in<A: Allocator>(
    capacity: usize,
    alloc: A,
    elem_layout: Layout,
) -> RawVecInner<A> {
    allocate_in(capacity, AllocInit::Zeroed, alloc, elem_layout)
}

/// Copies `len` elements to new memory, which has room for as many as `layout` says, and frees the old. Returns
/// nothing if there is no memory.
#[inline(always)]
unsafe fn move_to<T, A: Allocator>(
    inner: &RawVecInner<A>,
    layout: Layout,
    elem_layout: Layout,
    len: usize,
) -> Option<NonNull<[u8]>> {
    let memory = inner.alloc.allocate(layout).ok()?;
    unsafe {
        if let Some((old, old_layout)) = inner.current_memory(elem_layout) {
            ptr::copy_nonoverlapping::<T>(old.as_ptr().cast(), memory.as_ptr().cast(), len);
            inner.alloc.deallocate(old, old_layout);
        }
    }
    Some(memory)
}

#[inline(always)]
unsafe fn finish_grow<T, A: Allocator>(
    inner: &RawVecInner<A>,
    cap: usize,
    elem_layout: Layout,
) -> Result<NonNull<[u8]>, TryReserveError> {
    let layout = layout_array(cap, elem_layout)?;
    let memory = unsafe { move_to::<T, A>(inner, layout, elem_layout, inner.cap.as_inner()) };
    memory.ok_or(out_of_memory(layout))
}

#[inline(always)]
unsafe fn grow_to<T, A: Allocator>(
    inner: &mut RawVecInner<A>,
    cap: usize,
    elem_layout: Layout,
) -> Result<(), TryReserveError> {
    unsafe {
        let layout = layout_array(cap, elem_layout)?;
        // Not every container has its elements at the front.
        let memory = move_to::<T, A>(inner, layout, elem_layout, inner.cap.as_inner());
        let Some(ptr) = memory else { return Err(out_of_memory(layout)) };
        inner.set_ptr_and_cap(ptr, cap);
    }
    Ok(())
}

#[inline(always)]
unsafe fn grow_exact<T, A: Allocator>(
    inner: &mut RawVecInner<A>,
    len: usize,
    additional: usize,
    elem_layout: Layout,
) -> Result<(), TryReserveError> {
    if elem_layout.size() == 0 {
        return Err(CapacityOverflow.into());
    }
    let cap = len.checked_add(additional).ok_or(CapacityOverflow)?;
    unsafe { grow_to::<T, A>(inner, cap, elem_layout) }
}

#[inline(always)]
unsafe fn grow_amortized<T, A: Allocator>(
    inner: &mut RawVecInner<A>,
    len: usize,
    additional: usize,
    elem_layout: Layout,
) -> Result<(), TryReserveError> {
    if elem_layout.size() == 0 {
        return Err(CapacityOverflow.into());
    }
    let required_cap = len.checked_add(additional).ok_or(CapacityOverflow)?;
    let cap = cmp::max(inner.cap.as_inner() * 2, required_cap);
    let cap = cmp::max(min_non_zero_cap(elem_layout.size()), cap);
    unsafe { grow_to::<T, A>(inner, cap, elem_layout) }
}

#[cfg(not(no_global_oom_handling))]
#[inline(always)]
unsafe fn grow_one<T, A: Allocator>(inner: &mut RawVecInner<A>, elem_layout: Layout) {
    if let Err(err) = unsafe { grow_amortized::<T, A>(inner, inner.cap.as_inner(), 1, elem_layout) }
    {
        handle_error(err);
    }
}

#[cfg(not(no_global_oom_handling))]
#[inline(always)]
unsafe fn reserve<T, A: Allocator>(
    inner: &mut RawVecInner<A>,
    len: usize,
    additional: usize,
    elem_layout: Layout,
) {
    if inner.needs_to_grow(len, additional, elem_layout) {
        unsafe { reserve_and_handle::<T, A>(inner, len, additional, elem_layout) };
    }
}

#[cfg(not(no_global_oom_handling))]
#[inline(always)]
unsafe fn reserve_and_handle<T, A: Allocator>(
    inner: &mut RawVecInner<A>,
    len: usize,
    additional: usize,
    elem_layout: Layout,
) {
    if let Err(err) = unsafe { grow_amortized::<T, A>(inner, len, additional, elem_layout) } {
        handle_error(err);
    }
}

#[inline(always)]
unsafe fn try_reserve<T, A: Allocator>(
    inner: &mut RawVecInner<A>,
    len: usize,
    additional: usize,
    elem_layout: Layout,
) -> Result<(), TryReserveError> {
    if inner.needs_to_grow(len, additional, elem_layout) {
        unsafe { grow_amortized::<T, A>(inner, len, additional, elem_layout)? };
    }
    Ok(())
}

#[cfg(not(no_global_oom_handling))]
#[inline(always)]
unsafe fn reserve_exact<T, A: Allocator>(
    inner: &mut RawVecInner<A>,
    len: usize,
    additional: usize,
    elem_layout: Layout,
) {
    if let Err(err) = unsafe { try_reserve_exact::<T, A>(inner, len, additional, elem_layout) } {
        handle_error(err);
    }
}

#[inline(always)]
unsafe fn try_reserve_exact<T, A: Allocator>(
    inner: &mut RawVecInner<A>,
    len: usize,
    additional: usize,
    elem_layout: Layout,
) -> Result<(), TryReserveError> {
    if inner.needs_to_grow(len, additional, elem_layout) {
        unsafe { grow_exact::<T, A>(inner, len, additional, elem_layout)? };
    }
    Ok(())
}

#[cfg(not(no_global_oom_handling))]
#[inline(always)]
unsafe fn shrink_to_fit<T, A: Allocator>(
    inner: &mut RawVecInner<A>,
    cap: usize,
    elem_layout: Layout,
) {
    if let Err(err) = unsafe { shrink::<T, A>(inner, cap, elem_layout) } {
        handle_error(err);
    }
}

/// For `try_shrink_to_fit` as well.
#[inline(always)]
unsafe fn shrink<T, A: Allocator>(
    inner: &mut RawVecInner<A>,
    cap: usize,
    elem_layout: Layout,
) -> Result<(), TryReserveError> {
    assert!(cap <= inner.capacity(elem_layout.size()), "Tried to shrink to a larger capacity");
    unsafe { shrink_unchecked::<T, A>(inner, cap, elem_layout) }
}

#[inline(always)]
unsafe fn shrink_unchecked<T, A: Allocator>(
    inner: &mut RawVecInner<A>,
    cap: usize,
    elem_layout: Layout,
) -> Result<(), TryReserveError> {
    let Some((old, old_layout)) = (unsafe { inner.current_memory(elem_layout) }) else {
        return Ok(());
    };
    unsafe {
        if cap == 0 {
            inner.alloc.deallocate(old, old_layout);
            inner.ptr = elem_layout.dangling_ptr().into();
            inner.cap = ZERO_CAP;
        } else {
            let size = elem_layout.size().unchecked_mul(cap);
            let layout = Layout::from_size_align_unchecked(size, elem_layout.align());
            let memory = move_to::<T, A>(inner, layout, elem_layout, cap);
            let Some(ptr) = memory else { return Err(out_of_memory(layout)) };
            inner.set_ptr_and_cap(ptr, cap);
        }
    }
    Ok(())
}
