//! A primal as source text, with what stands above it.

use std::fmt::Write as _;

use crate::model::{
    FUNCTIONS, FloatLeaf, Formula, Header, Leaves, Loop, Mode, Outlined, Param, Pass, Ret, Write,
    matched,
};
use crate::moved;
use crate::types::{Float, Ty};

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
    if header.params.iter().any(|param| is_unchecked(param, mode)) {
        all.insert(0, "Unchecked".to_string());
    }
    if mode.width > 1 {
        all.insert(0, mode.width.to_string());
    }
    all.iter().map(|activity| format!(", {activity}")).collect()
}

/// Whether the type of a shadow does not say all that there is to check.
fn is_unchecked(param: &Param, mode: Mode) -> bool {
    let is_raw = matches!(param.pass, Pass::ConstPtr | Pass::MutPtr);
    let is_opaque = param.ty.any(&|ty| match ty {
        Ty::Borrowed(ty, false) => mode.reverse && ty.has_float(),
        Ty::Adt(adt) if adt.is_union => adt.variants.iter().flatten().any(|ty| !ty.is_copy()),
        _ => false,
    });
    let is_together = side_by_side(param, mode) && !param.ty.children()[0].is_copy();
    let has_shadow = param.active && !(mode.reverse && param.pass == Pass::Value);
    has_shadow && (is_raw || is_opaque || is_together)
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

pub fn side_by_side(param: &Param, mode: Mode) -> bool {
    param.side_by_side && !mode.reverse && matches!(param.ty, Ty::Slice(..)) && !param.ty.borrows()
}

/// The header as it stands in the source.
pub fn signature(header: &Header) -> String {
    signature_of(header, "f")
}

fn signature_of(header: &Header, function: &str) -> String {
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
    format!("fn {function}{parameters}({}){ret}", params.join(", "))
}

pub fn primal(header: &Header, leaves: &Leaves, formula: &Formula) -> String {
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
    if header.outlined == Some(Outlined::Whole) {
        // What it hands on and gets back then goes by the ordinary ABI.
        let (own, first) = if header.receiver { ("self.", 1) } else { ("", 0) };
        let names: Vec<_> = (first..header.params.len()).map(|i| header.name(i)).collect();
        writeln!(text, "    {own}outlined({})\n}}", names.join(", ")).unwrap();
        writeln!(text, "#[inline(never)]\n{} {{", signature_of(header, "outlined")).unwrap();
    }
    // A field of a union is read there, too.
    let union = |p: &Param| p.ty.any(&|ty| matches!(ty, Ty::Adt(adt) if adt.is_union));
    let raw =
        header.params.iter().any(|p| matches!(p.pass, Pass::ConstPtr | Pass::MutPtr) || union(p));
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
    let mut reads = leaves.floats.clone();
    for (i, kind) in header.params.iter().enumerate().filter_map(|(i, p)| Some((i, p.walked?))) {
        let mut own = (0..reads.len()).filter(|&leaf| reads[leaf].param == i).collect::<Vec<_>>();
        own.retain(|_| header.params[i].write != Write::Out);
        if own.iter().any(|&leaf| used(leaf)) {
            match &header.params[i].moved {
                Some(moved) => text.push_str(&moved::walk(header, i, moved, own.len())),
                None => text.push_str(&walk(header, i, kind, own.len())),
            }
            for (n, leaf) in own.into_iter().enumerate() {
                let (heads, place) = (vec![], format!("w{i}[{n}]"));
                let (float, generic, fixed) = (Float::F64, false, false);
                reads[leaf] = FloatLeaf { param: i, float, generic, heads, place, fixed };
            }
        }
    }
    for (i, leaf) in reads.iter().enumerate().filter(|&(i, _)| used(i)) {
        writeln!(text, "    let u{i} = {};", through(leaf, formula.g[i])).unwrap();
    }
    let list = |of: Vec<String>| format!("[{}]", of.join(", "));
    let outlined = header.outlined == Some(Outlined::Formula);
    let results: Vec<_> = (0..formula.outputs.len())
        .filter(|&n| formula.outputs[n].ret.is_none() || !matches!(header.ret, Ret::Ref(_)))
        .map(|n| format!("r{n}"))
        .collect();
    let (us, ks) = (
        list((0..reads.len()).filter(|&i| used(i)).map(|i| format!("u{i}")).collect()),
        list((0..leaves.ints.len()).map(|n| format!("k{n}")).collect()),
    );
    if outlined {
        let (u, k, r) =
            ((0..reads.len()).filter(|&i| used(i)).count(), leaves.ints.len(), results.len());
        writeln!(text, "    #[inline(never)]").unwrap();
        writeln!(text, "    fn formula({us}: [f64; {u}], {ks}: [f64; {k}]) -> [f64; {r}] {{")
            .unwrap();
    }
    let mut dead = leaves.dead.iter();
    let mut unread = String::new();
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
        let read: Vec<_> =
            dead.by_ref().map(|expression| format!("7.0 * ({expression})")).collect();
        match outlined {
            true if read.is_empty() => {}
            true => unread = format!("    let r{n} = r{n} + {};\n", read.join(" + ")),
            false => sum.extend(read),
        }
        if sum.is_empty() {
            sum.push("0.0".into());
        }
        writeln!(text, "    let r{n}: f64 = {};", sum.join(" + ")).unwrap();
    }
    if outlined {
        let results = list(results);
        writeln!(text, "    {results}\n    }}\n    let {results} = formula({us}, {ks});").unwrap();
        text.push_str(&unread);
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

/// Copies what is in an argument's elements into the array `w`.
fn walk(header: &Header, param: usize, kind: Loop, count: usize) -> String {
    let (place, leaves) = (header.place(param), header.element(param));
    let each = leaves.len();
    let mut text = format!("    let mut w{param} = [0.0f64; {count}];\n");
    let to = if kind == Loop::Zip { "w[".into() } else { format!("w{param}[{each} * j + ") };
    let (head, end) = match kind {
        Loop::Iter => (format!("for (j, e) in {place}.iter().enumerate() {{"), "}"),
        Loop::Backwards => (format!("for (j, e) in {place}.iter().enumerate().rev() {{"), "}"),
        Loop::Index => (format!("for j in 0..{place}.len() {{ let e = &{place}[j];"), "}"),
        Loop::Chunks => {
            let head = format!("for (c, chunk) in {place}.chunks(2).enumerate() {{");
            (head + " for (l, e) in chunk.iter().enumerate() { let j = 2 * c + l;", "} }")
        }
        Loop::Zip => {
            let to = format!("w{param}.chunks_exact_mut({each})");
            (format!("for (e, w) in {place}.iter().zip({to}) {{"), "}")
        }
    };
    writeln!(text, "    {head}").unwrap();
    for (n, leaf) in leaves.iter().enumerate() {
        writeln!(text, "        {to}{n}] = {};", as_f64(leaf)).unwrap();
    }
    text + &format!("    {end}\n")
}

/// A float as it is read.
pub fn as_f64(leaf: &FloatLeaf) -> String {
    match leaf.generic {
        true => matched(&leaf.heads, format!("{}.to()", leaf.place), "0.0"),
        false => matched(&leaf.heads, format!("{} as f64", leaf.place), "0.0"),
    }
}

fn rounded(float: Float, generic: bool, value: &str) -> String {
    match (generic, float) {
        (true, _) => format!("T::of({value})"),
        (false, Float::F64) => value.into(),
        (false, float) => format!("({value} as {})", float.name()),
    }
}

/// A float of the arguments after its function.
fn through(leaf: &FloatLeaf, (function, own): (usize, bool)) -> String {
    let value = match leaf.generic {
        true => matched(&leaf.heads, format!("{}.to()", leaf.place), "0.0"),
        false => matched(&leaf.heads, leaf.place.clone(), "0.0"),
    };
    let own = leaf.generic || leaf.float == Float::F64 || (own && leaf.float == Float::F32);
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
pub fn build(
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
        Ty::Str | Ty::Text => {
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
        Ty::Large(ty, _) => {
            let values: Vec<_> = (0..3).map(|_| build(ty, float, ints, condition)).collect();
            format!("Large::new([{}])", values.join(", "))
        }
        Ty::Boxed(ty) if matches!(**ty, Ty::Slice(..)) => {
            format!("{}.into_boxed_slice()", build(ty, float, ints, condition))
        }
        Ty::Boxed(ty) => format!("Box::new({})", build(ty, float, ints, condition)),
        Ty::Borrowed(..) => unreachable!("a reference to a value that is not kept"),
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
        Ty::Adt(adt) if adt.is_union => {
            let value = build(&adt.variants[adt.live][0], float, ints, condition);
            format!("{} {{ f{}: {value} }}", adt.name(), adt.live)
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
