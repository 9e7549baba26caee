"""How good a regressor is, how far off it may be, and whether that is good enough."""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from ..artifact import Guarantees, Interval
from ..errors import Complaint, InvalidInputError, TrainingError
from .sections import Section

TASK = "regressor"
OUTPUT = "value"


class Output(Section):
    """What `[output]` in config/training.toml may say.

    An answer beyond `minimum` or `maximum` is none; `coverage` is the share of true values that
    the interval around an answer is to hold.
    """

    minimum: float | None = None
    maximum: float | None = None
    coverage: float = Field(default=0.9, gt=0, lt=1)


def stratify(target: NDArray[np.object_]) -> NDArray[np.int64]:
    """Return what a split keeps the shares of: in which fifth of all values each one lies.

    Raises:
        InvalidInputError: it holds something else, or what is not finite.
    """
    try:
        values = target.astype(np.float64)
    except (TypeError, ValueError):
        values = np.array([np.nan])
    if not np.isfinite(values).all():
        raise InvalidInputError([Complaint("target", "should hold finite numbers only")])
    edges = np.quantile(values, [0.2, 0.4, 0.6, 0.8])
    return np.searchsorted(np.unique(edges), values).astype(np.int64)


def labels_of(target: Sequence[float]) -> tuple[str, ...]:
    """Return the labels that there are: none."""
    del target
    return ()


def prior(target: Sequence[float], labels: Sequence[str]) -> tuple[float, ...]:
    """Return what is answered without a model: the median of the training rows' values."""
    del labels
    return (float(np.median(target)),)


def guarantees(
    target: Sequence[float],
    answers: NDArray[np.float32],
    prior: tuple[float, ...],
    output: Output,
) -> Guarantees:
    """Return what every answer keeps to: its bounds, and how far the truth lies from it.

    The latter is split-conformal: it holds on average over rows like these, whatever the model.

    Args:
        target: the true values of rows that the model was not fitted to; none, no interval.
        answers: the model's, of shape (rows, 1).
        prior: what is answered without the model.
        output: the bounds, and which share of true values the interval is to hold.

    Raises:
        TrainingError: there are too few rows for this coverage.

    Source: Lei et al. (2018), Distribution-free predictive inference for regression.
    """
    bounds = Guarantees(minimum=output.minimum, maximum=output.maximum)
    if not target:
        return bounds
    truth = np.asarray(target, dtype=np.float64)
    share = Fraction(str(output.coverage))  # as it is written: no float is quite 9/10
    rank = ceil((len(truth) + 1) * share)
    if rank > len(truth):
        needed = ceil(share / (1 - share))
        raise TrainingError(
            f"An interval of {100 * output.coverage:g} % needs {needed} rows to calibrate with, "
            f"there are {len(truth)}; raise [data] calibration_share or lower [output] coverage."
        )
    half_width, prior_half_width = (
        float(np.sort(np.abs(truth - guess))[rank - 1]) for guess in (answers[:, 0], prior[0])
    )
    interval = Interval(
        coverage=output.coverage, half_width=half_width, prior_half_width=prior_half_width
    )
    return bounds.model_copy(update={"interval": interval})


def measure(
    target: Sequence[float],
    answers: NDArray[np.float32],
    labels: Sequence[str],
    kept: Guarantees,
) -> dict[str, float]:
    """Return the mean absolute error, the root mean squared error, R² and the interval's coverage.

    Args:
        target: the true value of each row.
        answers: the model's, of shape (rows, 1).
        labels: none.
        kept: its interval's coverage is measured, if there is one.

    Source: scikit-learn's user guide, "Regression metrics".
    """
    del labels
    truth, guess = np.asarray(target, dtype=np.float64), answers[:, 0].astype(np.float64)
    metrics = {
        "mae": float(mean_absolute_error(truth, guess)),
        "rmse": float(root_mean_squared_error(truth, guess)),
        "r2": float(r2_score(truth, guess)),
    }
    if kept.interval:
        within = np.abs(truth - guess) <= kept.interval.half_width
        metrics["interval_coverage"] = float(np.mean(within))
    return metrics
