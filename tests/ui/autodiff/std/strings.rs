//! Check derivatives of functions that text steers. Each is compared with finite
//! differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::collections::BTreeMap;

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[autodiff_reverse(d_chars, Duplicated, Active)]
#[autodiff_forward(t_chars, Dual, Dual)]
fn chars(x: &[f64]) -> f64 {
    let (mut stack, mut digits) = (vec![], 0);
    for c in "01+2*34-*5+".chars() {
        if let Some(digit) = c.to_digit(10) {
            stack.push(x[digit as usize]);
            digits += 1;
            continue;
        }
        let (b, a) = (stack.pop().unwrap(), stack.pop().unwrap());
        stack.push(match c {
            '+' => a + b,
            '-' => a - b,
            _ => a * b,
        });
    }
    stack[0] * digits as f64
}

#[autodiff_reverse(d_bytes, Duplicated, Active)]
#[autodiff_forward(t_bytes, Dual, Dual)]
fn bytes(x: &[f64]) -> f64 {
    let mut value = x[0];
    for (i, b) in "sceq".bytes().enumerate() {
        value = match b {
            b's' => value.sin() + x[i + 1],
            b'c' => value.cos() * x[i + 1],
            b'e' => (value * x[i + 1]).exp(),
            _ => value * value * x[i + 2],
        };
    }
    value
}

#[autodiff_reverse(d_words, Duplicated, Active)]
#[autodiff_forward(t_words, Dual, Dual)]
fn words(x: &[f64]) -> f64 {
    let mut state = [1.0, 0.5];
    for (word, v) in "scale shift  scale swap\tshift unknown".split_whitespace().zip(x) {
        match word {
            "scale" => state[0] *= v + 1.0,
            "shift" => state[1] += v * state[0],
            "swap" => state.swap(0, 1),
            other => state[0] += v * other.len() as f64,
        }
    }
    state[0] * state[1]
}

#[autodiff_reverse(d_parse_integers, Duplicated, Active)]
#[autodiff_forward(t_parse_integers, Dual, Dual)]
fn parse_integers(x: &[f64]) -> f64 {
    let line = "0:2 3:1 4:3 z:1 5:-2";
    let mut sum = 0.0;
    for (i, power) in line.split(' ').filter_map(|pair| pair.split_once(':')) {
        if let (Ok(i), Ok(power)) = (i.parse::<usize>(), power.parse::<i32>()) {
            sum += x[i].powi(power) * x[1];
        }
    }
    sum * x[2]
}

#[autodiff_reverse(d_string_built, Duplicated, Active)]
#[autodiff_forward(t_string_built, Dual, Dual)]
fn string_built(x: &[f64]) -> f64 {
    let mut signs = String::new();
    for v in x {
        signs.push(if *v < 0.0 { '-' } else { '+' });
    }
    signs.insert_str(2, "..");
    let runs = signs.replace("..", "").to_uppercase() + &"+".repeat(2);
    let changes = runs.as_bytes().windows(2).filter(|w| w[0] != w[1]).count();
    x.iter().zip(runs.char_indices()).map(|(v, (i, _))| v * v * (i + changes) as f64).sum()
}

#[autodiff_reverse(d_assert_with_arguments, Duplicated, Active)]
#[autodiff_forward(t_assert_with_arguments, Dual, Dual)]
fn assert_with_arguments(x: &[f64]) -> f64 {
    let norm: f64 = x.iter().map(|v| v * v).sum();
    assert!(norm > 0.0, "a norm of {norm} of {x:?}");
    assert_eq!(x.len() % 2, 0, "{} elements", x.len());
    let root = norm.sqrt();
    if root > 100.0 {
        panic!("a root of {root:.3}, not less than {:?}", Some(100.0));
    }
    debug_assert!(root < 100.0);
    x[0] * x[1] / root
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Name(String),
    Operator(char),
}

