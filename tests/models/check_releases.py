"""Converts what another PyTorch has saved, and compares with what that PyTorch computed.

    check_releases.py PASSERELLE RELEASE.tar.xz        (releases/2.6.tar.xz, ...)
"""

import os
import re
import sys

from check_trained import compare, numbered
from release_archives import archives, unpacked
from tool import Tool, fail

LEAST = 8  # archives of a release that are converted

# Operators that releases write and that have no lowering yet: until they do, an archive may be refused for them alone.
AWAITED = {
    "aten::_native_batch_norm_legit", "aten::_native_batch_norm_legit_no_training", "aten::_upsample_lanczos2d_aa",
    "aten::cross_entropy_loss", "aten::float_power", "aten::logaddexp", "aten::logaddexp2", "aten::rms_norm",
    "quantized_decomposed::dequantize_per_tensor", "quantized_decomposed::quantize_per_tensor",
}


def awaits(tool, archive, inputs):
    """Whether conversion is refused for want of awaited operators, and of nothing else."""
    done = tool.done("convert", archive.path, "-o", tool.path("refused.nnapi"), *inputs, "--min-api", "30")
    lacking = re.findall(r"^(\w+::\w+)(?:, \d+ times)?  \[", done.stderr, re.MULTILINE)
    if done.returncode != 4 or not lacking or not set(lacking) <= AWAITED:
        return False
    print(os.path.basename(archive.path), "awaits", ", ".join(lacking), flush=True)
    return True


def check(tool, archive):
    """Whether it could be converted; what is wrong then ends the test."""
    inputs = [argument for file in archive.inputs for argument in ("--input", file)]
    if awaits(tool, archive, inputs):
        return False
    expected = archive.outputs
    for level in ("29", "30"):
        converted = tool.convert(archive.path, "model.nnapi", *inputs, "--min-api", level)
        results = tool.path(f"{os.path.basename(archive.path)}.{level}")
        tool.run("run", converted.file, *inputs, "--output-dir", results)
        actual = numbered(results, "output")
        if len(actual) != len(expected):
            fail(f"{len(actual)} outputs were written, {len(expected)} expected")
        for expected_file, actual_file in zip(expected, actual):
            compare(expected_file, actual_file)
    tool.run("verify", archive.path, converted.file, *inputs)
    return True


def main():
    command, packed = sys.argv[1:]
    with unpacked(packed) as folder:
        found = archives(folder)
        if not found:
            fail(f"{packed} holds no archives")
        right = sum(check(Tool(command), archive) for archive in found)
    print(f"{right} of {len(found)} archives are right, the others await operators")
    if right < LEAST:
        fail(f"at least {LEAST} should be")


if __name__ == "__main__":
    main()
