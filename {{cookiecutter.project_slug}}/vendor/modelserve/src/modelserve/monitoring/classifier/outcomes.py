"""A classifier's predictions with a ground truth, counted by group, label and confidence."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...answers import find_label
from ...manifest import Manifest
from ..exact import Units, array_to_units, to_units
from ..outcome_counts import OutcomeCounts
from .answers import HALF_UNIT, ClassifierAnswers

STEPS = 10  # of the reliability diagram, equally wide


class ClassifierTruths:
    """Parses labels.

    Args:
        manifest: with the labels.
    """

    def __init__(self, manifest: Manifest) -> None:
        """Index the labels."""
        self._labels = {name: i for i, name in enumerate(manifest.labels)}

    def truth(self, text: str) -> float:
        """Return a label's index; the number of labels for one that the model does not know.

        Raises:
            ValueError: the label is empty.
        """
        label = find_label(text, self._labels)
        if not label and label not in self._labels:
            raise ValueError("has a truth without a label")
        return self._labels.get(label, len(self._labels))

    def merge(self, other: Any) -> None:
        """Do nothing: it knows no more after parsing than before."""

    def empty_counts(self, *, groups: int) -> "ConfusionCounts":
        """Return counts of no rows."""
        width = len(self._labels)
        return ConfusionCounts(
            np.zeros((groups, width, width + 1), dtype=np.int64), np.zeros((STEPS, 3), dtype=object)
        )


@dataclass
class ConfusionCounts(OutcomeCounts):
    """Confusion matrices by group, and sums by confidence.

    Args:
        counts: by group, predicted and true label, of shape (n_groups, n_labels, n_labels + 1);
            the last column is for labels that the model does not know.
        steps: by confidence: rows, sum of confidences, and right ones, of shape (STEPS, 3), in
            units.
        log_loss: the sum, in units of nats.
        log_loss_rows: in the sum: rows with probabilities and with a known label.
    """

    counts: NDArray[np.int64]
    steps: Units
    log_loss: int = 0
    log_loss_rows: int = 0

    @property
    def counted(self) -> int:
        """Return the number of rows."""
        return int(self.counts.sum())

    @property
    def quality(self) -> int:
        """Return the number of rows that are right, in units."""
        return to_units(float(self.counts.trace(axis1=1, axis2=2).sum()))

    @property
    def unknown_label(self) -> int:
        """Return how many of them have a label that the model does not know."""
        return int(self.counts[:, :, -1].sum())

    def _add(
        self, answers: ClassifierAnswers, truths: NDArray[np.float64], groups: NDArray[np.int64]
    ) -> None:
        actual = truths.astype(np.int64)
        np.add.at(self.counts, (groups, answers.codes, actual), 1)
        with_probabilities = np.flatnonzero(~np.isnan(answers.probabilities).any(axis=1))
        self._add_probabilities(answers.take(with_probabilities), actual[with_probabilities])

    def _merge(self, other: Any) -> None:
        self.counts += other.counts
        self.steps += other.steps
        self.log_loss += other.log_loss
        self.log_loss_rows += other.log_loss_rows

    def _add_probabilities(self, answers: ClassifierAnswers, actual: NDArray[np.int64]) -> None:
        confidences = answers.confidences
        step = np.minimum((confidences * STEPS).astype(np.int64), STEPS - 1)
        right = answers.codes == actual
        for i, weights in enumerate((None, confidences, right)):
            sums = np.bincount(step, weights, minlength=STEPS).astype(np.float64)
            self.steps[:, i] += array_to_units(sums)
        known = np.flatnonzero(actual < answers.probabilities.shape[1])
        shares = answers.probabilities[known, actual[known]]
        # A probability that was rounded to 0 in the response was at most half a unit.
        self.log_loss -= to_units(float(np.log(shares.clip(HALF_UNIT, 1)).sum()))
        self.log_loss_rows += len(known)
