"""Converts a torchvision network in every layout and checks what it became.

    check_network.py PASSERELLE DIRECTORY NAME FORM        (DIRECTORY is what make_models.py filled)
"""

import os
import sys

from model_table import FORMS, NETWORKS, file_name
from tool import Tool, fail


def check(tool, network, model):
    shape = "x".join(map(str, network.input_shape))
    resizes = network.family == "segmentation"  # by a half-pixel rule, which is one operation from API 30 on

    default = tool.convert(model, "default.nnapi", "--input", shape)
    tool.run("verify", model, default.file)
    default.require_small()
    default.require_work(tool.facts(model, "--input", shape))
    if network.keeps_layout and not resizes:
        default.require_transposes(1)

    api_30 = tool.convert(model, "api30.nnapi", "--input", shape, "--min-api", "30")
    tool.run("verify", model, api_30.file)
    api_30.require_small()
    if len(api_30.image_ports()) != 1 + network.image_outputs:
        fail(f"{len(api_30.image_ports())} NCHW inputs and outputs, {1 + network.image_outputs} expected")
    if network.keeps_layout:
        api_30.require_transposes(len(api_30.image_ports()))

    nhwc = tool.convert(model, "nhwc.nnapi", "--input", shape + ":nhwc", "--output-layout", "nhwc", "--min-api", "30")
    tool.run("verify", model, nhwc.file)
    nhwc.require_small()
    if network.keeps_layout:
        nhwc.require_transposes(0)
    if nhwc.image_ports():
        fail("inputs or outputs are still NCHW")
    if network.most_operations is not None:
        nhwc.require_operations(network.most_operations)
    print(f"{network.name}: {len(nhwc.operations)} operations with NHWC pictures, {len(api_30.operations)} with NCHW")


def main():
    command, directory, name, form = sys.argv[1:]
    assert form in FORMS
    network = next(network for network in NETWORKS if network.name == name)
    check(Tool(command), network, os.path.join(directory, file_name(name, form)))


if __name__ == "__main__":
    main()
