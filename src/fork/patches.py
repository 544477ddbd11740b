"""The series as git commits: a scratch repository holds the touched base files and the series on top.

git applies, compares and exports; this module only feeds it. A stored patch is a unified diff with one
line of context, headed by the SHA-256 of the base file it was made for:

    base-sha256: 3f0c...           (one line for each base that is known to fit)
    --- a/compiler/rustc_target/src/callconv/mod.rs
    +++ b/compiler/rustc_target/src/callconv/mod.rs
    @@ -627,2 +627,3 @@ ...
"""

import os
import re

from . import files
from .report import Failure
from .series import FILE

SUFFIX = ".patch"
HASH = re.compile(rb"^base-sha256: ([0-9a-f]{64})$", re.M)


class Scratch:
    """`build/series.git`, rebuilt at every use: nothing in it is worth keeping."""

    def __init__(self, root, build, base, series):
        self.root, self.base, self.series = root, base, series
        self.directory = os.path.join(build, "series.git")
        # Nobody's git configuration or identity may show in what is applied or exported.
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_DIR": self.directory, "GIT_INDEX_FILE": os.path.join(self.directory, "series.index"),
        }
        author = re.fullmatch(r"(.+) <(.+)>", series.author)
        if not author:
            raise Failure(f"{FILE}: author is {series.author!r}", 'write "Name <address>"')
        for role in ("AUTHOR", "COMMITTER"):
            self.environment[f"GIT_{role}_NAME"], self.environment[f"GIT_{role}_EMAIL"] = author.groups()
        self.base_commit = None
        self.commits = []

    def git(self, *arguments, what="git", **kwargs):
        return files.run(["git", *arguments], what, "apt-get install git supplies git",
                         env=self.environment, **kwargs)

    def build(self):
        """Commits the touched base files, then the series. Fails on the first patch that does not fit."""
        files.remove_tree(self.directory)
        self.git("init", "--quiet", "--bare", self.directory)
        touched = [target(path) for path in self.series.paths() if path.endswith(SUFFIX)]
        for path in touched:
            self.check_base(path)
        self.add({path: os.path.join(self.base, path) for path in touched})
        self.base_commit = self.commit("rustc: the files that the series touches", None, 0)
        for number, commit in enumerate(self.series.commits, 1):
            self.add({path: os.path.join(self.root, path)
                      for path in commit.files if not path.endswith(SUFFIX)}, new=True)
            self.apply([path for path in commit.files if path.endswith(SUFFIX)])
            parent = self.commits[-1] if self.commits else self.base_commit
            self.commits.append(self.commit(commit.message(), parent, number))
        return self

    @property
    def final(self):
        return self.commits[-1] if self.commits else self.base_commit

    def check_base(self, path):
        known = HASH.findall(header(files.read(os.path.join(self.root, path + SUFFIX))))
        if not known:
            raise Failure(f"{path}{SUFFIX} has no line `base-sha256: ...`", "./x.py series refresh writes it")
        source = os.path.join(self.base, path)
        if not os.path.isfile(source):
            raise Failure(f"{path}{SUFFIX}: the base has no {path}",
                          "a file that rustc does not have stands whole, without .patch")
        actual = files.sha256(source)
        if actual.encode() not in known:
            raise Failure(f"{path} in the base has the SHA-256 {actual}, which {path}{SUFFIX} was not made for",
                          "if the base is meant to differ, check the hunks and add a line `base-sha256: ...`")

    def add(self, sources, new=False):
        """Puts {tree path: file on disk} into the index."""
        if not sources:
            return
        for path, source in sources.items():
            if os.path.islink(source):
                raise Failure(f"{path} is a symbolic link; the series holds ordinary files")
            if new and os.path.exists(os.path.join(self.base, path)):
                raise Failure(f"{path} is a file that rustc has: it stands as {path}{SUFFIX}",
                              "edit it in build/tree and run ./x.py series refresh")
        hashes = self.git("hash-object", "-w", "--no-filters", "--stdin-paths",
                          input="".join(s + "\n" for s in sources.values()).encode()).decode().split()
        lines = [f"{mode(source)} {hash_}\t{path}\n"
                 for (path, source), hash_ in zip(sources.items(), hashes, strict=True)]
        self.git("update-index", "--add", "--index-info", input="".join(lines).encode())

    def apply(self, paths):
        """Applies patches to the index, exactly: where git would shift a hunk, that is an error too."""
        for path in paths:
            text = files.read(os.path.join(self.root, path))
            named = re.findall(rb"^(?:---|\+\+\+) [ab]/(.*)$", text, re.M)
            if named != [target(path).encode()] * 2:
                raise Failure(f"{path} does not change {target(path)} alone: it names "
                              + ", ".join(n.decode() for n in named))
            command = ["git", "apply", "--cached", "--verbose", "--whitespace=nowarn",
                       os.path.join(self.root, path)]
            outcome, said = files.outcome(command, env=self.environment)
            if outcome != 0:
                failed = re.search(rf"patch failed: {re.escape(target(path))}:(\d+)", said)
                where = hunk_at(text, int(failed[1])) if failed else said.strip()
                raise Failure(f"{path} does not apply: {where}",
                              "the hunk's context is not in the base at that line")
            shifted = re.search(r"Hunk #(\d+) succeeded at (\d+)", said)
            if shifted:
                raise Failure(f"{path} does not apply exactly: hunk {shifted[1]} fits only at line "
                              f"{shifted[2]}", "correct its line numbers; ./x.py series refresh writes exact ones")

    def commit(self, message, parent, number):
        tree = self.git("write-tree").decode().strip()
        # git orders a series by parent, not by date; the seconds only keep dates distinct for readers.
        date = f"{self.series.date}T00:{number // 60:02}:{number % 60:02}Z"
        dated = self.environment | {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        return files.run(["git", "commit-tree", tree, *(["-p", parent] if parent else [])], "git commit-tree",
                         env=dated, input=message.encode()).decode().strip()

    def contents(self):
        """{tree path: (mode, bytes)} of everything the series adds or changes."""
        listing = self.git("ls-tree", "-r", "-z", self.final).decode().split("\0")
        entries = [re.fullmatch(r"(\d+) blob ([0-9a-f]+)\t(.*)", line, re.S).groups()
                   for line in listing if line]
        batch = self.git("cat-file", "--batch",
                         input="".join(f"{hash_}\n" for _, hash_, _ in entries).encode())
        found, position = {}, 0
        for mode_, _, path in entries:
            end = batch.index(b"\n", position)
            size = int(batch[position:end].split()[2])
            found[path] = (0o755 if mode_ == "100755" else 0o644, batch[end + 1:end + 1 + size])
            position = end + size + 2
        return found

    def diffs(self, contents):
        """{path: unified diff with one line of context} of base files whose `contents` differ."""
        trees = []
        for data in ({path: files.read(os.path.join(self.base, path)) for path in contents}, contents):
            index = self.environment | {"GIT_INDEX_FILE": os.path.join(self.directory, "diff.index")}
            lines = []
            for path, text in data.items():
                hash_ = files.run(["git", "hash-object", "-w", "--stdin"], "git hash-object",
                                  env=index, input=text).decode().strip()
                lines.append(f"100644 {hash_}\t{path}\n")
            files.run(["git", "read-tree", "--empty"], "git read-tree", env=index)
            files.run(["git", "update-index", "--add", "--index-info"], "git update-index", env=index,
                      input="".join(lines).encode())
            trees.append(files.run(["git", "write-tree"], "git write-tree", env=index).decode().strip())
        return split(self.git("diff-tree", "-r", "-p", "-U1", "--no-renames",
                              "--diff-algorithm=histogram", *trees))

    def export(self, directory):
        """Writes the series as `git format-patch` does, with three lines of context. Returns the names."""
        if not self.commits:
            return []
        self.git("format-patch", "--quiet", "--zero-commit", "--no-signature", "--full-index",
                       "--no-renames", "-U3", "--diff-algorithm=histogram", "--output-directory", directory,
                       f"{self.base_commit}..{self.final}")
        return sorted(os.listdir(directory))


def target(path):
    """The tree path that a repository path of the series stands for."""
    return path.removesuffix(SUFFIX)


def mode(path):
    return "100755" if os.stat(path).st_mode & 0o100 else "100644"


def header(text):
    return text.partition(b"\n--- a/")[0]


def split(diff):
    """{path: the hunks of that file, from its `---` line on}."""
    found = {}
    for part in re.split(rb"^diff --git ", diff, flags=re.M)[1:]:
        # Without the function name that git adds after @@: it is upstream's text, and no context.
        body = re.sub(rb"^(@@ [^@]* @@).*$", rb"\1", part[part.index(b"\n--- ") + 1:], flags=re.M)
        found[re.match(rb"--- a/(.*)\n", body)[1].decode()] = body
    return found


def stored(root, base, path, body):
    """The text of the stored patch of `path`. Bases that the present patch names stay named."""
    patch = os.path.join(root, path + SUFFIX)
    known = HASH.findall(header(files.read(patch))) if os.path.exists(patch) else []
    actual = files.sha256(os.path.join(base, path)).encode()
    hashes = known if actual in known else [actual]
    return b"".join(b"base-sha256: " + h + b"\n" for h in hashes) + body


def hunk_at(text, line):
    hunks = [int(start) for start in re.findall(rb"^@@ -(\d+)", text, re.M)]
    number = hunks.index(line) + 1 if line in hunks else "?"
    return f"hunk {number} (line {line})"
