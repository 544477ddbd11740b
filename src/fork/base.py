"""The base source, rustc 1.96.0: a path, Debian's rust-web-src or the release tarball. Never modified."""

import os

from . import downloads, files
from .report import Failure, note, step

VERSION = "1.96.0"


def obtain(config, build, debian):
    """Returns the directory of the base source, fetching it into `build/base` if need be."""
    if config["base"] not in ("auto", "debian", "tarball"):
        return checked(config["base"])
    directory = os.path.join(build, "base")
    if not os.path.isdir(directory):
        if config["base"] == "debian" or config["base"] == "auto" and offered(debian):
            from_debian(debian, directory)
        else:
            from_tarball(build, directory)
    return checked(directory)


def checked(directory):
    try:
        version = files.read(os.path.join(directory, "src/version")).decode().strip()
    except OSError:
        raise Failure(f"{directory} is no rustc source tree: it has no src/version",
                      "delete it if it is under build/, or correct `base` in config.toml") from None
    if version != VERSION:
        raise Failure(f"{directory} is rustc {version}, the series stands on {VERSION}",
                      "correct `base` in config.toml")
    return directory


def package(debian):
    """The version of rust-web-src that is our base, or None."""
    debian.update()
    return next((r["Version"] for r in debian.records(["rust-web-src"])
                 if r["Version"].startswith(VERSION)), None)


def offered(debian):
    if not debian.available():
        return False
    try:
        if package(debian):
            return True
        note(f"Debian has no rust-web-src {VERSION} here; taking the release tarball")
    except Failure as failure:
        note(f"Debian's packages are out of reach; taking the release tarball\n{failure}")
    return False


def from_debian(debian, directory):
    if not debian.available():
        raise Failure("`base = \"debian\"` needs apt-get and dpkg-deb",
                      'set base = "tarball" in config.toml')
    version = package(debian)
    if version is None:
        raise Failure(f"Debian has no rust-web-src {VERSION} here", 'set base = "tarball" in config.toml')
    with step(f"unpacking rust-web-src {version} as the base"):
        (archive,) = debian.fetch([("rust-web-src", version)])
        place(["dpkg-deb", "--extract", archive], f"usr/src/rustc-{VERSION}", directory)
    os.unlink(archive)


def from_tarball(build, directory):
    pin = downloads.pins()["tarball"]
    archive = os.path.join(build, os.path.basename(pin["url"]))
    downloads.fetch(pin["url"], archive, pin["sha256"])
    with step("unpacking the release tarball as the base"):
        # Not Python's tarfile, whose safe `filter` Debian 12's Python 3.11.2 does not have.
        place(["tar", "--extract", f"--file={archive}", "--directory"], f"rustc-{VERSION}-src", directory)
    os.unlink(archive)


def place(extract, inner, directory):
    """Makes `inner` of what the command `extract` unpacks into the directory it is given the base."""
    package_ = directory + ".package"
    with files.replacing(package_) as partial:
        files.run([*extract, partial], "cannot unpack the base", "is the disk full?")
    os.rename(os.path.join(package_, inner), directory)
    files.remove_tree(package_)
