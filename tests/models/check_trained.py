"""Converts a trained model of the shared folder, runs it on its saved inputs and compares with its saved outputs.

    check_trained.py PASSERELLE FOLDER/FILE.pt

The shared folder is $PASSERELLE_SHARED, or else it lies beside the repository.
"""

import os
import re
import sys

from npy import read_npy
from tool import Tool, fail, skip

TOLERANCE = 1e-4  # of the output's range


def numbered(folder, stem):
    """FOLDER/STEM0.npy, STEM1.npy, ...; not STEM0.sample1.npy, which belongs to another run."""
    numbers = (re.fullmatch(stem + r"(\d+)\.npy", name) for name in os.listdir(folder))
    return [os.path.join(folder, f"{stem}{number}.npy") for number in sorted(int(m[1]) for m in numbers if m)]


def compare(expected_file, actual_file):
    expected_shape, expected = read_npy(expected_file)
    actual_shape, actual = read_npy(actual_file)
    if expected_shape != actual_shape:
        fail(f"{actual_file} is {actual_shape}, {expected_file} is {expected_shape}")
    output_range = max(expected) - min(expected) or abs(expected[0])  # of a single number: its size
    differences = [abs(a - b) for a, b in zip(actual, expected)]
    print(f"{os.path.basename(expected_file)}: differs by {max(differences) / output_range:.2e} of the range")
    # Asked of each by itself: a maximum may pass over what is not a number.
    if not all(difference <= TOLERANCE * output_range for difference in differences):
        fail(f"at most {TOLERANCE} of the range is right")


def check(tool, model):
    folder = os.path.dirname(model)
    inputs = [argument for file in numbered(folder, "input") for argument in ("--input", file)]
    expected = numbered(folder, "output")
    if not inputs or not expected:
        fail(f"{folder} holds no input0.npy or no output0.npy")
    model_facts = tool.facts(model, *inputs)
    for level in ((), ("--min-api", "30")):
        converted = tool.convert(model, "model.nnapi", *inputs, *level)
        converted.require_small()
        converted.require_work(model_facts)
        tool.run("verify", model, converted.file, *inputs)
        tool.run("run", converted.file, *inputs, "--output-dir", tool.path("outputs"))
        actual = numbered(tool.path("outputs"), "output")
        if len(actual) != len(expected):
            fail(f"{len(actual)} outputs were written, {len(expected)} expected")
        for expected_file, actual_file in zip(expected, actual):
            compare(expected_file, actual_file)
        print(f"{len(converted.operations)} operations, {converted.transposes} of them TRANSPOSE")


def shared_model(name):
    """The path of a trained model; where there is none the test is skipped."""
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "shared")
    model = os.path.join(os.environ.get("PASSERELLE_SHARED") or os.path.normpath(beside), "models", name)
    if not os.path.exists(model):
        skip(f"{model} is not there; PASSERELLE_SHARED names the folder that holds models/")
    return model


def main():
    command, name = sys.argv[1:]
    check(Tool(command), shared_model(name))


if __name__ == "__main__":
    main()
