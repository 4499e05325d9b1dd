"""Converts a recurrent network and checks what it became.

    check_sequence_network.py PASSERELLE DIRECTORY NAME FORM        (DIRECTORY is what make_sequence_models.py filled)
"""

import os
import sys

from sequence_table import FORMS, NETWORKS, file_name
from tool import Tool, fail


def check(tool, network, model):
    shape = "x".join(map(str, network.input_shape)) + (":i64" if network.is_text else "")
    model_facts = tool.facts(model, "--input", shape)
    for level in ("29", "30"):
        converted = tool.convert(model, f"api{level}.nnapi", "--input", shape, "--min-api", level)
        tool.run("verify", model, converted.file)
        converted.require_small()
        converted.require_work(model_facts)
        found = sum("SEQUENCE" in operation for operation in converted.operations)
        if found != network.sequence_operations:
            fail(f"{found} operations on whole sequences, {network.sequence_operations} expected")
        print(f"{network.name} at API {level}: {len(converted.operations)} operations")


def main():
    command, directory, name, form = sys.argv[1:]
    assert form in FORMS
    network = next(network for network in NETWORKS if network.name == name)
    check(Tool(command), network, os.path.join(directory, file_name(name, form)))


if __name__ == "__main__":
    main()
