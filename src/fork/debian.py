"""Debian packages without root: apt with private directories, `dpkg-deb -x` into `build/debian/<set>`.

What the machine's own suites do not have (a suite keeps only the newest version) comes from another suite.
"""

import itertools
import json
import os
import re
import shutil
import tempfile

from . import downloads, files
from .report import Failure, note, step

# Where rust-web-src 1.96.0 and LLVM 22 are or have been, in the order in which they are asked.
SUITES = ("bookworm-security", "trixie", "trixie-security")
# Debian's own keys, of all its current suites. Without the file, apt's default keys decide.
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Debian:
    """apt as an ordinary user. `apt-get update` runs at most once per object, and only when needed.

    It knows the machine's sources and, if `suite` is given, that suite of the archive `uri` as well, which then
    supplies only what the machine's sources do not have.
    """

    def __init__(self, build, suite=None, uri=None):
        self.build = build
        self.directory = os.path.join(build, "debian")
        self.suite, self.uri = suite, uri
        self.updated = False
        # Why `apt-get update` was not content: one dead source must not take the others with it.
        self.problem = None
        self.state = state = os.path.join(self.directory, f"apt-{suite}" if suite else "apt")
        self.options = ["-o", f"Dir::State={state}/state", "-o", f"Dir::Cache={state}/cache",
                        # Which packages the machine already has is still the system's to say.
                        "-o", "Dir::State::status=/var/lib/dpkg/status"]
        if os.geteuid() == 0:
            # Otherwise apt downloads as a user that cannot write here, and warns.
            self.options += ["-o", "APT::Sandbox::User=root"]
        if suite:
            self.options += ["-o", f"Dir::Etc::sourcelist={state}/sources.list",
                             "-o", f"Dir::Etc::preferences={state}/preferences"]

    @staticmethod
    def available():
        return bool(shutil.which("apt-get") and shutil.which("dpkg-deb"))

    def update(self):
        if self.updated:
            return
        for part in ("state/lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(self.state, part), exist_ok=True)
        if self.suite:
            self.add_suite()
        with step("reading Debian's package index" + (f" with {self.suite}" if self.suite else "")):
            try:
                files.run(["apt-get", *self.options, "-q", "update"], "apt-get update",
                          "check the network and /etc/apt/sources.list")
            except Failure as failure:
                self.problem = failure
                note(f"apt-get update: {essence(failure)}")
        self.updated = True

    def add_suite(self):
        """Writes what apt is to read instead of two files in /etc/apt: they, and the suite."""
        signed = f"[signed-by={KEYRING}] " if os.path.exists(KEYRING) else ""
        for name, added in (
                ("sources.list", f"deb {signed}{self.uri} {self.suite} main\n"),
                # Below everything that is installed or in another suite: a library of the machine's is not replaced,
                # and packages that would need a newer one (the C library, say) are none for this machine.
                ("preferences", f"Package: *\nPin: release n={self.suite}\nPin-Priority: 1\n")):
            path = os.path.join("/etc/apt", name)
            before = files.read(path).rstrip(b"\n") + b"\n\n" if os.path.exists(path) else b""
            files.write(os.path.join(self.state, name), before + added.encode())

    def sources(self):
        """The package lists that apt knows of, as dicts. Those that it has not fetched have no `Codename`."""
        text = files.run(["apt-get", *self.options, "indextargets", "Created-By: Packages"], "apt-get indextargets")
        return [dict(re.findall(r"^(\S+): (.*)$", record, re.M))
                for record in text.decode().split("\n\n") if record.strip()]

    def suites(self):
        """The suites whose lists apt has and whose signature is right, in the order of the sources."""
        return list(dict.fromkeys(s["Codename"] for s in self.sources() if s.get("Trusted") == "yes"))

    def others(self):
        """apt with each of SUITES that the machine's sources do not name.

        Where Debian is served from, the machine's sources say: its two archives lie side by side everywhere.
        """
        archives, named = {}, set()
        for source in self.sources():
            named |= {source.get("Codename"), source.get("Release")}
            uri = source.get("Repo-URI", "").rstrip("/")
            label = source.get("Label") or ("Debian-Security" if uri.endswith("/debian-security") else
                                            "Debian" if uri.endswith("/debian") else "")
            archives.setdefault(label, uri)
        if "Debian" in archives:
            archives.setdefault("Debian-Security", archives["Debian"] + "-security")
        elif "Debian-Security" in archives:
            archives["Debian"] = archives["Debian-Security"].removesuffix("-security")
        for suite in SUITES:
            label = "Debian-Security" if suite.endswith("-security") else "Debian"
            if suite not in named and label in archives:
                yield Debian(self.build, suite, archives[label])

    def supplier(self, wanted, supply):
        """(apt, what `supply` returns of it) of the first apt of which it does not fail: this one, which knows
        the machine's suites, or one that knows another suite besides."""
        own, refusals = "this machine's sources", []
        for apt in itertools.chain([self], self.others()):
            apt.update()
            try:
                if apt is self:
                    own = ", ".join(apt.suites()) or own
                elif apt.suite not in apt.suites():
                    raise apt.problem or Failure("no signed index is in reach")
                found = supply(apt)
            except Failure as failure:
                refusals.append(f"{apt.suite or own}: {essence(failure)}")
                continue
            if apt.suite:
                note(f"{wanted}: taken from Debian's suite {apt.suite}, not to be had from {own}")
            return apt, found
        raise Failure(f"no suite of Debian supplies {wanted}:\n  " + "\n  ".join(refusals),
                      "check the network and /etc/apt/sources.list")

    def records(self, packages):
        """What the signed index says of `packages`: a dict for each version, the newest of each first."""
        text = files.run(["apt-cache", *self.options, "show", *packages],
                         f"Debian lacks one of {', '.join(packages)}")
        return [dict(re.findall(r"^(\S+): (.*)$", record, re.M))
                for record in text.decode().split("\n\n") if record.strip()]

    def missing(self, packages):
        """`packages` and what they depend on, less what is installed: [(package, version)]."""
        # Qt and X live behind recommendations; nothing here needs them.
        text = files.run(["apt-get", *self.options, "--simulate", "--no-install-recommends", "install",
                          *packages], f"Debian cannot supply {' '.join(packages)}")
        found = re.findall(r"^Inst (\S+) (?:\[\S+\] )?\((\S+) ", text.decode(), re.M)
        if "libc6" in dict(found):
            # Unpacked beside the machine's, a second C library breaks every program that meets it.
            raise Failure(f"{', '.join(packages)} would need libc6 {dict(found)['libc6']}, "
                          "newer than this machine's")
        return found

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

    def complete(self, packages):
        """[(package, version)] of `packages` themselves and of what they need and the machine lacks."""
        wanted = self.missing(packages)
        present = set(packages) - {package for package, _ in wanted}
        # Asked for by the configuration although the system has it: take the candidate all the same.
        return wanted + [(package, self.records([package])[0]["Version"]) for package in sorted(present)]

    def unpack(self, name, packages):
        """Unpacks `packages` and their missing dependencies into `build/debian/<name>`, once."""
        target = os.path.join(self.directory, name)
        stamp = os.path.join(target, "packages.json")
        if os.path.exists(stamp) and json.loads(files.read(stamp))["packages"] == packages:
            return target
        apt, wanted = self.supplier(", ".join(packages), lambda apt: apt.complete(packages))
        with step(f"unpacking {len(wanted)} Debian packages for {name}"):
            with files.replacing(target) as partial:
                for archive in apt.fetch(wanted):
                    files.run(["dpkg-deb", "--extract", archive, partial], f"cannot unpack {archive}",
                              "is the disk full?")
                    os.unlink(archive)
                contents = {"packages": packages, "versions": dict(wanted)}
                files.write(os.path.join(partial, "packages.json"), json.dumps(contents).encode())
        return target


def essence(failure):
    """The line of an error that says why: apt says much before it comes to that."""
    lines = [line.strip() for line in failure.message.splitlines()]
    return next((line for mark in (" Depends: ", "E: ") for line in lines if mark in f" {line}"), lines[0])


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
