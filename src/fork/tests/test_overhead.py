"""The comparison with the base: stand-ins for both compilers, cargo and the counters."""

import os
import shutil
import unittest
from unittest import mock

from fork import files, overhead
from fork.report import Failure

from .standin import BASE_X_PY, ForkCase, snapshot

SOURCES = os.path.join(os.path.dirname(__file__), "../../tools/overhead")
HOST = "x86_64-unknown-linux-gnu"
CRATES = "core alloc serde_json"

# Called as `rustc --crate-name CRATE --out-dir DIRECTORY ...`, it writes LLVM IR that names the crate.
RUSTC = r"""#!/bin/sh
# side: SIDE
case $1 in --version) echo rustc 1.96.0 $SIDE_VERSION; exit ;; esac
case "SIDE $2 $LEVEL" in "$DIFFERENT") body=different ;; "$MISSING") exit 0 ;; *) body=same ;; esac
case "$2 $*" in "$FLAGGED "*" -Zautodiff=Enable") body=flagged ;; esac
printf 'define %s\n%s\nend\n' $2 $body > $4/$2-0123.ll
"""

# rustc's own x.py, which makes a compiler: of the base in build/overhead, of the fork elsewhere.
X_PY = BASE_X_PY.replace("sys.exit", f"""
import tomllib
with open(os.environ["RUST_BOOTSTRAP_CONFIG"], "rb") as f:
    build = tomllib.load(f)["build"]["build-dir"]
side = "base" if build.endswith("/overhead") else "fork"
program = os.path.join(build, "host/stage1/bin/rustc")
os.makedirs(os.path.dirname(program), exist_ok=True)
with open(program, "w") as f:
    f.write({RUSTC!r}.replace("SIDE_VERSION", side.upper() + "_VERSION").replace("SIDE", side))
os.chmod(program, 0o755)
sys.exit""")

# Compiles the crates for the target, a build script for the host, and what a build script tries the compiler
# with, which has another name each time.
CARGO = f"""
case "$*" in *--release*) LEVEL=release ;; *) LEVEL=debug ;; esac
export LEVEL
echo "$* / $CARGO_ENCODED_RUSTFLAGS / $__CARGO_TESTS_ONLY_SRC_ROOT" >> $CALLS.cargo
deps=$CARGO_TARGET_DIR/{HOST}/$LEVEL/deps
mkdir -p $deps || exit 1
for crate in {CRATES}; do
    $RUSTC_WRAPPER $RUSTC --crate-name $crate --out-dir $deps -C extra-filename=-0123 --target {HOST} || exit 1
done
$RUSTC_WRAPPER $RUSTC --crate-name build_script --out-dir $CARGO_TARGET_DIR -C extra-filename=-4567 || exit 1
$RUSTC_WRAPPER $RUSTC --crate-name probe_$$ --out-dir $CARGO_TARGET_DIR --target {HOST} || exit 1
[ -z "$TOUCHED" ] || touch $TOUCHED
exit $CARGO_STATUS
"""

# The base executes 1000000 instructions for each crate, the fork $COUNT.
COUNT = """
count() { if grep -q "side: fork" $2; then echo "$3$COUNT$4"; else echo "${3}1000000$4"; fi > $1; }
"""
PERF = COUNT + """
[ $3 = -o ] || { echo "${SUPPORTED},,instructions:u,1,100" >&2; exit; }
file=$4; shift 7; count $file $1 "" ",,instructions:u,1,100"; exec "$@"
"""
VALGRIND = COUNT + """
file=${3#--callgrind-out-file=}; shift 4; count $file $1 "totals: " ""; exec "$@"
"""


