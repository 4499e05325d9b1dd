#!/usr/bin/env python3
"""A network of as many bytes of weights as wanted goes through convert, run and verify: the file's windows, the numbers,
and the memory that convert takes beside a program that only loads and freezes the model.

    check_big_model.py PASSERELLE LOAD_AND_FREEZE WIDTH LAYERS

A layer has WIDTH x WIDTH weights. The first stands behind a flattened image, so its weights are reordered on their way.
"""

import os
import subprocess
import sys

try:
    import numpy
    import torch
except ImportError:
    print("skipped: Python's torch is not installed (apt-get install python3-torch)")
    sys.exit(77)

from tool import Tool, fail

INPUT = (1, 3, 32, 32)
MOST_MEMORY = 1.1  # times that of load_and_freeze
LARGEST_WINDOW = 1 << 30
LARGEST_VERIFIED = 1 << 32  # three times as much memory: LibTorch's weights, the file's pages, those that are packed


class Network(torch.nn.Module):
    def __init__(self, width, layers):
        super().__init__()
        pixels = INPUT[2] * INPUT[3]
        self.conv = torch.nn.Conv2d(INPUT[1], width // pixels, 3, padding=1)
        self.layers = torch.nn.ModuleList(torch.nn.Linear(width, width) for _ in range(layers))

    def forward(self, x):
        y = torch.relu(self.conv(x)).flatten(1)
        for layer in self.layers:
            y = torch.relu(layer(y))
        return y


def make(width, layers, tool):
    """In a process of its own, which takes its memory with it."""
    child = os.fork()
    if child == 0:
        torch.manual_seed(0)
        model, x = Network(width, layers).eval(), torch.randn(INPUT)
        with torch.no_grad():
            numpy.save(tool.path("expected.npy"), model(x).numpy())
        numpy.save(tool.path("x.npy"), x.numpy())
        torch.jit.script(model).save(tool.path("big.pt"))
        os._exit(0)
    if os.waitpid(child, 0)[1] != 0:
        fail("the model could not be made")


def peak_memory(*command):
    """The most memory, in MiB, that the command had at a time."""
    print("+", *command, flush=True)
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        fail(f"exit status {status}")
    return usage.ru_maxrss / 1024


def main(command, load_and_freeze, width, layers):
    tool = Tool(command)
    make(width, layers, tool)
    model, file = tool.path("big.pt"), tool.path("big.nnapi")

    bare = peak_memory(load_and_freeze, model)
    ours = peak_memory(command, "convert", model, "-o", file, "--input", "x".join(map(str, INPUT)) + ":nhwc")
    size = os.path.getsize(file)
    print(f"{size / 2**20:.0f} MiB in the file; LibTorch alone {bare:.0f} MiB of memory, convert {ours:.0f} MiB, "
          f"{ours / bare:.3f} times as much")
    if ours > MOST_MEMORY * bare:
        fail(f"at most {MOST_MEMORY} times as much was to be taken")

    facts = tool.facts(file)
    if len(facts["windows"]) < size / LARGEST_WINDOW:
        fail(f"{len(facts['windows'])} windows for {size} bytes")
    # The file has an image as NNAPI likes it; .npy files are in PyTorch's order all the same.
    print("running takes", round(peak_memory(command, "run", file, "--input", tool.path("x.npy"), "--output-dir",
                                             tool.path("out"))), "MiB of memory, the file's own pages included")
    found, expected = numpy.load(tool.path("out/output0.npy")), numpy.load(tool.path("expected.npy"))
    error = numpy.abs(found - expected).max() / numpy.ptp(expected)
    print(f"largest difference {error:.3g} of the output's range")
    if not error < 1e-4:
        fail("the outputs differ from PyTorch's")
    if size < LARGEST_VERIFIED:
        print("verifying takes", round(peak_memory(command, "verify", model, file)), "MiB of memory")


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
