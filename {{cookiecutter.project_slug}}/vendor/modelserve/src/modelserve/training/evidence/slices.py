"""The metric of each slice of the test rows, the worst first."""

from collections.abc import Iterable
from dataclasses import dataclass

from .row_scores import RowScores, score_parts
from .slicing import Slicing

FEWEST = 5  # rows of a slice that is reported
MOST = 100  # slices that are kept


@dataclass(frozen=True)
class Slice:
    """One slice: its field and value, its rows, and its metric with the 95 % interval.

    `differs` tells whether the interval of the slice leaves out the metric of all rows.
    """

    field: str
    value: str
    rows: int
    metric: float
    low: float
    high: float
    differs: bool


@dataclass(frozen=True)
class SliceTable:
    """The slices by their metric, and how many were left out.

    `small` have too few rows; `better` are those beyond the number that is kept.
    """

    metric: str
    whole: float
    rows: int
    slices: tuple[Slice, ...]
    small: int
    better: int


def compare_slices(scores: RowScores, fields: Iterable[Slicing]) -> SliceTable:
    """Return the slices of all fields, the worst first.

    Args:
        scores: of the rows.
        fields: their slices.

    Source: Chung et al. (2019), Slice finder: automated data slicing for model validation.
    """
    slices, small, whole = [], 0, scores.whole
    for field in fields:
        parts = score_parts(scores, field.codes, len(field.names))
        for code, name in enumerate(field.names):
            if (rows := int(parts.rows[code])) < FEWEST:
                small += 1
                continue
            low, high = float(parts.low[code]), float(parts.high[code])
            differs = not low <= whole <= high
            slices.append(
                Slice(field.field, name, rows, float(parts.metric[code]), low, high, differs)
            )
    slices.sort(key=lambda each: (scores.sign * each.metric, -each.rows, each.field, each.value))
    kept = tuple(slices[:MOST])
    return SliceTable(
        scores.metric, whole, len(scores.values), kept, small, len(slices) - len(kept)
    )
