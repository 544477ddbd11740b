"""`./x.py user-crates`: derivatives of functions that use what numeric programs take from crates.io.

The tests are in src/tools/user-crates, a file for each crate. Each differentiates a function in forward and in reverse
mode and compares with differences of the function itself. cargo downloads the crates, whose versions are pinned.
"""

import os
import re
import subprocess

from . import files, overhead
from .report import Failure, note, step

MANIFEST = "src/tools/user-crates/Cargo.toml"
LEVELS = {"debug": [], "release": ["--release"]}


def command(fork, chain, host, given):
    rustc = overhead.compiler(fork, chain, host, given, "user-crates")
    directory = os.path.join(fork.build, "user-crates")
    test = [chain.stage0_cargo(fork.build, host), "test", "--tests", "--locked", "--no-fail-fast",
            "--manifest-path", os.path.join(fork.root, MANIFEST), "--target-dir", directory]
    # What the user has said to cargo is not for this compiler.
    environ = chain.environment(os.environ) | {"RUSTC": rustc, "RUSTC_BOOTSTRAP": "1",
                                               "RUSTFLAGS": "-Zautodiff=Enable"}
    problems = []
    with files.locked(os.path.join(fork.build, ".user-crates.lock")):
        # To cargo, a compiler that has been built again is the same.
        files.remove_tree(directory)
        for level, options in LEVELS.items():
            with step(f"compiling the crates and their tests, and running these, {level}"):
                passed, said = run(test + options, environ)
            if said:
                problems.append(f"{level}:\n{said}")
            else:
                note(f"{level}: {passed} functions right")
    if problems:
        raise Failure("\n".join(problems))
    note("OK: all derivatives are as differences say")
    return 0


def run(test, environ):
    """How many tests have passed, and what cargo said if not all have."""
    try:
        done = subprocess.run(test, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    except OSError as error:
        raise Failure(f"cannot run {test[0]}: {error.strerror}", "set `cargo` in config.toml") from None
    passed = sum(map(int, re.findall(r"^test result: ok\. (\d+) passed", done.stdout, re.M)))
    if done.returncode != 0:
        return passed, done.stdout
    return passed, "" if passed else "no test ran:\n" + done.stdout
