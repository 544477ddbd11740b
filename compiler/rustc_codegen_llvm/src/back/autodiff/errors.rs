//! What Enzyme, or one of our passes, says of a function that it cannot differentiate, in the words of who wrote the
//! function.

use rustc_errors::DiagCtxtHandle;
use rustc_macros::Diagnostic;
use rustc_span::{DUMMY_SP, Span};

use super::functions;
use crate::errors::FromLlvmDiag;

#[derive(Diagnostic)]
#[diag("`{$function}` cannot be differentiated: {$reason}")]
struct Undifferentiable {
    #[primary_span]
    span: Option<Span>,
    function: String,
    reason: String,
    #[note("this function calls it")]
    is_called: bool,
    #[note("in the words of Enzyme: {$said}")]
    is_quoted: bool,
    said: String,
    #[help("{$help}")]
    is_helped: bool,
    help: String,
}

/// Why there is no derivative.
struct Problem {
    reason: String,
    help: String,
    /// Whether what Enzyme says may be of use.
    is_quoted: bool,
}

impl Problem {
    fn new(reason: impl Into<String>, help: impl Into<String>) -> Self {
        Problem { reason: reason.into(), help: help.into(), is_quoted: false }
    }
}

/// What Enzyme says of a place that has two types, or none.
const SHARED_PLACE: [&str; 4] = [
    "Illegal updateAnalysis",
    "Illegal updateMemTransfer Analysis",
    "inserting into : ",
    "Cannot deduce type of ",
];

/// What Enzyme says of a static without a shadow.
const NO_SHADOW: &str = "global variable that doesn't have marked shadow";

/// What `AutodiffTypes.cpp` puts in place of an integer that may be, or hold, a float.
const UNKNOWN_BYTES: &str = "rustc.autodiff.bytes.";

/// What `AutodiffAsm.cpp` puts in place of inline assembly.
const ASSEMBLY: &str = "rustc.autodiff.asm";

/// With what the name of a foreign function begins until Enzyme has run.
pub(super) const FOREIGN: &str = "rustc.autodiff.foreign.";

/// Reports the error `message` of a pass.
pub(in crate::back) fn report(dcx: DiagCtxtHandle<'_>, message: String) {
    // One of our own passes says so, of a function without debug info.
    let message = match message.strip_prefix("<unknown>:0:0: ") {
        Some(said) => format!("autodiff: {}", said.trim_end()),
        None => message,
    };
    let Some((symbol, said)) = parse(&message) else {
        dcx.emit_err(FromLlvmDiag { message: demangle(&message) });
        return;
    };
    let function = demangle(functions::original(symbol));
    let function = function.trim_matches('`').to_string();
    let local = functions::find(symbol);
    let Problem { reason, help, is_quoted } = problem(said);
    let mut diag = dcx.create_err(Undifferentiable {
        span: local.as_ref().map(|local| local.span()),
        is_called: local.is_some_and(|local| local.is_caller),
        function,
        reason,
        is_quoted,
        said: demangle(said),
        is_helped: !help.is_empty(),
        help,
    });
    // Who sends errors to the main thread wants them to be in the order in which they are sent.
    diag.sort_span = DUMMY_SP;
    diag.emit();
}

/// The symbol of the function, and what is said about it: `in function SYMBOL TYPE: Enzyme: TEXT`.
fn parse(message: &str) -> Option<(&str, &str)> {
    let (symbol, rest) = message.split_once("in function ")?.1.split_once(' ')?;
    let said = rest.split_once("): ")?.1;
    Some((symbol, said.strip_prefix("Enzyme: ").unwrap_or(said)))
}

fn problem(said: &str) -> Problem {
    // What comes after the symbol depends on how Enzyme was built.
    let missing = said
        .rsplit_once(" found for ")
        .and_then(|(_, symbol)| symbol.split([' ', '(', '\n']).next());
    if let Some(symbol) = missing {
        return without_derivative(symbol);
    }
    if SHARED_PLACE.iter().any(|text| said.contains(text)) {
        return Problem {
            is_quoted: true,
            ..Problem::new(
                "what is at one place in memory may be a float or something else, and nothing says which",
                "take an `enum` in place of a union, and copy floats as floats: not as integers that they are part of, \
                 and not by pointers to something else",
            )
        };
    }
    if said.contains(NO_SHADOW) {
        return Problem {
            is_quoted: true,
            ..Problem::new(
                "a `static` that holds floats behind a pointer, as `Mutex<Vec<f64>>` does, has no shadow",
                "pass what is in it as an argument",
            )
        };
    }
    Problem::new(demangle(said), "")
}

/// Of a function, or something in the place of one, that has no derivative.
fn without_derivative(symbol: &str) -> Problem {
    if symbol.starts_with(UNKNOWN_BYTES) {
        return Problem::new(
            "it copies, or calculates with, bytes that may be floats or not",
            "`realloc` and copies of `u8`, of `MaybeUninit<[u8; N]>` or of a union copy bytes: copy the elements \
             one by one; the bits of a float are bytes, too, where they are calculated with: calculate with the float",
        );
    }
    if symbol.starts_with(ASSEMBLY) {
        return Problem::new(
            "inline assembly (`asm!`) has no derivative",
            "let it have nothing that a derivative goes through, and compute that in Rust",
        );
    }
    let foreign = symbol.strip_prefix(FOREIGN).and_then(|rest| rest.split_once('@'));
    if let Some((name, place)) = foreign {
        return Problem::new(
            format!("the foreign function `{name}`, declared in {place}, has no derivative"),
            "compute the same in Rust; the guide lists the functions of C that have a derivative",
        );
    }
    let Ok(function) = rustc_demangle::try_demangle(symbol) else {
        return Problem::new(
            format!("`{symbol}` has no derivative"),
            "if it is a foreign function, compute the same in Rust",
        );
    };
    let function = format!("{function:#}");
    // Of `<f64 as other::Trait>::method`, the first name with a path.
    let krate = function
        .split([' ', '<', '>', '&'])
        .find_map(|path| Some(path.split_once("::")?.0).filter(|krate| !krate.is_empty()))
        .unwrap_or_default();
    match krate {
        "std" if function.contains("std::thread::") || function.contains("std::sync::mpsc") => {
            Problem::new(
                format!("no derivative goes from one thread to another, as by `{function}`"),
                "let each thread call a derivative of its own, and add up the gradients",
            )
        }
        "core" | "alloc" | "std" => Problem::new(
            format!("`{function}` of the standard library has no derivative"),
            "use another function, or call this one where no derivative goes through",
        ),
        _ => Problem::new(
            format!("the body of `{function}` of crate `{krate}` is not known"),
            format!("compile crate `{krate}` with `-Zautodiff=Enable`, which makes it available"),
        ),
    }
}

/// `text` with the names of functions as they are in the source.
fn demangle(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let (symbol, rest) = word.split_at(word.find([':', ',']).unwrap_or(word.len()));
        match rustc_demangle::try_demangle(functions::original(symbol)) {
            Ok(name) => format!("`{name:#}`{rest}"),
            Err(_) => word.to_string(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}
