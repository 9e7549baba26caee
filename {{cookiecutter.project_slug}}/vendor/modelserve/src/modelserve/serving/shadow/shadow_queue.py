"""A bounded queue of answered requests that wait for the challenger."""

import threading
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from ...types import ModelInput, Outputs


class ShadowedRequest(NamedTuple):
    """The rows of a request, the champion's outputs for them, and the size of the body in bytes.

    The outputs of a row that the fallback answered are NaN.
    """

    given: ModelInput
    outputs: Outputs
    size: int


class ShadowQueue:
    """Answered requests in the order of their end; what does not fit is left out.

    An empty queue takes a request of any size, so that none is left out for its size alone.

    Args:
        most_rows: that wait at once.
        most_bytes: of their bodies, which bound the memory of the tensors at less cost than these.
    """

    def __init__(self, *, most_rows: int, most_bytes: int) -> None:
        """Start empty."""
        self._most_rows, self._most_bytes = most_rows, most_bytes
        self._waiting: deque[ShadowedRequest] = deque()
        self._lock = threading.Lock()
        self._rows = self._bytes = 0

    def add(self, some: Sequence[ShadowedRequest]) -> int:
        """Add requests as far as they fit; return how many rows did not."""
        dropped = 0
        with self._lock:
            for each in some:
                rows, size = self._rows + each.given.rows, self._bytes + each.size
                if self._waiting and (rows > self._most_rows or size > self._most_bytes):
                    dropped += each.given.rows
                else:
                    self._waiting.append(each)
                    self._rows, self._bytes = rows, size
        return dropped

    def take(self, most_rows: int) -> list[ShadowedRequest]:
        """Remove and return the oldest requests: up to so many rows, and one at least."""
        taken: list[ShadowedRequest] = []
        rows = 0
        with self._lock:
            while self._waiting:
                rows += self._waiting[0].given.rows
                if taken and rows > most_rows:
                    break
                taken.append(each := self._waiting.popleft())
                self._rows -= each.given.rows
                self._bytes -= each.size
        return taken
