"""What the programs that make models have in common: which networks, in which forms, and where each goes."""

import argparse
import os
import warnings

import torch

from model_table import FORMS


def save(model, form, examples, path):
    """Traced or scripted; there whole or not at all."""
    if form == "traced":
        # strict=False: the segmentation networks return a dictionary.
        saved = torch.jit.trace(model, examples, strict=False, check_trace=False)
    else:
        saved = torch.jit.script(model)
    saved.save(path + ".part")
    os.replace(path + ".part", path)


def chosen(documentation, networks):
    """The directory of the command line, made, and the networks that it names: all where it names none."""
    parser = argparse.ArgumentParser(description=documentation, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    known = {network.name: network for network in networks}
    unknown = set(arguments.names) - set(known)
    if unknown:
        parser.error("not in the table of networks: " + ", ".join(sorted(unknown)))
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    os.makedirs(arguments.directory, exist_ok=True)
    return arguments.directory, [known[name] for name in arguments.names or known]


def save_missing(build, examples, path_of):
    """Builds the model where one of its forms is not there yet. path_of(form) is where it goes."""
    missing = [form for form in FORMS if not os.path.exists(path_of(form))]
    if not missing:
        return
    model = build()
    for form in missing:
        save(model, form, examples, path_of(form))
        print(path_of(form), flush=True)
