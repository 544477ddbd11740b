"""Regression tests of the engine, run through a rustc that has it in its sysroot.

    RUSTC=build/host/stage1/bin/rustc python3 src/tools/enzyme-engine/test_engine.py

One tiny library, compiled with the real Enzyme executable (positive controls) and with scripts that play
a broken one. Whatever goes wrong there must be one error and no library, never a library that computes
something else.
"""

import ctypes
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

PROLOGUE = """
#![feature(autodiff)]
#![no_std]
#![crate_type = "cdylib"]
use core::autodiff::*;
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! { loop {} }
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn bystander(x: &[f64; 3]) -> f64 { x[0] * x[1] + x[2] }
"""
REVERSE = """
#[autodiff_reverse(gradient, Active, Active)]
#[inline(never)]
fn cube(x: f64) -> f64 { x * x * x }
#[unsafe(no_mangle)]
pub extern "C" fn cube_gradient(x: f64) -> f64 { gradient(x, 1.0).1 }
"""
FORWARD = """
#[autodiff_forward(tangent, Dual, Dual)]
#[inline(never)]
fn square(x: f64) -> f64 { x * x }
#[unsafe(no_mangle)]
pub extern "C" fn square_tangent(x: f64) -> f64 { tangent(x, 1.0).1 }
"""
# A derivative within a function that is differentiated itself, x -> 4 x^2 + 4 x^2.
NESTED = """
#[autodiff_forward(outer_tangent, Dual, Dual)]
#[inline(never)]
fn outer(x: f64) -> f64 {
    let mut dx = [0.0; 2];
    inner_gradient(&[x, 2.0 * x], &mut dx, 1.0);
    dx[0] + 4.0 * dx[1]
}
#[autodiff_reverse(inner_gradient, Duplicated, Active)]
#[inline(never)]
fn inner(x: &[f64; 2]) -> f64 { x[0] * x[0] * x[1] }
#[unsafe(no_mangle)]
pub extern "C" fn nested(x: f64) -> f64 { outer_tangent(x, 1.0).1 }
"""
# A panic in the primal, and with it a derivative that diverges.
CHECKED = """
#[autodiff_reverse(checked_gradient, Duplicated, Const, Active)]
#[inline(never)]
fn checked(x: &[f64], i: usize) -> f64 { x[i] * x[i + 1] }
#[unsafe(no_mangle)]
pub extern "C" fn checked_at_one(x: f64) -> f64 {
    let mut dx = [0.0; 3];
    checked_gradient(&[x, x + 1.0, x + 2.0], &mut dx, 1, 1.0);
    dx[1]
}
"""
# Enzyme cannot see into a function that is defined nowhere, and says so.
OPAQUE = """
unsafe extern "C" { safe fn nobody_knows(x: f64) -> f64; }
#[autodiff_reverse(gradient, Active, Active)]
#[inline(never)]
fn opaque(x: f64) -> f64 { nobody_knows(x) }
#[unsafe(no_mangle)]
pub extern "C" fn opaque_gradient(x: f64) -> f64 { gradient(x, 1.0).1 }
"""


class Compilation:
    def __init__(self, returncode, stdout, stderr, library, seconds, leftovers):
        self.returncode = returncode
        self.stdout = stdout
        self.stderr = stderr
        self.library = library
        self.seconds = seconds
        self.leftovers = leftovers

    def call(self, name, x):
        function = getattr(ctypes.CDLL(str(self.library)), name)
        function.restype, function.argtypes = ctypes.c_double, [ctypes.c_double]
        return function(x)


class EngineTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def compile(self, *parts, engine=None, autodiff="Enable", args=(), **environment):
        source = self.directory / "lib.rs"
        source.write_text(PROLOGUE + "".join(parts))
        library = self.directory / "lib.so"
        library.unlink(missing_ok=True)
        scratch = self.directory / "scratch"
        scratch.mkdir(exist_ok=True)
        env = {k: v for k, v in os.environ.items() if not k.startswith("ENZYME_")}
        env["TMPDIR"] = str(scratch)
        if engine is not None:
            env["ENZYME_ENGINE"] = str(engine)
        env.update(environment)
        command = [RUSTC, "-O", "-Cpanic=abort", f"-Zautodiff={autodiff}", *args]
        start = time.monotonic()
        run = subprocess.run(
            [*command, str(source), "-o", str(library)], env=env, capture_output=True, text=True
        )
        seconds = time.monotonic() - start
        leftovers = [p.name for p in scratch.iterdir()]
        return Compilation(run.returncode, run.stdout, run.stderr, library, seconds, leftovers)

    def script(self, body):
        path = self.directory / "engine"
        path.write_text("#!/bin/sh\n" + body + "\n")
        path.chmod(0o755)
        return path

    def assert_compiled(self, compilation):
        self.assertEqual(compilation.returncode, 0, compilation.stderr)
        self.assertEqual(compilation.leftovers, [])

    def assert_refused(self, compilation, message):
        self.assertNotEqual(compilation.returncode, 0, compilation.stderr)
        self.assertFalse(compilation.library.exists(), "a library was made all the same")
        self.assertRegex(compilation.stderr, "error: autodiff: " + message)
        self.assertEqual(compilation.stderr.count("autodiff:"), 1, compilation.stderr)
        self.assertNotIn("internal compiler error", compilation.stderr)
        self.assertLess(len(compilation.stderr), 2000)
        self.assertEqual(compilation.leftovers, [])

    # What works.

    def test_reverse_and_forward_are_right(self):
        compilation = self.compile(REVERSE, FORWARD)
        self.assert_compiled(compilation)
        self.assertEqual(compilation.stderr, "")
        self.assertEqual(compilation.call("cube_gradient", 2.0), 12.0)
        self.assertEqual(compilation.call("square_tangent", 3.0), 6.0)

    def test_forward_alone_starts_enzyme(self):
        compilation = self.compile(FORWARD)
        self.assert_compiled(compilation)
        self.assertEqual(compilation.call("square_tangent", 5.0), 10.0)

    def test_nested_derivatives(self):
        for level in "0", "3":
            compilation = self.compile(NESTED, args=["-Copt-level=" + level])
            self.assert_compiled(compilation)
            self.assertEqual(compilation.call("nested", 3.0), 48.0)

    def test_bounds_checks(self):
        compilation = self.compile(CHECKED)
        self.assert_compiled(compilation)
        self.assertEqual(compilation.call("checked_at_one", 5.0), 7.0)

    def test_without_optimisation_and_with_debug_info(self):
        compilation = self.compile(REVERSE, FORWARD, args=["-Copt-level=0", "-g"])
        self.assert_compiled(compilation)
        self.assertEqual(compilation.call("cube_gradient", 2.0), 12.0)

    def test_no_derivative_no_engine(self):
        compilation = self.compile(engine=self.directory / "missing")
        self.assert_compiled(compilation)

    def test_gets_the_derivatives_and_what_they_reach(self):
        compilation = self.compile(REVERSE, autodiff="Enable,PrintModBefore,PrintModAfter")
        self.assert_compiled(compilation)
        _, before, after, *_ = re.split("Module (?:before|after) EnzymeNewPM", compilation.stdout)
        self.assertNotIn("bystander", before)
        self.assertIn("__enzyme_autodiff", before)
        self.assertNotIn("__enzyme_autodiff", after)
        self.assertEqual(compilation.call("cube_gradient", 2.0), 12.0)

    def test_print_options_reach_the_user(self):
        compilation = self.compile(REVERSE, autodiff="Enable,PrintTA")
        self.assert_compiled(compilation)
        self.assertRegex(compilation.stderr, "analyzing function .*cube")
        self.assertEqual(compilation.call("cube_gradient", 2.0), 12.0)

    # What Enzyme refuses.

    def test_an_error_of_enzyme_names_what_it_is_about(self):
        compilation = self.compile(OPAQUE)
        self.assertEqual(compilation.returncode, 1, compilation.stderr)
        self.assertRegex(compilation.stderr, "cannot be differentiated: the foreign function `nobody_knows`")

    # Broken engines.

    def test_missing(self):
        compilation = self.compile(REVERSE, engine=self.directory / "missing")
        self.assert_refused(compilation, "cannot start `.*missing`: No such file or directory; set ENZYME_ENGINE")

    def test_not_executable(self):
        engine = self.script("exit 0")
        engine.chmod(0o644)
        self.assert_refused(
            self.compile(REVERSE, engine=engine), "cannot start .*: Permission denied; set ENZYME_ENGINE"
        )

    def test_not_a_program(self):
        engine = self.script("")
        engine.write_text("neither machine code nor a script")
        self.assert_refused(self.compile(REVERSE, engine=engine), "cannot start .*: Exec format error")

    def test_exit_code_with_an_error(self):
        engine = self.script("echo 'warning: hm' >&2; echo 'error: Enzyme: no way' >&2; exit 1")
        self.assert_refused(self.compile(REVERSE, engine=engine), "Enzyme: no way\n")

    def test_exit_code_without_an_error(self):
        self.assert_refused(
            self.compile(REVERSE, engine=self.script("exit 3")), ".*failed with exit code 3: it printed nothing"
        )

    def test_error_with_exit_code_zero(self):
        engine = self.script('cat "$1"; echo "error: Enzyme: no way" >&2')
        self.assert_refused(self.compile(REVERSE, engine=engine), "Enzyme: no way\n")

    def test_prints_nothing(self):
        self.assert_refused(self.compile(REVERSE, engine=self.script("exit 0")), ".*returned nothing")

    def test_prints_garbage(self):
        engine = self.script("echo Hello, World")
        self.assert_refused(self.compile(REVERSE, engine=engine), ".*something that is not LLVM IR")

    def test_prints_half_of_it(self):
        engine = self.script('head -c "$(($(wc -c < "$1") / 2))" "$1"')
        self.assert_refused(self.compile(REVERSE, engine=engine), ".*something that is not LLVM IR")

    def test_echoes_its_input(self):
        engine = self.script('cat "$1"')
        self.assert_refused(self.compile(REVERSE, engine=engine), ".*left a call of `__enzyme_autodiff.*as it was")

    def test_loses_the_derivative(self):
        engine = self.script('grep "^target" "$1"')
        self.assert_refused(self.compile(REVERSE, engine=engine), ".*lost the function `.*cube.primal.derivative`")

    def test_returns_invalid_code(self):
        # A call of an intrinsic that claims another signature.
        engine = self.script('sed "s/@__enzyme_autodiff[A-Za-z0-9_]*/@llvm.trap/" "$1"')
        self.assert_refused(self.compile(REVERSE, engine=engine), ".*(invalid code|not LLVM IR)")

    def test_compiles_for_another_machine(self):
        engine = self.script('sed "s/^target datalayout = .*/target datalayout = \\"e-p:32:32\\"/" "$1"')
        self.assert_refused(self.compile(REVERSE, engine=engine), ".*another data layout")

    def test_aborts(self):
        engine = self.script("echo \"x.cpp:1: Assertion \\`sane()' failed.\" >&2; kill -ABRT $$")
        self.assert_refused(self.compile(REVERSE, engine=engine), r".*crashed \(Aborted\): Assertion `sane\(\)' failed")

    def test_dumps_megabytes(self):
        # First one long line, then many.
        engine = self.script(
            "printf 'error: Enzyme: no way%100000d\\n' 0 >&2; yes 'error: more' | head -c 20000000 >&2; exit 1"
        )
        self.assert_refused(self.compile(REVERSE, engine=engine), "Enzyme: no way  ")

    def test_hangs(self):
        mark = self.directory / "survivor"
        engine = self.script(f'(sleep 3; touch "{mark}") & sleep 60')
        compilation = self.compile(REVERSE, engine=engine, ENZYME_ENGINE_TIMEOUT="1")
        self.assert_refused(compilation, ".*did not finish within 1 seconds; set ENZYME_ENGINE_TIMEOUT")
        self.assertLess(compilation.seconds, 30)
        time.sleep(4)
        self.assertFalse(mark.exists(), "what the engine had started went on")

    # Broken surroundings.

    def test_time_limit_that_is_no_number(self):
        self.assert_refused(
            self.compile(REVERSE, ENZYME_ENGINE_TIMEOUT="soon"), "ENZYME_ENGINE_TIMEOUT must be a number of seconds"
        )

    def test_no_place_for_temporary_files(self):
        compilation = self.compile(REVERSE, TMPDIR=str(self.directory / "nowhere"))
        self.assertNotEqual(compilation.returncode, 0)
        self.assertIn("cannot create a temporary directory", compilation.stderr)


if __name__ == "__main__":
    RUSTC = os.environ.get("RUSTC")
    if not RUSTC:
        sys.exit("test_engine.py: set RUSTC to the rustc to test")
    unittest.main()
