//! Check the derivatives of tests/ui/autodiff/bodies in incremental
//! builds without optimization, after an edit of what Enzyme sees and after one elsewhere:
//! `auxiliary/sessions.rs` has the edits.

//@ revisions: rpass1 rpass2 rpass3
//@ needs-enzyme (differentiates, and runs the result)
//@ edition: 2024
//@ compile-flags: -Zautodiff=Enable -Copt-level=0
//@ compile-flags: -Zquery-dep-graph -Zhuman-readable-cgu-names

#![feature(autodiff, rustc_attrs)]
#![allow(unused_attributes)] // the tests are crates, with crate-level attributes
#![rustc_partition_codegened(module = "bodies-cgu.autodiff", cfg = "rpass2")]
#![rustc_partition_reused(module = "bodies-cgu.autodiff", cfg = "rpass3")]

#[macro_use]
#[path = "auxiliary/sessions.rs"]
mod sessions;

tests! {
    arrays_in_registers: "../../ui/autodiff/bodies/arrays-in-registers.rs",
    boxes: "../../ui/autodiff/bodies/boxes.rs",
    bundle_adjustment: "../../ui/autodiff/bodies/bundle-adjustment.rs",
    closures: "../../ui/autodiff/bodies/closures.rs",
    control_flow: "../../ui/autodiff/bodies/control-flow.rs",
    elementary: "../../ui/autodiff/bodies/elementary.rs",
    extended_slices: "../../ui/autodiff/bodies/extended-slices.rs",
    fft: "../../ui/autodiff/bodies/fft.rs",
    gaussian_mixture: "../../ui/autodiff/bodies/gaussian-mixture.rs",
    generic_types: "../../ui/autodiff/bodies/generic-types.rs",
    growing: "../../ui/autodiff/bodies/growing.rs",
    iterators: "../../ui/autodiff/bodies/iterators.rs",
    loops: "../../ui/autodiff/bodies/loops.rs",
    lstm: "../../ui/autodiff/bodies/lstm.rs",
    matrices: "../../ui/autodiff/bodies/matrices.rs",
    mixed_elements: "../../ui/autodiff/bodies/mixed-elements.rs",
    moved_around: "../../ui/autodiff/bodies/moved-around.rs",
    not_inlined: "../../ui/autodiff/bodies/not-inlined.rs",
    ode: "../../ui/autodiff/bodies/ode.rs",
    optimizers: "../../ui/autodiff/bodies/optimizers.rs",
    overwritten: "../../ui/autodiff/bodies/overwritten.rs",
    pointers_in_memory: "../../ui/autodiff/bodies/pointers-in-memory.rs",
    recursion_through_memory: "../../ui/autodiff/bodies/recursion-through-memory.rs",
    recursion: "../../ui/autodiff/bodies/recursion.rs",
    returned_in_memory: "../../ui/autodiff/bodies/returned-in-memory.rs",
    returned_pointers: "../../ui/autodiff/bodies/returned-pointers.rs",
    simulations: "../../ui/autodiff/bodies/simulations.rs",
    sorted_by_key: "../../ui/autodiff/bodies/sorted-by-key.rs",
    swapped_as_bytes: "../../ui/autodiff/bodies/swapped-as-bytes.rs",
    vec: "../../ui/autodiff/bodies/vec.rs",
}
