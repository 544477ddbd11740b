//! The arguments of `#[autodiff_forward]` and `#[autodiff_reverse]`, checked one by one as far as
//! that can be done without knowing types.

use std::str::FromStr;

use rustc_ast::expand::autodiff_attrs::{DiffActivity, DiffMode};
use rustc_ast::token::{IdentIsRaw, Lit, LitKind, Token, TokenKind};
use rustc_ast::tokenstream::{Spacing, TokenStream, TokenTree};
use rustc_ast::visit::{Visitor, walk_ty};
use rustc_ast::{self as ast, FnRetTy, MetaItemInner, Ty, TyKind};
use rustc_errors::{DiagSymbolList, ErrorGuaranteed};
use rustc_expand::base::ExtCtxt;
use rustc_span::edit_distance::find_best_match_for_name;
use rustc_span::{Ident, Span, Spanned, Symbol, sym};

use super::errors;

pub(super) struct Activities {
    pub mode: DiffMode,
    /// The name of the derivative.
    pub name: Ident,
    /// 1 if the user gives none.
    pub width: Spanned<u16>,
    /// Whether the caller of the derivative promises what is not checked.
    pub is_unchecked: bool,
    pub inputs: Vec<Spanned<DiffActivity>>,
    /// `None` if the primal returns `()`.
    pub ret: Spanned<DiffActivity>,
}

/// What an activity is for.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Parameter,
    Return,
}

impl Place {
    fn descr(self) -> &'static str {
        match self {
            Place::Parameter => "parameter",
            Place::Return => "return value",
        }
    }

    fn activities(self, mode: DiffMode) -> &'static [DiffActivity] {
        use DiffActivity::*;
        match (self, mode.is_fwd()) {
            (Place::Parameter, true) => &[Dual, DualOnly, Dualv, DualvOnly, Const],
            (Place::Parameter, false) => &[Active, Duplicated, DuplicatedOnly, Const],
            (Place::Return, true) => &[Dual, DualOnly, Const],
            (Place::Return, false) => &[Active, ActiveOnly, Const],
        }
    }
}

impl Activities {
    pub(super) fn check(
        ecx: &ExtCtxt<'_>,
        mode: DiffMode,
        attr: &ast::MetaItem,
        primal: &ast::Fn,
        is_naked: bool,
    ) -> Result<Self, ErrorGuaranteed> {
        let dcx = ecx.dcx();
        check_primal(ecx, primal, is_naked)?;
        let decl = &primal.sig.decl;

        let [name, args @ ..] = attr.meta_item_list().unwrap_or_default() else {
            let name = if mode.is_fwd() { "autodiff_forward" } else { "autodiff_reverse" };
            return Err(dcx.emit_err(errors::MissingName { span: attr.span, name }));
        };
        let name = match name.ident() {
            Some(ident) if name.is_word() && !ident.is_path_segment_keyword() => ident,
            _ => return Err(dcx.emit_err(errors::InvalidName { span: name.span() })),
        };
        let (width, args) = parse_width(ecx, attr.span, args)?;
        let (is_unchecked, args) = match args {
            [word, args @ ..] if is_word(word, UNCHECKED) => (true, args),
            _ => (false, args),
        };

        // Report as many errors as there are.
        let mut result = Ok(());
        let has_ret = returned_ty(decl).is_some();
        let places = decl.inputs.len() + usize::from(has_ret);
        if args.len() != places {
            result = Err(emit_wrong_number(ecx, name, args, decl, places));
        }
        let mut activities = Vec::with_capacity(args.len());
        for (i, arg) in args.iter().enumerate() {
            let param = decl.inputs.get(i);
            let place = if param.is_some() { Place::Parameter } else { Place::Return };
            let checked = parse_activity(ecx, mode, place, arg).and_then(|activity| {
                // With a wrong number, it is not sure which activity is for what.
                if args.len() == places {
                    check_activity(ecx, mode, width.node, place, param, activity)?;
                }
                Ok(activity)
            });
            match checked {
                Ok(activity) => activities.push(activity),
                Err(guar) => result = Err(guar),
            }
        }
        result?;

        let ret = if has_ret { activities.pop() } else { None };
        let ret = ret.unwrap_or(Spanned { node: DiffActivity::None, span: decl.output.span() });
        let this = Activities { mode, name, width, is_unchecked, inputs: activities, ret };
        this.check_number_of_params(ecx)?;
        Ok(this)
    }

