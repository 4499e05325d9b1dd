#!/usr/bin/env python3
"""`passerelle check` of several models, and the CI script that is a thin use of it: lists as people write them (no newline at the
end, spaces, CRLF, quotes), equal names, what one bad model does to the others, and the reports.

    check_models_test.py --passerelle build/release/bin/passerelle --models DIR --script examples/ci/check-models.sh
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ARGUMENTS = None
UNSUPPORTED, USAGE, UNREADABLE = 4, 2, 3


class CheckModels(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="passerelle-check-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        for place in ("a", "b", "with space"):
            os.mkdir(self.at(place))
        self.put("conv.pt", "conv.pt")
        self.put("conv.pt", "a/net.pt")
        self.put("unsupported.pt", "b/net.pt")
        self.put("conv.pt", "with space/my net.pt")

    def at(self, name):
        return os.path.join(self.folder, name)

    def put(self, model, name):
        shutil.copy(os.path.join(ARGUMENTS.models, model), self.at(name))

    def write(self, name, text):
        with open(self.at(name), "w", encoding="utf-8", newline="") as file:
            file.write(text)

    def run_command(self, *words):
        environment = dict(os.environ, LC_ALL="C.UTF-8")
        environment["PATH"] = os.path.dirname(ARGUMENTS.passerelle) + ":" + environment["PATH"]
        return subprocess.run(words, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300)

    def check(self, *words):
        return self.run_command("passerelle", "check", *words)

    def checked(self, *words):
        done = self.check(*words, "--format", "json")
        document = json.loads(done.stdout)
        self.assertEqual(document["status"], done.returncode, done.stderr)
        return document

    def test_lists_as_people_write_them(self):
        line = "conv.pt --input 1x3x8x8"
        for text in (line, line + "\n", line + "\r\n", f"\ufeff# models\r\n\r\n  {line}\t\r\n", f"{line}  # a comment",
                     "'conv.pt' --input \"1x3x8x8\"", "--input 1x3x8x8 conv.pt"):
            self.write("models.txt", text)
            document = self.checked("--list", "models.txt")
            self.assertEqual([model["model"] for model in document["models"]], ["conv.pt"], repr(text))
            self.assertEqual(document["status"], 0, repr(text))
            self.assertTrue(document["passed"])

    def test_spaces_in_paths(self):
        for path in ("with space/my net.pt", "'with space/my net.pt'", "with\\ space/my\\ net.pt"):
            self.write("my models.txt", f"{path}   --input 1x3x8x8\r\nconv.pt --input 1x3x8x8")
            document = self.checked("--list", "my models.txt")
            self.assertEqual([model["model"] for model in document["models"]], ["with space/my net.pt", "conv.pt"], path)
            self.assertEqual(document["status"], 0)

    def test_the_worst_decides_and_none_stops_the_others(self):
        self.assertEqual(self.checked("a/net.pt", "conv.pt", "--input", "1x3x8x8")["status"], 0)
        self.assertEqual(self.checked("a/net.pt", "b/net.pt", "--input", "1x3x8x8")["status"], UNSUPPORTED)
        document = self.checked("b/net.pt", "missing.pt", "a/net.pt", "--input", "1x3x8x8")
        self.assertEqual(document["status"], UNREADABLE)
        self.assertEqual([model["status"] for model in document["models"]], [UNSUPPORTED, UNREADABLE, 0])
        self.assertEqual(document["models"][1]["error"]["kind"], "unreadable")
        self.assertFalse(document["passed"])
        done = self.check("b/net.pt", "missing.pt", "a/net.pt", "--input", "1x3x8x8")
        self.assertEqual(done.returncode, UNREADABLE)
        for words in ("missing.pt", "aten::fft_fft2", "2 of 3 models failed"):
            self.assertIn(words, done.stdout)

    def test_a_line_goes_before_the_command_line(self):
        self.write("models.txt", "conv.pt --min-api 27\na/net.pt --feature-level 4\nconv.pt --input 1x3x16x16")
        document = self.checked("--list", "models.txt", "--input", "1x3x8x8", "--min-api", "28")
        self.assertEqual([model["target_feature_level"] for model in document["models"]], [1, 4, 2])
        self.assertEqual(document["status"], 0)

    def test_lists_that_are_none(self):
        for text, what in (("conv.pt --inptu 1x3x8x8", "did you mean --input?"), ("", "lists no model"),
                           ("conv.pt 'x", "quote"), ("--input 1x3", "MODEL.pt"), ("conv.pt --min-api x", "whole number")):
            self.write("models.txt", text)
            done = self.check("--list", "models.txt")
            self.assertEqual(done.returncode, USAGE, text)
            self.assertIn("models.txt", done.stderr)
            self.assertIn(what, done.stderr)
        self.assertEqual(self.check("--list", "nowhere.txt").returncode, UNREADABLE)
        self.assertEqual(self.check("--list", "a").returncode, UNREADABLE)
        self.assertEqual(self.check().returncode, USAGE)
        for form in ("html", "dot"):
            done = self.check("conv.pt", "a/net.pt", "--input", "1x3x8x8", "--format", form)
            self.assertEqual(done.returncode, USAGE)
            self.assertIn("--reports", done.stderr)

    def test_sarif_has_a_category_for_each(self):
        done = self.check("a/net.pt", "b/net.pt", "a/net.pt", "missing.pt", "--input", "1x3x8x8", "--format", "sarif")
        runs = json.loads(done.stdout)["runs"]
        ids = [run["automationDetails"]["id"] for run in runs]
        self.assertEqual(ids, ["passerelle/a/net.pt/", "passerelle/b/net.pt/", "passerelle/a/net.pt-2/", "passerelle/missing.pt/"])
        self.assertGreater(len(runs[1]["results"]), 0)
        self.assertFalse(runs[3]["invocations"][0]["executionSuccessful"])

    def test_reports_do_not_collide(self):
        self.put("unsupported.pt", "b/other.pt")
        self.check("a/net.pt", "b/net.pt", "b/other.pt", "a/net.pt", "missing.pt", "--input", "1x3x8x8", "--reports", "x/reports")
        names = sorted(os.listdir(self.at("x/reports")))
        stems = ["a_net.pt", "a_net.pt-2", "b_net.pt", "other.pt"]
        expected = [stem + end for stem in stems for end in (".html", ".json", ".sarif")]
        self.assertEqual(names, sorted(expected + ["missing.pt.json", "missing.pt.sarif"]))
        with open(self.at("x/reports/b_net.pt.json"), encoding="utf-8") as file:
            self.assertEqual(json.load(file)["model"], "b/net.pt")
        with open(self.at("x/reports/b_net.pt.html"), encoding="utf-8") as file:
            self.assertIn("aten::fft_fft2", file.read())

    def test_baselines(self):
        document = self.check("b/net.pt", "--input", "1x3x8x8", "--format", "json").stdout
        self.write("b/net.pt.known.json", document)
        words = ("a/net.pt", "b/net.pt", "--input", "1x3x8x8")
        self.assertEqual(self.check(*words, "--baseline", "{}.known.json").returncode, 0)
        self.write("summary.json", self.check(*words, "--format", "json").stdout)
        self.assertEqual(self.check(*words, "--baseline", "summary.json").returncode, 0)
        self.assertEqual(self.check(*words, "conv.pt", "--baseline", "summary.json").returncode, 0)
        self.put("unsupported.pt", "conv.pt")  # new in a model that the summary does not know
        self.assertEqual(self.check(*words, "conv.pt", "--baseline", "summary.json").returncode, UNSUPPORTED)

    def test_script(self):
        self.write("models.txt", "with space/my net.pt --input 1x3x8x8\r\na/net.pt --input 1x3x8x8\r\nb/net.pt --input 1x3x8x8")
        done = self.run_command("bash", ARGUMENTS.script, "models.txt")
        self.assertEqual(done.returncode, UNSUPPORTED, done.stderr)
        self.assertIn("1 of 3 models failed", done.stdout)
        names = os.listdir(self.at("reports"))
        for stem in ("a_net.pt", "b_net.pt", "my net.pt"):
            self.assertTrue({stem + ".html", stem + ".sarif", stem + ".json"} <= set(names), names)
        shutil.copy(self.at("reports/b_net.pt.json"), self.at("b/net.pt.known.json"))
        self.assertEqual(self.run_command("bash", ARGUMENTS.script, "models.txt", "other reports").returncode, 0)
        self.assertTrue(os.path.exists(self.at("other reports/b_net.pt.sarif")))
        self.assertNotEqual(self.run_command("bash", ARGUMENTS.script).returncode, 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("passerelle", "models", "script"):
        parser.add_argument("--" + name, required=True, type=os.path.abspath)
    ARGUMENTS, rest = parser.parse_known_args()
    if not os.path.isdir(ARGUMENTS.models):
        print(f"skipped: {ARGUMENTS.models} does not exist (make_models.py needs Python's torch)")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1] + rest)
