"""Keeps what is known of each finished request, off the request's path."""

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from .exchange import Exchange

SLICE = 128
BUSY_S, IDLE_S = 0.02, 0.1

log = logging.getLogger(__name__)


class Recorder(Protocol):
    """Something that wants to know of finished requests."""

    def record(self, finished: Sequence[Exchange]) -> None:
        """Take some requests, in the order in which they were finished."""


class Journal:
    """A bounded queue of finished requests, and the one thread that hands them to recorders.

    A request pays for one append. The thread takes them a few at a time, and lets the event loop
    in between, so that nobody waits for the bookkeeping.

    Args:
        recorders: each is handed every request.
        limit: requests that may wait; more are dropped, and counted in the log.
    """

    def __init__(self, recorders: Sequence[Recorder], *, limit: int = 100_000) -> None:
        """Start the thread."""
        self._recorders = recorders
        self._waiting: deque[Exchange] = deque()
        self._limit = limit
        self._dropped = 0
        self._one_at_a_time = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def add(self, finished: Exchange) -> None:
        """Take a finished request; never wait, never raise."""
        if len(self._waiting) < self._limit:
            self._waiting.append(finished)
        else:
            self._dropped += 1

    def flush(self) -> bool:
        """Hand over what waits now; return whether there was anything."""
        waiting = self._waiting
        with self._one_at_a_time:
            left = len(waiting)
            found = left > 0
            while left > 0:
                some = [waiting.popleft() for _ in range(min(SLICE, left))]
                left -= len(some)
                for recorder in self._recorders:
                    self._hand_over(recorder, some)
                time.sleep(0)
        if dropped := self._dropped:
            self._dropped -= dropped
            log.warning("journal full, requests not recorded", extra={"dropped": dropped})
        return found

    def close(self) -> None:
        """Hand over what is left and end the thread."""
        self._stop.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        busy = False
        while not self._stop.wait(BUSY_S if busy else IDLE_S):
            busy = self.flush()
        self.flush()

    def _hand_over(self, recorder: Recorder, some: list[Exchange]) -> None:
        try:
            recorder.record(some)
        except Exception:  # pylint: disable=broad-exception-caught
            # One recorder's trouble is neither another's nor the service's.
            log.exception("requests not recorded", extra={"recorder": type(recorder).__name__})
