//! Check derivatives of functions with a `Vec` of elements that are not floats but have some. Each is compared with
//! finite differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::rc::Rc;

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[autodiff_reverse(d_of_vecs, Duplicated, Active)]
#[autodiff_forward(t_of_vecs, Dual, Dual)]
fn of_vecs(x: &[f64]) -> f64 {
    let mut columns: Vec<Vec<f64>> = vec![vec![]; 3];
    for (i, v) in x.iter().enumerate() {
        columns[i % 3].push(v * v);
    }
    columns.swap(0, 2);
    columns[1].extend([x[0]]);
    columns.iter().map(|column| column.iter().sum::<f64>().sin()).product()
}

#[autodiff_reverse(d_of_vecs_of_vecs, Duplicated, Active)]
#[autodiff_forward(t_of_vecs_of_vecs, Dual, Dual)]
fn of_vecs_of_vecs(x: &[f64]) -> f64 {
    let mut cube = vec![vec![vec![1.0; 3]; 2]; 2];
    for (i, v) in x.iter().enumerate() {
        cube[i % 2][i / 3][i % 3] *= v + 1.5;
    }
    cube.iter().flatten().map(|row| row.iter().product::<f64>()).sum()
}

#[autodiff_reverse(d_of_arrays, Duplicated, Active)]
#[autodiff_forward(t_of_arrays, Dual, Dual)]
fn of_arrays(x: &[f64]) -> f64 {
    let mut points: Vec<[f64; 2]> = x.chunks_exact(2).map(|c| [c[0], c[1]]).collect();
    points.insert(2, [x[5], x[0] * x[1]]);
    points.push(points[0]);
    let area: f64 = points.windows(2).map(|p| p[0][0] * p[1][1] - p[0][1] * p[1][0]).sum();
    area * points.concat().iter().sum::<f64>()
}

#[autodiff_reverse(d_of_pairs, Duplicated, Active)]
#[autodiff_forward(t_of_pairs, Dual, Dual)]
fn of_pairs(x: &[f64]) -> f64 {
    let mut entries: Vec<(f64, usize)> = x.iter().map(|v| v * v).zip(0..).collect();
    entries.retain(|(v, i)| *v > 0.1 || *i > 4);
    entries.sort_by(|a, b| b.0.total_cmp(&a.0));
    entries.iter().enumerate().map(|(rank, (v, i))| v * x[*i] * (rank + 1) as f64).sum()
}

#[autodiff_reverse(d_of_options, Duplicated, Active)]
#[autodiff_forward(t_of_options, Dual, Dual)]
fn of_options(x: &[f64]) -> f64 {
    let mut cache: Vec<Option<f64>> = vec![None; 4];
    let mut sum = 0.0;
    for (i, v) in x.iter().enumerate() {
        let cached = cache[i % 4].get_or_insert_with(|| v.exp());
        sum += *cached * v;
    }
    sum + cache[1].take().unwrap() * x[0]
}

#[autodiff_reverse(d_of_results, Duplicated, Active)]
#[autodiff_forward(t_of_results, Dual, Dual)]
fn of_results(x: &[f64]) -> f64 {
    let root = |v: &f64| if *v < 0.0 { Err("negative".to_string()) } else { Ok(v.sqrt()) };
    let roots: Vec<Result<f64, String>> = x.iter().map(root).collect();
    let value = |r: &Result<f64, String>| match r {
        Ok(root) => *root,
        Err(text) => text.len() as f64,
    };
    roots.iter().zip(x).map(|(r, v)| value(r) * v).sum()
}

#[autodiff_reverse(d_of_boxes, Duplicated, Active)]
#[autodiff_forward(t_of_boxes, Dual, Dual)]
fn of_boxes(x: &[f64]) -> f64 {
    let mut boxes: Vec<Box<f64>> = x.iter().map(|v| Box::new(v.sin())).collect();
    *boxes[1] *= *boxes[0];
    boxes.swap(2, 5);
    let last = boxes.pop().unwrap();
    boxes.iter().map(|v| **v * **v).sum::<f64>() * *last
}

#[autodiff_reverse(d_of_boxed_slices, Duplicated, Active)]
#[autodiff_forward(t_of_boxed_slices, Dual, Dual)]
fn of_boxed_slices(x: &[f64]) -> f64 {
    let rows: Vec<Box<[f64]>> = (1..4).map(|n| x[..n].iter().map(|v| v * v).collect()).collect();
    rows.iter().zip(&x[3..]).map(|(row, v)| row.iter().sum::<f64>() * v).sum()
}

#[autodiff_reverse(d_of_counted, Duplicated, Active)]
#[autodiff_forward(t_of_counted, Dual, Dual)]
fn of_counted(x: &[f64]) -> f64 {
    let shared: Vec<Rc<f64>> = x.iter().map(|v| Rc::new(v * v)).collect();
    let twice: Vec<Rc<f64>> = shared.iter().chain(&shared[2..4]).cloned().collect();
    twice.iter().map(|v| v.sin() * Rc::strong_count(v) as f64).sum()
}

