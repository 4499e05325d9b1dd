#!/usr/bin/env python3
"""Output files appear whole or not at all, whatever happens on the way: signals, a full disk, a folder that can't be
written to, readers and other writers at the same time.

    whole_files_test.py --passerelle FILE --runner FILE --nnapi FILE --meddler FILE
"""

import argparse
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

OLD = b"what stood there before\n"
LARGE = ["convert", "large.pt", "--input", "1x256"]  # some 260 KB of weights
OTHER = ["convert", "other.pt", "--input", "1x256"]
TWO_OUTPUTS = ["convert", "two.pt", "--input", "1x256"]  # of 1 KB and of 256 KB
LONG_STOP, SHORT_STOP = 20000, 100  # milliseconds; the long one ends with the process
ARGUMENTS = None


def make_models(folder):
    import numpy
    import torch

    class TwoOutputs(torch.nn.Module):
        def forward(self, x):
            return x * 2, x.repeat(256, 1)

    torch.manual_seed(1)
    numpy.save(os.path.join(folder, "input.npy"), numpy.ones((1, 256), numpy.float32))
    torch.jit.script(TwoOutputs()).save(os.path.join(folder, "two.pt"))
    for name in ("large", "other"):
        model = torch.nn.Sequential(torch.nn.Linear(256, 256), torch.nn.ReLU()).eval()
        torch.jit.trace(model, torch.zeros(1, 256)).save(os.path.join(folder, name + ".pt"))


def as_nobody():
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)


