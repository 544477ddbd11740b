tests! {
    dualv: "../../front-end/dualv.rs",
    headers: "../../front-end/headers.rs",
    hygiene: "../../front-end/hygiene.rs",
    impl_trait: "../../front-end/impl-trait.rs",
    no_prelude: "../../front-end/no-prelude.rs",
    patterns: "../../front-end/patterns.rs",
    receivers: "../../front-end/receivers.rs",
    type_aliases: "../../front-end/type-aliases.rs",
}