class Overhead(ForkCase):
    def setUp(self):
        super().setUp()
        self.write(self.base, "x.py", X_PY)
        self.base_before = snapshot(self.base)
        shutil.copytree(SOURCES, os.path.join(self.root, overhead.DIRECTORY))
        self.write(self.root, f"{overhead.DIRECTORY}/Cargo.toml",
                   '[dependencies]\nserde-json = "=1.0.0"\n')
        self.series([("Add ours", ["compiler/"]), ("Test ours", ["tests/ui/autodiff/"])],
                    '["src/series.toml", "src/fork/", "src/tools/overhead/"]')
        cargo = self.script("cargo", CARGO)
        self.script("perf", PERF)
        self.script("valgrind", VALGRIND)
        text = self.in_root("config.toml").replace(f'cargo = "{self.top}/bin/tool"', f'cargo = "{cargo}"')
        self.write(self.root, "config.toml", text)
        self.succeed("build")

    def x(self, *arguments, **environ):
        defaults = {"PATH": f"{self.top}/bin:{os.environ['PATH']}", "SUPPORTED": "1000", "COUNT": "1000000",
                    "CARGO_STATUS": "0", "CARGO_PROFILE_DEV_OPT_LEVEL": "2"}
        return super().x(*arguments, **defaults | environ)

    def refused(self, expected, *arguments, **environ):
        status, said = self.x("overhead", *arguments, **environ)
        self.assertEqual(status, 1, said)
        self.assertIn(expected, said)
        self.assertNotIn("OK", said)
        return said

    def built(self):
        return files.read(self.calls).decode().splitlines()

    def test_identical(self):
        said = self.succeed("overhead")
        self.assertIn("debug: 3 crates", said)
        self.assertIn("release: 3 crates", said)
        self.assertIn("OK: the LLVM IR of 6 crates", said)
        self.assertIn("1.000000  all 6: 6,000,000 with the base", said)

    def test_both_levels_with_both_compilers_from_the_base_s_library(self):
        self.succeed("overhead")
        lines = files.read(self.calls + ".cargo").decode().splitlines()
        self.assertEqual([("--release" in line, "-Copt-level=3\x1f" in line) for line in lines],
                         [(False, False)] * 2 + [(True, True)] * 2)
        self.assertTrue(all(line.endswith(f"/ {self.base}/library") for line in lines), lines)

    def test_the_base_is_built_once_and_without_the_series(self):
        self.succeed("overhead")
        self.succeed("overhead")
        self.assertEqual(self.built(), ["build library"] * 2)
        laid = os.path.join(self.root, "build/overhead/tree")
        self.assertEqual(files.read(os.path.join(laid, "compiler/rustc_a/src/lib.rs")), self.text().encode())
        self.assertFalse(os.path.exists(os.path.join(laid, "compiler/rustc_a/src/ours.rs")))

    def test_another_configuration_builds_both_again(self):
        self.succeed("overhead")
        self.write(self.root, "config.toml", self.in_root("config.toml") + "optimize = 1\n")
        self.refused("the configuration has changed since the compiler was built")
        self.succeed("build")
        self.succeed("overhead")
        self.assertEqual(self.built(), ["build library"] * 4)

    def test_a_base_that_does_not_build_is_tried_again(self):
        self.refused("building the base compiler ended with status 3", STATUS="3")
        self.succeed("overhead")

    def test_a_difference_names_crate_and_level(self):
        for level in ("debug", "release"):
            said = self.refused(f"the LLVM IR of serde_json differs, {level}:", DIFFERENT=f"fork serde_json {level}")
            self.assertIn("line 2:\n  -same\n  +different\n", said)
            self.assertEqual(said.count("differs"), 1)
        kept = "build/overhead/run/ir/fork/release/serde_json-0123.ll"
        self.assertEqual(self.in_root(kept), "define serde_json\ndifferent\nend\n")

    def test_what_one_compiler_alone_writes_differs(self):
        said = self.refused("the LLVM IR of serde_json differs, debug:", MISSING="fork serde_json debug")
        self.assertIn("serde_json-0123.ll is written by the base alone", said)

    def test_a_crate_that_is_not_compiled_is_no_success(self):
        cargo = os.path.join(self.top, "bin/cargo")
        files.write(cargo, files.read(cargo).replace(b"core alloc", b"core"), 0o700)
        self.refused("debug: no LLVM IR of alloc to compare")

    def test_the_bound_on_instructions(self):
        self.assertIn("1.001000  all 6", self.x("overhead", COUNT="1001000")[1])
        said = self.refused("the fork executes 1.001001 times the instructions of the base", COUNT="1001001")
        self.assertIn("1.001001  serde_json-0123 (debug): 1,000,000 with the base, 1,001,001", said)
        self.assertNotIn("differs", said)

    def test_callgrind_where_perf_cannot(self):
        with mock.patch.object(overhead, "CALLGRIND", ("debug", ("serde_json", "core"))):
            status, said = self.x("overhead", SUPPORTED="<not supported>")
            self.assertEqual(status, 0, said)
            self.assertIn("callgrind, as perf does not support instructions:u here; therefore of serde_json, core "
                          "alone, debug", said)
            self.assertIn("all 2: 2,000,000 with the base", said)
            self.refused("executes 1.002000 times", SUPPORTED="<not supported>", COUNT="1002000")

    def test_nothing_counted_is_no_success(self):
        with mock.patch.object(overhead, "CALLGRIND", ("debug", ("syn",))):
            self.refused("the instructions of different crates were counted", SUPPORTED="<not supported>")

    def test_without_a_counter(self):
        with mock.patch.dict(os.environ, PATH=self.top), self.assertRaisesRegex(Failure, "cannot be counted"):
            overhead.counter()

    def test_wrong_arguments(self):
        self.refused("usage: ./x.py overhead [--flag] [RUSTC]", "--fast")
        self.refused("usage: ./x.py overhead [--flag] [RUSTC]", "one", "two")
        self.refused("nowhere is no program", os.path.join(self.top, "nowhere"))
        os.unlink(os.path.join(self.root, "build/host/stage1/bin/rustc"))
        self.refused("there is no compiler yet\n  help: ./x.py build")

    def test_another_compiler(self):
        other = os.path.join(self.top, "other")
        shutil.copy(os.path.join(self.root, "build/host/stage1/bin/rustc"), other)
        os.unlink(os.path.join(self.root, "build/host/stage1/bin/rustc"))
        self.assertEqual(self.x("overhead", other)[0], 0)
        self.refused("are of different versions", other, FORK_VERSION="nightly")

    def test_a_compiler_that_is_built_meanwhile(self):
        ours = os.path.join(self.root, "build/host/stage1/bin/rustc")
        status, said = self.x("overhead", TOUCHED=ours)
        self.assertEqual(status, 1)
        self.assertIn(f"{ours} was built again while it was compared", said)

    def test_the_flag_without_a_base(self):
        said = self.succeed("overhead", "--flag")
        self.assertIn("OK: the LLVM IR of 6 crates (0 MB) is identical\n", said)
        self.assertEqual(self.built(), ["build library"])
        self.refused("the LLVM IR of serde_json differs, debug:", "--flag", FLAGGED="serde_json")
        # Build scripts and the like go without.
        self.assertEqual(self.x("overhead", "--flag", FLAGGED="build_script")[0], 0)
        self.assertEqual(self.x("overhead", FLAGGED="serde_json")[0], 0)

    def test_the_flag_needs_no_counter(self):
        with mock.patch.object(overhead, "counter", side_effect=Failure("no counter")):
            self.succeed("overhead", "--flag")

    def test_of_long_lines_what_differs_is_shown(self):
        one, other = (self.write(self.top, name, f"same\n{'a' * 5000}{name}{'b' * 5000}\n") for name in ("x", "y"))
        shown = overhead.first_difference({"base": one, "fork": other}).splitlines()
        self.assertEqual(shown, ["  x, line 2:", f"  -{'a' * 100}x{'b' * 99}", f"  +{'a' * 100}y{'b' * 99}"])

    def test_cargo_fails(self):
        self.refused("cargo ended with status 5 with the base's compiler, debug", CARGO_STATUS="5")


class Sources(unittest.TestCase):
    def test_every_dependency_is_pinned(self):
        lock = files.read(os.path.join(SOURCES, "Cargo.lock")).decode()
        manifest = overhead.tomllib.loads(files.read(os.path.join(SOURCES, "Cargo.toml")).decode())
        for name, wanted in manifest["dependencies"].items():
            version = wanted["version"] if isinstance(wanted, dict) else wanted
            self.assertRegex(version, r"^=\d")
            self.assertIn(f'name = "{name}"\nversion = "{version[1:]}"\n', lock)
        # Those that -Zautodiff=Enable was reported to break, or may well break.
        self.assertLessEqual({"clap", "gemm", "faer", "nalgebra", "ndarray", "serde", "regex"},
                             manifest["dependencies"].keys())
        self.assertGreaterEqual(len(manifest["dependencies"]), 10)
