//! Check that KCFI lets calls of a primal by `fn` pointer and through a vtable pass: what is called is a
//! shim, and its type is the one that the call expects.

//@ edition: 2024
//@ needs-sanitizer-kcfi
//@ compile-flags: -Zsanitizer=kcfi -Cunsafe-allow-abi-mismatch=sanitizer -Cpanic=abort
//@ compile-flags: -Copt-level=0 -Ccodegen-units=1 -Csymbol-mangling-version=v0

#![crate_type = "lib"]
#![feature(rustc_attrs)]

// CHECK: define {{.*}}double @{{.*}}6primal11reify_fnptr{{[^(]*}}(double {{[^,]*}}, double {{[^)]*}})
// CHECK-SAME: !kcfi_type ![[POINTER:[0-9]+]]
#[inline(never)]
#[rustc_autodiff]
fn primal(x: (f64, f64)) -> f64 {
    x.0 * x.1
}

pub trait Trait {
    #[rustc_autodiff]
    fn method(&self, x: (f64, f64)) -> f64;
}

// CHECK: define {{.*}}double @{{.*}}6method12reify_vtable{{[^(]*}}(ptr {{[^,]*}}, double {{[^)]*}})
// CHECK-SAME: !kcfi_type ![[SLOT:[0-9]+]]
impl Trait for f64 {
    fn method(&self, x: (f64, f64)) -> f64 {
        *self * x.0 + x.1
    }
}

#[unsafe(no_mangle)]
pub fn takes_pointer() -> fn((f64, f64)) -> f64 {
    primal
}

#[unsafe(no_mangle)]
pub fn takes_vtable(x: &f64) -> &dyn Trait {
    x
}

// CHECK: call double %f(double {{.*}}"kcfi"(i32 [[POINTER_TYPE:-?[0-9]+]])
#[unsafe(no_mangle)]
pub fn by_pointer(f: fn((f64, f64)) -> f64) -> f64 {
    f((2.0, 3.0))
}

// CHECK: call double %{{[^(]+}}(ptr {{.*}}"kcfi"(i32 [[SLOT_TYPE:-?[0-9]+]])
#[unsafe(no_mangle)]
pub fn by_vtable(x: &dyn Trait) -> f64 {
    x.method((2.0, 3.0))
}

// CHECK: ![[POINTER]] = !{i32 [[POINTER_TYPE]]}
// CHECK: ![[SLOT]] = !{i32 [[SLOT_TYPE]]}
