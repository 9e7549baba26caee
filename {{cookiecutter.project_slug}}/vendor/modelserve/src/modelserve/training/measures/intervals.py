"""The confidence intervals of a classifier's and of a regressor's metrics."""

import sys
from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from .bootstrap import Bounds, Weights, bootstrap, choose
from .confusion import ConfusionTable, divide
from .predictions import BINS, LabelPredictions, ValuePredictions

MAX_ROWS = 10_000  # that are resampled
MAX_CELLS = 50_000  # rows times labels
SMALLEST = sys.float_info.epsilon  # scikit-learn clips probabilities there

Values = NDArray[np.float64]


def bootstrap_labels(given: LabelPredictions, metrics: Mapping[str, float]) -> dict[str, Bounds]:
    """Return the confidence interval of each of a classifier's metrics.

    Args:
        given: outputs, answers and truth of all rows.
        metrics: on these rows.
    """
    total = len(given.truth)
    chosen = choose(total, min(MAX_ROWS, MAX_CELLS // len(given.labels)))
    evaluate = partial(weigh_labels, given.take(chosen), names=metrics)
    return bootstrap(evaluate, metrics, rows=len(chosen), of_rows=total)


def bootstrap_values(given: ValuePredictions, metrics: Mapping[str, float]) -> dict[str, Bounds]:
    """Return the confidence interval of each of a regressor's metrics.

    Args:
        given: answers and truth of all rows.
        metrics: on these rows.
    """
    total = len(given.truth)
    chosen = choose(total, MAX_ROWS)
    evaluate = partial(weigh_values, given.take(chosen))
    return bootstrap(evaluate, metrics, rows=len(chosen), of_rows=total)


def weigh_labels(
    given: LabelPredictions, weights: Weights, names: Mapping[str, float]
) -> dict[str, Values]:
    """Return a classifier's metrics by name, each of shape (resamples,).

    Args:
        given: outputs, answers and truth of the rows.
        weights: of shape (resamples, rows).
        names: of the metrics; others may be left out.
    """
    confusion, rows = ConfusionTable(given, weights), weights.sum(axis=1)
    of_truth = np.take_along_axis(given.shares, given.truth[:, None], axis=1)[:, 0]
    truth = np.eye(len(given.labels))[given.truth]
    squares = ((given.shares - truth) ** 2).sum(axis=1) / (2 if len(given.labels) == 2 else 1)
    gaps = np.eye(BINS)[given.bins] * (given.confidence - (given.truth == given.answers))[:, None]
    values = confusion.metrics() | {
        "log_loss": weights @ -np.log(of_truth.clip(SMALLEST, 1)) / rows,
        "mean_confidence": weights @ given.confidence / rows,
        "brier_score": weights @ squares / rows,
        "calibration_error": np.abs(weights @ gaps).sum(axis=1) / rows,
        "roc_auc": macro_area(given, weights),
    }
    if given.positive is not None:
        values |= confusion.metrics_of(given.positive)
        hits = (given.truth == given.positive).astype(np.float64)
        values["pr_auc"] = average_precision(hits, given.shares[:, given.positive], weights)
    for name in names:
        metric, _, label = name.partition(":")
        if label in given.labels:
            values[name] = confusion.metrics_of(list(given.labels).index(label))[metric]
    return values


def weigh_values(given: ValuePredictions, weights: Weights) -> dict[str, Values]:
    """Return a regressor's metrics by name, each of shape (resamples,).

    Args:
        given: answers and truth of the rows.
        weights: of shape (resamples, rows).
    """
    rows, difference, errors = weights.sum(axis=1), given.truth - given.answers, given.errors
    around = given.truth - given.truth.mean()
    spread = weights @ around**2 - (weights @ around) ** 2 / rows
    unexplained = weights @ difference**2 - (weights @ difference) ** 2 / rows
    values = {
        "mae": weights @ errors / rows,
        "rmse": np.sqrt(weights @ difference**2 / rows),
        "r2": 1 - divide(weights @ difference**2, spread, np.nan),
        "explained_variance": 1 - divide(unexplained, spread, np.nan),
        "median_absolute_error": weighted_median(errors, weights),
    }
    if (given.truth != 0).all():
        values["mape"] = weights @ (errors / np.abs(given.truth)) / rows
    if given.interval:
        tail, half = (1 - given.interval.coverage) / 2, given.interval.half_width
        low, high = difference + half, difference - half
        losses = np.maximum(tail * low, (tail - 1) * low)
        losses += np.maximum((1 - tail) * high, -tail * high)
        values["pinball_loss"] = weights @ losses / 2 / rows
        values["interval_coverage"] = weights @ (errors <= half) / rows
    return values


def macro_area(given: LabelPredictions, weights: Weights) -> Values:
    """Return the area under the ROC curve, averaged over the labels that were drawn."""
    codes = np.unique(given.truth)
    areas = [
        area_under_curve((given.truth == code).astype(np.float64), given.shares[:, code], weights)
        for code in (codes[:1] if len(given.labels) == 2 else codes)  # the other has the same
    ]
    stacked = np.stack(areas)
    defined = np.isfinite(stacked)
    return divide(np.where(defined, stacked, 0).sum(axis=0), defined.sum(axis=0), np.nan)


def area_under_curve(truth: Values, shares: Values, weights: Weights) -> Values:
    """Return the area under the ROC curve of weighted rows; NaN with one label only.

    It is the share of pairs of a positive and a negative row that are in order; a tie is half.

    Args:
        truth: 1 for a positive row, else 0, of shape (rows,).
        shares: the probability of the positive label, of shape (rows,).
        weights: of shape (resamples, rows).
    """
    hits, alarms = _at_thresholds(truth, shares, weights)
    before = np.diff(hits, axis=1, prepend=0.0)
    pairs = hits[:, -1] * alarms[:, -1]
    below = alarms[:, -1:] - alarms + np.diff(alarms, axis=1, prepend=0.0) / 2
    return divide((before * below).sum(axis=1), pairs, np.nan)


def average_precision(truth: Values, shares: Values, weights: Weights) -> Values:
    """Return the average precision of weighted rows; NaN without a positive row.

    Args:
        truth: 1 for a positive row, else 0, of shape (rows,).
        shares: the probability of the positive label, of shape (rows,).
        weights: of shape (resamples, rows).
    """
    hits, alarms = _at_thresholds(truth, shares, weights)
    precision = divide(hits, hits + alarms, 0.0)
    found = np.diff(hits, axis=1, prepend=0.0)
    return divide((precision * found).sum(axis=1), hits[:, -1], np.nan)


def _at_thresholds(truth: Values, shares: Values, weights: Weights) -> tuple[Values, Values]:
    """Return true and false positives at each threshold, of shape (resamples, thresholds)."""
    order = np.argsort(-shares, kind="stable")
    ordered, drawn = shares[order], weights[:, order]
    ends = np.flatnonzero(np.append(ordered[:-1] > ordered[1:], True))
    hits = (drawn * truth[order]).cumsum(axis=1)[:, ends]
    return hits, drawn.cumsum(axis=1)[:, ends] - hits


def weighted_median(values: Values, weights: Weights) -> Values:
    """Return the median of weighted values of shape (rows,); the mean of two in the middle."""
    order = np.argsort(values, kind="stable")
    ordered, drawn = values[order], weights[:, order].cumsum(axis=1)
    half = drawn[:, -1:] / 2
    low, high = (drawn < half).sum(axis=1), (drawn <= half).sum(axis=1)
    return np.asarray((ordered[low] + ordered[high]) / 2)
