"""How rows become tensors, whatever a row is: the columns of a table, or a text."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..artifact import Artifact
from ..manifest import Feature
from ..types import Complete, ModelInput, Rows, Tensor, Tensors
from .schemas import Extra


class Inputs(Protocol):
    """The schema of a row, and its way to the model's tensors.

    `row` is the type of a row; `tensors` are the signatures of the Open Inference Protocol;
    `chunk` is how many rows a batch answers at once, `pad_id` the token that texts are padded with.
    """

    features: tuple[Feature, ...]
    row: Any
    tensors: tuple[Tensor, ...]
    chunk: int

    pad_id: int

    def complete_later(self) -> Complete | None:
        """Return what `gather` leaves to a thread from now on; None if it is nothing."""

    def gather(self, rows: Rows) -> ModelInput:
        """Return the tensors of validated rows."""

    def gather_tensors(self, tensors: Tensors) -> ModelInput:
        """Return a client's tensors as the model takes them.

        Raises:
            InvalidInputError: values do not fit the schema; each place is "tensor/index".
        """

    def rows_of(self, tensors: Tensors) -> Rows:
        """Return a client's tensors as rows."""

    def observe(self, inputs: Sequence[ModelInput]) -> dict[str, NDArray[Any]]:
        """Return what is monitored of some requests, by field."""

    def out_of_range(self, observed: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        """Return which rows lie outside of what training saw, of shape (rows of all,)."""

    def parse(self, rows: Sequence[Any], *, text: bool = False) -> Rows:
        """Return rows that were read from a file, validated; with `text`, as CSV spells them.

        Raises:
            InvalidInputError: rows are invalid; each pointer begins with the row's number.
        """

    def example(self) -> dict[str, Any]:
        """Return a valid row of middle values, as training saw them."""

    def form(self) -> list[dict[str, Any]]:
        """Return what a form shows for each field."""


def make_inputs(
    artifact: Artifact, *, max_text_length: int, extra_fields: Extra = "refuse"
) -> Inputs:
    """Return the inputs of the artifact's modality.

    Raises:
        ArtifactError: a text model's tokenizer cannot be read.
    """
    # pylint: disable=import-outside-toplevel  # a table needs no tokenizer
    if artifact.manifest.modality == "text":
        from .text_inputs import TextInputs

        return TextInputs(artifact, max_text_length=max_text_length, extra_fields=extra_fields)
    from .table_inputs import TableInputs

    return TableInputs(artifact, extra_fields=extra_fields)
