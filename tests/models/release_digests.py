"""Prints a digest of what each of the other releases' archives is converted to. Whichever LibTorch reads them, whether
it has their operators or not, the file is the same: runs of two builds must print the same.

    release_digests.py PASSERELLE > native.txt
    release_digests.py OTHER-PASSERELLE | diff native.txt -
"""

import glob
import hashlib
import os
import sys

from release_archives import archives, unpacked
from tool import Tool


def digest(tool, archive):
    inputs = [argument for file in archive.inputs for argument in ("--input", file)]
    file = tool.path("model.nnapi")
    tool.run_quietly("convert", archive.path, "-o", file, *inputs, "--strip")
    with open(file, "rb") as content:
        return hashlib.sha256(content.read()).hexdigest()


def main():
    (command,) = sys.argv[1:]
    tool = Tool(command)
    here = os.path.dirname(os.path.abspath(__file__))
    for packed in sorted(glob.glob(os.path.join(here, "releases", "*.tar.xz"))):
        with unpacked(packed) as folder:
            for archive in archives(folder):
                print(digest(tool, archive), os.path.basename(packed), os.path.basename(archive.path), flush=True)


if __name__ == "__main__":
    main()
