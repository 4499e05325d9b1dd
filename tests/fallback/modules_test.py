#!/usr/bin/env python3
"""Models with blockers: each is cut by `passerelle convert --fallback cpu`, loaded by PyTorch as .pt and as .ptl, run twice
through PyTorch's own NNAPI class on the host NNAPI, and compared with the model itself.

    modules_test.py --passerelle build/release/bin/passerelle --nnapi build/release/lib/libneuralnetworks.so
                    [--networks N] [CASE...]
"""

import argparse
import ctypes
import json
import os
import random
import subprocess
import sys
import tempfile
from typing import Dict, List, Optional, Tuple

try:
    import torch
    from torch.jit.mobile import _load_for_lite_interpreter
except ImportError:
    sys.exit(77)

nn = torch.nn
# Everything that may go to NNAPI does: these networks are small.
FREE = ["--partition-cost", "call=0", "--partition-cost", "border_byte=0", "--partition-cost", "permuted_byte=0",
        "--partition-cost", "cast_byte=0", "--partition-cost", "cpu_byte=1"]


def block(channels):
    return nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU())


class Middle(nn.Module):
    """A blocker between two parts, and a path around it."""

    def __init__(self):
        super().__init__()
        self.first, self.second = block(4), block(4)

    def forward(self, x):
        y = self.first(x)
        return self.second(torch.erfinv(torch.tanh(y) * 0.5)) + y


class InPlace(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = block(4)

    def forward(self, x):
        y = self.first(x)
        y[:, 0] = 1.0
        y.erfinv_().clamp_(-2, 2)
        y += x
        return torch.relu_(y)


class Structures(nn.Module):
    """Every way of handing over tensors and numbers."""

    def forward(self, x: Tuple[torch.Tensor, torch.Tensor], more: List[torch.Tensor], named: Dict[str, torch.Tensor],
                factor: int, scale: float = 0.5, mask: Optional[torch.Tensor] = None):
        total = x[0] * factor + x[1] * scale
        for tensor in more:
            total = total + tensor
        special = torch.erfinv(torch.tanh(total) * 0.9)
        if mask is not None:
            special = special * mask
        return {"sum": total, "special": special + named["bias"]}, [total * 2, special], None, (special.sum(), 3)


class Types(nn.Module):
    """int64, bool, double and a number without dimensions over the border."""

    def forward(self, x, index):
        special = torch.erfinv(torch.tanh(x) * 0.9)
        large = special > 0
        picked = torch.index_select(special, 1, torch.clamp(index, 0, 3) + 1)
        counted = (index * 2).to(torch.float64) + 0.5
        return large, torch.where(large, x, special), picked, torch.erfinv(counted * 0.1), (x * 2).mean()


class Spectrum(nn.Module):
    """A short-time Fourier transform in front."""

    def __init__(self):
        super().__init__()
        self.register_buffer("window", torch.hann_window(64))
        self.net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 3, padding=1))

    def forward(self, x):
        spectrum = torch.stft(x, 64, hop_length=32, window=self.window, return_complex=True)
        return self.net(torch.abs(spectrum).unsqueeze(1))


class Sorted(nn.Module):
    """Several results, one of them of integers, of an operator that stays."""

    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(16, 16)

    def forward(self, x):
        values, places = torch.mode(self.lin(x), 1, keepdim=True)
        parts = torch.chunk(torch.cummax(self.lin(x), 1)[0], 2, 1)
        return self.lin(x + values), places, torch.cat(parts, 0) * 2


class Deep(nn.Module):
    """Five dimensions, which NNAPI gets folded."""

    def forward(self, x):
        y = torch.erfinv(torch.tanh(x) * 0.9)
        return torch.relu(y + 1).transpose(0, 1), torch.sigmoid(y)


class Quantized(nn.Module):
    """Per tensor for NNAPI, an operator of LibTorch's in between."""

    def __init__(self):
        super().__init__()
        self.quant = torch.ao.quantization.QuantStub()
        self.first, self.second = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.dequant = torch.ao.quantization.DeQuantStub()

    def forward(self, x):
        y = self.dequant(self.first(self.quant(x)))
        z = torch.erfinv(torch.tanh(y) * 0.9)
        return self.dequant(self.second(self.quant(z)))


def quantized(per_channel):
    torch.manual_seed(3)
    model = Quantized().eval()
    observers = torch.ao.quantization
    weights = observers.default_per_channel_weight_observer if per_channel else observers.default_weight_observer
    model.qconfig = observers.QConfig(activation=observers.MinMaxObserver.with_args(reduce_range=False), weight=weights)
    prepared = observers.prepare(model)
    for _ in range(4):
        prepared(torch.randn(1, 3, 8, 8))
    return observers.convert(prepared)


