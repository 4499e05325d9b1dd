#!/usr/bin/env python3
"""Writes release_schemas.inc: the schemas of aten:: and quantized:: that not all releases of PyTorch have alike.

    make_release_schemas.py REGISTRY.txt... > release_schemas.inc

A registry is a release's list of schemas, one a line; the oldest release comes first. In Python, with that release:

    for schema in sorted(str(s) for s in torch._C._jit_get_all_schemas()): print(schema)
"""

import re
import sys


def plain(schema):
    """One writing for what the releases' parsers read alike: int for SymInt (and so on), one default for a list of the same."""
    schema = schema.strip().replace("SymInt", "int").replace("SymBool", "bool")
    return re.sub(r"=\[(-?\d+)(?:, \1)*\]", r"=\1", schema)


def key(schema):
    """Without the annotations of aliases, which mean nothing to a caller."""
    return re.sub(r"\([a-z](\|[a-z])*(!| -> \*)?\)", "", schema)


def registry(path):
    with open(path) as file:
        schemas = [plain(line) for line in file if line.startswith(("aten::", "quantized::"))]
    return {schema.split("(")[0]: schema for schema in schemas}


def differing(registries):
    """By name: an operator's forms, those of the newest release first."""
    for name in sorted({name for each in registries for name in each}):
        forms = {}
        for each in reversed(registries):
            if name in each:
                forms.setdefault(key(each[name]), each[name])
        if len(forms) > 1 or not all(name in each for each in registries):
            yield from forms.values()


def main():
    print("// Made by make_release_schemas.py: what the releases' registries differ in. Sorted by operator.")
    for schema in differing([registry(path) for path in sys.argv[1:]]):
        print(f'R"({schema})",')


if __name__ == "__main__":
    main()
