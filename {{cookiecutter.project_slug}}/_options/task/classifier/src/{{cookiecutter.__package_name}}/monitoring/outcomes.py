"""A classifier's answers whose truth is known, counted by group, label and confidence."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..artifact import Manifest
from ..bins import Shape
from .replies import HALF_UNIT, Answers

STEPS = 10  # of the reliability plot, equally wide

Counts = NDArray[np.int64]


class Judge:
    """Knows what a truth can be.

    Args:
        manifest: lists the labels.
        reference: the outputs' of training; not needed here.
    """

    def __init__(self, manifest: Manifest, reference: Mapping[str, Shape]) -> None:
        """Give each label its number."""
        del reference
        self._labels = {name: i for i, name in enumerate(manifest.labels)}

    def truth(self, text: str) -> float:
        """Return a label's number; one more than the last for what is none of the model's.

        Raises:
            ValueError: there is no label.
        """
        if not text:
            raise ValueError("has a truth without a label")
        return self._labels.get(text, len(self._labels))

    def nothing(self, *, groups: int) -> "OutcomeTally":
        """Return outcomes of which there are none yet."""
        width = len(self._labels)
        return OutcomeTally(
            np.zeros((groups, width, width + 1), dtype=np.int64), np.zeros((STEPS, 3))
        )


@dataclass
class OutcomeTally:
    """Counts of answers with a truth.

    Args:
        counts: by group, predicted label and true label, of shape (n_groups, n_labels,
            n_labels + 1): the last column is for labels that the model does not know.
        steps: by confidence: rows, their summed confidence, and how many were right, of shape
            (STEPS, 3).
        log_loss: summed, in nats.
        log_loss_rows: of the sum: those with probabilities, and with a label that has one.
        late: those whose truth was told after the window's end.
    """

    counts: Counts
    steps: NDArray[np.float64]
    log_loss: float = 0.0
    log_loss_rows: int = 0
    late: int = 0

    @property
    def counted(self) -> int:
        """How many rows there are."""
        return int(self.counts.sum())

    @property
    def unknown_label(self) -> int:
        """How many of them have a label that the model does not know."""
        return int(self.counts[:, :, -1].sum())

    def add(
        self,
        answers: Answers,
        truths: NDArray[np.float64],
        groups: NDArray[np.int64],
        late: NDArray[np.bool_],
    ) -> None:
        """Count answers of shape (rows,) with their truths; those that were not kept are none."""
        kept = np.flatnonzero(answers.codes >= 0)
        answers, groups, late = answers.take(kept), groups[kept], late[kept]
        actual = truths[kept].astype(np.int64)
        np.add.at(self.counts, (groups, answers.codes, actual), 1)
        self.late += int(late.sum())
        self._add_probabilities(answers, actual)

    def merge(self, other: "OutcomeTally") -> None:
        """Add what was counted in later files."""
        self.counts += other.counts
        self.steps += other.steps
        self.log_loss += other.log_loss
        self.log_loss_rows += other.log_loss_rows
        self.late += other.late

    def _add_probabilities(self, answers: Answers, actual: NDArray[np.int64]) -> None:
        told = np.flatnonzero(~np.isnan(answers.probabilities).any(axis=1))
        answers, actual = answers.take(told), actual[told]
        confidences = answers.confidences
        step = np.minimum((confidences * STEPS).astype(np.int64), STEPS - 1)
        right = answers.codes == actual
        for i, weights in enumerate((None, confidences, right)):
            self.steps[:, i] += np.bincount(step, weights, minlength=STEPS)
        known = np.flatnonzero(actual < answers.probabilities.shape[1])
        shares = answers.probabilities[known, actual[known]]
        # What was rounded to nought before it was sent was not nought.
        self.log_loss -= float(np.log(shares.clip(HALF_UNIT, 1)).sum())
        self.log_loss_rows += len(known)
