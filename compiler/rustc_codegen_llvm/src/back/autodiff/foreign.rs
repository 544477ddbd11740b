//! Foreign functions, and what Enzyme makes of them.
//!
//! It knows functions of C by their names, whatever their parameters are, and some of them wrongly: of `modf`, it forgets
//! what is written through the pointer. So those that have been tried keep their names (there is a test for each), and others
//! that have something to do with floats get one by which nobody knows them until Enzyme has run.

use rustc_hir::def_id::DefId;
use rustc_middle::ty::{self, FloatTy, Ty, TyCtxt};

use super::errors::FOREIGN;
use crate::context::CodegenCx;
use crate::llvm::{self, Value};

/// Of one float, which they return one of. With an `f` behind the name they are those for `f32`.
const UNARY: [&str; 35] = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "cbrt",
    "ceil",
    "cos",
    "cosh",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "fabs",
    "floor",
    "j0",
    "j1",
    "log",
    "log10",
    "log1p",
    "log2",
    "logb",
    "nearbyint",
    "rint",
    "round",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "trunc",
    "y0",
    "y1",
];

const UNARY_F64: [&str; 2] = ["exp10", "roundeven"];

/// Of two floats.
const BINARY: [&str; 8] = ["atan2", "copysign", "fdim", "fmax", "fmin", "fmod", "hypot", "pow"];

const BINARY_F64: [&str; 1] = ["remainder"];

/// Of an integer and a float, in this order or the other.
const WITH_INTEGER_F64: [&str; 4] = ["jn", "ldexp", "scalbn", "yn"];

/// Of memory, whatever is in it.
const MEMORY: [&str; 5] = ["calloc", "free", "malloc", "memset", "realloc"];

/// Enzyme's own LLVM takes these for its `memcpy` and `memmove`, and says nothing of what they copy.
const COPIES: [&str; 2] = ["memcpy", "memmove"];

/// Gives the foreign function `def_id`, which is `value`, another name if Enzyme is not to know it.
pub(super) fn hide<'ll, 'tcx>(cx: &CodegenCx<'ll, 'tcx>, def_id: DefId, value: &'ll Value) {
    let tcx = cx.tcx;
    let symbol = String::from_utf8_lossy(&llvm::get_value_name(value)).into_owned();
    let sig = tcx.fn_sig(def_id).instantiate_identity().skip_binder();
    let has_float = sig.inputs_and_output.iter().any(|ty| may_be_of_float(tcx, ty));
    let is_to_be_hidden = COPIES.contains(&&*symbol)
        || (has_float && !MEMORY.contains(&&*symbol) && !is_known(&symbol, sig));
    if !is_to_be_hidden || symbol.starts_with(FOREIGN) {
        return;
    }
    let place = tcx.sess.source_map().span_to_diagnostic_string(tcx.def_span(def_id));
    // Where it starts. Enzyme's messages end a name at these characters.
    let place = place.split(": ").next().unwrap_or_default().replace([' ', '(', '\n'], "_");
    llvm::set_value_name(value, format!("{FOREIGN}{symbol}@{place}").as_bytes());
}

/// Whether this is a float, or a pointer to what may be one.
fn may_be_of_float<'tcx>(tcx: TyCtxt<'tcx>, ty: Ty<'tcx>) -> bool {
    match *ty.kind() {
        ty::Float(_) => true,
        ty::RawPtr(pointee, _) | ty::Ref(_, pointee, _) => may_be_of_float(tcx, pointee),
        ty::Array(element, _) | ty::Slice(element) => may_be_of_float(tcx, element),
        ty::Tuple(fields) => fields.iter().any(|ty| may_be_of_float(tcx, ty)),
        ty::Adt(def, args) => {
            !def.is_enum()
                && def.all_fields().any(|field| {
                    let ty = field.ty(tcx, args);
                    !ty.is_any_ptr() && may_be_of_float(tcx, ty)
                })
        }
        _ => false,
    }
}

/// Whether Enzyme's derivative of this is right.
fn is_known<'tcx>(symbol: &str, sig: ty::FnSig<'tcx>) -> bool {
    let (name, float) = match symbol.strip_suffix('f') {
        Some(name) if sig.output().kind() == &ty::Float(FloatTy::F32) => (name, FloatTy::F32),
        _ => (symbol, FloatTy::F64),
    };
    let is_float = |ty: Ty<'tcx>| ty.kind() == &ty::Float(float);
    let is_of = |floats: &[bool]| {
        is_float(sig.output())
            && sig.inputs().iter().copied().map(is_float).eq(floats.iter().copied())
    };
    let is_f64 = float == FloatTy::F64;
    let has_integer = || sig.inputs().iter().any(|ty| ty.kind() == &ty::Int(ty::IntTy::I32));
    (is_of(&[true]) && (UNARY.contains(&name) || (is_f64 && UNARY_F64.contains(&name))))
        || (is_of(&[true; 2]) && (BINARY.contains(&name) || (is_f64 && BINARY_F64.contains(&name))))
        || (is_of(&[true; 3]) && name == "fma")
        || ((is_of(&[true, false]) || is_of(&[false, true]))
            && has_integer()
            && is_f64
            && WITH_INTEGER_F64.contains(&name))
        || (is_of(&[true, false]) && is_f64 && name == "frexp")
}
