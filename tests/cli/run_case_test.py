#!/usr/bin/env python3
"""The runner itself: what fits, what does not, and that a wrong expectation is noticed."""

import argparse
import os
import stat
import tempfile
import unittest

import run_case


class Fits(unittest.TestCase):
    def test_lines_are_compared_exactly(self):
        self.assertTrue(run_case.fits(["a", "b"], ["a", "b"]))
        self.assertFalse(run_case.fits(["a", "b"], ["a"]))
        self.assertFalse(run_case.fits(["a"], ["a", "b"]))
        self.assertFalse(run_case.fits(["a"], ["a "]))
        self.assertFalse(run_case.fits([], ["a"]))
        self.assertTrue(run_case.fits([], []))
        self.assertFalse(run_case.fits(["."], ["a"]))

    def test_wildcards(self):
        self.assertTrue(run_case.fits(["x {*} y"], ["x anything at all y"]))
        self.assertFalse(run_case.fits(["x {*} y"], ["x anything at all z"]))
        self.assertFalse(run_case.fits(["{*}"], ["one", "two"]))
        for number in ("0", "-1.5", "2.4e-07", "14,063,928"):
            self.assertTrue(run_case.fits(["n={#}"], ["n=" + number]))
        self.assertFalse(run_case.fits(["n={#}"], ["n=many"]))

    def test_any_number_of_lines(self):
        for between in ([], ["x"], ["x", "", "y"]):
            self.assertTrue(run_case.fits(["a", "{...}", "b"], ["a"] + between + ["b"]))
        self.assertFalse(run_case.fits(["a", "{...}", "b"], ["a", "x"]))

    def test_rewriting_keeps_lines_with_wildcards_that_still_fit(self):
        self.assertEqual(run_case.keep_patterns(["n={#}", "old"], ["n=5", "new"]), ["n={#}", "new"])
        self.assertEqual(run_case.keep_patterns(["{...}"], ["a", "b"]), ["{...}"])


class RunCase(unittest.TestCase):
    """With a command of three lines in the place of passerelle."""

    def complaints(self, text):
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, "passerelle")
            with open(program, "w") as file:
                file.write("#!/bin/sh\necho out\necho err >&2\necho > made\nexit 3\n")
            os.chmod(program, stat.S_IRWXU)
            path = os.path.join(folder, "case.txt")
            with open(path, "w") as file:
                file.write(text)
            arguments = argparse.Namespace(passerelle=program, models=folder, shared=None, rewrite=False)
            return run_case.run_case(run_case.Case(path), arguments)

    GOOD = "run: passerelle\nstatus: 3\nfiles: made\n--- stdout\nout\n--- stderr\nerr\n"

    def test_all_as_expected(self):
        self.assertEqual(self.complaints(self.GOOD), [])

    def test_each_difference_is_noticed(self):
        for old, new, said in [("status: 3", "status: 0", "exit status 3"), ("files: made\n", "", "left the files"),
                               ("files: made", "files: made more", "left the files"), ("\nout\n", "\nin\n", "stdout"),
                               ("--- stdout\nout\n", "", "stdout"), ("\nerr\n", "\nnone\n", "stderr")]:
            found = self.complaints(self.GOOD.replace(old, new))
            self.assertEqual(len(found), 1, found)
            self.assertIn(said, found[0])

    def test_a_setup_that_fails_is_noticed(self):
        self.assertIn("setup failed", self.complaints("setup: false\n" + self.GOOD)[0])

    def test_a_line_that_is_not_understood_is_refused(self):
        with self.assertRaises(ValueError):
            self.complaints("stat: 3\n" + self.GOOD)


if __name__ == "__main__":
    unittest.main()
