"""Mean and spread of values that come in pieces, without keeping them."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Moments:
    """How many values there were, and what is left of them.

    `squares` is the sum of squared deviations from the mean.
    """

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    minimum: float = math.inf
    maximum: float = -math.inf

    @property
    def deviation(self) -> float:
        """The sample's standard deviation, 0 of a single value."""
        return math.sqrt(self.squares / (self.count - 1)) if self.count > 1 else 0.0

    def __add__(self, other: "Moments") -> "Moments":
        """Return the moments of both pieces together.

        Source: Chan, Golub & LeVeque (1983), Algorithms for computing the sample variance.
        """
        if not (self.count and other.count):
            return self if self.count else other
        count = self.count + other.count
        step = other.mean - self.mean
        return Moments(
            count,
            self.mean + step * other.count / count,
            self.squares + other.squares + step * step * self.count * other.count / count,
            min(self.minimum, other.minimum),
            max(self.maximum, other.maximum),
        )


def moments(values: NDArray[Any]) -> Moments:
    """Return the moments of the finite ones among values of shape (rows,)."""
    finite = values[np.isfinite(values)].astype(np.float64)
    if not finite.size:
        return Moments()
    mean = float(finite.mean())
    deviations = finite - mean
    return Moments(
        len(finite),
        mean,
        float(deviations @ deviations),
        float(finite.min()),
        float(finite.max()),
    )
