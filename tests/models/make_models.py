"""Writes torchvision networks with random weights as NAME.traced.pt and NAME.scripted.pt.

    make_models.py DIRECTORY [NAME]...        (all networks of model_table.py where none is named)

Files that exist already are left alone: the same seed gives the same weights.
"""

import os

import torch
import torchvision

from model_table import NETWORKS, file_name
from saving import chosen, save_missing

SEED = 20


class Heads(torch.nn.Module):
    """A detector's backbone and heads, without what chooses among the boxes."""

    def __init__(self, detector):
        super().__init__()
        self.backbone, self.head = detector.backbone, detector.head

    def forward(self, pictures):
        found = self.head(list(self.backbone(pictures).values()))
        return found["bbox_regression"], found["cls_logits"]


def build(network):
    torch.manual_seed(SEED)
    arguments = {"weights": None}
    if network.family in ("segmentation", "detection"):
        arguments["weights_backbone"] = None
        module = getattr(torchvision.models, network.family)
    else:
        module = torchvision.models
    if network.name in ("googlenet", "inception_v3"):
        arguments["init_weights"] = False  # its sampler of truncated normals takes a minute
    model = getattr(module, network.name)(**arguments)
    if network.family == "detection":
        model = Heads(model)
    if network.name == "vit_b_16":  # its last layer is all zeros
        torch.nn.init.normal_(model.heads.head.weight, 0, 0.03)
    model.eval()
    randomise_batch_norms(model, torch.randn(2, *network.input_shape[1:]))
    return model


@torch.no_grad()
def randomise_batch_norms(model, pictures):
    """Statistics drawn around those of real activations, so that a deep network neither overflows nor dies out."""
    layers = [layer for layer in model.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        torch.nn.init.uniform_(layer.weight, 0.6, 1.4)
        torch.nn.init.normal_(layer.bias, 0.0, 0.2)
        layer.momentum = 1.0  # what one batch shows is kept as it is
        layer.train()
    model(pictures)
    for layer, momentum in zip(layers, momenta):
        layer.eval()
        layer.momentum = momentum
        deviation = layer.running_var.sqrt()
        layer.running_mean += 0.2 * deviation * torch.randn_like(deviation)
        layer.running_var *= torch.empty_like(deviation).uniform_(0.6, 1.6)


def main():
    directory, networks = chosen(__doc__, NETWORKS)
    for network in networks:
        save_missing(lambda: build(network), torch.zeros(network.input_shape),
                     lambda form: os.path.join(directory, file_name(network.name, form)))


if __name__ == "__main__":
    main()
