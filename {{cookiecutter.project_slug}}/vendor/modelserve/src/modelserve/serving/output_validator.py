"""Checks that a model's outputs are finite and within their bounds, or are probabilities."""

from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray

from ..answers import MOST_NEGATIVE, SUM_TOLERANCE, are_distributions
from ..errors import ArtifactError, ModelError
from ..manifest import Manifest, OutputBounds
from ..types import Outputs

FAILED = "The model failed on an example row at the start"


class OutputValidator:
    """Checks outputs.

    Args:
        bounds: of every output.
        probabilities: whether each row must be a distribution over the labels.
    """

    def __init__(self, bounds: OutputBounds, *, probabilities: bool) -> None:
        """Note the bounds; without any, a value need only be finite."""
        self._probabilities = probabilities
        self._low = -inf if bounds.minimum is None else bounds.minimum
        self._high = inf if bounds.maximum is None else bounds.maximum

    def check(self, outputs: Outputs) -> str:
        """Return what is wrong with answers of shape (rows, n_outputs); nothing if all fit."""
        if self._probabilities:
            if _are_distributions_at_once(outputs):
                return ""
        elif (
            # The product is finite where all are, and the extremes are within the bounds where all
            # are, for less than looking at each of them.
            isfinite(np.vdot(outputs, outputs))
            and (self._low == -inf or outputs.min() >= self._low)
            and (self._high == inf or outputs.max() <= self._high)
        ):
            return ""
        valid = self.rows(outputs)
        return "" if valid.all() else self._reason(outputs[~valid][0])

    def rows(self, outputs: Outputs) -> NDArray[np.bool_]:
        """Return for each row whether its answer is valid, of shape (rows,)."""
        if self._probabilities:
            return are_distributions(outputs)
        fits = np.isfinite(outputs) & (outputs >= self._low) & (outputs <= self._high)
        return np.asarray(fits.all(axis=1))

    def reasons(self, outputs: Outputs) -> list[str]:
        """Return what is wrong with each row's answer, nothing for those that are valid."""
        valid = self.rows(outputs)
        return ["" if good else self._reason(row) for good, row in zip(valid, outputs, strict=True)]

    def _reason(self, row: NDArray[np.float32]) -> str:
        if not np.isfinite(row).all():
            return "the model's answer is not finite"
        if self._probabilities:
            if row.min() < MOST_NEGATIVE:
                return f"the model answered a probability of {row.min():g}"
            return f"the model's probabilities sum to {sum(row.tolist()):g}, not to 1"
        worst = row.min() if row.min() < self._low else row.max()
        return f"the model answered {worst:g}, not {self._low:g} to {self._high:g}"


def check_shape(outputs: Outputs, shape: tuple[int, int]) -> None:
    """Check that outputs are an array of a shape, (rows, n_outputs).

    Raises:
        ModelError: they are something else.
    """
    actual = getattr(outputs, "shape", type(outputs).__name__)
    if actual != shape:
        raise ModelError(f"the model answered {actual} to {shape[0]} rows")


def check_possible(manifest: Manifest, outputs: Outputs) -> None:
    """Check at the start that outputs for one row are of a kind that can be valid.

    Raises:
        ArtifactError: whatever their values are, the fallback would answer.
    """
    try:
        check_shape(outputs, (1, len(manifest.fallback)))
        OutputValidator(manifest.output_bounds, probabilities=bool(manifest.labels)).check(outputs)
    except Exception as error:  # NumPy's, of values that are no numbers
        shape = (1, len(manifest.fallback))
        raise ArtifactError(f"{FAILED}: {error}; return numbers of shape {shape}.") from error


def _are_distributions_at_once(outputs: Outputs) -> bool:
    """Return whether all rows are distributions, for less than looking at each of them.

    One row is faster in Python. No comparison holds for NaN, and the sum of infinities is none.
    """
    if len(outputs) == 1:
        (row,) = outputs.tolist()
        return bool(min(row) >= MOST_NEGATIVE and abs(sum(row) - 1) <= SUM_TOLERANCE)
    with np.errstate(over="ignore", invalid="ignore"):
        off = np.dot(outputs, np.ones(outputs.shape[1], dtype=np.float32)) - 1
        return bool(np.vdot(off, off) <= SUM_TOLERANCE**2 and outputs.min() >= MOST_NEGATIVE)
