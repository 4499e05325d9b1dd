"""Converts and verifies a network at every level of Android, with NCHW and with NHWC pictures.

    check_levels.py PASSERELLE MODEL.pt SHAPE        (a relative path is one of a trained model in the shared folder)
"""

import os
import sys

from check_trained import shared_model
from tool import Tool

LEVELS = [("--min-api", api) for api in (27, 28, 29, 30, 31)] + [("--feature-level", level) for level in (6, 7, 8)]


def main():
    command, model, shape = sys.argv[1:]
    if not os.path.isabs(model):
        model = shared_model(model)
    tool = Tool(command)
    for flag, level in LEVELS:
        for layout in ((), ("--output-layout", "nhwc")):
            converted = tool.convert(model, "level.nnapi", "--input", shape + (":nhwc" if layout else ""), *layout,
                                     flag, level)
            tool.run("verify", model, converted.file)
            print(f"{flag} {level}, {'NHWC' if layout else 'NCHW'}: {len(converted.operations)} operations")


if __name__ == "__main__":
    main()
