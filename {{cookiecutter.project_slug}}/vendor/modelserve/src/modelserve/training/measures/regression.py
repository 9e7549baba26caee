"""The metrics of a regressor, by scikit-learn."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

from ...manifest import OutputBounds
from .intervals import bootstrap_values
from .measurement import Measurement, MetricFunction, compute
from .predictions import ValuePredictions

ALWAYS = ("mae", "rmse", "r2")
WITH_INTERVAL = ("interval_coverage", "pinball_loss")
ALSO = ("median_absolute_error",)
NO_INTERVAL = "needs [split] calibration_size in config/training.toml"


def measure_values(
    target: Sequence[Any],
    outputs: NDArray[np.float32],
    bounds: OutputBounds,
    named: Collection[str] = (),
) -> Measurement:
    """Return a regressor's metrics on some rows, with their confidence intervals.

    Args:
        target: the true value of each row.
        outputs: of shape (rows, 1).
        bounds: with the interval around an answer, if there is one.
        named: metrics that are measured besides those that always are.
    """
    predictions = ValuePredictions(
        np.asarray(target, dtype=np.float64), outputs[:, 0].astype(np.float64), bounds.interval
    )
    wanted = [*ALWAYS, *(WITH_INTERVAL if bounds.interval else ()), *ALSO]
    wanted += [name for name in named if name in METRICS and name not in wanted]
    metrics, reasons = compute(METRICS, wanted, predictions)
    return Measurement(metrics, reasons, bootstrap_values(predictions, metrics))


def mae(given: ValuePredictions) -> float:
    """Return the mean absolute error."""
    return float(sklearn_metrics.mean_absolute_error(given.truth, given.answers))


def rmse(given: ValuePredictions) -> float:
    """Return the root mean squared error."""
    return float(sklearn_metrics.root_mean_squared_error(given.truth, given.answers))


def r2(given: ValuePredictions) -> float | str:
    """Return the coefficient of determination."""
    if len(given.truth) < 2:
        return "needs two rows"
    return float(sklearn_metrics.r2_score(given.truth, given.answers))


def interval_coverage(given: ValuePredictions) -> float | str:
    """Return the share of true values in the interval; its ends belong to it."""
    if given.interval is None:
        return NO_INTERVAL
    return float(np.mean(given.errors <= given.interval.half_width))


def median_absolute_error(given: ValuePredictions) -> float:
    """Return the median of the absolute errors."""
    return float(sklearn_metrics.median_absolute_error(given.truth, given.answers))


def pinball_loss(given: ValuePredictions) -> float | str:
    """Return the quantile loss, averaged over both ends of the interval.

    Source: Koenker & Bassett (1978), Regression quantiles.
    """
    if given.interval is None:
        return NO_INTERVAL
    tail, half = (1 - given.interval.coverage) / 2, given.interval.half_width
    losses = [
        sklearn_metrics.mean_pinball_loss(given.truth, given.answers + offset, alpha=alpha)
        for offset, alpha in ((-half, tail), (half, 1 - tail))
    ]
    return float(np.mean(losses))


def mape(given: ValuePredictions) -> float | str:
    """Return the mean absolute error relative to the true value; 0.1 is 10 %."""
    if zeros := int((given.truth == 0).sum()):
        return f"the true value is 0 in {zeros} of {len(given.truth)} rows"
    return float(sklearn_metrics.mean_absolute_percentage_error(given.truth, given.answers))


def max_error(given: ValuePredictions) -> float:
    """Return the largest absolute error."""
    return float(sklearn_metrics.max_error(given.truth, given.answers))


def explained_variance(given: ValuePredictions) -> float | str:
    """Return the share of the variance that is explained; a constant error costs nothing."""
    if len(given.truth) < 2:
        return "needs two rows"
    return float(sklearn_metrics.explained_variance_score(given.truth, given.answers))


METRICS: dict[str, MetricFunction[ValuePredictions]] = {
    "mae": mae,
    "rmse": rmse,
    "r2": r2,
    "interval_coverage": interval_coverage,
    "median_absolute_error": median_absolute_error,
    "pinball_loss": pinball_loss,
    "mape": mape,
    "max_error": max_error,
    "explained_variance": explained_variance,
}
