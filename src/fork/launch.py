"""Hands a command to rustc's own x.py in `build/tree`, with a generated configuration."""

import os
import signal
import subprocess
import sys

from . import files
from .report import Failure

# What a command means here without a path. rustc's own defaults include tools that Debian's source cannot
# build and that differentiating does not need.
DEFAULT_PATHS = {"build": ["library"], "check": ["compiler", "library"], "doc": ["library"]}
# rustc's options that are followed by a value (`src/bootstrap/src/core/config/flags.rs`), so that the value
# is not taken for a path.
WITH_VALUE = {
    "--allow", "--build", "--build-dir", "--ci", "--color", "--compare-mode", "--compiletest-rustc-args",
    "--config", "--deny", "--error-format", "--exclude", "--extra-checks", "--forbid", "--host", "--jobs",
    "--keep-stage", "--keep-stage-std", "--llvm-profile-use", "--on-fail", "--pass", "--reproducible-artifact",
    "--run", "--rust-profile-generate", "--rust-profile-use", "--set", "--skip", "--src", "--stage",
    "--target", "--test-args", "--test-codegen-backend", "--warn", "--warnings", "-A", "-D", "-F", "-W", "-j",
}
# Only bootstrap itself is built in the dev profile. The code that Debian's patches leave unused in it would
# be complained about at every run.
CARGO_CONFIG = b'[unstable]\nprofile-rustflags = true\n[profile.dev]\nrustflags = ["-Awarnings"]\n'
ALIASES = {"b": "build", "c": "check", "d": "doc", "t": "test"}


def configuration(config, build, chain, host):
    """The text of bootstrap's configuration."""
    def quoted(path):
        return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'

    lines = ["# Written by the fork's x.py from config.toml at every run.",
             'change-id = "ignore"', "", "[build]", f"build-dir = {quoted(build)}",
             "build-stage = 1", "test-stage = 1", "check-stage = 1", "doc-stage = 1",
             "docs = false", "extended = false", "submodules = false",
             # Debian pruned some entries of Cargo.lock and has no vendor/; cargo adds them again.
             "locked-deps = false", "vendor = false",
             # Otherwise built from LLVM's sources, which the base lacks.
             "optimized-compiler-builtins = false"]
    for key, value in (("rustc", chain.rustc), ("cargo", chain.cargo)):
        if value:
            lines.append(f"{key} = {quoted(value)}")
    lines += ["", "[rust]", 'channel = "nightly"', f"optimize = {config['optimize']}", "debuginfo-level = 0",
              # Debian's patches leave unused code in bootstrap, which would fail the build.
              "deny-warnings = false",
              # The tree lies inside this repository, whose commits are not rustc's.
              "omit-git-hash = true",
              # Neither is part of the base source, and neither is needed.
              "lld = false", "llvm-tools = false"]
    lines += ["", "[llvm]", "enzyme = true"]
    if chain.llvm_config:
        lines += ["download-ci-llvm = false", "link-shared = true",
                  "", f"[target.{host}]", f"llvm-config = {quoted(chain.llvm_config)}"]
        if chain.filecheck:
            lines.append(f"llvm-filecheck = {quoted(chain.filecheck)}")
    return "\n".join(lines) + "\n"


def arguments(given, test_paths, skipped=()):
    """The arguments for rustc's x.py: default paths added, without the tests that are `skipped`; `tests/codegen`
    understood."""
    given = [renamed(argument) for argument in given]
    defaults = (DEFAULT_PATHS | {"test": test_paths}).get(command(given))
    # Before the options: what follows `--` is not for bootstrap.
    added = [*defaults] if defaults and not has_path(given[1:]) else []
    return [given[0], *added, *(f"--skip={test}" for test in skipped), *given[1:]]


def command(given):
    """The full name of the command, or None if it is only asked to explain itself."""
    return None if {"-h", "--help"} & set(given) else ALIASES.get(given[0], given[0])


def renamed(argument):
    """`tests/codegen`, as the suite was called until 1.91, is `tests/codegen-llvm`."""
    if argument == "tests/codegen" or argument.startswith("tests/codegen/"):
        return "tests/codegen-llvm" + argument.removeprefix("tests/codegen")
    return argument


def has_path(given):
    skip = False
    for argument in given:
        if argument == "--":
            return False
        if skip:
            skip = False
        elif argument in WITH_VALUE:
            skip = True
        elif not argument.startswith("-"):
            return True
    return False


def run(build, text, chain, given):
    """Runs rustc's x.py to its end and returns its exit status."""
    path = os.path.join(build, "bootstrap.toml")
    files.write_if_changed(path, text.encode())
    files.write_if_changed(os.path.join(build, ".cargo/config.toml"), CARGO_CONFIG)
    environ = chain.environment(os.environ) | {"RUST_BOOTSTRAP_CONFIG": path}
    tree = os.path.join(build, "tree")
    environ["PATH"] = ":".join([os.path.dirname(chain.cmake), os.path.dirname(chain.ninja), environ["PATH"]])
    # The cmake crate of bootstrap asks this variable before PATH.
    environ["CMAKE"] = chain.cmake
    sys.stdout.flush()
    try:
        child = subprocess.Popen([sys.executable, os.path.join(tree, "x.py"), *given], cwd=tree, env=environ)
    except OSError as error:
        raise Failure(f"cannot run {tree}/x.py: {error.strerror}") from None
    # Ctrl-C reaches the child as well, which stops and reports; wait for it rather than die first.
    before = {number: signal.signal(number, handler) for number, handler in (
        (signal.SIGINT, signal.SIG_IGN), (signal.SIGTERM, lambda *_: child.terminate()))}
    try:
        status = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return status if status >= 0 else 128 - status
