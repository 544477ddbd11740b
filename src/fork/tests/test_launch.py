"""Configuration, and what reaches rustc's own x.py."""

import os
import re
import tomllib
import unittest
from unittest import mock

from fork import config, files, launch, suites, toolchain

from .standin import ForkCase, snapshot

ROOT = os.path.join(os.path.dirname(__file__), "../../..")


class Config(ForkCase):
    def refused(self, text, expected):
        self.write(self.root, "config.toml", text)
        self.fail_with(expected, "series", "check")

    def test_wrong_configurations(self):
        self.refused("optimise = 3", "did you mean `optimize`?")
        self.refused("colour = 3", "the keys are: base, optimize")
        self.refused("optimize = 4", "it takes 0, 1, 2, 3")
        self.refused("optimize = true", "it takes 0, 1, 2, 3")
        self.refused('llvm = ""', "it takes \"auto\", \"debian\", \"rustc\"")
        self.refused(f"filecheck = '{config.KEYS['filecheck'][1]}'", "which does not exist")
        self.refused('base = "nowhere"', "names `nowhere`, which does not exist")
        self.refused("base = ", "config.toml: Invalid value")
        self.refused('base = "."', "is no rustc source tree")

    def test_another_rustc_is_no_base(self):
        self.write(self.top, "newer/src/version", "1.97.0\n")
        self.refused(f'base = "{self.top}/newer"', "is rustc 1.97.0, the series stands on 1.96.0")

    def test_a_library_of_another_llvm_is_refused(self):
        library = self.write(self.top, "libEnzyme-21.so", "")
        self.write(self.root, "config.toml", f'base = "{self.base}"\nenzyme = "{library}"\nllvm = "rustc"\n'
                   f'cmake = "{library}"\nninja = "{library}"\nrustc = "{self.top}/bin/rustc"\n'
                   f'cargo = "{library}"\n')
        self.fail_with("rustc loads libEnzyme-22.so", "build")

    def test_a_base_without_the_submodule_says_so(self):
        text = self.in_root("config.toml").replace(f'"{self.top}/libEnzyme-22.so"', '"submodule"')
        self.write(self.root, "config.toml", text)
        self.fail_with("the base has no src/tools/enzyme", "build")

    def test_a_stage0_of_another_version_is_refused(self):
        old = self.script("old-rustc", "echo release: 1.80.0")
        text = self.in_root("config.toml").replace(f"{self.top}/bin/rustc", old)
        self.write(self.root, "config.toml", text)
        self.fail_with("is 1.80.0", "build")

    def test_an_llvm_of_another_version_is_refused(self):
        old = self.script("llvm-config", "echo 19.1.0")
        self.write(self.root, "config.toml", self.in_root("config.toml").replace('"rustc"', f'"{old}"'))
        self.fail_with("is of LLVM 19.1.0", "build")


    def test_filecheck_may_lie_elsewhere(self):
        self.write(self.top, "include/llvm/IR/Module.h", "")
        llvm = self.script("llvm-config", f"""case $1 in --version) echo 22.1.8 ;;
            --includedir) echo {self.top}/include ;; *) echo {self.top}/bin ;; esac""")
        text = self.in_root("config.toml").replace('llvm = "rustc"', f'llvm = "{llvm}"')
        self.write(self.root, "config.toml", text)
        self.fail_with("FileCheck is missing", "build")
        self.write(self.root, "config.toml", text + f'filecheck = "{self.top}/bin/tool"\n')
        self.succeed("build")
        target = tomllib.loads(self.in_root("build/bootstrap.toml"))["target"]["x86_64-unknown-linux-gnu"]
        self.assertEqual(target, {"llvm-config": llvm, "llvm-filecheck": f"{self.top}/bin/tool"})


class Example(unittest.TestCase):
    def test_shows_every_key_with_its_default(self):
        with open(os.path.join(ROOT, "config.example.toml"), "rb") as f:
            self.assertEqual(tomllib.load(f), {key: default for key, (default, _) in config.KEYS.items()})


class Arguments(unittest.TestCase):
    def given(self, line):
        return " ".join(launch.arguments(line.split(), ["tests/ui/autodiff"]))

    def test_default_paths(self):
        self.assertEqual(self.given("build"), "build library")
        self.assertEqual(self.given("b --stage 2 -j 4"), "b library --stage 2 -j 4")
        self.assertEqual(self.given("doc --open"), "doc library --open")
        self.assertEqual(self.given("test --rustfix-coverage tests/ui"), "test --rustfix-coverage tests/ui")
        self.assertEqual(self.given("test --bless --test-args reverse"),
                         "test tests/ui/autodiff --bless --test-args reverse")
        self.assertEqual(self.given("test -- extra"), "test tests/ui/autodiff -- extra")

    def test_paths_are_passed_on(self):
        self.assertEqual(self.given("build --stage 1 compiler"), "build --stage 1 compiler")
        self.assertEqual(self.given("test tests/ui/abi"), "test tests/ui/abi")
        self.assertEqual(self.given("clean"), "clean")
        self.assertEqual(self.given("test --help"), "test --help")

    def test_the_former_name_of_the_codegen_suite(self):
        self.assertEqual(self.given("test tests/codegen/autodiff"), "test tests/codegen-llvm/autodiff")
        self.assertEqual(self.given("test tests/codegen"), "test tests/codegen-llvm")
        self.assertEqual(self.given("test tests/codegen-units"), "test tests/codegen-units")


