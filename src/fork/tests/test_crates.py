"""The tests with crates of others: a stand-in for cargo."""

from .standin import ForkCase

CARGO = r"""
echo "$RUSTC $RUSTFLAGS $*" >> $CALLS
case "$*" in *--release*) n=$RELEASE ;; *) n=$DEBUG ;; esac
echo "$SAID" >&2
for n in $n; do
  echo "test result: ok. $n passed; 0 failed; 0 ignored; 0 measured; 0 filtered out"
done
exit $STATUS
"""


class UserCrates(ForkCase):
    def setUp(self):
        super().setUp()
        self.rustc = self.script("crates-rustc", "exit 0")
        cargo = self.script("cargo", CARGO)
        text = self.in_root("config.toml").replace(f'cargo = "{self.top}/bin/tool"', f'cargo = "{cargo}"')
        self.write(self.root, "config.toml", text)

    def crates(self, *arguments, **environ):
        defaults = {"DEBUG": "40 2", "RELEASE": "41 2", "STATUS": "0", "SAID": ""}
        return self.x("user-crates", *(arguments or [self.rustc]), **defaults | environ)

    def test_both_levels(self):
        status, said = self.crates()
        self.assertEqual(status, 0, said)
        self.assertIn("debug: 42 functions right\n", said)
        self.assertIn("release: 43 functions right\n", said)
        with open(self.calls, encoding="utf-8") as f:
            calls = f.read().splitlines()
        self.assertEqual(["--release" in call for call in calls], [False, True])
        self.assertTrue(all(call.startswith(f"{self.rustc} -Zautodiff=Enable test --tests --locked") for call in calls))

    def test_a_test_that_fails(self):
        status, said = self.crates(STATUS="101", SAID="dot: got 1.0, want 2.0")
        self.assertEqual(status, 1, said)
        self.assertIn("debug:\ndot: got 1.0, want 2.0", said)
        self.assertIn("release:\ndot: got 1.0, want 2.0", said)
        self.assertNotIn("OK", said)

    def test_no_test_is_no_success(self):
        status, said = self.crates(RELEASE="0 0")
        self.assertEqual(status, 1, said)
        self.assertIn("debug: 42 functions right\n", said)
        self.assertIn("release:\nno test ran:\n", said)

    def test_wrong_arguments(self):
        status, said = self.crates("--all")
        self.assertEqual(status, 1, said)
        self.assertIn("usage: ./x.py user-crates [RUSTC]", said)
