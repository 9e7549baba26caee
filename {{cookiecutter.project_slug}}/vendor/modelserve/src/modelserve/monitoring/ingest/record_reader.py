"""Reads the records of capture files, each event once, for whatever is made of them."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..counts import RecordCounts
from ..lines import read_values, without_collector
from ..row_keys import Keys, event_keys
from .batches import RecordFilter
from .duplicates import Chosen, all_first
from .records import Records, parse_records
from .schema import RECORD

FindFirst = Callable[[Keys], Chosen]


class RecordReader:
    """Reads the records of a time window.

    Args:
        record_filter: with the window.
        folder: of the captures; files are named relative to it.
        take: returns the records to read on, and counts the others; None for all records.
    """

    def __init__(
        self,
        record_filter: RecordFilter,
        folder: Path,
        take: Callable[[Records, Any], Records] | None = None,
    ) -> None:
        """Read nothing yet."""
        self._filter = record_filter
        self._folder = folder.resolve()
        self._take = take

    def read(
        self, files: Sequence[Path], counts: RecordCounts, find_first: FindFirst = all_first
    ) -> Iterator[tuple[str, Records]]:
        """Yield a file's name and some of its records in the window, and count all others.

        Args:
            files: to read, one after the other.
            counts: of all files so far.
            find_first: returns for the keys of the next records in the window which of them were
                not read before; the others are left out.

        Raises:
            MonitoringError: a file cannot be read.
        """
        with without_collector():
            for path in files:
                name = path.relative_to(self._folder).as_posix()
                for lines in read_values(path, name, counts.errors, RECORD):
                    records = parse_records(lines, name, counts.errors)
                    # What is freed before the next block is parsed stays in the processor's cache.
                    del lines
                    if self._take:
                        records = self._take(records, counts)
                    records = self._filter.inside(records, counts)
                    first = find_first(event_keys(records.event_ids, records.times_us))
                    counts.duplicate += len(first) - int(np.count_nonzero(first))
                    records = records.take(first)
                    yield name, records
                    del records
