"""The checks themselves: each must fail where what it guards is broken."""

import contextlib
import io
import os
import struct
import tempfile
import unittest

from check_trained import compare
from tool import Converted


def converted(folder, operations=(), constants=(), padding=0):
    """A file of `constants` and `padding` further bytes, and what inspect would say of it."""
    path = os.path.join(folder, "file.nnapi")
    operands, offset = [], 0
    for content in constants:
        operands.append({"storage": "window", "window": 0, "offset": offset, "bytes": len(content)})
        offset += len(content)
    with open(path, "wb") as file:
        file.write(b"".join(constants) + bytes(padding))
    facts = {"operations": [{"name": name} for name in operations], "operands": operands, "windows": [{"offset": 0}]}
    return Converted(path, facts)


def write_npy(path, values):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({len(values)},), }}".encode()
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
        file.write(struct.pack(f"<{len(values)}f", *values))


class Checks(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name

    def assert_fails(self, check, *arguments):
        with contextlib.redirect_stdout(io.StringIO()) as said, self.assertRaises(SystemExit) as exit:
            check(*arguments)
        self.assertEqual(exit.exception.code, 1)
        self.assertIn("FAILED", said.getvalue())

    def test_operations(self):
        file = converted(self.folder, ["TRANSPOSE", "CONV_2D", "TRANSPOSE"])
        file.require_transposes(2)
        file.require_operations(3)
        self.assert_fails(file.require_transposes, 1)
        self.assert_fails(file.require_operations, 2)

    def test_work(self):
        file = converted(self.folder)
        file.facts["multiply_adds"] = 98
        file.require_work({"multiply_adds": 100})
        for of_model in (0, 97, 102):
            self.assert_fails(file.require_work, {"multiply_adds": of_model})

    def test_size(self):
        constants = [os.urandom(100_000), os.urandom(100_000)]
        converted(self.folder, constants=constants, padding=2000 + 48 * 1024).require_small()
        self.assert_fails(converted(self.folder, constants=constants, padding=2001 + 48 * 1024).require_small)
        # A constant that is stored twice counts once.
        self.assert_fails(converted(self.folder, constants=[constants[0]] * 2).require_small)
        self.assert_fails(converted(self.folder).require_small)

    def test_comparison(self):
        expected, actual = os.path.join(self.folder, "expected.npy"), os.path.join(self.folder, "actual.npy")
        write_npy(expected, [0, 1, 10])
        for values in ([0, 1, 10], [0.0009, 1, 10]):
            write_npy(actual, values)
            with contextlib.redirect_stdout(io.StringIO()):
                compare(expected, actual)
        for values in ([0.0011, 1, 10], [0, 1, 9.99], [0, 1], [0, float("nan"), 10], [float("nan"), 1, 10]):
            write_npy(actual, values)
            self.assert_fails(compare, expected, actual)


if __name__ == "__main__":
    unittest.main()
