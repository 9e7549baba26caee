"""Checks that a model's outputs are finite and within their bounds."""

from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray

from ..manifest import OutputBounds
from ..types import Outputs


class OutputValidator:
    """Checks outputs.

    Args:
        bounds: of every output.
    """

    def __init__(self, bounds: OutputBounds) -> None:
        """Note the bounds; without any, an answer need only be finite."""
        self._low = -inf if bounds.minimum is None else bounds.minimum
        self._high = inf if bounds.maximum is None else bounds.maximum

    def check(self, outputs: Outputs) -> str:
        """Return what is wrong with answers of shape (rows, n_outputs), nothing if all are valid.

        The product is finite where all are, and the extremes are within the bounds where all are,
        for less than looking at each of them.
        """
        if (
            isfinite(np.vdot(outputs, outputs))
            and (self._low == -inf or outputs.min() >= self._low)
            and (self._high == inf or outputs.max() <= self._high)
        ):
            return ""
        valid = self.rows(outputs)
        return "" if valid.all() else self._reason(outputs[~valid][0])

    def rows(self, outputs: Outputs) -> NDArray[np.bool_]:
        """Return for each row whether its answer is valid, of shape (rows,)."""
        fits = np.isfinite(outputs) & (outputs >= self._low) & (outputs <= self._high)
        return np.asarray(fits.all(axis=1))

    def reasons(self, outputs: Outputs) -> list[str]:
        """Return what is wrong with each row's answer, nothing for those that are valid."""
        valid = self.rows(outputs)
        return ["" if good else self._reason(row) for good, row in zip(valid, outputs, strict=True)]

    def _reason(self, row: NDArray[np.float32]) -> str:
        if not np.isfinite(row).all():
            return "the model's answer is not finite"
        worst = row.min() if row.min() < self._low else row.max()
        return f"the model answered {worst:g}, not {self._low:g} to {self._high:g}"
