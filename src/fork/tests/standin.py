"""A stand-in for rustc's source and a repository of the fork around it, in a temporary directory."""

import contextlib
import hashlib
import io
import os
import shutil
import stat
import tempfile
import unittest

from fork import cli, files

UPSTREAM = "compiler/rustc_a/src/lib.rs"
# Long enough for two hunks that do not touch with one line of context.
LINES = [f"line {n}" for n in range(1, 21)]

# What rustc's x.py is here: it records how it was called.
BASE_X_PY = """
import os, sys
with open(os.environ["CALLS"], "a") as f:
    f.write(" ".join(sys.argv[1:]) + "\\n")
sys.exit(int(os.environ.get("STATUS", "0")))
"""

COMMIT = """
[[commit]]
title = "{title}"
upstream-status = "Pending"
reason = "a test"
files = {files}
body = "Why."
"""


def sha256(text):
    return hashlib.sha256(text).hexdigest()


class ForkCase(unittest.TestCase):
    """`self.root` is the repository, `self.base` the base, both made anew for each test."""

    def setUp(self):
        self.top = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.top)
        self.root = os.path.join(self.top, "repository")
        self.base = os.path.join(self.top, "base")
        self.tree = os.path.join(self.root, "build/tree")
        self.write(self.base, "src/version", "1.96.0\n")
        self.write(self.base, UPSTREAM, self.text())
        self.write(self.base, "compiler/rustc_a/src/other.rs", "fn other() {}\n")
        self.write(self.base, "x.py", BASE_X_PY)
        self.write(self.root, "compiler/rustc_a/src/ours.rs", "fn ours() {}\n")
        self.write(self.root, UPSTREAM + ".patch", self.patch(5, "line five"))
        self.write(self.root, "tests/ui/autodiff/a.rs", "fn main() {}\n")
        self.write(self.root, "src/fork/readme", "tooling\n")
        self.write(self.root, "LICENSE-MIT", "MIT\n")
        self.write(self.root, "LICENSE-APACHE", "Apache\n")
        self.series([("Add ours", ["compiler/"]), ("Test ours", ["tests/ui/autodiff/"])])
        self.calls = os.path.join(self.top, "calls")
        library = self.write(self.top, "libEnzyme-22.so", "")
        rustc = self.script("rustc", "echo release: 1.96.0; echo host: x86_64-unknown-linux-gnu")
        tool = self.script("tool", "true")
        self.write(self.root, "config.toml", f"""
base = "{self.base}"
llvm = "rustc"
rustc = "{rustc}"
cargo = "{tool}"
cmake = "{tool}"
ninja = "{tool}"
enzyme = "{library}"
""")
        self.base_before = snapshot(self.base)
        self.addCleanup(lambda: self.assertEqual(snapshot(self.base), self.base_before,
                                                 "the base was modified"))
        # Cleanups run last in, first out: the comparison comes before the deletion.

    @staticmethod
    def write(top, path, text):
        full = os.path.join(top, path)
        files.write(full, text.encode())
        return full

    def script(self, name, body):
        path = self.write(self.top, f"bin/{name}", f"#!/bin/sh\n{body}\n")
        os.chmod(path, stat.S_IRWXU)
        return path

    @staticmethod
    def text(changes=()):
        lines = list(LINES)
        for number, new in dict(changes).items():
            lines[number - 1] = new
        return "".join(line + "\n" for line in lines)

    def patch(self, number, new, at=None, base_text=None):
        """A stored patch that makes line `number` of the upstream file `new`, said to stand at `at`."""
        at = number if at is None else at
        base_text = self.text() if base_text is None else base_text
        return (f"base-sha256: {sha256(base_text.encode())}\n--- a/{UPSTREAM}\n+++ b/{UPSTREAM}\n"
                f"@@ -{at - 1},3 +{at - 1},3 @@\n line {number - 1}\n-line {number}\n+{new}\n line {number + 1}\n")

    def series(self, commits, tooling='["src/series.toml", "src/fork/"]'):
        head = f'author = "A Tester <tester@example.org>"\ndate = 2026-01-02\ntooling = {tooling}\n'
        body = "".join(COMMIT.format(title=title, files=str(listed).replace("'", '"'))
                       for title, listed in commits)
        self.write(self.root, "src/series.toml", head + body)

    def x(self, *arguments, **environ):
        """Runs x.py and returns its status and all it said."""
        said = io.StringIO()
        saved = dict(os.environ)
        os.environ.update({"CALLS": self.calls, **environ})
        try:
            with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
                status = cli.main(self.root, list(arguments))
        finally:
            os.environ.clear()
            os.environ.update(saved)
        return status, said.getvalue()

    def succeed(self, *arguments):
        status, said = self.x(*arguments)
        self.assertEqual(status, 0, said)
        return said

    def fail_with(self, expected, *arguments):
        status, said = self.x(*arguments)
        self.assertEqual(status, 1, said)
        self.assertIn(expected, said)
        return said

    def in_tree(self, path):
        return files.read(os.path.join(self.tree, path)).decode()

    def in_root(self, path):
        return files.read(os.path.join(self.root, path)).decode()


def snapshot(top):
    """{path: (content, mtime)} of a directory."""
    found = {}
    for directory, directories, names in os.walk(top):
        directories[:] = [d for d in directories if d != "build"]
        for name in names:
            path = os.path.join(directory, name)
            found[os.path.relpath(path, top)] = (files.read(path), os.stat(path).st_mtime_ns)
    return found
