//! What functions that are differentiated free.
//!
//! The reverse pass of a derivative reads what the primal had in memory, also in memory that the primal has freed by
//! then, and the shadow of memory is needed as long. So the code of which derivatives are made frees nothing itself:
//! what it would free is noted here, with its shadows, and is freed when the derivative returns. Forward mode
//! does not look back. There, the shadows are freed with what they are shadows of.
//!
//! `AutodiffMemory.cpp` of `rustc_llvm` puts calls of these functions in place of those of the allocator, and around
//! derivatives.

// Only what is differentiated calls these.
#![allow(dead_code)]

use core::alloc::Layout;
use core::cell::UnsafeCell;

use crate::vec::Vec;

/// The symbol `__rust_dealloc` of who calls: that of a program is not that of a library of its own that this is in.
type Dealloc = unsafe extern "C" fn(*mut u8, usize, usize);

struct Block {
    start: *mut u8,
    /// A shadow has that of the next block that has one.
    layout: Option<Layout>,
}

struct Deferred {
    blocks: Vec<Block>,
    /// Memory of floats that belongs to callers of derivatives with a reverse pass. It is sorted if it has been searched.
    owned: Vec<*mut u8>,
    is_sorted: bool,
    has_freed_owned: bool,
    /// How many derivatives with a reverse pass run, each called by the one before.
    reverse_passes: usize,
}

struct OfThread(UnsafeCell<Deferred>);

// SAFETY: where there are no thread-locals, there are no threads.
unsafe impl Sync for OfThread {}

#[cfg_attr(target_thread_local, thread_local)]
static DEFERRED: OfThread = OfThread(UnsafeCell::new(Deferred {
    blocks: Vec::new(),
    owned: Vec::new(),
    is_sorted: true,
    has_freed_owned: false,
    reverse_passes: 0,
}));

impl Deferred {
    /// # Safety
    ///
    /// There must be no other reference to it.
    unsafe fn of_thread() -> &'static mut Deferred {
        // SAFETY: by the caller.
        unsafe { &mut *DEFERRED.0.get() }
    }

    fn is_owned(&mut self, start: *mut u8) -> bool {
        if !self.is_sorted {
            self.owned.sort_unstable();
            self.is_sorted = true;
        }
        self.owned.binary_search(&start).is_ok()
    }

    /// Gives the last blocks, which are the shadows of the one at `start`, its layout.
    fn complete_shadows(&mut self, start: *mut u8, layout: Layout) {
        let is_primal = |block: &Block| block.layout.is_some();
        let first = self.blocks.iter().rposition(is_primal).map_or(0, |last| last + 1);
        for index in (first..self.blocks.len()).rev() {
            // What has no derivative is its own shadow.
            if self.blocks[index].start == start {
                self.blocks.remove(index);
            } else {
                self.blocks[index].layout = Some(layout);
            }
        }
    }

    /// # Safety
    ///
    /// Nobody may use the blocks after the first `kept` any more.
    unsafe fn free_after(&mut self, kept: usize, dealloc: Dealloc) {
        while self.blocks.len() > kept
            && let Some(Block { start, layout: Some(layout) }) = self.blocks.pop()
        {
            // SAFETY: the primal would have freed it by this layout.
            unsafe { dealloc(start, layout.size(), layout.align()) }
        }
    }
}

/// Begins a derivative, which has a reverse pass or not. Returns what its end wants to know.
#[rustc_std_internal_symbol]
unsafe extern "C" fn __rust_autodiff_begin(has_reverse: bool) -> usize {
    // SAFETY: the reference ends with this function.
    let deferred = unsafe { Deferred::of_thread() };
    deferred.reverse_passes += usize::from(has_reverse);
    deferred.blocks.len()
}

/// Ends the derivative that has begun last, where its beginning returned `kept`.
#[rustc_std_internal_symbol]
unsafe extern "C" fn __rust_autodiff_end(kept: usize, has_reverse: bool, dealloc: Dealloc) {
    // SAFETY: the reference ends with this function.
    let deferred = unsafe { Deferred::of_thread() };
    deferred.reverse_passes -= usize::from(has_reverse);
    // SAFETY: the reverse pass is over.
    unsafe { deferred.free_after(kept, dealloc) }
    if kept == 0 {
        deferred.blocks = Vec::new();
    }
    if deferred.reverse_passes == 0 {
        deferred.owned.clear();
        deferred.has_freed_owned = false;
    }
}

/// Notes that the caller of a derivative with a reverse pass, which has begun, owns this memory.
#[rustc_std_internal_symbol]
unsafe extern "C" fn __rust_autodiff_note_owned(start: *mut u8) {
    // SAFETY: the reference ends with this function.
    let deferred = unsafe { Deferred::of_thread() };
    deferred.owned.push(start);
    deferred.is_sorted = false;
}

/// Whether memory that has been noted as the caller's has been freed.
#[rustc_std_internal_symbol]
unsafe extern "C" fn __rust_autodiff_has_freed_owned() -> bool {
    // SAFETY: the reference ends with this function.
    unsafe { Deferred::of_thread() }.has_freed_owned
}

/// Whether this is memory, and has not been noted as the caller's.
#[rustc_std_internal_symbol]
unsafe extern "C" fn __rust_autodiff_is_new(start: *mut u8, size: usize) -> bool {
    // SAFETY: the reference ends with this function.
    size > 0 && !unsafe { Deferred::of_thread() }.is_owned(start)
}

/// Notes a shadow of the block that is freed next.
#[rustc_std_internal_symbol]
unsafe extern "C" fn __rust_autodiff_free_shadow(start: *mut u8) {
    // SAFETY: the reference ends with this function.
    unsafe { Deferred::of_thread() }.blocks.push(Block { start, layout: None });
}

/// Frees a block, and its shadows, when no reverse pass reads them any more. None reads the block if it is `unneeded`.
#[rustc_std_internal_symbol]
unsafe extern "C" fn __rust_autodiff_free(
    start: *mut u8,
    size: usize,
    align: usize,
    unneeded: bool,
    dealloc: Dealloc,
) {
    // SAFETY: the reference ends with this function.
    let deferred = unsafe { Deferred::of_thread() };
    // SAFETY: the block has been allocated by this layout.
    let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
    deferred.complete_shadows(start, layout);
    if deferred.reverse_passes == 0 {
        // SAFETY: in forward mode, these are shadows of this block.
        unsafe { deferred.free_after(0, dealloc) }
    }
    if deferred.reverse_passes == 0 || unneeded {
        // SAFETY: by the caller.
        unsafe { dealloc(start, size, align) }
    } else {
        deferred.has_freed_owned |= deferred.is_owned(start);
        deferred.blocks.push(Block { start, layout: Some(layout) });
    }
}
