//! Check that a primal has the same parameters and return value whatever the architecture. For an
//! ordinary function, each of those here has a rule of its own: how large an aggregate may be to be
//! an integer, floats as integers or vectors, extended integers, returns through memory.
//!
//! No Enzyme and no derivative: what decides is the attribute.

//@ edition: 2024
//@ revisions: aarch64 softfloat riscv64 i686 i586 wasm32 bpf
//@ compile-flags: -Copt-level=3 -Zmerge-functions=disabled
//@[aarch64] compile-flags: --target aarch64-unknown-linux-gnu
//@[aarch64] needs-llvm-components: aarch64
//@[softfloat] compile-flags: --target aarch64-unknown-none-softfloat
//@[softfloat] needs-llvm-components: aarch64
//@[riscv64] compile-flags: --target riscv64gc-unknown-linux-gnu
//@[riscv64] needs-llvm-components: riscv
//@[i686] compile-flags: --target i686-unknown-linux-gnu
//@[i686] needs-llvm-components: x86
//@[i586] compile-flags: --target i586-unknown-linux-gnu
//@[i586] needs-llvm-components: x86
//@[wasm32] compile-flags: --target wasm32-unknown-unknown
//@[wasm32] needs-llvm-components: webassembly
//@[bpf] compile-flags: --target bpfel-unknown-none
//@[bpf] needs-llvm-components: bpf

#![crate_type = "lib"]
#![feature(auto_traits, lang_items, no_core, rustc_attrs)]
#![no_core]

#[path = "auxiliary/lang-items.rs"]
mod lang_items;

// CHECK: define {{.*}}float @pair(ptr {{[^%]*}}align 4 {{[^%]*}}%x)
#[rustc_autodiff]
#[unsafe(no_mangle)]
pub fn pair(x: (f32, f32)) -> f32 {
    x.1
}

// aarch64: float @plain_pair(float {{[^%]*}}%x.0, float {{[^%]*}}%x.1)
// softfloat: i32 @plain_pair(i64
// i686: <4 x i8> @plain_pair(float
// i586: i32 @plain_pair(float
#[unsafe(no_mangle)]
pub fn plain_pair(x: (f32, f32)) -> f32 {
    x.1
}

// CHECK: define {{.*}}void @array(
// CHECK-NOT: {{sret|writable|dead_on_unwind}}
// CHECK-SAME: align 4 {{[^%]*}}%_0, ptr
// CHECK-NOT: dead_on_return
// CHECK-SAME: align 4 {{[^%]*}}%x)
#[rustc_autodiff]
#[unsafe(no_mangle)]
pub fn array(x: [f32; 2]) -> [f32; 2] {
    x
}

// aarch64: i64 @plain_array(i64
// softfloat: i64 @plain_array(i64
// riscv64: i64 @plain_array(i64
// i686: void @plain_array(ptr {{[^%]*}}sret([8 x i8]) {{[^%]*}}%_0, ptr dead_on_return
// wasm32: void @plain_array(ptr {{[^%]*}}sret([8 x i8]) {{[^%]*}}%_0, ptr dead_on_return
// bpf: i64 @plain_array(i64
#[unsafe(no_mangle)]
pub fn plain_array(x: [f32; 2]) -> [f32; 2] {
    x
}

// CHECK: define {{.*}}double @scalar(double {{[^%]*}}%x)
#[rustc_autodiff]
#[unsafe(no_mangle)]
pub fn scalar(x: f64) -> f64 {
    x
}

// softfloat: i64 @plain_scalar(i64
// i686: <8 x i8> @plain_scalar(double
// i586: void @plain_scalar(ptr {{[^%]*}}sret([8 x i8])
#[unsafe(no_mangle)]
pub fn plain_scalar(x: f64) -> f64 {
    x
}

// CHECK: define {{.*}}void @two(
// CHECK-NOT: {{sret|writable|dead_on_unwind}}
// CHECK-SAME: %_0, double {{[^%]*}}%x, double {{[^%]*}}%y)
#[rustc_autodiff]
#[unsafe(no_mangle)]
pub fn two(x: f64, y: f64) -> (f64, f64) {
    (x, y)
}

// aarch64: { double, double } @plain_two(double
// riscv64: { double, double } @plain_two(double
// i686: void @plain_two(ptr {{[^%]*}}sret([16 x i8])
// wasm32: void @plain_two(ptr {{[^%]*}}sret([16 x i8])
#[unsafe(no_mangle)]
pub fn plain_two(x: f64, y: f64) -> (f64, f64) {
    (x, y)
}

// Neither `signext` nor `zeroext`.
//
// CHECK: define {{(dso_local )?}}noundef i8 @narrow(i8 noundef {{(returned )?}}%x)
#[rustc_autodiff]
#[unsafe(no_mangle)]
pub fn narrow(x: i8) -> i8 {
    x
}

// riscv64: i8 @plain_narrow(i8 {{[^%]*}}signext {{[^%]*}}%x)
// bpf: signext {{.*}}i8 @plain_narrow(i8
#[unsafe(no_mangle)]
pub fn plain_narrow(x: i8) -> i8 {
    x
}

// LLVM finds a place for a scalar that has no register. Only for BPF it does not.
//
// aarch64: i128 @large(i128 {{[^%]*}}%x)
// softfloat: i128 @large(i128 {{[^%]*}}%x)
// riscv64: i128 @large(i128 {{[^%]*}}%x)
// i686: i128 @large(i128 {{[^%]*}}%x)
// i586: i128 @large(i128 {{[^%]*}}%x)
// wasm32: i128 @large(i128 {{[^%]*}}%x)
// bpf: void @large(ptr
// bpf-NOT: sret
// bpf-SAME: %_0, i128 {{[^%]*}}%x)
#[rustc_autodiff]
#[unsafe(no_mangle)]
pub fn large(x: i128) -> i128 {
    x
}

// i686: void @plain_large(ptr {{[^%]*}}sret([16 x i8])
// wasm32: void @plain_large(ptr {{[^%]*}}sret([16 x i8])
// bpf: void @plain_large(ptr {{[^%]*}}sret([16 x i8])
#[unsafe(no_mangle)]
pub fn plain_large(x: i128) -> i128 {
    x
}

// aarch64: { ptr, i64 } @wide(ptr {{[^%]*}}%x.0, i64 {{[^%]*}}%x.1)
// softfloat: { ptr, i64 } @wide(ptr {{[^%]*}}%x.0, i64 {{[^%]*}}%x.1)
// riscv64: { ptr, i64 } @wide(ptr {{[^%]*}}%x.0, i64 {{[^%]*}}%x.1)
// i686: { ptr, i32 } @wide(ptr {{[^%]*}}%x.0, i32 {{[^%]*}}%x.1)
// i586: { ptr, i32 } @wide(ptr {{[^%]*}}%x.0, i32 {{[^%]*}}%x.1)
// wasm32: { ptr, i32 } @wide(ptr {{[^%]*}}%x.0, i32 {{[^%]*}}%x.1)
// bpf: void @wide(ptr
// bpf-NOT: sret
// bpf-SAME: %_0, ptr {{[^%]*}}%x.0, i64 {{[^%]*}}%x.1)
#[rustc_autodiff]
#[unsafe(no_mangle)]
pub fn wide(x: &[f64]) -> &[f64] {
    x
}
