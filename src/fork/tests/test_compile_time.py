"""What a derivative adds to the time of compiling: a stand-in for the compiler."""

import os
from unittest import mock

from fork import compile_time

from .standin import ForkCase

# "Compiles" a program that ends with $WRONG if it has a derivative.
RUSTC = r"""
echo "$*" >> $CALLS
for last; do :; done
case "$*" in *derivative\ -o*) end=$WRONG ;; *) end=0 ;; esac
printf '#!/bin/sh\necho the derivative is off; exit %s\n' $end > $last
chmod +x $last
exit $STATUS
"""


class CompileTime(ForkCase):
    def setUp(self):
        super().setUp()
        self.rustc = self.script("timed-rustc", RUSTC)

    def time(self, *arguments, ratios=None, **environ):
        """Runs the command. With `ratios`, a compilation of a program takes one second without a derivative."""
        real = compile_time.processor_time

        def processor_time(given):
            seconds = real(given)
            for program, ratio in (ratios or {}).items():
                if f"/{program}.rs" in " ".join(given):
                    return ratio if "--cfg=derivative" in given else 1.0
            return seconds

        with mock.patch.object(compile_time, "processor_time", processor_time):
            return self.x("compile-time", *(arguments or [self.rustc]), **{"STATUS": "0", "WRONG": "0"} | environ)

    def refused(self, expected, *arguments, **options):
        status, said = self.time(*arguments, **options)
        self.assertEqual(status, 1, said)
        self.assertIn(expected, said)
        self.assertNotIn("OK", said)
        return said

    def test_within_the_bounds(self):
        status, said = self.time(ratios={"hello": 1.5, "numeric": 1.2})
        self.assertEqual(status, 0, said)
        self.assertIn("hello, debug: 1.50 times the processor time", said)
        self.assertIn("OK: hello at most 1.5, numeric at most 1.2", said)
        with open(self.calls, encoding="utf-8") as f:
            calls = f.read().splitlines()
        self.assertEqual(len(calls), sum(2 * 2 * (pairs + 1) for pairs in compile_time.PAIRS.values()))
        # In turn, and with nothing of autodiff where there is no derivative.
        self.assertEqual(["-Zautodiff=Enable" in call for call in calls], [True, False] * (len(calls) // 2))
        self.assertEqual(sum("-Copt-level=3" in call for call in calls), len(calls) // 2)

    def test_above_a_bound(self):
        said = self.refused("numeric, debug: 1.21 times, above 1.2\nnumeric, release: 1.21 times",
                            ratios={"hello": 1.0, "numeric": 1.21})
        self.assertNotIn("above 1.5", said)

    def test_time_is_that_of_a_program_and_of_what_it_starts(self):
        work = self.script("work", "sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done'")
        idle = self.script("idle", "sleep 0.5")
        self.assertGreater(compile_time.processor_time([work]), 5 * compile_time.processor_time([idle]))

    def test_a_wrong_derivative(self):
        self.refused("ended with status 101:\nthe derivative is off", WRONG="101")

    def test_programs_that_do_not_compile(self):
        self.refused("ended with status 3", STATUS="3")

    def test_wrong_arguments(self):
        self.refused("usage: ./x.py compile-time [RUSTC]", "--fast")
        self.refused("nowhere is no program", os.path.join(self.top, "nowhere"))
