#!/usr/bin/env python3
"""The command line as scripts and people use it: every option of every command with a misspelt value or given twice, help in all its
forms, and files that go to standard output or through a symbolic link.

    command_line_test.py --passerelle build/release/bin/passerelle --models DIR
"""

import argparse
import os
import pty
import re
import subprocess
import sys
import tempfile
import unittest

ARGUMENTS = None
USAGE, UNREADABLE, NNAPI, UNWRITABLE = 2, 3, 6, 7

WORDS = {  # a command line of each command that is right
    "convert": ["models/conv.pt", "-o", "out.nnapi", "--input", "1x3x8x8"],
    "check": ["models/conv.pt", "--input", "1x3x8x8"],
    "run": ["made.nnapi", "--input", "models/image.npy", "--output-dir", "out"],
    "verify": ["models/conv.pt", "made.nnapi"],
    "bench": ["made.nnapi", "--repetitions", "1", "--warm-up", "0"],
    "inspect": ["made.nnapi"],
    "ops": [],
}
NUMBER, WHOLE = "a number", "a whole number"
# Of each option with a value: misspelt ones, with what the sentence must say, and the status where it is not 2. An option that is not
# here fails the test.
MISSPELT = {
    "--format": [("jsno", "json")],
    "--threads": [("4x", "1 to 1024"), ("0", "1 to 1024"), ("four", "1 to 1024")],
    "--timeout": [("5s", "seconds"), ("-1", "seconds"), ("nan", "seconds")],
    "--memory-limit": [("4GB", "4G"), ("much", "4G")],
    "--input": [("1x3x8y8", "a shape"), ("1x3x8x8:f33", "unknown suffix"), ("int=x", "whole number"), ("floot=1", "no input|'floot'|a shape"),
                ("float=1.0", "is a tensor, and a Python number was given|takes FILE.npy")],
    "--min-api": [("29x", WHOLE), ("ten", WHOLE), ("26", "27"), ("99999999999", "too large")],
    "--feature-level": [("1.5", WHOLE), ("9", "1 to 8"), ("29", "--min-api")],
    "--output-layout": [("nchv", "nhwc or nchw"), ("x=nhwc", "counted from 0"), ("7=nhwc", "no output 7")],
    "--output": [("missing/out.nnapi", "No such file", UNWRITABLE), ("models", "a folder", UNWRITABLE)],
    "--fallback": [("cpuu", "there is cpu"), ("gpu", "there is cpu")],
    "--partition-cost": [("npuu", "NAME=VALUE"), ("call=x", "no such cost|a number of nanoseconds"), ("cal=1", "no such cost")],
    "--quantize": [("int4", "is not int8"), ("", "is not int8")],
    "--calibrate": [("nowhere", "nowhere", UNREADABLE)],
    "--evaluate": [("nowhere", "nowhere", UNREADABLE)],
    "--samples": [("0", "1 to 1000000"), ("many", "1 to 1000000")],
    "--calibration-method": [("mean", "is not mse")],
    "--activations": [("sgined", "is not unsigned or signed")],
    "--weights": [("per_channel", "is not per-channel or per-tensor")],
    "--keep-float": [("nowhere", "nowhere")],
    "--min-snr": [("20dB", NUMBER)],
    "--min-agreement": [("101", "0 to 100"), ("most", "0 to 100")],
    "--image-mean": [("0.5,0.5", "one number, or three"), ("x", "one number, or three")],
    "--image-std": [("0", "above 0")],
    "--image-size": [("0", "1 to 32768"), ("224x224", "1 to 32768")],
    "--image-order": [("brg", "is not rgb or bgr")],
    "--image-fit": [("fill", "is not crop or stretch")],
    "--allow": [("mode", "aten::mode"), ("aten::moed", "did you mean|no such operator"), ("aten::", "no such operator"), ("mode", "names are as in")],
    "--baseline": [("nowhere.json", "nowhere.json", UNREADABLE)],
    "--fail-on": [("transposes", "transpose, fp32-island"), ("min-api>x", "min-api>N"), ("min-api=29", "min-api>N")],
    "--source-root": [("nowhere", "no such folder")],
    "--list": [("nowhere.txt", "nowhere.txt", UNREADABLE)],
    "--reports": [("models/conv.pt", "cannot make the folder", UNWRITABLE)],
    "--output-dir": [("models/conv.pt", "cannot make the folder", UNWRITABLE)],
    "--nnapi": [("nowhere.so", "nowhere.so", NNAPI), ("models/conv.pt", "models/conv.pt", NNAPI)],
    "--rtol": [("1e-4x", NUMBER), ("-1", "negative"), ("nan", "negative|a number")],
    "--atol": [("much", NUMBER), ("-1", "negative")],
    "--steps": [("1.5", WHOLE), ("-1", "negative")],
    "--snr": [("15dB", NUMBER), ("inf", "decibels")],
    "--outputs": [("nowhere", "nowhere", UNREADABLE)],
    "--against": [("nowhere.pt", "nowhere.pt", UNREADABLE)],
    "--repetitions": [("many", WHOLE), ("0", "at least 1")],
    "--warm-up": [("1.5", WHOLE), ("-1", "at least 0")],
    "--device": [("nowhere", "nowhere", NNAPI)],
}
QUANTIZING = {"--calibrate", "--evaluate", "--samples", "--calibration-method", "--activations", "--weights", "--keep-float", "--min-snr",
              "--min-agreement", "--image-mean", "--image-std", "--image-size", "--image-order", "--image-fit"}
