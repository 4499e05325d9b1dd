"""Writes torchvision networks with random weights as NAME.traced.pt and NAME.scripted.pt.

    make_models.py DIRECTORY [NAME]...        (all networks of model_table.py where none is named)

Files that exist already are left alone: the same seed gives the same weights.
"""

import argparse
import os
import warnings

import torch
import torchvision

from model_table import FORMS, NETWORKS, file_name

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


def save(model, form, network, path):
    if form == "traced":
        # strict=False: the segmentation networks return a dictionary.
        saved = torch.jit.trace(model, torch.zeros(network.input_shape), strict=False, check_trace=False)
    else:
        saved = torch.jit.script(model)
    saved.save(path + ".part")
    os.replace(path + ".part", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    known = {network.name: network for network in NETWORKS}
    unknown = set(arguments.names) - set(known)
    if unknown:
        parser.error("not in model_table.py: " + ", ".join(sorted(unknown)))
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    os.makedirs(arguments.directory, exist_ok=True)
    for name in arguments.names or known:
        paths = {form: os.path.join(arguments.directory, file_name(name, form)) for form in FORMS}
        missing = [form for form, path in paths.items() if not os.path.exists(path)]
        if not missing:
            continue
        model = build(known[name])
        for form in missing:
            save(model, form, known[name], paths[form])
            print(paths[form], flush=True)


if __name__ == "__main__":
    main()
