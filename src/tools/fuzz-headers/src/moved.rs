//! What a primal does with copies of an argument's elements before it reads them: they are put into a container,
//! which grows, and moved around in it. An element has its number beside it, which says where its floats belong, so
//! that the formula remains what it is.

use std::fmt::Write as _;

use crate::model::{Change, FloatLeaf, Header, Make, Moved, Number};
use crate::primal::as_f64;

/// Copies what is in an argument's elements into the array `w`, by way of the container `c`.
pub fn walk(header: &Header, param: usize, moved: &Moved, count: usize) -> String {
    let (place, leaves) = (header.place(param), header.element(param));
    let each = leaves.len();
    let mut text = format!("    let mut w{param} = [0.0f64; {count}];\n");
    let c = format!("c{param}");
    let numbered = |number: &str, element: &str| match moved.number {
        Number::Before(ty) => format!("({number} as {ty}, {element})"),
        Number::Behind(ty) => format!("({element}, {number} as {ty})"),
    };
    let (element, number) = match moved.number {
        Number::Before(_) => ("1", "0"),
        Number::Behind(_) => ("0", "1"),
    };
    let all = format!("{place}.iter().enumerate()");
    let item = numbered("j", "e.clone()");
    let make = match moved.make {
        Make::Collect => format!("let mut {c}: Vec<_> = {all}.map(|(j, e)| {item}).collect();"),
        Make::Push => {
            format!("let mut {c} = Vec::new(); for (j, e) in {all} {{ {c}.push({item}); }}")
        }
        Make::Extend => format!(
            "let mut {c} = Vec::with_capacity(1); {c}.extend({all}.rev().map(|(j, e)| {item}));"
        ),
        Make::InsertMiddle => {
            format!("let mut {c} = vec![]; for (j, e) in {all} {{ {c}.insert(j / 2, {item}); }}")
        }
        Make::Queue => format!(
            "let mut {c} = VecDeque::new(); for (j, e) in {all} {{ let e = {item}; \
             if j % 2 == 0 {{ {c}.push_back(e) }} else {{ {c}.push_front(e) }} }} let mut {c} = Vec::from({c});"
        ),
        Make::Map => format!(
            "let mut {c} = BTreeMap::new(); for (j, e) in {all} {{ {c}.insert(j * 5 % 11, {item}); }} \
             let mut {c}: Vec<_> = {c}.into_values().collect();"
        ),
        Make::Boxes => format!(
            "let {c}: Vec<_> = {all}.map(|(j, e)| Box::new({item})).collect(); \
             let mut {c}: Vec<_> = {c}.into_iter().map(|e| *e).collect();"
        ),
    };
    writeln!(text, "    {make}").unwrap();
    for change in &moved.changes {
        writeln!(text, "    {}", changed(*change, &c, leaves.first(), element, number)).unwrap();
    }
    writeln!(
        text,
        "    for i in {c}.iter() {{\n        let (j, e) = (i.{number} as usize, &i.{element});"
    )
    .unwrap();
    for (n, leaf) in leaves.iter().enumerate() {
        writeln!(text, "        w{param}[{each} * j + {n}] = {};", as_f64(leaf)).unwrap();
    }
    text + "    }\n"
}

fn changed(
    change: Change,
    c: &str,
    key: Option<&FloatLeaf>,
    element: &str,
    number: &str,
) -> String {
    // The element is called `e` in what the floats of one are.
    let by_float = |order: &str, sort: &str| match key {
        Some(leaf) => {
            let key = as_f64(leaf);
            format!(
                "{c}.{sort}(|a, b| {{ let key = |i: usize| {{ let e = if i == 0 {{ &a.{element} }} else \
                 {{ &b.{element} }}; {key} }}; {order} }});"
            )
        }
        None => format!("{c}.{sort}(|a, b| a.{number}.cmp(&b.{number}));"),
    };
    match change {
        Change::Sort => by_float("key(0).total_cmp(&key(1))", "sort_by"),
        Change::SortUnstable => {
            by_float("key(1).partial_cmp(&key(0)).unwrap()", "sort_unstable_by")
        }
        Change::SortByNumber => format!("{c}.sort_by_key(|i| i.{number} as usize * 5 % 11);"),
        Change::Clone => format!("let mut {c} = {c}.clone();"),
        Change::Drain => {
            format!("let d: Vec<_> = {c}.drain(..{c}.len() / 2).collect(); {c}.extend(d);")
        }
        Change::Rotate => format!("let n = {c}.len() / 2; {c}.rotate_left(n);"),
        Change::Reverse => format!("{c}.reverse();"),
        Change::SplitOff => format!(
            "let mut d = {c}.split_off({c}.len() / 2); d.append(&mut {c}); let mut {c} = d;"
        ),
        Change::RemoveAndInsert => format!("let e = {c}.remove(0); {c}.insert({c}.len() / 2, e);"),
        Change::SwapRemove => format!("let e = {c}.swap_remove({c}.len() / 2); {c}.push(e);"),
        Change::Doubled => {
            format!("{c}.extend_from_slice(&{c}.clone()); {c}.truncate({c}.len() / 2);")
        }
        Change::Shrink => format!("{c}.reserve(10); {c}.shrink_to_fit();"),
        Change::Boxed => format!("let mut {c} = {c}.into_boxed_slice().into_vec();"),
    }
}
