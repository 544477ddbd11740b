"""The commands of x.py."""

import os
import platform
import re
import shutil

from . import (base, compile_time, config, crates, debian, doctor, enzyme, files, formatting, fuzz, launch, matrix,
               overhead, overlay, patches, series, suites, tax, toolchain)
from .report import Failure, note, step

HELP = """\
usage: ./x.py COMMAND ...

The fork's own commands:
  series check         the series applies exactly, lists every file once, its headers are complete
  series refresh       take edits made in build/tree into the repository
  series export DIR    write the series as `git format-patch` does, for review upstream
  doctor               say what was found, and differentiate one function
  overhead [RUSTC]     crates without autodiff: the same LLVM IR as with the base, at most 1.001 times
                       the instructions (builds the base's compiler once, then takes up to an hour)
  overhead --flag [RUSTC]  the same LLVM IR with -Zautodiff=Enable as without it
  header-tax [RUSTC]   gradients behind an idiomatic header: at most 1.02 times the instructions of those behind
                       one flattened to scalars and pointers
  compile-time [RUSTC] with a derivative: at most 1.5 times the time to compile a hello world, and 1.2 times that of
                       a numeric program of 1,000 lines
  fuzz-headers [--count N] [--seed S] [RUSTC]
                       differentiate N functions (200) with random headers, and compare with closed forms
  user-crates [RUSTC]  differentiate functions that use nalgebra, ndarray and other crates, which are downloaded,
                       and compare with differences (takes ten minutes at first)
  support-matrix       differentiate some hundred headers in every mode at two levels, and write the table of
                       what is right or refused into the guide; with --check, say whether it is as written

Everything else goes to rustc's own x.py, in build/tree with the series laid over it:
  build [PATH]         without a path: the compiler and the standard library (build/host/stage1)
  check [PATH]         without a path: compiler and library
  test [PATH]          without a path: the fork's own suites: x.py itself (src/fork), the engine
                       (src/tools/enzyme-engine) and the series' tests, each once where it can
                       break; tests/codegen means tests/codegen-llvm
  test --exhaustive    the same, and what repeats tests in other settings: all of them with fat LTO
                       and in incremental builds, function bodies optimized, and more (the list is
                       in src/fork/suites.py). A PATH or --test-args runs all it names, always
  fmt [--check]        the Rust files of the series, in build/tree
  doc [PATH]           without a path: the standard library
  clean, --stage N, --bless, -j N, ...     as in rustc; see ./x.py build --help

config.example.toml explains what can be configured.
"""


class Fork:
    """The checkout and what its configuration names, each part obtained when first needed."""

    def __init__(self, root):
        self.root = root
        self.build = os.path.join(root, "build")
        self.config = config.load(root)
        self.packages = debian.Debian(self.build)
        self.series = series.load(root)
        self.base = base.obtain(self.config, self.build, self.packages)

    def scratch(self):
        return patches.Scratch(self.root, self.build, self.base, self.series)

    def overlay(self):
        laid = self.unpatched(self.build)
        laid.wanted |= self.scratch().build().contents()
        return laid

    def unpatched(self, build):
        """`build`/tree as it is without the series: the base, with an Enzyme."""
        wanted, generated = enzyme.lay(self.config, self.root, self.build, self.base, self.packages)
        generated = generated | {path: (0o644, text) for path, text in self.stand_ins().items()
                                 if not os.path.exists(os.path.join(self.base, path))}
        return overlay.Overlay(self.root, build, self.base, wanted, generated)

    def lay(self):
        written = self.overlay().lay()
        overlay.report(written)
        if any(path.startswith(overlay.SUBMODULE) for path in written):
            enzyme.forget_build(self.build)

    def stand_ins(self):
        """{tree path: text} of what rustc's x.py wants and some form of the base lacks."""
        return {
            # The ui suite compiles this file before its first test; Debian's source has no tests/.
            "tests/auxiliary/rust_test_helpers.c": b"/* Empty: no test of the fork calls into it. */\n",
            # Part of every page that rustdoc makes; Debian's source has them elsewhere.
            "src/librustdoc/html/static/LICENSE-APACHE.txt": files.read(os.path.join(self.root, "LICENSE-APACHE")),
            "src/librustdoc/html/static/LICENSE-MIT.txt": files.read(os.path.join(self.root, "LICENSE-MIT")),
            # Neither Debian's source nor the release tarball says how rustc is formatted.
            "rustfmt.toml": b'style_edition = "2024"\nuse_small_heuristics = "Max"\nmerge_derives = false\n'
                            b'use_field_init_shorthand = true\ngroup_imports = "StdExternalCrate"\n'
                            b'imports_granularity = "Module"\n',
        }

    def suites(self):
        """The directories below which the series has tests: `tests/<suite>/<directory>`."""
        directories = {"/".join(path.split("/")[:3]) for path in self.series.paths()
                       if path.startswith("tests/") and path.count("/") >= 3}
        return sorted(d for d in directories if not d.endswith("/auxiliary"))

    def sources(self):
        """The Rust files of the series that rustfmt formats; rustc does not format its tests."""
        return sorted(p for p in map(patches.target, self.series.paths())
                      if p.endswith(".rs") and not p.startswith("tests/"))


def main(root, given):
    if not given or given[0] in ("-h", "--help", "help"):
        print(HELP, end="")
        return 0 if given else 2
    try:
        return dispatch(root, given)
    except Failure as failure:
        note(f"error: {failure}")
        return 1
    except OSError as error:
        # No disk, no permission, ...: the file and the reason say it, a traceback would hide it.
        note(f"error: {error.strerror}: {error.filename}")
        return 1
    except KeyboardInterrupt:
        note("interrupted; run the command again to carry on")
        return 130


