//! Uses the dependencies: most of what they define is generic, and has no LLVM IR until it is used.

use std::collections::BTreeMap;

use clap::Parser;
use itertools::Itertools;
use nalgebra::{DMatrix, Matrix4, Vector4};
use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Parser, Clone, Debug)]
pub struct Options {
    #[arg(long, default_value_t = 1)]
    pub threads: usize,
    pub files: Vec<String>,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub enum Shape {
    Point(f64, f64),
    Circle { center: (f32, f32), radius: f32 },
    Named(BTreeMap<String, Vec<Shape>>),
}

pub fn options(arguments: &[String]) -> Result<Options, clap::Error> {
    Options::try_parse_from(arguments)
}

pub fn words(text: &str) -> hashbrown::HashMap<&str, usize> {
    let word = regex::Regex::new(r"\b[[:alpha:]]+\b").unwrap();
    let mut counted = hashbrown::HashMap::new();
    for found in word.find_iter(text) {
        *counted.entry(found.as_str()).or_insert(0) += 1;
    }
    counted
}

pub fn functions(source: &str) -> syn::Result<Vec<String>> {
    let file = syn::parse_file(source)?;
    Ok(file.items.iter().filter_map(|item| match item {
        syn::Item::Fn(function) => Some(function.sig.ident.to_string()),
        _ => None,
    }).sorted().dedup().collect())
}

// Values of every size by value, by reference, through `dyn` and through `fn`: the headers of the fork.
pub fn solve(matrix: Matrix4<f64>, right: Vector4<f64>) -> Option<Vector4<f64>> {
    matrix.lu().solve(&right)
}

pub fn singular(rows: usize, values: &[f32; 12]) -> DMatrix<f32> {
    let matrix = DMatrix::from_row_slice(rows, 12 / rows, values);
    let parts = matrix.svd(true, true);
    parts.u.unwrap() * DMatrix::from_diagonal(&parts.singular_values)
}

pub fn product(left: ArrayView2<f64>, right: &Array2<f64>) -> (Array2<f64>, f64) {
    let product = left.dot(right);
    let sum = product.sum_axis(Axis(0)).mapv(f64::sqrt).sum();
    (product, sum)
}

pub fn faer_product(left: faer::MatRef<f64>, right: &faer::Mat<f64>) -> (faer::Mat<f64>, f64) {
    let product = left * right;
    let norm = product.norm_l2();
    (product, norm)
}

pub fn scaled_product(product: &mut [f32; 16], left: &[f32; 16], right: &[f32; 16], scale: f32) {
    let (product, left, right) = (product.as_mut_ptr(), left.as_ptr(), right.as_ptr());
    unsafe {
        gemm::gemm(
            4, 4, 4, product, 1, 4, true, left, 1, 4, right, 1, 4, scale, 1.0, false, false, false,
            gemm::Parallelism::None,
        )
    }
}

pub fn apply(f: fn(f32) -> f32, others: &[&(dyn Fn(f32) -> f32 + Sync)], pair: (f32, f32)) -> f32 {
    others.par_iter().map(|other| other(pair.0) + f(pair.1)).sum()
}

pub fn nearest(points: &mut Vec<(f32, [u16; 3])>) -> Option<(f32, [u16; 3])> {
    points.par_sort_by(|a, b| a.0.total_cmp(&b.0));
    points.iter().copied().tuple_windows().map(|(a, b)| if b.0 - a.0 < 0.5 { a } else { b }).next()
}

pub fn thumbnail(bytes: &[u8]) -> image::ImageResult<image::RgbaImage> {
    Ok(image::load_from_memory(bytes)?.thumbnail(64, 64).to_rgba8())
}
