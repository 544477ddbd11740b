"""Debian packages without root: apt with private directories, `dpkg-deb -x` into `build/debian/<set>`."""

import json
import os
import re
import shutil
import tempfile

from . import downloads, files
from .report import Failure, step


class Debian:
    """apt as an ordinary user. `apt-get update` runs at most once per object, and only when needed."""

    def __init__(self, build):
        self.directory = os.path.join(build, "debian")
        self.updated = False
        state = os.path.join(self.directory, "apt")
        self.options = ["-o", f"Dir::State={state}/state", "-o", f"Dir::Cache={state}/cache",
                        # Which packages the machine already has is still the system's to say.
                        "-o", "Dir::State::status=/var/lib/dpkg/status"]
        if os.geteuid() == 0:
            # Otherwise apt downloads as a user that cannot write here, and warns.
            self.options += ["-o", "APT::Sandbox::User=root"]

    @staticmethod
    def available():
        return bool(shutil.which("apt-get") and shutil.which("dpkg-deb"))

    def update(self):
        if self.updated:
            return
        for part in ("state/lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(self.directory, "apt", part), exist_ok=True)
        with step("reading Debian's package index"):
            files.run(["apt-get", *self.options, "-q", "update"], "apt-get update",
                      "check the network and /etc/apt/sources.list")
        self.updated = True

    def records(self, packages):
        """What the signed index says of `packages`: a dict for each version, the newest of each first."""
        text = files.run(["apt-cache", *self.options, "show", *packages],
                         f"Debian lacks one of {', '.join(packages)}",
                         "they are in Debian 12 and 13 with the security suite; see /etc/apt/sources.list")
        return [dict(re.findall(r"^(\S+): (.*)$", record, re.M))
                for record in text.decode().split("\n\n") if record.strip()]

    def missing(self, packages):
        """`packages` and what they depend on, less what is installed: [(package, version)]."""
        # Qt and X live behind recommendations; nothing here needs them.
        text = files.run(["apt-get", *self.options, "--simulate", "--no-install-recommends", "install",
                          *packages], f"Debian cannot supply {' '.join(packages)}")
        return re.findall(r"^Inst (\S+) (?:\[\S+\] )?\((\S+) ", text.decode(), re.M)

    def fetch(self, wanted):
        """Downloads [(package, version)] and returns the checked files."""
        records = {(r["Package"], r["Version"]): r for r in self.records([name for name, _ in wanted])}
        archives = os.path.join(self.directory, "archives")
        found = {}
        for package, version in wanted:
            if (package, version) not in records:
                raise Failure(f"Debian has no {package} {version}")
            architecture = records[package, version]["Architecture"]
            # apt writes the colon of an epoch so in file names.
            name = "_".join((package, version.replace(":", "%3a"), architecture)) + ".deb"
            found[package, version] = os.path.join(archives, name)
        absent = {wanted_: path for wanted_, path in found.items() if not os.path.exists(path)}
        if absent:
            downloads.need_space(archives, sum(int(records[w]["Size"]) for w in absent) >> 20)
            with tempfile.TemporaryDirectory(dir=archives) as partial:
                files.run(["apt-get", *self.options, "-q", "download", *map("=".join, absent)],
                          f"cannot download {', '.join(package for package, _ in absent)}",
                          "check the network", cwd=partial)
                for path in absent.values():
                    os.rename(os.path.join(partial, os.path.basename(path)), path)
        for (package, version), path in found.items():
            downloads.check_debian(path, package, version, records[package, version]["SHA256"])
        return list(found.values())

    def unpack(self, name, packages):
        """Unpacks `packages` and their missing dependencies into `build/debian/<name>`, once."""
        target = os.path.join(self.directory, name)
        stamp = os.path.join(target, "packages.json")
        if os.path.exists(stamp) and json.loads(files.read(stamp))["packages"] == packages:
            return target
        self.update()
        wanted = self.missing(packages)
        present = set(packages) - {package for package, _ in wanted}
        # Asked for by the configuration although the system has it: take the candidate all the same.
        wanted += [(package, self.records([package])[0]["Version"]) for package in sorted(present)]
        with step(f"unpacking {len(wanted)} Debian packages for {name}"):
            with files.replacing(target) as partial:
                for archive in self.fetch(wanted):
                    files.run(["dpkg-deb", "--extract", archive, partial], f"cannot unpack {archive}",
                              "is the disk full?")
                    os.unlink(archive)
                contents = {"packages": packages, "versions": dict(wanted)}
                files.write(os.path.join(partial, "packages.json"), json.dumps(contents).encode())
        return target


def environment(roots, environ):
    """`environ` with the programs and libraries of unpacked package sets in front."""
    environ = dict(environ)
    programs = [os.path.join(root, "usr/bin") for root in roots]
    libraries = [directory for root in roots for directory in library_directories(root)]
    for variable, added in (("PATH", programs), ("LD_LIBRARY_PATH", libraries)):
        if added:
            environ[variable] = ":".join(added + [p for p in [environ.get(variable)] if p])
    return environ


def library_directories(root):
    lib = os.path.join(root, "usr/lib")
    return sorted(os.path.join(lib, d) for d in os.listdir(lib) if d.endswith("-linux-gnu")) \
        if os.path.isdir(lib) else []