class Run(ForkCase):
    def test_the_command_reaches_rustc_with_a_configuration(self):
        self.succeed("build", "--stage", "1")
        self.assertEqual(files.read(self.calls), b"build library --stage 1\n")
        text = tomllib.loads(self.in_root("build/bootstrap.toml"))
        self.assertEqual(text["build"]["build-dir"], os.path.join(self.root, "build"))
        self.assertEqual(text["rust"]["optimize"], 3)
        self.assertTrue(text["llvm"]["enzyme"])

    def test_a_test_path_goes_to_rustc_alone(self):
        self.succeed("test", "tests/codegen/autodiff", "--bless")
        self.assertEqual(files.read(self.calls), b"test tests/codegen-llvm/autodiff --bless\n")

    def test_tests_default_to_every_suite_of_the_fork(self):
        with mock.patch.object(suites, "test_tools", return_value=0) as tools, \
                mock.patch.object(suites, "test_engine", return_value=0) as engine:
            self.succeed("test", "--bless")
        skips = "".join(f" --skip={test}" for test in suites.skipped(self.root))
        self.assertEqual(files.read(self.calls).decode(), f"test tests/ui/autodiff{skips} --bless\n")
        self.assertTrue(tools.called and engine.called)

    def test_what_takes_long_is_tested_on_demand(self):
        self.write(self.root, "tests/ui/autodiff/bodies/a.rs", "fn main() {}\n")
        skipped = suites.skipped(self.root)
        self.assertIn("tests/ui/autodiff/bodies/a.rs#release", skipped)
        skips = " ".join(f"--skip={test}" for test in skipped)
        path = "tests/ui/autodiff"
        for given, passed_on in ((["test"], f"test {path} {skips}"),
                                 (["t", "--stage", "2", "--", "x"], f"t {path} {skips} --stage 2 -- x"),
                                 (["test", "--exhaustive"], f"test {path}"),
                                 (["test", "--exhaustive", "--bless"], f"test {path} --bless"),
                                 # What is named is what is meant.
                                 (["test", path], f"test {path}"),
                                 (["test", "--exhaustive", path], f"test {path}"),
                                 (["test", "--test-args", "lto"], f"test {path} --test-args lto"),
                                 (["test", "--test-args=lto"], f"test {path} --test-args=lto"),
                                 # Not ours.
                                 (["test", path, "--", "--exhaustive"], f"test {path} -- --exhaustive"),
                                 (["build"], "build library")):
            with self.subTest(given), mock.patch.object(suites, "test_tools", return_value=0), \
                    mock.patch.object(suites, "test_engine", return_value=0):
                self.succeed(*given)
                self.assertEqual(files.read(self.calls).decode(), passed_on + "\n")
                os.unlink(self.calls)

    def test_the_engine_is_tested_with_a_compiler_of_its_own(self):
        with mock.patch.object(suites, "test_engine", return_value=7) as engine:
            self.assertEqual(self.x("test", "src/tools/enzyme-engine")[0], 7)
        self.assertEqual(files.read(self.calls), b"build library\n")
        self.assertTrue(engine.called)

    def test_the_tools_are_tested_without_a_base(self):
        with mock.patch.object(suites, "test_tools", return_value=0):
            os.unlink(os.path.join(self.root, "src/series.toml"))
            self.succeed("test", "src/fork")
        self.assertFalse(os.path.exists(self.calls))

    def test_a_failing_suite_of_ours_stops_the_rest(self):
        with mock.patch.object(suites, "test_tools", return_value=1):
            self.assertEqual(self.x("test")[0], 1)
        self.assertFalse(os.path.exists(self.calls))

    def test_the_status_of_rustc_is_ours(self):
        self.assertEqual(self.x("build", STATUS="3")[0], 3)

    def test_what_the_base_lacks_is_put_into_the_tree_only(self):
        self.write(self.base, "rustfmt.toml", "the base has one\n")
        self.base_before = snapshot(self.base)
        self.succeed("build")
        self.assertEqual(self.in_tree("rustfmt.toml"), "the base has one\n")
        self.assertEqual(self.in_tree("src/librustdoc/html/static/LICENSE-MIT.txt"), "MIT\n")
        self.assertIn("nothing to refresh", self.succeed("series", "refresh"))

    def test_no_command_is_a_usage_error(self):
        status, said = self.x()
        self.assertEqual(status, 2)
        self.assertIn("usage:", said)


