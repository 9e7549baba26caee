"""How good each single answer is, and the mean over a part of the rows with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ...answers import Decision, label_codes, label_of
from ..measures.bootstrap import LEVEL
from ..measures.confusion import divide

Values = NDArray[np.float64]


@dataclass(frozen=True)
class RowScores:
    """Whether each answer is right, or its absolute error, of shape (rows,)."""

    metric: Literal["accuracy", "mae"]
    values: Values

    @property
    def sign(self) -> int:
        """Return 1 where higher is better, -1 where lower is."""
        return 1 if self.metric == "accuracy" else -1

    @property
    def whole(self) -> float:
        """Return the metric of all rows; NaN without any."""
        return float(self.values.mean()) if len(self.values) else float("nan")


@dataclass(frozen=True)
class PartScores:
    """The metric of each part of the rows, and its 95 % interval, each of shape (parts,)."""

    rows: NDArray[np.int64]
    metric: Values
    low: Values
    high: Values


def score_rows(
    target: Sequence[Any],
    outputs: NDArray[np.float32],
    labels: Sequence[str],
    decision: Decision | None = None,
) -> RowScores:
    """Return the score of each row.

    Args:
        target: the true label or value of each row.
        outputs: of shape (rows, n_outputs).
        labels: in the order of the outputs; empty for a regressor.
        decision: which of two labels is the answer, if not the most probable one.
    """
    if not labels:
        errors = np.abs(outputs[:, 0].astype(np.float64) - np.asarray(target, np.float64))
        return RowScores("mae", errors)
    answers = np.asarray(labels, dtype=object)[label_codes(outputs, decision)]
    truth = np.asarray([label_of(value) for value in target], dtype=object)
    return RowScores("accuracy", (answers == truth).astype(np.float64))


def score_parts(scores: RowScores, codes: NDArray[np.int64], count: int) -> PartScores:
    """Return the metric of each part, with Wilson's interval for a share, Student's for a mean.

    Args:
        scores: of all rows.
        codes: the part of each row, of shape (rows,).
        count: of the parts.

    Source: Wilson (1927), Probable inference; Brown et al. (2001), Interval estimation for a
    binomial proportion.
    """
    rows = np.bincount(codes, minlength=count)
    total = sum_parts(codes, scores.values, count)
    means = divide(total, rows.astype(np.float64), np.nan)
    if scores.metric == "accuracy":
        low, high = wilson(total, rows)
        return PartScores(rows, means, low, high)
    squares = sum_parts(codes, (scores.values - means[codes]) ** 2, count)
    degrees = rows.astype(np.float64) - 1
    # The deviation of the mean: the root of the variance over the rows.
    deviations = np.sqrt(divide(squares, degrees * rows, np.nan))
    half = stats.t.ppf((1 + LEVEL) / 2, np.maximum(degrees, 1)) * deviations
    return PartScores(rows, means, np.maximum(means - half, 0), means + half)


def sum_parts(codes: NDArray[np.int64], values: NDArray[Any], count: int) -> Values:
    """Return the sum of the values in each part, of shape (count,).

    Args:
        codes: the part of each row, of shape (rows,).
        values: of shape (rows,).
        count: of the parts.
    """
    return np.bincount(codes, values, minlength=count).astype(np.float64)


def wilson(hits: Values, rows: NDArray[np.int64]) -> tuple[Values, Values]:
    """Return the 95 % interval of a share; NaN without rows.

    Args:
        hits: of shape (parts,).
        rows: of shape (parts,).
    """
    n, z = rows.astype(np.float64), float(stats.norm.ppf((1 + LEVEL) / 2))
    share = divide(hits, n, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)
