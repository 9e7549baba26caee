"""Logs that a limit is reached: at once, then a line with a count every few seconds."""

import asyncio
import logging

INTERVAL_S = 10.0

log = logging.getLogger(__name__)


class LimitLog:
    """Counts how often limits are reached; must be called within an event loop.

    An attack reaches a limit thousands of times a second: a line for each would be another one.

    Args:
        interval_s: between two lines about the same limit.
    """

    def __init__(self, interval_s: float = INTERVAL_S) -> None:
        """Start with no limit reached."""
        self._interval_s = interval_s
        self._counts: dict[str, int] = {}

    def count(self, limit: str, times: int = 1) -> None:
        """Count that a limit was reached.

        Args:
            limit: its name, from a small set.
            times: how often.
        """
        if limit in self._counts:
            self._counts[limit] += times
            return
        self._write(limit, times)

    def _write(self, limit: str, times: int) -> None:
        log.warning("limit reached", extra={"limit": limit, "times": times})
        self._counts[limit] = 0
        asyncio.get_running_loop().call_later(self._interval_s, self._follow_up, limit)

    def _follow_up(self, limit: str) -> None:
        if times := self._counts.pop(limit):
            self._write(limit, times)
