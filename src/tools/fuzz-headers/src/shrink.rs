//! Makes a failing header smaller while it fails the same way.

use crate::model::{Header, Make, Pass, Ret, Write};
use crate::run::{Outcome, Runner};
use crate::types::{Float, Repr, Ty};

/// How many programs are tried for one failure.
const TRIES: usize = 70;

/// A smaller header that fails as `header` does at this level, and how it does.
pub fn shrink(runner: &Runner, header: &Header, level: u8, outcome: Outcome) -> (Header, Outcome) {
    let (mut best, mut outcome) = (header.clone(), outcome);
    let mut tries = 0;
    'again: loop {
        for candidate in smaller(&best) {
            if tries == TRIES {
                return (best, outcome);
            }
            tries += 1;
            let mut results = runner.run(&[&candidate], level);
            let found = results.outcomes.remove(&candidate.id);
            if let Some(found) = found.filter(|found| same(found, &outcome)) {
                (best, outcome) = (candidate, found);
                continue 'again;
            }
        }
        return (best, outcome);
    }
}

fn same(one: &Outcome, other: &Outcome) -> bool {
    one.name() == other.name() && one.class() == other.class()
}

fn smaller(header: &Header) -> Vec<Header> {
    let mut all = vec![];
    let mut add = |change: &dyn Fn(&mut Header)| {
        let mut candidate = header.clone();
        change(&mut candidate);
        if candidate != *header {
            all.push(candidate);
        }
    };
    if header.modes.len() > 1 {
        (0..header.modes.len()).for_each(|i| add(&|h| h.modes = vec![header.modes[i]]));
    }
    // Halves first: a dozen parameters are mostly beside the point.
    let count = header.params.len();
    let fixed = usize::from(header.receiver);
    if count > 3 && !matches!(header.ret, Ret::Ref(_)) {
        let middle = count / 2;
        add(&|h| h.params.truncate(middle.max(1)));
        add(&|h| drop(h.params.drain(fixed..middle.max(fixed))));
    }
    for i in (0..count).rev() {
        let kept = matches!(header.ret, Ret::Ref(at) if at >= i);
        if !kept && !(header.receiver && i == 0) {
            add(&|h| drop(h.params.remove(i)));
        }
    }
    if header.receiver && header.impl_generic().is_none() {
        add(&|h| h.receiver = false);
    }
    add(&|h| h.linear = true);
    add(&|h| h.outlined = None);
    add(&|h| h.modes.iter_mut().for_each(|mode| mode.width = 1));
    add(&|h| h.ret_only = false);
    if let Ret::Value(ty) = &header.ret {
        for ty in simpler(ty) {
            add(&|h| {
                h.ret_active &= ty.has_float();
                h.ret = Ret::Value(ty.clone());
            });
        }
        add(&|h| (h.ret, h.ret_active, h.ret_only) = (Ret::Unit, false, false));
    }
    for i in 0..count {
        add(&|h| h.params[i].only = false);
        add(&|h| h.params[i].side_by_side = false);
        add(&|h| h.params[i].moved = None);
        add(&|h| h.params[i].walked = None);
        if let Some(moved) = &header.params[i].moved {
            for change in 0..moved.changes.len() {
                add(&|h| _ = h.params[i].moved.as_mut().unwrap().changes.remove(change));
            }
            add(&|h| h.params[i].moved.as_mut().unwrap().make = Make::Collect);
        }
        add(&|h| (h.params[i].active, h.params[i].only) = (false, false));
        if header.params[i].pass.is_mut() {
            add(&|h| h.params[i].write = Write::Out);
            add(&|h| (h.params[i].write, h.params[i].pass) = (Write::Nothing, Pass::Ref));
        }
        if header.receiver && i == 0 {
            continue;
        }
        for ty in simpler(&header.params[i].ty) {
            add(&|h| {
                let param = &mut h.params[i];
                param.active &= ty.has_float();
                if ty.live_floats() == 0 {
                    param.write = Write::Nothing;
                }
                param.ty = ty.clone();
            });
        }
    }
    all
}

