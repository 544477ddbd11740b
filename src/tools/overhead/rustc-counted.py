#!/usr/bin/env -S python3 -IS
"""cargo's RUSTC_WRAPPER for `./x.py overhead`: runs rustc under the counter and with the flag, if src/fork/overhead.py
says so. In RUSTFLAGS, a flag would become part of every symbol.

Not for build scripts and proc macros, which are compiled for the host and not compared: only for what cargo
passes `--target`. Nor for what build scripts compile to try the compiler out, which cargo gives no file name.
"""

import os
import sys


def value(option, key=""):
    """What `option` is given, or what `key` of -C is."""
    for before, argument in zip(command, command[1:]):
        if before == option and argument.startswith(key):
            return argument.removeprefix(key)
    return ""


command = sys.argv[1:]
crate, suffix = value("--crate-name"), value("-C", "extra-filename=")
wanted = os.environ["OVERHEAD_CRATES"].split()
compared = value("--target") and suffix
if compared:
    command += os.environ["OVERHEAD_FLAG"].split()
if compared and (crate in wanted or "*" in wanted):
    # Two versions of one crate differ in the suffix alone.
    file = os.path.join(os.environ["OVERHEAD_COUNTS"], crate + suffix)
    command = [part.replace("{}", file) for part in os.environ["OVERHEAD_COUNTER"].split("\x1f")] + command
os.execvp(command[0], command)
