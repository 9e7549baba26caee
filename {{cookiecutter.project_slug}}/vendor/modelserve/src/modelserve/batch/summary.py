"""Count what a batch answered, in bounded memory."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

SAMPLE = 10_000  # values from which quantiles are estimated
OTHER = "(other)"
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


class ValueSample:
    """A uniform sample of values, with their exact extremes."""

    def __init__(self) -> None:
        """Start without values."""
        self.count = 0
        self.minimum, self.maximum = np.inf, -np.inf
        self._values = np.empty(SAMPLE)
        self._random = np.random.default_rng(0)

    def add(self, values: NDArray[np.floating]) -> None:
        """Add values of shape (n,): each is in the sample with the same probability (reservoir)."""
        if values.size == 0:
            return
        self.minimum = min(self.minimum, float(values.min()))
        self.maximum = max(self.maximum, float(values.max()))
        places = np.arange(self.count, self.count + len(values))
        late = places >= SAMPLE
        places[late] = self._random.integers(0, places[late] + 1)
        self.count += len(values)
        chosen = places < SAMPLE
        self._values[places[chosen]] = values[chosen]

    def quantiles(self) -> dict[float, float]:
        """Return the quantiles of the sample; without values, nothing."""
        if not self.count:
            return {}
        values = np.quantile(self._values[: self.count], QUANTILES).tolist()
        return dict(zip(QUANTILES, values, strict=True))


@dataclass
class BatchCounts:
    """How many rows were answered and rejected, and what the answers were.

    `out_of_range` counts answered rows with a value that training did not see; `labels` counts a
    classifier's answers, `values` samples a regressor's; `absent` names fields that no row has.
    """

    answered: int = 0
    rejected: int = 0
    out_of_range: int = 0
    seconds: float = 0.0
    labels: Counter[str] = field(default_factory=Counter)
    values: ValueSample = field(default_factory=ValueSample)
    absent: Sequence[str] = ()

    @property
    def rows_per_second(self) -> float:
        """Return how many rows were read a second."""
        return (self.answered + self.rejected) / max(self.seconds, 1e-9)

    def add(self, answers: Sequence[Any], labels: Sequence[str]) -> None:
        """Count answers: labels, or values if there are no labels.

        What `postprocess` answers instead is counted as one label, and as no value.
        """
        self.answered += len(answers)
        if labels:
            for answer, count in Counter(map(str, answers)).items():
                self.labels[answer if answer in labels else OTHER] += count
        else:
            numbers = [answer for answer in answers if isinstance(answer, int | float)]
            self.values.add(np.asarray(numbers, dtype=np.float64))
