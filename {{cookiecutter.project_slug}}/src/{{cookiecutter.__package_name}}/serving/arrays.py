"""What travels between the parts of the service: arrays, and the little that is said of them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import Complaint

Feeds = Mapping[str, NDArray[Any]]
Scores = NDArray[np.float32]


class Tensor(NamedTuple):
    """A named array; `datatype` in the Open Inference Protocol's words, -1 free.

    With `gaps`, null may stand for a value that is missing.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    gaps: bool = False


class Call(NamedTuple):
    """A decoded request: arrays by input name, `rows` long each, and the client's own id.

    `warnings` say what of the input the model does not get to see; `where` is "/row/field". What
    is watched of a text and can no longer be told by its tokens is how many `characters` it has.
    """

    feeds: Feeds
    rows: int
    id: str = ""
    wanted: tuple[str, ...] = ()
    warnings: Sequence[Complaint] = ()
    characters: Sequence[int] = ()


class Prediction(NamedTuple):
    """The model's answer of shape (rows, n_outputs); degraded when the prior answered."""

    outputs: Scores
    degraded: bool


class Model(Protocol):
    """Anything that turns arrays into an answer."""

    def run(self, feeds: Feeds) -> Scores:
        """Return float32 of shape (rows, n_outputs)."""


class Codec(Protocol):
    """One way to ask and be answered."""

    def decode(self, body: bytes) -> Call:
        """Return the arrays that a body stands for, or raise a RequestError."""

    def encode(self, call: Call, prediction: Prediction, inference_id: str) -> bytes:
        """Return the body of the response."""
