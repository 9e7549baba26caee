"""Keeps what is known of each finished request, off the request's path."""

import logging
import threading
from collections import deque
from collections.abc import Sequence

from .request_context import RequestContext

SLICE = 64
PAUSE_S = 0.1
PATIENCE_S = 5.0  # with a recorder that hangs, at the end

log = logging.getLogger(__name__)


class RequestObserver:
    """Something that wants to know of finished requests."""

    def record(self, finished: Sequence[RequestContext]) -> None:
        """Take some requests, in the order in which they were finished; compute, never wait."""

    def write(self) -> None:
        """Write out what was taken, which may wait; called ten times a second."""

    def close(self) -> None:
        """End what was begun; nothing is recorded or written any more."""


class RequestLogQueue:
    """A queue of finished requests, which are handed to recorders some at a time.

    A request pays for one append; the one that fills a slice hands it over, once it has been
    answered. A thread does the waiting: it writes, and hands over what a quiet hour leaves. Doing
    all of it in the thread would cost more: for every request, the two would pass the interpreter
    back and forth.

    Args:
        recorders: each is handed every request.
    """

    def __init__(self, recorders: Sequence[RequestObserver]) -> None:
        """Start the thread."""
        self._recorders = recorders
        self._waiting: deque[RequestContext] = deque()
        self._one_at_a_time = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def add(self, finished: RequestContext) -> None:
        """Take a finished request; never wait for a disk, never raise."""
        self._waiting.append(finished)
        if len(self._waiting) >= SLICE:
            self.flush()

    def flush(self) -> None:
        """Hand all that waits to the recorders."""
        with self._one_at_a_time:
            some = [self._waiting.popleft() for _ in range(len(self._waiting))]
            for recorder in self._recorders if some else ():
                try:
                    recorder.record(some)
                except Exception:  # pylint: disable=broad-exception-caught
                    _tell(recorder)

    def close(self) -> None:
        """Hand over and write what is left, end the thread, and close the recorders."""
        self._stop.set()
        self._thread.join(timeout=PATIENCE_S)
        self.flush()  # where the thread hangs in one recorder, the others are to have it all
        for recorder in self._recorders:
            try:
                recorder.close()
            except Exception:  # pylint: disable=broad-exception-caught
                _tell(recorder)

    def _run(self) -> None:
        last = False
        while not last:
            last = self._stop.wait(PAUSE_S)
            self.flush()
            for recorder in self._recorders:
                try:
                    recorder.write()
                except Exception:  # pylint: disable=broad-exception-caught
                    _tell(recorder)


def _tell(recorder: RequestObserver) -> None:
    """Log the exception at hand: one recorder's trouble is neither another's nor the service's."""
    log.exception("requests not recorded", extra={"recorder": type(recorder).__name__})
