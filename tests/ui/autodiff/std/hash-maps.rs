//! Check derivatives of functions with hash maps and sets, of floats, of what floats decide, and of what has floats.
//! Each is compared with finite differences.

//@ run-pass
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ revisions: debug release
//@ compile-flags: -Zautodiff=Enable
//@[debug] compile-flags: -Copt-level=0 -Ccodegen-units=16
//@[release] compile-flags: -Copt-level=3 -Ccodegen-units=16

#![feature(autodiff)]

use std::autodiff::{autodiff_forward, autodiff_reverse};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

#[path = "../auxiliary/differences.rs"]
mod differences;
use differences::Checks;

#[autodiff_reverse(d_map_inserted, Duplicated, Active)]
#[autodiff_forward(t_map_inserted, Dual, Dual)]
fn map_inserted(x: &[f64]) -> f64 {
    let mut squares = HashMap::new();
    for (i, v) in x.iter().enumerate() {
        squares.insert(i, v * v);
    }
    squares[&1] * squares[&4] + squares.values().sum::<f64>() * x[0]
}

#[autodiff_reverse(d_map_collected, Duplicated, Active)]
#[autodiff_forward(t_map_collected, Dual, Dual)]
fn map_collected(x: &[f64]) -> f64 {
    let by_name: HashMap<&str, f64> = ["a", "b", "c", "d"].into_iter().zip(x.iter().copied()).collect();
    by_name["b"] * by_name["c"].exp() + by_name.get("e").copied().unwrap_or(x[5] * x[4])
}

#[autodiff_reverse(d_map_of_names, Duplicated, Active)]
#[autodiff_forward(t_map_of_names, Dual, Dual)]
fn map_of_names(x: &[f64]) -> f64 {
    let mut parameters = HashMap::new();
    for (name, v) in ["mass", "charge", "radius"].into_iter().zip(x) {
        parameters.insert(String::from(name), *v);
    }
    parameters.insert(format!("spin {}", 3), x[3] * x[4]);
    parameters["mass"] * parameters["spin 3"].exp() - parameters["charge"] / parameters["radius"]
}

#[autodiff_reverse(d_map_counted, Duplicated, Active)]
#[autodiff_forward(t_map_counted, Dual, Dual)]
fn map_counted(x: &[f64]) -> f64 {
    let mut counts: HashMap<i64, usize> = HashMap::new();
    for v in x {
        *counts.entry((v * 2.0).floor() as i64).or_insert(0) += 1;
    }
    x.iter().map(|v| v * v * counts[&((v * 2.0).floor() as i64)] as f64).sum()
}

#[autodiff_reverse(d_map_added_up, Duplicated, Active)]
#[autodiff_forward(t_map_added_up, Dual, Dual)]
fn map_added_up(x: &[f64]) -> f64 {
    let mut sums: HashMap<bool, f64> = HashMap::with_capacity(2);
    for v in x {
        *sums.entry(*v > 0.0).or_default() += v * v;
    }
    sums[&true] * sums[&false]
}

#[autodiff_reverse(d_map_of_lists, Duplicated, Active)]
#[autodiff_forward(t_map_of_lists, Dual, Dual)]
fn map_of_lists(x: &[f64]) -> f64 {
    let mut groups: HashMap<usize, Vec<f64>> = HashMap::new();
    for (i, v) in x.iter().enumerate() {
        groups.entry(i % 2).or_default().push(v.sin());
    }
    groups[&0].iter().product::<f64>() + groups[&1].iter().product::<f64>()
}

// Floats beside integers.
#[autodiff_reverse(d_map_of_pairs, Duplicated, Active)]
#[autodiff_forward(t_map_of_pairs, Dual, Dual)]
fn map_of_pairs(x: &[f64]) -> f64 {
    let mut grid: HashMap<(usize, usize), (f64, u32)> = HashMap::new();
    for (i, v) in x.iter().enumerate() {
        grid.insert((i / 3, i % 3), (v * v, i as u32));
    }
    grid.values().map(|(v, weight)| v * f64::from(*weight)).sum::<f64>() * grid[&(1, 2)].0
}

#[autodiff_reverse(d_map_changed, Duplicated, Active)]
#[autodiff_forward(t_map_changed, Dual, Dual)]
fn map_changed(x: &[f64]) -> f64 {
    let mut map: HashMap<usize, f64> = (0..).zip(x.iter().copied()).collect();
    let taken = map.remove(&2).unwrap();
    if let Some(v) = map.get_mut(&3) {
        *v *= taken;
    }
    for v in map.values_mut() {
        *v = *v * *v;
    }
    map.retain(|i, _| i % 2 == 1);
    map.into_values().sum()
}

