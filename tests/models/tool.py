"""The command `passerelle` as the whole-model tests use it, and what they ask of a converted file. Standard library only."""

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

SKIPPED = 77  # the exit status that CTest takes for a skipped test


class Tool:
    """Failures end the test with the command and what it said."""

    def __init__(self, command):
        self.command = command
        self.folder = tempfile.TemporaryDirectory(prefix="passerelle-models-")

    def path(self, name):
        return str(Path(self.folder.name) / name)

    def run(self, *arguments):
        print("+", self.command, *arguments, flush=True)
        return self.run_quietly(*arguments)

    def run_quietly(self, *arguments):
        command = [self.command, *map(str, arguments)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            fail(f"exit status {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
        return done.stdout

    def facts(self, file, *arguments):
        return json.loads(self.run("inspect", file, *arguments, "--format", "json"))

    def convert(self, model, name, *arguments):
        file = self.path(name)
        self.run("convert", model, "-o", file, *arguments)
        return Converted(file, self.facts(file))


class Converted:
    """A .nnapi file and what inspect says of it."""

    def __init__(self, file, facts):
        self.file = file
        self.facts = facts
        self.operations = [operation["name"] for operation in facts["operations"]]
        self.transposes = self.operations.count("TRANSPOSE")

    def image_ports(self):
        """Inputs and outputs of rank 4 that lie as PyTorch has them."""
        ports = self.facts["inputs"] + self.facts["outputs"]
        return [port for port in ports if len(port["shape"]) == 4 and port["layout"] == "as-pytorch"]

    def require_transposes(self, most):
        if self.transposes > most:
            fail(f"{self.file}: {self.transposes} operations are TRANSPOSE, at most {most} may be")

    def require_operations(self, most):
        if len(self.operations) > most:
            fail(f"{self.file}: {len(self.operations)} operations, at most {most} may be")

    def require_work(self, model_facts):
        """As many multiplications as the model has: a few per cent less where a first step meets an empty state."""
        of_model, of_file = model_facts["multiply_adds"], self.facts["multiply_adds"]
        if of_model == 0 or not 0.97 * of_model <= of_file <= of_model:
            fail(f"{self.file}: {of_file} multiply-adds, the model has {of_model}")

    def require_small(self):
        """At most the distinct constants' bytes x 1.01 + 48 KiB. Distinct by their bytes, not by what the file shares."""
        blob = Path(self.file).read_bytes()
        windows = self.facts["windows"]
        sizes = {}
        for operand in self.facts["operands"]:
            if operand["storage"] != "window":
                continue
            begin = windows[operand["window"]]["offset"] + operand["offset"]
            content = blob[begin : begin + operand["bytes"]]
            sizes[hashlib.sha256(content).digest()] = len(content)
        constants = sum(sizes.values())
        if constants == 0:
            fail(f"{self.file}: no constants in windows, which no network here can do without")
        most = constants * 1.01 + 48 * 1024
        if len(blob) > most:
            fail(f"{self.file}: {len(blob)} bytes for {constants} of distinct constants, at most {most:.0f} may be")


def fail(why):
    print("FAILED:", why)
    sys.exit(1)


def skip(why):
    print("skipped:", why)
    sys.exit(SKIPPED)
