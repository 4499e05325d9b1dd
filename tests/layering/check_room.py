"""Compiles small sources with a room's own flags: what it may see must compile, what it may not see must not.

    check_room.py ROOM [--libtorch] [--sees FOLDER|HEADER]... -- COMPILER FLAG...

FOLDER is one of lib's, and stands for its public headers. HEADER is one of them, where a room shares a folder with
another: blob/view.h.
"""

import argparse
import subprocess
import sys
from pathlib import Path

LIB = Path(__file__).resolve().parents[2] / "lib"
LIBTORCH = "#include <c10/util/ArrayRef.h>\nc10::ArrayRef<int> numbers;\n"


def public_headers():
    """Of each folder: {"blob": ["blob/file.h", ...], ...}"""
    folders = {}
    for header in sorted(LIB.glob("*/include/passerelle/*/*.h*")):
        folders.setdefault(header.parent.name, []).append(f"{header.parent.name}/{header.name}")
    return folders


def compile_source(compiler, source):
    """The compiler's complaint; empty where there is none."""
    command = compiler + ["-fsyntax-only", "-Wfatal-errors", "-x", "c++", "-"]
    done = subprocess.run(command, input=source, capture_output=True, text=True)
    return done.stderr if done.returncode != 0 else ""


def check_headers(room, seen, compiler):
    source = ""
    claimed = set(seen)
    for folder, headers in public_headers().items():
        shown = headers if folder in claimed else [header for header in headers if header in claimed]
        hidden = [] if shown else headers
        source += "".join(f"#include <passerelle/{header}>\n" for header in shown)
        for header in hidden:
            source += f'#if __has_include(<passerelle/{header}>)\n#error "{room} sees {header}"\n#endif\n'
        claimed -= {folder, *headers}
    if claimed:
        return f"lib has no public headers {sorted(claimed)}"
    return compile_source(compiler, source)


def check_libtorch(room, allowed, compiler):
    complaint = compile_source(compiler, LIBTORCH)
    if allowed:
        return complaint
    return "" if "poisoned" in complaint else f"{room} can use LibTorch\n{complaint}"


def main():
    split = sys.argv.index("--")
    parser = argparse.ArgumentParser()
    parser.add_argument("room")
    parser.add_argument("--libtorch", action="store_true")
    parser.add_argument("--sees", action="append", default=[], metavar="FOLDER|HEADER")
    arguments = parser.parse_args(sys.argv[1:split])
    compiler = sys.argv[split + 1 :]
    complaints = [
        check_headers(arguments.room, arguments.sees, compiler),
        check_libtorch(arguments.room, arguments.libtorch, compiler),
    ]
    print("\n".join(filter(None, complaints)))
    sys.exit(any(complaints))


if __name__ == "__main__":
    main()
