"""Stratify, measure and bound a regressor."""

from collections.abc import Collection, Sequence
from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_bool_dtype, is_string_dtype

from ..answers import Decision
from ..errors import FieldError, InvalidInputError, TrainingError
from ..manifest import Interval, OutputBounds
from .measures.measurement import Measurement
from .measures.regression import measure_values
from .sections import OutputSection
from .table.float32 import distinct_numbers, merge_fractions
from .table.units import WAY_OUT, describe_units
from .table.value_kinds import find_other_kind

MAX_SHOWN = 40  # characters of a value in an error
LABEL = 'that is a label; write task = "classifier"'


class Regressor:
    """A task whose target is a number."""

    def prepare(self, target: pd.Series) -> pd.Series:
        """Return the values unchanged.

        Raises:
            InvalidInputError: the target holds text, or one or two values only; or numbers that are
                not finite, or the same as float32.
        """
        typed = target.convert_dtypes() if target.dtype == object else target
        is_label = is_string_dtype(typed) or is_bool_dtype(typed)
        if problem := _describe_text(typed) if is_label else _describe_values(typed):
            raise InvalidInputError([FieldError(str(target.name), problem)])
        return target

    def too_few(self, target: Sequence[Any]) -> str:
        """Return nothing: there are no labels."""
        del target
        return ""

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
                f"there are {len(truth)}; raise [split] calibration_size or lower [output] "
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
        decision: Decision | None = None,
        *,
        named: Collection[str] = (),
    ) -> Measurement:
        """Return the metrics of outputs of shape (rows, 1).

        Args:
            target: the true value of each row.
            outputs: of shape (rows, 1).
            labels: unused.
            bounds: with the interval around an answer, if there is one.
            decision: unused.
            named: metrics that are measured besides those that always are.

        Source: scikit-learn's user guide, "Regression metrics".
        """
        del labels, decision
        return measure_values(target, outputs, bounds, named)


def _describe_text(target: pd.Series) -> str:
    """Return what is wrong with a target of texts or truths."""
    if problem := describe_units(target):
        return f"{problem}: {WAY_OUT}"
    text = next((each for each in pd.unique(target) if not _is_number(each)), None)
    if text is None:
        return "holds numbers as text; write its type under [data.dtypes]"
    return f"holds {str(text)[:MAX_SHOWN]!r}: {LABEL}"


def _describe_values(target: pd.Series) -> str:
    """Return what is wrong with a target of numbers, or of other values; empty if nothing."""
    if target.isna().all():
        return "is missing in every row"
    if other := find_other_kind(str(target.name), target):
        return other.problem
    values = pd.unique(target)
    if len(values) == 1:
        return f"has the value {values[0]:g} in every row; there is nothing to learn"
    if len(values) == 2:
        first, second = sorted(values)
        return f"has the values {first:g} and {second:g} only: {LABEL}"
    if merged := merge_fractions(distinct_numbers(target)):
        return (
            f"holds numbers that are the same as float32, in which a model answers, {merged}; "
            "subtract a start from them, scale them, or take their logarithm, in `load` (data.py)"
        )
    return ""


def _is_number(value: object) -> bool:
    """Return whether a value, or a text, is a number; true and false are none."""
    if isinstance(value, bool | np.bool_):
        return False
    try:
        float(str(value))
    except ValueError:
        return False
    return True
