"""The programs of `./x.py support-matrix`: of each header in headers.toml, a primal whose derivatives are known.

The primal returns, writes or takes floats with a prime as coefficient each, and squared, so that its value, its
gradient and its tangent follow by arithmetic from the arguments: no number here comes from a derivative. All of
them are integers that every float can hold exactly, f16 included.
"""

import os
import tomllib

from .report import Failure

FILE = "src/tools/support-matrix/headers.toml"
# The sections of FILE, in order, and what the documentation calls them.
SECTIONS = {
    "scalars": "Scalars",
    "by_value": "Aggregates by value",
    "by_reference": "References and outputs",
    "constant": "Const arguments, beside `x: f64`",
    "returns": "Return values, of `x: f64`",
    "functions": "Methods, and functions of other kinds",
}
MODES = ("reverse", "forward", "batched")
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
# The seed of a returned scalar: another than the 1 that Enzyme starts from by itself.
SEED = 3
# What a shadow holds before a gradient is added to it.
BEFORE = 100
# Where functions of one float are differentiated, and along what.
X, TANGENTS = 3, (2, 5)

PROGRAM = """\
#![feature({features})]
#![allow(warnings)]
use std::autodiff::{{autodiff_forward, autodiff_reverse}};
use std::hint::black_box;

/// Ends the program with a status of its own, so that a panic is not taken for a wrong number.
fn same(what: &str, got: f64, want: f64) {{
    if got != want {{
        println!("{{what}}: got {{got:e}}, want {{want:e}}");
        std::process::exit({wrong});
    }}
}}

{items}
{primal}

{checks}

fn main() {{
{calls}
}}
"""
# The status of a program that has found a wrong number.
WRONG = 77


def load(root):
    """{section: [header]}"""
    with open(os.path.join(root, FILE), "rb") as f:
        sections = tomllib.load(f)
    if sections.keys() != SECTIONS.keys():
        raise Failure(f"{FILE} has the sections {', '.join(sections)}, wanted are {', '.join(SECTIONS)}")
    return sections


def program(header, modes):
    """Rust source that differentiates `header` in each of `modes` and compares all numbers."""
    if "constant" in header:
        shape = constant(header)
    elif "writes" in header:
        shape = writes(header)
    elif "returns" in header:
        shape = returns(header)
    elif "returns_constant" in header:
        shape = returns_constant(header)
    elif isinstance(header["takes"], list):
        shape = takes_scalars(header["takes"])
    else:
        shape = takes(header)
    checks = [f"fn {mode}() {{\n{lines(shape[mode])}\n}}" for mode in modes]
    return PROGRAM.format(
        features=", ".join(["autodiff", *header.get("features", [])]), wrong=WRONG, items=header.get("items", ""),
        primal=primal(header, shape, modes), checks="\n\n".join(checks),
        calls=lines(f"{mode}();" for mode in modes))


def primal(header, shape, modes):
    """The function with the attributes that its derivatives in `modes` come from."""
    before, after = (header.get(key, []) for key in ("before", "after"))
    rows = {"reverse": ("reverse(d", shape["active"]), "forward": ("forward(t", shape["dual"]),
            "batched": ("forward(w, 2", shape["dual"])}
    attributes = []
    unchecked = "Unchecked, " if header.get("unchecked") else ""
    for name, (of, result) in (rows[mode] for mode in modes):
        activities = ["Const"] * len(before) + of + ["Const"] * len(after) + ([result] if result else [])
        attributes.append(f"#[autodiff_{name}, {unchecked}{', '.join(activities)})]")
    attributes.append(header.get("attributes", ""))
    params = [f"b{i}: {ty}" for i, (ty, _) in enumerate(before)] + shape["params"] \
        + [f"a{i}: {ty}" for i, (ty, _) in enumerate(after)]
    signature = f"{header.get('abi', '')}fn primal{header.get('generics', '')}({', '.join(params)})" \
        + (f" -> {shape['ret']}" if shape["ret"] else "")
    attributes, body = "\n".join(filter(None, attributes)), lines(shape["body"])
    method, ty = header.get("method"), shape.get("self")
    if method == "impl":
        return f"impl {ty} {{\n{attributes}\n{signature} {{\n{body}\n}}\n}}"
    if method == "trait":
        return f"trait Primal {{\n{attributes}\n{signature};\n}}\n" \
            f"impl Primal for {ty} {{\n{signature} {{\n{body}\n}}\n}}"
    return f"{attributes}\n{signature} {{\n{body}\n}}"


