"""The types that hooks see: arrays, model inputs, predictions, models and codecs."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import FieldError

Row = Mapping[str, Any]
Rows = Sequence[Row]
Tensors = Mapping[str, NDArray[Any]]
Outputs = NDArray[np.float32]


class Tensor(NamedTuple):
    """A tensor's signature; `datatype` as the Open Inference Protocol names it, -1 for a free axis.

    `nullable` allows null for a missing value.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    nullable: bool = False


class ModelInput(NamedTuple):
    """A decoded request: `rows` long arrays by input name, and the client's own id.

    `warnings` name what the model does not see of the input, by a pointer such as "/row/field".
    `characters` holds the length of each text, which tokens no longer show. `asked` holds the rows
    themselves where a hook needs them.
    """

    tensors: Tensors
    rows: int
    id: str = ""
    wanted: tuple[str, ...] = ()
    warnings: Sequence[FieldError] = ()
    characters: Sequence[int] = ()
    asked: Rows = ()


class Prediction(NamedTuple):
    """The model's outputs of shape (rows, n_outputs); degraded when the fallback answered."""

    outputs: Outputs
    degraded: bool


class Model(Protocol):
    """Anything that turns tensors into outputs."""

    def run(self, tensors: Tensors) -> Outputs:
        """Return float32 of shape (rows, n_outputs)."""


class Codec(Protocol):
    """One request and response format."""

    def decode(self, body: bytes) -> ModelInput:
        """Return the arrays of a request's body.

        Raises:
            RequestError: the body is malformed, or fields are invalid.
        """

    def encode(self, given: ModelInput, prediction: Prediction, inference_id: str) -> bytes:
        """Return the body of the response."""
