//! Check the errors for floats that a primal leaves where no derivative goes: behind a pointer in a static, in an atomic
//! integer, and in a static that is also used by a function that is not inlined.

//@ needs-enzyme (differentiates)
//@ build-fail
//@ edition: 2024
//@ revisions: pointer atomic bits
//@ compile-flags: -Zautodiff=Enable -Copt-level=3
//@ normalize-stderr: "in function \S+ .*?: Enzyme" -> "in function $$FUNCTION: Enzyme"

#![feature(autodiff)]

use std::autodiff::autodiff_reverse;

#[cfg(pointer)]
mod kept {
    use std::sync::Mutex;

    static ALL: Mutex<Vec<f64>> = Mutex::new(vec![]);

    #[inline(never)]
    pub fn put(x: f64) {
    //[pointer]~^ ERROR `refused_statics::kept::put` cannot be differentiated: a `static` that holds floats behind a pointer
        ALL.lock().unwrap().push(x);
    }

    #[inline(never)]
    pub fn get() -> f64 {
        ALL.lock().unwrap()[0]
    }
}

#[cfg(atomic)]
mod kept {
    use std::sync::atomic::{AtomicU64, Ordering};

    static LAST: AtomicU64 = AtomicU64::new(0);

    #[inline(never)]
    pub fn put(x: f64) {
    //[atomic]~^ ERROR `refused_statics::kept::put` cannot be differentiated: it copies, or calculates with, bytes that may
        LAST.store(x.to_bits(), Ordering::Relaxed);
    }

    #[inline(never)]
    pub fn get() -> f64 {
        f64::from_bits(LAST.load(Ordering::Relaxed))
    }
}

#[cfg(bits)]
mod kept {
    static mut LAST: u64 = 0;

    pub fn put(x: f64) {
        unsafe { LAST = x.to_bits() };
    }

    #[inline(never)]
    pub fn get() -> f64 {
    //[bits]~^ ERROR `refused_statics::kept::get` cannot be differentiated: it is not inlined into what is differentiated
        f64::from_bits(unsafe { LAST })
    }
}

#[autodiff_reverse(d_square, Active, Active)]
fn square(x: f64) -> f64 {
    kept::put(x);
    kept::get() * kept::get()
}

fn main() {
    d_square(3.0, 1.0);
}