def number(value):
    return torch.arange(value, dtype=torch.int64)


# Name: model, inputs, SPECs, how many parts at most and at least.
CASES = {
    "middle": (Middle, lambda: (torch.randn(1, 4, 8, 8),), ["1x4x8x8"], 2, 2),
    "in_place": (InPlace, lambda: (torch.rand(1, 4, 8, 8) * 0.5,), ["1x4x8x8"], 1, 3),
    "structures": (Structures, lambda: ((torch.randn(2, 3), torch.randn(2, 3)), [torch.randn(2, 3), torch.randn(2, 3)],
                                        {"bias": torch.randn(3)}, 3, 0.25, torch.rand(2, 3)),
                   ["x.0=2x3", "x.1=2x3", "more.0=2x3", "more.1=2x3", "named.bias=3", "factor=int=3",
                    "scale=float=0.25", "mask=2x3"], 1, 3),
    "types": (Types, lambda: (torch.randn(2, 5), number(4)), ["x=2x5", "index=4:i64"], 1, 4),
    "spectrum": (Spectrum, lambda: (torch.randn(1, 1024),), ["1x1024"], 1, 3),
    "sorted": (Sorted, lambda: (torch.randn(4, 16),), ["4x16"], 1, 3),
    "deep": (Deep, lambda: (torch.randn(2, 3, 4, 5, 6),), ["2x3x4x5x6"], 1, 2),
    "quantized": (lambda: quantized(False), lambda: (torch.randn(1, 3, 8, 8),), ["1x3x8x8"], 1, 4),
    "per_channel": (lambda: quantized(True), lambda: (torch.randn(1, 3, 8, 8),), ["1x3x8x8"], 0, 4),
}


class Random(nn.Module):
    """Operators drawn from a seed, on earlier results; about one in five is one that NNAPI can't have."""

    def __init__(self, seed):
        super().__init__()
        self.seed = seed
        self.convs = nn.ModuleList([nn.Conv2d(4, 4, 3, padding=1, groups=1 + 3 * (i % 2)) for i in range(4)])

    def forward(self, x):
        draw = random.Random(self.seed)
        squeezed = torch.tanh
        plain = [
            lambda a, b: squeezed(self.convs[draw.randrange(4)](a)), lambda a, b: torch.relu(a) - b * 0.5,
            lambda a, b: torch.sigmoid(a + b), lambda a, b: squeezed(a * b), lambda a, b: torch.softmax(a, 1) + b,
            lambda a, b: nn.functional.max_pool2d(a, 3, 1, 1) * 0.5, lambda a, b: a.transpose(2, 3).contiguous() + b * 0.1,
            lambda a, b: torch.cat([a, b], 1)[:, 2:6], lambda a, b: a - b.mean([2, 3], keepdim=True),
            lambda a, b: torch.where(a > b, a, b * 0.3), lambda a, b: a.reshape(1, 8, 32)[:, :, :].view(1, 4, 8, 8).clone(),
        ]
        blockers = [
            lambda a, b: torch.erfinv(squeezed(a) * 0.8), lambda a, b: torch.cummax(a, 3)[0],
            lambda a, b: squeezed(torch.logcumsumexp(a, 2) * 0.2), lambda a, b: torch.mode(a, 3, True)[0] + b,
        ]
        known = [x]
        for _ in range(draw.randint(3, 14)):
            a, b = known[-1 - draw.randrange(min(3, len(known)))], draw.choice(known)
            known.append(draw.choice(blockers if draw.random() < 0.2 else plain)(a, b))
        return tuple(known[-1 - draw.randrange(2):])


def run_network(seed, passerelle, folder):
    torch.manual_seed(seed)
    x = torch.randn(1, 4, 8, 8)
    path, output = os.path.join(folder, f"network{seed}.pt"), os.path.join(folder, f"network{seed}.out.pt")
    model = torch.jit.trace(Random(seed).eval(), x)
    model.save(path)
    # As cheap as can be, or as the costs have it.
    report = convert(passerelle, path, output, ["1x4x8x8"], ["--allow-all-cpu", *(FREE if seed % 3 else [])])
    with torch.no_grad():
        for i, (wanted, found) in enumerate(zip(flat(model(x)), flat(torch.jit.load(output)(x)))):
            what = difference(wanted, found)
            if what:
                raise Failure(f"network {seed}: output {i}: {what}")
    return len(report["fallback"]["parts"])


