"""The types that hooks see: arrays, model inputs, predictions, models and codecs."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import FieldError, InvalidInputError

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
    themselves where a hook or a text needs them. `explain` asks for explanations. `place` is the
    pointer to a text, with "{row}" and "{name}" of its field, for errors that are found later.
    """

    tensors: Tensors
    rows: int
    id: str = ""
    wanted: tuple[str, ...] = ()
    warnings: Sequence[FieldError] = ()
    characters: Sequence[int] = ()
    asked: Rows = ()
    explain: bool = False
    place: str = "/instances/{row}/{name}"


# Returns inputs with what they lack of their tensors, or with an error in the place of one.
Complete = Callable[[Sequence[ModelInput]], Sequence[ModelInput | InvalidInputError]]


class Prediction(NamedTuple):
    """The model's outputs of shape (rows, n_outputs); degraded when the fallback answered rows.

    `invalid` holds why the model's output for a row was invalid, by the row's number: the fallback
    answered these rows. Without any, it answered all rows of a degraded prediction. `explanations`
    are JSON, one a row, if the request asks for them.
    """

    outputs: Outputs
    degraded: bool
    invalid: Mapping[int, str] = MappingProxyType({})
    explanations: Sequence[str] = ()

    @property
    def by_fallback(self) -> NDArray[np.bool_]:
        """Return for each row whether the fallback answered it, of shape (rows,)."""
        rows = np.full(len(self.outputs), self.degraded and not self.invalid)
        rows[[*self.invalid]] = True
        return rows

    @property
    def warnings(self) -> list[FieldError]:
        """Return a warning for each invalid row, by a pointer such as "/row"."""
        return [
            FieldError(f"/{row}", f"the fallback answered: {reason}")
            for row, reason in self.invalid.items()
        ]


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
