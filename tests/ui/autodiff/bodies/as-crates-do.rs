//! Check derivatives of functions that do what crates for matrices and for vectors do: strided views, kernels for some
//! processors, buffers of their own, scratch memory. Each is compared with finite differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

// A view that is checked before it is used: the address of a parameter is calculated with.
mod strided_view {
    use std::autodiff::{autodiff_forward, autodiff_reverse};

    #[derive(Clone, Copy)]
    struct View {
        data: *const f64,
        dim: [usize; 2],
        strides: [isize; 2],
    }

    #[inline(never)]
    fn fits(dim: &[usize; 2], strides: &[isize; 2], len: usize) -> Result<usize, u8> {
        let last = (dim[0] - 1) * strides[0] as usize + (dim[1] - 1) * strides[1] as usize;
        if last < len { Ok(last) } else { Err(3) }
    }

    fn view(x: &[f64], dim: [usize; 2]) -> Result<View, u8> {
        let strides = [dim[1] as isize, 1];
        fits(&dim, &strides, x.len())?;
        if x.as_ptr().addr() % align_of::<f64>() != 0 {
            return Err(1);
        }
        Ok(View { data: x.as_ptr(), dim, strides })
    }

    fn dot(a: &View, b: &[f64]) -> f64 {
        let mut sum = 0.0;
        for i in 0..a.dim[0] {
            for j in 0..a.dim[1] {
                let at = i as isize * a.strides[0] + j as isize * a.strides[1];
                sum += unsafe { *a.data.offset(at) } * b[j];
            }
        }
        sum
    }

    #[autodiff_reverse(d_f, Duplicated, Active)]
    #[autodiff_forward(t_f, Dual, Dual)]
    pub fn f(x: &[f64]) -> f64 {
        let a = view(x, [1, 3]).unwrap();
        dot(&a, x)
    }
}

// Columns of a buffer, whose lengths are differences of pointers.
mod columns {
    use std::autodiff::{autodiff_forward, autodiff_reverse};

    struct Column<'a> {
        at: *const f64,
        end: *const f64,
        buffer: std::marker::PhantomData<&'a f64>,
    }

    impl<'a> Column<'a> {
        fn of(buffer: &'a [f64], rows: usize, j: usize) -> Column<'a> {
            let at = buffer[j * rows..].as_ptr();
            Column { at, end: unsafe { at.add(rows) }, buffer: std::marker::PhantomData }
        }
        fn len(&self) -> usize {
            unsafe { self.end.offset_from(self.at) as usize }
        }
        fn dot(&self, other: &Column<'_>) -> f64 {
            let n = self.len().min(other.len());
            (0..n).map(|i| unsafe { *self.at.add(i) * *other.at.add(i) }).sum()
        }
    }

    #[autodiff_reverse(d_f, Duplicated, Active)]
    #[autodiff_forward(t_f, Dual, Dual)]
    pub fn f(x: &[f64]) -> f64 {
        let buffer: Vec<f64> = x.to_vec();
        let mut y = vec![0.0; 4];
        for j in 0..2 {
            for i in 0..2 {
                y[2 * j + i] = Column::of(&buffer, 3, i).dot(&Column::of(&buffer, 3, j));
            }
        }
        y[0] * y[3] - y[1] * y[2]
    }
}

// Elements side by side, or in strides. A difference of pointers is kept in memory.
mod elements {
    use std::autodiff::{autodiff_forward, autodiff_reverse};

    enum Elements<'a> {
        Slice(std::slice::Iter<'a, f64>),
        Counted { data: *const f64, dim: [usize; 2], strides: [isize; 2], index: Option<[usize; 2]> },
    }

    impl Elements<'_> {
        fn len(&self) -> usize {
            match self {
                Elements::Slice(iter) => iter.len(),
                Elements::Counted { dim, index, .. } => match index {
                    None => 0,
                    Some(i) => dim[0] * dim[1] - i[0] * dim[1] - i[1],
                },
            }
        }
    }

    impl Iterator for Elements<'_> {
        type Item = f64;
        fn next(&mut self) -> Option<f64> {
            match self {
                Elements::Slice(iter) => iter.next().copied(),
                Elements::Counted { data, dim, strides, index } => {
                    let i = (*index)?;
                    *index = if i[1] + 1 < dim[1] {
                        Some([i[0], i[1] + 1])
                    } else if i[0] + 1 < dim[0] {
                        Some([i[0] + 1, 0])
                    } else {
                        None
                    };
                    let offset = i[0] as isize * strides[0] + i[1] as isize * strides[1];
                    Some(unsafe { *data.offset(offset) })
                }
            }
        }
        fn size_hint(&self) -> (usize, Option<usize>) {
            (self.len(), Some(self.len()))
        }
    }

    #[inline(never)]
    fn elements(x: &[f64], contiguous: bool) -> Elements<'_> {
        if contiguous {
            Elements::Slice(x.iter())
        } else {
            let index = Some([0, 0]);
            Elements::Counted { data: x.as_ptr(), dim: [2, 2], strides: [1, 2], index }
        }
    }

    #[autodiff_reverse(d_f, Duplicated, Const, Active)]
    #[autodiff_forward(t_f, Dual, Const, Dual)]
    pub fn f(x: &[f64], contiguous: bool) -> f64 {
        let iter = elements(x, contiguous);
        let mut v: Vec<f64> = Vec::with_capacity(iter.len());
        for x in iter {
            v.push(x * x);
        }
        v[1] * v[2] + v[0]
    }
}

