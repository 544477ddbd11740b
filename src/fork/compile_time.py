"""`./x.py compile-time`: what a derivative adds to the time that a program takes to compile.

The programs are in src/tools/compile-time. Each is compiled with a derivative and, without `-Zautodiff`, without
one, in turn. What counts is the processor time of rustc and all that it starts, linker and Enzyme included: on a
machine that does other things as well, it is steadier than the time that passes.
"""

import os
import statistics
import subprocess
import tempfile

from . import overhead
from .report import Failure, note, step

DIRECTORY = "src/tools/compile-time"
# Program -> the most that it may take with a derivative, as a multiple of what it takes without.
LIMITS = {"hello": 1.5, "numeric": 1.2}
LEVELS = {"debug": "-Copt-level=0", "release": "-Copt-level=3"}
# Without it there is nothing of autodiff in the command.
DERIVATIVE = ["-Zautodiff=Enable", "--cfg=derivative"]
# A small program takes a fifth of a second, of which any interruption is a part.
PAIRS = {"hello": 25, "numeric": 9}


def command(fork, chain, host, given):
    rustc = overhead.compiler(fork, chain, host, given, "compile-time")
    problems = []
    with tempfile.TemporaryDirectory() as directory:
        for program, limit in LIMITS.items():
            source = os.path.join(fork.root, DIRECTORY, f"{program}.rs")
            for level, option in LEVELS.items():
                compile_ = [rustc, "--edition=2024", "--check-cfg=cfg(derivative)", option, source]
                with step(f"{PAIRS[program]} times {program}, {level}"):
                    ratio = measure(compile_, PAIRS[program], directory)
                note(f"{program}, {level}: {ratio:.2f} times the processor time with a derivative")
                if ratio > limit:
                    problems.append(f"{program}, {level}: {ratio:.2f} times, above {limit}")
    if problems:
        raise Failure("\n".join(problems))
    note("OK: " + ", ".join(f"{program} at most {limit}" for program, limit in LIMITS.items()))
    return 0


def measure(compile_, pairs, directory):
    """The median, over some pairs after a first one that fills caches, of the time with over that without."""
    program = os.path.join(directory, "program")
    sides = [[*compile_, *option, "-o", program] for option in (DERIVATIVE, [])]
    for side in sides:
        processor_time(side)
        # It checks its derivative.
        processor_time([program])
    times = [[processor_time(side) for side in sides] for _ in range(pairs)]
    return statistics.median(with_ / without for with_, without in times)


def processor_time(given):
    """What a program and all that it starts take, in seconds; it must end well."""
    with tempfile.TemporaryFile() as said, subprocess.Popen(
            given, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            raise Failure(f"`{' '.join(given)}` ended with status {process.returncode}:\n"
                          f"{said.read().decode(errors='replace').strip()}")
    return used.ru_utime + used.ru_stime
