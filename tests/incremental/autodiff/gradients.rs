//! Check the derivatives of the tests directly in tests/ui/autodiff in incremental
//! builds without optimization, after an edit of what Enzyme sees and after one elsewhere:
//! `auxiliary/sessions.rs` has the edits.

//@ revisions: rpass1 rpass2 rpass3
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ aux-build: ../../../ui/autodiff/auxiliary/derivative-in-dependency.rs
//@ proc-macro: ../../../ui/autodiff/auxiliary/macro-with-autodiff.rs
//@ run-flags: {{src-base}}/../ui/autodiff/auxiliary/logistic-regression.txt
//@ compile-flags: -Zautodiff=Enable -Copt-level=0
//@ compile-flags: -Zquery-dep-graph -Zhuman-readable-cgu-names

#![feature(autodiff, rustc_attrs)]
#![allow(unused_attributes)] // the tests are crates, with crate-level attributes
#![rustc_partition_codegened(module = "gradients-cgu.autodiff", cfg = "rpass2")]
#![rustc_partition_reused(module = "gradients-cgu.autodiff", cfg = "rpass3")]

#[macro_use]
#[path = "auxiliary/sessions.rs"]
mod sessions;

tests! {
    aggregates_by_value: "../../ui/autodiff/aggregates-by-value.rs",
    batch_width_two: "../../ui/autodiff/batch-width-two.rs",
    derivative_across_crates: "../../ui/autodiff/derivative-across-crates.rs",
    extern_c: "../../ui/autodiff/extern-c.rs",
    format_arguments: "../../ui/autodiff/format-arguments.rs",
    forward_mode: "../../ui/autodiff/forward-mode.rs",
    generic_function: "../../ui/autodiff/generic-function.rs",
    higher_order: "../../ui/autodiff/higher-order.rs",
    inlining: "../../ui/autodiff/inlining.rs",
    logistic_regression: "../../ui/autodiff/logistic-regression.rs",
    loop_exits: "../../ui/autodiff/loop-exits.rs",
    loops_and_iterators: "../../ui/autodiff/loops-and-iterators.rs",
    proc_macro: "../../ui/autodiff/proc-macro.rs",
    reverse_mode: "../../ui/autodiff/reverse-mode.rs",
    second_derivative: "../../ui/autodiff/second-derivative.rs",
    standard_library: "../../ui/autodiff/standard-library.rs",
    statics: "../../ui/autodiff/statics.rs",
    struct_by_reference: "../../ui/autodiff/struct-by-reference.rs",
    unoptimized: "../../ui/autodiff/unoptimized.rs",
    vec_and_box: "../../ui/autodiff/vec-and-box.rs",
}
