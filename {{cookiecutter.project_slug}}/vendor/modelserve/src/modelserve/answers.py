"""The monitored values of a model's outputs, shared by training, serving and monitoring."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_NEGATIVE = -1e-6  # of a probability: 1 - 1.0000001 is no fault of the model
SUM_TOLERANCE = 0.01  # outputs of 8 or 16 bits are rounded
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


def are_distributions(outputs: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which rows of shape (n_labels,) are probabilities that sum to one, of shape (rows,).

    Args:
        outputs: of shape (rows, n_labels).
    """
    with np.errstate(invalid="ignore"):  # infinity minus infinity
        off = np.abs(outputs.sum(axis=1, dtype=np.float64) - 1)
    return np.asarray((outputs >= MOST_NEGATIVE).all(axis=1) & (off <= SUM_TOLERANCE))


def averaged(labels: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the values whose mean is exposed: a classifier's confidence."""
    return (CONFIDENCE,) if labels else ()
