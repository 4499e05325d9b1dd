#!/usr/bin/env python3
"""A model that makes LibTorch crash: one sentence, status 3, and nothing left behind.

    worker_test.py --passerelle FILE
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

ARGUMENTS = None
# LibTorch 1.13 to 2.14 look numbers up where such permutations send them, and check none.
CRASHING = """
import torch
class Crashing(torch.nn.Module):
    def forward(self, x):
        places = torch.full([8], 1 << 44)
        rows = torch.arange(8) * 1.0
        return x + torch.searchsorted(rows, torch.ones([8]), sorter=places)
"""


def make_model(path):
    import torch

    source = os.path.join(os.path.dirname(path), "crashing.py")
    with open(source, "w") as file:
        file.write(CRASHING)
    sys.path.insert(0, os.path.dirname(path))
    import crashing

    torch.jit.script(crashing.Crashing()).save(path)


class Worker(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="passerelle-worker-")
        make_model(os.path.join(cls.folder.name, "model.pt"))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def passerelle(self, *arguments):
        return subprocess.run([ARGUMENTS.passerelle, *arguments], cwd=self.folder.name, capture_output=True, text=True,
                              timeout=300)

    def convert(self, *options):
        return self.passerelle("convert", "model.pt", "-o", "model.nnapi", "--input", "8", *options)

    def test_a_crash_is_a_sentence_that_names_operator_line_and_signal(self):
        done = self.convert()
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for part in ("model.pt", "aten::searchsorted", "crashing.py line 7", "Segmentation fault"):
            self.assertIn(part, done.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.folder.name, "model.nnapi")))

    def test_a_crash_is_a_document_for_scripts(self):
        done = self.passerelle("check", "model.pt", "--input", "8", "--format", "json")
        self.assertEqual(done.returncode, 3, done.stderr)
        error = json.loads(done.stdout)["error"]
        self.assertEqual(error["kind"], "unreadable")
        self.assertIn("aten::searchsorted", error["message"])

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
