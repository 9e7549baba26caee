"""What travels between the parts of the service: arrays, and the little that is said of them."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Feeds = Mapping[str, NDArray[Any]]
Scores = NDArray[np.float32]


class Tensor(NamedTuple):
    """A named array of the graph; `datatype` in the Open Inference Protocol's words, -1 free."""

    name: str
    datatype: str
    shape: tuple[int, ...]


class Call(NamedTuple):
    """A decoded request: arrays by input name, `rows` long each, and the client's own id."""

    feeds: Feeds
    rows: int
    id: str = ""
    wanted: tuple[str, ...] = ()


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
