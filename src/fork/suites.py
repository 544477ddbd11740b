"""`./x.py test`: the suites that are not rustc's, addressed by path as rustc's are."""

import glob
import os
import subprocess
import sys
import unittest

from . import launch

TOOLS = "src/fork"
ENGINE = "src/tools/enzyme-engine"
FLAG = "--exhaustive"
# What `./x.py test` leaves to `./x.py test --exhaustive`: paths, or revisions of paths, that rustc's x.py is told to
# skip; `*` stands for every name. In the default, everything is tested where it can break, at each optimisation level
# that can break it. Here is what repeats that in another setting.
EXHAUSTIVE = (
    # Groups of tests that are in the default one by one, as modules of a crate with fat LTO. Enzyme has run before
    # LTO, which sees ordinary code: what can break is how a crate is linked, whatever is in it. That `front-end` and
    # `users` protect, and the `lto` revisions of what LTO treats in ways of its own (indirect calls, primals' ABI).
    "tests/ui/autodiff/fat-lto/bodies.rs",
    "tests/ui/autodiff/fat-lto/gradients.rs",
    "tests/ui/autodiff/fat-lto/headers.rs",
    "tests/ui/autodiff/fat-lto/indirect.rs",
    # The same groups in three sessions of an incremental build. All derivatives of a crate are one codegen unit, so
    # what can break is when that is made anew, whatever is in it. `edited`, `front-end` and `users` protect that.
    "tests/incremental/autodiff/bodies.rs",
    "tests/incremental/autodiff/gradients.rs",
    "tests/incremental/autodiff/headers.rs",
    "tests/incremental/autodiff/indirect.rs",
    # What a function body may do, which Enzyme takes minutes for. Unoptimized it is hardest, with every call of std's
    # still a call, so the default has that. What is special about optimized code `debug-and-release` compares in 112
    # derivatives, and the other tests of derivatives are run at both levels.
    "tests/ui/autodiff/bodies/*.rs#release",
    "tests/ui/autodiff/std/*.rs#release",
    # That a primal has one ABI breaks between two codegen units, or where an optimization relies on it, or where only
    # one side has `-Zautodiff=Enable`. Without optimization, one of three settings finds what there is.
    "tests/ui/abi/autodiff/*.rs#debug_units",
    "tests/ui/abi/autodiff/*.rs#enabled_debug",
)


def left_out(root, given):
    """(the arguments of `test` without `--exhaustive`, the tests that rustc's x.py is to skip).

    Whoever names tests, by a path or by `--test-args`, gets them all.
    """
    end = given.index("--") if "--" in given else len(given)
    options, rest = given[:end], given[end:]
    named = launch.has_path(options[1:]) or any(o.split("=")[0] == "--test-args" for o in options)
    return [o for o in options if o != FLAG] + rest, [] if named or FLAG in options else skipped(root)


def skipped(root):
    """EXHAUSTIVE as rustc's x.py takes it: parts of names, which are `<path>` or `<path>#<revision>`."""
    found = []
    for entry in EXHAUSTIVE:
        path, mark, revision = entry.partition("#")
        paths = sorted(glob.glob(path, root_dir=root)) if "*" in path else [path]
        found += [path + mark + revision for path in paths]
    return found


def own(given):
    """(our suites among the arguments of `test`, the arguments for rustc's x.py or None).

    Without a path, ours come with rustc's: a change in x.py must not go untested because a compiler was
    asked for.
    """
    if not launch.has_path(given[1:]):
        return [TOOLS, ENGINE], given
    named = [argument.rstrip("/") for argument in given if argument.rstrip("/") in (TOOLS, ENGINE)]
    rest = [argument for argument in given if argument.rstrip("/") not in (TOOLS, ENGINE)]
    return named, rest if launch.has_path(rest[1:]) else None


def test_tools(root):
    """The unit tests of x.py's parts; they need neither the base nor a network."""
    print(f"Testing {TOOLS}", flush=True)
    top = os.path.join(root, "src")
    suite = unittest.defaultTestLoader.discover(os.path.join(root, TOOLS, "tests"), top_level_dir=top)
    result = unittest.TextTestRunner(stream=sys.stdout).run(suite)
    return 0 if result.wasSuccessful() and result.testsRun else 1


def test_engine(root, build, cargo, environ):
    """The tests of the engine, of what a derivative leaves alone, and of a workspace, with the compiler built."""
    print(f"Testing {ENGINE}", flush=True)
    rustc = os.path.join(build, "host/stage1/bin/rustc")
    return max(subprocess.run([sys.executable, "-B", os.path.join(root, ENGINE, name)],
                              env=environ | {"RUSTC": rustc, "CARGO": cargo}, stderr=subprocess.STDOUT,
                              check=False).returncode
               for name in ("test_engine.py", "test_inertness.py", "test_workspace.py"))