    /// The arguments of `#[rustc_autodiff]`. They have the spans of what the user wrote, for errors that
    /// can be found only later.
    pub(super) fn tokens(&self) -> TokenStream {
        let ident = |name, span| Token::new(TokenKind::Ident(name, IdentIsRaw::No), span);
        let activity = |activity: &Spanned<DiffActivity>| {
            ident(Symbol::intern(&activity.node.to_string()), activity.span)
        };
        let mode = if self.mode.is_fwd() { sym::Forward } else { sym::Reverse };
        let width =
            Lit { kind: LitKind::Integer, symbol: sym::integer(self.width.node), suffix: None };
        let width = Token::new(TokenKind::Literal(width), self.width.span);
        let mut tokens = vec![TokenTree::Token(ident(mode, self.name.span), Spacing::Alone)];
        let activities = self.inputs.iter().chain([&self.ret]).map(activity);
        for token in [width].into_iter().chain(activities) {
            tokens.push(TokenTree::token_alone(TokenKind::Comma, token.span));
            tokens.push(TokenTree::Token(token, Spacing::Alone));
        }
        TokenStream::new(tokens)
    }

    /// Whether the derivative is an `unsafe fn` where the primal is none: not all of the shadows is checked, or what an
    /// argument refers to need not be computed.
    pub(super) fn is_unsafe(&self) -> bool {
        use DiffActivity::*;
        let only = |input: &Spanned<DiffActivity>| {
            matches!(input.node, DuplicatedOnly | DualOnly | DualvOnly)
        };
        self.is_unchecked || self.inputs.iter().any(only)
    }

    /// How many shadows follow a parameter of this activity.
    pub(super) fn shadows(&self, activity: DiffActivity) -> u16 {
        use DiffActivity::*;
        match activity {
            Dual | DualOnly | Duplicated | DuplicatedOnly => self.width.node,
            Dualv | DualvOnly => 1,
            None | Const | Active | ActiveOnly => 0,
        }
    }

    pub(super) fn has_seed(&self) -> bool {
        matches!(self.ret.node, DiffActivity::Active | DiffActivity::ActiveOnly)
    }

    /// The width multiplies parameters, of which a function cannot have as many as one likes.
    fn check_number_of_params(&self, ecx: &ExtCtxt<'_>) -> Result<(), ErrorGuaranteed> {
        let shadows = self.inputs.iter().map(|input| usize::from(self.shadows(input.node)));
        let number = self.inputs.len() + shadows.sum::<usize>() + usize::from(self.has_seed());
        let max = usize::from(u16::MAX);
        if number > max {
            let span = self.width.span;
            return Err(ecx.dcx().emit_err(errors::TooManyParams { span, number, max }));
        }
        Ok(())
    }
}

/// Stands before the activities of a derivative whose caller promises what is not checked.
const UNCHECKED: &str = "Unchecked";

fn is_word(arg: &MetaItemInner, word: &str) -> bool {
    arg.is_word() && arg.ident().is_some_and(|ident| ident.as_str() == word)
}

/// What the primal returns, unless that is `()`.
pub(super) fn returned_ty(decl: &ast::FnDecl) -> Option<&Ty> {
    match &decl.output {
        FnRetTy::Ty(ty) if !without_parens(ty).kind.is_unit() => Some(ty),
        _ => None,
    }
}

pub(super) fn without_parens(mut ty: &Ty) -> &Ty {
    while let TyKind::Paren(inner) = &ty.kind {
        ty = inner;
    }
    ty
}

