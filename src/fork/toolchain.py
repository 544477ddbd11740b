"""LLVM 22, stage0 and build tools: found on the system, or Debian's packages unpacked under build/."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field

from . import debian, files
from .report import Failure

LLVM_MAJOR = 22
STAGE0_VERSIONS = ("1.95", "1.96")


@dataclass
class Toolchain:
    """Paths for bootstrap's configuration. None means that rustc's own build supplies the part."""

    llvm_config: str = None
    filecheck: str = None
    rustc: str = None
    cargo: str = None
    rustfmt: str = None
    cmake: str = None
    ninja: str = None
    # Unpacked package sets whose programs and libraries the build needs in its environment.
    roots: list = field(default_factory=list)
    # A directory with libLLVM.so that the dynamic linker does not search by itself.
    llvm_library: str = None

    def environment(self, environ):
        environ = debian.environment(self.roots, environ)
        # Debian removed this feature from the manifest, but not its uses.
        flags = [environ.get("RUSTFLAGS_BOOTSTRAP", ""), '--check-cfg=cfg(feature,values("jemalloc"))']
        if self.llvm_library:
            # The compiler must find LLVM without an environment variable, and LLVM's libraries, which lie
            # beside it, through the compiler: that is DT_RPATH, which unlike DT_RUNPATH is inherited.
            flags += ["-Clink-arg=-Wl,--disable-new-dtags", f"-Clink-arg=-Wl,-rpath,{self.llvm_library}"]
        environ["RUSTFLAGS_BOOTSTRAP"] = " ".join(flags).strip()
        return environ

    def stage0_cargo(self, build, host):
        """The cargo that is named, or else bootstrap's own, which is there once something has been built."""
        return self.cargo or os.path.join(build, host, "stage0/bin/cargo")


def find(config, packages):
    """Everything that a build needs besides the base and Enzyme. `packages` is a `debian.Debian`."""
    chain = Toolchain()
    for program, package in (("git", "git"), ("c++", "g++"), ("cc", "gcc")):
        if not shutil.which(program):
            raise Failure(f"`{program}` is not on PATH", f"apt-get install {package}")
    chain.filecheck = None if config["filecheck"] == "auto" else config["filecheck"]
    find_llvm(config["llvm"], packages, chain)
    find_stage0(config, packages, chain)
    chain.cmake = find_tool("cmake", "cmake", config["cmake"], packages, chain)
    chain.ninja = find_tool("ninja", "ninja-build", config["ninja"], packages, chain)
    return chain


def supply(name, wanted, package_names, packages, chain, key):
    """Unpacks a package set, or says what else would do."""
    if not packages.available():
        raise Failure(f"{name} was not found, and there is no apt-get to supply it",
                      f"install it, or set `{key}` in config.toml")
    try:
        root = packages.unpack(wanted, package_names)
    except Failure as failure:
        failure.remedy = f"{failure.remedy}; or set `{key}` in config.toml" if failure.remedy else \
            f"set `{key}` in config.toml"
        raise
    chain.roots.append(root)
    return root


def find_llvm(choice, packages, chain):
    if choice == "rustc":
        return
    if choice not in ("auto", "debian"):
        problem = llvm_problem(choice, chain.filecheck)
        if problem:
            raise Failure(f"`llvm` in config.toml: {problem}", f"name an llvm-config of LLVM {LLVM_MAJOR}")
        chain.llvm_config = choice
        return
    if choice == "auto":
        installed = [shutil.which(f"llvm-config-{LLVM_MAJOR}"), shutil.which("llvm-config"),
                     f"/usr/lib/llvm-{LLVM_MAJOR}/bin/llvm-config"]
        for candidate in installed:
            if candidate and os.path.exists(candidate) and not llvm_problem(candidate, chain.filecheck):
                chain.llvm_config = candidate
                return
        if not packages.available():
            # As rustc does where nothing is configured: its own LLVM.
            return
    root = supply(f"LLVM {LLVM_MAJOR}", "llvm", [f"llvm-{LLVM_MAJOR}-dev", f"llvm-{LLVM_MAJOR}-tools"],
                  packages, chain, "llvm")
    prefix = os.path.join(root, f"usr/lib/llvm-{LLVM_MAJOR}")
    chain.llvm_config = os.path.join(prefix, "bin/llvm-config")
    chain.llvm_library = os.path.join(prefix, "lib")
    gather_libraries(root, chain.llvm_library)


