#!/usr/bin/env python3
"""Prints the names of aten's operators, without overloads: aten_2.14.txt is those of PyTorch 2.14.

    make_operator_names.py REGISTRY.txt > aten_2.14.txt

A registry is a release's list of schemas, one a line, as lib/torchscript/foreign/make_release_schemas.py reads it.
"""

import re
import sys


def main():
    (path,) = sys.argv[1:]
    with open(path) as file:
        names = {match.group(1) for match in map(re.compile(r"aten::(\w+)").match, file) if match}
    print("\n".join(sorted(names)))


if __name__ == "__main__":
    main()
