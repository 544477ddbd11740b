//! A header as source text: definitions, the primal, its derivatives, and their checks.

use std::fmt::Write as _;

use crate::model::{FUNCTIONS, FloatLeaf, Formula, Header, Leaves, Mode, Param, Pass, Ret};
use crate::primal::{build, primal, side_by_side};
use crate::types::{Float, Ty};

/// What programs check with.
pub const CHECK: &str = concat!(include_str!("leaves.rs"), include_str!("check.rs"));

const HEAD: &str = "\
#![feature(autodiff, portable_simd, f16, f128)]
#![allow(unused, dangerous_implicit_autorefs)]
";

/// A program of several headers. `standalone` programs hold what they check with.
pub fn program(headers: &[&Header], standalone: bool) -> String {
    let mut text = String::from(HEAD);
    if !standalone {
        text.push_str("extern crate fuzz_check as check;\n");
    }
    for header in headers {
        text.push_str(&module(header));
    }
    text.push_str("\nfn main() {\n    let from: usize = std::env::args().nth(1).map_or(0, |n| n.parse().unwrap());\n");
    for header in headers {
        let id = header.id;
        writeln!(text, "    if from <= {id} {{ println!(\"BEGIN {id}\"); h{id}::test(); println!(\"END {id}\"); }}")
            .unwrap();
    }
    text.push_str("}\n");
    if standalone {
        text.push_str("\nmod check {\n");
        for line in CHECK.lines().filter(|line| !line.starts_with("//!")) {
            writeln!(text, "{}{line}", if line.is_empty() { "" } else { "    " }).unwrap();
        }
        text.push_str("}\n");
    }
    text
}

fn module(header: &Header) -> String {
    let mut text = format!("\nmod h{} {{\n", header.id);
    text.push_str(
        "use std::autodiff::*;\nuse std::hint::black_box;\nuse std::marker::PhantomData;\n",
    );
    text.push_str("use std::collections::{BTreeMap, VecDeque};\nuse std::num::NonZero;\nuse std::simd::Simd;\n");
    text.push_str("use super::check::{Act, G, Large, Leaf, Leaves, Num, Output, Place, Spec, Test, outcome, set};\n\n");
    let mut definitions = vec![];
    for param in &header.params {
        param.ty.definitions(&mut definitions);
    }
    if let Ret::Value(ty) = &header.ret {
        ty.definitions(&mut definitions);
    }
    for adt in definitions {
        text.push_str(&adt.define());
    }
    let leaves = header.leaves();
    let formula = header.formula(&leaves);
    text.push_str(&primal(header, &leaves, &formula));
    text.push_str(&spec(header, &leaves, &formula));
    text.push_str(&test(header));
    text + "}\n"
}

// -- what is checked -----------------------------------------------------------------------------------

fn spec(header: &Header, leaves: &Leaves, formula: &Formula) -> String {
    let mut text = String::new();
    let act = |leaf: &FloatLeaf| {
        let param = &header.params[leaf.param];
        match (param.active, param.pass, param.only) {
            (false, ..) => "Const",
            (true, Pass::Value, _) => "Active",
            (true, _, false) => "Shadow",
            (true, _, true) => "ShadowOnly",
        }
    };
    let single = header.params.iter().any(|param| param.ty.has(Float::F32))
        || matches!(&header.ret, Ret::Value(ty) if ty.has(Float::F32));
    writeln!(text, "static SPEC: Spec = Spec {{\n    single: {single},").unwrap();
    let list = |of: Vec<String>| format!("&[{}]", of.join(", "));
    let g = formula.g.iter().map(|(g, _)| format!("G::{}", FUNCTIONS[*g])).collect();
    writeln!(text, "    g: {},", list(g)).unwrap();
    let half = leaves.floats.iter().enumerate().filter(|(_, leaf)| leaf.float == Float::F16);
    writeln!(text, "    half: {},", list(half.map(|(i, _)| i.to_string()).collect())).unwrap();
    writeln!(text, "    by: {},", list(formula.by.iter().map(|by| format!("{by:?}")).collect()))
        .unwrap();
    let act = leaves.floats.iter().map(|leaf| format!("Act::{}", act(leaf))).collect();
    writeln!(
        text,
        "    act: {},\n    ret_active: {},\n    outputs: &[",
        list(act),
        header.ret_active
    )
    .unwrap();
    for output in &formula.outputs {
        let place = match (output.arg, output.ret) {
            (Some(arg), _) => format!("Arg({arg})"),
            (_, ret) => format!("Ret({})", ret.unwrap()),
        };
        let terms = output.terms.iter().map(|(w, i)| format!("({w}.0, {i})")).collect();
        let pairs = output.pairs.iter().map(|(w, i, j)| format!("({w}.0, {i}, {j})")).collect();
        let constants = output.constants.iter().map(|(w, k)| format!("({w}.0, {k})")).collect();
        let (terms, pairs, constants) = (list(terms), list(pairs), list(constants));
        writeln!(
            text,
            "        Output {{ place: Place::{place}, terms: {terms}, pairs: {pairs}, constants: {constants} }},"
        )
        .unwrap();
    }
    text + "    ],\n};\n"
}

