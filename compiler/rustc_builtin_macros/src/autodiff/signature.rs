//! The signature of a derivative. Each parameter of the primal is followed by its shadows, and at the
//! end comes the seed. What it returns is what the primal returns, with tangents or gradients.
//!
//! It is made of the types of the primal, whose names mean the same there. Two kinds of type do not say
//! which type they are and have to be given a name, since the derivative repeats them: elided lifetimes
//! in what is returned, and `impl Trait`.

use rustc_ast::expand::autodiff_attrs::DiffActivity;
use rustc_ast::mut_visit::{self, MutVisitor};
use rustc_ast::visit::{self, LifetimeCtxt, Visitor};
use rustc_ast::{self as ast, FnRetTy, GenericArgs, GenericParam, PatKind, Ty, TyKind};
use rustc_data_structures::fx::FxHashSet;
use rustc_expand::base::ExtCtxt;
use rustc_span::{Ident, Span, Symbol, kw};
use thin_vec::ThinVec;

use super::activities::{Activities, returned_ty};

pub(super) struct Derivative {
    pub generics: ast::Generics,
    pub sig: ast::FnSig,
    pub args: Vec<Ident>,
    /// Those of `args` that the primal takes.
    pub primal_args: Vec<Ident>,
    /// A name for the primal if it has `impl Trait` parameters.
    pub inferred_primal: Option<Ident>,
}

impl Derivative {
    pub(super) fn new(
        ecx: &ExtCtxt<'_>,
        span: Span,
        primal: &ast::Fn,
        activities: &Activities,
    ) -> Self {
        let decl = &primal.sig.decl;
        let mut names = Names { ecx, used: FxHashSet::default() };
        let primal_args: Vec<_> =
            decl.inputs.iter().enumerate().map(|(i, param)| names.of_param(i, param)).collect();

        let mut types = Types { ecx, span, lifetimes: ThinVec::new(), impls: ThinVec::new() };
        let mut tys: Vec<_> = decl.inputs.iter().map(|param| (*param.ty).clone()).collect();
        let mut returned = returned_ty(decl).cloned();
        let returned_lifetime = returned
            .as_mut()
            .and_then(|returned| types.name_returned_lifetime(&mut tys, decl.has_self(), returned));

        let mut params: Vec<(Ident, Ty)> = vec![];
        let mut gradients = vec![];
        for ((&name, mut ty), activity) in primal_args.iter().zip(tys).zip(&activities.inputs) {
            ImplTraits(&mut types).visit_ty(&mut ty);
            if activity.node == DiffActivity::Active {
                types.name_lifetimes(&mut ty);
            }
            params.push((name, ty.clone()));
            types.name_self(&mut ty);
            if activity.node == DiffActivity::Active {
                gradients.push(ty);
                continue;
            }
            let prefix = if activities.mode.is_rev() { 'd' } else { 'b' };
            if activities.mode.is_rev() {
                make_mutable(&mut ty, returned_lifetime);
            }
            for i in 0..activities.shadows(activity.node) {
                let name = names.fresh(&format!("{prefix}{}_{i}", name.name), name.span);
                params.push((name, ty.clone()));
            }
        }
        if activities.has_seed()
            && let Some(ty) = &returned
        {
            params.push((names.fresh("dret", ty.span), ty.clone()));
        }

        let mut results = returned.map_or(vec![], |ty| types.results(ty, activities));
        results.extend(gradients);
        let output = match results.len() {
            0 => FnRetTy::Default(span),
            1 => FnRetTy::Ty(Box::new(results.remove(0))),
            _ => {
                FnRetTy::Ty(ecx.ty(span, TyKind::Tup(results.into_iter().map(Box::new).collect())))
            }
        };

        let mut header = primal.sig.header;
        // The body is the call of an intrinsic, which is not evaluated at compile time. An ABI made for
        // another language has nothing to do with the tuple that is returned.
        header.constness = ast::Const::No;
        header.ext = ast::Extern::None;
        if activities.is_unsafe() {
            header.safety = ast::Safety::Unsafe(span);
        }

        let inferred_primal = (!types.impls.is_empty()).then(|| names.fresh("primal", span));
        let mut generics = primal.generics.clone();
        // Lifetimes come first.
        let params_of_primal = std::mem::replace(&mut generics.params, types.lifetimes);
        generics.params.extend(params_of_primal);
        generics.params.extend(types.impls);
        let args = params.iter().map(|&(name, _)| name).collect();
        let inputs =
            params.into_iter().map(|(name, ty)| ecx.param(name.span, name, Box::new(ty))).collect();
        let sig = ast::FnSig { header, decl: ecx.fn_decl(inputs, output), span };
        Derivative { generics, sig, args, primal_args, inferred_primal }
    }
}

