"""The consumer that a captured request came from."""

from collections.abc import Collection
from typing import Any

from ..monitoring.ingest.records import INVALID
from ..monitoring.lines import Values
from .counts import RowCounts

ANONYMOUS = "anonymous"  # the consumer of a request without a key
ATTRIBUTE = "consumer="


class ConsumerFilter:
    """Selects the lines whose request came from some consumers.

    Args:
        consumers: their names.
    """

    def __init__(self, consumers: Collection[str]) -> None:
        """Note the names."""
        self._consumers = frozenset(consumers)

    def take(self, lines: Values, counts: RowCounts) -> Values:
        """Return the lines of these consumers, and count those of others."""
        names = [consumer_of(value) for value in lines.values]
        chosen = [
            (value, number)
            for name, value, number in zip(names, lines.values, lines.numbers, strict=True)
            if name in self._consumers
        ]
        counts.other_consumers += len(lines.values) - len(chosen)
        counts.add_consumers({*names} - self._consumers)
        return Values([value for value, _ in chosen], [number for _, number in chosen])


def consumer_of(value: Any) -> str:
    """Return the consumer of a record; anonymous if it names none.

    Only the first attribute counts, which the service writes: a client may send any others.
    """
    try:
        first = value["eventMetadata"]["customAttributes"][0]
        if first.startswith(ATTRIBUTE):
            return str(first.removeprefix(ATTRIBUTE))
    except INVALID:
        pass
    return ANONYMOUS