fn test(header: &Header) -> String {
    let mut text = String::new();
    let mut types = String::new();
    let mut values = String::new();
    let (mut count, mut ints) = (0, 0);
    let mut float = |float: Float, _: bool| {
        count += 1;
        let sign = if count % 3 == 0 { -1.0 } else { 1.0 };
        format!("{}{}", sign * (0.25 + (count * 37 + 11) as f64 % 97.0 / 64.0), float.name())
    };
    for param in &header.params {
        let ty = param.ty.concrete().owned();
        let name = match &ty {
            Ty::Str => "String".into(),
            ty => ty.name(None),
        };
        write!(types, "{name}, ").unwrap();
        write!(values, "{}, ", build(&ty, &mut float, &mut ints, None)).unwrap();
    }
    writeln!(text, "type Args = ({types});").unwrap();
    writeln!(text, "fn make() -> Args {{\n    black_box(({values}))\n}}").unwrap();
    let ret = match &header.ret {
        Ret::Unit => "()".into(),
        Ret::Value(ty) => ty.concrete().name(None),
        Ret::Ref(param) => {
            let leaves = header.leaves();
            leaves.floats.iter().find(|leaf| leaf.param == *param).unwrap().float.name().into()
        }
    };
    writeln!(text, "fn run(direct: bool, a: &mut Args) -> {ret} {{").unwrap();
    let owner = match header.params.first().map(|param| &param.ty) {
        Some(Ty::Adt(adt)) if header.receiver => format!("{}::", adt.name()),
        _ => String::new(),
    };
    let (call, args) = (format!("{owner}f"), arguments(header, None, "a").join(", "));
    // What a sized argument is coerced to would not be inferred.
    let hole = |i: usize| match &header.params[i].ty {
        _ if header.ret == Ret::Ref(i) => "&'r _".to_string(),
        Ty::Adt(adt) if adt.tail => {
            let mutable = if header.params[i].pass == Pass::RefMut { "mut " } else { "" };
            format!("&{mutable}{}<[_]>", adt.name())
        }
        _ => "_".to_string(),
    };
    let holes = (0..header.params.len()).map(hole).collect::<Vec<_>>().join(", ");
    // Of several references, only one is what the primal returns.
    let (star, binder, to) = match header.ret {
        Ret::Ref(_) => ("*", "for<'r> ", "&'r _"),
        _ => ("", "", "_"),
    };
    let all = || header.params.iter().enumerate();
    all().for_each(|(i, param)| text.push_str(&lend(param, i, "a", false)));
    writeln!(text, "    let ret = if direct {{ {star}{call}({args}) }} else {{").unwrap();
    writeln!(
        text,
        "        {star}black_box({call} as {binder}fn({holes}) -> {to})({args})\n    }};"
    )
    .unwrap();
    all().for_each(|(i, param)| text.push_str(&give_back(param, i, "a")));
    text.push_str("    ret\n}\n");
    writeln!(text, "pub fn test() {{").unwrap();
    text.push_str("    let mut test = Test::primal(&SPEC, &mut make(), &mut |x, direct| {\n");
    text.push_str("        let mut a = make();\n        set(&mut a, x);\n");
    text.push_str(
        "        let mut ret = run(direct, &mut a);\n        outcome(&mut a, &mut ret)\n    });\n",
    );
    for (i, mode) in header.modes.iter().enumerate() {
        text.push_str(&derivative(header, i, *mode, &owner));
    }
    text + "}\n"
}