/// Refuses functions that have no derivative whatever the activities are.
fn check_primal(
    ecx: &ExtCtxt<'_>,
    primal: &ast::Fn,
    is_naked: bool,
) -> Result<(), ErrorGuaranteed> {
    let (header, decl) = (&primal.sig.header, &primal.sig.decl);
    let unsupported = |span, kind, reason, help| {
        Err(ecx.dcx().emit_err(errors::UnsupportedFunction { span, kind, reason, help }))
    };
    if let Some(kind) = header.coroutine_kind {
        return unsupported(
            kind.span(),
            format!("`{}`", kind.as_str()),
            "they return what will compute the value, not the value",
            "differentiate an ordinary function that it calls",
        );
    }
    if is_naked {
        return unsupported(
            primal.ident.span,
            "naked".to_string(),
            "they consist of assembly",
            "write it in Rust, or write the derivative by hand",
        );
    }
    if let Some(param) = decl.inputs.iter().find(|p| matches!(p.ty.kind, TyKind::CVarArgs)) {
        return unsupported(
            param.span,
            "C-variadic".to_string(),
            "which arguments they take is not known",
            "differentiate a function with a fixed number of parameters",
        );
    }
    let mut finder = FindImplTrait(None);
    if let Some(ty) = returned_ty(decl) {
        finder.visit_ty(ty);
    }
    match finder.0 {
        Some(span) => Err(ecx.dcx().emit_err(errors::ReturnsImplTrait { span })),
        None => Ok(()),
    }
}

struct FindImplTrait(Option<Span>);

impl<'ast> Visitor<'ast> for FindImplTrait {
    fn visit_ty(&mut self, ty: &'ast Ty) {
        if let TyKind::ImplTrait(..) = ty.kind {
            self.0.get_or_insert(ty.span);
        }
        walk_ty(self, ty);
    }
}

fn parse_width<'a>(
    ecx: &ExtCtxt<'_>,
    attr_span: Span,
    args: &'a [MetaItemInner],
) -> Result<(Spanned<u16>, &'a [MetaItemInner]), ErrorGuaranteed> {
    let [MetaItemInner::Lit(lit), activities @ ..] = args else {
        return Ok((Spanned { node: 1, span: attr_span }, args));
    };
    let ast::LitKind::Int(width, _) = lit.kind else {
        // It will be taken for an activity.
        return Ok((Spanned { node: 1, span: attr_span }, args));
    };
    let (span, max) = (lit.span, u16::MAX);
    match u16::try_from(width.get()) {
        Ok(0) => Err(ecx.dcx().emit_err(errors::WidthZero { span })),
        Ok(node) => Ok((Spanned { node, span }, activities)),
        Err(_) => Err(ecx.dcx().emit_err(errors::WidthTooLarge { span, max })),
    }
}

fn parse_activity(
    ecx: &ExtCtxt<'_>,
    mode: DiffMode,
    place: Place,
    arg: &MetaItemInner,
) -> Result<Spanned<DiffActivity>, ErrorGuaranteed> {
    let span = arg.span();
    let word = arg.ident().filter(|_| arg.is_word());
    let activity = word.and_then(|word| DiffActivity::from_str(word.as_str()).ok());
    // `None` is what `#[rustc_autodiff]` says of a function that returns nothing.
    if let Some(node) = activity
        && node != DiffActivity::None
    {
        return Ok(Spanned { node, span });
    }

    let found = match (arg, word) {
        (_, Some(word)) => format!("`{word}`"),
        (MetaItemInner::Lit(_), _) => "a literal".to_string(),
        (MetaItemInner::MetaItem(item), _) => match item.kind {
            ast::MetaItemKind::Word => "a path".to_string(),
            ast::MetaItemKind::List(_) => "a list".to_string(),
            ast::MetaItemKind::NameValue(_) => "a name with a value".to_string(),
        },
    };
    let names: DiagSymbolList = names(mode, place).into_iter().collect();
    let is_width = arg.lit().is_some_and(|lit| matches!(lit.kind, ast::LitKind::Int(..)));
    let last = arg.meta_item().and_then(|item| item.path.segments.last());
    let similar = last.and_then(|last| {
        find_best_match_for_name(&self::names(mode, place), last.ident.name, None)
    });
    Err(ecx.dcx().emit_err(errors::NotAnActivity {
        span,
        found,
        place: place.descr(),
        mode: mode_name(mode),
        names,
        is_width,
        similar: similar.map(|name| errors::SimilarActivity { span, name }),
    }))
}

