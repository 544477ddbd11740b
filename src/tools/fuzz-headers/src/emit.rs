//! A header as source text: definitions, the primal, its derivatives, and their checks.

use std::fmt::Write as _;

use crate::model::{
    FUNCTIONS, FloatLeaf, Formula, Header, Leaves, Mode, Param, Pass, Ret, matched,
};
use crate::types::{Float, Ty};

/// What programs check with.
pub const CHECK: &str = concat!(include_str!("leaves.rs"), include_str!("check.rs"));

const HEAD: &str = "\
#![feature(autodiff, portable_simd)]
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
    text.push_str("use std::num::NonZero;\nuse std::simd::Simd;\n");
    text.push_str("use super::check::{Act, G, Leaf, Leaves, Num, Output, Place, Spec, Test, outcome, set};\n\n");
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

// -- the primal ----------------------------------------------------------------------------------------

fn activities(header: &Header, mode: Mode) -> String {
    let mut all: Vec<_> =
        header.params.iter().map(|param| activity(param, mode).to_string()).collect();
    let ret = match (mode.reverse, header.ret_active, header.ret_only) {
        (_, false, _) => "Const",
        (true, _, false) => "Active",
        (true, _, true) => "ActiveOnly",
        (false, _, false) => "Dual",
        (false, _, true) => "DualOnly",
    };
    if header.ret != Ret::Unit {
        all.push(ret.to_string());
    }
    if mode.width > 1 {
        all.insert(0, mode.width.to_string());
    }
    all.iter().map(|activity| format!(", {activity}")).collect()
}

fn activity(param: &Param, mode: Mode) -> &'static str {
    match (param.active, mode.reverse, param.pass) {
        (false, ..) => "Const",
        (_, true, Pass::Value) => "Active",
        (_, true, _) => {
            if param.only {
                "DuplicatedOnly"
            } else {
                "Duplicated"
            }
        }
        (_, false, _) => match (side_by_side(param, mode), param.only) {
            (false, false) => "Dual",
            (false, true) => "DualOnly",
            (true, false) => "Dualv",
            (true, true) => "DualvOnly",
        },
    }
}

fn side_by_side(param: &Param, mode: Mode) -> bool {
    param.side_by_side && !mode.reverse && matches!(param.ty, Ty::Slice(..))
}

/// The header as it stands in the source.
pub fn signature(header: &Header) -> String {
    let lifetime = if matches!(header.ret, Ret::Ref(_)) { Some("'a") } else { None };
    let mut parameters: Vec<String> = lifetime.iter().map(|name| name.to_string()).collect();
    if header.generic().is_some() {
        parameters.push("T: Num".into());
    }
    if header.params.iter().any(|param| matches!(param.ty, Ty::ConstArray(..))) {
        parameters.push("const N: usize".into());
    }
    let parameters =
        if parameters.is_empty() { String::new() } else { format!("<{}>", parameters.join(", ")) };
    let mut params = vec![];
    for (i, param) in header.params.iter().enumerate() {
        let lifetime = match header.ret {
            Ret::Ref(at) if at == i => "'a ",
            _ => "",
        };
        let inside = if i == 0 { header.impl_generic() } else { None };
        let ty = param.ty.name(inside);
        let (prefix, own) = match param.pass {
            Pass::Value => (String::new(), String::new()),
            Pass::Ref => (format!("&{lifetime}"), format!("&{lifetime}")),
            Pass::RefMut => (format!("&{lifetime}mut "), format!("&{lifetime}mut ")),
            Pass::ConstPtr => ("*const ".into(), String::new()),
            Pass::MutPtr => ("*mut ".into(), String::new()),
        };
        params.push(match header.receiver && i == 0 {
            true => format!("{own}self"),
            false => format!("p{i}: {prefix}{ty}"),
        });
    }
    let ret = match &header.ret {
        Ret::Unit => String::new(),
        Ret::Value(ty) => format!(" -> {}", ty.name(None)),
        Ret::Ref(param) => {
            let leaves = header.leaves();
            let leaf = leaves.floats.iter().find(|leaf| leaf.param == *param).unwrap();
            format!(" -> &'a {}", if leaf.generic { "T" } else { leaf.float.name() })
        }
    };
    format!("fn f{parameters}({}){ret}", params.join(", "))
}

