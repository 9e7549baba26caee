"""Remembers what was answered until the truth is told, within bounds."""

import re
import time
from typing import Any

ID = re.compile(r"[0-9a-f]{32}").fullmatch

TOLD = object()  # in the place of an answer whose truth is known

Answers = tuple[Any, ...]  # one a row; a tuple is cheaper to keep by the thousand than a list


class PredictionCache:
    """The latest answers by their inference id.

    Two generations: when the younger has half of the rows, it becomes the older, and what was the
    older is forgotten as a whole. So forgetting costs nothing.

    Args:
        rows: that are remembered at most.
    """

    def __init__(self, rows: int) -> None:
        """Remember nothing."""
        self._limit = rows // 2
        self._young: dict[str, Answers] = {}
        self._old: dict[str, Answers] = {}
        self._rows = 0
        self._since_ms = self._young_since_ms = _now_ms()

    def put(self, inference_id: str, answers: Answers) -> None:
        """Remember what was answered."""
        if self._rows + len(answers) > self._limit:
            self._old, self._young, self._rows = self._young, {}, 0
            self._since_ms, self._young_since_ms = self._young_since_ms, _now_ms()
        self._young[inference_id] = answers
        self._rows += len(answers)

    def pop(self, inference_id: str, row: int) -> Any:
        """Return what a row was answered, `TOLD` each further time, None if it is not known."""
        for answers_by_id in (self._young, self._old):
            answers = answers_by_id.get(inference_id, ())
            if row < len(answers):
                answers_by_id[inference_id] = (*answers[:row], TOLD, *answers[row + 1 :])
                return answers[row]
        return None

    def is_late(self, inference_id: str) -> bool:
        """Tell whether an answer was given before all that is remembered, by the time in its id."""
        return bool(ID(inference_id)) and int(inference_id[:12], 16) < self._since_ms


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
