"""Reads NumPy's files of float32 without NumPy."""

import array
import ast
import struct


def read_npy(path):
    """The shape, and the values in C order."""
    with open(path, "rb") as file:
        if file.read(6) != b"\x93NUMPY":
            raise ValueError(f"{path} is no .npy file")
        major, _ = file.read(2)
        (length,) = struct.unpack("<H", file.read(2)) if major == 1 else struct.unpack("<I", file.read(4))
        header = ast.literal_eval(file.read(length).decode("latin1"))
        if header["descr"] != "<f4" or header["fortran_order"]:
            raise ValueError(f"{path} holds {header['descr']}, not float32 in C order")
        values = array.array("f")
        values.frombytes(file.read())
    return header["shape"], values
