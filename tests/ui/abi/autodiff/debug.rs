//! Check what `FnAbi` says of a function that is differentiated: that it is, that neither a tuple is
//! split nor an array made an integer, and that a returned pair is written through a pointer. The
//! wide pointer stays a pair, and the unit is not passed. The same of the method of an implementation
//! whose trait's declaration has the attribute.

//@ normalize-stderr: "(abi|pref|unadjusted_abi_align): Align\([1-8] bytes\)" -> "$1: $$SOME_ALIGN"
//@ normalize-stderr: "randomization_seed: \d+" -> "randomization_seed: $$SEED"
//@ only-64bit (the sizes of pointers and wide pointers)
//@ edition: 2024

#![feature(rustc_attrs)]
#![crate_type = "lib"]

#[rustc_abi(debug)]
#[rustc_autodiff]
fn primal(x: (f64, f32), y: [f32; 2], z: f64, s: &[f64], u: ()) -> (f64, f64) {
    //~^ ERROR fn_abi_of(primal)
    _ = (y, s, u);
    (x.0, z)
}

trait Primal {
    #[rustc_autodiff]
    fn method(&self, x: [f32; 2]) -> f64;
}

impl Primal for f64 {
    #[rustc_abi(debug)]
    fn method(&self, x: [f32; 2]) -> f64 {
        //~^ ERROR fn_abi_of(method)
        *self + x[0] as f64
    }
}
