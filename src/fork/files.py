"""Files and processes: atomic writes, hashes, and commands whose failure becomes a `Failure`."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile

from .report import Failure, note


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data, mode=0o644):
    """Writes `data` so that a reader, or a second run after a kill, sees the old file or the new one."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".x-")
    try:
        with os.fdopen(handle, "wb") as f:
            f.write(data)
        os.chmod(partial, mode)
        os.replace(partial, path)
    except BaseException:
        os.unlink(partial)
        raise


def write_if_changed(path, data, mode=0o644):
    """Leaves an identical file alone, mtime included: incremental builds go by mtime."""
    try:
        if read(path) == data and (os.stat(path).st_mode & 0o777) == mode:
            return False
    except FileNotFoundError:
        pass
    write(path, data, mode)
    return True


def remove_tree(path):
    if os.path.lexists(path):
        shutil.rmtree(path)


@contextlib.contextmanager
def replacing(directory):
    """Yields a scratch directory that becomes `directory` only if the body succeeds."""
    partial = directory + ".partial"
    remove_tree(partial)
    os.makedirs(partial)
    yield partial
    remove_tree(directory)
    os.rename(partial, directory)


@contextlib.contextmanager
def locked(path):
    """One x.py at a time per checkout. The lock goes with the process, so a kill leaves none behind."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note("waiting for another x.py in this checkout")
            fcntl.flock(f, fcntl.LOCK_EX)
        yield


def run(command, what, remedy=None, **kwargs):
    """Runs `command`, returns its standard output; what it said on failure goes into the error."""
    try:
        # Without `input` there is nothing to ask the user: an interactive prompt must fail, not wait.
        if "input" not in kwargs:
            kwargs["stdin"] = subprocess.DEVNULL
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)
    except OSError as error:
        raise Failure(f"{what}: cannot run `{command[0]}`: {error.strerror}", remedy) from None
    if result.returncode != 0:
        said = (result.stderr + result.stdout).decode(errors="replace").strip()
        raise Failure(f"{what}: `{' '.join(command[:3])} ...` failed with status {result.returncode}"
                      + (f"\n{said}" if said else ""), remedy)
    return result.stdout


def outcome(command, **kwargs):
    """Runs a command whose failure the caller reads: its status and all that it said."""
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, **kwargs)
    return result.returncode, result.stdout.decode(errors="replace")
