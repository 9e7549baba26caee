"""Stratify, measure and bound a regressor."""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from ..errors import FieldError, InvalidInputError, TrainingError
from ..manifest import Interval, OutputBounds
from .sections import OutputSection


class Regressor:
    """A task whose target is a number."""

    def stratify(self, target: NDArray[np.object_]) -> NDArray[np.int64]:
        """Return the quintile of each value as strata, so that a split keeps their shares.

        Raises:
            InvalidInputError: the target holds something other than finite numbers.
        """
        try:
            values = target.astype(np.float64)
        except (TypeError, ValueError):
            values = np.array([np.nan])
        if not np.isfinite(values).all():
            raise InvalidInputError([FieldError("target", "should hold finite numbers only")])
        edges = np.quantile(values, [0.2, 0.4, 0.6, 0.8])
        return np.searchsorted(np.unique(edges), values).astype(np.int64)

    def labels_of(self, target: Sequence[Any]) -> tuple[str, ...]:
        """Return no labels."""
        del target
        return ()

    def fallback(self, target: Sequence[Any], labels: Sequence[str]) -> tuple[float, ...]:
        """Return the median of the target, of shape (1,)."""
        del labels
        return (float(np.median(target)),)

    def output_bounds(
        self,
        target: Sequence[Any],
        outputs: NDArray[np.float32],
        fallback: tuple[float, ...],
        section: OutputSection,
    ) -> OutputBounds:
        """Return the bounds of every answer, and the split-conformal interval around it.

        The interval holds on average over rows like these, whatever the model.

        Args:
            target: the true values of rows that the model was not fitted to; empty for no interval.
            outputs: the model's, of shape (rows, 1).
            fallback: the answer without the model.
            section: the bounds, and the coverage of the interval.

        Raises:
            TrainingError: there are too few rows for this coverage.

        Source: Lei et al. (2018), Distribution-free predictive inference for regression.
        """
        bounds = OutputBounds(minimum=section.minimum, maximum=section.maximum)
        if not target:
            return bounds
        truth = np.asarray(target, dtype=np.float64)
        share = Fraction(str(section.coverage))  # exactly as written: 0.9 is not 9/10 in binary
        rank = ceil((len(truth) + 1) * share)
        if rank > len(truth):
            needed = ceil(share / (1 - share))
            raise TrainingError(
                f"An interval of {100 * section.coverage:g} % needs {needed} calibration rows, "
                f"there are {len(truth)}; raise [data] calibration_size or lower [output] "
                "coverage in config/training.toml."
            )
        half_width, fallback_half_width = (
            float(np.sort(np.abs(truth - guess))[rank - 1])
            for guess in (outputs[:, 0], fallback[0])
        )
        interval = Interval(
            coverage=section.coverage,
            half_width=half_width,
            fallback_half_width=fallback_half_width,
        )
        return bounds.model_copy(update={"interval": interval})

    def measure(
        self,
        target: Sequence[Any],
        outputs: NDArray[np.float32],
        labels: Sequence[str],
        bounds: OutputBounds,
    ) -> dict[str, float]:
        """Return mean absolute error, root mean squared error, R² and the interval's coverage.

        Args:
            target: the true value of each row.
            outputs: of shape (rows, 1).
            labels: unused.
            bounds: the coverage of their interval is measured, if there is one.

        Source: scikit-learn's user guide, "Regression metrics".
        """
        del labels
        truth, guess = np.asarray(target, dtype=np.float64), outputs[:, 0].astype(np.float64)
        metrics = {
            "mae": float(mean_absolute_error(truth, guess)),
            "rmse": float(root_mean_squared_error(truth, guess)),
            "r2": float(r2_score(truth, guess)),
        }
        if bounds.interval:
            within = np.abs(truth - guess) <= bounds.interval.half_width
            metrics["interval_coverage"] = float(np.mean(within))
        return metrics
