//! The expansion of `#[autodiff_forward]` and `#[autodiff_reverse]`.

use rustc_ast::expand::autodiff_attrs::DiffMode;
use rustc_ast::tokenstream::{DelimSpan, TokenStream};
use rustc_ast::{self as ast, GenericParamKind, ItemKind};
use rustc_expand::base::{Annotatable, ExtCtxt};
use rustc_span::{Ident, Span, Symbol, kw, sym};
use thin_vec::{ThinVec, thin_vec};

use super::activities::Activities;
use super::errors;
use super::signature::Derivative;
use crate::cfg_eval::cfg_eval;

pub(crate) fn expand_forward(
    ecx: &mut ExtCtxt<'_>,
    expand_span: Span,
    meta_item: &ast::MetaItem,
    item: Annotatable,
) -> Vec<Annotatable> {
    expand_with_mode(ecx, expand_span, meta_item, item, DiffMode::Forward)
}

pub(crate) fn expand_reverse(
    ecx: &mut ExtCtxt<'_>,
    expand_span: Span,
    meta_item: &ast::MetaItem,
    item: Annotatable,
) -> Vec<Annotatable> {
    expand_with_mode(ecx, expand_span, meta_item, item, DiffMode::Reverse)
}

/// Adds to a function its derivative, a function whose body codegen makes. The signature depends on
/// the mode and on the activities, for example:
///
/// ```ignore (expanded by the compiler)
/// #[autodiff_reverse(cos_box, Duplicated, Active)]
/// fn sin(x: &Box<f32>) -> f32 {
///     f32::sin(**x)
/// }
/// ```
///
/// becomes
///
/// ```ignore (expanded by the compiler)
/// #[rustc_autodiff]
/// fn sin(x: &Box<f32>) -> f32 {
///     f32::sin(**x)
/// }
/// #[rustc_autodiff(Reverse, 1, Duplicated, Active)]
/// fn cos_box(x: &Box<f32>, dx_0: &mut Box<f32>, dret: f32) -> f32 {
///     core::intrinsics::autodiff(sin::<>, cos_box::<>, (x, dx_0, dret))
/// }
/// ```
///
/// After an error, only the function itself is left.
fn expand_with_mode(
    ecx: &mut ExtCtxt<'_>,
    expand_span: Span,
    meta_item: &ast::MetaItem,
    mut item: Annotatable,
    mode: DiffMode,
) -> Vec<Annotatable> {
    if let Annotatable::ForeignItem(_) = item {
        ecx.dcx().emit_err(errors::ForeignFunction { attr: meta_item.span, span: item.span() });
        return vec![item];
    }
    if function(&item).is_none() {
        ecx.dcx().emit_err(errors::NotAFunction { attr: meta_item.span, span: item.span() });
        return vec![item];
    }
    // Of another derivative. It has no tokens, without which `cfg_eval` would panic, and is added again.
    item.visit_attrs(|attrs| attrs.retain(|attr| !attr.has_name(sym::rustc_autodiff)));
    // A parameter that is configured out takes no activity.
    let lint_node_id = ecx.current_expansion.lint_node_id;
    let mut item = cfg_eval(ecx.sess, ecx.ecfg.features, item, lint_node_id);
    let Some((vis, primal)) = function(&item) else { return vec![item] };

    let mut attrs = ThinVec::new();
    item.clone().visit_attrs(|of_primal| attrs = std::mem::take(of_primal));
    let is_naked = attrs.iter().any(|attr| attr.has_name(sym::naked));
    let Ok(activities) = Activities::check(ecx, mode, meta_item, primal, is_naked) else {
        return vec![item];
    };
    let span = ecx.with_def_site_ctxt(expand_span);
    let derivative = Derivative::new(ecx, span, primal, &activities);
    let is_assoc = matches!(item, Annotatable::AssocItem(..));
    let body = body(ecx, span, primal, &activities, &derivative, is_assoc);
    let doc = documentation(primal, &activities);
    let function = Box::new(ast::Fn {
        defaultness: ast::Defaultness::Implicit,
        ident: activities.name,
        generics: derivative.generics,
        sig: derivative.sig,
        contract: None,
        define_opaque: None,
        body: Some(body),
        eii_impls: ThinVec::new(),
    });
    // What goes for the primal: its lints, as for `#[derive]`, and who may call it.
    let kept =
        [sym::allow, sym::warn, sym::deny, sym::forbid, sym::deprecated, sym::target_feature];
    attrs.retain(|attr| kept.iter().any(|&name| attr.has_name(name)));
    if attrs.iter().any(|attr| attr.has_name(sym::deprecated)) {
        // Who calls the derivative is told, not that the derivative names the primal.
        attrs.push(ecx.attr_nested_word(sym::allow, sym::deprecated, span));
    }
    attrs.push(ecx.attr_name_value_str(sym::doc, Symbol::intern(&doc), span));
    // Where a derivative panics, it is the caller's shadow that is to blame.
    attrs.push(ecx.attr_word(sym::track_caller, span));
    attrs.push(rustc_autodiff(ecx, span, Some(activities.tokens())));
    let vis = vis.clone();
    let derivative = match &item {
        Annotatable::AssocItem(_, ctxt) => {
            let kind = ast::AssocItemKind::Fn(function);
            let id = ast::DUMMY_NODE_ID;
            let assoc = ast::AssocItem { attrs, id, span, vis, kind, tokens: None };
            Annotatable::AssocItem(Box::new(assoc), *ctxt)
        }
        _ => {
            let mut function = ecx.item(span, attrs, ItemKind::Fn(function));
            function.vis = vis;
            match item {
                Annotatable::Stmt(_) => Annotatable::Stmt(Box::new(ecx.stmt_item(span, function))),
                _ => Annotatable::Item(function),
            }
        }
    };

    // Once, however many derivatives there are.
    let attr = rustc_autodiff(ecx, span, None);
    item.visit_attrs(|attrs| attrs.push(attr));
    vec![item, derivative]
}

