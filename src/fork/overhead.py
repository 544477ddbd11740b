"""`./x.py overhead`: crates without autodiff compile to the same LLVM IR as with the base, for the same work.

The base is built once, as the fork is, and kept in `build/overhead`. Then cargo compiles src/tools/overhead
and all it needs, the base's library/ included (-Zbuild-std), with each compiler in turn: the same sources in
the same directories, so that whatever differs is the compiler's doing and nothing has to be filtered out.

With `--flag`, no base: the fork without `-Zautodiff=Enable` takes its place, and the LLVM IR alone is compared.
"""

import difflib
import filecmp
import itertools
import json
import os
import re
import shutil
import subprocess
import tomllib

from . import doctor, downloads, files, launch, overlay, toolchain
from .report import Failure, note, step

DIRECTORY = "src/tools/overhead"
# Level -> cargo's option, opt-level and codegen units. 16, rustc's own choice, shows how items are divided
# among them; one shows the most of what LLVM makes of a crate.
LEVELS = {"debug": ([], 0, 16), "release": (["--release"], 3, 1)}
FLAG = "-Zautodiff=Enable"
# The most that the fork may execute for each instruction of the base.
LIMIT = 1.001
# "{}" stands for the file that the counter writes.
COUNTERS = {
    "perf": "perf stat -x, -o {} -e instructions:u --".split(),
    "callgrind": "valgrind --quiet --tool=callgrind --callgrind-out-file={} --".split(),
}
# Under callgrind, some 50 times slower: crates of middling size, at one level.
CALLGRIND = ("debug", ("hashbrown", "itertools", "png", "regex"))
# With room to spare: the IR of both compilers at one level, and one target directory.
MEGABYTES = 5000
SHOWN = 5


def command(fork, chain, host, given):
    flag = given[:1] == ["--flag"]
    ours = compiler(fork, chain, host, given[flag:], "overhead [--flag]")
    method = None if flag else counter()
    directory = os.path.join(fork.build, "overhead")
    # A lock of its own: an hour that is not to hold up ./x.py build and the like.
    with files.locked(os.path.join(directory, ".x.lock")):
        if flag:
            sides = {"fork without the flag": (ours, ""), "fork with the flag": (ours, FLAG)}
        else:
            sides = {"base": (base_compiler(fork, chain, host, directory), ""), "fork": (ours, "")}
        said = {doctor.version([rustc, "--version", "--verbose"]) for rustc, _ in sides.values()}
        if len(said) > 1:
            raise Failure(f"the base and {ours} are of different versions, which alone changes every symbol",
                          "compare a compiler that was built here")
        before = os.stat(ours)
        status = Comparison(fork, chain, host, os.path.join(directory, "run"), method, sides).run()
        # That lock does not keep ./x.py build from putting another compiler there.
        if (os.stat(ours).st_ino, os.stat(ours).st_ctime_ns) != (before.st_ino, before.st_ctime_ns):
            raise Failure(f"{ours} was built again while it was compared", "run the command again")
        return status


def compiler(fork, chain, host, given, command_):
    """The rustc that was given to `command_`, or the one that was built."""
    if len(given) > 1 or any(argument.startswith("-") for argument in given):
        raise Failure(f"usage: ./x.py {command_} [RUSTC]", "RUSTC is a compiler to use instead of build/host/stage1's")
    rustc = os.path.abspath(given[0]) if given else built(fork, chain, host)
    if not os.path.isfile(rustc) or not os.access(rustc, os.X_OK):
        raise Failure(f"{rustc} is no program", "name a rustc")
    return rustc


def built(fork, chain, host):
    """The fork's compiler, as `./x.py build` left it."""
    rustc = os.path.join(fork.build, "host/stage1/bin/rustc")
    if not os.path.exists(rustc):
        raise Failure("there is no compiler yet", "./x.py build")
    text = launch.configuration(fork.config, fork.build, chain, host).encode()
    if overlay.read_or_none(os.path.join(fork.build, "bootstrap.toml")) != text:
        # The base is built as config.toml says now: another `optimize` would be all that is measured.
        raise Failure("the configuration has changed since the compiler was built", "./x.py build")
    return rustc


def counter():
    """How instructions can be counted here."""
    if shutil.which("perf"):
        said = subprocess.run(["perf", "stat", "-x,", "-e", "instructions:u", "true"], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False).stderr
        if re.match(r"\d+,", said):
            return "perf"
    if shutil.which("valgrind"):
        return "callgrind"
    raise Failure("instructions cannot be counted: perf does not support instructions:u here, and there is no "
                  "valgrind", "apt-get install valgrind")


