//! For what builds tests of tests/ui/autodiff once more, as modules of one crate. The files beside this one say
//! which.

/// Declares tests as modules, and a function that runs them all.
macro_rules! tests {
    ($($name:ident: $path:literal,)*) => {
        $(
            #[path = $path]
            mod $name;
        )*

        fn run_all() {
            $($name::main();)*
        }
    };
}