class WholeFiles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.models = tempfile.TemporaryDirectory(prefix="passerelle-whole-")
        os.chmod(cls.models.name, 0o755)
        make_models(cls.models.name)
        cls.files = {}
        for command in (LARGE, OTHER, TWO_OUTPUTS):
            status, complaint = cls.finish(cls.start([*command, "-o", command[1] + ".nnapi"]))
            assert status == 0, complaint
            with open(os.path.join(cls.models.name, command[1] + ".nnapi"), "rb") as file:
                cls.files[command[1]] = file.read()

    @classmethod
    def tearDownClass(cls):
        cls.models.cleanup()

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="passerelle-whole-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        os.chmod(self.folder, 0o755)
        self.target = os.path.join(self.folder, "out.nnapi")
        self.put(OLD)

    def put(self, content):
        with open(self.target, "wb") as file:
            file.write(content)

    @classmethod
    def start(cls, arguments, stop=None, no_tmpfile=False, program=None, **more):
        environment = dict(os.environ, LC_ALL="C.UTF-8", ASAN_OPTIONS="verify_asan_link_order=0")
        if stop or no_tmpfile:
            environment["LD_PRELOAD"] = ARGUMENTS.meddler
        if stop:
            environment["MEDDLER_STOP"] = stop
        if no_tmpfile:
            environment["MEDDLER_NO_TMPFILE"] = "1"
        return subprocess.Popen([program or ARGUMENTS.passerelle, *arguments], cwd=cls.models.name, env=environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **more)

    def left(self, folder=None):
        """The folder's files: {name: content}."""
        found = {}
        for name in os.listdir(folder or self.folder):
            with open(os.path.join(folder or self.folder, name), "rb") as file:
                found[name] = file.read()
        return found

    @staticmethod
    def finish(process):
        complaint = process.communicate()[1].decode()
        return process.returncode, complaint

    def test_signals_end_a_conversion_without_a_trace(self):
        # Before the new file is there: the old one stays.
        points = [("pwrite:1", signal.SIGINT, False), ("fsync:1", signal.SIGTERM, False),
                  ("pwrite:2", signal.SIGTERM, True), ("fsync:1", signal.SIGHUP, True)]
        for where, number, no_tmpfile in points:
            with self.subTest(where=where, signal=number, no_tmpfile=no_tmpfile):
                self.put(OLD)
                process = self.start([*LARGE, "-o", self.target], f"{where}:{int(number)}:{LONG_STOP}", no_tmpfile)
                status, complaint = self.finish(process)
                self.assertEqual(status, -number, complaint)
                self.assertEqual(self.left(), {"out.nnapi": OLD})

    def test_signals_while_the_file_gets_its_name_wait_for_it(self):
        for where, no_tmpfile in (("linkat:2", False), ("rename:1", False), ("rename:1", True)):
            with self.subTest(where=where, no_tmpfile=no_tmpfile):
                self.put(OLD)
                process = self.start([*LARGE, "-o", self.target], f"{where}:{int(signal.SIGTERM)}:{SHORT_STOP}",
                                     no_tmpfile)
                status, complaint = self.finish(process)
                self.assertIn(status, (0, -signal.SIGTERM), complaint)
                self.assertEqual(self.left(), {"out.nnapi": self.files["large.pt"]})

    def run_arguments(self, file):
        return [file, "--input", "input.npy", "--output-dir", self.folder, "--nnapi", ARGUMENTS.nnapi]

    def test_signals_end_a_run_without_a_trace(self):
        os.rename(self.target, os.path.join(self.folder, "output0.npy"))
        for program, command in ((ARGUMENTS.passerelle, ["run"]), (ARGUMENTS.runner, [])):
            for where, no_tmpfile in (("fsync:1", False), ("fsync:1", True)):
                with self.subTest(program=program, where=where, no_tmpfile=no_tmpfile):
                    process = self.start([*command, *self.run_arguments("large.pt.nnapi")],
                                         f"{where}:{int(signal.SIGINT)}:{LONG_STOP}", no_tmpfile, program)
                    status, complaint = self.finish(process)
                    self.assertEqual(status, -signal.SIGINT, complaint)
                    self.assertEqual(self.left(), {"output0.npy": OLD})

    def test_a_run_writes_all_outputs_or_none(self):
        os.rename(self.target, os.path.join(self.folder, "output0.npy"))
        for program, command in ((ARGUMENTS.passerelle, ["run"]), (ARGUMENTS.runner, [])):
            with self.subTest(program=program):
                process = self.start([*command, *self.run_arguments("two.pt.nnapi")], program=program,
                                     preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16)))
                status, complaint = self.finish(process)
                self.assertEqual(status, 7, complaint)
                self.assertIn("output1.npy: File too large", complaint)
                self.assertEqual(self.left(), {"output0.npy": OLD})

    def test_a_signal_that_is_ignored_stays_so(self):
        process = self.start([*LARGE, "-o", self.target], f"fsync:1:{int(signal.SIGHUP)}:{SHORT_STOP}",
                             preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        status, complaint = self.finish(process)
        self.assertEqual(status, 0, complaint)
        self.assertEqual(self.left(), {"out.nnapi": self.files["large.pt"]})

    def test_a_file_that_may_not_grow_further_is_an_error(self):
        process = self.start([*LARGE, "-o", self.target],
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16)))
        status, complaint = self.finish(process)
        self.assertEqual(status, 7, complaint)
        self.assertIn("cannot write " + self.target + ": File too large", complaint)
        self.assertEqual(self.left(), {"out.nnapi": OLD})

    def test_a_full_disk_is_an_error(self):
        # A small file system of this process's own, where the kernel lets anybody have one.
        script = ('mount -t tmpfs -o size=128k passerelle-test "$1" && cp "$2" "$1/out.nnapi" && shift && shift && '
                  '{ "$@" ; echo "status $?" ; ls -A "$FOLDER" ; cat "$FOLDER/out.nnapi" ; }')
        before = os.path.join(self.models.name, "before")
        shutil.copy(self.target, before)
        command = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", self.folder, before,
                   ARGUMENTS.passerelle, *LARGE, "-o", self.target]
        try:
            done = subprocess.run(command, cwd=self.models.name, env=dict(os.environ, FOLDER=self.folder),
                                  capture_output=True, text=True)
        except FileNotFoundError:
            self.skipTest("there is no unshare")
        if "status" not in done.stdout:
            self.skipTest("no file system of one's own may be mounted here: " + done.stderr.strip())
        self.assertEqual(done.stdout, "status 7\nout.nnapi\n" + OLD.decode(), done.stderr)
        self.assertIn("cannot write " + self.target + ": No space left on device", done.stderr)

    def test_a_folder_that_cannot_be_written_to_is_an_error(self):
        is_root = os.geteuid() == 0
        os.chmod(self.folder, 0o555)
        try:
            process = self.start([*LARGE, "-o", self.target], preexec_fn=as_nobody if is_root else None)
        except (PermissionError, subprocess.SubprocessError) as error:
            self.skipTest(f"nobody may not run {ARGUMENTS.passerelle}: {error}")
        status, complaint = self.finish(process)
        os.chmod(self.folder, 0o755)
        self.assertEqual(status, 7, complaint)
        self.assertIn("cannot write " + self.target + ": Permission denied", complaint)
        self.assertEqual(self.left(), {"out.nnapi": OLD})

    def test_readers_and_other_writers_see_whole_files(self):
        seen, done = set(), threading.Event()

        def read():
            while not done.is_set():
                with open(self.target, "rb") as file:
                    seen.add(file.read())

        reader = threading.Thread(target=read)
        reader.start()
        # Three at a time write to one name: each is held up just before the file gets it.
        writers = [self.start([*command, "-o", self.target], f"fsync:1:0:{wait}", no_tmpfile)
                   for command, wait, no_tmpfile in ((LARGE, 300, False), (OTHER, 300, True), (LARGE, 200, True))]
        results = [self.finish(writer) for writer in writers]
        done.set()
        reader.join()
        self.assertEqual([status for status, _ in results], [0, 0, 0], results)
        self.assertEqual(seen - {OLD, *self.files.values()}, set())
        left = self.left()
        self.assertEqual(list(left), ["out.nnapi"])
        self.assertIn(left["out.nnapi"], self.files.values())


def main():
    global ARGUMENTS
    parser = argparse.ArgumentParser()
    for name in ("passerelle", "runner", "nnapi", "meddler"):
        parser.add_argument("--" + name, required=True, type=os.path.abspath)
    ARGUMENTS, rest = parser.parse_known_args()
    try:
        import torch  # noqa: F401
    except ImportError:
        print("skipped: Python's torch is not installed (apt-get install python3-torch)")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *rest])


main()
