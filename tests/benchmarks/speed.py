#!/usr/bin/env python3
"""Ratios of speed, each measured in one run in which the two sides take turns:

    tests/benchmarks/speed.py [--build DIR] [--rounds N] [--only WORD] [--json FILE] [--quick]

Converting against PyTorch's own converter to NNAPI and against a bare LibTorch program that loads and freezes the model;
inferences on the host NNAPI against LibTorch's own, and against what PyTorch's converter made of the same model. The
whole takes some minutes. --quick is what CTest runs: one small network, and limits that leave room for a busy machine
(exit status 1 beyond them).

Times are of the processor (user and system, all threads), the least of all rounds; where several threads run, and in
brackets, wall-clock medians. Standard library only; models are made by Debian's python3-torch.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"
SHAPE = "1x3x224x224"
ROOM = 1.6  # how much more than its goal a ratio may be with --quick


class Results:
    def __init__(self):
        self.rows = []

    def add(self, what, unit, ours, other, goal, walls=None):
        ratio = ours / other
        row = {"what": what, "unit": unit, "ours": ours, "other": other, "ratio": ratio, "goal": goal}
        text = f"{what:<66} {ours:9.2f} {other:9.2f} {unit:<3} {ratio:6.2f}  goal {goal}"
        if walls:
            row["wall_ratio"] = walls[0] / walls[1]
            text += f"  (wall {row['wall_ratio']:.2f})"
        self.rows.append(row)
        print(text, flush=True)

    def beyond(self, room):
        return [row for row in self.rows if row["ratio"] > room * row["goal"]]


def measured(command):
    """Wall-clock seconds, the processor's seconds and MiB resident of a process that has to succeed."""
    begin = time.monotonic()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    complaint = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {complaint.decode()[-500:]}")
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


class Bench:
    def __init__(self, options):
        self.bin = Path(options.build) / "bin"
        self.library = Path(options.build) / "lib" / "libneuralnetworks.so"
        self.folder = Path(options.build) / "benchmark-models"
        self.options = options
        self.results = Results()

    def model(self, name):
        subprocess.run([PYTHON, "-B", HERE / "make_models.py", self.folder, name], check=True,
                       stderr=subprocess.DEVNULL)
        return self.folder / f"{name}.pt"

    def convert_command(self, model, output, *more):
        return [self.bin / "passerelle", "convert", model, "-q", "-o", output, "--min-api", "30", *more]

    def conversion(self, name):
        model, output = self.model(name), self.folder / f"{name}.made"
        sides = {
            "ours": self.convert_command(model, output, "--input", SHAPE),
            "load and freeze": [self.bin / "load_and_freeze", model],
            "PyTorch's converter": [PYTHON, "-B", HERE / "pytorch_converter.py", model, output],
        }
        runs = {}
        for _ in range(self.options.rounds):
            for side, command in list(sides.items()):
                try:
                    runs.setdefault(side, []).append(measured(command))
                except RuntimeError as error:
                    if side == "ours":
                        raise
                    print(f"{side} can't do {name}: {str(error).strip().splitlines()[-1][:120]}")
                    del sides[side]
        for side, time_goal, memory_goal in (("PyTorch's converter", 0.65, 1), ("load and freeze", 1.25, 1.1)):
            if side not in sides:
                continue
            (walls, seconds, memory), (other_walls, other_seconds, other_memory) = zip(*runs["ours"]), zip(*runs[side])
            self.results.add(f"convert {name} / {side}", "s", min(seconds), min(other_seconds), time_goal,
                             (statistics.median(walls), statistics.median(other_walls)))
            self.results.add(f"convert {name} / {side}, memory", "MiB", max(memory), max(other_memory), memory_goal)

    def inferences(self, name, threads, goals):
        """`goals`: of the other sides, by their names."""
        model = self.model(name)
        ours = self.folder / f"{name}.nnapi"
        measured(self.convert_command(model, ours, "--input", SHAPE + ":nhwc"))
        sides = [f"nnapi:{ours}"]
        for kind in goals:
            if kind == "module":
                made = self.folder / f"{name}.pytorch.pt"
                measured([PYTHON, "-B", HERE / "pytorch_converter.py", model, made])
            sides.append(f"{kind}:{made if kind == 'module' else model}")
        # Threads that wait sleep, rather than take the processor from those that work.
        environment = dict(os.environ, LD_LIBRARY_PATH=str(self.library.parent), OMP_WAIT_POLICY="passive")
        command = [self.bin / "inference_benchmark", self.library, threads, 10 * self.options.rounds, SHAPE, *sides]
        done = subprocess.run([str(part) for part in command], env=environment, check=True, capture_output=True)
        first, *others = json.loads(done.stdout)
        for (kind, goal), other in zip(goals.items(), others):
            against = {"libtorch": "LibTorch, optimised", "module": "PyTorch's converter's blob"}[kind]
            key = "lowest_cpu_seconds" if threads == 1 else "median_seconds"
            self.results.add(f"run {name}, {threads} thread{'s' * (threads > 1)} / {against}", "ms", 1e3 * first[key],
                             1e3 * other[key], goal, (first["median_seconds"], other["median_seconds"]))

    def jobs(self):
        if self.options.quick:
            yield "convert mobilenet_v2", lambda: self.conversion("mobilenet_v2")
            yield "run mobilenet_v2", lambda: self.inferences("mobilenet_v2", 1, {"libtorch": 1.2, "module": 0.8})
            yield "run mobilenet_v2_int8", lambda: self.inferences("mobilenet_v2_int8", 1, {"libtorch": 1.2})
            return
        for name in ("mobilenet_v2", "resnet50", "vit_b_16"):
            yield f"convert {name}", lambda name=name: self.conversion(name)
        for threads in (1, 2):
            for name, goals in (("mobilenet_v2", {"libtorch": 1.2, "module": 0.8}),
                                ("resnet50", {"libtorch": 1.2, "module": 1}),
                                ("mobilenet_v2_int8", {"libtorch": 1.2})):
                yield (f"run {name} {threads}",
                       lambda name=name, threads=threads, goals=goals: self.inferences(name, threads, goals))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=HERE.parents[1] / "build" / "release", help="the build's folder")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="what has this in its name: 'convert', 'resnet50'")
    parser.add_argument("--json", help="write the ratios there")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    bench = Bench(options)
    for name, job in bench.jobs():
        if options.only in name:
            job()
    if options.json:
        Path(options.json).write_text(json.dumps(bench.results.rows, indent=1) + "\n")
    beyond = bench.results.beyond(ROOM) if options.quick else []
    for row in beyond:
        print(f"FAILED: {row['what']}: {row['ratio']:.2f}, with {ROOM} times {row['goal']} allowed")
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main())
