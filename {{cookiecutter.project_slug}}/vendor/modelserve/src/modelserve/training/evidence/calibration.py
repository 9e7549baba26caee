"""How far probabilities and intervals can be taken at their word."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...manifest import OutputBounds
from ..measures.classification import calibration_error
from ..measures.confusion import divide
from ..measures.predictions import BINS, LabelPredictions
from .row_scores import sum_parts, wilson

RESIDUAL_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
PARTS = 5  # of a regressor's answers, about equally many rows in each


@dataclass(frozen=True)
class ReliabilityBin:
    """Answers of similar confidence: their mean confidence, and the share that is right."""

    low: float
    high: float
    rows: int
    confidence: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float


@dataclass(frozen=True)
class LabelCalibration:
    """The calibration of a classifier; bins without rows are left out."""

    expected_calibration_error: float
    brier_score: float
    bins: tuple[ReliabilityBin, ...]


@dataclass(frozen=True)
class ResidualBin:
    """Answers of similar size: quantiles of truth minus answer, and the interval's coverage."""

    low: float
    high: float
    rows: int
    quantiles: tuple[float, ...]
    coverage: float | None


@dataclass(frozen=True)
class ValueCalibration:
    """The residuals of a regressor, truth minus answer, and the coverage of its interval."""

    probabilities: tuple[float, ...]
    quantiles: tuple[float, ...]
    mean_residual: float
    coverage: float | None
    expected_coverage: float | None
    bins: tuple[ResidualBin, ...]


Calibration = LabelCalibration | ValueCalibration


def calibrate_labels(given: LabelPredictions) -> LabelCalibration:
    """Return the calibration of a classifier's answers.

    Source: Guo et al. (2017), On calibration of modern neural networks.
    """
    rows = np.bincount(given.bins, minlength=BINS)
    right = sum_parts(given.bins, given.truth == given.answers, BINS)
    confidence = divide(
        sum_parts(given.bins, given.confidence, BINS), rows.astype(np.float64), np.nan
    )
    low, high = wilson(right, rows)
    bins = tuple(
        ReliabilityBin(
            i / BINS,
            (i + 1) / BINS,
            int(rows[i]),
            float(confidence[i]),
            float(right[i] / rows[i]),
            float(low[i]),
            float(high[i]),
        )
        for i in range(BINS)
        if rows[i]
    )
    return LabelCalibration(calibration_error(given), _brier_score(given), bins)


def _brier_score(given: LabelPredictions) -> float:
    """Return what scikit-learn does, without a matrix of the true labels."""
    of_truth = np.take_along_axis(given.shares, given.truth[:, None], axis=1)[:, 0]
    squares = np.einsum("ij,ij->i", given.shares, given.shares) - 2 * of_truth + 1
    return float(squares.mean()) / (2 if len(given.labels) == 2 else 1)


def calibrate_values(
    target: Sequence[Any], outputs: NDArray[np.float32], bounds: OutputBounds
) -> ValueCalibration:
    """Return the residuals of a regressor.

    Args:
        target: the true value of each row.
        outputs: of shape (rows, 1).
        bounds: with the interval around an answer, if there is one.
    """
    answers = outputs[:, 0].astype(np.float64)
    residuals = np.asarray(target, np.float64) - answers
    half = bounds.interval.half_width if bounds.interval else None

    def coverage(part: NDArray[np.float64]) -> float | None:
        return None if half is None else float((np.abs(part) <= half).mean())

    edges = np.unique(np.quantile(answers, np.arange(1, PARTS) / PARTS, method="inverted_cdf"))
    codes = np.searchsorted(edges[edges < answers.max()], answers)
    bins = tuple(
        ResidualBin(
            float(answers[codes == code].min()),
            float(answers[codes == code].max()),
            int((codes == code).sum()),
            _quantiles(residuals[codes == code]),
            coverage(residuals[codes == code]),
        )
        for code in np.unique(codes)
    )
    return ValueCalibration(
        RESIDUAL_QUANTILES,
        _quantiles(residuals),
        float(residuals.mean()),
        coverage(residuals),
        bounds.interval.coverage if bounds.interval else None,
        bins,
    )


def _quantiles(residuals: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(map(float, np.quantile(residuals, RESIDUAL_QUANTILES)))
