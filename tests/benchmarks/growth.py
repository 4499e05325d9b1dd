#!/usr/bin/env python3
"""How the time of a command grows with the model:

    tests/benchmarks/growth.py [--build DIR] [--only WORD] [--largest N] [--rounds N] [--quick]

Chains of convolutions and activations, models of many inputs and of many constants, each twice as large as the one
before; seconds of the processor beyond those of a model of one operator, the least of all rounds. --quick is what CTest
runs: models four times as large as others, which may cost at most 2.3 x 2.3 times as much (exit status 1 beyond it).

Standard library and Debian's python3-torch.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

PYTHON = "/usr/bin/python3"
DOUBLE = 2.3  # what twice the work may cost


def save(path, build, source):
    import torch

    class Holder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            build(self)

    module = torch.jit.script(Holder().eval())
    module.define(source)
    module.save(str(path))


def make_pairs(path, count):
    import torch

    def build(model):
        for i in range(count):
            weight = torch.full((1, 1, 1, 1), 1 + i / count)
            model.register_parameter(f"w{i}", torch.nn.Parameter(weight, requires_grad=False))

    lines = "".join(f"    x = torch.relu(torch.conv2d(x, self.w{i}))\n" for i in range(count))
    save(path, build, f"def forward(self, x):\n{lines}    return x\n")


def make_inputs(path, count):
    names = ", ".join(f"x{i}" for i in range(count))
    lines = "".join(f"    y = y + x{i}\n" for i in range(1, count))
    save(path, lambda model: None, f"def forward(self, {names}):\n    y = x0\n{lines}    return y\n")


def make_constants(path, count):
    import torch

    def build(model):
        for i in range(count):
            model.register_buffer(f"b{i}", torch.full((2,), float(i)))

    lines = "".join(f"    x = x * self.b{i}\n" for i in range(count))
    save(path, build, f"def forward(self, x):\n{lines}    return x\n")


# What grows: how it is made, the inputs of one, the command, the sizes of --quick, the largest of the table.
ROWS = {
    "convert, conv+relu pairs": (make_pairs, lambda n: ["1x1x2x2"], "convert", (500, 2000), 16000),
    "convert, inputs": (make_inputs, lambda n: ["2"] * n, "convert", (500, 2000), 8000),
    "convert, constants": (make_constants, lambda n: ["2"], "convert", (1000, 4000), 8000),
    "check --format html, conv+relu pairs": (make_pairs, lambda n: ["1x1x2x2"], "html", (500, 2000), 4000),
}


class Growth:
    def __init__(self, passerelle, folder, rounds):
        self.passerelle, self.folder, self.rounds = passerelle, Path(folder), rounds

    def model(self, make, count):
        """Made in a process of its own, as the measured ones are not to begin with what it leaves behind."""
        path = self.folder / f"{make.__name__}{count}.pt"
        if not path.exists():
            call = f"import growth, sys; growth.{make.__name__}(sys.argv[1], int(sys.argv[2]))"
            subprocess.run([PYTHON, "-B", "-W", "ignore", "-c", call, str(path), str(count)], check=True,
                           cwd=Path(__file__).parent)
        return path

    def seconds(self, row, count):
        make, inputs, command, _, _ = ROWS[row]
        words = [str(self.passerelle), "check" if command == "html" else command, str(self.model(make, count))]
        words += [f"--input={shape}" for shape in inputs(count)]
        words += ["--format", "html"] if command == "html" else ["-o", str(self.folder / "out.nnapi")]
        times = []
        for _ in range(self.rounds):
            process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                sys.exit(f"{row} of {count}: status {process.returncode}")
            times.append(usage.ru_utime + usage.ru_stime)
        return min(times)

    def beyond_start(self, row, count):
        return max(self.seconds(row, count) - self.seconds(row, 1), 0.02)


def quick(growth, only):
    failed = False
    for row in ROWS:
        if only not in row:
            continue
        small, large = ROWS[row][3]
        one, four = growth.beyond_start(row, small), growth.beyond_start(row, large)
        failed |= four > DOUBLE * DOUBLE * one
        print(f"{row}: {one:.2f} s for {small}, {four:.2f} s for {large}, {four / one:.1f} times", flush=True)
    return 1 if failed else 0


def table(growth, only, largest):
    for row, (_, _, _, _, most) in ROWS.items():
        if only not in row:
            continue
        count, before = 500, None
        while count <= min(most, largest):
            time = growth.beyond_start(row, count)
            ratio = f"{time / before:6.2f}" if before else ""
            print(f"{row:<40} {count:>6} {time:8.2f} s {ratio}", flush=True)
            count, before = 2 * count, time
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=Path(__file__).resolve().parents[2] / "build" / "release", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--largest", default=16000, type=int)
    parser.add_argument("--rounds", default=3, type=int)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        growth = Growth(given.build / "bin" / "passerelle", folder, given.rounds)
        return quick(growth, given.only) if given.quick else table(growth, given.only, given.largest)


if __name__ == "__main__":
    sys.exit(main())
