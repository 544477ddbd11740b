//! Check that `-Zvirtual-function-elimination`, under which no address of a method is loaded from a vtable,
//! is refused beside autodiff.

//@ needs-enzyme (the flag is refused without it)
//@ no-prefer-dynamic
//@ compile-flags: -Zautodiff=Enable -Zvirtual-function-elimination -Clto

//~? ERROR `-Zvirtual-function-elimination` is incompatible with `-Zautodiff`

fn main() {}
