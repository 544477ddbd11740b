"""The header tax: stand-ins for the compiler and valgrind."""

import os
from unittest import mock

from fork import tax

from .standin import ForkCase

# "Compiles" a program that lists two kernels, or prints the gradient of one.
RUSTC = r"""
echo "$*" >> $CALLS
for last; do :; done
cat > $last <<'END'
#!/bin/sh
case $# in 0) echo $KERNELS; exit ;; esac
[ "$1 $2" = "$BROKEN" ] && { echo "not as finite differences" >&2; exit 101; }
[ "$1 $2" = "$DIFFERENT" ] && echo 1.5 || echo $GRADIENT
END
chmod +x $last
exit $STATUS
"""
VALGRIND = r"""
file=${3#--callgrind-out-file=}
[ $4 = --toggle-collect=counted ] || exit 9
shift 5
[ "$2 $3" = "tuple idiomatic" ] && n=$COUNT || n=1000
echo "totals: $n" > $file
exec "$@"
"""


class HeaderTax(ForkCase):
    def setUp(self):
        super().setUp()
        self.rustc = self.script("tax-rustc", RUSTC)
        self.script("valgrind", VALGRIND)

    def tax(self, *arguments, **environ):
        defaults = {"PATH": f"{self.top}/bin:{os.environ['PATH']}", "KERNELS": "tuple ode", "COUNT": "1000",
                    "GRADIENT": "2.5", "STATUS": "0"}
        return self.x("header-tax", *(arguments or [self.rustc]), **defaults | environ)

    def refused(self, expected, *arguments, **environ):
        status, said = self.tax(*arguments, **environ)
        self.assertEqual(status, 1, said)
        self.assertIn(expected, said)
        self.assertNotIn("OK", said)
        return said

    def test_both_kinds_of_primal(self):
        status, said = self.tax(COUNT="1020")
        self.assertEqual(status, 0, said)
        self.assertIn("tuple        inline             1,020     1,000  1.020\n", said)
        self.assertIn("ode          inline(never)      1,000     1,000  1.000\n", said)
        self.assertIn("OK: 2 kernels, at most 1.02 times the instructions", said)
        with open(self.calls, encoding="utf-8") as f:
            calls = f.read().splitlines()
        self.assertEqual(["--cfg inline_never" in call for call in calls], [False, True])
        self.assertTrue(all("-Zautodiff=Enable -Copt-level=3" in call for call in calls), calls)

    def test_the_bound(self):
        said = self.refused("tuple, inline: 1.021 times the instructions, above 1.02", COUNT="1021")
        self.assertIn("tuple, inline(never): 1.021 times", said)
        self.assertNotIn("ode, ", said)

    def test_gradients_that_differ(self):
        said = self.refused("ode, inline: the gradients differ:\n  idiomatic: 2.5\n  flat: 1.5", DIFFERENT="ode flat")
        self.assertNotIn("tuple, ", said)

    def test_a_gradient_that_is_wrong(self):
        self.refused("ended with status 101:\nnot as finite differences", BROKEN="ode idiomatic")

    def test_nothing_measured_is_no_success(self):
        self.refused("names no kernel", KERNELS="")
        self.refused("tuple, inline: no gradient, or no instructions", GRADIENT="")
        self.refused("tuple, inline: no gradient, or no instructions", COUNT="0")

    def test_kernels_that_do_not_compile(self):
        self.refused("ended with status 3", STATUS="3")

    def test_without_valgrind(self):
        with mock.patch.object(tax, "shutil", mock.Mock(which=lambda _: None)):
            self.refused("there is no valgrind to count instructions with\n  help: apt-get install valgrind")

    def test_wrong_arguments(self):
        self.refused("usage: ./x.py header-tax [RUSTC]", "--fast")
        self.refused("nowhere is no program", os.path.join(self.top, "nowhere"))
