"""A regressor's predictions, parsed from captured responses."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...answers import VALUE
from ...bins import Shape

HALF_UNIT = 0.5e-6  # of the last of a response's seven digits, relative to the value


class RegressorAnswers(NamedTuple):
    """Predictions for some rows: `values` of shape (rows,), NaN where they were not captured."""

    values: NDArray[np.float64]

    @property
    def captured(self) -> NDArray[np.bool_]:
        """Return whether there is a finite value, of shape (rows,)."""
        return np.isfinite(self.values)

    def take(self, index: NDArray[np.int64]) -> "RegressorAnswers":
        """Return the predictions at `index`, of shape (n,)."""
        return RegressorAnswers(self.values[index])


class RegressorAnswerReader:
    """Parses predictions."""

    fields = (VALUE,)

    def gather(self, predictions: Sequence[Mapping[str, Any]]) -> RegressorAnswers:
        """Return predictions as an array."""
        try:
            return RegressorAnswers(
                np.fromiter((each["value"] for each in predictions), dtype=np.float64)
            )
        except (LookupError, OverflowError, TypeError, ValueError):
            return RegressorAnswers(np.array([_number(each.get("value")) for each in predictions]))

    def observe(self, answers: RegressorAnswers) -> dict[str, NDArray[Any]]:
        """Return the monitored values by field, without rows that were not captured."""
        return {VALUE: answers.values[~np.isnan(answers.values)]}

    def read_csv(self, cells: Sequence[str]) -> dict[str, Any]:
        """Return the prediction of a row of CSV: its first value."""
        return {"value": float(cells[0])}

    def as_sent(self, field: str, shape: Shape) -> Shape:
        """Return a field's bins, their edges moved so that a rounded value stays in its bin."""
        del field
        return {**shape, "edges": [edge + abs(edge) * HALF_UNIT for edge in shape["edges"]]}


def _number(value: Any) -> float:
    try:
        return float(value) if isinstance(value, (int, float)) else np.nan
    except OverflowError:
        return np.nan