def base_compiler(fork, chain, host, directory):
    """The compiler of the base, configured as the fork's and with the same Enzyme, which it never calls here."""
    rustc = os.path.join(directory, "host/stage1/bin/rustc")
    stamp = os.path.join(directory, "base.json")
    text = launch.configuration(fork.config, directory, chain, host)
    stage0 = toolchain.stage0_version(chain.rustc) if chain.rustc else None
    tree = fork.unpatched(directory)
    # Not what is laid: the Enzyme that the fork works on has no part in this, and is no reason to rebuild.
    identity = json.dumps({"base": tree.base_identity(), "configuration": text, "stage0": stage0}).encode()
    if overlay.read_or_none(stamp) == identity and os.path.exists(rustc):
        return rustc
    if os.path.exists(stamp):
        os.unlink(stamp)
    with step("building the base compiler in build/overhead, once, which takes as long as the fork's"):
        tree.lay()
        status = launch.run(directory, text, chain, ["build", *launch.DEFAULT_PATHS["build"]])
        if status != 0:
            raise Failure(f"building the base compiler ended with status {status}",
                          "run the command again to carry on where it stopped")
    files.write(stamp, identity)
    return rustc


class Comparison:
    """Of two `sides`, {name: (compiler, its flag)}."""

    def __init__(self, fork, chain, host, directory, method, sides):
        self.fork, self.chain, self.host = fork, chain, host
        self.directory, self.method, self.sides = directory, method, sides
        self.sources = os.path.join(fork.root, DIRECTORY)
        self.cargo = chain.stage0_cargo(fork.build, host)
        self.manifest = os.path.join(self.sources, "Cargo.toml")

    def run(self):
        files.remove_tree(self.directory)
        downloads.need_space(self.directory, MEGABYTES)
        (one, (base, _)), (other, (ours, _)) = self.sides.items()
        note(f"comparing {ours}, the {other}, with {base}, the {one}")
        problems, compared, size = [], 0, 0
        for number, (level, (_, optimize, _)) in enumerate(LEVELS.items()):
            for turn, side in enumerate(self.sides, 2 * number + 1):
                with step(f"{turn} of {2 * len(LEVELS)}: compiling with the {side}, {level} (opt-level {optimize})"):
                    self.compile(side, level)
            found, crates, bytes_ = self.differences(level)
            problems, compared, size = problems + found, compared + crates, size + bytes_
            note(f"{level}: {crates} crates, {bytes_ >> 20} MB of LLVM IR, "
                 + (f"{len(found)} different" if found else "identical"))
        problems += self.counted() if self.method else []
        if problems:
            raise Failure("\n".join(problems), f"the LLVM IR is kept in {os.path.join(self.directory, 'ir')}")
        files.remove_tree(self.directory)
        note(f"OK: the LLVM IR of {compared} crates ({size >> 20} MB) is identical"
             + (f", at most {LIMIT} times the instructions" if self.method else ""))
        return 0

    # -- compiling -----------------------------------------------------------------------------------

    def compile(self, side, level):
        """Leaves `ir/<side>/<level>` with the LLVM IR of every crate, and `counts/<side>/<level>`."""
        option, optimize, units = LEVELS[level]
        rustc, flag = self.sides[side]
        # One directory for both, emptied in between: its name is in the code that build scripts write.
        target = os.path.join(self.directory, "target")
        files.remove_tree(target)
        counts = os.path.join(self.directory, "counts", side, level)
        os.makedirs(counts)
        callgrind = self.method == "callgrind" and level == CALLGRIND[0]
        crates = "*" if self.method == "perf" else " ".join(CALLGRIND[1]) if callgrind else ""
        # Without what would make one developer's compilation another than the next one's.
        environ = {key: value for key, value in self.chain.environment(os.environ).items()
                   if not key.startswith(("CARGO_BUILD_", "CARGO_PROFILE_", "RUSTC_"))}
        environ |= {
            "RUSTC": rustc, "RUSTC_WRAPPER": os.path.join(self.sources, "rustc-counted.py"),
            "CARGO_TARGET_DIR": target, "CARGO_BUILD_BUILD_DIR": target, "CARGO_INCREMENTAL": "0",
            "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(["--emit=llvm-ir", f"-Copt-level={optimize}",
                                                    f"-Ccodegen-units={units}"]),
            # For -Zbuild-std with a cargo that is no nightly.
            "RUSTC_BOOTSTRAP": "1",
            # The only way to give cargo one library/ for both compilers, rather than each compiler's own.
            "__CARGO_TESTS_ONLY_SRC_ROOT": os.path.join(self.fork.base, "library"),
            "OVERHEAD_COUNTER": "\x1f".join(COUNTERS.get(self.method, ())), "OVERHEAD_COUNTS": counts,
            "OVERHEAD_CRATES": crates, "OVERHEAD_FLAG": flag,
        }
        # `--target` keeps build scripts and proc macros apart: the flags are not for them.
        run = [self.cargo, "build", "-Zbuild-std=std", "--locked", "--target", self.host, "--manifest-path",
               self.manifest, *option]
        try:
            status = subprocess.run(run, cwd=self.fork.root, env=environ, stdin=subprocess.DEVNULL,
                                    check=False).returncode
        except OSError as error:
            raise Failure(f"cannot run {self.cargo}: {error.strerror}", "set `cargo` in config.toml") from None
        if status != 0:
            raise Failure(f"cargo ended with status {status} with the {side}'s compiler, {level}",
                          "what it said stands above")
        written = os.path.join(target, self.host, level, "deps")
        kept = os.path.join(self.directory, "ir", side, level)
        os.makedirs(kept)
        for name in os.listdir(written):
            if name.endswith(".ll"):
                os.rename(os.path.join(written, name), os.path.join(kept, name))

    # -- LLVM IR -------------------------------------------------------------------------------------

    def differences(self, level):
        """(what differs, the number of crates, bytes compared). What is identical is deleted."""
        base, ours = (os.path.join(self.directory, "ir", side, level) for side in self.sides)
        crates = {}
        for name in sorted({*os.listdir(base), *os.listdir(ours)}):
            # <crate>-<hash>.ll or, of several codegen units, <crate>-<hash>.<unit>.rcgu.ll
            crates.setdefault(name.split(".")[0], []).append(name)
        absent = self.expected() - {crate.rsplit("-", 1)[0] for crate in crates}
        if absent:
            raise Failure(f"{level}: no LLVM IR of {', '.join(sorted(absent))} to compare",
                          f"{self.manifest} names it; does cargo still compile it?")
        found, size = [], 0
        for crate, members in crates.items():
            different = []
            for name in members:
                pair = [os.path.join(directory, name) for directory in (base, ours)]
                if all(map(os.path.exists, pair)) and filecmp.cmp(*pair, shallow=False):
                    size += os.path.getsize(pair[0])
                    list(map(os.unlink, pair))
                else:
                    different.append(pair)
            if different:
                shown = first_difference(dict(zip(self.sides, different[0]))) if len(found) < SHOWN else "  (not shown)"
                found.append(f"the LLVM IR of {crate.rsplit('-', 1)[0]} differs, {level}:\n{shown}")
        return found, len(crates), size

    def expected(self):
        with open(self.manifest, "rb") as f:
            named = tomllib.load(f)["dependencies"]
        return {"core", "alloc"} | {name.replace("-", "_") for name in named}

    # -- instructions --------------------------------------------------------------------------------

    def counted(self):
        """Says what was counted; returns what is wrong with it."""
        each = {side: {} for side in self.sides}
        for (side, counts), level in itertools.product(each.items(), LEVELS):
            directory = os.path.join(self.directory, "counts", side, level)
            for name in os.listdir(directory):
                counts[f"{name} ({level})"] = instructions(os.path.join(directory, name))
        if not each["base"] or each["base"].keys() != each["fork"].keys():
            return ["the instructions of different crates were counted, or of none"]
        note("instructions:u of perf, every crate" if self.method == "perf" else
             "instructions counted by valgrind's callgrind, as perf does not support instructions:u here; therefore "
             f"of {', '.join(CALLGRIND[1])} alone, {CALLGRIND[0]}")
        ratios = {name: each["fork"][name] / count for name, count in each["base"].items()}
        for name in sorted(ratios, key=ratios.get, reverse=True)[:SHOWN]:
            note(f"{ratios[name]:.6f}  {name}: {each['base'][name]:,} with the base, {each['fork'][name]:,}")
        base, ours = sum(each["base"].values()), sum(each["fork"].values())
        note(f"{ours / base:.6f}  all {len(ratios)}: {base:,} with the base, {ours:,}")
        return [] if ours <= LIMIT * base else \
            [f"the fork executes {ours / base:.6f} times the instructions of the base, above {LIMIT}"]