# -- the kinds of headers ---------------------------------------------------------------------------------


def takes(header):
    ty, reads, value = header["takes"], header["reads"], header["value"]
    pointer, ty = split(ty)
    count = len(reads)
    at = [i + 1 for i in range(count)]
    tangents = [[10 * (i + 1) + 1 for i in range(count)], [(-1) ** i * (i + 2) for i in range(count)]]
    result = sum(p * x * x for p, x in zip(PRIMES, at))
    slopes = [2 * p * x for p, x in zip(PRIMES, at)]
    along = [dot(slopes, t) for t in tangents]

    method = "method" in header
    param = f"{pointer or ''}self" if method else f"x: {pointer or ''}{ty}"
    body = ["let x = self;"] if method else []
    body += [f"let v{i} = unsafe {{ {read} }} as f64;" for i, read in enumerate(reads)]
    body.append(" + ".join(f"{p}.0 * v{i} * v{i}" for i, p in zip(range(count), PRIMES)))

    def call(name, *args):
        args = [*(v for _, v in header.get("before", [])), *args]
        if method:
            return f"{args[0]}.{name}({', '.join(args[1:])})"
        return f"unsafe {{ {name}({', '.join(args)}) }}"

    # A method call takes the reference by itself.
    own, shadow = ("" if method else address(pointer, False)), address(pointer, True)
    after = [v for _, v in header.get("after", [])]
    shape = {"params": [param], "ret": "f64", "body": body, "self": ty, "dual": (["Dual"], "Dual")}
    if pointer:
        shape["active"] = (["Duplicated"], "Active")
        # What is behind a `&` is read, not written.
        untouched = [f"{{ let x = &x; {same(read + ' afterwards', f'{read} as f64', x)} }}"
                     for read, x in zip(reads, at)] if pointer == "&" else []
        shape["reverse"] = [
            f"let mut x = black_box({fill(value, at)});", f"let mut dx = {fill(value, [BEFORE] * count)};",
            f"let value = {call('d', own + 'x', shadow + 'dx', *after, f'{SEED}.0')};", same("value", "value", result),
            *untouched, f"let x = {address(pointer, False)}dx;",
            *(same(read, f"unsafe {{ {read} }} as f64", BEFORE + SEED * s) for read, s in zip(reads, slopes))]
        # A tangent is as mutable as what it belongs to.
        tangent, mutable = address(pointer, False), pointer.endswith("mut ")
    else:
        shape["active"] = (["Active"], "Active")
        shape["reverse"] = [
            f"let x = black_box({fill(value, at)});",
            f"let (value, x) = {call('d', 'x', *after, f'{SEED}.0')};", same("value", "value", result),
            *(same(read, f"unsafe {{ {read} }} as f64", SEED * s) for read, s in zip(reads, slopes))]
        tangent, mutable = "", False
    made = [f"let {'mut ' * mutable}{name} = {fill(value, t)};" for name, t in zip(("dx", "ex"), tangents)]
    start = f"let {'mut ' * mutable}x = black_box({fill(value, at)});"
    shape["forward"] = [
        start, made[0], f"let (value, along) = {call('t', own + 'x', tangent + 'dx', *after)};",
        same("value", "value", result), same("tangent", "along", along[0])]
    shape["batched"] = [
        start, *made, f"let [value, one, two] = {call('w', own + 'x', tangent + 'dx', tangent + 'ex', *after)};",
        same("value", "value", result), same("first tangent", "one", along[0]),
        same("second tangent", "two", along[1])]
    return shape


