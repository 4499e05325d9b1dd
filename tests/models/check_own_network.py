"""Converts one of the project's own small networks for each of its levels and verifies it.

    check_own_network.py PASSERELLE DIRECTORY NAME FORM        (DIRECTORY is what make_own_models.py filled)
"""

import os
import sys

from own_table import FORMS, NETWORKS, file_name
from tool import Tool


def main():
    command, directory, name, form = sys.argv[1:]
    assert form in FORMS
    network = next(network for network in NETWORKS if network.name == name)
    tool = Tool(command)
    model = os.path.join(directory, file_name(name, form))
    inputs = [argument for text in network.inputs for argument in ("--input", text)]
    model_facts = tool.facts(model, *inputs)
    for level in network.levels:
        converted = tool.convert(model, f"api{level}.nnapi", *inputs, "--min-api", level)
        tool.run("verify", model, converted.file)
        converted.require_small()
        converted.require_work(model_facts)
        print(f"{name} at API {level}: {len(converted.operations)} operations")


if __name__ == "__main__":
    main()