def dispatch(root, given):
    ours, passed_on, skipped = [], given, []
    if launch.command(given) == "test":
        given, skipped = suites.left_out(root, given)
        ours, passed_on = suites.own(given)
    if suites.TOOLS in ours and suites.test_tools(root) != 0:
        return 1
    if ours == [suites.TOOLS] and passed_on is None:
        return 0
    # Not while rustc's x.py runs, which takes a lock of its own: a build must not hold up the rest.
    with files.locked(os.path.join(root, "build", ".x.lock")):
        fork = Fork(root)
        if given[0] == "series":
            return series_command(fork, given[1:])
        chain = toolchain.find(fork.config, fork.packages)
        if given[0] == "fmt":
            # Before laying: what has been edited is formatted, then refreshed.
            return formatting.run(fork.overlay(), fork.sources(), chain.rustfmt, given[1:])
        if given[0] == "clean" and "--all" in given[1:]:
            return clean_all(fork)
        if given[0] not in ("doctor", "fuzz-headers", "overhead", "support-matrix", "header-tax",
                            "compile-time", "user-crates"):
            fork.lay()
    if given == ["doctor"]:
        doctor.examine(fork.config, fork.build, fork.base, chain)
        return 0
    if given[0] == "fuzz-headers":
        return fuzz.command(fork, chain, host(chain), given[1:])
    if given[0] == "header-tax":
        return tax.command(fork, chain, host(chain), given[1:])
    if given[0] == "compile-time":
        return compile_time.command(fork, chain, host(chain), given[1:])
    if given[0] == "user-crates":
        return crates.command(fork, chain, host(chain), given[1:])
    if given[0] == "overhead":
        return overhead.command(fork, chain, host(chain), given[1:])
    if given[0] == "support-matrix":
        return matrix.command(fork, given[1:])
    text = launch.configuration(fork.config, fork.build, chain, host(chain))
    # The engine's tests need a compiler, which every other test builds on the way.
    passed_on = launch.arguments(passed_on or ["build"], fork.suites(), skipped)
    status = launch.run(fork.build, text, chain, passed_on)
    if status == 0 and suites.ENGINE in ours:
        cargo = chain.stage0_cargo(fork.build, host(chain))
        status = suites.test_engine(root, fork.build, cargo, chain.environment(os.environ))
    return status


def series_command(fork, given):
    match given:
        case ["check"]:
            return check(fork)
        case ["refresh"]:
            return refresh(fork)
        case ["export", directory]:
            return export(fork, directory)
    raise Failure("usage: ./x.py series check | refresh | export DIR")


def check(fork):
    problems = fork.series.problems(fork.root)
    scratch = fork.scratch().build()
    contents = {path: data for path, (_, data) in scratch.contents().items()}
    touched = [p for p in fork.series.paths() if p.endswith(patches.SUFFIX)]
    diffs = scratch.diffs({patches.target(p): contents[patches.target(p)] for p in touched})
    for path in touched:
        body = diffs.get(patches.target(path))
        if body is None:
            problems.append(f"{path} changes nothing")
        elif patches.stored(fork.root, fork.base, patches.target(path), body) != \
                files.read(os.path.join(fork.root, path)):
            problems.append(f"{path} is not as ./x.py series refresh writes it")
    if problems:
        raise Failure("the series is not in order:\n  " + "\n  ".join(problems), f"see {series.FILE}")
    lines = sum(len(re.findall(rb"^[+-](?!-- a/|\+\+ b/)", body, re.M)) for body in diffs.values())
    note(f"the series is in order: {len(fork.series.commits)} commits, {len(fork.series.paths())} files, "
         f"{lines} changed lines in {len(touched)} upstream files")
    return 0


def refresh(fork):
    laid = fork.overlay()
    if not os.path.isdir(laid.tree):
        raise Failure("there is no build/tree to take edits from", "./x.py build lays it")
    done = laid.refresh(fork.scratch().build())
    for path, what in sorted(done.items()):
        note(f"{path}: {what}")
    listed = series.load(fork.root)
    for problem in listed.problems(fork.root):
        note(f"{problem}; correct {series.FILE}")
    if not done:
        note("nothing to refresh")
    return 0


def export(fork, directory):
    scratch = fork.scratch().build()
    directory = os.path.abspath(directory)
    if os.path.exists(directory) and (not os.path.isdir(directory) or os.listdir(directory)):
        raise Failure(f"{directory} exists and is not an empty directory", "name a new one")
    os.makedirs(directory, exist_ok=True)
    names = scratch.export(directory)
    note(f"wrote {len(names)} patches to {directory}")
    return 0


def clean_all(fork):
    """rustc's `clean --all` deletes its build directory, in which base, tree and engine lie."""
    laid = fork.overlay()
    edited = laid.unrefreshed(laid.state())
    if edited:
        raise Failure("edited in build/tree and not refreshed:\n  " + "\n  ".join(sorted(edited)),
                      "./x.py series refresh, or delete build/ yourself")
    with step("deleting build"):
        for name in os.listdir(fork.build):
            path = os.path.join(fork.build, name)
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
    return 0


def host(chain):
    """The target triple that rustc's configuration calls the host."""
    if not chain.rustc:
        return f"{platform.machine()}-unknown-linux-gnu"
    said = files.run([chain.rustc, "--version", "--verbose"], "asking rustc for its host",
                     env=chain.environment(os.environ))
    return next(line.split()[1] for line in said.decode().splitlines() if line.startswith("host: "))
