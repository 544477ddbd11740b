"""`./x.py header-tax`: the gradient behind an idiomatic header costs no more than behind one flattened by hand.

The kernels are in src/tools/header-tax, each with one body and both headers. The program computes one gradient,
compares it with finite differences and prints it; valgrind's callgrind counts what one function of it executes.
"""

import os
import shutil
import subprocess
import tempfile

from . import overhead
from .report import Failure, note, step

SOURCE = "src/tools/header-tax/main.rs"
HEADERS = ("idiomatic", "flat")
# How primals are declared -> rustc's option.
PRIMALS = {"inline": [], "inline(never)": ["--cfg", "inline_never"]}
# Whether straight-line code is vectorized hangs on how its scalars happen to be loaded, and would be 5 % either way.
OPTIMIZED = ["-Copt-level=3", "-Cno-vectorize-slp"]
# The most that the idiomatic header may execute for each instruction of the flat one.
LIMIT = 1.02
# Of all that the program executes, the gradient: a function of main.rs.
COUNTED = "counted"
CALLGRIND = [*overhead.COUNTERS["callgrind"][:-1], f"--toggle-collect={COUNTED}", "--"]


def command(fork, chain, host, given):
    rustc = overhead.compiler(fork, chain, host, given, "header-tax")
    if not shutil.which("valgrind"):
        raise Failure("there is no valgrind to count instructions with", "apt-get install valgrind")
    problems = []
    note(f"{'kernel':12} {'primal':14} {'idiomatic':>9} {'flat':>9} {'ratio':>6}")
    with tempfile.TemporaryDirectory() as directory:
        for primal, option in PRIMALS.items():
            program = os.path.join(directory, "header-tax")
            with step(f"compiling the kernels, {primal}"):
                run([rustc, "--edition=2024", "-Zautodiff=Enable", *OPTIMIZED, "--check-cfg=cfg(inline_never)",
                     *option, os.path.join(fork.root, SOURCE), "-o", program])
            kernels = run([program]).split()
            if not kernels:
                raise Failure(f"{SOURCE} names no kernel")
            for kernel in kernels:
                problems += measure(program, kernel, primal)
    if problems:
        raise Failure("\n".join(problems))
    note(f"OK: {len(kernels)} kernels, at most {LIMIT} times the instructions")
    return 0


def measure(program, kernel, primal):
    """Prints a row of the table; returns what is wrong with it."""
    gradients, counts = [], []
    for header in HEADERS:
        file = f"{program}.{kernel}.{header}"
        gradients.append(run([part.replace("{}", file) for part in CALLGRIND] + [program, kernel, header]).split())
        counts.append(overhead.instructions(file))
    idiomatic, flat = counts
    if not all(gradients) or not all(counts):
        raise Failure(f"{kernel}, {primal}: no gradient, or no instructions counted in `{COUNTED}`")
    note(f"{kernel:12} {primal:14} {idiomatic:9,} {flat:9,} {idiomatic / flat:6.3f}")
    problems = []
    if gradients[0] != gradients[1]:
        problems.append(f"{kernel}, {primal}: the gradients differ:\n  " +
                        "\n  ".join(f"{header}: {' '.join(gradient)}" for header, gradient in zip(HEADERS, gradients)))
    if idiomatic > LIMIT * flat:
        problems.append(f"{kernel}, {primal}: {idiomatic / flat:.3f} times the instructions, above {LIMIT}")
    return problems


def run(given):
    """What a program prints; it must end well."""
    done = subprocess.run(given, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise Failure(f"`{' '.join(given)}` ended with status {done.returncode}:\n{done.stderr.strip()}")
    return done.stdout
