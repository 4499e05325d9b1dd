"""The archives that other releases of PyTorch have saved, packed by release in releases/. Standard library only."""

import contextlib
import glob
import os
import tarfile
import tempfile
from dataclasses import dataclass
from typing import Tuple

from check_trained import numbered


@dataclass(frozen=True)
class ReleaseArchive:
    path: str
    inputs: Tuple[str, ...]  # .npy files, which all forms of a network share
    outputs: Tuple[str, ...]  # what the PyTorch that saved it computed from them


@contextlib.contextmanager
def unpacked(packed):
    """The folder of a release's archives, while it is needed: `packed` itself, where it is one."""
    if os.path.isdir(packed):
        yield packed
        return
    with tempfile.TemporaryDirectory(prefix="passerelle-release-") as folder:
        with tarfile.open(packed) as files:
            files.extractall(folder)
        yield folder


def archives(folder):
    """Of all networks, in all forms: NETWORK.FORM.pt or NETWORK.ptl."""
    def beside(path, kind):
        return tuple(numbered(folder, f"{os.path.basename(path).split('.')[0]}.{kind}"))

    paths = sorted(glob.glob(os.path.join(folder, "*.pt")) + glob.glob(os.path.join(folder, "*.ptl")))
    return [ReleaseArchive(path, beside(path, "input"), beside(path, "output")) for path in paths]
