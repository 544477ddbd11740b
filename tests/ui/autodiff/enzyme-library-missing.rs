//! Check what the compiler says with `-Zautodiff=Enable` when `libEnzyme` is not in its sysroot,
//! and when what is there is not a library.
//!
//! `--sysroot` alone cannot express the first: the compiler also looks in the sysroot that it is
//! installed in. So this runs a second installation of the compiler under test, which consists of
//! hard links to its executable and its own libraries, and has no `lib/rustlib`. Both errors come
//! before anything is compiled, so it needs no standard library.

//@ run-pass
//@ needs-enzyme (a compiler without it does not look for the library)
//@ needs-subprocess
//@ ignore-cross-compile (the compiler has to run where the test does)
//@ ignore-remote (the compiler has to be there)
//@ only-linux (the compiler's libraries are found through LD_LIBRARY_PATH)
//@ edition: 2024

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// What the compiler in `bin` writes, with the test's directory written as `$DIR`.
fn stderr_of(rustc: &Path, arguments: &[&str]) -> String {
    let lib = rustc.parent().unwrap().with_file_name("lib");
    let mut search = vec![lib];
    search.extend(env::split_paths(&env::var_os("LD_LIBRARY_PATH").unwrap_or_default()));
    let output = Command::new(rustc)
        .args(arguments)
        .env("LD_LIBRARY_PATH", env::join_paths(search).unwrap())
        .output()
        .unwrap_or_else(|e| panic!("{}: {e}", rustc.display()));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "", "nothing on stdout");
    let here = env::current_dir().unwrap().canonicalize().unwrap();
    stderr.replace(here.to_str().unwrap(), "$DIR")
}

/// An installation of the compiler without `lib/rustlib`.
fn install(rustc: &Path, sysroot: &Path) -> PathBuf {
    let _ = fs::remove_dir_all(sysroot);
    let original = rustc.parent().unwrap().parent().unwrap();
    for directory in ["bin", "lib"] {
        fs::create_dir_all(sysroot.join(directory)).unwrap();
        for entry in fs::read_dir(original.join(directory)).unwrap() {
            let entry = entry.unwrap();
            let copy = sysroot.join(directory).join(entry.file_name());
            // A symbolic link would lead back to the sysroot that has the library.
            let file = entry.path().canonicalize().unwrap();
            if file.is_file() && fs::hard_link(&file, &copy).is_err() {
                fs::copy(&file, &copy).unwrap();
            }
        }
    }
    sysroot.join("bin").join(rustc.file_name().unwrap())
}

fn main() {
    fs::write("empty.rs", "fn main() {}").unwrap();
    let rustc = PathBuf::from(env::var_os("RUSTC").expect("compiletest names the compiler"));
    let rustc = install(&rustc, &env::current_dir().unwrap().join("without-enzyme"));

    // The library is named after the version of LLVM, which is not this test's business.
    let version = Command::new(&rustc).arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let field = |name: &str| {
        let line = version.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {version}"))
    };
    let llvm = field("LLVM version: ").split('.').next().unwrap();

    let arguments = ["-Zautodiff=Enable", "empty.rs"];
    assert_eq!(
        stderr_of(&rustc, &arguments),
        format!(
            "error: autodiff backend not found in the sysroot: \
             failed to find a `libEnzyme-{llvm}` folder in the sysroot candidates:\n\
             \x20      * $DIR/without-enzyme/lib\n\
             \x20 |\n\
             \x20 = note: it will be distributed via rustup in the future\n\n"
        )
    );

    let lib = Path::new("without-enzyme/lib/rustlib").join(field("host: ")).join("lib");
    fs::create_dir_all(&lib).unwrap();
    let library = lib.join(format!("libEnzyme-{llvm}.so"));
    fs::write(&library, "not a library").unwrap();
    assert_eq!(
        stderr_of(&rustc, &arguments),
        format!(
            "error: failed to load our autodiff backend: \
             DlOpen {{ source: \"$DIR/{}: file too short\" }}\n\n",
            library.display()
        )
    );

    fs::remove_dir_all("without-enzyme").unwrap();
}
