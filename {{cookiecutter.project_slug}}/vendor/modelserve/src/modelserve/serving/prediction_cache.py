"""Caches predictions until their ground truth arrives, within a limit."""

import time
from typing import Any

from .request_context import ID

RESOLVED = object()  # instead of a prediction whose ground truth is known

Answers = tuple[Any, ...]  # one per row; thousands of tuples take less memory than lists


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
        self._young: dict[str, Answers] = {}
        self._old: dict[str, Answers] = {}
        self._rows = 0
        self._since_ms = self._young_since_ms = _now_ms()

    def put(self, inference_id: str, answers: Answers) -> None:
        """Add the predictions of one request."""
        if self._rows + len(answers) > self._limit:
            self._old, self._young, self._rows = self._young, {}, 0
            self._since_ms, self._young_since_ms = self._young_since_ms, _now_ms()
        self._young[inference_id] = answers
        self._rows += len(answers)

    def pop(self, inference_id: str, row: int) -> Any:
        """Return a row's prediction, `RESOLVED` after the first call, None if it is unknown."""
        for answers_by_id in (self._young, self._old):
            answers = answers_by_id.get(inference_id, ())
            if row < len(answers):
                answers_by_id[inference_id] = (*answers[:row], RESOLVED, *answers[row + 1 :])
                return answers[row]
        return None

    def is_late(self, inference_id: str) -> bool:
        """Return whether the time in an id is earlier than every cached prediction."""
        return bool(ID(inference_id)) and int(inference_id[:12], 16) < self._since_ms


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
