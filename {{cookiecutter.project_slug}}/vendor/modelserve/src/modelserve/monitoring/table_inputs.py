"""The columns of captured rows of a table, including rows with redacted values."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..artifact import Artifact
from ..manifest import Feature
from .ingest.bodies import REDACTED

Rows = Sequence[Mapping[str, Any]]

# The spellings that the service accepts in CSV.
BOOLEANS = dict.fromkeys(("true", "t", "yes", "y", "on"), 1.0)
BOOLEANS |= dict.fromkeys(("false", "f", "no", "n", "off"), 0.0)


class CapturedTable:
    """Reads columns of rows.

    Args:
        artifact: with a manifest that lists the features.
    """

    def __init__(self, artifact: Artifact) -> None:
        """Read the features and their ranges."""
        self._features = artifact.manifest.features
        self._missing = {
            each.name: artifact.manifest.missing_texts(each) for each in self._features
        }
        self.fields = tuple(each.name for each in self._features)
        # As float32, like the values: the float32 next to the maximum may exceed it.
        self.ranges = {
            each.name: (np.float32(each.minimum), np.float32(each.maximum))
            for each in self._features
            if each.dtype != "category"
        }

    def observe(self, rows: Rows) -> dict[str, NDArray[Any]]:
        """Return the values by field, of shape (rows,) without rows that cannot be read.

        Returns:
            float32 with NaN for a missing number; objects with "" for a missing category. In a
            field that is not nullable, a missing value was redacted, and is left out.
        """
        observed: dict[str, NDArray[Any]] = {}
        for feature in self._features:
            cells = [row.get(feature.name) for row in rows]
            missing = self._missing[feature.name]
            if feature.dtype == "category":
                observed[feature.name] = _categories(cells, feature, missing)
            else:
                observed[feature.name] = _numbers(cells, feature, missing)
        return observed


def _numbers(
    cells: Sequence[Any], feature: Feature, missing: Collection[str]
) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # a float32 overflow is infinity, in the last bin
        try:
            values = np.array(cells, dtype=np.float32)
            # numpy reads "-999" as a number.
            flat = values.ndim == 1 and not any(map(_is_numeral, missing))
        except (OverflowError, TypeError, ValueError):
            flat = False
        if not flat:
            parse = _boolean if feature.dtype == "boolean" else _number
            numbers = _readable(_without(cells, missing), parse)
            values = np.array(numbers, dtype=np.float64).astype(np.float32)
    return values if feature.nullable else values[~np.isnan(values)]


def _categories(
    cells: Sequence[Any], feature: Feature, missing: Collection[str]
) -> NDArray[np.object_]:
    names = _readable(_without(cells, missing), _category)
    return np.array(names if feature.nullable else [name for name in names if name], dtype=object)


def _without(cells: Sequence[Any], missing: Collection[str]) -> list[Any]:
    """Return cells with None for each text that stands for a missing value."""
    return [None if isinstance(each, str) and each in missing else each for each in cells]


def _is_numeral(text: str) -> bool:
    value = _number(text or None)
    return value is not None and not math.isnan(value)


def _readable(cells: Sequence[Any], parse: Callable[[Any], Any]) -> list[Any]:
    return [value for value in map(parse, cells) if value is not None]


def _number(value: Any) -> float | None:
    """Return a number, NaN if it is missing, None if the cell holds something else."""
    if value is None:
        return math.nan
    try:
        return float(value) if isinstance(value, (str, int, float)) else None
    except (OverflowError, ValueError):
        return None


def _boolean(value: Any) -> float | None:
    """Return 1 or 0 for a boolean in any of its spellings."""
    return _number(BOOLEANS.get(value.lower(), value) if isinstance(value, str) else value)


def _category(value: Any) -> str | None:
    """Return a category, "" if it is missing, None if the cell holds something else."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return value if isinstance(value, str) and value != REDACTED else None
