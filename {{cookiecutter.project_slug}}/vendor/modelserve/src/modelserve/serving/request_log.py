"""One log line for each request: names, figures and outcome, never a payload."""

import logging
from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, TextIO

from ..errors import ConfigurationError
from ..hook_calls import name_kind
from ..logs import Entry, Formatter, Spelling, renderer_of
from .observers import RequestObserver
from .request_context import RequestContext

log = logging.getLogger(__name__)

OUTCOME = attrgetter("method", "route", "status", "consumer", "rows", "degraded", "error")
MOST_TEMPLATES = 256
# What stands for the values of a line in its template; no path and no name contains these.
TIME_S, LATENCY_MS = 1e9, 987654.321
IDS = {name: f"..{name}.." for name in ("request_id", "inference_id", "trace", "span")}


class LineTemplate(NamedTuple):
    """What lines have in common.

    Args:
        text: takes the time, the latency, and then ids.
        ids: returns those of a request, in the text's order.
    """

    text: str
    ids: Callable[[RequestContext], tuple[str, ...]]


class RequestLog(RequestObserver):
    """Writes the lines of finished requests directly to the log's stream.

    A record through `logging` costs several times as much, and most lines are of requests. They
    differ in their time, latency and ids: all else is rendered once, as a template.

    Args:
        handler: its formatter renders the lines for its stream.
        limit: of queued slices of lines.

    Raises:
        ConfigurationError: the handler has no stream.
    """

    def __init__(self, handler: "logging.StreamHandler[TextIO]", *, limit: int = 10_000) -> None:
        """Read the levels that are written."""
        if not hasattr(handler, "stream"):
            raise ConfigurationError(
                f"`configure` in logs.py returned {name_kind(handler)}, which has no stream for "
                "the line of each request; return a logging.StreamHandler, or None for no such "
                "lines."
            )
        self._render = renderer_of(handler)
        formatter = handler.formatter
        self._spelling = formatter.spelling if isinstance(formatter, Formatter) else None
        self._templates: dict[Hashable, LineTemplate] = {}
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
        lines = [self._render_line(each) for each in finished if self._levels[each.status >= 500]]
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

    def _render_line(self, finished: RequestContext) -> str:
        spelling = self._spelling
        if spelling is None:
            return self._render(self._entry(finished, finished.time, {}))
        own_id = finished.inference_id == finished.request_id
        kind = (OUTCOME(finished), own_id, not finished.trace, finished.span is None)
        text, ids = self._templates.get(kind) or self._add_template(kind, finished, spelling)
        latency_ms = spelling.latency_ms(_latency_ms(finished))
        return text % (spelling.time(finished.time), latency_ms, *ids(finished))

    def _add_template(
        self, kind: Hashable, finished: RequestContext, spelling: Spelling
    ) -> LineTemplate:
        """Add the line of requests with this outcome, with their values left out."""
        line = self._render(self._entry(finished, TIME_S, {"latency_ms": LATENCY_MS, **IDS}))
        text = line.replace("%", "%%")
        places = {text.find(mark): name for name, mark in IDS.items()}
        names = [places[place] for place in sorted(places) if place >= 0]
        for mark in (spelling.time(TIME_S), spelling.latency_ms(LATENCY_MS), *IDS.values()):
            text = text.replace(mark, "%s")
        if len(self._templates) >= MOST_TEMPLATES:
            self._templates.clear()
        template = self._templates[kind] = LineTemplate(text, _getter(names))
        return template

    def _entry(
        self, finished: RequestContext, time_s: float, instead: Mapping[str, object]
    ) -> Entry:
        """Return a request's entry, with other values of the fields that it has."""
        fields = {name: instead.get(name, value) for name, value in describe(finished).items()}
        level = self._levels[finished.status >= 500]
        return Entry(time_s, self._line, __name__, level, "answered", fields)


def _latency_ms(finished: RequestContext) -> float:
    """Return how long a request took, to a microsecond: in a fifth of the time of three digits."""
    return round(finished.seconds * 1e6) / 1e3


def _getter(names: Sequence[str]) -> Callable[[RequestContext], tuple[str, ...]]:
    """Return what gets the ids with these names from a request."""
    get: Callable[[RequestContext], Any] = attrgetter(
        *("span.span_id" if name == "span" else name for name in names)
    )
    return get if len(names) > 1 else lambda finished: (get(finished),)


def describe(finished: RequestContext) -> Mapping[str, object]:
    """Return the fields of a request's line."""
    fields: dict[str, object] = {
        "method": finished.method,
        "path": finished.route,
        "status": finished.status,
        "latency_ms": _latency_ms(finished),
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
    if finished.span:
        fields["span"] = finished.span.span_id
    return fields
