"""One log line for each request: names, figures and outcome, never a payload."""

import logging
import re
from collections.abc import Mapping, Sequence
from typing import TextIO

from ..logs import Entry, Render
from .exchange import Exchange

TRACE = re.compile(rb"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}").fullmatch


class RequestLog:
    """Writes finished requests' lines straight to the log's stream.

    A record through `logging` costs several times as much, and most lines are these.

    Args:
        render: makes a line of an entry.
        stream: takes the lines.
    """

    def __init__(self, render: Render, stream: TextIO) -> None:
        """Ask which severity is written at all."""
        self._render = render
        self._stream = stream
        self._line = self.record.__code__.co_firstlineno
        log = logging.getLogger(__name__)
        self._levels = {
            level: logging.getLevelName(level)
            for level in (logging.INFO, logging.ERROR)
            if log.isEnabledFor(level)
        }

    def record(self, finished: Sequence[Exchange]) -> None:
        """Write a line a request."""
        lines = [
            self._render(Entry(each.time, self._line, __name__, name, "answered", describe(each)))
            for each in finished
            if (name := self._levels.get(severity(each)))
        ]
        if lines:
            self._stream.write("\n".join(lines) + "\n")
            self._stream.flush()


def severity(finished: Exchange) -> int:
    """Return ERROR where the service failed and INFO elsewhere."""
    return logging.ERROR if finished.status >= 500 else logging.INFO


def describe(finished: Exchange) -> Mapping[str, object]:
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
    parent = finished.headers.get(b"traceparent")
    if parent and (trace := TRACE(parent)):
        fields["trace"] = trace[1].decode()
    return fields
