"""`./x.py doctor`: says what was found, and differentiates one function before it says OK.

A version that looks right proves little: an Enzyme built against another LLVM can load, and hang.
"""

import os
import subprocess
import tempfile

from . import enzyme
from .report import Failure, note

# d/dx of x^3 + 2x at 3 is 3 * 9 + 2 = 29, exactly, in doubles too.
PROGRAM = """
#![feature(autodiff)]
use std::autodiff::autodiff_reverse;

#[autodiff_reverse(derivative, Active, Active)]
fn primal(x: f64) -> f64 {
    x * x * x + 2.0 * x
}

fn main() {
    println!("{:?}", derivative(3.0, 1.0));
}
"""
EXPECTED = "(33.0, 29.0)"
LIMIT = 300


def examine(config, build, base, chain):
    rustc = os.path.join(build, "host/stage1/bin/rustc")
    environ = chain.environment(os.environ)
    note(f"base: {base}")
    note(f"LLVM: {version([chain.llvm_config, '--version'], environ) if chain.llvm_config else 'built by rustc'}"
         + (f" ({chain.llvm_config})" if chain.llvm_config else ""))
    note(f"stage0: {version([chain.rustc, '--version'], environ) if chain.rustc else 'downloaded by rustc'}")
    if not os.path.exists(rustc):
        raise Failure("there is no compiler yet", "./x.py build")
    note(f"rustc: {version([rustc, '--version'])} ({rustc})")
    library = find_library(rustc)
    note(f"Enzyme: {library}")
    if config["enzyme"] == "engine":
        program = enzyme.executable(build)
        if not os.path.exists(program):
            raise Failure(f"the engine is missing: {program}", "./x.py build fetches it again")
        note(f"engine: {program}")
    differentiate(rustc)
    note("OK: differentiated x^3 + 2x, value and derivative at 3 are right")


def version(command, environ=None):
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True,
                              env=environ)
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        raise Failure(f"`{' '.join(command)}` does not run: {said.strip()}") from None
    return done.stdout.strip()


def find_library(rustc):
    libdir = version([rustc, "--print", "target-libdir"])
    names = [n for n in os.listdir(libdir) if n.startswith("libEnzyme-")]
    if not names:
        raise Failure(f"no libEnzyme in {libdir}", "./x.py build")
    return os.path.join(libdir, names[0])


def differentiate(rustc):
    with tempfile.TemporaryDirectory() as directory:
        source, program = os.path.join(directory, "doctor.rs"), os.path.join(directory, "doctor")
        with open(source, "w", encoding="utf-8") as f:
            f.write(PROGRAM)
        compile_ = [rustc, "-Zautodiff=Enable", "-O", source, "-o", program]
        try:
            done = subprocess.run(compile_, capture_output=True, text=True, timeout=LIMIT, check=False,
                                  stdin=subprocess.DEVNULL)
            if done.returncode != 0:
                raise Failure(f"the compiler cannot differentiate:\n{done.stderr.strip()}")
            done = subprocess.run([program], capture_output=True, text=True, timeout=LIMIT, check=False)
        except subprocess.TimeoutExpired:
            raise Failure(f"differentiating one function takes longer than {LIMIT} s",
                          "this Enzyme does not fit this LLVM") from None
    said = done.stdout.strip()
    if done.returncode != 0 or said != EXPECTED:
        raise Failure(f"the derivative is wrong: value and derivative of x^3 + 2x at 3 are {EXPECTED}, "
                      f"the program says {said!r} and ends with status {done.returncode}")
