#!/usr/bin/env python3
"""Opens the pages of reports in headless Chromium, at the widths of a desktop and a phone, light and dark, and exercises
their tables and graphs.

    page_test.py --passerelle build/release/bin/passerelle --models DIR [--keep DIR]

--keep leaves the pages and their screenshots there: look at them after a change of lib/report/html.
"""

import argparse
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
SCHEMES = {"light": 1, "dark": 0}  # blink's PreferredColorScheme


def browser():
    return next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)


def chromium(path, page, size, scheme, *words):
    command = [path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-extensions", "--no-first-run",
               "--hide-scrollbars", "--disable-background-networking", "--disable-component-update",
               f"--window-size={size[0]},{size[1]}", f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
               f"--user-data-dir={os.path.dirname(page)}/profile", *words, "file://" + page]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def report(arguments, *words):
    done = subprocess.run([arguments.passerelle, *words], cwd=arguments.models, capture_output=True, text=True, timeout=300)
    if done.returncode not in (0, 4, 5):
        raise AssertionError(f"{' '.join(words)}: {done.returncode}: {done.stderr}")
    return done.stdout


def run_page(arguments, path, folder, name, page, expected):
    """Returns complaints."""
    if re.search(r'(src|href)="(?!#|data:)', page) or "@import" in page or "url(" in page:
        return [f"{name}: it refers to something elsewhere"]
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "page_test.js"), encoding="utf-8") as file:
        driver = file.read()
    head = ("<script>window.errors = []; window.expected = " + json.dumps(expected) +
            "; window.addEventListener('error', (event) => window.errors.push(event.message));</script>")
    driven = page.replace("<body>", "<body>" + head, 1).replace("</body>", f"<script>{driver}</script></body>")
    for file_name, text in ((f"{name}.html", page), (f"{name}.driven.html", driven)):
        with open(os.path.join(folder, file_name), "w", encoding="utf-8") as file:
            file.write(text)
    complaints, backgrounds = [], {}
    for size_name, size in SIZES.items():
        for scheme in SCHEMES:
            at = f"{name}, {size_name}, {scheme}"
            done = chromium(path, os.path.join(folder, f"{name}.driven.html"), size, scheme, "--dump-dom")
            found = re.search(r'<pre id="test-result">(.*?)</pre>', done.stdout, re.S)
            if not found:
                complaints.append(f"{at}: the page did not come to its end: {done.stderr[-400:]}")
                continue
            result = json.loads(html.unescape(found[1]))
            complaints += [f"{at}: {failure}" for failure in result["failures"]]
            backgrounds[scheme] = result["background"]
            if arguments.keep:
                chromium(path, os.path.join(folder, f"{name}.html"), (size[0], 2600), scheme,
                         f"--screenshot={folder}/{name}.{size_name}.{scheme}.png")
    if len(set(backgrounds.values())) != len(SCHEMES):
        complaints.append(f"{name}: light and dark have one background: {backgrounds}")
    return complaints


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passerelle", required=True, type=os.path.abspath)
    parser.add_argument("--models", required=True, type=os.path.abspath)
    parser.add_argument("--keep", type=os.path.abspath)
    arguments = parser.parse_args()
    path = browser()
    if path is None:
        print("skipped: there is no Chromium (apt-get install chromium)")
        return 77
    if not os.path.isdir(arguments.models):
        print(f"skipped: {arguments.models} does not exist (make_models.py needs Python's torch)")
        return 77

    with tempfile.TemporaryDirectory(prefix="passerelle-page-") as temporary:
        folder = arguments.keep or temporary
        os.makedirs(folder, exist_ok=True)
        file = os.path.join(temporary, "conv.nnapi")
        pages = []
        spec = ["--input", "1x3x16x16"]
        check = report(arguments, "check", "blockers.pt", *spec, "--format", "dot")
        pages.append(("check", report(arguments, "check", "blockers.pt", *spec, "--format", "html"),
                      {"verdict": "does not convert", "nodes": len(re.findall(r"^  node\d+ \[", check, re.M)),
                       "unsupported": check.count("#b3261e"), "search": "logdet",
                       "found": len(re.findall(r'\[label="aten::logdet"', check))}))
        report(arguments, "convert", "conv.pt", "--input", "1x3x8x8", "-o", file)
        operations = json.loads(report(arguments, "inspect", file, "--format", "json"))["operations"]
        pages.append(("inspect", report(arguments, "inspect", file, "--format", "html"),
                      {"verdict": "runs from", "nodes": len(operations) + 2, "unsupported": 0, "search": "conv_2d",
                       "found": sum(operation["name"] == "CONV_2D" for operation in operations)}))
        deep = os.path.join(temporary, "deep.nnapi")
        report(arguments, "convert", "deep.pt", "--input", "1x8x112x112", "-o", deep)
        pages.append(("verify", report(arguments, "verify", "deep.pt", deep, "--per-layer", "--format", "html"),
                      {"verdict": "agrees with", "nodes": 0, "columns": ["where"],
                       "words": ["it holds a step of an operator"]}))
        pages.append(("bench", report(arguments, "bench", file, "--against", "conv.pt", "--repetitions", "3", "--format",
                                      "html"), {"verdict": "takes", "nodes": 0, "bars": 4, "columns": ["middle half"]}))
        complaints = [complaint for page in pages for complaint in run_page(arguments, path, folder, *page)]
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
