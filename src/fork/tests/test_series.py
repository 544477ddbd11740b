"""The series: exact application, complete headers, deterministic export."""

import os
import subprocess

from fork import files

from .standin import UPSTREAM, ForkCase

PATCH = UPSTREAM + ".patch"


class Apply(ForkCase):
    def test_a_patch_that_does_not_apply_names_file_and_hunk(self):
        second = self.patch(15, "line fifteen").split("\n", 3)[3].replace("-line 15", "-line fourteen")
        self.write(self.root, PATCH, self.patch(5, "line five") + second)
        self.fail_with(f"{PATCH} does not apply: hunk 2 (line 14)", "build")
        self.assertFalse(os.path.exists(self.tree))

    def test_a_hunk_that_fits_only_elsewhere_is_refused(self):
        self.write(self.root, PATCH, self.patch(5, "line five", at=7))
        self.fail_with("does not apply exactly: hunk 1", "build")

    def test_a_base_file_with_another_hash_is_refused(self):
        self.write(self.root, PATCH, self.patch(5, "line five", base_text="another"))
        self.fail_with(f"which {PATCH} was not made for", "build")

    def test_a_patch_without_a_hash_is_refused(self):
        self.write(self.root, PATCH, self.patch(5, "line five").partition("\n")[2])
        self.fail_with("has no line `base-sha256", "build")

    def test_one_of_several_base_hashes_suffices_and_refresh_keeps_them(self):
        text = f"base-sha256: {'0' * 64}\n" + self.patch(5, "line five")
        self.write(self.root, PATCH, text)
        self.succeed("build")
        self.succeed("series", "refresh")
        self.assertEqual(self.in_root(PATCH), text)

    def test_a_patch_of_a_file_that_rustc_lacks_is_refused(self):
        self.write(self.root, "compiler/rustc_a/src/none.rs.patch", self.patch(5, "x"))
        self.fail_with("the base has no compiler/rustc_a/src/none.rs", "build")

    def test_a_patch_must_change_the_file_it_is_named_for(self):
        self.write(self.root, "compiler/rustc_a/src/other.rs.patch",
                   self.patch(5, "x", base_text="fn other() {}\n"))
        self.fail_with("does not change compiler/rustc_a/src/other.rs alone", "build")

    def test_a_whole_file_that_rustc_has_is_refused(self):
        self.write(self.root, "compiler/rustc_a/src/other.rs", "copied\n")
        self.fail_with("is a file that rustc has", "build")


class Check(ForkCase):
    def problem(self, expected):
        self.fail_with(expected, "series", "check")

    def test_a_good_series_is_in_order(self):
        said = self.succeed("series", "check")
        self.assertIn("2 commits, 3 files, 2 changed lines in 1 upstream files", said)

    def test_a_file_in_no_commit(self):
        self.write(self.root, "library/a.rs", "")
        self.problem("library/a.rs is listed in no commit")

    def test_a_file_in_two_commits(self):
        self.series([("Add ours", ["compiler/"]), ("Test ours", ["tests/ui/autodiff/", "compiler/"])])
        self.problem("compiler/rustc_a/src/ours.rs is listed 2 times: Add ours, Test ours")

    def test_a_file_of_its_own_entry_leaves_its_directory(self):
        self.write(self.root, "tests/ui/autodiff/b.rs", "")
        self.series([("Add ours", ["compiler/", "tests/ui/autodiff/b.rs"]), ("Test ours", ["tests/ui/autodiff/"])])
        self.succeed("series", "check")
        directory = os.path.join(self.top, "out")
        self.succeed("series", "export", directory)
        self.assertIn(b"b/tests/ui/autodiff/b.rs", files.read(os.path.join(directory, "0001-Add-ours.patch")))
        self.assertNotIn(b"b.rs", files.read(os.path.join(directory, "0002-Test-ours.patch")))

    def test_an_entry_for_nothing(self):
        self.series([("Add ours", ["compiler/", "library/"]), ("Test ours", ["tests/ui/autodiff/"])])
        self.problem("lists library/, which does not exist")

    def test_headers_must_be_complete(self):
        good = self.in_root("src/series.toml")
        for old, new, expected in [
            ('"Pending"', '"Soon"', "upstream-status is 'Soon'"),
            ('reason = "a test"', 'reason = ""', "upstream-status without a reason"),
            ('body = "Why."', 'body = " "', "no body"),
            ('body = "Why."', f'body = "{"why " * 20}"', "a line of more than 72"),
            ('"Add ours"', f'"{"long " * 15}"', "at most 72 characters"),
            ('reason = "a test"\n', "", "the key `reason` is missing"),
            ("[[commit]]", "[[commit]]\nowner = 1", "the key `owner` is unknown"),
            ("date = 2026-01-02\n", "", "the key `date` is missing"),
            ("A Tester <tester@example.org>", "tester", 'write "Name <address>"'),
            ("[[commit]]", "[[commit", "series.toml: "),
        ]:
            with self.subTest(new):
                self.write(self.root, "src/series.toml", good.replace(old, new, 1))
                self.problem(expected)

    def test_a_patch_not_in_the_stored_form(self):
        loose = self.patch(5, "line five").replace("@@ -4,3 +4,3 @@\n", "@@ -3,4 +3,4 @@\n line 3\n")
        self.write(self.root, PATCH, loose)
        self.problem(f"{PATCH} is not as ./x.py series refresh writes it")


class Export(ForkCase):
    def exported(self, name):
        directory = os.path.join(self.top, name)
        self.succeed("series", "export", directory)
        return {n: files.read(os.path.join(directory, n)) for n in sorted(os.listdir(directory))}

    def test_two_exports_are_identical(self):
        first = self.exported("one")
        self.assertEqual(list(first), ["0001-Add-ours.patch", "0002-Test-ours.patch"])
        self.assertEqual(first, self.exported("two"))

    def test_a_patch_carries_its_status_and_three_lines_of_context(self):
        text = self.exported("one")["0001-Add-ours.patch"].decode()
        self.assertIn("Upstream-Status: Pending (a test)", text)
        self.assertIn(" line 2\n line 3\n line 4\n-line 5\n+line five\n line 6\n line 7\n line 8\n", text)

    def test_the_export_applies_with_git_am_and_gives_the_tree(self):
        self.succeed("build")
        self.exported("one")
        clone = os.path.join(self.top, "clone")
        environ = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "HOME": self.top}
        for role in ("AUTHOR", "COMMITTER"):
            environ |= {f"GIT_{role}_NAME": "n", f"GIT_{role}_EMAIL": "e@example.org"}
        patches = [os.path.join(self.top, "one", n) for n in sorted(os.listdir(os.path.join(self.top, "one")))]
        for command in (["cp", "-r", self.base, clone], ["git", "-C", clone, "init", "--quiet"],
                        ["git", "-C", clone, "add", "--all"],
                        ["git", "-C", clone, "commit", "--quiet", "-m", "base"],
                        ["git", "-C", clone, "am", "--quiet", *patches]):
            subprocess.run(command, check=True, env=environ, capture_output=True)
        for path in (UPSTREAM, "compiler/rustc_a/src/ours.rs", "tests/ui/autodiff/a.rs"):
            self.assertEqual(files.read(os.path.join(clone, path)).decode(), self.in_tree(path))

    def test_does_not_write_into_a_directory_that_holds_something(self):
        self.write(self.top, "full/file", "mine")
        self.fail_with("not an empty directory", "series", "export", os.path.join(self.top, "full"))
