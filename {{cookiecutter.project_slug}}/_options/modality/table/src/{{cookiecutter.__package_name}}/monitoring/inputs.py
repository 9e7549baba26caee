"""A table's columns as they were asked about, whatever is missing of them."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..artifact import Artifact, Feature
from .forms import REDACTED

Rows = Sequence[Mapping[str, Any]]

# As CSV spells them, and as the service reads them.
TRUTHS = dict.fromkeys(("true", "t", "yes", "y", "on"), 1.0)
TRUTHS |= dict.fromkeys(("false", "f", "no", "n", "off"), 0.0)


class Inputs:
    """Reads columns out of rows.

    Args:
        found: the model's artifact, whose manifest lists the features.
    """

    def __init__(self, found: Artifact) -> None:
        """Note what training saw."""
        self._features = found.manifest.features
        self.fields = tuple(each.name for each in self._features)
        # As float32, like the values: its nearest to the largest value may lie above it.
        self.ranges = {
            each.name: (np.float32(each.minimum), np.float32(each.maximum))
            for each in self._features
            if each.kind != "category"
        }

    def observe(self, rows: Rows) -> dict[str, NDArray[Any]]:
        """Return what is watched of rows, of shape (rows,) without those that cannot be read.

        Returns:
            by field: float32, where NaN stands for what is missing; or categories as objects,
            where "" stands for it. In a field that may not be missing, what is was redacted.
        """
        observed: dict[str, NDArray[Any]] = {}
        for feature in self._features:
            given = [row.get(feature.name) for row in rows]
            if feature.kind == "category":
                observed[feature.name] = _categories(given, feature)
            else:
                observed[feature.name] = _numbers(given, feature)
        return observed


def _numbers(given: Sequence[Any], feature: Feature) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # beyond float32 lies the last bin
        try:
            values = np.array(given, dtype=np.float32)
            flat = values.ndim == 1
        except (OverflowError, TypeError, ValueError):
            flat = False
        if not flat:
            numbers = _readable(given, _truth if feature.kind == "boolean" else _number)
            values = np.array(numbers, dtype=np.float64).astype(np.float32)
    return values if feature.gaps else values[~np.isnan(values)]


def _categories(given: Sequence[Any], feature: Feature) -> NDArray[np.object_]:
    names = _readable(given, _name)
    return np.array(names if feature.gaps else [name for name in names if name], dtype=object)


def _readable(given: Sequence[Any], read: Callable[[Any], Any]) -> list[Any]:
    return [value for value in map(read, given) if value is not None]


def _number(value: Any) -> float | None:
    """Return a number, NaN for one that is missing, None for what is none."""
    if value is None or value == "":
        return math.nan
    try:
        return float(value) if isinstance(value, (str, int, float)) else None
    except (OverflowError, ValueError):
        return None


def _truth(value: Any) -> float | None:
    """Return 1 or 0 for a boolean, however it is spelled."""
    return _number(TRUTHS.get(value.lower(), value) if isinstance(value, str) else value)


def _name(value: Any) -> str | None:
    """Return a category, "" for one that is missing, None for what is none."""
    if value is None:
        return ""
    return value if isinstance(value, str) and value != REDACTED else None
