"""`support-matrix`: only what is right or refused becomes a cell, and the table is that of the chapter."""

import os
import re

from fork import headers, matrix

from .standin import ForkCase

TOML = """
scalars = [{ header = "x: f64", takes = "f64", value = "{}", reads = ["x"] }]
by_value = [{ header = "x: (f64, u8)", note = "pair", takes = "(f64, u8)", value = "({}, 7)", reads = ["x.0"] }]
by_reference = []
constant = []
returns = []
functions = []
"""

# Compiles to a program that ends with $STATUS, unless the primal is of a pair: then it does as $PAIR says.
RUSTC = r"""
for last; do :; done
if grep -q '(f64, u8)' "$(dirname "$last")/header.rs"; then
  case "$PAIR" in
  refused) echo "error: autodiff: in function preprocess__RNvCs1_4it void (ptr): Enzyme: no:   %9 = or i64 %7" >&2; exit 1 ;;
  ill) echo "error[E0308]: mismatched types" >&2; exit 1 ;;
  ice) echo "error: internal compiler error: unreachable" >&2; exit 101 ;;
  engine) echo "error: autodiff: the Enzyme executable crashed (Aborted): no" >&2; exit 1 ;;
  silent) exit 1 ;;
  esac
fi
printf '#!/bin/sh\necho "gradient: got 0, want 6"; exit %s\n' "$STATUS" > "$last"; chmod +x "$last"
"""


class SupportMatrix(ForkCase):
    def setUp(self):
        super().setUp()
        self.write(self.root, headers.FILE, TOML)
        self.write(self.root, matrix.CHAPTER, f"before\n{matrix.BEGIN}\nold\n{matrix.END}\nafter\n")
        rustc = os.path.join(self.root, "build/host/stage1/bin/rustc")
        os.makedirs(os.path.dirname(rustc))
        os.rename(self.script("stage1", RUSTC), rustc)

    def matrix(self, *given, **environ):
        return self.x("support-matrix", *given, **{"STATUS": "0", "PAIR": "", **environ})

    def test_what_is_right_stands_in_the_table(self):
        status, said = self.matrix()
        self.assertEqual(status, 0, said)
        self.assertIn("12 cells: 12 right, 0 refused", said)
        chapter = self.in_root(matrix.CHAPTER)
        self.assertTrue(chapter.startswith("before\n") and chapter.endswith("after\n") and "old" not in chapter)
        self.assertIn("| `x: (f64, u8)` (pair) |" + " yes |" * 6, chapter)
        self.assertEqual(self.matrix("--check")[0], 0)

    def test_a_refusal_is_quoted_without_what_changes(self):
        status, said = self.matrix(PAIR="refused")
        self.assertEqual(status, 0, said)
        self.assertIn("12 cells: 6 right, 6 refused", said)
        self.assertIn("\n1. Enzyme: no\n", self.in_root(matrix.CHAPTER))

    def test_a_chapter_that_is_out_of_date_fails_the_check(self):
        status, said = self.matrix("--check")
        self.assertEqual(status, 1)
        self.assertIn("out of date", said)
        self.assertIn("old", self.in_root(matrix.CHAPTER))

    def test_a_wrong_number_is_no_cell(self):
        status, said = self.matrix(STATUS=str(headers.WRONG))
        self.assertEqual(status, 1)
        self.assertIn("`x: f64`, forward, width 2, opt-level 3: a wrong number: gradient: got 0, want 6", said)
        self.assertIn("old", self.in_root(matrix.CHAPTER))

    def test_neither_is_a_crash(self):
        for environ, words in [({"STATUS": "1"}, "the program ends with status 1"),
                               ({"PAIR": "ice"}, "the compiler crashed, status 101"),
                               ({"PAIR": "engine"}, "the compiler crashed, status 1"),
                               ({"PAIR": "silent"}, "the compiler crashed, status 1"),
                               ({"PAIR": "ill"}, "error[E0308]: mismatched types")]:
            status, said = self.matrix(**environ)
            self.assertEqual(status, 1, said)
            self.assertIn(words, said)
            self.assertNotIn("updated", said)


class Programs(ForkCase):
    def test_each_float_has_numbers_of_its_own(self):
        header = {"header": "x: [f64; 2]", "takes": "[f64; 2]", "value": "[{}, {}]", "reads": ["x[0]", "x[1]"]}
        text = headers.program(header, ("reverse", "forward"))
        # 2 x0^2 + 3 x1^2 at (1, 2), with the seed 3 and along (11, 21)
        for line in ("d(x, 3.0)", 'same("value", value, 14.0)', 'same("x[0]", unsafe { x[0] } as f64, 12.0)',
                     'same("x[1]", unsafe { x[1] } as f64, 36.0)', 'same("tangent", along, 296.0)'):
            self.assertIn(line, text)
        self.assertNotIn("width", text)

    def test_every_header_of_the_repository_has_a_program_for_every_mode(self):
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
        sections = headers.load(root)
        for header in sum(sections.values(), []):
            for mode in headers.MODES:
                text = headers.program(header, (mode,))
                self.assertEqual(len(re.findall(r"#\[autodiff_", text)), 1, header)
                self.assertIn(f"fn {mode}()", text, header)
                self.assertIn('same("', text, header)
