//! Values that move into an `Rc`, as values of their type.

// Only the autodiff slice calls this.
#![allow(dead_code)]

use core::alloc::Allocator;
use core::mem::ManuallyDrop;
use core::ptr;

use super::Rc;
use crate::boxed::Box;

/// What the autodiff slice calls in place of the function of the same name, which copies bytes.
fn from_box_in<T: ?Sized, A: Allocator>(src: Box<T, A>) -> Rc<T, A> {
    unsafe {
        let ptr = Rc::allocate_for_ptr_in(&*src, Box::allocator(&src));
        T::copy_value(&*src, &raw mut (*ptr).value);
        // The memory is freed, and what was in it is not dropped.
        let (src, alloc) = Box::into_raw_with_allocator(src);
        drop(Box::from_raw_in(src as *mut ManuallyDrop<T>, alloc.by_ref()));
        Rc::from_ptr_in(ptr, alloc)
    }
}

/// How a value of this type is copied as what it is, as far as the type says so.
pub(crate) trait CopyValue {
    /// # Safety
    ///
    /// Both are valid and do not overlap, and `to` has room for what `from` points to.
    unsafe fn copy_value(from: *const Self, to: *mut Self);
}

impl<T: ?Sized> CopyValue for T {
    default unsafe fn copy_value(from: *const T, to: *mut T) {
        unsafe { ptr::copy_nonoverlapping(from.cast::<u8>(), to.cast(), size_of_val(&*from)) }
    }
}

impl<T> CopyValue for T {
    unsafe fn copy_value(from: *const T, to: *mut T) {
        unsafe { ptr::copy_nonoverlapping(from, to, 1) }
    }
}

impl<T> CopyValue for [T] {
    unsafe fn copy_value(from: *const [T], to: *mut [T]) {
        unsafe { ptr::copy_nonoverlapping(from.cast::<T>(), to.cast(), from.len()) }
    }
}