/// Types with less in them, the least first.
fn simpler(ty: &Ty) -> Vec<Ty> {
    let mut all = vec![];
    let sized = |ty: &Ty| {
        !matches!(ty, Ty::Str | Ty::Slice(..) | Ty::Borrowed(..))
            && !matches!(ty, Ty::Adt(adt) if adt.tail)
    };
    match ty {
        Ty::Float(Float::F32) | Ty::Int("i32") | Ty::Unit => {}
        Ty::Float(Float::F64) => {}
        Ty::Param(_) => {}
        Ty::Int(_) => all.push(Ty::Int("i32")),
        _ => {
            if ty.has_float() && !matches!(ty, Ty::ConstArray(..)) {
                all.push(Ty::Float(Float::F64));
            }
            all.extend(ty.children().into_iter().filter(|ty| sized(ty)).cloned());
        }
    }
    let part = |ty: &Ty, rebuild: &dyn Fn(Ty) -> Ty| {
        simpler(ty).into_iter().map(rebuild).collect::<Vec<_>>()
    };
    match ty {
        Ty::Tuple(fields) if fields.len() > 1 => {
            for i in 0..fields.len() {
                let mut fewer = fields.clone();
                fewer.remove(i);
                all.push(Ty::Tuple(fewer));
            }
            for i in 0..fields.len() {
                all.extend(part(&fields[i], &|ty| {
                    let mut fields = fields.clone();
                    fields[i] = ty;
                    Ty::Tuple(fields)
                }));
            }
        }
        Ty::Array(ty, n) => {
            if *n > 1 {
                all.push(Ty::Array(ty.clone(), n - 1));
            }
            all.extend(part(ty, &|ty| Ty::Array(Box::new(ty), *n)));
        }
        Ty::Slice(ty, n) => {
            if *n > 1 {
                all.push(Ty::Slice(ty.clone(), 1));
            }
            all.extend(part(ty, &|ty| Ty::Slice(Box::new(ty), *n)));
        }
        Ty::Borrowed(ty, unique) => {
            all.extend(part(ty, &|ty| Ty::Borrowed(Box::new(ty), *unique)));
        }
        Ty::Large(ty, n) => {
            if *n > 4 {
                all.push(Ty::Large(ty.clone(), n / 2));
            }
            all.extend(part(ty, &|ty| Ty::Large(Box::new(ty), *n)));
        }
        Ty::Vec(ty, n) if *n > 1 => all.push(Ty::Vec(ty.clone(), 1)),
        Ty::Option(ty, some) => all.extend(part(ty, &|ty| Ty::Option(Box::new(ty), *some))),
        Ty::Result(ok, err, is_ok) => {
            all.extend(part(ok, &|ty| Ty::Result(Box::new(ty), err.clone(), *is_ok)));
            all.extend(part(err, &|ty| Ty::Result(ok.clone(), Box::new(ty), *is_ok)));
        }
        Ty::Adt(adt) if adt.generic.is_none() => {
            if adt.repr == Repr::C {
                let mut plain = adt.clone();
                plain.repr = Repr::Rust;
                all.push(Ty::Adt(plain));
            }
            for (v, fields) in adt.variants.iter().enumerate() {
                // A tail remains one.
                for i in 0..fields.len() - usize::from(adt.tail) {
                    let mut fewer = adt.clone();
                    fewer.variants[v].remove(i);
                    if adt.repr == Repr::Rust && !adt.is_union {
                        all.push(Ty::Adt(fewer));
                    }
                    all.extend(part(&fields[i], &|ty| {
                        let mut adt = adt.clone();
                        adt.variants[v][i] = ty;
                        Ty::Adt(adt)
                    }));
                }
            }
        }
        _ => {}
    }
    all
}