// A buffer that grows by `realloc` in a function that is not inlined.
mod stack {
    use std::alloc::{Layout, alloc, dealloc, realloc};
    use std::autodiff::{autodiff_forward, autodiff_reverse};

    struct Stack<T> {
        data: *mut T,
        len: usize,
        capacity: usize,
    }

    impl<T> Stack<T> {
        #[cold]
        #[inline(never)]
        fn grow(&mut self) {
            let layout = Layout::array::<T>(self.capacity).unwrap();
            let larger = Layout::array::<T>(2 * self.capacity).unwrap();
            self.data = unsafe { realloc(self.data as *mut u8, layout, larger.size()) } as *mut T;
            self.capacity *= 2;
        }

        fn push(&mut self, value: T) {
            if self.len == self.capacity {
                self.grow();
            }
            unsafe { self.data.add(self.len).write(value) };
            self.len += 1;
        }
    }

    impl<T> Drop for Stack<T> {
        fn drop(&mut self) {
            unsafe { dealloc(self.data as *mut u8, Layout::array::<T>(self.capacity).unwrap()) }
        }
    }

    #[autodiff_reverse(d_f, Duplicated, Active)]
    #[autodiff_forward(t_f, Dual, Dual)]
    pub fn f(x: &[f64]) -> f64 {
        let data = unsafe { alloc(Layout::array::<f64>(1).unwrap()) } as *mut f64;
        let mut stack = Stack { data, len: 0, capacity: 1 };
        for x in x {
            stack.push(x * x);
        }
        unsafe { *stack.data * *stack.data.add(2) }
    }
}

// A union of a buffer and a pointer, as small vectors have.
mod small {
    use std::autodiff::{autodiff_forward, autodiff_reverse};
    use std::mem::{ManuallyDrop, MaybeUninit};

    union Data {
        inline: ManuallyDrop<MaybeUninit<[f64; 2]>>,
        heap: (*mut f64, usize),
    }

    struct Small {
        capacity: usize,
        data: Data,
    }

    impl Small {
        fn new() -> Small {
            let inline = ManuallyDrop::new(MaybeUninit::uninit());
            Small { capacity: 0, data: Data { inline } }
        }

        fn push(&mut self, value: f64) {
            unsafe {
                if self.capacity < 2 {
                    (&raw mut self.data.inline as *mut f64).add(self.capacity).write(value);
                    self.capacity += 1;
                    return;
                }
                if self.capacity == 2 {
                    let heap = Box::leak(vec![0.0; 8].into_boxed_slice()).as_mut_ptr();
                    std::ptr::copy_nonoverlapping(&raw const self.data.inline as *const f64, heap, 2);
                    self.data.heap = (heap, 2);
                    self.capacity = 8;
                }
                let (heap, len) = self.data.heap;
                heap.add(len).write(value);
                self.data.heap.1 += 1;
            }
        }

        fn get(&self, i: usize) -> f64 {
            unsafe {
                if self.capacity <= 2 {
                    (&raw const self.data.inline as *const f64).add(i).read()
                } else {
                    self.data.heap.0.add(i).read()
                }
            }
        }
    }

    #[autodiff_reverse(d_f, Duplicated, Active)]
    #[autodiff_forward(t_f, Dual, Dual)]
    pub fn f(x: &[f64]) -> f64 {
        let mut v = Small::new();
        for x in x {
            v.push(x * x);
        }
        v.get(0) * v.get(x.len() - 1)
    }
}

// What a kernel writes to memory that each thread keeps for it.
mod scratch {
    use std::autodiff::{autodiff_forward, autodiff_reverse};
    use std::cell::UnsafeCell;

    thread_local! {
        static SCRATCH: UnsafeCell<[u8; 256]> = UnsafeCell::new([0; 256]);
    }

    #[inline(never)]
    unsafe fn kernel(x: *const f64, scratch: *mut f64, n: usize) {
        for i in 0..n {
            unsafe { *scratch.add(i) = *x.add(i) * *x.add(i) }
        }
    }