def takes_scalars(types):
    count = len(types)
    names = [f"x{i}" for i in range(count)]
    result, slopes = sum(p * (i + 1) ** 2 for i, p in zip(range(count), PRIMES)), \
        [2 * p * (i + 1) for i, p in zip(range(count), PRIMES)]
    one, two = [i + 1 for i in range(count)], [(-1) ** i * (i + 2) for i in range(count)]

    def arguments(*tangents):
        return ", ".join(f"{i + 1}.0" + "".join(f", {t[i]}.0" for t in tangents) for i in range(count))

    return {
        "params": [f"{n}: {ty}" for n, ty in zip(names, types)], "ret": "f64",
        "body": [" + ".join(f"{p}.0 * {n} as f64 * {n} as f64" for n, p in zip(names, PRIMES))],
        "active": (["Active"] * count, "Active"), "dual": (["Dual"] * count, "Dual"),
        "reverse": [f"let (value, {', '.join(names)}) = d({arguments()}, {SEED}.0);", same("value", "value", result),
                    *(same(n, f"{n} as f64", SEED * s) for n, s in zip(names, slopes))],
        "forward": [f"let (value, along) = t({arguments(one)});", same("value", "value", result),
                    same("tangent", "along", dot(slopes, one))],
        "batched": [f"let [value, one, two] = w({arguments(one, two)});", same("value", "value", result),
                    same("first tangent", "one", dot(slopes, one)),
                    same("second tangent", "two", dot(slopes, two))],
    }


def writes(header):
    pointer, ty = split(header["writes"])
    reads, value, floats = header["reads"], header["value"], header.get("floats")
    count, to = len(reads), address(pointer, True)
    floats = floats or ["f64"] * count
    seeds = [i + 2 for i in range(count)]
    zeros, result, slopes = [0] * count, [p * X * X for p in PRIMES[:count]], [2 * p * X for p in PRIMES[:count]]

    def leaves(name, wants):
        return [f"let y = {to}{name};",
                *(same(f"{name}: {read}", f"unsafe {{ {read} }} as f64", want) for read, want in zip(reads, wants))]

    made = [f"let mut {name} = {fill(value, zeros)};" for name in ("out", "dout", "eout")]
    return {
        "params": ["x: f64", f"y: {pointer}{ty}"], "ret": None,
        "body": [f"unsafe {{ {read} = ({p}.0 * x * x) as {ty} }};" for read, p, ty in zip(reads, PRIMES, floats)],
        "active": (["Active", "Duplicated"], None), "dual": (["Dual", "Dual"], None),
        "reverse": [made[0], f"let mut dout = {fill(value, seeds)};",
                    f"let dx = unsafe {{ d({X}.0, {to}out, {to}dout) }};",
                    same("gradient", "dx", dot(slopes, seeds)), *leaves("out", result),
                    *leaves("dout", zeros)],
        "forward": [*made[:2], f"unsafe {{ t({X}.0, {TANGENTS[0]}.0, {to}out, {to}dout) }};", *leaves("out", result),
                    *leaves("dout", [TANGENTS[0] * s for s in slopes])],
        "batched": [*made,
                    f"unsafe {{ w({X}.0, {TANGENTS[0]}.0, {TANGENTS[1]}.0, {to}out, {to}dout, {to}eout) }};",
                    *leaves("out", result), *leaves("dout", [TANGENTS[0] * s for s in slopes]),
                    *leaves("eout", [TANGENTS[1] * s for s in slopes])],
    }


def returns(header):
    reads, value = header["reads"], header["value"]
    count = len(reads)
    floats = header.get("floats", ["f64"] * count)
    seeds = [i + 2 for i in range(count)]
    result, slopes = [p * X * X for p in PRIMES[:count]], [2 * p * X for p in PRIMES[:count]]

    def leaves(name, wants):
        return [same(f"{name}: {read}", f"{{ let y = &{name}; {read} as f64 }}", want)
                for read, want in zip(reads, wants)]

    tangents = [[t * s for s in slopes] for t in TANGENTS]
    return {
        "params": ["x: f64"], "ret": header["returns"],
        "body": [fill(value, [f"({p}.0 * x * x) as {ty}" for p, ty in zip(PRIMES, floats)])],
        "active": (["Active"], "Active"), "dual": (["Dual"], "Dual"),
        "reverse": [f"let (y, dx) = d({X}.0, {fill(value, seeds)});",
                    same("gradient", "dx", dot(slopes, seeds)), *leaves("y", result)],
        "forward": [f"let (y, dy) = t({X}.0, {TANGENTS[0]}.0);", *leaves("y", result),
                    *leaves("dy", tangents[0])],
        "batched": [f"let y = w({X}.0, {TANGENTS[0]}.0, {TANGENTS[1]}.0);", *leaves("y[0]", result),
                    *leaves("y[1]", tangents[0]), *leaves("y[2]", tangents[1])],
    }


