"""A regressor's predictions with a ground truth, and sums of their errors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...answers import VALUE
from ...bins import Shape
from ...manifest import Manifest
from ..counts import Moments, moments
from ..exact import Units, array_to_units, to_units
from ..outcome_counts import OutcomeCounts
from .answers import RegressorAnswers


class RegressorTruths:
    """Parses values.

    Args:
        manifest: with the width of the interval around a prediction.
        reference: the shapes of training's outputs.
    """

    def __init__(self, manifest: Manifest, reference: Mapping[str, Shape]) -> None:
        """Read the interval and the bins."""
        interval = manifest.output_bounds.interval
        self._half_width = interval.half_width if interval else None
        self._edges = np.asarray(reference[VALUE]["edges"], dtype=np.float64)

    def truth(self, text: str) -> float:
        """Return the true value.

        Raises:
            ValueError: the text is not a finite number.
        """
        value = float(text)
        if not np.isfinite(value):
            raise ValueError("has a truth that is not finite")
        return value

    def merge(self, other: Any) -> None:
        """Do nothing: it knows no more after parsing than before."""

    def empty_counts(self, *, groups: int) -> "ErrorSums":
        """Return sums over no rows."""
        errors = [Moments() for _ in range(groups)]
        steps = np.zeros((len(self._edges) + 1, 3), dtype=object)
        return ErrorSums(self._edges, self._half_width, errors, steps)


@dataclass
class ErrorSums(OutcomeCounts):
    """Sums over predictions with a ground truth.

    Args:
        edges: between the bins of the predictions.
        half_width: of the interval around a prediction, None without one.
        errors: the absolute errors by group.
        steps: by the prediction's bin: rows, sum of predictions, and sum of true values, of shape
            (n_bins, 3), in units.
        truths: the true values.
        squares: the sum of squared errors, in units.
        over: rows whose prediction exceeds the true value.
        within: rows whose true value lies in the interval.
    """

    edges: NDArray[np.float64]
    half_width: float | None
    errors: list[Moments]
    steps: Units
    truths: Moments = field(default_factory=Moments)
    squares: int = 0
    over: int = 0
    within: int = 0

    @property
    def counted(self) -> int:
        """Return the number of rows."""
        return self.truths.count

    @property
    def quality(self) -> int:
        """Return the sum of the absolute errors, in units."""
        return sum(each.total for each in self.errors)

    def _add(
        self, answers: RegressorAnswers, truths: NDArray[np.float64], groups: NDArray[np.int64]
    ) -> None:
        values = answers.values
        errors = np.abs(values - truths)
        for group in np.unique(groups):
            self.errors[group] += moments(errors[groups == group])
        self.truths += moments(truths)
        self.squares += to_units(float(errors @ errors))
        self.over += int((values > truths).sum())
        if self.half_width is not None:
            self.within += int((errors <= self.half_width).sum())
        step = np.searchsorted(self.edges, values)
        for i, weights in enumerate((None, values, truths)):
            sums = np.bincount(step, weights, minlength=len(self.steps)).astype(np.float64)
            self.steps[:, i] += array_to_units(sums)

    def _merge(self, other: Any) -> None:
        pairs = zip(self.errors, other.errors, strict=True)
        self.errors = [mine + theirs for mine, theirs in pairs]
        self.steps += other.steps
        self.truths += other.truths
        self.squares += other.squares
        self.over += other.over
        self.within += other.within
