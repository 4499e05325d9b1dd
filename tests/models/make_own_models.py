"""Writes the project's own small networks with random weights as NAME.traced.pt and NAME.scripted.pt.

    make_own_models.py DIRECTORY

Files that exist already are left alone: the same seed gives the same weights.
"""

import os
import sys
import warnings

import torch

from own_networks import CLASSES
from own_table import FORMS, NETWORKS, file_name

SEED = 22


def build(network):
    torch.manual_seed(SEED)
    model = CLASSES[network.name]()
    for layer in model.modules():
        if isinstance(layer, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)):
            torch.nn.init.uniform_(layer.running_mean, -0.2, 0.2)
            torch.nn.init.uniform_(layer.running_var, 0.6, 1.6)
    return model.eval()


def example(text):
    shape, _, kind = text.partition(":")
    return torch.zeros([int(size) for size in shape.split("x")], dtype=torch.int64 if kind else torch.float32)


def save(model, form, network, path):
    if form == "traced":
        saved = torch.jit.trace(model, tuple(map(example, network.inputs)), check_trace=False)
    else:
        saved = torch.jit.script(model)
    saved.save(path + ".part")
    os.replace(path + ".part", path)


def main():
    (directory,) = sys.argv[1:]
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    os.makedirs(directory, exist_ok=True)
    for network in NETWORKS:
        for form in FORMS:
            path = os.path.join(directory, file_name(network.name, form))
            if not os.path.exists(path):
                save(build(network), form, network, path)
                print(path, flush=True)


if __name__ == "__main__":
    main()
