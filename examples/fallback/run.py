"""Runs a module that `passerelle convert --fallback cpu` has written, with PyTorch alone, and compares it with its model.

    run.py MODEL.pt OUT.pt LIBNEURALNETWORKS.so SHAPE...

PyTorch's NNAPI class looks for libneuralnetworks.so by that name; on Android it is the system's. On a workstation the
host NNAPI is loaded before, by its path: then the class finds it. OUT.ptl runs in the lite interpreter.
"""

import ctypes
import sys

import torch
from torch.jit.mobile import _load_for_lite_interpreter

model_path, module_path, library, *shapes = sys.argv[1:]
ctypes.CDLL(library)
torch.manual_seed(0)
torch.backends.quantized.engine = "qnnpack"
inputs = [torch.randn([int(size) for size in shape.split("x")]) for shape in shapes]
load = _load_for_lite_interpreter if module_path.endswith(".ptl") else torch.jit.load
module = load(module_path)
with torch.no_grad():
    expected = torch.jit.load(model_path).eval()(*inputs)
    for call in range(2):  # the first compiles
        actual = module(*inputs)
pairs = zip(expected, actual) if isinstance(expected, (tuple, list)) else [(expected, actual)]
for number, (wanted, found) in enumerate(pairs):
    difference = float((wanted.float() - found.float()).abs().max() / wanted.float().abs().max().clamp(min=1e-30))
    print(f"output {number}: {list(found.shape)} {found.dtype}, differs by {difference:.1e} of its range")
    if not difference <= 1e-4:
        sys.exit("that is too much")
