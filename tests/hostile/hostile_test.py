#!/usr/bin/env python3
"""Models that are made to do harm, by the thousand:

    tests/hostile/hostile_test.py PASSERELLE [--seed N] [--bodies N] [--archives N] [--jobs N] [--keep DIR]

Each is converted and checked in a fresh folder. Held are: a documented exit status other than 1, the same for both; a
sentence where it is not 0; no signal that reaches the user; nothing written but the output, and that only with status 0;
60 seconds of computing and 4 GiB. Ends with status 1 where anything is otherwise; --keep puts those models there.
"""

import argparse
import collections
import concurrent.futures
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import archives
import bodies

STATUSES = {0, 2, 3, 4, 8}
SECONDS, MEMORY, PATIENCE = 60, 4 << 30, 600


def run(passerelle, words, folder):
    """Exit status, what was said, seconds of computing, bytes of memory."""
    process = subprocess.Popen([passerelle, *words], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, start_new_session=True)
    watch = threading.Timer(PATIENCE, lambda: os.killpg(process.pid, signal.SIGKILL))
    watch.start()
    said = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    watch.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, said, usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10


def faults_of(passerelle, content):
    faults, ends = [], {}
    with tempfile.TemporaryDirectory() as outside, tempfile.TemporaryDirectory() as inside:
        path = Path(outside) / "model.pt"
        path.write_bytes(content)
        shape = ["--input", "1x4x8x8"]
        for name, words in (("convert", ["-o", "out.nnapi"]), ("check", [])):
            status, said, seconds, memory = run(passerelle, [name, str(path), *words, *shape], inside)
            ends[name] = status
            if status not in STATUSES:
                faults.append(f"{name} ends by {status}: {said[:300]}")
            if status not in (0, 4) and not said.startswith("passerelle: ") and "passerelle: " not in said:
                faults.append(f"{name} ends by {status} without a word: {said[:300]}")
            if seconds > SECONDS:
                faults.append(f"{name} computes for {seconds:.0f} s")
            if memory > MEMORY:
                faults.append(f"{name} takes {memory >> 20} MiB")
            crash = "crashed" in said
        written = sorted(os.listdir(inside))
        if written != (["out.nnapi"] if ends["convert"] == 0 else []) or os.listdir(outside) != ["model.pt"]:
            faults.append(f"there is {written} after status {ends['convert']}")
        if ends["convert"] != ends["check"]:
            faults.append(f"convert ends by {ends['convert']}, check by {ends['check']}")
    return faults, ("crash of LibTorch, told" if crash else str(ends["convert"]))


def models(seed, body_count, archive_count):
    source = random.Random(seed)
    body = bodies.Bodies(source)
    for i in range(body_count):
        lines = body.body()
        yield f"body{i}", archives.model(lines)
    made = archives.Archives(source, body)
    for i in range(archive_count):
        kind, content = made.make(i)
        yield f"archive{i}.{kind}", content


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("passerelle")
    parser.add_argument("--seed", default=1, type=int)
    parser.add_argument("--bodies", default=2000, type=int)
    parser.add_argument("--archives", default=500, type=int)
    parser.add_argument("--jobs", default=os.cpu_count(), type=int)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    passerelle = os.path.abspath(given.passerelle)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    failed, ends = 0, collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        waiting = [(name, content, pool.submit(faults_of, passerelle, content))
                   for name, content in models(given.seed, given.bodies, given.archives)]
        for name, content, result in waiting:
            faults, end = result.result()
            ends[end] += 1
            for fault in faults:
                print(f"{name}: {fault}", flush=True)
            failed += bool(faults)
            if faults and given.keep:
                given.keep.mkdir(parents=True, exist_ok=True)
                (given.keep / f"{name}.pt").write_bytes(content)
    print(f"{sum(ends.values())} models, {failed} of them not as they should be; statuses: {dict(ends)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
