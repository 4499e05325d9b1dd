#!/usr/bin/env python3
"""Makes the small models of the command-line cases, with the same weights every time: make_models.py FOLDER."""

import os
import shutil
import struct
import sys
import zipfile

try:
    import torch
    import torch.utils.bundled_inputs
except ImportError:
    print("skipped: Python's torch is not installed (apt-get install python3-torch)")
    sys.exit(77)

SEED = 20240


class Convolution(torch.nn.Module):
    """1x3x8x8 → 1x4x4x4."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3, padding=1)
        self.pool = torch.nn.MaxPool2d(2)

    def forward(self, x):
        return self.pool(torch.relu(self.conv(x)))


class TwoInputs(torch.nn.Module):
    def forward(self, left, right):
        return left + right, left * 2


class WithNumber(torch.nn.Module):
    def forward(self, x, times: int, by: float, negate: bool):
        y = x
        for _ in range(times):
            y = y * by
        if negate:
            y = -y
        return y


class Integers(torch.nn.Module):
    def forward(self, x):
        return x + x


class Grid(torch.nn.Module):
    """Two operators that NNAPI can't express, one of them in two places."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 3, 1)

    def forward(self, x):
        y = torch.fft.fft2(self.conv(x)).real
        z, _ = torch.mode(y, dim=3)
        z2, _ = torch.mode(z, dim=2)
        return z2