#[autodiff_reverse(d_of_references, Duplicated, Active)]
#[autodiff_forward(t_of_references, Dual, Dual)]
fn of_references(x: &[f64]) -> f64 {
    let mut references: Vec<&f64> = x.iter().collect();
    references.sort_by(|a, b| a.total_cmp(b));
    references.dedup_by_key(|v| **v > 0.5);
    references.iter().map(|v| v.powi(3)).sum::<f64>() + x[0] * references[0]
}

#[autodiff_reverse(d_of_slices, Duplicated, Active)]
#[autodiff_forward(t_of_slices, Dual, Dual)]
fn of_slices(x: &[f64]) -> f64 {
    let mut slices: Vec<&[f64]> = vec![];
    for i in 0..3 {
        slices.push(&x[i..2 * i + 2]);
    }
    slices.rotate_left(1);
    slices.iter().map(|s| s.iter().map(|v| v + 1.0).product::<f64>()).sum()
}

#[autodiff_reverse(d_of_closures, Duplicated, Active)]
#[autodiff_forward(t_of_closures, Dual, Dual)]
fn of_closures(x: &[f64]) -> f64 {
    let mut layers: Vec<Box<dyn Fn(f64) -> f64 + '_>> = vec![Box::new(|v| v * x[0] + x[1])];
    for w in &x[2..] {
        layers.push(Box::new(move |v| (v * w).sin() + w));
    }
    layers.iter().fold(0.7, |value, layer| layer(value))
}

#[derive(Clone, Default)]
struct Layer {
    name: String,
    weights: Vec<f64>,
    bias: Option<f64>,
}

#[autodiff_reverse(d_of_structs, Duplicated, Active)]
#[autodiff_forward(t_of_structs, Dual, Dual)]
fn of_structs(x: &[f64]) -> f64 {
    let mut layers = vec![Layer::default(); 2];
    for (i, layer) in layers.iter_mut().enumerate() {
        layer.weights = x[i..i + 3].to_vec();
        layer.name.push_str("dense");
    }
    layers[1].bias = Some(x[5] * x[4]);
    layers.insert(1, Layer { bias: None, ..layers[0].clone() });
    let output = |input: f64, layer: &Layer| {
        let sum: f64 = layer.weights.iter().map(|w| w * input).sum();
        (sum + layer.bias.unwrap_or(layer.name.len() as f64 * 0.1)).tanh()
    };
    layers.iter().fold(0.1, output)
}

enum Step {
    Scale(f64),
    Shift(f64, f64),
    Sum(Vec<f64>),
    Nothing,
}

#[autodiff_reverse(d_of_enums, Duplicated, Active)]
#[autodiff_forward(t_of_enums, Dual, Dual)]
fn of_enums(x: &[f64]) -> f64 {
    let mut steps = vec![Step::Nothing, Step::Scale(x[0]), Step::Shift(x[1], x[2])];
    steps.push(Step::Sum(x[3..].to_vec()));
    steps.swap(0, 3);
    let mut value = 1.0;
    for step in steps {
        value = match step {
            Step::Scale(factor) => value * factor,
            Step::Shift(a, b) => a * value.sin() + b,
            Step::Sum(terms) => value + terms.iter().map(|t| t * t).sum::<f64>(),
            Step::Nothing => value * value,
        };
    }
    value
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("of_vecs", &x, of_vecs, d_of_vecs, t_of_vecs);
    checks.gradient("of_vecs_of_vecs", &x, of_vecs_of_vecs, d_of_vecs_of_vecs, t_of_vecs_of_vecs);
    checks.gradient("of_arrays", &x, of_arrays, d_of_arrays, t_of_arrays);
    checks.gradient("of_pairs", &x, of_pairs, d_of_pairs, t_of_pairs);
    checks.gradient("of_options", &x, of_options, d_of_options, t_of_options);
    checks.gradient("of_results", &x, of_results, d_of_results, t_of_results);
    checks.gradient("of_boxes", &x, of_boxes, d_of_boxes, t_of_boxes);
    checks.gradient("of_boxed_slices", &x, of_boxed_slices, d_of_boxed_slices, t_of_boxed_slices);
    checks.gradient("of_counted", &x, of_counted, d_of_counted, t_of_counted);
    checks.gradient("of_references", &x, of_references, d_of_references, t_of_references);
    checks.gradient("of_slices", &x, of_slices, d_of_slices, t_of_slices);
    checks.gradient("of_closures", &x, of_closures, d_of_closures, t_of_closures);
    checks.gradient("of_structs", &x, of_structs, d_of_structs, t_of_structs);
    checks.gradient("of_enums", &x, of_enums, d_of_enums, t_of_enums);
    checks.finish(294);
}
