//! Check derivatives of functions that evaluate expressions, graphs and state machines which they keep in enums and
//! arenas. Each is compared with finite differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[derive(Clone)]
enum Expression {
    Constant(f64),
    Variable(usize),
    Sum(Vec<Expression>),
    Product(Box<Expression>, Box<Expression>),
    Call(fn(f64) -> f64, Box<Expression>),
}

impl Expression {
    fn value(&self, x: &[f64]) -> f64 {
        match self {
            Expression::Constant(c) => *c,
            Expression::Variable(i) => x[*i],
            Expression::Sum(terms) => terms.iter().map(|term| term.value(x)).sum(),
            Expression::Product(a, b) => a.value(x) * b.value(x),
            Expression::Call(function, argument) => function(argument.value(x)),
        }
    }
}

#[autodiff_reverse(d_expression, Duplicated, Active)]
#[autodiff_forward(t_expression, Dual, Dual)]
fn expression(x: &[f64]) -> f64 {
    use Expression::*;

    let product = Product(Box::new(Variable(0)), Box::new(Variable(1)));
    let sum = Sum(vec![product.clone(), Constant(x[5]), Variable(3)]);
    let call = Call(f64::sin, Box::new(sum));
    let all = Sum(vec![Product(Box::new(call), Box::new(Variable(2))), Variable(4), product]);
    all.value(x)
}

// Rewritten by value.
#[autodiff_reverse(d_expression_rewritten, Duplicated, Active)]
#[autodiff_forward(t_expression_rewritten, Dual, Dual)]
fn expression_rewritten(x: &[f64]) -> f64 {
    enum Term {
        Number(f64),
        Add(Box<Term>, Box<Term>),
        Multiply(Box<Term>, Box<Term>),
    }
    fn fold(term: Term) -> Term {
        match term {
            Term::Add(a, b) => match (fold(*a), fold(*b)) {
                (Term::Number(a), Term::Number(b)) => Term::Number(a + b),
                (a, b) => Term::Add(Box::new(a), Box::new(b)),
            },
            Term::Multiply(a, b) => match (fold(*a), fold(*b)) {
                (Term::Number(a), Term::Number(b)) => Term::Number(a * b),
                (a, b) => Term::Multiply(Box::new(a), Box::new(b)),
            },
            number => number,
        }
    }
    let mut term = Term::Number(1.0);
    for (i, v) in x.iter().enumerate() {
        let number = Box::new(Term::Number(v + 1.0));
        let before = Box::new(term);
        term = if i % 2 == 0 { Term::Multiply(before, number) } else { Term::Add(number, before) };
    }
    match fold(term) {
        Term::Number(v) => v * v,
        _ => 0.0,
    }
}

#[autodiff_reverse(d_arena, Duplicated, Active)]
#[autodiff_forward(t_arena, Dual, Dual)]
fn arena(x: &[f64]) -> f64 {
    struct Arena {
        nodes: Vec<(f64, Option<usize>, Vec<usize>)>,
    }
    impl Arena {
        fn add(&mut self, value: f64, parent: Option<usize>) -> usize {
            let index = self.nodes.len();
            self.nodes.push((value, parent, vec![]));
            if let Some(parent) = parent {
                self.nodes[parent].2.push(index);
            }
            index
        }
        fn total(&self, index: usize) -> f64 {
            let (value, _, children) = &self.nodes[index];
            value + children.iter().map(|child| self.total(*child)).product::<f64>()
        }
    }
    let mut arena = Arena { nodes: vec![] };
    let root = arena.add(x[0], None);
    let left = arena.add(x[1], Some(root));
    for v in &x[2..] {
        let parent = if *v > 0.7 { left } else { root };
        arena.add(v.exp(), Some(parent));
    }
    arena.total(root) * arena.nodes.iter().filter(|node| node.1 == Some(0)).count() as f64
}

// Reverse mode, by hand.
#[autodiff_reverse(d_tape, Duplicated, Active)]
#[autodiff_forward(t_tape, Dual, Dual)]
fn tape(x: &[f64]) -> f64 {
    #[derive(Clone, Copy)]
    struct Entry {
        parents: [usize; 2],
        weights: [f64; 2],
    }
    let mut tape: Vec<Entry> = vec![Entry { parents: [0; 2], weights: [0.0; 2] }; 2];
    let mut values = vec![x[0], x[1]];
    for v in &x[2..] {
        let n = values.len();
        let (a, b) = (values[n - 1], values[n - 2]);
        values.push(a * b + v);
        tape.push(Entry { parents: [n - 1, n - 2], weights: [b, a] });
    }
    let mut adjoints = vec![0.0; values.len()];
    *adjoints.last_mut().unwrap() = 1.0;
    for i in (2..tape.len()).rev() {
        let Entry { parents, weights } = tape[i];
        for (parent, weight) in parents.into_iter().zip(weights) {
            adjoints[parent] += weight * adjoints[i];
        }
    }
    adjoints[0] * adjoints[1]
}