def flat(value):
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [tensor for element in value for tensor in flat(element)]
    return []


def difference(wanted, found):
    if wanted.shape != found.shape or wanted.dtype != found.dtype:
        return f"{found.dtype} {list(found.shape)} instead of {wanted.dtype} {list(wanted.shape)}"
    wanted, found = wanted.double(), found.double()
    if not torch.equal(wanted.isnan(), found.isnan()):
        return "not a number elsewhere"
    wanted, found = wanted.nan_to_num(0, 1e9, -1e9), found.nan_to_num(0, 1e9, -1e9)
    largest = max(wanted.abs().max().item(), 1e-3)
    off = (wanted - found).abs().max().item() / largest
    return "" if off <= 1e-4 else f"differs by {off:.1e} of its range"


class Failure(Exception):
    pass


def convert(passerelle, model, output, specs, more=()):
    command = [passerelle, "convert", model, "-o", output, "--fallback", "cpu", "--format", "json", *more]
    for spec in specs:
        command += ["--input", spec]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{' '.join(command)}\nends with {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)


def run_case(name, passerelle, folder):
    make, make_inputs, specs, least, most = CASES[name]
    torch.manual_seed(1)
    model = make().eval()
    path = os.path.join(folder, name + ".pt")
    script = torch.jit.script(model)
    script.save(path)
    parts = 0
    for ending in ["pt", "ptl"]:
        output = os.path.join(folder, f"{name}.out.{ending}")
        report = convert(passerelle, path, output, specs, ["--allow-all-cpu", *FREE])
        parts = len(report["fallback"]["parts"])
        if not least <= parts <= most:
            raise Failure(f"{parts} parts, and not {least} to {most}")
        module = torch.jit.load(output) if ending == "pt" else _load_for_lite_interpreter(output)
        for _ in range(2):
            inputs = make_inputs()
            with torch.no_grad():
                wanted, found = flat(script(*inputs)), flat(module(*inputs))
            if len(wanted) != len(found):
                raise Failure(f"{len(found)} outputs instead of {len(wanted)}")
            for i, (a, b) in enumerate(zip(wanted, found)):
                # Two integer arithmetics differ by a step here and there.
                loose = name in ("quantized", "per_channel")
                what = difference(a, b)
                if what and not (loose and (a - b).abs().max() <= 0.1 * a.abs().max()):
                    raise Failure(f"{ending}: output {i}: {what}")
    return parts


def check_guards(passerelle, folder):
    """What a module was converted for is what it must be called with."""
    path, output = os.path.join(folder, "guard.pt"), os.path.join(folder, "guard.out.pt")

    class Scaled(nn.Module):
        def forward(self, x, factor: int = 3):
            return torch.erfinv(torch.tanh(x * factor) * 0.9)

    torch.jit.script(Scaled()).save(path)
    convert(passerelle, path, output, ["2x3", "int=3"], FREE)
    module = torch.jit.load(output)
    module(torch.zeros(2, 3))  # the default value is still there
    for wrong in [(torch.zeros(3, 2),), (torch.zeros(2, 3, dtype=torch.float64),), (torch.zeros(2, 3), 4)]:
        try:
            module(*wrong)
        except Exception as exception:
            if "this module was converted for" not in str(exception):
                raise Failure(f"an unclear refusal: {exception}")
        else:
            raise Failure(f"{wrong} was taken")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--passerelle", required=True)
    parser.add_argument("--nnapi", required=True)
    parser.add_argument("--networks", type=int, default=30, metavar="N", help="random networks, besides the cases")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the first of them")
    parser.add_argument("cases", nargs="*", metavar="CASE")
    options = parser.parse_args()
    ctypes.CDLL(options.nnapi)
    torch.backends.quantized.engine = "qnnpack"
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in options.cases or CASES:
            try:
                print(f"{name}: {run_case(name, options.passerelle, folder)} parts", flush=True)
            except Failure as failure:
                failed += 1
                print(f"{name}: {failure}", flush=True)
        if not options.cases:
            check_guards(options.passerelle, folder)
        parts = []
        for seed in range(options.seed, options.seed + (0 if options.cases else options.networks)):
            try:
                parts.append(run_network(seed, options.passerelle, folder))
            except Failure as failure:
                failed += 1
                print(failure, flush=True)
        print(f"{len(parts)} random networks agree; {sum(parts)} parts, at most {max(parts, default=0)} in one")
    sys.exit(failed)


if __name__ == "__main__":
    main()