/// Borrows what an argument that holds references refers to, as the variable `v`. Adjoints are written to what a
/// shared reference in a `shadow` refers to.
fn lend(param: &Param, i: usize, of: &str, shadow: bool) -> String {
    fn view(ty: &Ty, place: &str, shadow: bool) -> String {
        let fields = |fields: &[Ty]| -> Vec<String> {
            let all = fields.iter().enumerate();
            all.map(|(i, ty)| view(ty, &format!("{place}.{i}"), shadow)).collect()
        };
        match ty {
            Ty::Borrowed(inner, unique) => {
                let whole = if matches!(**inner, Ty::Slice(..)) { "[..]" } else { "" };
                match (unique, shadow) {
                    (true, _) => format!("&mut {place}{whole}"),
                    (false, true) => format!("unsafe {{ &*(&raw mut {place}{whole}) }}"),
                    (false, false) => format!("&{place}{whole}"),
                }
            }
            Ty::Tuple(of) if ty.borrows() => format!("({},)", fields(of).join(", ")),
            Ty::Adt(adt) if ty.borrows() => adt.with(0, &fields(&adt.variants[0])),
            Ty::Array(inner, n) | Ty::Slice(inner, n) if ty.borrows() => {
                let all: Vec<_> =
                    (0..*n).map(|i| view(inner, &format!("{place}[{i}]"), shadow)).collect();
                format!("[{}]", all.join(", "))
            }
            _ => format!("{place}.clone()"),
        }
    }
    match param.ty.borrows() {
        true => {
            format!("    let mut {of}v{i} = {};\n", view(&param.ty, &format!("{of}.{i}"), shadow))
        }
        false => String::new(),
    }
}

/// Copies back what is no reference in the variable that `lend` made.
fn give_back(param: &Param, i: usize, of: &str) -> String {
    fn copy(ty: &Ty, from: &str, to: &str, text: &mut String) {
        let fields: Vec<(&Ty, String)> = match ty {
            Ty::Tuple(of) => of.iter().enumerate().map(|(i, ty)| (ty, i.to_string())).collect(),
            Ty::Adt(adt) => {
                adt.variants[0].iter().enumerate().map(|(i, ty)| (ty, adt.field(i))).collect()
            }
            _ => vec![],
        };
        for (i, (ty, field)) in fields.iter().enumerate() {
            let (from, to) = (format!("{from}.{field}"), format!("{to}.{i}"));
            match ty.borrows() {
                true => copy(ty, &from, &to, text),
                false => writeln!(text, "    {to} = {from};").unwrap(),
            }
        }
    }
    let mut text = String::new();
    if param.ty.borrows() && param.pass != Pass::Value {
        copy(&param.ty, &format!("{of}v{i}"), &format!("{of}.{i}"), &mut text);
    }
    text
}

/// What the primal, or one of its derivatives, is called with.
fn arguments(header: &Header, mode: Option<Mode>, of: &str) -> Vec<String> {
    let mut all = vec![];
    for (i, param) in header.params.iter().enumerate() {
        let whole = if matches!(param.ty, Ty::Slice(..) | Ty::Str) { "[..]" } else { "" };
        let borrows = param.ty.borrows();
        let separator = if borrows { "v" } else { "." };
        let borrowed = |of: &str, shadow: bool| match (param.pass, shadow) {
            (Pass::Value, _) if borrows => format!("{of}v{i}"),
            (Pass::Value, _) => format!("{of}.{i}.clone()"),
            (Pass::Ref, false) => format!("&{of}{separator}{i}{whole}"),
            (Pass::Ref, true) | (Pass::RefMut, _) => format!("&mut {of}{separator}{i}{whole}"),
            (Pass::ConstPtr, false) => format!("&raw const {of}.{i}"),
            (Pass::ConstPtr, true) | (Pass::MutPtr, _) => format!("&raw mut {of}.{i}"),
        };
        all.push(borrowed(of, false));
        let Some(mode) = mode else { continue };
        if !param.active || (mode.reverse && param.pass == Pass::Value) {
            continue;
        }
        if side_by_side(param, mode) {
            let mutable = if param.pass == Pass::RefMut { "mut " } else { "" };
            all.push(format!("&{mutable}c{i}[..]"));
            continue;
        }
        all.extend((0..mode.width).map(|lane| borrowed(&format!("s{lane}"), mode.reverse)));
    }
    all
}

