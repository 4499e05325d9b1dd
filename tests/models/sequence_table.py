"""The recurrent networks that the whole-model tests convert, and what each must come out as."""

from dataclasses import dataclass
from typing import Tuple

from model_table import FORMS, file_name  # noqa: F401  (the same names of files)


@dataclass(frozen=True)
class SequenceNetwork:
    name: str  # of make_sequence_models.py's CLASSES
    input_shape: Tuple[int, ...]
    is_text: bool = False  # int64 numbers of words go in
    sequence_operations: int = 0  # how many of NNAPI's own operations on sequences it becomes


NETWORKS = (
    SequenceNetwork("lstm_tagger", (1, 20), is_text=True),
    SequenceNetwork("gru_keywords", (1, 1, 40, 50)),
    SequenceNetwork("crnn_reader", (1, 1, 32, 160), sequence_operations=2),
)
