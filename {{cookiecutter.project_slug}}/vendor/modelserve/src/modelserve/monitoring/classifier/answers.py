"""A classifier's predictions, parsed from captured responses."""

from collections.abc import Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...answers import CONFIDENCE, LABEL, Decision, find_label, label_codes
from ...bins import Shape

HALF_UNIT = 0.5e-6  # of the last digit of a probability in a response
UNREADABLE = (LookupError, OverflowError, TypeError, ValueError)


class ClassifierAnswers(NamedTuple):
    """Predictions for some rows.

    Args:
        codes: the labels' indices, of shape (rows,), -1 where the label was not captured.
        probabilities: of shape (rows, n_labels), NaN where they were not captured.
        by_threshold: whether the label may be another than the most probable one.
    """

    codes: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    by_threshold: bool = False

    @property
    def confidences(self) -> NDArray[np.float64]:
        """Return the probability of the model's label, of shape (rows,)."""
        if self.by_threshold:
            codes = self.codes.clip(min=0)[:, None]
            return np.take_along_axis(self.probabilities, codes, axis=1)[:, 0]
        return np.asarray(self.probabilities.max(axis=1))

    @property
    def captured(self) -> NDArray[np.bool_]:
        """Return whether there is a label, of shape (rows,)."""
        return self.codes >= 0

    def take(self, index: NDArray[np.int64]) -> "ClassifierAnswers":
        """Return the predictions at `index`, of shape (n,)."""
        return ClassifierAnswers(self.codes[index], self.probabilities[index], self.by_threshold)


class ClassifierAnswerReader:
    """Parses predictions.

    Args:
        labels: the model's.
        decision: which of two labels is the answer, if not the most probable one.
    """

    fields = (LABEL, CONFIDENCE)

    def __init__(self, labels: Sequence[str], decision: Decision | None = None) -> None:
        """Index the labels."""
        self._decision = decision
        self._names = np.asarray(labels, dtype=object)
        self._codes = {label: i for i, label in enumerate(labels)}
        self._pick = itemgetter(*labels)

    def gather(self, predictions: Sequence[Mapping[str, Any]]) -> ClassifierAnswers:
        """Return predictions as arrays."""
        width = len(self._codes)
        try:
            codes = [self._codes[each["label"]] for each in predictions]
            shares = chain.from_iterable(self._pick(each["probabilities"]) for each in predictions)
            flat = np.fromiter(shares, dtype=np.float64, count=len(predictions) * width)
        except UNREADABLE:
            return self._gather_each(predictions)
        return ClassifierAnswers(
            np.array(codes, dtype=np.int64), flat.reshape(-1, width), bool(self._decision)
        )

    def observe(self, answers: ClassifierAnswers) -> dict[str, NDArray[Any]]:
        """Return the monitored values by field, without rows that were not captured."""
        confidences = answers.confidences
        return {
            LABEL: self._names[answers.codes[answers.captured]],
            CONFIDENCE: confidences[~np.isnan(confidences)],
        }

    def _gather_each(self, predictions: Sequence[Mapping[str, Any]]) -> ClassifierAnswers:
        probabilities = np.full((len(predictions), len(self._codes)), np.nan)
        codes = np.full(len(predictions), -1, dtype=np.int64)
        for i, each in enumerate(predictions):
            try:
                probabilities[i] = self._pick(each["probabilities"])
                (codes[i],) = label_codes(probabilities[i : i + 1], self._decision)
            except UNREADABLE:
                probabilities[i] = np.nan
            label = each.get("label")
            if label is not None:
                codes[i] = self._codes.get(label, -1) if isinstance(label, str) else -1
        return ClassifierAnswers(codes, probabilities, bool(self._decision))

    def read_csv(self, cells: Sequence[str]) -> dict[str, Any]:
        """Return the prediction of a row of CSV: a label, probabilities, or both in this order."""
        prediction: dict[str, Any] = {}
        shares = list(cells)
        if len(shares) != len(self._codes):
            prediction["label"] = find_label(shares.pop(0), self._codes)
        if shares:
            prediction["probabilities"] = dict(zip(self._codes, map(float, shares), strict=True))
        return prediction

    def as_sent(self, field: str, shape: Shape) -> Shape:
        """Return a field's bins, their edges moved so that a rounded value stays in its bin."""
        if field != CONFIDENCE:
            return shape
        return {**shape, "edges": [edge + HALF_UNIT for edge in shape["edges"]]}
