"""`config.toml`: which base, LLVM, stage0, tools and Enzyme to use. Every key has a working default."""

import difflib
import os
import tomllib

from .report import Failure

# Key -> (default, what it may be). `config.example.toml` explains each; a test keeps the two in step.
KEYS = {
    "base": ("auto", '"auto", "debian", "tarball" or the path of a rustc 1.96.0 source tree'),
    "optimize": (3, "0, 1, 2, 3"),
    "llvm": ("auto", '"auto", "debian", "rustc" or the path of an llvm-config of LLVM 22'),
    "filecheck": ("auto", '"auto" (the one beside llvm-config) or a path'),
    "rustc": ("auto", '"auto", "debian", "download" or the path of a rustc 1.95 or 1.96'),
    "cargo": ("auto", '"auto" (the one beside rustc) or a path'),
    "cmake": ("auto", '"auto", "debian" or a path'),
    "ninja": ("auto", '"auto", "debian" or a path'),
    "enzyme": ("engine", '"engine", "submodule" or the path of a libEnzyme-22.so'),
}
WORDS = {
    "base": ("auto", "debian", "tarball"),
    "llvm": ("auto", "debian", "rustc"),
    "filecheck": ("auto",),
    "rustc": ("auto", "debian", "download"),
    "cargo": ("auto",),
    "cmake": ("auto", "debian"),
    "ninja": ("auto", "debian"),
    "enzyme": ("engine", "submodule"),
}


def load(root):
    """The configuration as a dict with every key of `KEYS`; relative paths count from the repository."""
    path = os.path.join(root, "config.toml")
    given = {}
    if os.path.exists(path):
        try:
            with open(path, "rb") as f:
                given = tomllib.load(f)
        except tomllib.TOMLDecodeError as error:
            raise Failure(f"config.toml: {error}", "config.example.toml shows every key") from None
    config = {key: default for key, (default, _) in KEYS.items()}
    for key, value in given.items():
        config[key] = checked(root, key, value)
    return config


def checked(root, key, value):
    if key not in KEYS:
        near = difflib.get_close_matches(key, KEYS, 1)
        raise Failure(f"config.toml: unknown key `{key}`",
                      f"did you mean `{near[0]}`?" if near else "the keys are: " + ", ".join(KEYS))
    allowed = KEYS[key][1]
    if key == "optimize":
        if isinstance(value, bool) or value not in (0, 1, 2, 3):
            raise Failure(f"config.toml: `{key}` is {value!r}", f"it takes {allowed}")
        return value
    if not isinstance(value, str) or not value:
        raise Failure(f"config.toml: `{key}` is {value!r}", f"it takes {allowed}")
    if value in WORDS[key]:
        return value
    path = os.path.join(root, os.path.expanduser(value))
    if not os.path.exists(path):
        raise Failure(f"config.toml: `{key}` names `{value}`, which does not exist", f"it takes {allowed}")
    return path
