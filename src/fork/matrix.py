"""`./x.py support-matrix`: which headers can be differentiated, found out by doing it.

Each header of headers.toml is differentiated in each mode at each optimization level. A cell of the matrix says
that all numbers are right, or with which error the compiler refuses. Anything else has no place in a table: a
wrong number, a crash or a hang, of the compiler or of what it makes, is an error of the command.
"""

import concurrent.futures
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass

from . import files, headers
from .report import Failure, note, step

CHAPTER = "src/doc/rustc-dev-guide/src/autodiff/headers.md"
BEGIN, END = ("<!-- Between these lines, ./x.py support-matrix writes. -->", "<!-- End of what it writes. -->")
LEVELS = (0, 3)
MODES = {"reverse": "reverse", "forward": "forward", "batched": "forward, width 2"}
# Seconds for one program: far from what any takes, and short of what a reader of the terminal takes for a hang.
COMPILE, RUN = 120, 20
WORKS = "yes"


@dataclass
class Cell:
    header: dict
    mode: str
    level: int
    outcome: str  # `WORKS`, or the error by which the compiler refuses
    wrong: str = ""  # what makes the command fail


def command(fork, given):
    if given not in ([], ["--check"]):
        raise Failure("usage: ./x.py support-matrix [--check]", "--check compares with the chapter and writes nothing")
    rustc = os.path.join(fork.build, "host/stage1/bin/rustc")
    if not os.path.exists(rustc):
        raise Failure("there is no compiler yet", "./x.py build")
    sections = headers.load(fork.root)
    count = sum(map(len, sections.values()))
    with step(f"differentiating {count} headers in {len(MODES)} modes at {len(LEVELS)} levels"):
        cells = examine(rustc, sections)
    wrong = [f"{shown(cell.header)}, {MODES[cell.mode]}, opt-level {cell.level}: {cell.wrong}"
             for cell in cells if cell.wrong]
    if wrong:
        raise Failure("neither right nor refused:\n  " + "\n  ".join(wrong))
    refused = sum(cell.outcome != WORKS for cell in cells)
    note(f"{len(cells)} cells: {len(cells) - refused} right, {refused} refused by an error")
    path = os.path.join(fork.root, CHAPTER)
    before = files.read(path).decode()
    after = replaced(before, table(sections, cells))
    if given and before != after:
        raise Failure(f"{CHAPTER} is out of date", "./x.py support-matrix writes it")
    if before != after:
        files.write(path, after.encode())
        note(f"{CHAPTER}: updated")
    return 0


# -- cells ------------------------------------------------------------------------------------------------


def examine(rustc, sections):
    """The cells, in the order of the table."""
    work = [(header, level) for section in sections.values() for header in section for level in LEVELS]
    with tempfile.TemporaryDirectory() as directory, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(modes, rustc, os.path.join(directory, str(number)), header, level)
                for number, (header, level) in enumerate(work)]
        try:
            return [cell for job in jobs for cell in job.result()]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def modes(rustc, directory, header, level):
    """One cell for each mode. What works in one program works alone; what does not is tried alone."""
    os.mkdir(directory)
    together = attempt(rustc, directory, header, headers.MODES, level)
    if together == (WORKS, ""):
        return [Cell(header, mode, level, WORKS) for mode in headers.MODES]
    return [Cell(header, mode, level, *attempt(rustc, directory, header, (mode,), level))
            for mode in headers.MODES]


def attempt(rustc, directory, header, which, level):
    """(`WORKS` or the error by which it is refused, what is wrong)"""
    source, program = os.path.join(directory, "header.rs"), os.path.join(directory, "header")
    files.write(source, headers.program(header, which).encode())
    run = [rustc, "--edition=2024", "-Zautodiff=Enable", f"-Copt-level={level}", source, "-o", program]
    try:
        compiled = subprocess.run(run, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL,
                                  timeout=COMPILE, check=False)
    except subprocess.TimeoutExpired:
        return "", f"the compiler takes more than {COMPILE} s"
    if compiled.returncode != 0:
        return refusal(compiled.returncode, compiled.stderr)
    try:
        done = subprocess.run([program], capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL,
                              timeout=RUN, check=False)
    except subprocess.TimeoutExpired:
        return "", f"the program takes more than {RUN} s"
    finally:
        os.unlink(program)
    if done.returncode == headers.WRONG:
        return "", "a wrong number: " + done.stdout.strip()
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        return "", f"the program ends with status {done.returncode}" + (f": {' '.join(said[:2])}" if said else "")
    return WORKS, ""


def refusal(status, said):
    """What a compiler that ended with `status` and `said` this makes of a cell."""
    errors = re.findall(r"^error(?:\[E\d+\])?: .*", said, re.M)
    crashed = re.search(r"internal compiler error|unexpectedly panicked|^error: autodiff: .* crashed .*", said, re.M)
    # 1 is the status after errors of the program; a panic and a signal have others.
    if status != 1 or crashed or not errors:
        crash = crashed and re.search(rf"^.*{re.escape(crashed[0])}.*$", said, re.M)[0]
        return "", f"the compiler crashed, status {status}: {crash or ' '.join(said.split())[:300]}"
    own = re.match(r"error(\[E\d+\])?: ", errors[0])
    if own[1]:
        # The program does not fit the header: a mistake in headers.toml or headers.py.
        return "", errors[0]
    return stable(errors[0].removeprefix(own[0])), ""


def stable(error):
    """An error without what differs from one run, or one numbering of LLVM's, to the next."""
    error = re.sub(r"^autodiff: in function .*?: ", "", error)
    # The instruction that Enzyme means comes behind some spaces.
    return re.sub(r"^(Enzyme: .*?):?(\s\s|\s[%@]).*", r"\1", error).strip()


# -- the table --------------------------------------------------------------------------------------------


def table(sections, cells):
    """Markdown: a table for each section, and the errors that its cells refer to."""
    found = {(id(cell.header), cell.mode, cell.level): cell.outcome for cell in cells}
    errors = list(dict.fromkeys(cell.outcome for cell in cells if cell.outcome != WORKS))
    columns = [(mode, level) for mode in MODES for level in LEVELS]
    out = []
    for section, rows in sections.items():
        out += [f"## {headers.SECTIONS[section]}", "",
                "| header | " + " | ".join(f"{MODES[mode]}, O{level}" for mode, level in columns) + " |",
                "|---" * (len(columns) + 1) + "|"]
        for row in rows:
            outcomes = [found[id(row), mode, level] for mode, level in columns]
            marks = [WORKS if outcome == WORKS else f"[error {errors.index(outcome) + 1}](#errors)"
                     for outcome in outcomes]
            out.append(f"| {shown(row)} | " + " | ".join(marks) + " |")
        out.append("")
    if errors:
        out += ["## Errors", "", *(f"{number}. {error}" for number, error in enumerate(errors, 1)), ""]
    return "\n".join(out)


def shown(header):
    return f"`{header['header']}`" + (f" ({header['note']})" if "note" in header else "")


def replaced(chapter, text):
    try:
        start, rest = chapter.split(BEGIN)
        _, end = rest.split(END)
    except ValueError:
        raise Failure(f"{CHAPTER} has not the two lines between which the table stands",
                      f"put `{BEGIN}` and `{END}` there") from None
    return f"{start}{BEGIN}\n\n{text}\n{END}{end}"
