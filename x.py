#!/usr/bin/env python3
"""The fork's front door: lays the series over the base source and hands over to rustc's own x.py.

Everything it does is in `src/fork`; `./x.py --help` lists the commands.
"""

import os
import sys

if __name__ == "__main__":
    if sys.version_info < (3, 11):
        sys.exit("x.py: needs Python 3.11 or newer (Debian 12 and later have it); this is "
                 + sys.version.split()[0])
    root = os.path.dirname(os.path.abspath(__file__))
    sys.path.insert(0, os.path.join(root, "src"))
    # The package directory is source that `series check` walks: keep byte code out of it.
    sys.dont_write_bytecode = True
    from fork import cli

    sys.exit(cli.main(root, sys.argv[1:]))