def returns_constant(header):
    reads, want = header["reads"], header["is"]
    result, slope = 2 * X * X, 4 * X
    checks = [same("out", "out", result), *(same(read, f"{read} as f64", want) for read in reads)]
    return {
        "params": ["x: &f64", "out: &mut f64"], "ret": header["returns_constant"],
        "body": ["*out = 2.0 * x * x;", header["value"]],
        "active": (["Duplicated", "Duplicated"], "Const"), "dual": (["Dual", "Dual"], "Const"),
        "reverse": [f"let (mut dx, mut out, mut dout) = ({BEFORE}.0, 0.0, {SEED}.0);",
                    f"let y = d(&{X}.0, &mut dx, &mut out, &mut dout);",
                    same("gradient", "dx", BEFORE + SEED * slope), *checks],
        "forward": ["let (mut out, mut dout) = (0.0, 0.0);",
                    f"let y = t(&{X}.0, &{TANGENTS[0]}.0, &mut out, &mut dout);",
                    same("tangent", "dout", TANGENTS[0] * slope), *checks],
        "batched": ["let (mut out, mut dout, mut eout) = (0.0, 0.0, 0.0);",
                    f"let y = w(&{X}.0, &{TANGENTS[0]}.0, &{TANGENTS[1]}.0, &mut out, &mut dout, &mut eout);",
                    same("first tangent", "dout", TANGENTS[0] * slope),
                    same("second tangent", "eout", TANGENTS[1] * slope), *checks],
    }


def constant(header):
    if "number" in header:
        body, value, slope = f"{header['number']} as f64 * x * x", header["is"] * X * X, 2 * header["is"] * X
    else:
        body, (value, slope) = header["body"], header["gives"]
    passed = f"black_box({header['value']})"
    return {
        "params": [f"c: {header['constant']}", "x: f64"], "ret": "f64", "body": [body],
        "active": (["Const", "Active"], "Active"), "dual": (["Const", "Dual"], "Dual"),
        "reverse": [f"let (value, dx) = d({passed}, {X}.0, {SEED}.0);", same("value", "value", value),
                    same("gradient", "dx", SEED * slope)],
        "forward": [f"let (value, dx) = t({passed}, {X}.0, {TANGENTS[0]}.0);", same("value", "value", value),
                    same("tangent", "dx", TANGENTS[0] * slope)],
        "batched": [f"let [value, dx, ex] = w({passed}, {X}.0, {TANGENTS[0]}.0, {TANGENTS[1]}.0);",
                    same("value", "value", value), same("first tangent", "dx", TANGENTS[0] * slope),
                    same("second tangent", "ex", TANGENTS[1] * slope)],
    }


# -- Rust -------------------------------------------------------------------------------------------------


def same(what, got, want):
    return f'same("{what}", {got}, {want}.0);'


def fill(value, floats):
    """`value` with each `{}` replaced by a float, or by an expression."""
    parts = value.split("{}")
    if len(parts) != len(floats) + 1:
        raise Failure(f"{FILE}: {value} has {len(parts) - 1} floats, {len(floats)} are wanted")
    texts = [f"{x}.0" if isinstance(x, int) else x for x in floats]
    return "".join(map(str.__add__, parts, [*texts, ""]))


def split(ty):
    """(what makes it a pointer, what it points to)"""
    for pointer in ("&mut ", "*const ", "*mut ", "&"):
        if ty.startswith(pointer):
            return pointer, ty.removeprefix(pointer)
    return None, ty


def address(pointer, mutable):
    """The operator that makes a pointer like `pointer`, or its mutable shadow."""
    if pointer is None:
        return ""
    if pointer.startswith("*"):
        return "&raw mut " if mutable or pointer == "*mut " else "&raw const "
    return "&mut " if mutable or pointer == "&mut " else "&"


def lines(parts):
    return "\n".join(f"    {part}" for part in parts)


def dot(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))