def instructions(path):
    """The count in a file of either counter."""
    text = files.read(path).decode(errors="replace")
    found = re.search(r"^totals: (\d+)$|^(\d+),[^,]*,instructions:u", text, re.M)
    if not found:
        raise Failure(f"{path} holds no count of instructions")
    return int(found[1] or found[2])


def first_difference(sides):
    """A diff of the lines where the files of `sides` part."""
    there = [side for side, path in sides.items() if os.path.exists(path)]
    base, ours = sides.values()
    if len(there) == 1:
        return f"  {os.path.basename(base)} is written by the {there[0]} alone"
    with open(base, "rb") as a, open(ours, "rb") as b:
        for number, pair in enumerate(itertools.zip_longest(a, b, fillvalue=b""), 1):
            if pair[0] != pair[1]:
                break
        # Few of each: among many, a diff can show a page of the one before the first of the other.
        windows = [[line, *itertools.islice(f, 2)] for line, f in zip(pair, (a, b))]
    # Of a line of a thousand characters, those that differ.
    start = max(0, len(os.path.commonprefix(pair)) - 100)
    lines = [[line[start:start + 200].decode(errors="replace").rstrip("\n") for line in window] for window in windows]
    diff = list(difflib.unified_diff(*lines, lineterm="", n=0))[3:]
    return "\n".join([f"  {os.path.basename(base)}, line {number}:", *(f"  {line}" for line in diff)])