fn documentation(primal: &ast::Fn, activities: &Activities) -> String {
    let mode = if activities.mode.is_fwd() { "forward" } else { "reverse" };
    let name = primal.ident;
    let mut doc = format!("The derivative of `{name}` in {mode} mode.");
    let is_unsafe = matches!(primal.sig.header.safety, ast::Safety::Unsafe(_));
    if is_unsafe || activities.is_unsafe() {
        doc.push_str("\n\n# Safety\n\n");
        if is_unsafe {
            doc.push_str(&format!(
                "The arguments have to be such that `{name}` may be called with them. "
            ));
        }
        doc.push_str(
            "Each shadow has to be of the shape of the argument before it, and nothing else may refer to what is \
             written to it, as the documentation of `std::autodiff` says.",
        );
    }
    doc
}

fn function(item: &Annotatable) -> Option<(&ast::Visibility, &ast::Fn)> {
    let item = match item {
        Annotatable::Item(item) => item,
        Annotatable::Stmt(stmt) if let ast::StmtKind::Item(item) = &stmt.kind => item,
        Annotatable::AssocItem(item, _) => {
            return match &item.kind {
                ast::AssocItemKind::Fn(function) => Some((&item.vis, function)),
                _ => None,
            };
        }
        _ => return None,
    };
    match &item.kind {
        ItemKind::Fn(function) => Some((&item.vis, function)),
        _ => None,
    }
}

