"""Saves the networks of release_networks.py with whichever PyTorch this Python has, and what it makes of some inputs.

    make_release_archives.py [--full] DIRECTORY [NAME]...

NAME.FORM.pt (or .ptl), and for all forms of it NAME.input0.npy, ..., NAME.output0.npy, ... What the tests read:

    tar -c -C DIRECTORY --sort=name --owner=0 --group=0 . | xz -9e > releases/VERSION.tar.xz

--full: those of full_networks.py too, some gigabytes. check_releases.py takes DIRECTORY itself.
"""

import os
import sys
import warnings

import numpy
import torch
import torch.ao.quantization.fx._decomposed  # noqa: F401  (registers its operators)

from release_networks import NETWORKS

SEED = 23


def randomise(model):
    """Norms are no identities, and dead weights are none."""
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(layer.running_mean, -0.2, 0.2)
            torch.nn.init.uniform_(layer.running_var, 0.6, 1.6)
        for name, parameter in layer.named_parameters(recurse=False):
            if "norm" in type(layer).__name__.lower():
                torch.nn.init.uniform_(parameter, 0.6, 1.4)


def traced(model, inputs):
    return torch.jit.trace(model, inputs, check_trace=False)


def exported(model, inputs):
    return traced(torch.export.export(model, inputs).module(), inputs)


def decomposed(model, inputs):
    return traced(torch.export.export(model, inputs).run_decompositions().module(), inputs)


FORMS = {
    "traced": traced,
    "scripted": lambda model, inputs: torch.jit.script(model),
    "frozen": lambda model, inputs: torch.jit.freeze(torch.jit.script(model)),
    "ptl": traced,
    "exported": exported,
    "decomposed": decomposed,
}


def save(module, path):
    if path.endswith(".ptl"):
        module._save_for_lite_interpreter(path)
    else:
        module.save(path)


def flat(results):
    return [results] if isinstance(results, torch.Tensor) else [each for result in results for each in flat(result)]


@torch.no_grad()
def make(network, directory):
    torch.manual_seed(SEED)
    model = network.model().eval()
    if not network.is_random:
        randomise(model)
    inputs = tuple(torch.randn(shape) for shape in network.inputs)
    path = os.path.join(directory, network.name)
    for kind, tensors in (("input", inputs), ("output", flat(model(*inputs)))):
        for i, tensor in enumerate(tensors):
            numpy.save(f"{path}.{kind}{i}.npy", tensor.contiguous().numpy())
    for form in network.forms:
        save(FORMS[form](model, inputs), f"{path}.ptl" if form == "ptl" else f"{path}.{form}.pt")


def full_networks():
    from full_networks import NETWORKS as networks  # which wants torchvision
    return networks


def main():
    full = sys.argv[1] == "--full"
    directory, *names = sys.argv[2:] if full else sys.argv[1:]
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    os.makedirs(directory, exist_ok=True)
    for network in full_networks() if full else NETWORKS:
        if not names or network.name in names:
            make(network, directory)


if __name__ == "__main__":
    main()