class Stack(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = Grid()
        self.relu = torch.nn.ReLU()

    def forward(self, x):
        return self.relu(self.first(x))


class Branch(torch.nn.Module):
    def forward(self, x):
        if bool(x.sum() > 0):
            return x * 2
        return x - 1


class Largest(torch.nn.Module):
    """Needs API 29."""

    def forward(self, x):
        return torch.topk(x, 2, dim=3)[0]


class NotFinite(torch.nn.Module):
    def forward(self, x):
        return torch.log(-x * x - 1), torch.sqrt(x)


class Encoder(torch.nn.Module):
    """Traced with a padding mask, it goes through nested tensors."""

    def __init__(self):
        super().__init__()
        layer = torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.encoder = torch.nn.TransformerEncoder(layer, 1)

    def forward(self, x, padding):
        return self.encoder(x, src_key_padding_mask=padding)


def save(model, name, folder):
    torch.jit.save(model, os.path.join(folder, name))


def rewritten(source, target, change):
    """A copy of an archive in which change(name, bytes) made the entries."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, change(entry.filename, old.read(entry)))


def flip_bit(source, target, part):
    """A copy of an archive with one bit changed, in the middle of the largest entry whose name holds `part`."""
    data = bytearray(open(source, "rb").read())
    with zipfile.ZipFile(source) as archive:
        entry = max((e for e in archive.infolist() if part in e.filename), key=lambda e: e.compress_size)
    name_size, extra_size = struct.unpack_from("<HH", data, entry.header_offset + 26)
    data[entry.header_offset + 30 + name_size + extra_size + entry.compress_size // 2] ^= 0x10
    with open(target, "wb") as file:
        file.write(data)


def main():
    folder = sys.argv[1]
    making = folder + ".making"
    shutil.rmtree(making, ignore_errors=True)
    os.makedirs(making)
    at = lambda name: os.path.join(making, name)

    torch.manual_seed(SEED)
    convolution = Convolution().eval()
    save(torch.jit.script(convolution), "conv.pt", making)
    save(torch.jit.trace(convolution, torch.rand(1, 3, 8, 8)), "conv.traced.pt", making)
    save(torch.jit.script(Convolution().eval()), "conv.other.pt", making)  # other weights
    save(torch.jit.script(TwoInputs()), "two.pt", making)
    save(torch.jit.script(WithNumber()), "number.pt", making)
    save(torch.jit.script(Integers()), "integers.pt", making)
    save(torch.jit.trace(Stack().eval(), torch.rand(1, 3, 8, 8)), "unsupported.pt", making)
    save(torch.jit.script(Branch()), "branch.pt", making)
    save(torch.jit.script(Largest()), "largest.pt", making)
    from blockers import Blockers  # here, so that the lines above stay where reports have them

    blockers = Blockers().eval()
    save(torch.jit.script(blockers), "blockers.pt", making)
    save(torch.jit.trace(blockers, torch.rand(1, 3, 16, 16), check_trace=False), "blockers.traced.pt", making)
    shutil.copy("blockers.py", making)
    from settling_model import Settling, Strict

    save(torch.jit.script(Settling()), "settling.pt", making)
    save(torch.jit.script(Strict()), "strict.pt", making)
    from deep_model import Deep
    from quantized_model import Quantized, Scores

    torch.backends.quantized.engine = "qnnpack"
    save(torch.jit.script(Quantized().eval()), "quantized.pt", making)
    save(torch.jit.script(Scores().eval()), "scores.pt", making)
    example = torch.utils.bundled_inputs.bundle_large_tensor(torch.linspace(-1, 1, 192).reshape(1, 3, 8, 8))
    bundled = torch.utils.bundled_inputs.bundle_inputs(
        torch.jit.script(convolution), [(example,)])
    save(bundled, "bundled.pt", making)
    padding = torch.tensor([[False, False, False, True]])
    with torch.no_grad():
        save(torch.jit.trace(Encoder().eval(), (torch.rand(1, 4, 8), padding)), "encoder.traced.pt", making)

    save(torch.jit.script(torch.nn.Embedding(4, 2)), "words.pt", making)
    save(torch.jit.trace(Deep().eval(), torch.rand(1, 8, 112, 112)), "deep.pt", making)

    save(torch.jit.script(NotFinite()), "not_finite.pt", making)
    from called_model import Called, Dynamic, Nothing

    save(torch.jit.script(Called().eval()), "called.pt", making)
    save(torch.jit.script(Dynamic().eval()), "dynamic.pt", making)
    save(torch.jit.script(Nothing().eval()), "nothing.pt", making)
    save(torch.jit.script(torch.nn.Linear(4, 5).bfloat16().eval()), "bfloat16.pt", making)
    save(torch.jit.script(torch.nn.Linear(4, 5).half().eval()), "half.pt", making)

    # What people hand over that is no TorchScript model, or no longer one.
    torch.save(convolution.state_dict(), at("state_dict.pt"))
    torch.save(convolution, at("pickled.pt"))
    with open(at("model.onnx"), "wb") as file:  # how it begins; the exporter of PyTorch 2 wants a package of its own
        file.write(b"\x08\x07\x12\x07pytorch\x1a\x061.13.0:\xb5\x05" + bytes(693))
    with open(at("text.pt"), "w") as file:
        file.write("this is a text\n")
    open(at("empty.pt"), "w").close()
    data = open(at("conv.pt"), "rb").read()
    with open(at("truncated.pt"), "wb") as file:
        file.write(data[: len(data) // 2])
    rewritten(at("conv.pt"), at("newer.pt"), lambda name, text: b"999\n" if name.endswith("/version") else text)
    for name in ("code", "data"):
        flip_bit(at("conv.pt"), at(f"flipped_{name}.pt"), f"/{name}/")

    import numpy

    generator = numpy.random.default_rng(SEED)
    image = generator.standard_normal((1, 3, 8, 8)).astype(numpy.float32)
    numpy.save(at("image.npy"), image)
    numpy.save(at("double.npy"), image.astype(numpy.float64))
    numpy.save(at("small.npy"), image[:, :, :4, :4].copy())
    numpy.save(at("left.npy"), numpy.arange(4, dtype=numpy.float32).reshape(2, 2))
    numpy.save(at("right.npy"), 10 * numpy.ones((2, 2), numpy.float32))
    numpy.save(at("scores.npy"), numpy.array([[1, 2, 1.9]], numpy.float32))
    numpy.save(at("near_scores.npy"), numpy.array([[1, 1.92, 1.9]], numpy.float32))
    os.mkdir(at("other_scores"))  # what a run elsewhere might have given for both
    numpy.save(os.path.join(at("other_scores"), "output0.npy"), numpy.array([[1, 1.9, 1.96]], numpy.float32))
    numpy.save(at("integers.npy"), numpy.array([1, -2, 3], numpy.int64))
    numpy.save(at("large_integers.npy"), numpy.array([1, 2**40, 3], numpy.int64))

    shutil.rmtree(folder, ignore_errors=True)
    os.rename(making, folder)


if os.path.isabs(__file__):
    # Once more under its bare name, so that the models name it so in their source lines wherever the repository lies.
    sys.argv[1] = os.path.abspath(sys.argv[1])
    os.chdir(os.path.dirname(__file__))
    __file__ = os.path.basename(__file__)
    with open(__file__) as source:
        exec(compile(source.read(), __file__, "exec"))
else:
    main()
