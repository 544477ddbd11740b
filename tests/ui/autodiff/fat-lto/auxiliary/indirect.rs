tests! {
    closures: "../../indirect/closures.rs",
    containers: "../../indirect/containers.rs",
    fn_pointers: "../../indirect/fn-pointers.rs",
    local_objects: "../../indirect/local-objects.rs",
    ode_solver: "../../indirect/ode-solver.rs",
    recursion: "../../indirect/recursion.rs",
    trait_objects: "../../indirect/trait-objects.rs",
}
