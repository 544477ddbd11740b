//! What the autodiff slice wants to know of the MIR that it is built of.

use rustc_middle::ty::{self, Ty, TyCtxt};

/// Whether one of these types is a pointer to what may have floats, in a crate that has derivatives.
///
/// A program that casts such a pointer to one to integers copies floats as integers. The slice tells Enzyme where that
/// is, see `rustc_codegen_llvm::builder::autodiff::casts`. It has to see both types, and in whose function the cast is.
pub(super) fn points_to_floats<'tcx>(tcx: TyCtxt<'tcx>, types: [Ty<'tcx>; 2]) -> bool {
    // A type parameter may be a float.
    let may_be_float = |ty: Ty<'tcx>| {
        ty.is_floating_point() || matches!(ty.kind(), ty::Param(_) | ty::Alias(..) | ty::Adt(..))
    };
    tcx.sess.opts.autodiff_enabled()
        && types
            .into_iter()
            .filter_map(|ty| ty.builtin_deref(true))
            .any(|pointee| pointee.walk().filter_map(|part| part.as_type()).any(may_be_float))
}
