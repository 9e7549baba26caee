"""What is counted while captures are joined with ground truth."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ..monitoring.bitmap import Bitmap
from ..monitoring.counts import RecordCounts
from ..monitoring.partitions import FAR_US

MOST_CONSUMERS = 10  # whose names are kept


class SourceFile(NamedTuple):
    """A file that was read: its path seen from its folder, its size and its SHA-256."""

    path: str
    size_bytes: int
    sha256: str


@dataclass
class RowCounts(RecordCounts):
    """Everything that is counted; each row of the selected records is in one of the six classes.

    Args:
        matched: the indices of the ground truths that a row has.
        written: rows, the first class.
        without_input: rows whose request was not captured.
        degraded: rows that the fallback answered.
        without_truth: rows without a ground truth.
        redacted: rows with a redacted value.
        misfit: rows that do not fit the schema, by the first field that does not.
        other_consumers: lines of other consumers.
        consumers: the names of some of them.
        joined: rows with a ground truth, whether they are written or not.
        late: written rows whose ground truth arrived after the end of the window.
        new_labels: written rows by label, of labels that the model does not know.
        first_us: the earliest inference of a written row, in microseconds since the epoch.
        last_us: the latest one, likewise.
        parts: the files with the rows.
        sources: the files that were read.
    """

    matched: Bitmap
    written: int = 0
    without_input: int = 0
    degraded: int = 0
    without_truth: int = 0
    redacted: int = 0
    misfit: Counter[str] = field(default_factory=Counter)
    other_consumers: int = 0
    consumers: tuple[str, ...] = ()
    joined: int = 0
    late: int = 0
    new_labels: Counter[str] = field(default_factory=Counter)
    first_us: int = FAR_US
    last_us: int = -FAR_US
    parts: list[Path] = field(default_factory=list)
    sources: list[SourceFile] = field(default_factory=list)

    def add_consumers(self, names: Iterable[str]) -> None:
        """Note names of consumers, as long as there are few."""
        self.consumers = tuple(sorted({*self.consumers, *names})[:MOST_CONSUMERS])

    def merge(self, other: Any) -> None:
        """Add the counts of later files."""
        super().merge(other)
        self.matched.merge(other.matched)
        self.written += other.written
        self.without_input += other.without_input
        self.degraded += other.degraded
        self.without_truth += other.without_truth
        self.redacted += other.redacted
        self.misfit += other.misfit
        self.other_consumers += other.other_consumers
        self.add_consumers(other.consumers)
        self.joined += other.joined
        self.late += other.late
        self.new_labels += other.new_labels
        self.first_us = min(self.first_us, other.first_us)
        self.last_us = max(self.last_us, other.last_us)
        self.parts += other.parts
        self.sources += other.sources
