//! The ABI of a *primal*, a function that is differentiated.
//!
//! Enzyme differentiates a function with respect to its LLVM parameters. Whoever asks for a derivative
//! therefore has to know which parameters, of which types, the function's Rust arguments have become.
//! The ABI that a function has otherwise answers that anew for every architecture: a tuple of two
//! floats is two parameters, an array of two floats an integer, on one of them a vector. A primal has
//! one ABI instead, the same everywhere, in which no float is ever part of an integer:
//!
//! | Rust argument                                           | [`PassMode`] | LLVM parameters   |
//! |---------------------------------------------------------|--------------|-------------------|
//! | zero-sized                                              | `Ignore`     | none              |
//! | one scalar (float, integer, thin pointer), or a newtype | `Direct`     | one               |
//! | wide pointer, or a newtype of one                       | `Pair`       | pointer, metadata |
//! | anything else                                           | `Indirect`   | pointer           |
//!
//! A return value follows the same table. Where it is `Indirect`, the function writes it through a
//! leading pointer that is an ordinary parameter: with `sret`, Enzyme switches to a protocol of its
//! own. On 32-bit x86 and BPF, where LLVM could not return all scalars or wide pointers, these are
//! `Indirect` too.
//!
//! The attribute `#[rustc_autodiff]` alone selects this ABI, never a compiler flag, so that all crates
//! agree on it. `fn` pointers and vtables know nothing of attributes: they hold shims with the ordinary
//! ABI (see `InstanceKind::is_autodiff_primal` in `rustc_middle`).
//!
//! The chapter "The ABI of a primal" of the rustc developers' guide lists the adjustments that this
//! ABI leaves out.

use rustc_abi::{
    BackendRepr, CanonAbi, Float, HasDataLayout, Primitive, TyAbiInterface, TyAndLayout, Variants,
};

use super::{ArgAbi, ArgAttributes, FnAbi, PassMode};
use crate::spec::{Arch, HasTargetSpec};

impl<'a, Ty> FnAbi<'a, Ty> {
    /// Passes arguments and return value as a primal does.
    ///
    /// This is in place of [`FnAbi::adjust_for_rust_abi`] and what that asks the architecture for.
    pub fn adjust_for_autodiff_abi<C>(&mut self, cx: &C)
    where
        Ty: TyAbiInterface<'a, C> + Copy,
        C: HasTargetSpec,
    {
        debug_assert!(self.autodiff);
        for arg in &mut self.args {
            if !arg.is_ignore() && !in_registers(arg.layout, cx) {
                arg.make_indirect();
            }
        }
        if !self.ret.is_ignore() && !returned_in_registers(self.ret.layout, cx) {
            self.ret.make_indirect();
        }
    }

    /// The ABI of a function that takes and returns what this one does, as a primal.
    pub fn to_autodiff_abi<C>(&self, cx: &C) -> Self
    where
        Ty: TyAbiInterface<'a, C> + Copy,
        C: HasDataLayout + HasTargetSpec,
    {
        let anew = |arg: &ArgAbi<'a, Ty>| ArgAbi::new(cx, arg.layout, |_, _| ArgAttributes::new());
        let mut fn_abi = FnAbi {
            args: self.args.iter().map(anew).collect(),
            ret: anew(&self.ret),
            conv: CanonAbi::Rust,
            autodiff: true,
            ..*self
        };
        fn_abi.adjust_for_autodiff_abi(cx);
        fn_abi
    }

    /// Panics unless arguments and return value are passed as a primal does.
    pub fn assert_autodiff_abi<C>(&self, cx: &C)
    where
        Ty: TyAbiInterface<'a, C> + Copy,
        C: HasTargetSpec,
    {
        assert!(self.autodiff && self.conv == CanonAbi::Rust && !self.c_variadic);
        let args = self.args.iter().map(|arg| (arg, in_registers(arg.layout, cx)));
        let ret = (&self.ret, returned_in_registers(self.ret.layout, cx));
        for (arg, in_registers) in args.chain([ret]) {
            let as_documented = match arg.mode {
                PassMode::Ignore => arg.layout.is_zst(),
                PassMode::Direct(_) | PassMode::Pair(..) => in_registers,
                PassMode::Indirect { on_stack, .. } => !on_stack && !in_registers,
                PassMode::Cast { .. } => false,
            };
            assert!(as_documented, "{} of a primal passed as {:?}", arg.layout.ty, arg.mode);
        }
    }
}

/// Whether a primal takes a value of this layout as such, not through a pointer to it.
fn in_registers<'a, Ty, C>(layout: TyAndLayout<'a, Ty>, cx: &C) -> bool
where
    Ty: TyAbiInterface<'a, C> + Copy,
{
    match layout.backend_repr {
        // A scalable vector has no size that memory for it could be reserved by.
        BackendRepr::Scalar(_) | BackendRepr::SimdScalableVector { .. } => true,
        BackendRepr::ScalarPair(..) => is_wide_pointer(layout, cx),
        BackendRepr::SimdVector { .. } | BackendRepr::Memory { .. } => false,
    }
}

/// Whether a primal returns a value of this layout as such, not through a pointer to where it goes.
fn returned_in_registers<'a, Ty, C>(layout: TyAndLayout<'a, Ty>, cx: &C) -> bool
where
    Ty: TyAbiInterface<'a, C> + Copy,
    C: HasTargetSpec,
{
    let there_are_registers = match cx.target_spec().arch {
        // LLVM has one for it, and compiles nothing that returns more.
        Arch::Bpf => layout.size.bits() <= 64,
        // LLVM takes one that SSE2 added where the function may use SSE2, and another elsewhere.
        Arch::X86 => !matches!(
            layout.backend_repr,
            BackendRepr::Scalar(scalar) if scalar.primitive() == Primitive::Float(Float::F16)
        ),
        _ => true,
    };
    there_are_registers && in_registers(layout, cx)
}

/// Whether this is a wide pointer or wraps nothing but one, as `Box<[T]>` and `Pin<&mut [T]>` do.
///
/// The layout alone cannot tell `&[T]` from `(&T, usize)`.
fn is_wide_pointer<'a, Ty, C>(mut layout: TyAndLayout<'a, Ty>, cx: &C) -> bool
where
    Ty: TyAbiInterface<'a, C> + Copy,
{
    while !Ty::is_wide_pointer(layout) {
        match layout.non_1zst_field(cx) {
            // The field of an enum is its tag, which need not be all of it.
            Some((_, field)) if matches!(layout.variants, Variants::Single { .. }) => {
                layout = field
            }
            _ => return false,
        }
    }
    true
}
