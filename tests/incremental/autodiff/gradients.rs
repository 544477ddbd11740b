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

#[path = "auxiliary/sessions.rs"]
mod sessions;
#[macro_use]
#[path = "../../ui/autodiff/fat-lto/auxiliary/tests.rs"]
mod tests;

include!("../../ui/autodiff/fat-lto/auxiliary/gradients.rs");

fn main() {
    sessions::check_edits();
    run_all();
}
