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
        found = None if config["base"] == "tarball" else supplier(config["base"], debian)
        if found:
            from_debian(*found, directory)
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


def package(apt):
    """The version of rust-web-src that is our base. A suite may have other versions beside it."""
    versions = [r["Version"] for r in apt.records(["rust-web-src"])]
    for version in versions:
        if version.startswith(VERSION):
            return version
    raise Failure(f"rust-web-src is {', '.join(versions)}")


def supplier(choice, debian):
    """(apt, version): which apt has our base, and as which version. None if it is to be the tarball instead."""
    if not debian.available():
        if choice == "auto":
            return None
        raise Failure("`base = \"debian\"` needs apt-get and dpkg-deb", 'set base = "tarball" in config.toml')
    try:
        return debian.supplier(f"rust-web-src {VERSION}", package)
    except Failure as failure:
        if choice == "auto":
            note(f"{failure.message}\ntaking the release tarball instead")
            return None
        failure.remedy += ', or set base = "tarball" in config.toml'
        raise


def from_debian(apt, version, directory):
    with step(f"unpacking rust-web-src {version} as the base"):
        (archive,) = apt.fetch([("rust-web-src", version)])
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