fn tokens(text: &str) -> Vec<Token> {
    let mut rest = text.chars().peekable();
    let mut tokens = vec![];
    while let Some(c) = rest.next() {
        if c.is_ascii_digit() {
            tokens.push(Token::Number(f64::from(c.to_digit(10).unwrap())));
        } else if c.is_alphabetic() {
            let mut name = String::from(c);
            while let Some(c) = rest.next_if(|c| c.is_alphanumeric()) {
                name.push(c);
            }
            tokens.push(Token::Name(name));
        } else if !c.is_whitespace() {
            tokens.push(Token::Operator(c));
        }
    }
    tokens
}

// A formula from left to right, over names.
#[autodiff_reverse(d_formula, Duplicated, Active)]
#[autodiff_forward(t_formula, Dual, Dual)]
fn formula(x: &[f64]) -> f64 {
    let names: BTreeMap<String, f64> =
        ["a1", "b", "c2", "d"].iter().map(|name| name.to_string()).zip(x.iter().copied()).collect();
    let mut value = x[4];
    let mut operator = '+';
    for token in tokens("a1 * 3 + b*c2 - d / 2") {
        let operand = match token {
            Token::Number(v) => v,
            Token::Name(name) => names[&name],
            Token::Operator(c) => {
                operator = c;
                continue;
            }
        };
        match operator {
            '+' => value += operand,
            '-' => value -= operand,
            '*' => value *= operand,
            _ => value /= operand,
        }
    }
    value * x[5]
}

#[autodiff_reverse(d_trimmed, Duplicated, Active)]
#[autodiff_forward(t_trimmed, Dual, Dual)]
fn trimmed(x: &[f64]) -> f64 {
    let mut value = x[5];
    for (text, v) in [" -a ", "b--", "--c", "", "dd"].into_iter().zip(x) {
        let text = text.trim();
        value = match (text.strip_prefix('-'), text.chars().next_back()) {
            (Some(rest), _) => value * v - rest.len() as f64,
            (None, Some(last)) if last.is_alphabetic() => (value + v).sin(),
            (None, Some(_)) => value + v * text.trim_end_matches('-').len() as f64,
            (None, None) => value * v,
        };
    }
    value
}

#[autodiff_reverse(d_characters_sorted, Duplicated, Active)]
#[autodiff_forward(t_characters_sorted, Dual, Dual)]
fn characters_sorted(x: &[f64]) -> f64 {
    let mut letters: Vec<char> = "edcabf".chars().collect();
    letters.sort_unstable();
    letters.swap(0, 3);
    let order: String = letters.iter().rev().collect();
    order.bytes().map(|b| x[usize::from(b - b'a')]).fold(0.5, |value, v| value * v + 1.0)
}

#[autodiff_reverse(d_searched, Duplicated, Active)]
#[autodiff_forward(t_searched, Dual, Dual)]
fn searched(x: &[f64]) -> f64 {
    let text = "one two three two one";
    let first = text.find("two").unwrap();
    let last = text.rfind("two").map_or(x[0], |place| x[place % 6]);
    let words: Vec<&str> = text.splitn(3, ' ').collect();
    x[first] * last + if text.contains("three") { x[1] * words[2].len() as f64 } else { x[5] }
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("chars", &x, chars, d_chars, t_chars);
    checks.gradient("bytes", &x, bytes, d_bytes, t_bytes);
    checks.gradient("words", &x, words, d_words, t_words);
    checks.gradient("parse_integers", &x, parse_integers, d_parse_integers, t_parse_integers);
    checks.gradient("string_built", &x, string_built, d_string_built, t_string_built);
    checks.gradient(
        "assert_with_arguments",
        &x,
        assert_with_arguments,
        d_assert_with_arguments,
        t_assert_with_arguments,
    );
    checks.gradient("formula", &x, formula, d_formula, t_formula);
    checks.gradient("trimmed", &x, trimmed, d_trimmed, t_trimmed);
    checks.gradient(
        "characters_sorted",
        &x,
        characters_sorted,
        d_characters_sorted,
        t_characters_sorted,
    );
    checks.gradient("searched", &x, searched, d_searched, t_searched);
    checks.finish(210);
}
