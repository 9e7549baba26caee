"""How a classifier's answers turned out: which label was given, and which was right."""

from collections.abc import Sequence
from typing import Any, Literal

from ..artifact import Manifest
from ..monitoring.config import UNSTATED
from .arrays import Scores
from .series import Series

TRUTH = "label"
MOST_LABELS = 20  # with more, a pair has no series until it occurs


class Outcomes:
    """Counters by group, and by the labels that were given and right.

    Args:
        manifest: lists the labels.
        groups: that feedback may name.
        series: makes the counters.
    """

    def __init__(self, manifest: Manifest, groups: Sequence[str], series: Series) -> None:
        """Make the counters of all pairs, unless there are very many."""
        self.truth: Any = Literal[manifest.labels]
        self.groups = tuple(groups)
        self._labels = manifest.labels
        self._counter = series.counter(
            "model_outcomes", "Rows whose truth is known.", "group", "predicted", "actual"
        )
        labels = self._labels if len(self._labels) <= MOST_LABELS else ()
        for group in (UNSTATED, *groups):
            for predicted in labels:
                for actual in labels:
                    self._counter(group, predicted, actual)

    def keep(self, outputs: Scores) -> tuple[Any, ...]:
        """Return what must be remembered of outputs of shape (rows, n_labels): a number each."""
        return tuple(outputs.argmax(axis=1).tolist())

    def count(self, answer: int, truth: str, group: str) -> None:
        """Count a row whose truth is known."""
        self._counter(group, self._labels[answer], truth).inc()
