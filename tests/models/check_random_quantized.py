"""Random quantized networks: each is converted, each operator is within a step of LibTorch's, verify passes.

    check_random_quantized.py PASSERELLE CHECK_OPERATORS DIRECTORY          (of make_random_quantized.py)

The networks are for no classes: their outputs are compared by their signal-to-noise ratio alone. Each is converted for
one level of Android's API, the next for the other.
"""

import os
import subprocess
import sys

from tool import Tool, fail

FEATURE_LEVEL = {"29": "3", "30": "4"}
SHAPE = "1x3x16x16"


def check(tool, checker, model, api):
    converted = tool.convert(model, "model.nnapi", "--input", SHAPE, "--min-api", api)
    done = subprocess.run([checker, model, FEATURE_LEVEL[api], SHAPE], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True)
    print(done.stdout[-2000:], end="")
    if done.returncode != 0:
        fail(f"{model} at API {api}: an operator differs\n{done.stderr[-2000:]}")
    tool.run("verify", model, converted.file, "--input", SHAPE, "--snr", "10", "--no-arg-max")


def main():
    command, checker, directory = sys.argv[1:]
    models = sorted(name for name in os.listdir(directory) if name.endswith(".pt"))
    if not models:
        fail(f"{directory} holds no models")
    levels = sorted(FEATURE_LEVEL)
    for i, name in enumerate(models):
        check(Tool(command), checker, os.path.join(directory, name), levels[i % len(levels)])


if __name__ == "__main__":
    main()
