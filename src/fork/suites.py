"""`./x.py test`: the suites that are not rustc's, addressed by path as rustc's are."""

import os
import subprocess
import sys
import unittest

from . import launch

TOOLS = "src/fork"
ENGINE = "src/tools/enzyme-engine"


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
