"""`doctor` says OK for a right number only, and names what is missing."""

import os

from .standin import ForkCase

# Answers what doctor asks of a compiler, and "compiles" to a program that prints $ANSWER.
RUSTC = r"""
case "$*" in
*--version*) echo "rustc 1.96.0-nightly" ;;
*target-libdir*) echo "%s" ;;
*-Zautodiff=Enable*)
  test -z "$REFUSE" || { echo "error: $REFUSE" >&2; exit 1; }
  for last; do :; done; printf '#!/bin/sh\necho "%%s"\n' "$ANSWER" > "$last"; chmod +x "$last" ;;
*) exit 1 ;;
esac
"""


class Doctor(ForkCase):
    def setUp(self):
        super().setUp()
        libdir = os.path.join(self.root, "build/host/stage1/lib")
        self.library = self.write(libdir, "libEnzyme-22.so", "")
        self.rustc = os.path.join(self.root, "build/host/stage1/bin/rustc")
        os.makedirs(os.path.dirname(self.rustc))
        os.rename(self.script("stage1", RUSTC % libdir), self.rustc)

    def diagnosis(self, **environ):
        return self.x("doctor", **{"ANSWER": "(33.0, 29.0)", "REFUSE": "", **environ})

    def test_a_right_number_is_ok(self):
        status, said = self.diagnosis()
        self.assertEqual(status, 0, said)
        for part in ("base: ", "stage0: ", "rustc: rustc 1.96.0-nightly", self.library, "OK: "):
            self.assertIn(part, said)

    def test_a_wrong_number_is_not(self):
        status, said = self.diagnosis(ANSWER="(33.0, 0.0)")
        self.assertEqual(status, 1)
        self.assertIn("the derivative is wrong", said)
        self.assertNotIn("OK", said)

    def test_a_compiler_that_cannot_differentiate_is_quoted(self):
        status, said = self.diagnosis(REFUSE="autodiff: no Enzyme")
        self.assertEqual(status, 1)
        self.assertIn("cannot differentiate:\nerror: autodiff: no Enzyme", said)

    def test_missing_parts_are_named(self):
        os.unlink(self.library)
        self.assertIn("no libEnzyme in", self.diagnosis()[1])
        os.unlink(self.rustc)
        status, said = self.diagnosis()
        self.assertEqual(status, 1)
        self.assertIn("there is no compiler yet", said)

    def test_a_missing_engine_is_named(self):
        engine = self.in_root("config.toml").replace(f'"{self.top}/libEnzyme-22.so"', '"engine"')
        self.write(self.root, "config.toml", engine)
        status, said = self.diagnosis()
        self.assertEqual(status, 1)
        self.assertIn("the engine is missing", said)
