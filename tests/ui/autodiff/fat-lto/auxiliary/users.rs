tests! {
    arrays_in_and_out: "../../users/arrays-in-and-out.rs",
    method_with_associated_types: "../../users/method-with-associated-types.rs",
    parameters_and_state: "../../users/parameters-and-state.rs",
    prior_by_value: "../../users/prior-by-value.rs",
}