#[autodiff_reverse(d_map_grown_twice, Duplicated, Active)]
#[autodiff_forward(t_map_grown_twice, Dual, Dual)]
fn map_grown_twice(x: &[f64]) -> f64 {
    let mut map = HashMap::new();
    for i in 0..40 {
        map.insert(i * 7 % 41, x[i % 6] * i as f64);
    }
    let copy = map.clone();
    map.clear();
    (0..41).filter_map(|i| copy.get(&i)).map(|v| v * v).sum::<f64>() + map.len() as f64
}

#[autodiff_reverse(d_set_collected, Duplicated, Active)]
#[autodiff_forward(t_set_collected, Dual, Dual)]
fn set_collected(x: &[f64]) -> f64 {
    let positive: HashSet<usize> = (0..6).filter(|i| x[*i] > 0.0).collect();
    (0..6).map(|i| if positive.contains(&i) { x[i] * x[i] } else { x[i].sin() }).sum()
}

#[autodiff_reverse(d_set_of_cells, Duplicated, Active)]
#[autodiff_forward(t_set_of_cells, Dual, Dual)]
fn set_of_cells(x: &[f64]) -> f64 {
    let mut seen = HashSet::new();
    let mut sum = 0.0;
    for v in x {
        sum += if seen.insert((v * 2.0).floor() as i64) { v * v } else { v.sin() };
    }
    sum * seen.len() as f64
}

#[autodiff_reverse(d_own_hasher, Duplicated, Active)]
#[autodiff_forward(t_own_hasher, Dual, Dual)]
fn own_hasher(x: &[f64]) -> f64 {
    #[derive(Default)]
    struct Sum(u64);
    impl Hasher for Sum {
        fn write(&mut self, bytes: &[u8]) {
            self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(5) ^ u64::from(*byte));
        }
        fn finish(&self) -> u64 {
            self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        }
    }
    let mut map: HashMap<usize, f64, BuildHasherDefault<Sum>> = HashMap::default();
    for (i, v) in x.iter().enumerate() {
        map.insert(i, v.exp());
    }
    map[&0] * map[&5] + map.values().sum::<f64>()
}

// What a caller has put together, and nobody changes.
#[autodiff_reverse(d_looked_up, Const, Duplicated, Active)]
#[autodiff_forward(t_looked_up, Const, Dual, Dual)]
fn looked_up(weights: &HashMap<usize, f64>, x: &[f64]) -> f64 {
    x.iter().enumerate().map(|(i, v)| weights.get(&i).unwrap_or(&0.5) * v * v).sum()
}

pub fn main() {
    let mut checks = Checks::new();
    let x = [0.3, -0.8, 1.1, 0.6, -0.4, 0.9];
    checks.gradient("map_inserted", &x, map_inserted, d_map_inserted, t_map_inserted);
    checks.gradient("map_collected", &x, map_collected, d_map_collected, t_map_collected);
    checks.gradient("map_of_names", &x, map_of_names, d_map_of_names, t_map_of_names);
    checks.gradient("map_counted", &x, map_counted, d_map_counted, t_map_counted);
    checks.gradient("map_added_up", &x, map_added_up, d_map_added_up, t_map_added_up);
    checks.gradient("map_of_lists", &x, map_of_lists, d_map_of_lists, t_map_of_lists);
    checks.gradient("map_of_pairs", &x, map_of_pairs, d_map_of_pairs, t_map_of_pairs);
    checks.gradient("map_changed", &x, map_changed, d_map_changed, t_map_changed);
    checks.gradient("map_grown_twice", &x, map_grown_twice, d_map_grown_twice, t_map_grown_twice);
    checks.gradient("set_collected", &x, set_collected, d_set_collected, t_set_collected);
    checks.gradient("set_of_cells", &x, set_of_cells, d_set_of_cells, t_set_of_cells);
    checks.gradient("own_hasher", &x, own_hasher, d_own_hasher, t_own_hasher);
    let weights = HashMap::from([(0, 1.5), (3, -0.7), (5, 2.0)]);
    checks.gradient(
        "looked_up",
        &x,
        |x| looked_up(&weights, x),
        |x, dx, seed| d_looked_up(&weights, x, dx, seed),
        |x, dx| t_looked_up(&weights, x, dx),
    );
    checks.finish(273);
}
