"""Laying the series over the base, and taking edits back."""

import os
from unittest import mock

from fork import files

from .standin import UPSTREAM, ForkCase, snapshot

PATCH = UPSTREAM + ".patch"
OURS = "compiler/rustc_a/src/ours.rs"


class Lay(ForkCase):
    def test_lays_whole_files_and_patches(self):
        self.succeed("build")
        self.assertEqual(self.in_tree(UPSTREAM), self.text({5: "line five"}))
        self.assertEqual(self.in_tree(OURS), "fn ours() {}\n")
        self.assertEqual(self.in_tree("compiler/rustc_a/src/other.rs"), "fn other() {}\n")

    def test_a_second_run_writes_nothing(self):
        self.succeed("build")
        before = snapshot(self.tree)
        said = self.succeed("build")
        self.assertEqual(snapshot(self.tree), before)
        self.assertNotIn("laid", said)

    def test_a_change_in_the_repository_reaches_the_tree_alone(self):
        self.succeed("build")
        before = snapshot(self.tree)
        self.write(self.root, OURS, "fn ours_too() {}\n")
        self.succeed("build")
        after = snapshot(self.tree)
        self.assertEqual({p for p in after if after[p] != before[p]}, {OURS})
        self.assertEqual(self.in_tree(OURS), "fn ours_too() {}\n")

    def test_what_leaves_the_series_leaves_the_tree(self):
        self.succeed("build")
        os.unlink(os.path.join(self.root, PATCH))
        self.write(self.root, "compiler/rustc_a/src/new.rs", "fn new() {}\n")
        os.unlink(os.path.join(self.root, OURS))
        self.succeed("build")
        self.assertEqual(self.in_tree(UPSTREAM), self.text())
        self.assertFalse(os.path.exists(os.path.join(self.tree, OURS)))
        self.assertEqual(self.in_tree("compiler/rustc_a/src/new.rs"), "fn new() {}\n")

    def test_edits_are_never_overwritten(self):
        self.succeed("build")
        for path in (OURS, UPSTREAM):
            with self.subTest(path):
                laid = self.in_tree(path)
                self.write(self.tree, path, "edited\n")
                self.fail_with(f"not yet refreshed:\n  {path}", "build")
                self.write(self.root, OURS, "fn ours_newer() {}\n")
                self.fail_with(path, "build")
                self.assertEqual(self.in_tree(path), "edited\n")
                self.write(self.tree, path, laid)
        self.assertEqual(self.succeed("build").count("laid"), 1)

    def test_a_file_of_the_same_name_made_in_the_tree_is_not_overwritten(self):
        self.succeed("build")
        self.write(self.tree, "compiler/rustc_a/src/new.rs", "made here\n")
        self.write(self.root, "compiler/rustc_a/src/new.rs", "made there\n")
        self.fail_with("compiler/rustc_a/src/new.rs", "build")
        self.assertEqual(self.in_tree("compiler/rustc_a/src/new.rs"), "made here\n")

    def test_deleting_an_edit_drops_it(self):
        self.succeed("build")
        self.write(self.tree, OURS, "edited\n")
        os.unlink(os.path.join(self.tree, OURS))
        self.succeed("build")
        self.assertEqual(self.in_tree(OURS), "fn ours() {}\n")

    def test_a_run_killed_while_laying_is_carried_on(self):
        self.succeed("build")
        self.write(self.root, OURS, "fn first() {}\n")
        self.write(self.root, PATCH, self.patch(5, "line 5 first"))
        real, written = files.write, []

        def killed(path, *rest):
            if path.startswith(self.tree) and written:
                raise KeyboardInterrupt
            if path.startswith(self.tree):
                written.append(path)
            real(path, *rest)

        with mock.patch.object(files, "write", killed):
            self.assertEqual(self.x("build")[0], 130)
        self.assertEqual(len(written), 1)
        # Both files change once more before the second run: what the first one laid is no edit.
        self.write(self.root, OURS, "fn second() {}\n")
        self.write(self.root, PATCH, self.patch(5, "line 5 second"))
        self.succeed("build")
        self.assertEqual(self.in_tree(OURS), "fn second() {}\n")
        self.assertEqual(self.in_tree(UPSTREAM), self.text({5: "line 5 second"}))

    def test_a_copy_of_the_base_that_was_killed_is_made_again(self):
        self.write(self.root, "build/tree.partial/compiler/half", "")
        self.succeed("build")
        self.assertFalse(os.path.exists(os.path.join(self.tree, "compiler/half")))

    def test_another_base_is_not_mixed_in(self):
        self.succeed("build")
        os.utime(os.path.join(self.base, "src/version"), ns=(1, 1))
        self.base_before = snapshot(self.base)
        self.fail_with("made from another base", "build")


