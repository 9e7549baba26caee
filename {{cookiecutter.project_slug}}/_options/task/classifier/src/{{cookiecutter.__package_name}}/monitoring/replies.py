"""A classifier's answers as they were sent, read back into arrays."""

from collections.abc import Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..answers import CONFIDENCE, LABEL
from ..bins import Shape

HALF_UNIT = 0.5e-6  # of the last digit that is sent of a probability


class Answers(NamedTuple):
    """What was answered to some rows.

    `codes` of shape (rows,) are the labels' numbers, -1 where none was kept; `probabilities` of
    shape (rows, n_labels) are NaN where none were.
    """

    codes: NDArray[np.int64]
    probabilities: NDArray[np.float64]

    @property
    def confidences(self) -> NDArray[np.float64]:
        """The likeliest label's probability, of shape (rows,)."""
        return np.asarray(self.probabilities.max(axis=1))

    def take(self, index: NDArray[np.int64]) -> "Answers":
        """Return the answers at `index`, of shape (n,)."""
        return Answers(self.codes[index], self.probabilities[index])


class Replies:
    """Reads predictions.

    Args:
        labels: the model's.
    """

    fields = (LABEL, CONFIDENCE)

    def __init__(self, labels: Sequence[str]) -> None:
        """Give each label its number."""
        self._names = np.asarray(labels, dtype=object)
        self._codes = {label: i for i, label in enumerate(labels)}
        self._pick = itemgetter(*labels)

    def gather(self, predictions: Sequence[Mapping[str, Any]]) -> Answers:
        """Return predictions as arrays."""
        width = len(self._codes)
        try:
            codes = [self._codes[each["label"]] for each in predictions]
            shares = chain.from_iterable(self._pick(each["probabilities"]) for each in predictions)
            flat = np.fromiter(shares, dtype=np.float64, count=len(predictions) * width)
        except (LookupError, TypeError, ValueError):
            return self._gather_each(predictions)
        return Answers(np.array(codes, dtype=np.int64), flat.reshape(-1, width))

    def observe(self, answers: Answers) -> dict[str, NDArray[Any]]:
        """Return what is watched of answers, of shape (rows,) without those that were not kept."""
        confidences = answers.confidences
        return {
            LABEL: self._names[answers.codes[answers.codes >= 0]],
            CONFIDENCE: confidences[~np.isnan(confidences)],
        }

    def _gather_each(self, predictions: Sequence[Mapping[str, Any]]) -> Answers:
        probabilities = np.full((len(predictions), len(self._codes)), np.nan)
        codes = np.full(len(predictions), -1, dtype=np.int64)
        for i, each in enumerate(predictions):
            try:
                probabilities[i] = self._pick(each["probabilities"])
                codes[i] = probabilities[i].argmax()
            except (LookupError, TypeError, ValueError):
                probabilities[i] = np.nan
            label = each.get("label")
            if label is not None:
                codes[i] = self._codes.get(label, -1) if isinstance(label, str) else -1
        return Answers(codes, probabilities)


def read(cells: Sequence[str], labels: Sequence[str]) -> dict[str, Any]:
    """Return the prediction of a row of CSV: a label, probabilities, or both in this order."""
    found: dict[str, Any] = {}
    shares = list(cells)
    if len(shares) != len(labels):
        found["label"] = shares.pop(0).strip()
    if shares:
        found["probabilities"] = dict(zip(labels, map(float, shares), strict=True))
    return found


def as_sent(field: str, shape: Shape) -> Shape:
    """Return a field's shape with edges that keep what is rounded for sending in its bin."""
    if field != CONFIDENCE:
        return shape
    return {**shape, "edges": [edge + HALF_UNIT for edge in shape["edges"]]}
