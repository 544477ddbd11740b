//! Operations on floats in a form that Enzyme knows.

use rustc_codegen_ssa::common::RealPredicate;
use rustc_codegen_ssa::traits::*;

use crate::builder::Builder;
use crate::llvm::Value;

/// The smaller of two numbers, or the larger one, and of a number and a NaN the number, as
/// `llvm.minimumnum` and `llvm.maximumnum` with `nsz`.
///
/// Where both are equal the result is `y`, and so is what the derivative goes through.
pub(crate) fn minimum_or_maximum_number_nsz<'ll>(
    bx: &mut Builder<'_, 'll, '_>,
    is_minimum: bool,
    x: &'ll Value,
    y: &'ll Value,
) -> &'ll Value {
    let beats = if is_minimum { RealPredicate::RealOLT } else { RealPredicate::RealOGT };
    let x_beats_y = bx.fcmp(beats, x, y);
    let y_is_nan = bx.fcmp(RealPredicate::RealUNO, y, y);
    let is_x = bx.or(x_beats_y, y_is_nan);
    bx.select(is_x, x, y)
}
