//! Check the derivatives of tests/ui/autodiff/front-end in incremental
//! builds without optimization, after an edit of what Enzyme sees and after one elsewhere:
//! `auxiliary/sessions.rs` has the edits.

//@ revisions: rpass1 rpass2 rpass3
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ compile-flags: -Zautodiff=Enable -Copt-level=0
//@ compile-flags: -Zquery-dep-graph -Zhuman-readable-cgu-names

#![feature(anonymous_lifetime_in_impl_trait, autodiff, rustc_attrs)]
#![allow(unused_attributes)] // the tests are crates, with crate-level attributes
#![rustc_partition_codegened(module = "front_end-cgu.autodiff", cfg = "rpass2")]
#![rustc_partition_reused(module = "front_end-cgu.autodiff", cfg = "rpass3")]

#[macro_use]
#[path = "auxiliary/sessions.rs"]
mod sessions;

tests! {
    dualv: "../../ui/autodiff/front-end/dualv.rs",
    headers: "../../ui/autodiff/front-end/headers.rs",
    hygiene: "../../ui/autodiff/front-end/hygiene.rs",
    impl_trait: "../../ui/autodiff/front-end/impl-trait.rs",
    no_prelude: "../../ui/autodiff/front-end/no-prelude.rs",
    patterns: "../../ui/autodiff/front-end/patterns.rs",
    receivers: "../../ui/autodiff/front-end/receivers.rs",
    type_aliases: "../../ui/autodiff/front-end/type-aliases.rs",
}
