"""What a crate with derivatives has beside them, compiled twice: with them and without.

    RUSTC=build/host/stage1/bin/rustc python3 src/tools/enzyme-engine/test_inertness.py

`./x.py overhead --flag` compares crates without derivatives, file by file. Here the slice shares statics and the
callees of indirect calls with the rest of the crate, which shows in how they are linked (slice.md and
indirect-calls.md of rustc-dev-guide say how), and in nothing else. FileCheck cannot compare two compilations.
"""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).with_name("inert.rs")
DERIVATIVE = ["-Zautodiff=Enable", "--cfg=derivative"]
# What the slice refers to has a symbol. One that each unit had a copy of is `weak_odr`, about which LLVM finds out
# less, and which stays where nobody calls it.
SHARED = re.compile(r"\d(?:TABLE|cube|square|value|twice)")


def items(directory):
    """{symbol: its definitions, as (the first line, the body)} in the ordinary codegen units."""
    found = {}
    for path in sorted(directory.glob("*.rcgu.ll")):
        if path.name.endswith(".autodiff.rcgu.ll"):
            continue
        text = path.read_text()
        attributes = dict(re.findall(r"^attributes (#\d+) = (.*)$", text, re.M))
        text = re.sub(r"#\d+", lambda number: attributes.get(number[0], number[0]), text)
        # Numbers depend on what else the module has.
        text = re.sub(r"!\d+|(?<=@anon\.)\w+\.\d+", "_", text)
        for item in re.findall(r"^(?:define .*?^\}|@\S+ = .*?)$", text, re.M | re.S):
            symbol = re.search(r"@([^\s(]+)", item)[1]
            # Literals have names that are no symbols; vtables too.
            if not symbol.startswith("llvm."):
                head, _, body = item.partition("\n")
                head = head.partition(" = ")[2] or head
                if re.match(r"alloc_|anon\.|vtable\.|str\.", symbol):
                    symbol = head
                found.setdefault(symbol, set()).add((head, body))
    return found


class Inertness(unittest.TestCase):
    maxDiff = 2000

    def compile(self, *options):
        with tempfile.TemporaryDirectory() as directory:
            run = subprocess.run(
                [os.environ["RUSTC"], "--edition=2024", "--emit=llvm-ir", "-Csave-temps", "-Clto=off",
                 "--check-cfg=cfg(derivative, planted)", *options, str(SOURCE), "--out-dir", directory],
                capture_output=True, text=True, check=False)
            self.assertEqual(run.returncode, 0, run.stderr)
            return items(Path(directory))

    def different(self, level, units, *planted):
        """What is not the same with derivatives; without them, it is compiled with `planted`."""
        options = [f"-Copt-level={level}", f"-Ccodegen-units={units}"]
        without, with_ = self.compile(*options, *planted), self.compile(*options, *DERIVATIVE)
        for name in "calls_primals", "calls_a_method", "calls_a_pointer", "is_vectorized", "object", "total", "apply":
            self.assertTrue(any(f"{len(name)}{name}" in symbol for symbol in without), f"{name} was not found")
        found = set()
        for symbol, definitions in without.items():
            others = with_.get(symbol, set())
            if SHARED.search(symbol):
                # The value of a static is in its first line.
                definitions, others = ({(head.partition("constant")[2], body) for head, body in each}
                                       for each in (definitions, others))
            if others != definitions:
                found.add(symbol)
        # With one unit, the derivatives are in it.
        more = {symbol for symbol in with_.keys() - without if not SHARED.search(symbol)} if units != "1" else set()
        return found | more

    def test_all_else_is_the_same(self):
        for level in "0", "3":
            for units in "1", "8":
                with self.subTest(level=level, units=units):
                    self.assertEqual(self.different(level, units), set())

    def test_a_difference_is_seen(self):
        for units in "1", "8":
            for planted in "--cfg=planted", "-Cno-vectorize-loops":
                self.assertRegex("".join(self.different("3", units, planted)), "^[^ ]*13is_vectorized[^ ]*$")
        # Attributes are compared, too.
        self.assertGreater(len(self.different("0", "8", "-Cforce-frame-pointers=yes")), 10)


if __name__ == "__main__":
    unittest.main()