class Refresh(ForkCase):
    def setUp(self):
        super().setUp()
        self.succeed("build")

    def test_refresh_after_laying_is_the_identity(self):
        before = snapshot(self.root)
        self.assertIn("nothing to refresh", self.succeed("series", "refresh"))
        self.assertEqual(snapshot(self.root), before)

    def test_takes_edits_of_whole_files_and_of_patched_files(self):
        self.write(self.tree, OURS, "fn edited() {}\n")
        edited = self.text({5: "line five", 15: "line fifteen"})
        self.write(self.tree, UPSTREAM, edited)
        self.succeed("series", "refresh")
        self.assertEqual(self.in_root(OURS), "fn edited() {}\n")
        self.assertIn("+line fifteen", self.in_root(PATCH))
        self.succeed("series", "check")
        self.succeed("build")
        self.assertEqual(self.in_tree(UPSTREAM), edited)

    def test_a_newly_edited_upstream_file_becomes_a_patch(self):
        self.write(self.tree, "compiler/rustc_a/src/other.rs", "fn another() {}\n")
        self.succeed("series", "refresh")
        patch = self.in_root("compiler/rustc_a/src/other.rs.patch")
        self.assertIn("-fn other() {}\n+fn another() {}\n", patch)
        self.assertTrue(patch.startswith("base-sha256: "))
        self.succeed("series", "check")

    def test_a_new_file_is_taken_and_must_be_listed(self):
        self.write(self.tree, "library/core/src/new.rs", "fn new() {}\n")
        said = self.succeed("series", "refresh")
        self.assertIn("library/core/src/new.rs is listed in no commit", said)
        self.assertEqual(self.in_root("library/core/src/new.rs"), "fn new() {}\n")
        self.fail_with("library/core/src/new.rs is listed in no commit", "series", "check")

    def test_a_file_edited_back_to_the_base_loses_its_patch(self):
        self.write(self.tree, UPSTREAM, self.text())
        self.succeed("series", "refresh")
        self.assertFalse(os.path.exists(os.path.join(self.root, PATCH)))
        self.succeed("series", "check")

    def test_what_the_build_writes_is_no_edit(self):
        for path in ("Cargo.lock", "src/bootstrap/__pycache__/x.pyc", "compiler/rustc_a/src/lib.rs.orig"):
            self.write(self.tree, path, "noise\n")
        self.assertIn("nothing to refresh", self.succeed("series", "refresh"))

    def test_a_newer_repository_is_not_overwritten_by_the_tree(self):
        self.write(self.root, OURS, "fn newer() {}\n")
        self.succeed("series", "refresh")
        self.assertEqual(self.in_root(OURS), "fn newer() {}\n")

    def test_a_file_changed_on_both_sides_is_a_conflict(self):
        self.write(self.tree, OURS, "fn edited() {}\n")
        self.write(self.root, OURS, "fn newer() {}\n")
        self.fail_with(f"in the repository:\n  {OURS}", "series", "refresh")
        self.assertEqual(self.in_root(OURS), "fn newer() {}\n")
        self.assertEqual(self.in_tree(OURS), "fn edited() {}\n")

    def test_clean_all_keeps_edits(self):
        self.write(self.tree, "compiler/rustc_a/src/other.rs", "edited\n")
        self.fail_with("other.rs", "clean", "--all")
        self.assertEqual(self.in_tree("compiler/rustc_a/src/other.rs"), "edited\n")
        self.succeed("series", "refresh")
        self.succeed("clean", "--all")
        self.assertFalse(os.path.exists(self.tree))
        self.succeed("build")
        self.assertEqual(self.in_tree("compiler/rustc_a/src/other.rs"), "edited\n")
