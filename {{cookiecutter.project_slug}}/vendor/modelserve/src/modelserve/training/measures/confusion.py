"""The confusion matrices of many resamples at once, and the metrics that come from them."""

# A row's weight is how often it was drawn; with weights of one, each function returns what
# scikit-learn's does.

import numpy as np
from numpy.typing import NDArray

from .bootstrap import Weights
from .predictions import LabelPredictions

Values = NDArray[np.float64]


class ConfusionTable:
    """The weighted rows of each label, each array of shape (resamples, n_labels).

    Args:
        given: truth and answers of each row.
        weights: of shape (resamples, rows).
    """

    def __init__(self, given: LabelPredictions, weights: Weights) -> None:
        """Count rows by true label, by answer, and those where both agree."""
        truth, answers = (
            np.eye(len(given.labels))[codes] for codes in (given.truth, given.answers)
        )
        self.rows = weights.sum(axis=1)
        # Of the rows as they are: the largest share of each resample is larger, on average.
        self.majority = int(truth.sum(axis=0).argmax())
        self.actual, self.predicted = weights @ truth, weights @ answers
        self.both = weights @ (truth * answers)

    def metrics(self) -> dict[str, Values]:
        """Return the metrics of all labels, each of shape (resamples,)."""
        accuracy = self.both.sum(axis=1) / self.rows
        recalls = divide(self.both, self.actual, 0.0)
        return {
            "accuracy": accuracy,
            "gain_over_majority": accuracy - self.actual[:, self.majority] / self.rows,
            "macro_f1": divide(2 * self.both, self.predicted + self.actual, 0.0).mean(axis=1),
            "balanced_accuracy": recalls.sum(axis=1) / (self.actual > 0).sum(axis=1),
            "mcc": self._mcc(),
        }

    def metrics_of(self, code: int) -> dict[str, Values]:
        """Return the metrics of one label, each of shape (resamples,)."""
        actual, predicted, both = (
            each[:, code] for each in (self.actual, self.predicted, self.both)
        )
        f1 = divide(2 * both, predicted + actual, 0.0)
        return {
            "precision": divide(both, predicted, np.nan),
            "recall": divide(both, actual, np.nan),
            "f1": np.where(actual > 0, f1, np.nan),
        }

    def _mcc(self) -> Values:
        gain = self.both.sum(axis=1) * self.rows - (self.predicted * self.actual).sum(axis=1)
        spreads = [self.rows**2 - (side**2).sum(axis=1) for side in (self.predicted, self.actual)]
        return divide(gain, np.sqrt(spreads[0] * spreads[1]), 0.0)


def divide(dividend: Values, divisor: Values, otherwise: float) -> Values:
    """Return a quotient, and another number where the divisor is zero."""
    default = np.full(dividend.shape, otherwise)
    return np.asarray(np.divide(dividend, divisor, out=default, where=divisor > 0))