    #[autodiff_reverse(d_f, Duplicated, Active)]
    #[autodiff_forward(t_f, Dual, Dual)]
    pub fn f(x: &[f64]) -> f64 {
        SCRATCH.with(|scratch| unsafe {
            let scratch = scratch.get() as *mut u8;
            let scratch = scratch.add(scratch.align_offset(32)) as *mut f64;
            kernel(x.as_ptr(), scratch, x.len());
            (0..x.len()).map(|i| *scratch.add(i)).sum()
        })
    }
}

// Processors with wide registers have a kernel of their own, whose lanes are stored together or apart.
#[cfg(target_arch = "x86_64")]
mod lanes {
    use std::arch::x86_64::*;
    use std::autodiff::{autodiff_forward, autodiff_reverse};

    #[inline(never)]
    unsafe fn kernel(a: *const f64, b: *const f64, c: *mut f64, stride: usize) {
        unsafe {
            let sums: [_; 2] =
                std::array::from_fn(|i| _mm_mul_pd(_mm_set1_pd(*a.add(i)), _mm_loadu_pd(b)));
            store(sums, c, stride);
        }
    }

    unsafe fn store(sums: [__m128d; 2], c: *mut f64, stride: usize) {
        for (i, sum) in sums.into_iter().enumerate() {
            let mut lanes = [0.0; 2];
            unsafe { _mm_storeu_pd(lanes.as_mut_ptr(), sum) };
            for j in 0..2 {
                unsafe { *c.add(i + 2 * j * stride) = lanes[j] };
            }
        }
    }

    #[inline(never)]
    #[target_feature(enable = "avx512f")]
    unsafe fn wide_kernel(a: *const f64, b: *const f64, c: *mut f64, rows: usize, columns: usize) {
        unsafe {
            let mut sums = [_mm512_setzero_pd(); 2];
            let b = _mm512_loadu_pd(b);
            for (i, sum) in sums.iter_mut().enumerate() {
                *sum = _mm512_fmadd_pd(_mm512_set1_pd(*a.add(i)), b, *sum);
            }
            for i in 0..2 {
                if columns == 1 {
                    _mm512_storeu_pd(c.add(rows * i), sums[i]);
                } else {
                    let mut lanes = [0.0; 8];
                    _mm512_storeu_pd(lanes.as_mut_ptr(), sums[i]);
                    for j in 0..8 {
                        *c.add(rows * i + columns * j) = lanes[j];
                    }
                }
            }
        }
    }

    // A sum of squares, with weights, of the outer product of the first two numbers and the others.
    #[autodiff_reverse(d_f, Duplicated, Const, Const, Active)]
    #[autodiff_forward(t_f, Dual, Const, Const, Dual)]
    pub fn f(x: &[f64], rows: usize, columns: usize) -> f64 {
        let (a, b) = (x.as_ptr(), x[2..].as_ptr());
        let mut c = [0.0; 16];
        if x.len() == 10 {
            unsafe { wide_kernel(a, b, c.as_mut_ptr(), rows, columns) };
        } else {
            unsafe { kernel(a, b, c.as_mut_ptr(), rows) };
        }
        (1..).zip(&c).map(|(i, c)| i as f64 * c * c).sum()
    }
}

fn main() {
    let mut checks = Checks::new();
    let x = [0.7, -0.4, 1.3, 0.9, -1.1, 0.5];
    checks.gradient("strided_view", &x, strided_view::f, strided_view::d_f, strided_view::t_f);
    checks.gradient("columns", &x, columns::f, columns::d_f, columns::t_f);
    for contiguous in [false, true] {
        checks.gradient(
            "elements",
            &x,
            |x| elements::f(x, contiguous),
            |x, dx, seed| elements::d_f(x, dx, contiguous, seed),
            |x, dx| elements::t_f(x, dx, contiguous),
        );
    }
    checks.gradient("stack", &x, stack::f, stack::d_f, stack::t_f);
    checks.gradient("small", &x, small::f, small::d_f, small::t_f);
    checks.gradient("scratch", &x, scratch::f, scratch::d_f, scratch::t_f);
    #[cfg(target_arch = "x86_64")]
    for (count, rows, columns) in [(4, 1, 1), (10, 8, 1), (10, 1, 2)] {
        if count == 10 && !std::is_x86_feature_detected!("avx512f") {
            println!("this processor has no AVX-512: its kernel is left out");
            checks.skip(3 * count + 3);
            continue;
        }
        let x = [0.7, -0.4, 1.3, 0.9, -1.1, 0.5, 0.8, -0.6, 1.2, 0.4];
        checks.gradient(
            "lanes",
            &x[..count],
            |x| lanes::f(x, rows, columns),
            |x, dx, seed| lanes::d_f(x, dx, rows, columns, seed),
            |x, dx| lanes::t_f(x, dx, rows, columns),
        );
    }
    let lanes = if cfg!(target_arch = "x86_64") { 81 } else { 0 };
    checks.finish(147 + lanes);
}
