//! Check the derivatives of tests/ui/autodiff/headers in incremental
//! builds without optimization, after an edit of what Enzyme sees and after one elsewhere:
//! `auxiliary/sessions.rs` has the edits.

//@ revisions: rpass1 rpass2 rpass3
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ compile-flags: -Zautodiff=Enable -Copt-level=0
//@ compile-flags: -Zquery-dep-graph -Zhuman-readable-cgu-names

#![feature(autodiff, f128, f16, portable_simd, rustc_attrs)]
#![allow(unused_attributes)] // the tests are crates, with crate-level attributes
#![rustc_partition_codegened(module = "headers-cgu.autodiff", cfg = "rpass2")]
#![rustc_partition_reused(module = "headers-cgu.autodiff", cfg = "rpass3")]

#[macro_use]
#[path = "auxiliary/sessions.rs"]
mod sessions;

tests! {
    array_lengths: "../../ui/autodiff/headers/array-lengths.rs",
    arrays_by_value: "../../ui/autodiff/headers/arrays-by-value.rs",
    batched_iterators: "../../ui/autodiff/headers/batched-iterators.rs",
    const_beside_active: "../../ui/autodiff/headers/const-beside-active.rs",
    enums_by_value: "../../ui/autodiff/headers/enums-by-value.rs",
    half_and_quad: "../../ui/autodiff/headers/half-and-quad.rs",
    identical_primals: "../../ui/autodiff/headers/identical-primals.rs",
    layouts_by_value: "../../ui/autodiff/headers/layouts-by-value.rs",
    many_arguments: "../../ui/autodiff/headers/many-arguments.rs",
    methods: "../../ui/autodiff/headers/methods.rs",
    parameter_named_as_its_function: "../../ui/autodiff/headers/parameter-named-as-its-function.rs",
    real_users: "../../ui/autodiff/headers/real-users.rs",
    references: "../../ui/autodiff/headers/references.rs",
    returned_values: "../../ui/autodiff/headers/returned-values.rs",
    seeds: "../../ui/autodiff/headers/seeds.rs",
    simd_vectors: "../../ui/autodiff/headers/simd-vectors.rs",
    slices_of_aggregates: "../../ui/autodiff/headers/slices-of-aggregates.rs",
    tangents_of_enums: "../../ui/autodiff/headers/tangents-of-enums.rs",
    unsized_tails: "../../ui/autodiff/headers/unsized-tails.rs",
    zero_sized_arguments: "../../ui/autodiff/headers/zero-sized-arguments.rs",
}
