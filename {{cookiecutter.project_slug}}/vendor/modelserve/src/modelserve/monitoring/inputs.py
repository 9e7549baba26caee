"""The monitored values of captured rows, by the modality of the model."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..artifact import Artifact

Range = tuple[np.float32, np.float32]


class CapturedInputs(Protocol):
    """Reads the monitored values of rows."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the names of the monitored values."""

    @property
    def ranges(self) -> Mapping[str, Range]:
        """Return the minimum and the maximum in training, by field."""

    def observe(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, NDArray[Any]]:
        """Return the monitored values by field, without rows that cannot be read."""


def make_captured_inputs(artifact: Artifact) -> CapturedInputs:
    """Return the reader of the artifact's modality.

    Raises:
        ArtifactError: a text model's tokenizer cannot be read.
    """
    # pylint: disable=import-outside-toplevel  # a table needs no tokenizer
    if artifact.manifest.modality == "text":
        from .text_inputs import CapturedTexts

        return CapturedTexts(artifact)
    from .table_inputs import CapturedTable

    return CapturedTable(artifact)