fn primal(header: &Header, leaves: &Leaves, formula: &Formula) -> String {
    let mut text = String::new();
    if let (true, Ty::Adt(adt)) =
        (header.receiver, &header.params.first().map_or(&Ty::Unit, |p| &p.ty))
    {
        let generic = if adt.generic.is_some() { ("<T: Num>", "<T>") } else { ("", "") };
        writeln!(text, "impl{} {}{} {{", generic.0, adt.name(), generic.1).unwrap();
    }
    for (i, mode) in header.modes.iter().enumerate() {
        let name = if mode.reverse { "reverse" } else { "forward" };
        writeln!(text, "#[autodiff_{name}(d{i}{})]", activities(header, *mode)).unwrap();
    }
    writeln!(text, "{} {{", signature(header)).unwrap();
    let raw = header.params.iter().any(|p| matches!(p.pass, Pass::ConstPtr | Pass::MutPtr));
    if raw {
        text.push_str("unsafe {\n");
    }
    for (n, int) in leaves.ints.iter().enumerate() {
        writeln!(text, "    let k{n} = {int};").unwrap();
    }
    let used = |i: usize| {
        let outputs = formula.outputs.iter();
        outputs.filter(|output| output.arg.is_some() || !matches!(header.ret, Ret::Ref(_))).any(
            |output| {
                output.terms.iter().any(|&(_, j)| i == j)
                    || output.pairs.iter().any(|&(_, j, k)| i == j || i == k)
            },
        )
    };
    for (i, leaf) in leaves.floats.iter().enumerate().filter(|&(i, _)| used(i)) {
        writeln!(text, "    let u{i} = {};", through(leaf, formula.g[i])).unwrap();
    }
    let mut dead = leaves.dead.iter();
    for (n, output) in formula.outputs.iter().enumerate() {
        if output.ret.is_some() && matches!(header.ret, Ret::Ref(_)) {
            continue;
        }
        let mut sum: Vec<String> = vec![];
        for &(w, i) in &output.terms {
            let by = formula.by[i].map_or(String::new(), |k| format!(" * k{k}"));
            sum.push(format!("{w}.0{by} * u{i}"));
        }
        sum.extend(output.pairs.iter().map(|(w, i, j)| format!("{w}.0 * u{i} * u{j}")));
        sum.extend(output.constants.iter().map(|(w, k)| format!("{w}.0 * k{k}")));
        sum.extend(dead.by_ref().map(|expression| format!("7.0 * ({expression})")));
        if sum.is_empty() {
            sum.push("0.0".into());
        }
        writeln!(text, "    let r{n}: f64 = {};", sum.join(" + ")).unwrap();
    }
    for (n, output) in formula.outputs.iter().enumerate() {
        if let Some(arg) = output.arg {
            let leaf = &leaves.floats[arg];
            let value = rounded(leaf.float, leaf.generic, &format!("r{n}"));
            let mut statement = format!("{} = {value};", leaf.place);
            for (base, pattern) in leaf.heads.iter().rev() {
                statement = format!("if let {pattern} = &mut {base} {{ {statement} }}");
            }
            writeln!(text, "    {statement}").unwrap();
        }
    }
    match &header.ret {
        Ret::Unit => {}
        Ret::Value(ty) => {
            let mut numbers = formula.outputs.iter().enumerate().filter(|(_, o)| o.ret.is_some());
            let mut float = |float: Float, generic: bool| {
                rounded(float, generic, &format!("r{}", numbers.next().unwrap().0))
            };
            // Which variant is returned, the program finds out.
            let condition = (!leaves.ints.is_empty()).then_some("k0 > -1e40");
            writeln!(text, "    {}", build(ty, &mut float, &mut 0, condition)).unwrap();
        }
        Ret::Ref(param) => {
            let leaf = leaves.floats.iter().find(|leaf| leaf.param == *param).unwrap();
            writeln!(text, "    &{}", leaf.place).unwrap();
        }
    }
    if raw {
        text.push_str("}\n");
    }
    text.push_str("}\n");
    text + if header.receiver { "}\n" } else { "" }
}

