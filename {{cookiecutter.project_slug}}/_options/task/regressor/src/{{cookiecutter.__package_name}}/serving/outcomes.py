"""How a regressor's answers turned out: how far they lay from the truth, and on which side."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from ..artifact import Manifest
from ..monitoring.config import UNSTATED
from .arrays import Scores
from .series import Series

TRUTH = "value"
LARGEST = 3.4028234663852886e38  # as float32 has it, like answers; its square is still a number
MULTIPLES = (0.25, 0.5, 1, 1.5, 2, 3, 5, 10)  # of the error that training measured


class Outcomes:
    """Errors by group.

    Args:
        manifest: says how large errors were in training.
        groups: that feedback may name.
        series: makes the counters.
    """

    def __init__(self, manifest: Manifest, groups: Sequence[str], series: Series) -> None:
        """Make the series of every group."""
        self.truth: Any = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
        self.groups = tuple(groups)
        usual = manifest.metrics["mae"] or 1.0
        absolute = series.distribution(
            "model_absolute_error",
            "How far answers lay from the truth.",
            "group",
            buckets=[usual * multiple for multiple in MULTIPLES],
        )
        squared = series.mean("model_squared_error", "The same, squared.", "group")
        above = series.counter("model_overestimates", "Rows answered above the truth.", "group")
        self._series = {
            group: (absolute(group), squared(group), above(group)) for group in (UNSTATED, *groups)
        }

    def keep(self, outputs: Scores) -> tuple[Any, ...]:
        """Return what must be remembered of outputs of shape (rows, 1): the value each."""
        return tuple(outputs[:, 0].tolist())

    def count(self, answer: float, truth: float, group: str) -> None:
        """Count a row whose truth is known."""
        absolute, squared, above = self._series[group]
        absolute.observe(abs(answer - truth))
        squared.observe((answer - truth) ** 2)
        above.inc(answer > truth)
