"""What is counted while captures are read, and added up where several processes read them."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bins import Bins, Counts
from .hours import FAR_US
from .lines import Faults
from .moments import Moments, moments
from .outcomes import OutcomeTally

Range = tuple[np.float32, np.float32]


@dataclass
class FieldTally:
    """One field's values: how many fell into each bin, and what else there is to say of them."""

    counts: Counts
    moments: Moments = field(default_factory=Moments)
    out_of_range: int = 0
    unread: int = 0

    def add(self, values: NDArray[Any], bins: Bins, seen: Range | None) -> None:
        """Count values of shape (rows,); `seen` is between what training saw them."""
        self.counts += bins.count(values)
        if values.dtype != object:
            self.moments += moments(values)
        if seen:
            self.out_of_range += int(np.count_nonzero((values < seen[0]) | (values > seen[1])))

    def merge(self, other: "FieldTally") -> None:
        """Add what was counted in later files."""
        self.counts += other.counts
        self.moments += other.moments
        self.out_of_range += other.out_of_range
        self.unread += other.unread


@dataclass
class Tally:
    """Everything that was counted.

    Args:
        inputs: by field.
        outputs: by field.
        outcomes: of answers whose truth is known.
        truths: the numbers of these truths, array by array.
        faults: lines that could not be read.
        versions: records by the version that answered.
        records: of this model's version, or an unstated one.
        rows: of these.
        refused: records whose answer is none of a model's.
        outside: records outside of the window.
        degraded: rows that the prior answered.
        degraded_truths: of these, whose truth is known.
        first_us: the earliest inference, in microseconds since the epoch.
        last_us: the latest.
    """

    inputs: dict[str, FieldTally]
    outputs: dict[str, FieldTally]
    outcomes: OutcomeTally
    truths: list[NDArray[np.int64]] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    versions: Counter[str] = field(default_factory=Counter)
    records: int = 0
    rows: int = 0
    refused: int = 0
    outside: int = 0
    degraded: int = 0
    degraded_truths: int = 0
    first_us: int = FAR_US
    last_us: int = -FAR_US

    def merge(self, other: "Tally") -> None:
        """Add what was counted in later files."""
        for mine, theirs in ((self.inputs, other.inputs), (self.outputs, other.outputs)):
            for name, tally in mine.items():
                tally.merge(theirs[name])
        self.outcomes.merge(other.outcomes)
        self.truths += other.truths
        self.faults.merge(other.faults)
        self.versions += other.versions
        self.records += other.records
        self.rows += other.rows
        self.refused += other.refused
        self.outside += other.outside
        self.degraded += other.degraded
        self.degraded_truths += other.degraded_truths
        self.first_us = min(self.first_us, other.first_us)
        self.last_us = max(self.last_us, other.last_us)