/// Names for parameters, which nothing outside of the derivative can be confused with as they have the
/// hygiene of the macro.
struct Names<'a, 'b> {
    ecx: &'a ExtCtxt<'b>,
    used: FxHashSet<Symbol>,
}

impl Names<'_, '_> {
    fn fresh(&mut self, name: &str, span: Span) -> Ident {
        let mut symbol = Symbol::intern(name);
        while !self.used.insert(symbol) {
            symbol = Symbol::intern(&format!("{symbol}_"));
        }
        Ident::new(symbol, self.ecx.with_def_site_ctxt(span))
    }

    fn of_param(&mut self, index: usize, param: &ast::Param) -> Ident {
        match param.pat.kind {
            PatKind::Ident(_, ident, _) if ident.name == kw::SelfLower => ident,
            PatKind::Ident(_, ident, _) => self.fresh(ident.as_str(), ident.span),
            _ => self.fresh(&format!("arg{index}"), param.pat.span),
        }
    }
}

struct Types<'a, 'b> {
    ecx: &'a ExtCtxt<'b>,
    span: Span,
    /// Generic parameters of the derivative that the primal does not have.
    lifetimes: ThinVec<GenericParam>,
    impls: ThinVec<GenericParam>,
}

impl Types<'_, '_> {
    fn fresh_lifetime(&mut self) -> Ident {
        let name = Symbol::intern(&format!("'a{}", self.lifetimes.len()));
        let ident = Ident::new(name, self.span);
        self.lifetimes.push(self.ecx.lifetime_param(self.span, ident, vec![]));
        ident
    }

    /// Names the lifetime that is elided in what is returned, as that of the parameters it comes from:
    /// with shadows, there are more that it could come from.
    fn name_returned_lifetime(
        &mut self,
        params: &mut [Ty],
        has_self: bool,
        returned: &mut Ty,
    ) -> Option<Ident> {
        let sources = match params {
            [receiver, ..] if has_self && has_reference(receiver) => std::slice::from_mut(receiver),
            _ => params,
        };
        if !has_elided_lifetime(returned) || !sources.iter().any(has_elided_lifetime) {
            return None;
        }
        let lifetime = self.fresh_lifetime();
        for ty in sources.iter_mut().chain([returned]) {
            ElidedLifetimes(|| lifetime).visit_ty(ty);
        }
        Some(lifetime)
    }

    fn name_lifetimes(&mut self, ty: &mut Ty) {
        ElidedLifetimes(|| self.fresh_lifetime()).visit_ty(ty);
    }

    /// `Self`, where it stands for the type of `self`.
    fn name_self(&self, ty: &mut Ty) {
        match &mut ty.kind {
            TyKind::ImplicitSelf => {
                *ty = *self.ecx.ty_ident(ty.span, Ident::new(kw::SelfUpper, ty.span))
            }
            TyKind::Ref(_, pointee) | TyKind::PinnedRef(_, pointee) => {
                self.name_self(&mut pointee.ty)
            }
            _ => {}
        }
    }