VALID = {"--format": "text", "--quantize": "int8", "--calibration-method": "mse", "--activations": "signed", "--weights": "per-tensor",
         "--image-order": "rgb", "--image-fit": "crop"}  # else "1" will do
INSTEAD = {"--output", "--output-dir", "--input", "--repetitions", "--warm-up"}  # stand in WORDS already


class CommandLine(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="passerelle-line-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        os.symlink(ARGUMENTS.models, self.at("models"))

    def at(self, name):
        return os.path.join(self.folder, name)

    def run_tool(self, *words, **more):
        more.setdefault("stdout", subprocess.PIPE)
        return subprocess.run([ARGUMENTS.passerelle, *words], cwd=self.folder, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                              timeout=300, **more)

    def make_file(self):
        done = self.run_tool("convert", "models/conv.pt", "-o", "made.nnapi", "--input", "1x3x8x8")
        self.assertEqual(done.returncode, 0, done.stderr)

    def options_of(self, command):
        """{name: whether it takes a value} of --help."""
        text = self.run_tool(command, "--help").stdout.decode().split("Options:")[1].split("Examples:")[0]
        return {name: bool(value) for name, value in re.findall(r"^  (?:-\w,)?(--[a-z0-9-]+)( \S+)?(?:  |$)", text, re.M)}

    def refused(self, command, words, what, status=USAGE):
        with self.subTest(line=" ".join([command, *words])):
            done = self.run_tool(command, *words)
            sentence = done.stderr.decode()
            self.assertEqual(done.returncode, status, sentence)
            self.assertRegex(sentence, what)
            self.assertTrue(sentence.startswith("passerelle: "), sentence)
            self.assertNotIn("bug", sentence)
            self.assertLessEqual(len(sentence.splitlines()), 2, sentence)
            self.assertEqual(b'"kind": "usage"' in done.stdout, "json" in words, done.stdout)

    def test_every_option_with_a_misspelt_value(self):
        self.make_file()
        for command, words in WORDS.items():
            options = self.options_of(command)
            self.assertIn("--format", options)
            for option, takes_value in options.items():
                if not takes_value:
                    continue
                self.assertIn(option, MISSPELT, f"{command} {option}: give this test a misspelt value")
                for value, what, *status in MISSPELT[option]:
                    line = list(words)
                    short = {"--output": "-o"}.get(option, option)
                    if option in INSTEAD and short in line:
                        del line[line.index(short):line.index(short) + 2]
                    if command == "verify" and option == "--outputs":
                        line += ["--input", "models/image.npy"]
                    if command == "bench" and option == "--input":
                        line += ["--against", "models/conv.pt"]
                    if command == "inspect" and option in ("--input", "--fallback", "--partition-cost"):
                        line = ["models/conv.pt", "--input", "1x3x8x8"][:1 if option == "--input" else 3]
                    if option in QUANTIZING:
                        line += ["--quantize", "int8"] + ([] if option == "--calibrate" else ["--calibrate", "models/image.npy"])
                    if option == "--partition-cost":
                        line += ["--fallback", "cpu"]
                    if command == "check" and option == "--list":
                        line = []
                    self.refused(command, [*line, option, value], what, *status)

    def test_every_option_misspelt_given_twice_or_without_its_value(self):
        self.make_file()
        repeated = {"--input", "--output-layout", "--allow", "--fail-on", "--partition-cost", "--keep-float"}
        for command, words in WORDS.items():
            for option, takes_value in self.options_of(command).items():
                wrong = option[:-1] + "qq"
                self.refused(command, [*words, wrong], f"there is no option {wrong}")
                if len(option) > 6:
                    self.refused(command, [*words, option[:-2] + option[-1]], f"did you mean {option}\\?")
                if takes_value and option not in repeated:
                    value = VALID.get(option, "1")
                    self.refused(command, [*words, option, value, option, value], f"{option} is given [23] times, and takes one value")
                if takes_value:
                    self.refused(command, [*words, option], f"{option} takes a value")
                    self.refused(command, [*words, option, ""], "its value is empty|is not |, not ''")

    def test_help_and_version_in_all_forms(self):
        plain = self.run_tool("--help").stdout
        self.assertEqual(self.run_tool("help").stdout, plain)
        self.assertEqual(self.run_tool("-h").stdout, plain)
        self.assertEqual(self.run_tool("help", "--help").stdout, plain)
        for command in WORDS:
            page = self.run_tool(command, "--help")
            self.assertEqual(page.returncode, 0)
            self.assertEqual(self.run_tool("help", command).stdout, page.stdout)
        self.refused("help", ["convrt"], "'convrt' is not a command.*did you mean convert\\?")
        self.refused("version", [], "did you mean --version\\?")
        self.refused("-v", ["convert", "models/conv.pt"], "-v stands before the command.*passerelle convert -v")
        self.refused("-x", [], "there is no option -x\nTry")
        self.refused("convrt", [], "'convrt' is not a command.*did you mean convert\\?")
        version = self.run_tool("--version").stdout
        self.assertRegex(version.decode(), r"^passerelle \d+\.\d+\.\d+ \(LibTorch \d+\.\d+\.\d+.*\)\n$")
        self.assertEqual(self.run_tool("-V").stdout, version)

    def test_libtorch_is_not_loaded_for_what_does_without(self):
        loaded = self.run_tool(env=dict(os.environ, LD_TRACE_LOADED_OBJECTS="1")).stdout.decode()
        self.assertIn("libstdc++", loaded)
        self.assertNotIn("torch", loaded)
        self.make_file()
        lines = [("--version",), ("--help",), ("ops",), ("inspect", "made.nnapi"), ("convert", "models/conv.pt", "--min-api", "ten")]
        for words, opens in [*((line, False) for line in lines), (("inspect", "models/conv.pt"), True)]:
            seen = self.run_tool(*words, env=dict(os.environ, LD_DEBUG="files", LD_DEBUG_OUTPUT=self.at("debug")))
            self.assertIn(seen.returncode, (0, USAGE))
            files = [name for name in os.listdir(self.folder) if name.startswith("debug.")]
            text = b""
            for name in files:
                with open(self.at(name), "rb") as file:
                    text += file.read()
                os.remove(self.at(name))
            self.assertEqual(b"libtorch_cpu" in text, opens, words)

    def test_a_file_for_standard_output(self):
        self.make_file()
        with open(self.at("made.nnapi"), "rb") as file:
            expected = file.read()
        line = ["convert", "models/conv.pt", "--input", "1x3x8x8", "-o"]
        for name in ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
            done = self.run_tool(*line, name)
            self.assertEqual((done.returncode, done.stdout == expected), (0, True), name)
            self.assertIn(b"runs from API", done.stderr)
            self.assertEqual(self.run_tool(*line, name, "-q").stderr, b"")
            with open(self.at("redirected.nnapi"), "wb") as out:
                self.assertEqual(self.run_tool(*line, name, stdout=out).returncode, 0)
            with open(self.at("redirected.nnapi"), "rb") as file:
                self.assertEqual(file.read(), expected)
            self.refused("convert", [*line[1:], name, "--format", "json"], "--format json")
            self.refused("convert", [*line[1:], name, "--fallback", "cpu"], "--fallback writes a file")
        self.assertEqual(sorted(os.listdir(self.folder)), ["made.nnapi", "models", "redirected.nnapi"])
        leader, follower = pty.openpty()
        done = self.run_tool(*line, "-", stdout=follower)
        self.assertEqual(done.returncode, USAGE)
        self.assertIn(b"terminal", done.stderr)
        os.close(leader)
        os.close(follower)
        with open("/dev/full", "wb") as full:
            self.assertEqual(self.run_tool(*line, "-", stdout=full).returncode, UNWRITABLE)

    def test_symbolic_links_are_written_through(self):
        os.mkdir(self.at("elsewhere"))
        os.symlink("elsewhere/target.nnapi", self.at("link.nnapi"))
        for _ in range(2):  # the target is missing, and then there
            self.assertEqual(self.run_tool("convert", "models/conv.pt", "--input", "1x3x8x8", "-o", "link.nnapi").returncode, 0)
            self.assertTrue(os.path.islink(self.at("link.nnapi")))
            self.assertTrue(os.path.isfile(self.at("elsewhere/target.nnapi")))

    def test_operators_that_may_be_allowed(self):
        line = ["check", "models/unsupported.pt", "--input", "1x3x8x8"]
        for name in ("aten::fft_fft2", "aten::mode", "aten::conv2d", "prim::If", "torchvision::nms", "mine::own"):
            self.assertIn(self.run_tool(*line, "--allow", name).returncode, (0, 4), name)
        self.refused("check", [*line[1:], "--allow", "aten::fft_ftt2"], "did you mean aten::fft_fft2\\?")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("passerelle", "models"):
        parser.add_argument("--" + name, required=True, type=os.path.abspath)
    ARGUMENTS, rest = parser.parse_known_args()
    if not os.path.isdir(ARGUMENTS.models):
        print(f"skipped: {ARGUMENTS.models} does not exist (make_models.py needs Python's torch)")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1] + rest)
