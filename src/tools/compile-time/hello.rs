// A program as small as programs are, with a derivative if there is `--cfg derivative`.

#![cfg_attr(derivative, feature(autodiff))]

#[cfg_attr(derivative, std::autodiff::autodiff_reverse(d_f, Active, Active))]
fn f(x: f32) -> f32 {
    x * x
}

fn main() {
    let x = std::hint::black_box(3.0);
    // Not an assertion: the time to compile how its values are printed is not the derivative's.
    #[cfg(derivative)]
    if d_f(x, 1.0) != (9.0, 6.0) {
        std::process::abort();
    }
    println!("{}", f(x));
}
