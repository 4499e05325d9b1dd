"""Writes the project's own small networks with random weights as NAME.traced.pt and NAME.scripted.pt.

    make_own_models.py DIRECTORY [NAME]...        (all networks of own_table.py where none is named)

Files that exist already are left alone: the same seed gives the same weights.
"""

import os

import torch

from own_networks import CLASSES
from own_table import NETWORKS, file_name
from saving import chosen, save_missing

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


def main():
    directory, networks = chosen(__doc__, NETWORKS)
    for network in networks:
        save_missing(lambda: build(network), tuple(map(example, network.inputs)),
                     lambda form: os.path.join(directory, file_name(network.name, form)))


if __name__ == "__main__":
    main()
