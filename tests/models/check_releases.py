"""Converts what another PyTorch has saved, and compares with what that PyTorch computed.

    check_releases.py PASSERELLE RELEASE.tar.xz|FOLDER        (releases/2.6.tar.xz, ...)
"""

import os
import sys

from check_trained import compare, numbered
from release_archives import archives, unpacked
from tool import Tool, fail


def check(tool, archive):
    inputs = [argument for file in archive.inputs for argument in ("--input", file)]
    expected = archive.outputs
    for level in ("29", "30"):
        converted = tool.convert(archive.path, "model.nnapi", *inputs, "--min-api", level)
        results = tool.path(f"{os.path.basename(archive.path)}.{level}")
        tool.run("run", converted.file, *inputs, "--output-dir", results)
        actual = numbered(results, "output")
        if len(actual) != len(expected):
            fail(f"{len(actual)} outputs were written, {len(expected)} expected")
        for expected_file, actual_file in zip(expected, actual):
            compare(expected_file, actual_file)
    tool.run("verify", archive.path, converted.file, *inputs)


def main():
    command, packed = sys.argv[1:]
    with unpacked(packed) as folder:
        found = archives(folder)
        if not found:
            fail(f"{packed} holds no archives")
        for archive in found:
            check(Tool(command), archive)
    print(f"{len(found)} archives are right")


if __name__ == "__main__":
    main()
