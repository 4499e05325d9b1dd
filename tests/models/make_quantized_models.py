"""Writes torchvision's quantized networks, calibrated with random pictures, as NAME.WEIGHTS.FORM.pt.

    make_quantized_models.py DIRECTORY [NAME]...        (all networks of quantized_table.py where none is named)

Files that exist already are left alone: the same seed gives the same weights.
"""

import os

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
from quantized_table import NETWORKS, WEIGHTS, file_name
from saving import chosen, save_missing

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


def main():
    directory, networks = chosen(__doc__, NETWORKS)
    torch.backends.quantized.engine = "qnnpack"
    for network in networks:
        for weights in WEIGHTS:
            save_missing(lambda: build(network, weights), torch.zeros(network.input_shape),
                         lambda form: os.path.join(directory, file_name(network.name, weights, form)))


if __name__ == "__main__":
    main()
