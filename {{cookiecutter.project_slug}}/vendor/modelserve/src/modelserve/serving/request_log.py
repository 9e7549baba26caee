"""One log line for each request: names, figures and outcome, never a payload."""

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TextIO

from ..logs import Entry, renderer_of
from .observers import RequestObserver
from .request_context import RequestContext

log = logging.getLogger(__name__)


class RequestLog(RequestObserver):
    """Writes the lines of finished requests directly to the log's stream.

    A record through `logging` costs several times as much, and most lines are of requests.

    Args:
        handler: its formatter renders the lines for its stream.
        limit: of queued slices of lines.
    """

    def __init__(self, handler: "logging.StreamHandler[TextIO]", *, limit: int = 10_000) -> None:
        """Read the levels that are written."""
        self._render = renderer_of(handler)
        self._stream = handler.stream
        self._line = self.record.__code__.co_firstlineno
        self._limit = limit
        self._waiting: deque[str] = deque()
        self._dropped = 0
        # A failure of the service is an ERROR, all else is INFO; a disabled level is empty.
        self._levels = tuple(
            logging.getLevelName(level) if log.isEnabledFor(level) else ""
            for level in (logging.INFO, logging.ERROR)
        )

    def record(self, finished: Sequence[RequestContext]) -> None:
        """Render a line for each request; drop and count lines if the queue is full."""
        lines = [
            self._render(Entry(each.time, self._line, __name__, name, "answered", describe(each)))
            for each in finished
            if (name := self._levels[each.status >= 500])
        ]
        if len(self._waiting) >= self._limit:
            self._dropped += len(lines)
        elif lines:
            self._waiting.append("\n".join(lines) + "\n")

    def write(self) -> None:
        """Write the queued lines."""
        if self._waiting:
            text = [self._waiting.popleft() for _ in range(len(self._waiting))]
            self._stream.write("".join(text))
            self._stream.flush()
        if dropped := self._dropped:
            self._dropped -= dropped
            log.warning("request lines dropped", extra={"dropped": dropped})


def describe(finished: RequestContext) -> Mapping[str, object]:
    """Return the fields of a request's line."""
    fields: dict[str, object] = {
        "method": finished.method,
        "path": finished.route,
        "status": finished.status,
        "latency_ms": round(finished.seconds * 1e3, 3),
        "consumer": finished.consumer,
        "request_id": finished.request_id,
    }
    if finished.rows:
        fields["rows"] = finished.rows
        if finished.inference_id != finished.request_id:
            fields["inference_id"] = finished.inference_id
    if finished.degraded:
        fields["degraded"] = True
    if finished.error:
        fields["error"] = finished.error
    if finished.trace:
        fields["trace"] = finished.trace
    return fields
