"""The consumer that a captured request came from."""

from collections.abc import Collection
from typing import Any

import numpy as np

from ..monitoring.ingest.records import INVALID, Records
from .counts import RowCounts

ANONYMOUS = "anonymous"  # the consumer of a request without a key
ATTRIBUTE = "consumer="


class ConsumerFilter:
    """Selects the records whose request came from some consumers.

    Args:
        consumers: their names.
    """

    def __init__(self, consumers: Collection[str]) -> None:
        """Note the names."""
        self._consumers = frozenset(consumers)

    def take(self, records: Records, counts: RowCounts) -> Records:
        """Return the records of these consumers, and count those of others."""
        names = list(map(consumer_of, records.attributes))
        chosen = np.array([name in self._consumers for name in names], dtype=np.bool_)
        counts.other_consumers += len(chosen) - int(np.count_nonzero(chosen))
        counts.add_consumers({*names} - self._consumers)
        return records.take(chosen)


def consumer_of(attributes: Any) -> str:
    """Return the consumer that a record's custom attributes name; anonymous without one.

    Only the first attribute counts, which the service writes: a client may send any others.
    """
    try:
        first = attributes[0]
        if first.startswith(ATTRIBUTE):
            return str(first.removeprefix(ATTRIBUTE))
    except INVALID:
        pass
    return ANONYMOUS
