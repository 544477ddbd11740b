// A numeric program of about 1,000 lines, as `part.rs` stands in it many times, with one derivative if there is
// `--cfg derivative`.

#![cfg_attr(derivative, feature(autodiff))]

use std::hint::black_box;

// d/dx_i (sum x_i^2 + (c_0 + c_1 x_0)^2) has x_0 twice.
#[cfg_attr(derivative, std::autodiff::autodiff_reverse(d_loss, Duplicated, Const, Active))]
fn loss(x: &[f64], c: &[f64; 2]) -> f64 {
    let residual = c[0] + c[1] * x[0];
    residual * residual + x.iter().map(|x| x * x).sum::<f64>()
}

macro_rules! parts {
    ($($name:ident: $shift:literal,)*) => {
        $(
            mod $name {
                const SHIFT: f64 = $shift;
                include!("part.rs");
            }
        )*

        fn run(x: &[f64; 3]) -> f64 {
            [$($name::run(x)),*].iter().sum()
        }
    };
}

parts! {
    a: 1.5, b: 2.5, c: 3.5, d: 4.5, e: 5.5, f: 6.5, g: 7.5, h: 8.5, i: 9.5,
    j: 10.5, k: 11.5, l: 12.5, m: 13.5, n: 14.5, o: 15.5, p: 16.5,
}

fn main() {
    let (x, c) = black_box(([1.0, 2.0, 3.0], [4.0, 5.0]));
    #[cfg(derivative)]
    {
        let mut dx = [0.0; 3];
        // 9^2 + 14, and 2 x_i with 2 * 9 * 5 more for x_0
        assert_eq!(d_loss(&x, &mut dx, &c, 1.0), 95.0);
        assert_eq!(dx, [92.0, 4.0, 6.0]);
    }
    println!("{} {}", loss(&x, &c), run(&x));
}
