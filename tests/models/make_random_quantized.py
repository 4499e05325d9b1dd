"""Writes random networks, quantized for each engine, as ENGINE.MODE.SEED.FORM.pt.

    make_random_quantized.py DIRECTORY FIRST_SEED COUNT        (so many for each engine and mode)

Files that exist already are left alone: the same seed gives the same network.
"""

import os
import sys
import warnings

import torch

from random_quantized import ENGINES, MODES, quantized_network


def is_scriptable(network):
    """Layers that FX leaves with the arithmetic spelt out (reference modules) are not."""
    return not any("reference" in type(layer).__module__ for layer in network.modules())


def save(network, path, form):
    if os.path.exists(path):
        return
    if form == "scripted":
        saved = torch.jit.script(network)
    else:
        saved = torch.jit.trace(network, torch.zeros(1, 3, 16, 16), check_trace=False)
    saved.save(path + ".part")
    os.replace(path + ".part", path)


def make(engine, mode, seed, directory):
    path = os.path.join(directory, f"{engine}.{mode}.{seed}.")
    network = quantized_network(seed, engine, mode)
    try:
        network(torch.zeros(1, 3, 16, 16))
    except RuntimeError as error:  # operands of different signs, where some layers have no signed form
        print(f"{path} is left out: PyTorch refuses it: {str(error).splitlines()[0]}", flush=True)
        return
    save(network, path + "traced.pt", "traced")
    if mode == "fx" and is_scriptable(network):
        save(network, path + "scripted.pt", "scripted")


def main():
    directory, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    # The engine that packs the weights: they are written unpacked. Debian's LibTorch has no FBGEMM.
    torch.backends.quantized.engine = "qnnpack"
    os.makedirs(directory, exist_ok=True)
    seed = first
    for engine in ENGINES:
        for mode in MODES:
            for _ in range(count):
                make(engine, mode, seed, directory)
                seed += 1


if __name__ == "__main__":
    main()