fn rounded(float: Float, generic: bool, value: &str) -> String {
    match (generic, float) {
        (true, _) => format!("T::of({value})"),
        (false, Float::F32) => format!("({value} as f32)"),
        (false, Float::F64) => value.into(),
    }
}

/// A float of the arguments after its function.
fn through(leaf: &FloatLeaf, (function, own): (usize, bool)) -> String {
    let value = match leaf.generic {
        true => matched(&leaf.heads, format!("{}.to()", leaf.place), "0.0"),
        false => matched(&leaf.heads, leaf.place.clone(), "0.0"),
    };
    let own = own || leaf.generic || leaf.float == Float::F64;
    let value = match own {
        true => format!("{{ {value} }}"),
        false => format!("({{ {value} }} as f64)"),
    };
    let text = match FUNCTIONS[function] {
        "Same" => value,
        "Sin" => format!("{value}.sin()"),
        "Square" => format!("{{ let x = {value}; x * x }}"),
        "Rational" => format!("{{ let x = {value}; x / (1.0 + x * x) }}"),
        "Exp" => format!("(0.5 * {value}).exp()"),
        _ => format!("{{ let x = {value}; (1.0 + x * x).sqrt() }}"),
    };
    let text = if text.starts_with('{') { format!("({text})") } else { text };
    match own && !leaf.generic && leaf.float == Float::F32 {
        true => format!("{text} as f64"),
        false => text,
    }
}