/// `#[rustc_autodiff]` for the primal, or `#[rustc_autodiff(..)]` for a derivative.
fn rustc_autodiff(ecx: &ExtCtxt<'_>, span: Span, args: Option<TokenStream>) -> ast::Attribute {
    let args = match args {
        Some(tokens) => ast::AttrArgs::Delimited(ast::DelimArgs {
            dspan: DelimSpan::from_single(span),
            delim: ast::token::Delimiter::Parenthesis,
            tokens,
        }),
        None => ast::AttrArgs::Empty,
    };
    let item = ast::AttrItem {
        unsafety: ast::Safety::Default,
        path: ast::Path::from_ident(Ident::new(sym::rustc_autodiff, span)),
        args: ast::AttrItemKind::Unparsed(args),
        tokens: None,
    };
    ecx.attr_nested(item, span)
}

/// `{ core::intrinsics::autodiff(primal::<..>, derivative::<..>, (args..)) }`
fn body(
    ecx: &ExtCtxt<'_>,
    span: Span,
    primal: &ast::Fn,
    activities: &Activities,
    derivative: &Derivative,
    is_assoc: bool,
) -> Box<ast::Block> {
    let mut stmts = ThinVec::new();
    let mut primal_expr = instance(ecx, span, primal.ident, &primal.generics, is_assoc);
    if let Some(local) = derivative.inferred_primal {
        // The type of an `impl Trait` parameter cannot be written, only inferred from a call:
        //     let primal = primal::<..>;
        //     if false { unsafe { primal(args..) }; loop {} }
        stmts.push(ecx.stmt_let(span, false, local, primal_expr));
        let args = derivative.primal_args.iter().map(|&arg| ecx.expr_ident(span, arg)).collect();
        let call = ecx.expr_call_ident(span, local, args);
        let mut call = ecx.block_expr(call);
        call.rules = ast::BlockCheckMode::Unsafe(ast::UnsafeSource::CompilerGenerated);
        let forever = ecx.expr_loop(span, ecx.block(span, ThinVec::new()));
        let never =
            ecx.block(span, thin_vec![ecx.stmt_semi(ecx.expr_block(call)), ecx.stmt_expr(forever)]);
        let condition = ecx.expr_bool(span, false);
        stmts.push(ecx.stmt_semi(ecx.expr_if(span, condition, ecx.expr_block(never), None)));
        primal_expr = ecx.expr_ident(span, local);
    }
    let derivative_expr = instance(ecx, span, activities.name, &derivative.generics, is_assoc);
    let args = derivative.args.iter().map(|&arg| ecx.expr_ident(span, arg)).collect();
    let intrinsic = ecx.path(span, ecx.std_path(&[sym::intrinsics, sym::autodiff]));
    stmts.push(ecx.stmt_expr(ecx.expr_call(
        span,
        ecx.expr_path(intrinsic),
        thin_vec![primal_expr, derivative_expr, ecx.expr_tuple(span, args)],
    )));
    ecx.block(span, stmts)
}

/// `name::<T, N>`, or `Self::name::<T, N>` for an associated function.
fn instance(
    ecx: &ExtCtxt<'_>,
    span: Span,
    name: Ident,
    generics: &ast::Generics,
    is_assoc: bool,
) -> Box<ast::Expr> {
    let args = generics
        .params
        .iter()
        .filter_map(|param| {
            let arg = match param.kind {
                GenericParamKind::Type { .. } => {
                    ast::GenericArg::Type(ecx.ty_ident(span, param.ident))
                }
                GenericParamKind::Const { .. } => {
                    ast::GenericArg::Const(ecx.const_ident(span, param.ident))
                }
                GenericParamKind::Lifetime => return None,
            };
            Some(ast::AngleBracketedArg::Arg(arg))
        })
        .collect();
    let args = ast::GenericArgs::AngleBracketed(ast::AngleBracketedArgs { span, args });
    let segment =
        ast::PathSegment { ident: name, id: ast::DUMMY_NODE_ID, args: Some(Box::new(args)) };
    let segments = if is_assoc {
        thin_vec![ast::PathSegment::from_ident(Ident::new(kw::SelfUpper, span)), segment]
    } else {
        thin_vec![segment]
    };
    ecx.expr_path(ast::Path { span, segments, tokens: None })
}
