"""What the user sees: one line per long step with the time it took, and failures that name a remedy."""

import contextlib
import sys
import time


class Failure(Exception):
    """An error the user can act on: `message` says what is wrong, `remedy` what to do."""

    def __init__(self, message, remedy=None):
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self):
        return self.message + (f"\n  help: {self.remedy}" if self.remedy else "")


def note(text):
    print(f"x.py: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(what):
    """Announces `what` before the work and the seconds it took after it, so a long step is never mute."""
    note(f"{what} ...")
    start = time.monotonic()
    yield
    note(f"{what}: {time.monotonic() - start:.1f} s")
