"""make_models.py FOLDER NAME...: models for the benchmarks, with random weights of a fixed seed; those that are there stay.

PyTorch's own converter to NNAPI knows no in-place operators, so there are none in them.
"""

import operator
import sys
from pathlib import Path

import torch
import torchvision

SHAPE = (1, 3, 224, 224)


def without_in_place(model):
    traced = torch.fx.symbolic_trace(model)
    for node in traced.graph.nodes:
        if node.target is operator.iadd:
            node.target = operator.add
    traced.recompile()
    for module in traced.modules():
        if hasattr(module, "inplace"):
            module.inplace = False
    return traced


def plain(name):
    model = getattr(torchvision.models, name)(weights=None).eval()
    return model if name.startswith("vit") else without_in_place(model)


def quantized():
    torch.backends.quantized.engine = "qnnpack"
    model = torchvision.models.quantization.mobilenet_v2(weights=None, quantize=False).eval()
    model.fuse_model(is_qat=False)
    model.qconfig = torch.ao.quantization.get_default_qconfig("qnnpack")
    torch.ao.quantization.prepare(model, inplace=True)
    model(torch.randn(SHAPE))
    return torch.ao.quantization.convert(model)


def make(name):
    torch.manual_seed(0)
    model = quantized() if name == "mobilenet_v2_int8" else plain(name)
    return torch.jit.trace(model, torch.randn(SHAPE), check_trace=False)


def main(folder, names):
    Path(folder).mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        for name in names:
            path = Path(folder) / f"{name}.pt"
            if not path.exists():
                make(name).save(str(path) + ".new")
                Path(str(path) + ".new").rename(path)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
