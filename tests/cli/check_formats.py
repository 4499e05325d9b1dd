#!/usr/bin/env python3
"""The machine-readable reports of models with many obstacles: against our JSON Schemas, and SARIF against its standard's
rules.

    check_formats.py --passerelle build/release/bin/passerelle --models DIR --schemas schemas
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from urllib.parse import unquote, urlparse

try:
    import jsonschema
except ImportError:
    print("skipped: Python's jsonschema is not installed (apt-get install python3-jsonschema)")
    sys.exit(77)

UNSUPPORTED = 4


def run(arguments, *words):
    command = [arguments.passerelle, *words]
    done = subprocess.run(command, cwd=arguments.models, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout


def require(truth, what):
    if not truth:
        raise AssertionError(what)


def validate(document, schema_path):
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document)


def check_sarif(log, places):
    """What SARIF 2.1.0 demands of the parts that we use (sections in brackets)."""
    require(log["version"] == "2.1.0", "version [3.13.2]")
    require(log["$schema"].endswith("sarif-2.1.0.json"), "$schema [3.13.3]")
    require(len(log["runs"]) == 1, "runs [3.13.4]")
    run = log["runs"][0]
    driver = run["tool"]["driver"]
    require(driver["name"], "driver.name [3.19.8]")
    require(re.fullmatch(r"\d+\.\d+\.\d+.*", driver["semanticVersion"]), "semanticVersion [3.19.12]")
    rules = driver["rules"]
    ids = [rule["id"] for rule in rules]
    require(len(set(ids)) == len(ids), "rules have distinct ids [3.49.3]")
    for rule in rules:
        for key in ("shortDescription", "fullDescription", "help"):
            require(rule[key]["text"], f"{key}.text [3.12]")
        require(rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error"), "level [3.50.3]")
    for name, base in run["originalUriBaseIds"].items():
        if "uri" in base:
            require(urlparse(base["uri"]).scheme and base["uri"].endswith("/"), f"{name} is absolute, ends with / [3.14.14]")
    require(run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints"), "columnKind [3.14.17]")
    require(len(run["results"]) == places, "a result for each place")
    for result in run["results"]:
        require(rules[result["ruleIndex"]]["id"] == result["ruleId"], "ruleIndex is ruleId's [3.27.6]")
        require(result["level"] in ("none", "note", "warning", "error"), "level [3.27.10]")
        require(result["message"]["text"].endswith("."), "message is a sentence [3.11.3]")
        require(result["locations"], "locations [3.27.12]")
        for location in result["locations"] + result.get("relatedLocations", []):
            physical = location["physicalLocation"]
            artifact = physical["artifactLocation"]
            uri = urlparse(artifact["uri"])
            require(bool(uri.scheme) != ("uriBaseId" in artifact), "relative exactly where there is a base [3.4.4]")
            require(" " not in artifact["uri"] and unquote(artifact["uri"]), "a valid URI reference [3.10.1]")
            if "region" in physical:
                require(physical["region"]["startLine"] >= 1, "startLine [3.30.5]")
            for logical in location.get("logicalLocations", []):
                require(logical["fullyQualifiedName"], "fullyQualifiedName [3.33.5]")
        for suppression in result.get("suppressions", []):
            require(suppression["kind"] in ("inSource", "external"), "suppression.kind [3.35.2]")
        for name, value in result["partialFingerprints"].items():
            require(name and isinstance(value, str) and value, "partialFingerprints [3.27.17]")


def expected_lines(models):
    """Line numbers by operator, from the marks in the source."""
    lines = {}
    with open(os.path.join(models, "blockers.py"), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if "# blocker: " in line:
                lines[line.split("# blocker: ")[1].strip()] = number
    return lines


def check_model(arguments, model, lines):
    spec = ["--input", "1x3x16x16"]
    status, text = run(arguments, "check", model, *spec)
    require(status == UNSUPPORTED, f"{model}: status {status}")
    status, output = run(arguments, "check", model, *spec, "--format", "json")
    report = json.loads(output)
    validate(report, os.path.join(arguments.schemas, "check.schema.json"))
    status, output = run(arguments, "check", model, *spec, "--format", "sarif")
    log = json.loads(output)
    check_sarif(log, report["obstacles"])
    status, page = run(arguments, "check", model, *spec, "--format", "html")
    found = {(d["operator"], p["source"]["line"]) for d in report["diagnostics"] for p in d["places"] if p["source"]}
    at = {(r["properties"]["operator"], r["locations"][0]["physicalLocation"]["region"]["startLine"])
          for r in log["runs"][0]["results"]}
    for operator, line in lines.items():
        if operator == "prim::If" and "traced" in model:
            continue  # a trace has taken one way already
        name = operator if "::" in operator else "aten::" + operator
        require((name, line) in found, f"{model}: {name} is not reported at line {line}: {sorted(found)}")
        require((name, line) in at, f"{model}: SARIF lacks {name} at line {line}")
        require(name in text and f"blockers.py:{line}" in text, f"{model}: the text lacks {name} at line {line}")
        require(name in page and f"blockers.py:{line}" in page, f"{model}: the page lacks {name} at line {line}")
    for diagnostic in report["diagnostics"]:
        require(diagnostic["suggestion"], f"{model}: {diagnostic['operator']} has no suggestion")

    # What check says, convert does.
    with tempfile.TemporaryDirectory() as folder:
        status, output = run(arguments, "convert", model, *spec, "-o", os.path.join(folder, "out.nnapi"), "--format", "json")
    require(status == UNSUPPORTED, f"{model}: convert ended with {status}")
    converted = json.loads(output)
    for key in ("diagnostics", "operators"):
        require(converted[key] == report[key], f"{model}: convert and check tell the same {key}")


def check_errors(arguments):
    for kind, expected, words in (("usage", 2, ["convert", "two.pt", "--input", "2x2", "-o", "nowhere.nnapi"]),
                                  ("unreadable", 3, ["inspect", "missing.nnapi"]),
                                  ("timeout", 8, ["convert", "conv.pt", "--input", "1x3x8x8", "-o", "nowhere.nnapi",
                                                  "--timeout", "0.0001"])):
        status, output = run(arguments, *words, "--format", "json")
        require(status == expected, f"{' '.join(words)}: status {status}")
        document = json.loads(output)
        validate(document, os.path.join(arguments.schemas, "error.schema.json"))
        require(document["error"]["kind"] == kind, f"{' '.join(words)}: {document}")


def check_other_commands(arguments):
    def document(schema, *words):
        status, output = run(arguments, *words, "--format", "json")
        require(status == 0, f"{' '.join(words)}: status {status}")
        document = json.loads(output)
        validate(document, os.path.join(arguments.schemas, schema + ".schema.json"))
        return document

    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "conv.nnapi")
        document("check", "check", "conv.pt", "--input", "1x3x8x8", "--fail-on", "min-api>30")
        document("check", "check", "largest.pt", "--input", "1x3x8x8")
        require(run(arguments, "convert", "conv.pt", "--input", "1x3x8x8", "-o", file)[0] == 0, "convert")
        document("inspect", "inspect", file)
        document("inspect", "inspect", "conv.pt")
        document("inspect", "inspect", "conv.pt", "--input", "1x3x8x8")
        document("verify", "verify", "conv.pt", file)
        layers = document("verify", "verify", "conv.pt", file, "--per-layer")
        require(layers["first_difference"] is None, "no layer is off")
        require(sum(layer["compared"] for layer in layers["layers"]) >= 2, "layers were compared")
        integers = os.path.join(folder, "quantized.nnapi")
        require(run(arguments, "convert", "quantized.pt", "--input", "1x3x8x8", "-o", integers)[0] == 0, "convert")
        layers = document("verify", "verify", "quantized.pt", integers, "--per-layer")["layers"]
        steps = [layer["steps"]["max_difference"] for layer in layers if layer["compared"] and layer["steps"]]
        require(len(steps) >= 2 and max(steps) <= 1, f"quantized layers are compared in steps: {steps}")
        results = document("bench", "bench", file, "--against", "conv.pt", "--repetitions", "2")["results"]
        require([row["threads"] for row in results] == [1, 2, 4, None] and results[0]["normalised"] == 1, "LibTorch with 1, 2, 4 threads, and NNAPI")
        require(all(len(row["seconds"]) == 2 for row in results), "each run is there")
        # The same measurement, as it runs on a device.
        bin = os.path.dirname(arguments.passerelle)
        done = subprocess.run([os.path.join(bin, "passerelle-run"), file, "--bench", "--runs", "3", "--format", "json", "--nnapi",
                               os.path.join(bin, "..", "lib", "libneuralnetworks.so")], capture_output=True, text=True)
        require(done.returncode == 0, f"passerelle-run: {done.stderr}")
        require(json.loads(done.stdout)["bench"]["runs"] == 3, "passerelle-run counts its runs")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--passerelle", "--models", "--schemas"):
        parser.add_argument(name, required=True, type=os.path.abspath)
    arguments = parser.parse_args()
    if not os.path.isdir(arguments.models):
        print(f"skipped: {arguments.models} does not exist (make_models.py needs Python's torch)")
        return 77
    lines = expected_lines(arguments.models)
    require(len(lines) >= 8, "eight blockers are marked")
    for model in ("blockers.pt", "blockers.traced.pt"):
        check_model(arguments, model, lines)
    check_other_commands(arguments)
    check_errors(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
