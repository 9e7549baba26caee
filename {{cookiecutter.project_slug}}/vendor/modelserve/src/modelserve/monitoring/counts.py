"""Counts that are added up batch by batch and process by process, without keeping any value."""

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bins import Bins, Counts
from .bitmap import Bitmap
from .exact import UNIT_BITS, from_units, to_units
from .inputs import Range
from .lines import LineErrors
from .outcome_counts import OutcomeCounts
from .partitions import FAR_US
from .timeline import Timeline


@dataclass(frozen=True)
class Moments:
    """The moments of some values; those of several samples add up in any order.

    Args:
        count: of the values.
        total: their sum, in units of `exact`.
        total_squares: the sum of their squares, likewise, of power 2.
        minimum: the smallest one.
        maximum: the largest one.
    """

    count: int = 0
    total: int = 0
    total_squares: int = 0
    minimum: float = math.inf
    maximum: float = -math.inf

    @classmethod
    def of(
        cls, count: int, mean: float, squares: float, minimum: float, maximum: float
    ) -> "Moments":
        """Return the moments of a sample; `squares` are those of deviations from the mean."""
        units = to_units(mean)
        of_deviations = to_units(squares) << UNIT_BITS
        return cls(count, count * units, count * units**2 + of_deviations, minimum, maximum)

    @property
    def mean(self) -> float:
        """Return the mean, 0 without a value."""
        return from_units(self.total, max(self.count, 1))

    @property
    def squares(self) -> float:
        """Return the sum of squared deviations from the mean."""
        squares = self.count * self.total_squares - self.total**2
        return from_units(squares, max(self.count, 1), power=2)

    @property
    def deviation(self) -> float:
        """Return the sample's standard deviation, 0 of a single value."""
        return math.sqrt(self.squares / (self.count - 1)) if self.count > 1 else 0.0

    def __add__(self, other: "Moments") -> "Moments":
        """Return the moments of both samples together."""
        return Moments(
            self.count + other.count,
            self.total + other.total,
            self.total_squares + other.total_squares,
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
    return Moments.of(
        len(finite),
        mean,
        float(deviations @ deviations),
        float(finite.min()),
        float(finite.max()),
    )


@dataclass
class FieldCounts:
    """One field's values.

    Args:
        counts: of the values in each bin, of shape (n_bins,).
        moments: of a number's values.
        out_of_range: values below the minimum or above the maximum of training.
        unread: rows without a readable value.
    """

    counts: Counts
    moments: Moments = field(default_factory=Moments)
    out_of_range: int = 0
    unread: int = 0

    def add(self, values: NDArray[Any], bins: Bins, training_range: Range | None) -> None:
        """Count values of shape (rows,)."""
        self.counts += bins.count(values)
        if values.dtype != object:
            self.moments += moments(values)
        if training_range:
            low, high = training_range
            self.out_of_range += int(np.count_nonzero((values < low) | (values > high)))

    def merge(self, other: "FieldCounts") -> None:
        """Add the counts of other files."""
        self.counts += other.counts
        self.moments += other.moments
        self.out_of_range += other.out_of_range
        self.unread += other.unread


@dataclass(kw_only=True)
class RecordCounts:
    """What is counted of records, whatever is made of them.

    Args:
        errors: lines that could not be read.
        versions: records by the version that answered.
        rejected: records whose response is not a prediction.
        outside: records outside the window.
        duplicate: records that were read before; the first one counts.
        records: that were selected.
        rows: of these records.
    """

    errors: LineErrors = field(default_factory=LineErrors)
    versions: Counter[str] = field(default_factory=Counter)
    rejected: int = 0
    outside: int = 0
    duplicate: int = 0
    records: int = 0
    rows: int = 0

    def merge(self, other: Any) -> None:
        """Add the counts of other files."""
        self.errors.merge(other.errors)
        self.versions += other.versions
        self.rejected += other.rejected
        self.outside += other.outside
        self.duplicate += other.duplicate
        self.records += other.records
        self.rows += other.rows


@dataclass
class CaptureCounts(RecordCounts):
    """Everything that is counted of captures; the records are those of the model's version.

    Args:
        inputs: by field.
        outputs: by field.
        outcomes: of predictions with a ground truth.
        matched: the indices of these ground truths.
        degraded: rows that the fallback answered.
        degraded_matched: of these, rows with a ground truth.
        first_us: the earliest inference, in microseconds since the epoch.
        last_us: the latest inference, likewise.
        timeline: by time, the sums of rows, of outcomes and of their quality in units, and the
            counts of each field's bins, inputs first.
    """

    inputs: dict[str, FieldCounts]
    outputs: dict[str, FieldCounts]
    outcomes: OutcomeCounts
    matched: Bitmap
    degraded: int = 0
    degraded_matched: int = 0
    first_us: int = FAR_US
    last_us: int = -FAR_US
    timeline: Timeline = field(default_factory=Timeline)

    def begin_hour(self, hour: int) -> None:
        """Count what follows for an hour since the epoch."""
        if hour != self.timeline.hour:
            self.end_hour()
            self.timeline.hour = hour

    def end_hour(self) -> None:
        """Add what was counted since the hour began to the timeline."""
        fields = (each.counts for each in (*self.inputs.values(), *self.outputs.values()))
        outcomes = self.outcomes.counted, self.outcomes.quality
        self.timeline.end_hour(np.concatenate(((self.rows, *outcomes), *fields), dtype=object))

    def merge(self, other: Any) -> None:
        """Add the counts of other files."""
        super().merge(other)
        for mine, theirs in ((self.inputs, other.inputs), (self.outputs, other.outputs)):
            for name, counts in mine.items():
                counts.merge(theirs[name])
        self.outcomes.merge(other.outcomes)
        self.matched.merge(other.matched)
        self.degraded += other.degraded
        self.degraded_matched += other.degraded_matched
        self.first_us = min(self.first_us, other.first_us)
        self.last_us = max(self.last_us, other.last_us)
        self.timeline.merge(other.timeline)
