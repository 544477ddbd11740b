//! The plan by which the derivative of one primal is made, computed before any LLVM IR is built.
//!
//! It relates three lists that are not in step: the LLVM parameters of the function that Enzyme
//! differentiates (see the module `adapter`); the Rust arguments of the derivative, among which each
//! argument of the primal is followed by its shadows, with the seed at the end; and the pieces of what
//! the derivative returns (the primal's value, tangents or gradients), which rustc lays out in an order
//! of its own.

use std::fmt;
use std::ops::Range;

use rustc_ast::expand::autodiff_attrs::DiffActivity;
use rustc_hir::attrs::RustcAutodiff;
use rustc_middle::ty::Ty;
use rustc_target::callconv::{ArgAbi, FnAbi, PassMode};

#[derive(Debug)]
pub(super) struct Plan {
    /// How many tangents, or adjoints, are computed side by side.
    pub width: usize,
    pub ret: Return,
    /// One for each Rust argument of the primal, without the caller location.
    pub params: Vec<Param>,
    /// How many pieces the derivative returns. One piece is the return value itself; of several, it is
    /// the tuple or array.
    pub pieces: usize,
}

/// What a value is to Enzyme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activity {
    Const,
    /// A float whose gradient Enzyme returns.
    Out,
    /// A pointer, followed by its shadows.
    Dup {
        /// Whether the primal's own value may be left uncomputed.
        only: bool,
    },
    /// As `Dup`, with all shadows one behind the other in memory and the distance between them.
    Strided {
        only: bool,
    },
}

/// How the adapter takes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    Ignored,
    Direct,
    WidePointer,
    Indirect,
}

#[derive(Debug)]
pub(super) struct Param {
    pub passed: Passed,
    pub activity: Activity,
    /// Which argument of the derivative holds the value.
    pub value: usize,
    /// Which arguments of the derivative hold shadows.
    pub shadows: Range<usize>,
    /// Which piece of the derivative's result is the gradient.
    pub gradient: Option<usize>,
}

/// What the adapter writes through its first parameter, if the primal returns anything.
#[derive(Debug)]
pub(super) struct Return {
    pub is_ignored: bool,
    pub activity: Activity,
    /// Which piece of the derivative's result is what the primal returns.
    pub primal: Option<usize>,
    /// Which pieces of the derivative's result are tangents.
    pub tangents: Range<usize>,
    /// Which argument of the derivative is the seed.
    pub seed: Option<usize>,
}

impl Plan {
    /// `fn_abi` is the adapter's, and `params` the number of its arguments without the caller location.
    pub(super) fn new<'tcx>(
        fn_abi: &FnAbi<'tcx, Ty<'tcx>>,
        params: usize,
        attrs: &RustcAutodiff,
    ) -> Self {
        let width = attrs.width as usize;
        // The next argument of the derivative, and the next piece of its result.
        let (mut argument, mut piece) = (0, 0);

        let mut ret = Return {
            is_ignored: fn_abi.ret.is_ignore(),
            activity: Activity::Const,
            primal: None,
            tangents: 0..0,
            seed: None,
        };
        let (returns_primal, tangents) = match attrs.ret_activity {
            DiffActivity::None => (false, 0),
            DiffActivity::Const | DiffActivity::Active => (true, 0),
            DiffActivity::ActiveOnly => (false, 0),
            DiffActivity::Dual => (true, width),
            DiffActivity::Dualv => (true, 1),
            DiffActivity::DualOnly => (false, width),
            DiffActivity::DualvOnly => (false, 1),
            activity => unreachable!("{activity} is not for return values"),
        };
        if returns_primal {
            ret.primal = Some(piece);
            piece += 1;
        }
        ret.tangents = piece..piece + tangents;
        piece += tangents;
        if !matches!(attrs.ret_activity, DiffActivity::None | DiffActivity::Const) {
            ret.activity = Activity::Dup { only: !returns_primal };
        }

        let mut plans = Vec::with_capacity(params);
        for (arg, activity) in fn_abi.args[..params].iter().zip(&attrs.input_activity) {
            let passed = Passed::of(arg);
            let value = argument;
            let (activity, shadows) = match activity {
                DiffActivity::Const => (Activity::Const, 0),
                DiffActivity::Active | DiffActivity::ActiveOnly if passed == Passed::Indirect => {
                    (Activity::Dup { only: false }, 0)
                }
                DiffActivity::Active | DiffActivity::ActiveOnly => (Activity::Out, 0),
                DiffActivity::Dual | DiffActivity::Duplicated => {
                    (Activity::Dup { only: false }, width)
                }
                DiffActivity::DualOnly | DiffActivity::DuplicatedOnly => {
                    (Activity::Dup { only: true }, width)
                }
                DiffActivity::Dualv => (Activity::Strided { only: false }, 1),
                DiffActivity::DualvOnly => (Activity::Strided { only: true }, 1),
                DiffActivity::None => {
                    unreachable!("{activity} is not for arguments")
                }
            };
            argument += 1 + shadows;
            let active = activity == Activity::Out || passed == Passed::Indirect;
            let gradient =
                (attrs.mode.is_rev() && active && activity != Activity::Const).then(|| {
                    piece += 1;
                    piece - 1
                });
            plans.push(Param { passed, activity, value, shadows: value + 1..argument, gradient });
        }
        if matches!(attrs.ret_activity, DiffActivity::Active | DiffActivity::ActiveOnly) {
            ret.seed = Some(argument);
        }
        Plan { width, ret, params: plans, pieces: piece }
    }
}

/// What `-Zautodiff=PrintPlan` prints.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan { width, ret, params, pieces } = self;
        writeln!(f, "width {width}, results {pieces}")?;
        let places = |f: &mut fmt::Formatter<'_>, what, name, at: Range<usize>| match at.len() {
            0 => Ok(()),
            1 => write!(f, ", {name} in {what} {}", at.start),
            _ => write!(f, ", {name}s in {what}s {at:?}"),
        };
        let one = |index: Option<usize>| index.map_or(0..0, |index| index..index + 1);
        if ret.is_ignored {
            writeln!(f, "  return: Ignored")?;
        } else {
            write!(f, "  return: Indirect, {:?}", ret.activity)?;
            places(f, "result", "value", one(ret.primal))?;
            places(f, "result", "tangent", ret.tangents.clone())?;
            places(f, "argument", "seed", one(ret.seed))?;
            writeln!(f)?;
        }
        for (i, param) in params.iter().enumerate() {
            write!(f, "  parameter {i}: {:?}, {:?}", param.passed, param.activity)?;
            places(f, "argument", "value", one(Some(param.value)))?;
            places(f, "argument", "shadow", param.shadows.clone())?;
            places(f, "result", "gradient", one(param.gradient))?;
            writeln!(f)?;
        }
        Ok(())
    }
}

impl Passed {
    fn of<Ty>(arg: &ArgAbi<'_, Ty>) -> Self {
        match arg.mode {
            PassMode::Ignore => Passed::Ignored,
            PassMode::Direct(_) => Passed::Direct,
            PassMode::Pair(..) => Passed::WidePointer,
            PassMode::Indirect { .. } => Passed::Indirect,
            PassMode::Cast { .. } => unreachable!("a primal casts nothing"),
        }
    }
}
