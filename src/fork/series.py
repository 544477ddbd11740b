"""`src/series.toml`: which files make up which commit, and that every file of the fork stands in one.

    author = "Name <address>"
    date = 2026-11-22                     # of every exported commit, so that exports are deterministic
    tooling = ["src/fork/", ...]          # files of the fork that are no part of the series
    [[commit]]
    title = "..."                         # as in a pull request
    upstream-status = "Pending"           # one of STATUSES
    reason = "..."                        # why that status
    files = ["tests/ui/autodiff/", ...]   # files, or directories with all that is in them
    body = '''...'''
"""

import os
import tomllib
from dataclasses import dataclass, field

from . import files
from .report import Failure

FILE = "src/series.toml"
STATUSES = ("Pending", "Submitted", "Backport", "Denied", "Inappropriate")
# Where files of the fork may lie; everything else in the repository (README.md, x.py, .ci) is its own.
ROOTS = ("compiler", "library", "src", "tests")


@dataclass
class Commit:
    title: str
    body: str
    status: str
    reason: str
    listed: list
    # Repository paths, sorted; a path that ends in `.patch` is a change to the upstream file before it.
    files: list = field(default_factory=list)

    def message(self):
        return f"{self.title}\n\n{self.body.strip()}\n\nUpstream-Status: {self.status} ({self.reason})\n"


@dataclass
class Series:
    author: str
    date: str
    tooling: list
    commits: list

    def paths(self):
        return [path for commit in self.commits for path in commit.files]

    def problems(self, root):
        """What is wrong with the list itself, as sentences."""
        found, paths = [], present(root)
        for commit in self.commits:
            where = f"commit \"{commit.title}\""
            if not commit.title or len(commit.title) > 72 or commit.title.endswith("."):
                found.append(f"{where}: a title is one line of at most 72 characters without a full stop")
            if not commit.body.strip():
                found.append(f"{where}: no body")
            if any(len(line) > 72 for line in commit.body.splitlines()):
                found.append(f"{where}: the body has a line of more than 72 characters")
            if commit.status not in STATUSES:
                found.append(f"{where}: upstream-status is {commit.status!r}, not one of "
                             + ", ".join(STATUSES))
            if not commit.reason:
                found.append(f"{where}: upstream-status without a reason")
            for entry in commit.listed:
                if not any(covers(entry, path) for path in paths):
                    found.append(f"{where}: lists {entry}, which does not exist")
        for entry in self.tooling:
            if not os.path.exists(os.path.join(root, entry)):
                found.append(f"tooling lists {entry}, which does not exist")
        for path in paths:
            owners = self.owners(path)
            if not owners:
                found.append(f"{path} is listed in no commit")
            elif len(owners) > 1:
                found.append(f"{path} is listed {len(owners)} times: "
                             + ", ".join(getattr(owner, "title", "tooling") for owner in owners))
        return found

    def owners(self, path):
        """The commits (None: the tooling) that list `path`. A file's own entry goes before its directory's,
        so that a test can stand with the change it tests."""
        entries = [(entry, commit) for commit in self.commits for entry in commit.listed]
        entries += [(entry, None) for entry in self.tooling]
        exact = [owner for entry, owner in entries if entry == path]
        return exact or [owner for entry, owner in entries if covers(entry, path)]


def covers(entry, path):
    return path.startswith(entry) if entry.endswith("/") else path == entry


def present(root):
    """Every file under ROOTS, as sorted repository paths."""
    found = []
    for top in ROOTS:
        for directory, directories, names in os.walk(os.path.join(root, top)):
            directories[:] = [d for d in directories if d != "__pycache__"]
            found += [os.path.relpath(os.path.join(directory, name), root) for name in names]
    return sorted(found)


def load(root):
    path = os.path.join(root, FILE)
    try:
        data = tomllib.loads(files.read(path).decode())
    except FileNotFoundError:
        raise Failure(f"{FILE} is missing") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Failure(f"{FILE}: {error}") from None
    known = {"author", "date", "tooling", "commit"}
    for key in sorted(data.keys() - known | known - data.keys()):
        raise Failure(f"{FILE}: the key `{key}` is " + ("unknown" if key in data else "missing"))
    commits = [commit(entry) for entry in data["commit"]]
    series = Series(data["author"], str(data["date"]), data["tooling"], commits)
    for path in present(root):
        owner = next(iter(series.owners(path)), None)
        if owner:
            owner.files.append(path)
    return series


def commit(entry):
    known = {"title", "body", "upstream-status", "reason", "files"}
    for key in sorted(entry.keys() - known | known - entry.keys()):
        raise Failure(f"{FILE}: commit \"{entry.get('title', '')}\": the key `{key}` is "
                      + ("unknown" if key in entry else "missing"))
    return Commit(entry["title"], entry["body"], entry["upstream-status"], entry["reason"], entry["files"])