def gather_libraries(root, directory):
    """Links the set's libraries into `directory`: libLLVM looks for what it needs beside itself."""
    for libraries in debian.library_directories(root):
        for name in sorted(os.listdir(libraries)):
            link = os.path.join(directory, name)
            if ".so." in name and not os.path.exists(link):
                os.symlink(os.path.relpath(os.path.join(libraries, name), directory), link)


def llvm_problem(llvm_config, filecheck):
    """Why this llvm-config will not do, or None. Without a `filecheck` it must have one beside it."""
    def ask(what):
        return files.run([llvm_config, what], f"{llvm_config} {what}").decode().strip()

    try:
        version = ask("--version")
        if not version.startswith(f"{LLVM_MAJOR}."):
            return f"{llvm_config} is of LLVM {version}"
        if not os.path.exists(os.path.join(ask("--includedir"), "llvm/IR/Module.h")):
            return f"LLVM's headers are missing (apt-get install llvm-{LLVM_MAJOR}-dev)"
        if not filecheck and not os.path.exists(os.path.join(ask("--bindir"), "FileCheck")):
            return f"FileCheck is missing (apt-get install llvm-{LLVM_MAJOR}-tools, or set `filecheck`)"
    except Failure as failure:
        return failure.message
    return None


def stage0_version(rustc):
    """(release, sysroot) of a rustc, or None if it does not run."""
    said = []
    for question in (["--version", "--verbose"], ["--print", "sysroot"]):
        try:
            said.append(subprocess.run([rustc, *question], capture_output=True, text=True, check=True,
                                       stdin=subprocess.DEVNULL).stdout)
        except (OSError, subprocess.CalledProcessError):
            return None
    release = re.search(r"^release: (\S+)$", said[0], re.M)
    return (release[1], said[1].strip()) if release else None


def find_stage0(config, packages, chain):
    choice = config["rustc"]
    if choice == "download":
        return
    if choice == "debian":
        return debian_stage0(config, packages, chain)
    rustc = shutil.which("rustc") if choice == "auto" else choice
    found = stage0_version(rustc) if rustc else None
    fits = found is not None and found[0].startswith(STAGE0_VERSIONS)
    if not fits and choice == "auto":
        # Without Debian's packages, bootstrap downloads its own stage0, as upstream's does.
        return debian_stage0(config, packages, chain) if packages.available() else None
    if not fits:
        raise Failure(f"`rustc` in config.toml: {rustc} "
                      + (f"is {found[0]}" if found else "does not run"),
                      f"it takes a rustc {' or '.join(STAGE0_VERSIONS)}")
    # The real compiler, not rustup's proxy, whose answer depends on the directory it runs in.
    real = os.path.join(found[1], "bin/rustc")
    chain.rustc = real if os.path.exists(real) else rustc
    beside = os.path.join(os.path.dirname(chain.rustc), "cargo")
    chain.cargo = config["cargo"] if config["cargo"] != "auto" else \
        beside if os.path.exists(beside) else shutil.which("cargo")
    formatter = os.path.join(os.path.dirname(chain.rustc), "rustfmt")
    chain.rustfmt = formatter if os.path.exists(formatter) else None
    if not chain.cargo:
        raise Failure(f"no cargo beside {chain.rustc} and none on PATH",
                      "install one, or set `cargo` in config.toml")
    return None


def debian_stage0(config, packages, chain):
    root = supply("rustc 1.95 or 1.96", "stage0", ["rustc-web", "cargo-web"], packages, chain, "rustc")
    chain.rustc = os.path.join(root, "usr/bin/rustc")
    chain.cargo = config["cargo"] if config["cargo"] != "auto" else os.path.join(root, "usr/bin/cargo")


def find_tool(program, package, choice, packages, chain):
    if choice not in ("auto", "debian"):
        return choice
    if choice == "auto" and shutil.which(program):
        return shutil.which(program)
    return os.path.join(supply(program, program, [package], packages, chain, program), "usr/bin", program)


def pip(packages):
    """A command that runs pip, Debian's if this Python has none."""
    own = [sys.executable, "-m", "pip"]
    if subprocess.run([*own, "--version"], capture_output=True, check=False).returncode == 0:
        return own
    root = supply("pip", "pip", ["python3-pip"], packages, Toolchain(), "enzyme")
    return ["env", f"PYTHONPATH={root}/usr/lib/python3/dist-packages", *own]