#[derive(Clone, Copy)]
enum State {
    Idle,
    Ramp { level: f64, rate: f64 },
    Hold(f64, u32),
    Done(f64),
}

#[autodiff_reverse(d_state_machine, Duplicated, Active)]
#[autodiff_forward(t_state_machine, Dual, Dual)]
fn state_machine(x: &[f64]) -> f64 {
    let mut state = State::Idle;
    let mut trace = vec![];
    loop {
        state = match state {
            State::Idle => State::Ramp { level: x[0], rate: x[5] },
            State::Ramp { level, rate } if level > 2.0 => State::Hold(level * x[1], rate as u32),
            State::Ramp { level, rate } => State::Ramp { level: level + rate, rate: rate * 1.1 },
            State::Hold(level, 3) => State::Done(level.sin()),
            State::Hold(level, n) => State::Hold(level * x[2] + x[3], n + 1),
            State::Done(value) => break value * trace.len() as f64 + x[4] * trace[1],
        };
        if let State::Ramp { level, .. } | State::Hold(level, _) = state {
            trace.push(level);
        }
    }
}

#[autodiff_reverse(d_graph, Duplicated, Active)]
#[autodiff_forward(t_graph, Dual, Dual)]
fn graph(x: &[f64]) -> f64 {
    let edges = [(0, 1), (1, 2), (2, 0), (2, 3), (3, 1), (3, 0)];
    let mut neighbours: Vec<Vec<(usize, f64)>> = vec![vec![]; 4];
    for ((a, b), v) in edges.into_iter().zip(x) {
        neighbours[a].push((b, v * v + 0.5));
    }
    let mut rank = [0.25; 4];
    for _ in 0..4 {
        let mut next = [0.05; 4];
        for (node, edges) in neighbours.iter().enumerate() {
            let total: f64 = edges.iter().map(|(_, weight)| weight).sum();
            edges.iter().for_each(|(to, weight)| next[*to] += 0.8 * rank[node] * weight / total);
        }
        rank = next;
    }
    rank[1] / rank[3]
}

#[autodiff_reverse(d_union_find, Duplicated, Active)]
#[autodiff_forward(t_union_find, Dual, Dual)]
fn union_find(x: &[f64]) -> f64 {
    fn root(parents: &mut [usize], i: usize) -> usize {
        if parents[i] != i {
            parents[i] = root(parents, parents[i]);
        }
        parents[i]
    }
    let (mut parents, mut sums) = ([0, 1, 2, 3, 4, 5], x.to_vec());
    for i in 0..6 {
        for j in 0..i {
            let (a, b) = (root(&mut parents, i), root(&mut parents, j));
            if a != b && (x[i] - x[j]).abs() < 0.35 {
                parents[a] = b;
                sums[b] += sums[a] * sums[a];
            }
        }
    }
    (0..6).filter(|i| parents[*i] == *i).map(|i| sums[i] + 1.0).product()
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Prey,
    Hunter,
}

struct Animal {
    kind: Kind,
    energy: f64,
    place: (f64, f64),
}

#[autodiff_reverse(d_agents, Duplicated, Active)]
#[autodiff_forward(t_agents, Dual, Dual)]
fn agents(x: &[f64]) -> f64 {
    let new = |kind, c: &[f64]| Animal { kind, energy: c[0], place: (c[1], c[2]) };
    let mut animals = vec![new(Kind::Prey, &x[..3]), new(Kind::Hunter, &x[3..])];
    for _ in 0..3 {
        let centre = animals.iter().map(|animal| animal.place.0 * animal.energy).sum::<f64>();
        animals.sort_by_key(|animal| std::cmp::Reverse(animal.kind));
        for animal in &mut animals {
            match animal.kind {
                Kind::Prey => animal.energy += 0.1 * (animal.place.1 - centre),
                Kind::Hunter => animal.place.0 -= 0.1 * animal.energy * centre,
            }
        }
        let child = Animal { energy: 0.5 * animals[0].energy, ..animals[0] };
        animals.push(child);
    }
    animals.iter().map(|animal| animal.energy * (animal.place.0 + animal.place.1.sin())).sum()
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("expression", &x, expression, d_expression, t_expression);
    checks.gradient(
        "expression_rewritten",
        &x,
        expression_rewritten,
        d_expression_rewritten,
        t_expression_rewritten,
    );
    checks.gradient("arena", &x, arena, d_arena, t_arena);
    checks.gradient("tape", &x, tape, d_tape, t_tape);
    checks.gradient("state_machine", &x, state_machine, d_state_machine, t_state_machine);
    checks.gradient("graph", &x, graph, d_graph, t_graph);
    checks.gradient("union_find", &x, union_find, d_union_find, t_union_find);
    checks.gradient("agents", &x, agents, d_agents, t_agents);
    checks.finish(168);
}