fn derivative(header: &Header, index: usize, mode: Mode, owner: &str) -> String {
    let mut text = String::from("    {\n        let mut a = make();\n");
    for lane in 0..mode.width {
        writeln!(text, "        let mut s{lane} = make();").unwrap();
    }
    let seeded = mode.reverse && header.ret_active;
    let seed = if seeded { "run(true, &mut make())" } else { "()" };
    writeln!(text, "        let mut seed = {seed};").unwrap();
    let list = |prefix: &str, count: usize| {
        (0..count).map(|lane| format!("&mut {prefix}{lane}")).collect::<Vec<_>>().join(", ")
    };
    let shadows = list("s", mode.width);
    let name = if mode.reverse { "reverse" } else { "forward" };
    writeln!(
        text,
        "        let before = test.before(\"{name} mode, width {}\", {}, &mut [{shadows}], &mut seed);",
        mode.width, mode.reverse
    )
    .unwrap();
    let strided: Vec<_> = (0..header.params.len())
        .filter(|&i| header.params[i].active && side_by_side(&header.params[i], mode))
        .collect();
    for i in &strided {
        let lanes: Vec<_> = (0..mode.width).map(|lane| format!("s{lane}.{i}.clone()")).collect();
        writeln!(text, "        let mut c{i} = [{}].concat();", lanes.join(", ")).unwrap();
    }
    let mut args = arguments(header, Some(mode), "a");
    if seeded {
        args.push("seed".into());
    }
    let mut pieces = vec![];
    let has_ret = header.ret != Ret::Unit;
    let value = has_ret && !(header.ret_active && header.ret_only);
    if value {
        pieces.push("mut v".to_string());
    }
    let tangents = if has_ret && header.ret_active && !mode.reverse { mode.width } else { 0 };
    pieces.extend((0..tangents).map(|lane| format!("mut t{lane}")));
    let mut gradients = vec![];
    if mode.reverse {
        for (i, param) in header.params.iter().enumerate() {
            if param.active && param.pass == Pass::Value {
                pieces.push(format!("g{i}"));
                gradients.push(i);
            }
        }
    }
    let pattern = match (&pieces[..], mode.width > 1 && tangents > 0) {
        ([], _) => "()".to_string(),
        ([one], false) => one.clone(),
        (_, false) => format!("({})", pieces.join(", ")),
        (_, true) => format!("[{}]", pieces.join(", ")),
    };
    let lanes: Vec<_> = (0..mode.width).map(|lane| format!("s{lane}")).collect();
    for (i, param) in header.params.iter().enumerate() {
        text.push_str(&lend(param, i, "a", false));
        lanes.iter().for_each(|lane| text.push_str(&lend(param, i, lane, true)));
    }
    writeln!(text, "        let {pattern} = unsafe {{ {owner}d{index}({}) }};", args.join(", "))
        .unwrap();
    if value && matches!(header.ret, Ret::Ref(_)) {
        text.push_str("        let mut v = *v;\n");
    }
    for (i, param) in header.params.iter().enumerate() {
        text.push_str(&give_back(param, i, "a"));
        lanes.iter().for_each(|lane| text.push_str(&give_back(param, i, lane)));
    }
    for i in gradients {
        writeln!(text, "        s0.{i} = g{i};").unwrap();
    }
    for i in strided {
        for lane in 0..mode.width {
            writeln!(
                text,
                "        let n = a.{i}.len(); s{lane}.{i}.clone_from_slice(&c{i}[{lane} * n..][..n]);"
            )
            .unwrap();
        }
    }
    let ret = if value { "Some(&mut v)" } else { "None" };
    let tangents = list("t", tangents);
    writeln!(
        text,
        "        test.after(before, &mut a, &mut [{shadows}], {ret}, &mut [{tangents}]);\n    }}"
    )
    .unwrap();
    text
}
