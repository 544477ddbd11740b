"""A cargo workspace of two libraries and a program, with derivatives and generic functions in each.

    RUSTC=build/host/stage1/bin/rustc CARGO=cargo python3 src/tools/enzyme-engine/test_workspace.py

The tests that compiletest runs call rustc themselves. This does what a user does: `cargo run`, an edit in a library
(what it has inlined into the others is differentiated again), `cargo run` and `cargo run --release`.
"""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).with_name("workspace")
EDITED = "shapes/src/lib.rs"


def expected(scale):
    """The derivatives that the program prints, by hand; `scale` is what the edit changes."""
    # Euler's x2 = (1 - scale rate / 2)^2 start, at rate 0.25 and start 3.
    factor = 1 - scale * 0.25 / 2
    return {
        "boxed": 2 * scale * (1 + 2 + 4),
        "cubed": 3 * scale * 3**2,
        "scaled": 2 * scale * 3,
        "rate": -scale * factor * 3,
        "start": factor**2,
        # A disc of 3 x^2 and a bar of 5 scale x, at 2.
        "reverse": 2 * 3 * 2 + 5 * scale,
        "forward": 2 * 3 * 2 + 5 * scale,
        "disc": 2**2,
        "bar": 2 * scale,
    }


class Workspace(unittest.TestCase):
    def run_it(self, directory, scale, *options):
        # Without what would make one developer's compilation another than the next one's.
        environ = {key: value for key, value in os.environ.items()
                   if not key.startswith(("CARGO_BUILD_", "CARGO_ENCODED_", "CARGO_INCREMENTAL", "CARGO_PROFILE_",
                                       "RUSTC_"))}
        environ |= {"RUSTFLAGS": "-Zautodiff=Enable", "CARGO_TARGET_DIR": str(directory / "target")}
        run = subprocess.run([os.environ["CARGO"], "run", "--offline", "--quiet", *options], cwd=directory,
                             env=environ, capture_output=True, text=True, check=False)
        self.assertEqual((run.returncode, run.stderr), (0, ""), run.stderr)
        found = {name: float(value) for name, value in map(str.split, run.stdout.splitlines())}
        wanted = expected(scale)
        self.assertEqual(found.keys(), wanted.keys())
        for name, value in wanted.items():
            self.assertAlmostEqual(found[name], value, delta=1e-12 * abs(value), msg=name)

    def test_run_edit_run(self):
        with tempfile.TemporaryDirectory() as parent:
            directory = Path(shutil.copytree(SOURCE, Path(parent, "workspace")))
            self.run_it(directory, 2.0)
            self.run_it(directory, 2.0, "--release")

            source = directory / EDITED
            text = source.read_text()
            self.assertEqual(text.count("SCALE: f64 = 2.0;"), 1)
            source.write_text(text.replace("SCALE: f64 = 2.0;", "SCALE: f64 = 3.0;"))
            self.run_it(directory, 3.0)
            self.run_it(directory, 3.0, "--release")


if __name__ == "__main__":
    unittest.main()
