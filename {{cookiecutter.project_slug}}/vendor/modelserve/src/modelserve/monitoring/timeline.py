"""Sums by time: of hours, or of longer steps where there are very many."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .partitions import HOUR, MICROSECOND

HOUR_US = HOUR // MICROSECOND
MOST_STEPS = 400  # that are kept
LONGER = {1: 24, 24: 168}  # hours of the next longer step: a day, a week; then four times as many

Sums = NDArray[np.object_]  # of integers


@dataclass
class Timeline:
    """Sums of each step of time.

    Args:
        sums: of shape (n_sums,), by the step's number since the epoch.
        hours: of a step.
        hour: that is being counted, since the epoch.
        total: when it began, of shape (n_sums,).
    """

    sums: dict[int, Sums] = field(default_factory=dict)
    hours: int = 1
    hour: int | None = None
    total: Sums | int = 0

    def end_hour(self, total: Sums) -> None:
        """Add what was counted since the hour began.

        Args:
            total: of everything so far.
        """
        if self.hour is not None:
            self.add(self.hour, total - self.total)
        self.total = total

    def add(self, hour: int, sums: Sums) -> None:
        """Add sums of an hour since the epoch."""
        step = hour // self.hours
        self.sums[step] = self.sums[step] + sums if step in self.sums else sums
        while len(self.sums) > MOST_STEPS:
            self.lengthen()

    def lengthen(self) -> None:
        """Add up the sums to those of longer steps."""
        before, steps = self.hours, self.sums
        self.hours, self.sums = LONGER.get(before, 4 * before), {}
        for step, sums in steps.items():
            self.add(step * before, sums)

    def merge(self, other: "Timeline") -> None:
        """Add the sums of other files."""
        while self.hours < other.hours:
            self.lengthen()
        for step, sums in other.sums.items():
            self.add(step * other.hours, sums)
