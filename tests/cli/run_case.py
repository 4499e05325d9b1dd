#!/usr/bin/env python3
"""Runs command-line cases: text files that hold a command line and what is expected of it.

    # what the case shows
    setup: a shell command that makes ready what the case needs (any number of these)
    run: passerelle convert models/conv.pt -o conv.nnapi --input 1x3x8x8
    status: 0
    files: conv.nnapi
    --- stdout
    the expected lines
    --- stderr
    the expected lines

The command runs in an empty folder of its own, in which `models` leads to the models of make_models.py and `shared` to
the shared data; $PYTHON is this Python. `files` are all that it may leave behind. `needs: shared` skips a case where there
is no shared data.
A missing section means: nothing.

In expected lines {*} stands for any text within a line, {#} for a number; a line {...} for any number of lines.

    run_case.py --passerelle build/release/bin/passerelle --models DIR [--shared DIR] [--rewrite] CASE.txt...

PASSERELLE_SHARED in the environment goes before --shared.

--rewrite puts what happened into the files, keeping expected lines (with their wildcards) that fit. Read the difference
before you commit it: a rewritten expectation proves nothing by itself.
"""

import argparse
import difflib
import os
import re
import shlex
import subprocess
import sys
import tempfile

SKIPPED = 77  # CTest's SKIP_RETURN_CODE
TIMEOUT_SECONDS = 300
NUMBER = r"[-+]?[0-9][0-9,]*(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?"


class Case:
    def __init__(self, path):
        self.path = path
        self.header = []  # lines as they stand: comments, setup, run
        self.setup, self.run, self.needs = [], None, None
        self.status, self.files = 0, []
        self.expected = {"stdout": [], "stderr": []}
        section = None
        with open(path, encoding="utf-8") as file:
            for line in file.read().splitlines():
                if line.startswith("--- "):
                    section = self.expected[line[4:]]
                elif section is not None:
                    section.append(line)
                else:
                    self.read_header_line(line)
        if self.run is None:
            raise ValueError(f"{path}: no run: line")

    def read_header_line(self, line):
        key, _, value = line.partition(": ")
        if key == "status":
            self.status = int(value)
            return
        if key == "files":
            self.files = value.split()
            return
        if key == "setup":
            self.setup.append(value)
        elif key == "run":
            self.run = value
        elif key == "needs":
            self.needs = value
        elif line and not line.startswith("#"):
            raise ValueError(f"{self.path}: not understood: {line}")
        self.header.append(line)

    def write(self, status, files, output):
        lines = list(self.header)
        lines.append(f"status: {status}")
        if files:
            lines.append("files: " + " ".join(files))
        for name in ("stdout", "stderr"):
            if output[name]:
                lines.append("--- " + name)
                lines += keep_patterns(self.expected[name], output[name])
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")


def pattern_of(line):
    return re.escape(line).replace(re.escape("{*}"), ".*").replace(re.escape("{#}"), NUMBER)


def fits(expected, actual):
    """Whether the lines are as expected. A greedy walk with backtracking over {...} lines."""
    text = "\n".join(actual) + "\n" if actual else ""
    parts = [r"(?:.*\n)*?" if line.strip() == "{...}" else pattern_of(line) + "\n" for line in expected]
    return re.fullmatch("".join(parts), text) is not None


def keep_patterns(expected, actual):
    """The actual lines, but for those that an expected line with wildcards already describes."""
    if fits(expected, actual):
        return expected
    patterns = [line for line in expected if "{*}" in line or "{#}" in line]
    kept = []
    for line in actual:
        kept.append(next((p for p in patterns if re.fullmatch(pattern_of(p), line)), line))
    return kept


def files_in(folder):
    found = []
    for root, folders, names in os.walk(folder):
        found += [os.path.relpath(os.path.join(root, name), folder) for name in names + folders
                  if not (name in folders and os.listdir(os.path.join(root, name)))]
    return sorted(found)


def run_case(case, arguments):
    """Returns a list of complaints; empty where all is as expected."""
    with tempfile.TemporaryDirectory(prefix="passerelle-case-") as folder:
        os.symlink(os.path.abspath(arguments.models), os.path.join(folder, "models"))
        if arguments.shared:
            os.symlink(os.path.abspath(arguments.shared), os.path.join(folder, "shared"))
        environment = dict(os.environ, LC_ALL="C.UTF-8", PYTHONDONTWRITEBYTECODE="1")
        environment["PATH"] = os.path.dirname(os.path.abspath(arguments.passerelle)) + ":" + environment["PATH"]
        environment["PYTHON"] = sys.executable
        for command in case.setup:
            done = subprocess.run(["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True,
                                  timeout=TIMEOUT_SECONDS)
            if done.returncode != 0:
                return [f"setup failed with {done.returncode}: {command}\n{done.stdout}{done.stderr}"]
        before = files_in(folder)
        command = [word.replace("$PYTHON", sys.executable) for word in shlex.split(case.run)]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, stdin=subprocess.DEVNULL,
                              timeout=TIMEOUT_SECONDS)
        files = [name for name in files_in(folder) if name not in before]
        output = {"stdout": done.stdout.decode("utf-8").splitlines(), "stderr": done.stderr.decode("utf-8").splitlines()}

    complaints = []
    if done.returncode != case.status:
        complaints.append(f"exit status {done.returncode}, not {case.status}")
    if files != sorted(case.files):
        complaints.append(f"left the files {files}, not {sorted(case.files)}")
    for name, actual in output.items():
        if not fits(case.expected[name], actual):
            difference = difflib.unified_diff(case.expected[name], actual, "expected " + name, "actual " + name, lineterm="")
            complaints.append("\n".join(difference))
    if complaints and arguments.rewrite:
        case.write(done.returncode, files, output)
        print(f"{case.path}: rewritten")
        return []
    return complaints


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passerelle", required=True)
    parser.add_argument("--models", required=True)
    parser.add_argument("--shared")
    parser.add_argument("--rewrite", action="store_true")
    parser.add_argument("cases", nargs="+")
    arguments = parser.parse_args()
    arguments.shared = os.environ.get("PASSERELLE_SHARED", arguments.shared)
    if arguments.shared and not os.path.isdir(arguments.shared):
        arguments.shared = None
    failed, skipped = 0, 0
    for path in arguments.cases:
        case = Case(path)
        if case.needs == "shared" and not arguments.shared:
            print(f"{path}: skipped: there is no shared data (set PASSERELLE_SHARED)")
            skipped += 1
            continue
        if not os.path.isdir(arguments.models):
            print(f"{path}: skipped: {arguments.models} does not exist (make_models.py needs Python's torch)")
            skipped += 1
            continue
        complaints = run_case(case, arguments)
        for complaint in complaints:
            print(f"{path}: {complaint}")
        failed += bool(complaints)
    if failed:
        return 1
    return SKIPPED if skipped == len(arguments.cases) else 0


if __name__ == "__main__":
    sys.exit(main())
