//! The floats and integers of a value, in the order of its declaration: the first part of what a generated
//! program checks with.

use std::marker::PhantomData;
use std::num::NonZero;
use std::simd::{Simd, SimdElement};

/// A part of a value. An integer counts as the coefficient that the primal makes of it.
pub enum Leaf<'a> {
    F64(&'a mut f64),
    F32(&'a mut f32),
    F16(&'a mut f16),
    F128(&'a mut f128),
    Int(f64),
    /// Which variant it is, or how many elements there are.
    Tag(usize),
}

pub trait Leaves {
    fn visit(&mut self, v: &mut dyn FnMut(Leaf<'_>));
}

/// What a type parameter stands for.
pub trait Num: Copy + Leaves {
    fn to(self) -> f64;
    fn of(x: f64) -> Self;
}

impl Num for f64 {
    fn to(self) -> f64 {
        self
    }
    fn of(x: f64) -> f64 {
        x
    }
}

impl Num for f32 {
    fn to(self) -> f64 {
        self as f64
    }
    fn of(x: f64) -> f32 {
        x as f32
    }
}

macro_rules! floats {
    ($($ty:ty: $leaf:ident;)*) => {$(
        impl Leaves for $ty {
            fn visit(&mut self, v: &mut dyn FnMut(Leaf<'_>)) {
                v(Leaf::$leaf(self));
            }
        }
    )*};
}

floats! { f64: F64; f32: F32; f16: F16; f128: F128; }

macro_rules! integers {
    ($($ty:ty: $x:ident => $value:expr;)*) => {$(
        impl Leaves for $ty {
            fn visit(&mut self, v: &mut dyn FnMut(Leaf<'_>)) {
                let $x = *self;
                v(Leaf::Int($value));
            }
        }
    )*};
}

integers! {
    i8: x => x as f64; u8: x => x as f64; i16: x => x as f64; u16: x => x as f64;
    i32: x => x as f64; u32: x => x as f64; i64: x => x as f64; u64: x => x as f64;
    isize: x => x as f64; usize: x => x as f64; i128: x => x as f64; u128: x => x as f64;
    bool: x => if x { 2.0 } else { 1.0 }; char: x => x as u32 as f64;
    NonZero<u32>: x => x.get() as f64; NonZero<i64>: x => x.get() as f64;
}

impl Leaves for String {
    fn visit(&mut self, v: &mut dyn FnMut(Leaf<'_>)) {
        v(Leaf::Int(self.len() as f64));
    }
}

impl<T> Leaves for PhantomData<T> {
    fn visit(&mut self, _: &mut dyn FnMut(Leaf<'_>)) {}
}

impl<T: Leaves, const N: usize> Leaves for [T; N] {
    fn visit(&mut self, v: &mut dyn FnMut(Leaf<'_>)) {
        self.iter_mut().for_each(|x| x.visit(v));
    }
}

impl<T: Leaves> Leaves for Vec<T> {
    fn visit(&mut self, v: &mut dyn FnMut(Leaf<'_>)) {
        v(Leaf::Tag(self.len()));
        self.iter_mut().for_each(|x| x.visit(v));
    }
}

impl<T: Leaves + SimdElement, const N: usize> Leaves for Simd<T, N> {
    fn visit(&mut self, v: &mut dyn FnMut(Leaf<'_>)) {
        self.as_mut_array().visit(v);
    }
}

impl<T: Leaves> Leaves for Box<T> {
    fn visit(&mut self, v: &mut dyn FnMut(Leaf<'_>)) {
        (**self).visit(v);
    }
}

impl<T: Leaves> Leaves for Box<[T]> {
    fn visit(&mut self, v: &mut dyn FnMut(Leaf<'_>)) {
        v(Leaf::Tag(self.len()));
        self.iter_mut().for_each(|x| x.visit(v));
    }
}

/// More elements than are looked at.
#[derive(Clone, Copy)]
pub struct Large<T, const N: usize>(pub [T; N]);

impl<T: Copy, const N: usize> Large<T, N> {
    pub fn new([first, middle, last]: [T; 3]) -> Self {
        let mut all = [first; N];
        (all[N / 2], all[N - 1]) = (middle, last);
        Large(all)
    }
}

impl<T: Leaves, const N: usize> Leaves for Large<T, N> {
    fn visit(&mut self, v: &mut dyn FnMut(Leaf<'_>)) {
        let looked_at = [0, N / 2, N - 1];
        looked_at.into_iter().for_each(|i| self.0[i].visit(v));
        // What nobody looks at is a seed, too, where all of it is returned.
        for i in (0..N).filter(|i| !looked_at.contains(i)) {
            self.0[i].visit(&mut |leaf| match leaf {
                Leaf::F64(x) => *x = 0.0,
                Leaf::F32(x) => *x = 0.0,
                Leaf::F16(x) => *x = 0.0,
                Leaf::F128(x) => *x = 0.0,
                Leaf::Int(_) | Leaf::Tag(_) => {}
            });
        }
    }
}

impl<T: Leaves> Leaves for Option<T> {
    fn visit(&mut self, v: &mut dyn FnMut(Leaf<'_>)) {
        v(Leaf::Tag(self.is_some() as usize));
        if let Some(x) = self {
            x.visit(v);
        }
    }
}

impl<T: Leaves, E: Leaves> Leaves for Result<T, E> {
    fn visit(&mut self, v: &mut dyn FnMut(Leaf<'_>)) {
        v(Leaf::Tag(self.is_ok() as usize));
        match self {
            Ok(x) => x.visit(v),
            Err(x) => x.visit(v),
        }
    }
}

macro_rules! tuples {
    ($(($($name:ident)*))*) => {$(
        #[allow(non_snake_case)]
        impl<$($name: Leaves),*> Leaves for ($($name,)*) {
            fn visit(&mut self, _v: &mut dyn FnMut(Leaf<'_>)) {
                let ($($name,)*) = self;
                $($name.visit(_v);)*
            }
        }
    )*};
}

tuples! {
    () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H)
    (A B C D E F G H I) (A B C D E F G H I J) (A B C D E F G H I J K) (A B C D E F G H I J K L)
}

pub fn floats(of: &mut dyn Leaves) -> Vec<f64> {
    let mut found = vec![];
    of.visit(&mut |leaf| match leaf {
        Leaf::F64(x) => found.push(*x),
        Leaf::F32(x) => found.push(*x as f64),
        Leaf::F16(x) => found.push(*x as f64),
        Leaf::F128(x) => found.push(*x as f64),
        _ => {}
    });
    found
}

/// What is no float. The first of each pair says whether it is a coefficient.
fn others(of: &mut dyn Leaves) -> Vec<(bool, f64)> {
    let mut found = vec![];
    of.visit(&mut |leaf| match leaf {
        Leaf::Int(x) => found.push((true, x)),
        Leaf::Tag(x) => found.push((false, x as f64)),
        _ => {}
    });
    found
}

pub fn set(of: &mut dyn Leaves, to: &[f64]) {
    let mut values = to.iter();
    of.visit(&mut |leaf| match leaf {
        Leaf::F64(x) => *x = *values.next().unwrap(),
        Leaf::F32(x) => *x = *values.next().unwrap() as f32,
        Leaf::F16(x) => *x = *values.next().unwrap() as f16,
        Leaf::F128(x) => *x = *values.next().unwrap() as f128,
        _ => {}
    });
    assert!(values.next().is_none());
}
