//! What a header costs: gradients of one body behind an idiomatic header and behind one that is
//! flattened by hand to scalars and pointers.
//!
//! `header-tax` lists the kernels; `header-tax KERNEL idiomatic|flat` computes one gradient in
//! [`counted`], which `./x.py header-tax` counts the instructions of, and prints it.

#![feature(autodiff)]

use std::hint::black_box;

mod mixture;
mod ode;
mod small;

type Gradient = fn(&[f64], &mut [f64]);

struct Kernel {
    name: &'static str,
    inputs: usize,
    value: fn(&[f64]) -> f64,
    idiomatic: Gradient,
    flat: Gradient,
}

macro_rules! kernels {
    ($($module:ident)::+, $inputs:expr) => {{
        use $($module)::+::*;
        let name = stringify!($($module)::+).rsplit("::").next().unwrap().trim();
        Kernel { name, inputs: $inputs, value, idiomatic, flat }
    }};
}

/// The name by which the counter knows what to count.
#[unsafe(no_mangle)]
#[inline(never)]
fn counted(gradient: Gradient, x: &[f64], g: &mut [f64]) {
    gradient(x, g);
    // No tail call: of that, the counter does not see the end.
    black_box(g);
}

fn main() {
    let kernels = [
        kernels!(small::tuple, 2),
        kernels!(small::structure, 3),
        kernels!(small::array, 4),
        kernels!(small::mixed, 12),
        kernels!(small::returned, 3),
        kernels!(mixture, mixture::INPUTS),
        kernels!(ode, ode::INPUTS),
    ];
    let args: Vec<_> = std::env::args().skip(1).collect();
    let [name, header] = &args[..] else {
        for kernel in kernels {
            println!("{}", kernel.name);
        }
        return;
    };
    let kernel = kernels.into_iter().find(|kernel| kernel.name == name).expect("no such kernel");
    let gradient = if header == "flat" { kernel.flat } else { kernel.idiomatic };

    let x: Vec<_> = (0..kernel.inputs).map(|i| 0.5 + (i * 7 % 11) as f64 / 8.0).collect();
    let mut g = vec![0.0; kernel.inputs];
    counted(black_box(gradient), &black_box(&x)[..], &mut g);

    for (i, &got) in g.iter().enumerate() {
        let shifted = |by: f64| {
            let mut x = x.clone();
            x[i] += by;
            (kernel.value)(&x)
        };
        // A power of two, which an input that the kernel rounds to `f32` can be shifted by.
        const H: f64 = 1.0 / 8192.0;
        let want = (shifted(H) - shifted(-H)) / (2.0 * H);
        let error = (got - want).abs();
        assert!(error <= 1e-5 * (1.0 + want.abs()), "{name}, {header}, {i}: {got}, not {want}");
        println!("{got:?}");
    }
}
