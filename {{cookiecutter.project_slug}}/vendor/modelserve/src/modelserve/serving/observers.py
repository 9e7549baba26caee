"""Passes finished requests to observers, off the request's path."""

import logging
import threading
from collections import deque
from collections.abc import Iterable, Sequence

from .request_context import RequestContext

SLICE = 128  # requests: fewer cost more each, more delay those that wait longer
PAUSE_S = 0.1
PATIENCE_S = 5.0  # for an observer that hangs, at the end

log = logging.getLogger(__name__)


class RequestObserver:
    """Receives finished requests: metrics, logs, captures."""

    def record(self, finished: Sequence[RequestContext]) -> None:
        """Process some requests in the order of their end; compute, never wait."""

    def write(self) -> None:
        """Write results, which may block; called ten times a second."""

    def close(self) -> None:
        """Release resources; no call follows."""


class RequestLogQueue:
    """A queue of finished requests, which observers process in slices.

    A request costs one append; the one that completes a slice flushes it, after its response. A
    thread writes, and flushes incomplete slices. To process all requests in the thread would cost
    more: the two threads would pass the GIL back and forth for every request.

    Args:
        observers: each receives every request.
    """

    def __init__(self, observers: Sequence[RequestObserver]) -> None:
        """Start the thread."""
        self._observers = observers
        self._waiting: deque[RequestContext] = deque()
        self._flushing = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="request-log", daemon=True)
        self._thread.start()

    def add(self, finished: RequestContext) -> None:
        """Add a finished request; never wait for a disk, never raise."""
        self._waiting.append(finished)
        if len(self._waiting) >= SLICE:
            self.flush()

    def flush(self) -> None:
        """Pass all queued requests to the observers."""
        with self._flushing:
            some = [self._waiting.popleft() for _ in range(len(self._waiting))]
            for observer in self._observers if some else ():
                try:
                    observer.record(some)
                except Exception:  # pylint: disable=broad-exception-caught
                    _log_failure(observer)

    def close(self) -> None:
        """Flush and write the rest, end the thread, and close the observers."""
        self._stop.set()
        self._thread.join(timeout=PATIENCE_S)
        self.flush()  # if the thread hangs in one observer, the others still receive all
        close_all(self._observers)

    def _run(self) -> None:
        last = False
        while not last:
            last = self._stop.wait(PAUSE_S)
            self.flush()
            for observer in self._observers:
                try:
                    observer.write()
                except Exception:  # pylint: disable=broad-exception-caught
                    _log_failure(observer)


def close_all(observers: Iterable[RequestObserver]) -> None:
    """Close observers; one that fails is logged."""
    for observer in observers:
        try:
            observer.close()
        except Exception:  # pylint: disable=broad-exception-caught
            _log_failure(observer)


def _log_failure(observer: RequestObserver) -> None:
    """Log the current exception: it affects no other observer, and no request."""
    log.exception("requests not recorded", extra={"observer": type(observer).__name__})
