"""The project's own small networks that the whole-model tests convert."""

from dataclasses import dataclass
from typing import Tuple

from model_table import FORMS, file_name  # noqa: F401  (the same names of files)


@dataclass(frozen=True)
class OwnNetwork:
    name: str  # of own_networks.py's CLASSES
    inputs: Tuple[str, ...]  # as the command line has them; float32 shapes or, with :i64, numbers of words
    levels: Tuple[int, ...] = (29, 30)  # of Android's API


NETWORKS = (
    OwnNetwork("espcn", ("1x3x24x32",), levels=(27, 28, 29, 30)),
    OwnNetwork("unet", ("1x3x32x48",), levels=(27, 28, 29, 30)),
    OwnNetwork("style_block", ("2x16x8x8", "2x24")),
    OwnNetwork("bert_encoder", ("2x20:i64",)),
    OwnNetwork("wav2letter", ("1x20x120",)),
    OwnNetwork("pointnet", ("2x3x64",)),
)
