"""The monitored values of captured rows, by the modality of the model."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..artifact import Artifact

Range = tuple[np.float32, np.float32]


class CapturedInputs(Protocol):
    """Reads the monitored `fields` of rows; `ranges` are their minima and maxima in training."""

    fields: tuple[str, ...]
    ranges: Mapping[str, Range]

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
