"""`build/tree`: a copy of the base with the fork's files laid over it, and the way back (`refresh`).

`build/tree.json` remembers the SHA-256 of every file that was laid. A file in the tree that is neither what
was laid nor what the repository says now has been edited there, and is never overwritten.
"""

import hashlib
import json
import os
import shutil

from . import files, patches
from .report import Failure, note, step

ENGINE = "src/tools/enzyme-engine/"
# Where bootstrap looks for the Enzyme submodule.
SUBMODULE = "src/tools/enzyme/enzyme/"
# What rustc's build writes into its source tree: no edit of ours. The base's Cargo.lock lacks entries
# that Debian pruned, so cargo completes it.
IGNORED_NAMES = {"Cargo.lock", "__pycache__", ".git", "target", "bootstrap.toml"}
IGNORED_ENDS = (".orig", ".rej", "~", ".swp", ".pyc")


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Overlay:
    """`wanted`: {tree path: (mode, bytes)} of the fork; `generated`: the same for files that no edit
    flows back from (they depend on the machine)."""

    def __init__(self, root, build, base, wanted, generated):
        self.root, self.base = root, base
        self.wanted, self.generated = wanted, generated
        self.tree = os.path.join(build, "tree")
        self.state_file = os.path.join(build, "tree.json")

    # -- state ---------------------------------------------------------------------------------------

    def state(self):
        """{tree path: [SHA-256, ...]}: what was laid; two while a run that was killed laid a second."""
        try:
            state = json.loads(files.read(self.state_file))
        except FileNotFoundError:
            return {}
        if state["base"] != self.base_identity():
            raise Failure("build/tree was made from another base source",
                          "if it holds no edits you want to keep, delete build/tree and build/tree.json")
        return state["laid"]

    def save(self, laid):
        text = json.dumps({"base": self.base_identity(), "laid": laid}, indent=1, sort_keys=True)
        files.write_if_changed(self.state_file, text.encode())

    def base_identity(self):
        path = os.path.join(self.base, "src/version")
        return f"{os.path.realpath(path)} {os.stat(path).st_mtime_ns}"

    def in_tree(self, path):
        return read_or_none(os.path.join(self.tree, path))

    def in_base(self, path):
        return read_or_none(os.path.join(self.base, path))

    # -- laying --------------------------------------------------------------------------------------

    def lay(self):
        """Makes the tree what the repository says; returns the paths written."""
        if not os.path.isdir(self.tree):
            # Without a tree there is nothing that an old state could protect.
            if os.path.exists(self.state_file):
                os.unlink(self.state_file)
            with step("copying the base to build/tree"):
                with files.replacing(self.tree) as partial:
                    shutil.copytree(self.base, partial, symlinks=True, dirs_exist_ok=True,
                                    ignore=shutil.ignore_patterns(".git"))
        laid = self.state()
        wanted = self.wanted | self.generated
        edited = self.edits(laid, self.wanted.keys() | laid.keys())
        if edited:
            raise Failure("edited in build/tree and not yet refreshed:\n  " + "\n  ".join(edited),
                          "./x.py series refresh takes the edits into the repository; to drop one, delete "
                          "the file in build/tree")
        changes = {path: entry for path, entry in wanted.items() if self.differs(path, entry)}
        dropped = [path for path in laid if path not in wanted]
        # First the intent, then the files: whatever a kill leaves behind is known to be ours.
        self.save(laid | {path: laid.get(path, []) + [digest(data)] for path, (_, data) in changes.items()})
        for path, (mode, data) in changes.items():
            files.write(os.path.join(self.tree, path), data, mode)
        for path in dropped:
            self.restore(path)
        self.save({path: [digest(data)] for path, (_, data) in wanted.items()})
        return sorted([*changes, *dropped])

    def differs(self, path, entry):
        mode, data = entry
        full = os.path.join(self.tree, path)
        return self.in_tree(path) != data or (os.stat(full).st_mode & 0o777) != mode

    def edits(self, laid, paths):
        """{tree path: content} of those `paths` whose content in the tree is neither what was laid, nor what
        is to be laid, nor the base's."""
        found = {}
        for path in sorted(paths):
            actual = self.in_tree(path)
            if actual is None or path in self.generated:
                continue
            ours = list(laid.get(path, []))
            if path in self.wanted:
                ours.append(digest(self.wanted[path][1]))
            if digest(actual) not in ours and (path in laid or actual != self.in_base(path)):
                found[path] = actual
        return found

    def restore(self, path):
        """Undoes what was laid at `path`, which the series no longer has."""
        full, source = os.path.join(self.tree, path), os.path.join(self.base, path)
        if os.path.exists(source):
            # The mtime is now, not the base's: what was built from the laid file is out of date.
            files.write(full, files.read(source), os.stat(source).st_mode & 0o777)
        elif os.path.exists(full):
            os.unlink(full)

    # -- refreshing ----------------------------------------------------------------------------------

    def refresh(self, scratch):
        """Takes edits made in the tree into the repository. Returns {repository path: what happened}."""
        laid = self.state()
        taken = self.unrefreshed(laid)
        conflicts = [path for path in taken if path in self.wanted and path in laid
                     and digest(self.wanted[path][1]) not in laid[path]]
        if conflicts:
            raise Failure("changed both in build/tree and in the repository:\n  " + "\n  ".join(conflicts),
                          "bring the repository's change into build/tree by hand, undo it in the "
                          "repository, and refresh")
        upstream = {path: data for path, data in ({p: d for p, (_, d) in self.wanted.items()} | taken).items()
                    if self.in_base(path) is not None}
        diffs = scratch.diffs(upstream)
        done = {}
        for path, data in upstream.items():
            name = path + patches.SUFFIX
            if path not in diffs:
                if os.path.exists(os.path.join(self.root, name)):
                    os.unlink(os.path.join(self.root, name))
                    done[name] = "removed: the file is as in the base"
            elif files.write_if_changed(os.path.join(self.root, name),
                                        patches.stored(self.root, self.base, path, diffs[path])):
                done[name] = "written"
        for path, data in taken.items():
            if path not in upstream:
                mode = os.stat(os.path.join(self.tree, path)).st_mode & 0o777
                files.write(os.path.join(self.root, source(path)), data, mode)
                done[source(path)] = "written"
        self.save(laid | {path: [digest(data)] for path, data in taken.items()})
        return done

    def unrefreshed(self, laid):
        """{tree path: content} of every file that was edited in the tree or is new there."""
        return self.edits(laid, self.wanted.keys() | self.changed_in_tree())

    def changed_in_tree(self):
        """Paths whose file in the tree differs from the base's or that the base does not have."""
        found = set()
        for directory, directories, names in os.walk(self.tree):
            directories[:] = [d for d in directories if d not in IGNORED_NAMES
                              and not os.path.islink(os.path.join(directory, d))]
            for name in names:
                full = os.path.join(directory, name)
                path = os.path.relpath(full, self.tree)
                if (name in IGNORED_NAMES or name.endswith(IGNORED_ENDS) or path in self.generated
                        or os.path.islink(full)):
                    continue
                if self.unlike_base(path, full):
                    found.add(path)
        return found

    def unlike_base(self, path, full):
        try:
            there = os.stat(os.path.join(self.base, path))
        except FileNotFoundError:
            return True
        here = os.stat(full)
        # The copy of the base kept size and mtime: equal means untouched, and spares reading 400 MB.
        if (here.st_size, here.st_mtime_ns) == (there.st_size, there.st_mtime_ns):
            return False
        return files.read(full) != files.read(os.path.join(self.base, path))


def source(path):
    """The repository path of a tree path that stands whole in the repository."""
    return ENGINE + path.removeprefix(SUBMODULE) if path.startswith(SUBMODULE) else path


def read_or_none(path):
    try:
        return files.read(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def engine_files(root):
    """The engine's sources as tree contents, laid where bootstrap looks for the submodule."""
    found = {}
    top = os.path.join(root, ENGINE)
    for directory, directories, names in os.walk(top):
        directories[:] = [d for d in directories if d != "__pycache__"]
        for name in names:
            full = os.path.join(directory, name)
            executable = os.stat(full).st_mode & 0o100
            found[SUBMODULE + os.path.relpath(full, top)] = (0o755 if executable else 0o644, files.read(full))
    return found


def report(written):
    """Says which files were laid, briefly: after a pull it may be hundreds."""
    if written:
        shown = ", ".join(written[:3]) + (f" and {len(written) - 3} more" if len(written) > 3 else "")
        note(f"laid {shown} over build/tree")
