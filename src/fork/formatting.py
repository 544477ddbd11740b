"""`./x.py fmt`: rustfmt over the Rust files that the series adds or changes.

rustc's own `fmt` finds the changed files with git and otherwise formats everything; `build/tree` is no
git tree, and to format all of rustc with a rustfmt of another version would change files that are not ours.
"""

import os

from . import files
from .report import Failure, note


def run(overlay, sources, rustfmt, arguments):
    """Formats in `build/tree`, from where `series refresh` takes it. Returns the exit status."""
    if set(arguments) - {"--check"}:
        raise Failure("usage: ./x.py fmt [--check]", "it formats the Rust files of the series")
    if not rustfmt:
        raise Failure("there is no rustfmt beside the stage0 compiler", "rustup component add rustfmt")
    edited = overlay.unrefreshed(overlay.state())
    # rustc does not format its tests.
    new = [path for path in edited if path.endswith(".rs") and not path.startswith("tests/")]
    different = []
    for path in sorted({*sources, *new}):
        full = os.path.join(overlay.tree, path)
        text = files.read(full)
        # From standard input rustfmt leaves the modules alone that a file declares.
        formatted = files.run([rustfmt, "--edition", "2024", "--config-path", overlay.tree], f"formatting {path}",
                              input=text)
        if formatted != text:
            different.append(path)
            if "--check" not in arguments:
                files.write(full, formatted, os.stat(full).st_mode & 0o777)
    for path in different:
        note(f"{path}: " + ("not formatted" if "--check" in arguments else "formatted"))
    if different and "--check" not in arguments:
        note("./x.py series refresh takes the changes into the repository")
    return 1 if different and "--check" in arguments else 0
