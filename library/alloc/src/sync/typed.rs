//! Values that move into an `Arc`, as values of their type.

// Only the autodiff slice calls this.
#![allow(dead_code)]

use core::alloc::Allocator;
use core::mem::ManuallyDrop;

use super::Arc;
use crate::boxed::Box;
use crate::rc::typed::CopyValue;

/// What the autodiff slice calls in place of the function of the same name, which copies bytes.
fn from_box_in<T: ?Sized, A: Allocator>(src: Box<T, A>) -> Arc<T, A> {
    unsafe {
        let ptr = Arc::allocate_for_ptr_in(&*src, Box::allocator(&src));
        T::copy_value(&*src, &raw mut (*ptr).data);
        // The memory is freed, and what was in it is not dropped.
        let (src, alloc) = Box::into_raw_with_allocator(src);
        drop(Box::from_raw_in(src as *mut ManuallyDrop<T>, alloc.by_ref()));
        Arc::from_ptr_in(ptr, alloc)
    }
}
