#!/usr/bin/env python3
"""A model under which LibTorch crashes: one sentence, status 3, and nothing left behind.

    worker_test.py --passerelle FILE
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ARGUMENTS = None
# Long enough at work on constants, which are computed while the model is traced, to be struck there. (Arguments on which
# LibTorch crashes by itself are told before it sees them, once they are known: no such model would crash for long.)
SLOW = """
import torch
class Slow(torch.nn.Module):
    def forward(self, x):
        a = torch.ones([2000, 2000])
        for i in range(100):
            a = torch.mm(a, a) * 0.0005
        return x + a.sum()
"""
AT_WORK = 3  # seconds of processor time after which it is in the loop


def make_model(path):
    import torch

    source = os.path.join(os.path.dirname(path), "slow.py")
    with open(source, "w") as file:
        file.write(SLOW)
    sys.path.insert(0, os.path.dirname(path))
    import slow

    torch.jit.script(slow.Slow()).save(path)


def first_child(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        children = file.read().split()
    return int(children[0]) if children else None


def processor_time(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Worker(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="passerelle-worker-")
        make_model(os.path.join(cls.folder.name, "model.pt"))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def struck(self, *arguments):
        """What comes of it when the process that believes the model gets SIGSEGV."""
        with subprocess.Popen([ARGUMENTS.passerelle, *arguments, "--threads", "1"], cwd=self.folder.name,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            believer = None
            while process.poll() is None and (believer is None or processor_time(believer) < AT_WORK):
                time.sleep(0.05)
                believer = process.pid if "--no-worker" in arguments else first_child(process.pid)
            if believer is not None and process.poll() is None:
                os.kill(believer, signal.SIGSEGV)
            stdout, stderr = process.communicate(timeout=300)
            return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)

    def convert(self, *options):
        return self.struck("convert", "model.pt", "-o", "model.nnapi", "--input", "8", *options)

    def test_a_crash_is_a_sentence_that_names_operator_line_and_signal(self):
        done = self.convert()
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for part in ("model.pt", "aten::m", "slow.py line 7", "Segmentation fault"):
            self.assertIn(part, done.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.folder.name, "model.nnapi")))

    def test_a_crash_is_a_document_for_scripts(self):
        done = self.struck("check", "model.pt", "--input", "8", "--format", "json")
        self.assertEqual(done.returncode, 3, done.stderr)
        error = json.loads(done.stdout)["error"]
        self.assertEqual(error["kind"], "unreadable")
        self.assertIn("aten::m", error["message"])

    def test_without_a_worker_the_process_itself_crashes(self):
        self.assertEqual(self.convert("--no-worker").returncode, -signal.SIGSEGV)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--passerelle", required=True)
    ARGUMENTS, rest = parser.parse_known_args()
    try:
        import torch  # noqa: F401
    except ImportError:
        print("skipped: this Python has no torch")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1] + rest)