fn names(mode: DiffMode, place: Place) -> Vec<Symbol> {
    place.activities(mode).iter().map(|activity| Symbol::intern(&activity.to_string())).collect()
}

fn mode_name(mode: DiffMode) -> &'static str {
    if mode.is_fwd() { "forward" } else { "reverse" }
}

fn check_activity(
    ecx: &ExtCtxt<'_>,
    mode: DiffMode,
    width: u16,
    place: Place,
    param: Option<&ast::Param>,
    activity: Spanned<DiffActivity>,
) -> Result<(), ErrorGuaranteed> {
    let (dcx, Spanned { node, span }) = (ecx.dcx(), activity);
    if !place.activities(mode).contains(&node) {
        return Err(dcx.emit_err(errors::ActivityNotAllowed {
            span,
            activity: node.to_string(),
            place: place.descr(),
            mode: mode_name(mode),
            names: names(mode, place).into_iter().collect(),
        }));
    }
    let Some(param) = param else { return Ok(()) };
    // It has as many gradients, of which the derivative would return one.
    if width > 1 && node == DiffActivity::Active {
        return Err(dcx.emit_err(errors::ActiveOfWidth { span, width }));
    }
    let is_certain_not_to_fit = match node {
        DiffActivity::Duplicated | DiffActivity::DuplicatedOnly => is_by_value(&param.ty),
        DiffActivity::Dualv | DiffActivity::DualvOnly => {
            is_by_value(&param.ty) || is_reference_to_sized(&param.ty)
        }
        _ => false,
    };
    if is_certain_not_to_fit {
        let (ty, activity) = (param.ty.span, node.to_string());
        return Err(if mode.is_fwd() {
            dcx.emit_err(errors::DualvNotSlice { span, ty, activity })
        } else {
            dcx.emit_err(errors::DuplicatedByValue { span, ty, activity })
        });
    }
    Ok(())
}

/// Whether this is sure to be no reference and no raw pointer, whatever the names in it stand for.
fn is_by_value(ty: &Ty) -> bool {
    matches!(without_parens(ty).kind, TyKind::Tup(_) | TyKind::Array(..) | TyKind::Never)
}

/// Whether this is sure to be a reference to something that has a size.
fn is_reference_to_sized(ty: &Ty) -> bool {
    let TyKind::Ref(_, pointee) = &without_parens(ty).kind else { return false };
    is_by_value(&pointee.ty)
        || matches!(without_parens(&pointee.ty).kind, TyKind::Ref(..) | TyKind::Ptr(_))
}

fn emit_wrong_number(
    ecx: &ExtCtxt<'_>,
    name: Ident,
    args: &[MetaItemInner],
    decl: &ast::FnDecl,
    expected: usize,
) -> ErrorGuaranteed {
    let found = args.len();
    let to_end = |args: &[MetaItemInner]| match args {
        [first, .., last] => first.span().to(last.span()),
        [only] => only.span(),
        [] => name.span,
    };
    let returned = returned_ty(decl);
    if found > expected {
        return ecx.dcx().emit_err(errors::TooManyActivities {
            span: to_end(&args[expected..]),
            expected,
            found,
            returns_nothing: returned.is_none() && found == expected + 1,
        });
    }
    ecx.dcx().emit_err(errors::TooFewActivities {
        span: to_end(args),
        expected,
        found,
        params: decl.inputs.iter().skip(found).map(|param| param.span).collect(),
        ret: returned.map(|ty| ty.span),
    })
}
