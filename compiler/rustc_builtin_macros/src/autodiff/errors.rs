use rustc_errors::DiagSymbolList;
use rustc_macros::{Diagnostic, Subdiagnostic};
use rustc_span::{Span, Symbol};

#[derive(Diagnostic)]
#[diag("only functions can be differentiated")]
pub(super) struct NotAFunction {
    #[primary_span]
    pub attr: Span,
    #[label("not a function")]
    pub span: Span,
}

#[derive(Diagnostic)]
#[diag("functions of an `extern` block cannot be differentiated")]
#[help("differentiate the function where it is defined, or write its derivative by hand")]
pub(super) struct ForeignFunction {
    #[primary_span]
    pub attr: Span,
    #[label("this function has no body here")]
    pub span: Span,
}

#[derive(Diagnostic)]
#[diag("{$kind} functions cannot be differentiated: {$reason}")]
#[help("{$help}")]
pub(super) struct UnsupportedFunction {
    #[primary_span]
    pub span: Span,
    pub kind: String,
    pub reason: &'static str,
    pub help: &'static str,
}

#[derive(Diagnostic)]
#[diag(
    "functions that return `impl Trait` cannot be differentiated: the derivative cannot name the type"
)]
#[help("return the type by its name, or a `Box<dyn Trait>`")]
pub(super) struct ReturnsImplTrait {
    #[primary_span]
    pub span: Span,
}

#[derive(Diagnostic)]
#[diag("the name of the derivative is missing")]
#[help(
    "the arguments are the derivative's name and the activities of each parameter and of the return value: `#[{$name}(NAME, ACTIVITY, ..)]`"
)]
pub(super) struct MissingName {
    #[primary_span]
    pub span: Span,
    pub name: &'static str,
}

#[derive(Diagnostic)]
#[diag("the name of the derivative must be an identifier")]
pub(super) struct InvalidName {
    #[primary_span]
    pub span: Span,
}

#[derive(Diagnostic)]
#[diag("the width of a derivative must be at least 1")]
#[help("a width of 1 is the default and can be left out")]
pub(super) struct WidthZero {
    #[primary_span]
    pub span: Span,
}

#[derive(Diagnostic)]
#[diag("the width of a derivative must be at most {$max}")]
pub(super) struct WidthTooLarge {
    #[primary_span]
    pub span: Span,
    pub max: u16,
}

#[derive(Diagnostic)]
#[diag("a derivative of this width has {$number} parameters, and functions can have {$max}")]
#[help("call a derivative of a smaller width several times")]
pub(super) struct TooManyParams {
    #[primary_span]
    pub span: Span,
    pub number: usize,
    pub max: usize,
}

#[derive(Diagnostic)]
#[diag("too few activities: expected {$expected}, found {$found}")]
#[help("each parameter has an activity, in order, and then the return value")]
pub(super) struct TooFewActivities {
    #[primary_span]
    pub span: Span,
    pub expected: usize,
    pub found: usize,
    #[label("parameter without an activity")]
    pub params: Vec<Span>,
    #[label("return value without an activity")]
    pub ret: Option<Span>,
}

#[derive(Diagnostic)]
#[diag("too many activities: expected {$expected}, found {$found}")]
pub(super) struct TooManyActivities {
    #[primary_span]
    #[label("nothing that this could be the activity of")]
    pub span: Span,
    pub expected: usize,
    pub found: usize,
    #[note("a function that returns `()` has no activity for its return value")]
    pub returns_nothing: bool,
}

#[derive(Diagnostic)]
#[diag("expected the activity of a {$place}, found {$found}")]
#[help("the activities of a {$place} in {$mode} mode are {$names}")]
pub(super) struct NotAnActivity {
    #[primary_span]
    pub span: Span,
    pub found: String,
    pub place: &'static str,
    pub mode: &'static str,
    pub names: DiagSymbolList,
    #[note("a width stands between the derivative's name and the activities")]
    pub is_width: bool,
    #[subdiagnostic]
    pub similar: Option<SimilarActivity>,
}

#[derive(Subdiagnostic)]
#[suggestion(
    "did you mean this activity?",
    code = "{name}",
    applicability = "maybe-incorrect",
    style = "verbose"
)]
pub(super) struct SimilarActivity {
    #[primary_span]
    pub span: Span,
    pub name: Symbol,
}

#[derive(Diagnostic)]
#[diag("`{$activity}` is not for a {$place} in {$mode} mode")]
#[help("the activities of a {$place} in {$mode} mode are {$names}")]
pub(super) struct ActivityNotAllowed {
    #[primary_span]
    pub span: Span,
    pub activity: String,
    pub place: &'static str,
    pub mode: &'static str,
    pub names: DiagSymbolList,
}

#[derive(Diagnostic)]
#[diag("a parameter cannot be `Active` in a derivative of width {$width}")]
#[note("it has {$width} gradients, and the derivative returns one for each parameter")]
#[help("take it by reference and make it `Duplicated`, or leave out the width")]
pub(super) struct ActiveOfWidth {
    #[primary_span]
    pub span: Span,
    pub width: u16,
}

#[derive(Diagnostic)]
#[diag("a parameter taken by value cannot be `{$activity}`")]
#[help("take it by reference, or make it `Active`")]
pub(super) struct DuplicatedByValue {
    #[primary_span]
    pub span: Span,
    #[label("neither a reference nor a raw pointer")]
    pub ty: Span,
    pub activity: String,
}

#[derive(Diagnostic)]
#[diag("only slices and raw pointers can be `{$activity}`")]
#[note("one shadow holds all tangents, one behind the other, and is longer than the argument")]
#[help("take a slice, or make it `Dual`, which has a shadow for each tangent")]
pub(super) struct DualvNotSlice {
    #[primary_span]
    pub span: Span,
    #[label("a shadow of this type has room for one tangent")]
    pub ty: Span,
    pub activity: String,
}
