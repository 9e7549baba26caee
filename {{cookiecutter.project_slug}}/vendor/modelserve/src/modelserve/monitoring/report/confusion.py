"""A classifier's labels, and which ones it confuses."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..results.performance import LabelMetrics, Performance
from .wording import Wording

MANY = 20  # labels up to which the whole matrix is shown
MOST_LABELS = 60

Cell = tuple[int, float, bool]  # rows, their share of the matrix' row, and whether they are right


@dataclass(frozen=True)
class Confusion:
    """The labels by falling frequency, and the matrix or the most frequent mistakes.

    Args:
        labels: those with the most rows.
        left_out: the number of all others.
        columns: the matrix' labels.
        rows: the matrix' rows, each with its label; empty for many labels.
        unknown: whether the matrix has a column for unknown labels.
        mistakes: predicted label, actual label and rows; None for few labels.
    """

    labels: Sequence[LabelMetrics]
    left_out: int
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]
    unknown: bool
    mistakes: Sequence[tuple[str, str, int]] | None


def make_confusion(performance: Performance | None, wording: Wording) -> Confusion | None:
    """Return a classifier's confusion, None without predictions that have a ground truth."""
    if not (performance and performance.confusion and performance.feedback.counted):
        return None
    ordered = sorted(performance.labels, key=lambda each: each.actual, reverse=True)
    labels = ordered[:MOST_LABELS]
    names = [each.label for each in performance.labels]
    unknown = any(row[-1] for row in performance.confusion)
    columns = [*names, wording.text("unknown label")]
    many = len(names) > MANY
    return Confusion(
        labels=labels,
        left_out=len(ordered) - len(labels),
        columns=names,
        rows=() if many else _matrix(names, performance.confusion, unknown=unknown),
        unknown=unknown,
        mistakes=_mistakes(columns, performance.confusion) if many else None,
    )


def _matrix(
    names: Sequence[str], confusion: Sequence[Sequence[int]], *, unknown: bool
) -> list[tuple[str, list[Cell]]]:
    shown = len(names) + unknown
    return [
        (name, [(n, n / (sum(row) or 1), i == j) for j, n in enumerate(row[:shown])])
        for i, (name, row) in enumerate(zip(names, confusion, strict=True))
    ]


def _mistakes(
    names: Sequence[str], confusion: Sequence[Sequence[int]]
) -> list[tuple[str, str, int]]:
    """Return the most frequent mistakes; the last of the names is for unknown labels."""
    mistakes = [
        (names[i], names[j], n)
        for i, row in enumerate(confusion)
        for j, n in enumerate(row)
        if n and i != j
    ]
    return sorted(mistakes, key=lambda mistake: -mistake[2])[:MANY]
