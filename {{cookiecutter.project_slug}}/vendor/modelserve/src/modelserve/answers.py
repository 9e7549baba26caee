"""The monitored values of a model's outputs, shared by training, serving and monitoring."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

LABEL, CONFIDENCE, VALUE = "label", "confidence", "value"


def observe(outputs: NDArray[np.float32], labels: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Return the monitored values by name, each of shape (rows,).

    Args:
        outputs: of shape (rows, n_labels), or of a regressor (rows, 1).
        labels: in the order of the columns; none for a regressor.

    Returns:
        the most probable label and its probability, or the value.
    """
    if not labels:
        return {VALUE: outputs[:, 0]}
    names = np.asarray(labels, dtype=object)
    return {LABEL: names[outputs.argmax(axis=1)], CONFIDENCE: outputs.max(axis=1)}


def averaged(labels: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the values whose mean is exposed: a classifier's confidence."""
    return (CONFIDENCE,) if labels else ()