/// A value as an expression. Which variant it is, a `condition` decides that holds whenever it is asked.
fn build(
    of: &Ty,
    float: &mut dyn FnMut(Float, bool) -> String,
    ints: &mut usize,
    condition: Option<&str>,
) -> String {
    let mut zero = |_: Float, generic: bool| if generic { "T::of(0.0)" } else { "0.0" }.to_string();
    let either = |value: String, other: String| match condition {
        Some(condition) => format!("if {condition} {{ {value} }} else {{ {other} }}"),
        None => value,
    };
    match of {
        Ty::Float(kind) => float(*kind, false),
        Ty::Param(kind) => float(*kind, true),
        Ty::Simd(kind, n) => {
            let values: Vec<_> = (0..*n).map(|_| float(*kind, false)).collect();
            format!("Simd::from_array([{}])", values.join(", "))
        }
        Ty::Int(name) => {
            *ints += 1;
            let n = 2 + *ints * 5 % 7;
            match *name {
                "bool" => (n % 2 == 0).to_string(),
                "char" => format!("'{}'", (b'a' + n as u8) as char),
                _ if name.starts_with("NonZero") => format!("NonZero::new({n}).unwrap()"),
                _ if name.starts_with('i') && n % 2 == 0 => format!("-{n}"),
                _ => n.to_string(),
            }
        }
        Ty::Str => {
            *ints += 1;
            format!("\"{}\".to_string()", "x".repeat(2 + *ints % 3))
        }
        Ty::Unit => "()".into(),
        Ty::Phantom => "PhantomData".into(),
        Ty::Tuple(fields) => {
            let values: Vec<_> =
                fields.iter().map(|ty| build(ty, float, ints, condition) + ", ").collect();
            format!("({})", values.concat())
        }
        Ty::Array(ty, n) | Ty::ConstArray(ty, n) | Ty::Vec(ty, n) | Ty::Slice(ty, n) => {
            let values: Vec<_> = (0..*n).map(|_| build(ty, float, ints, condition)).collect();
            let vec = if matches!(of, Ty::Vec(..) | Ty::Slice(..)) { "vec!" } else { "" };
            format!("{vec}[{}]", values.join(", "))
        }
        Ty::Boxed(ty) => format!("Box::new({})", build(ty, float, ints, condition)),
        Ty::Option(ty, true) => {
            either(format!("Some({})", build(ty, float, ints, condition)), "None".into())
        }
        Ty::Option(ty, false) => {
            either("None".into(), format!("Some({})", build(ty, &mut zero, ints, None)))
        }
        Ty::Result(ok, err, is_ok) => {
            let (live, dead) =
                if *is_ok { (("Ok", ok), ("Err", err)) } else { (("Err", err), ("Ok", ok)) };
            either(
                format!("{}({})", live.0, build(live.1, float, ints, condition)),
                format!("{}({})", dead.0, build(dead.1, &mut zero, ints, None)),
            )
        }
        Ty::Adt(adt) => {
            let mut variant = |variant: usize, float: &mut dyn FnMut(Float, bool) -> String| {
                let fields = adt.variants[variant].iter();
                let values: Vec<_> = fields.map(|ty| build(ty, float, ints, condition)).collect();
                adt.with(variant, &values)
            };
            let live = variant(adt.live, float);
            if adt.variants.len() == 1 {
                return live;
            }
            either(live, variant((adt.live + 1) % adt.variants.len(), &mut zero))
        }
    }
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
    let f32s = |ty: &Ty| {
        ty.any(&|ty| {
            matches!(ty, Ty::Float(Float::F32) | Ty::Param(Float::F32) | Ty::Simd(Float::F32, _))
        })
    };
    let single = header.params.iter().any(|param| f32s(&param.ty))
        || matches!(&header.ret, Ret::Value(ty) if f32s(ty));
    writeln!(text, "static SPEC: Spec = Spec {{\n    single: {single},").unwrap();
    let list = |of: Vec<String>| format!("&[{}]", of.join(", "));
    let g = formula.g.iter().map(|(g, _)| format!("G::{}", FUNCTIONS[*g])).collect();
    writeln!(text, "    g: {},", list(g)).unwrap();
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
        let ty = param.ty.concrete();
        let name = match &ty {
            Ty::Slice(element, _) => format!("Vec<{}>", element.name(None)),
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
    let hole = |i| if header.ret == Ret::Ref(i) { "&_" } else { "_" };
    let holes = (0..header.params.len()).map(hole).collect::<Vec<_>>().join(", ");
    let (star, to) = if matches!(header.ret, Ret::Ref(_)) { ("*", "&_") } else { ("", "_") };
    writeln!(text, "    if direct {{ {star}{call}({args}) }} else {{").unwrap();
    writeln!(text, "        {star}black_box({call} as fn({holes}) -> {to})({args})\n    }}\n}}")
        .unwrap();
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

/// What the primal, or one of its derivatives, is called with.
fn arguments(header: &Header, mode: Option<Mode>, of: &str) -> Vec<String> {
    let mut all = vec![];
    for (i, param) in header.params.iter().enumerate() {
        let whole = if matches!(param.ty, Ty::Slice(..) | Ty::Str) { "[..]" } else { "" };
        let borrowed = |of: &str, shadow: bool| match (param.pass, shadow) {
            (Pass::Value, _) => format!("{of}.{i}.clone()"),
            (Pass::Ref, false) => format!("&{of}.{i}{whole}"),
            (Pass::Ref, true) | (Pass::RefMut, _) => format!("&mut {of}.{i}{whole}"),
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
    writeln!(text, "        let {pattern} = unsafe {{ {owner}d{index}({}) }};", args.join(", "))
        .unwrap();
    if value && matches!(header.ret, Ret::Ref(_)) {
        text.push_str("        let mut v = *v;\n");
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