    /// What a derivative returns in place of the primal's `ty`.
    fn results(&self, ty: Ty, activities: &Activities) -> Vec<Ty> {
        let (ecx, width) = (self.ecx, usize::from(activities.width.node));
        let array = |ty, length| {
            let length = ecx.expr_usize(self.span, length);
            let length = ast::AnonConst {
                id: ast::DUMMY_NODE_ID,
                value: length,
                mgca_disambiguation: ast::MgcaDisambiguation::Direct,
            };
            *ecx.ty(self.span, TyKind::Array(Box::new(ty), length))
        };
        match activities.ret.node {
            DiffActivity::Dual if width == 1 => vec![ty.clone(), ty],
            DiffActivity::Dual => vec![array(ty, width + 1)],
            DiffActivity::DualOnly if width > 1 => vec![array(ty, width)],
            DiffActivity::ActiveOnly => vec![],
            _ => vec![ty],
        }
    }
}

/// Enzyme adds to a shadow in reverse mode. What is returned does not borrow from it.
fn make_mutable(ty: &mut Ty, returned_lifetime: Option<Ident>) {
    match &mut ty.kind {
        TyKind::Paren(inner) => make_mutable(inner, returned_lifetime),
        TyKind::Ptr(pointee) => pointee.mutbl = ast::Mutability::Mut,
        TyKind::Ref(lifetime, pointee) | TyKind::PinnedRef(lifetime, pointee) => {
            pointee.mutbl = ast::Mutability::Mut;
            lifetime.take_if(|lifetime| Some(lifetime.ident) == returned_lifetime);
        }
        // The type may be another name for a pointer.
        _ => {}
    }
}

/// Calls the function for each elided lifetime of a type, and puts the result in its place.
struct ElidedLifetimes<F: FnMut() -> Ident>(F);

impl<F: FnMut() -> Ident> MutVisitor for ElidedLifetimes<F> {
    fn visit_ty(&mut self, ty: &mut Ty) {
        match &mut ty.kind {
            // Its lifetimes are its own, as those of `Fn(&T)`.
            TyKind::FnPtr(_) => return,
            TyKind::Ref(lifetime @ None, _) | TyKind::PinnedRef(lifetime @ None, _) => {
                *lifetime = Some(ast::Lifetime { id: ast::DUMMY_NODE_ID, ident: (self.0)() });
            }
            _ => {}
        }
        mut_visit::walk_ty(self, ty);
    }

    fn visit_lifetime(&mut self, lifetime: &mut ast::Lifetime, _: LifetimeCtxt) {
        if lifetime.ident.name == kw::UnderscoreLifetime {
            lifetime.ident = (self.0)();
        }
    }

    fn visit_generic_args(&mut self, args: &mut GenericArgs) {
        if let GenericArgs::AngleBracketed(_) = args {
            mut_visit::walk_generic_args(self, args);
        }
    }
}

/// Whether `self` is a reference, or holds one as `Pin<&Self>` does: then what is returned comes from it.
fn has_reference(receiver: &Ty) -> bool {
    struct FindReference(bool);
    impl<'ast> Visitor<'ast> for FindReference {
        fn visit_ty(&mut self, ty: &'ast Ty) {
            self.0 |= matches!(ty.kind, TyKind::Ref(..) | TyKind::PinnedRef(..));
            visit::walk_ty(self, ty);
        }
    }
    let mut finder = FindReference(false);
    finder.visit_ty(receiver);
    finder.0
}

fn has_elided_lifetime(ty: &Ty) -> bool {
    let mut found = false;
    let placeholder = Ident::with_dummy_span(kw::UnderscoreLifetime);
    ElidedLifetimes(|| {
        found = true;
        placeholder
    })
    .visit_ty(&mut ty.clone());
    found
}

/// Makes generic parameters of the `impl Trait`s of a type.
struct ImplTraits<'a, 'b, 'c>(&'a mut Types<'b, 'c>);

impl MutVisitor for ImplTraits<'_, '_, '_> {
    fn visit_ty(&mut self, ty: &mut Ty) {
        mut_visit::walk_ty(self, ty);
        let TyKind::ImplTrait(_, bounds) = &mut ty.kind else { return };
        let types = &mut *self.0;
        let bounds = std::mem::take(bounds);
        let ident = Ident::new(Symbol::intern(&format!("Impl{}", types.impls.len())), types.span);
        types.impls.push(types.ecx.typaram(types.span, ident, bounds, None));
        *ty = *types.ecx.ty_ident(ty.span, ident);
    }
}