class Exhaustive(unittest.TestCase):
    """What `./x.py test` leaves out, compared with the tests that there are."""

    def setUp(self):
        # {name as compiletest has it: directives}
        self.tests = {}
        for top, _, names in os.walk(os.path.join(ROOT, "tests")):
            for name in names:
                path = os.path.relpath(os.path.join(top, name), ROOT)
                if not name.endswith(".rs") or "/auxiliary" in path:
                    continue
                lines = re.findall(r"^//@ *(?:\[([\w,]+)\])? *(.*)$", self.in_root(path), re.M)
                revisions = [r for _, said in lines if said.startswith("revisions:") for r in said.split()[1:]]
                for revision in revisions if revisions and "tests/incremental/" not in path else [None]:
                    self.tests[path + (f"#{revision}" if revision else "")] = \
                        "\n".join(said for only, said in lines if not only or revision in only.split(","))
        self.skipped = suites.skipped(ROOT)

    @staticmethod
    def in_root(path):
        return files.read(os.path.join(ROOT, path)).decode()

    def left_out(self, test):
        return any(skipped in test for skipped in self.skipped)

    def test_each_entry_leaves_tests_out(self):
        for entry in suites.EXHAUSTIVE:
            with mock.patch.object(suites, "EXHAUSTIVE", [entry]):
                found = suites.skipped(ROOT)
            self.assertTrue([test for test in self.tests if any(part in test for part in found)], entry)

    def test_no_file_but_a_repetition_is_left_out_whole(self):
        """A test file that stands for nothing else keeps a revision."""
        kept = {test.partition("#")[0] for test in self.tests if not self.left_out(test)}
        for path in {test.partition("#")[0] for test in self.tests} - kept:
            # It includes a list of tests that are tests by themselves.
            (included,) = re.findall(r'^include!\("(.*)"\);$', self.in_root(path), re.M)
            listed = os.path.normpath(os.path.join(os.path.dirname(path), included))
            modules = re.findall(r'^    \w+: "(.*)",$', self.in_root(listed), re.M)
            self.assertTrue(modules, listed)
            for module in modules:
                self.assertIn(os.path.normpath(os.path.join(os.path.dirname(listed), module)), kept, path)

    def test_of_each_way_to_compile_something_is_left(self):
        kept = {test: said for test, said in self.tests.items() if not self.left_out(test)}
        for way in ("-Clto=fat", "-Clto=thin", "-Copt-level=0", "-Copt-level=3", "-Copt-level=s", "-Ccodegen-units=1"):
            running = [t for t, said in kept.items() if "run-pass" in said and "Enable" in said and way in said]
            self.assertTrue(running, way)
        # A whole group of tests, in incremental sessions and with fat LTO.
        for suite in "tests/incremental/", "tests/ui/autodiff/fat-lto/":
            whole = [t for t in kept if t.startswith(suite) and "include!" in self.in_root(t.partition("#")[0])]
            self.assertTrue(whole, suite)


class Format(ForkCase):
    def setUp(self):
        super().setUp()
        # Formats "fn  x" to "fn x".
        self.script("rustfmt", "sed 's/fn  */fn /'")
        self.succeed("build")

    def test_formats_what_the_series_adds_or_changes(self):
        self.write(self.tree, "compiler/rustc_a/src/ours.rs", "fn  ours() {}\n")
        self.write(self.tree, "compiler/rustc_a/src/new.rs", "fn  new() {}\n")
        self.write(self.tree, "tests/ui/autodiff/a.rs", "fn  main() {}\n")
        said = self.fail_with("compiler/rustc_a/src/ours.rs: not formatted", "fmt", "--check")
        self.assertIn("compiler/rustc_a/src/new.rs: not formatted", said)
        self.assertNotIn("tests/", said)
        self.assertEqual(self.in_tree("compiler/rustc_a/src/ours.rs"), "fn  ours() {}\n")
        self.succeed("fmt")
        self.assertEqual(self.in_tree("compiler/rustc_a/src/ours.rs"), "fn ours() {}\n")
        self.succeed("fmt", "--check")
        self.succeed("series", "refresh")
        self.assertEqual(self.in_root("compiler/rustc_a/src/ours.rs"), "fn ours() {}\n")

    def test_a_path_is_a_usage_error(self):
        self.fail_with("usage: ./x.py fmt", "fmt", "compiler")


class Llvm(ForkCase):
    def test_libraries_are_gathered_beside_libllvm(self):
        self.write(self.top, "set/usr/lib/x86_64-linux-gnu/libz3.so.4", "")
        beside = os.path.join(self.top, "set/usr/lib/llvm-22/lib")
        os.makedirs(beside)
        toolchain.gather_libraries(os.path.join(self.top, "set"), beside)
        self.assertTrue(os.path.samefile(os.path.join(beside, "libz3.so.4"),
                                         os.path.join(self.top, "set/usr/lib/x86_64-linux-gnu/libz3.so.4")))
        toolchain.gather_libraries(os.path.join(self.top, "set"), beside)
