"""Caches predictions until their ground truth arrives, within a limit."""

import time
from typing import Any

from .request_context import ID

RESOLVED = object()  # instead of a prediction whose ground truth is known

Answers = tuple[Any, ...]  # one per row

# Most requests have one row, and an id of the service's own: an answer without a tuple, under the
# id's number, takes half of the memory.
Key = int | str
Entry = Any  # the answer of a request with one row, `Answers` of any other


class PredictionCache:
    """The latest predictions by inference id.

    Two generations: when the younger one holds half of the rows, it replaces the older one, which
    is dropped as a whole. So eviction costs nothing.

    Args:
        rows: the maximum in the cache.
    """

    def __init__(self, rows: int) -> None:
        """Start empty."""
        self._limit = rows // 2
        self._young: dict[Key, Entry] = {}
        self._old: dict[Key, Entry] = {}
        self._rows = 0
        self._since_ms = self._young_since_ms = _now_ms()

    def put(self, inference_id: str, answers: Answers) -> None:
        """Add the predictions of one request; none of them is a tuple."""
        if self._rows + len(answers) > self._limit:
            self._old, self._young, self._rows = self._young, {}, 0
            self._since_ms, self._young_since_ms = self._young_since_ms, _now_ms()
        self._young[_key(inference_id)] = answers[0] if len(answers) == 1 else answers
        self._rows += len(answers)

    def pop(self, inference_id: str, row: int) -> Any:
        """Return a row's prediction, `RESOLVED` after the first call, None if it is unknown."""
        key = _key(inference_id)
        for entries in (self._young, self._old):
            entry = entries.get(key, ())
            answers = entry if isinstance(entry, tuple) else (entry,)
            if row < len(answers):
                resolved = (*answers[:row], RESOLVED, *answers[row + 1 :])
                entries[key] = RESOLVED if len(answers) == 1 else resolved
                return answers[row]
        return None

    def is_late(self, inference_id: str) -> bool:
        """Return whether the time in an id is earlier than every cached prediction."""
        return bool(ID(inference_id)) and int(inference_id[:12], 16) < self._since_ms


def _key(inference_id: str) -> Key:
    """Return the number of an id of the service's own form, any other id as it is."""
    return int(inference_id, 16) if ID(inference_id) else inference_id


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
