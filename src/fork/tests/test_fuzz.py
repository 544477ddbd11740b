"""The random headers: a stand-in for the compiler, whose generator says how it was called."""

from .standin import ForkCase

# "Compiles" a generator; the seed and count are its third and fourth arguments.
RUSTC = r"""
[ -z "$BROKEN" ] || { echo "error: broken" >&2; exit 1; }
for last; do :; done
cat > $last <<'END'
#!/bin/sh
echo "seed $3, count $4, directory $2"
exit $STATUS
END
chmod +x $last
"""


class FuzzHeaders(ForkCase):
    def setUp(self):
        super().setUp()
        self.rustc = self.script("fuzz-rustc", RUSTC)

    def fuzz(self, *arguments, **environ):
        status, said = self.x("fuzz-headers", *arguments, self.rustc, **{"STATUS": "0"} | environ)
        return status, said

    def refused(self, expected, *arguments, **environ):
        status, said = self.fuzz(*arguments, **environ)
        self.assertEqual(status, 1, said)
        self.assertIn(expected, said)
        self.assertNotIn("OK", said)

    def test_the_count_and_the_seed_that_are_asked_for(self):
        status, said = self.fuzz("--count", "7", "--seed", "11")
        self.assertEqual(status, 0, said)
        self.assertIn("OK: 7 headers of seed 11", said)

    def test_a_seed_of_its_own(self):
        seeds = set()
        for _ in range(2):
            status, said = self.fuzz()
            self.assertEqual(status, 0, said)
            self.assertIn("OK: 200 headers of seed ", said)
            seeds.add(said.split("OK: 200 headers of seed ")[1].split(",")[0])
        self.assertEqual(len(seeds), 2)

    def test_a_failure(self):
        self.refused("headers of seed 11 failed", "--seed", "11", STATUS="1")

    def test_a_generator_that_is_killed(self):
        self.refused("status 137", STATUS="137")

    def test_a_generator_that_does_not_compile(self):
        self.refused("error: broken", BROKEN="1")

    def test_what_is_left_of_the_last_run(self):
        self.fuzz()
        old = self.write(self.root, "build/fuzz-headers/wrong-1-1.rs", "")
        self.fuzz()
        with self.assertRaises(FileNotFoundError):
            open(old, encoding="utf-8").close()

    def test_usage(self):
        for arguments in (["--count", "0"], ["--count", "x"], ["--seed", "-1"], ["--unknown"], ["--count"]):
            with self.subTest(arguments):
                status, said = self.x("fuzz-headers", *arguments)
                self.assertEqual(status, 1, said)
                self.assertIn("usage: ./x.py fuzz-headers", said)

    def test_two_compilers(self):
        self.refused("usage: ./x.py fuzz-headers", self.rustc)
