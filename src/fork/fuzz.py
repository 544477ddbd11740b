"""`./x.py fuzz-headers`: differentiates functions with random headers and compares with closed forms.

The generator is in src/tools/fuzz-headers, a crate without dependencies that the compiler under test compiles. It
prints what it finds, and leaves the smallest program for each kind of failure in build/fuzz-headers.
"""

import argparse
import os
import secrets
import subprocess

from . import files, overhead
from .report import Failure, note, step

SOURCE = "src/tools/fuzz-headers/src/main.rs"
USAGE = "usage: ./x.py fuzz-headers [--count N] [--seed S] [RUSTC]"
COUNT = 200


def command(fork, chain, host, given):
    options = parse(given)
    rustc = overhead.compiler(fork, chain, host, options.rustc, "fuzz-headers")
    directory = os.path.join(fork.build, "fuzz-headers")
    # A lock of its own, as half an hour is not to hold up ./x.py build and the like.
    with files.locked(os.path.join(fork.build, ".fuzz-headers.lock")):
        files.remove_tree(directory)
        os.makedirs(directory)
        generator = os.path.join(directory, "fuzz-headers")
        with step("compiling the generator"):
            files.run([rustc, "--edition=2024", "-O", os.path.join(fork.root, SOURCE), "-o", generator],
                      "compiling the generator")
        jobs = len(os.sched_getaffinity(0))
        status = subprocess.run([generator, rustc, directory, str(options.seed), str(options.count), str(jobs)],
                                stdin=subprocess.DEVNULL, check=False).returncode
    if status != 0:
        raise Failure(f"headers of seed {options.seed} failed, or the generator did: status {status}",
                      f"{directory} holds the smallest programs")
    note(f"OK: {options.count} headers of seed {options.seed}, none wrong")
    return 0


def parse(given):
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False, allow_abbrev=False)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int)
    parser.add_argument("rustc", nargs="*")
    try:
        options, unknown = parser.parse_known_args(given)
    except argparse.ArgumentError as error:
        raise Failure(USAGE, str(error)) from None
    if unknown:
        raise Failure(USAGE, f"there is no {unknown[0]}")
    if options.seed is None:
        options.seed = secrets.randbelow(1 << 32)
    if options.count < 1 or not 0 <= options.seed < 1 << 64:
        raise Failure(USAGE, "N is at least 1, and S a number of 64 bits")
    return options
