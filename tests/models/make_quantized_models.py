"""Writes torchvision's quantized networks, calibrated with random pictures, as NAME.WEIGHTS.FORM.pt.

    make_quantized_models.py DIRECTORY [NAME]...        (all networks of quantized_table.py where none is named)

Files that exist already are left alone: the same seed gives the same weights.
"""

import argparse
import os
import warnings

import torch
import torchvision
from torch.ao.quantization import (
    HistogramObserver,
    QConfig,
    convert,
    default_per_channel_weight_observer,
    default_weight_observer,
    prepare,
)

from make_models import randomise_batch_norms
from quantized_table import FORMS, NETWORKS, WEIGHTS, file_name

SEED = 22


def build(network, weights):
    torch.manual_seed(SEED)
    arguments = {"weights": None, "quantize": False}
    if network.name in ("googlenet", "inception_v3"):
        arguments.update(init_weights=False, aux_logits=False)  # its sampler of truncated normals takes a minute
    model = getattr(torchvision.models.quantization, network.name)(**arguments).eval()
    pictures = torch.randn(2, *network.input_shape[1:])
    randomise_batch_norms(model, pictures)
    observer = {"per_tensor": default_weight_observer, "per_channel": default_per_channel_weight_observer}[weights]
    model.fuse_model(is_qat=False)
    model.qconfig = QConfig(activation=HistogramObserver.with_args(reduce_range=False), weight=observer)
    prepare(model, inplace=True)
    with torch.no_grad():
        model(pictures)
    return convert(model, inplace=True)


def save(model, form, network, path):
    if form == "traced":
        saved = torch.jit.trace(model, torch.zeros(network.input_shape), check_trace=False)
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
        parser.error("not in quantized_table.py: " + ", ".join(sorted(unknown)))
    torch.set_num_threads(1)
    torch.backends.quantized.engine = "qnnpack"
    warnings.filterwarnings("ignore")
    os.makedirs(arguments.directory, exist_ok=True)
    for name in arguments.names or known:
        for weights in WEIGHTS:
            paths = {form: os.path.join(arguments.directory, file_name(name, weights, form)) for form in FORMS}
            missing = [form for form, path in paths.items() if not os.path.exists(path)]
            if not missing:
                continue
            model = build(known[name], weights)
            for form in missing:
                save(model, form, known[name], paths[form])
                print(paths[form], flush=True)


if __name__ == "__main__":
    main()
