"""A regressor's answers as they were sent, read back into arrays."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..answers import VALUE
from ..bins import Shape

HALF_UNIT = 0.5e-6  # of the last of the seven digits that are sent, in parts of the value


class Answers(NamedTuple):
    """What was answered to some rows: `values` of shape (rows,), NaN where none was kept."""

    values: NDArray[np.float64]

    def take(self, index: NDArray[np.int64]) -> "Answers":
        """Return the answers at `index`, of shape (n,)."""
        return Answers(self.values[index])


class Replies:
    """Reads predictions.

    Args:
        labels: none.
    """

    fields = (VALUE,)

    def __init__(self, labels: Sequence[str]) -> None:
        """Need nothing."""
        del labels

    def gather(self, predictions: Sequence[Mapping[str, Any]]) -> Answers:
        """Return predictions as an array."""
        try:
            return Answers(np.array([each["value"] for each in predictions], dtype=np.float64))
        except (LookupError, TypeError, ValueError):
            return Answers(np.array([_number(each.get("value")) for each in predictions]))

    def observe(self, answers: Answers) -> dict[str, NDArray[Any]]:
        """Return what is watched of answers, of shape (rows,) without those that were not kept."""
        return {VALUE: answers.values[~np.isnan(answers.values)]}


def read(cells: Sequence[str], labels: Sequence[str]) -> dict[str, Any]:
    """Return the prediction of a row of CSV: its value, whatever follows it."""
    del labels
    return {"value": float(cells[0])}


def as_sent(field: str, shape: Shape) -> Shape:
    """Return a field's shape with edges that keep what is rounded for sending in its bin."""
    del field
    return {**shape, "edges": [edge + abs(edge) * HALF_UNIT for edge in shape["edges"]]}


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else np.nan
