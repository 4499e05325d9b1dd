"""Converts a quantized model: integers from its first quantize to its last dequantize, each operator within a step.

    check_quantized.py PASSERELLE CHECK_OPERATORS FOLDER/FILE.pt             (of the shared folder)
    check_quantized.py PASSERELLE CHECK_OPERATORS DIRECTORY NAME WEIGHTS FORM     (of make_quantized_models.py)

The shared folder is $PASSERELLE_SHARED, or else it lies beside the repository.
"""

import os
import subprocess
import sys

from npy import read_npy
from quantized_table import NETWORKS, file_name
from tool import Tool, fail, skip

FEATURE_LEVEL = {"29": "3", "30": "4"}
AGREEING_PIXELS = 0.98  # of a mask: greater than a half, or not


def require_integers(converted):
    """One QUANTIZE and one DEQUANTIZE: nothing between them is computed on floats."""
    for name in ("QUANTIZE", "DEQUANTIZE"):
        count = converted.operations.count(name)
        if count != 1:
            fail(f"{converted.file}: {count} operations are {name}, 1 expected")


def require_each_operator(checker, model, api, picture):
    command = [checker, model, FEATURE_LEVEL[api], picture]
    print("+", *command, flush=True)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    print(done.stdout[-4000:], end="")
    if done.returncode != 0:
        fail(f"exit status {done.returncode}\n{done.stderr[-4000:]}")


def check_network(tool, checker, network, model):
    """Their weights are random: a thousand scores that lie close together, whose largest says nothing."""
    shape = "x".join(map(str, network.input_shape))
    converted = tool.convert(model, "default.nnapi", "--input", shape)
    require_integers(converted)
    converted.require_transposes(1)
    tool.run("verify", model, converted.file, "--no-arg-max")
    nhwc = tool.convert(model, "nhwc.nnapi", "--input", shape + ":nhwc", "--min-api", "30")
    require_integers(nhwc)
    nhwc.require_transposes(0)
    tool.run("verify", model, nhwc.file, "--no-arg-max")
    require_each_operator(checker, model, "29", shape)
    print(f"{network.name}: {len(nhwc.operations)} operations with NHWC pictures")


def largest(values):
    return max(range(len(values)), key=values.__getitem__)


def compare_with_saved(model, actual_file, api):
    """With LibTorch's outputs, as the model's makers saved them."""
    weights = "int8_per_channel" if "per_channel" in model else "int8"
    expected_shape, expected = read_npy(os.path.join(os.path.dirname(model), f"output0.{weights}.npy"))
    actual_shape, actual = read_npy(actual_file)
    if expected_shape != actual_shape:
        fail(f"{actual_file} is {actual_shape}, {expected_shape} expected")
    if len(expected_shape) == 2:
        if largest(expected) != largest(actual):
            fail(f"the largest output is number {largest(actual)}, {largest(expected)} expected")
        return
    agreeing = sum((a > 0.5) == (b > 0.5) for a, b in zip(expected, actual)) / len(expected)
    print(f"{agreeing:.2%} of the mask agree at API {api}")
    if agreeing < AGREEING_PIXELS:
        fail(f"at least {AGREEING_PIXELS:.0%} of the mask's pixels are to agree")


def check_trained(tool, checker, model):
    picture = os.path.join(os.path.dirname(model), "input0.npy")
    for api in ("29", "30"):
        converted = tool.convert(model, "model.nnapi", "--input", picture, "--min-api", api)
        require_integers(converted)
        converted.require_transposes(1)
        tool.run("verify", model, converted.file, "--input", picture)
        tool.run("run", converted.file, "--input", picture, "--output-dir", tool.path("outputs"))
        compare_with_saved(model, os.path.join(tool.path("outputs"), "output0.npy"), api)
        require_each_operator(checker, model, api, picture)


def main():
    command, checker, place, *rest = sys.argv[1:]
    if rest:
        name, weights, form = rest
        network = next(network for network in NETWORKS if network.name == name)
        return check_network(Tool(command), checker, network, os.path.join(place, file_name(name, weights, form)))
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "shared")
    model = os.path.join(os.environ.get("PASSERELLE_SHARED") or os.path.normpath(beside), "models", place)
    if not os.path.exists(model):
        skip(f"{model} is not there; PASSERELLE_SHARED names the folder that holds models/")
    check_trained(Tool(command), checker, model)


if __name__ == "__main__":
    main()
