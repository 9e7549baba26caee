"""A model's outputs beside the truth, as metrics are computed from them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ...manifest import Interval

BINS = 10  # of the calibration error, equally wide, as in monitoring


@dataclass(frozen=True)
class LabelPredictions:
    """A classifier's outputs and answers for rows whose label is known.

    Args:
        truth: the index of each true label, of shape (rows,).
        answers: the index of each answer, of shape (rows,).
        shares: probabilities that sum to one, of shape (rows, n_labels).
        confidence: the probability of each answer, of shape (rows,).
        labels: in the order of the columns.
        positive: the index of the positive label, if one is named.
    """

    truth: NDArray[np.int64]
    answers: NDArray[np.int64]
    shares: NDArray[np.float64]
    confidence: NDArray[np.float64]
    labels: Sequence[str]
    positive: int | None

    @property
    def bins(self) -> NDArray[np.int64]:
        """Return the bin of each confidence, of shape (rows,)."""
        return np.minimum((self.confidence * BINS).astype(np.int64), BINS - 1)

    def take(self, index: NDArray[np.int64]) -> Self:
        """Return the rows at `index`, of shape (n,)."""
        return replace(
            self,
            truth=self.truth[index],
            answers=self.answers[index],
            shares=self.shares[index],
            confidence=self.confidence[index],
        )


@dataclass(frozen=True)
class ValuePredictions:
    """A regressor's outputs for rows whose value is known, each of shape (rows,)."""

    truth: NDArray[np.float64]
    answers: NDArray[np.float64]
    interval: Interval | None

    @property
    def errors(self) -> NDArray[np.float64]:
        """Return the absolute error of each row, of shape (rows,)."""
        return np.abs(self.truth - self.answers)

    def take(self, index: NDArray[np.int64]) -> Self:
        """Return the rows at `index`, of shape (n,)."""
        return replace(self, truth=self.truth[index], answers=self.answers[index])
