"""Log formats, for people and for machines."""

import logging
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from json import dumps
from pathlib import Path
from textwrap import indent
from typing import NamedTuple, TextIO, cast

from pydantic_core import PydanticSerializationError, to_json

from .errors import ConfigurationError
from .log_stream import QueuedStream
from .settings import Settings

# Attributes of every record, and those that uvicorn adds; all others are fields of `extra`.
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"asctime", "color_message", "message"}
NUMBERS = frozenset({int, float, bool})
MILLISECONDS = tuple(f".{i:03d}" for i in range(1_000))
BARE = re.compile(r"[\w./:+-]+").fullmatch


class Entry(NamedTuple):
    """One line of a log before it is written; `created` in seconds since the epoch."""

    created: float
    line: int
    name: str
    level: str
    message: str
    fields: Mapping[str, object]
    traceback: str = ""


Render = Callable[[Entry], str]


class Spelling(NamedTuple):
    """How a format spells a time in seconds since the epoch, and the field `latency_ms`."""

    time: Callable[[float], str]
    latency_ms: Callable[[float], str]


@lru_cache(maxsize=4)
def _second(second: int, zone: tzinfo | None) -> str:
    return datetime.fromtimestamp(second, zone).strftime("%Y-%m-%dT%H:%M:%S")


def _utc(created: float) -> str:
    second = int(created)
    return f"{_second(second, UTC)}{MILLISECONDS[int((created - second) * 1e3)]}Z"


def _local(created: float) -> str:
    second = int(created)
    return _second(second, None) + MILLISECONDS[int((created - second) * 1e3)]


def _seconds(latency_ms: float) -> str:
    return f"{latency_ms / 1e3:.6f}s"


def _json(content: Mapping[str, object]) -> str:
    try:
        return to_json(content, inf_nan_mode="strings", fallback=str).decode()
    except PydanticSerializationError:
        # Lone surrogates, as in some file names, or bytes that are not UTF-8: no line is lost.
        return dumps(content, separators=(",", ":"), default=str)


def _escape(text: str) -> str:
    """Return text on one line, without control sequences."""
    spelled = _json({"": text})[5:-2]
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in spelled)


def plain(entry: Entry) -> str:
    """Render time, line, name, level, message and fields, for a person."""
    fields = ""
    for name, value in entry.fields.items():  # inlined: this is most of the work of a busy service
        kind = value.__class__
        bare = kind in NUMBERS or (isinstance(value, str) and (value.isalnum() or BARE(value)))
        fields += f" {name}={value}" if bare else f" {name}={_quote(str(value))}"
    message = entry.message
    if not message.isprintable():
        message = _escape(message)
    head = (
        f"{_local(entry.created)} {entry.line:>4} {entry.name} {entry.level:<7} {message}{fields}"
    )
    # Indented, so that no line of an error's text looks like an entry.
    return f"{head}\n{indent(entry.traceback, '  ')}" if entry.traceback else head


def _quote(text: str) -> str:
    return f'"{_escape(text)}"'


def json(entry: Entry) -> str:
    """Render one JSON object, with the time in UTC."""
    content = {
        "time": _utc(entry.created),
        "level": entry.level,
        "name": entry.name,
        "line": entry.line,
        "message": entry.message,
        **entry.fields,
    }
    return _json(content | {"traceback": entry.traceback} if entry.traceback else content)


def aws(entry: Entry) -> str:
    """Render what CloudWatch Logs Insights discovers: `timestamp`, `level`, `message`."""
    return json(entry).replace('{"time":', '{"timestamp":', 1)


def gcp(project: str) -> Render:
    """Return a renderer for Cloud Logging, which groups by request and by trace.

    Source: Google Cloud, "Structured logging", special fields of the JSON payload.
    """

    def render(entry: Entry) -> str:
        fields = dict(entry.fields)
        message = f"{entry.message}\n{entry.traceback}" if entry.traceback else entry.message
        content: dict[str, object] = {
            "severity": entry.level,
            "time": _utc(entry.created),
            "message": message,
            "logging.googleapis.com/sourceLocation": {"file": entry.name, "line": str(entry.line)},
        }
        if "method" in fields:
            content["httpRequest"] = {
                "requestMethod": fields.pop("method"),
                "requestUrl": fields.pop("path", ""),
                "status": fields.pop("status", 0),
                "latency": _seconds(float(str(fields.pop("latency_ms", 0)))),
            }
        if project and (trace := fields.pop("trace", None)):
            content["logging.googleapis.com/trace"] = f"projects/{project}/traces/{trace}"
            if span := fields.pop("span", None):
                content["logging.googleapis.com/spanId"] = span
                content["logging.googleapis.com/trace_sampled"] = True
        return _json(content | fields)

    return render


class Formatter(logging.Formatter):
    """Renders records of the standard library.

    Args:
        render: renders a line.
        spelling: of its time and latency, if it renders every value by itself; else None.
    """

    def __init__(self, render: Render, spelling: Spelling | None = None) -> None:
        """Render with `render`."""
        super().__init__()
        self.render = render
        self.spelling = spelling

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line; the keys of `extra` become its fields."""
        return self.render(
            Entry(
                created=record.created,
                line=record.lineno,
                name=record.name,
                level=record.levelname,
                message=record.getMessage(),
                fields={k: v for k, v in vars(record).items() if k not in STANDARD},
                traceback=self.formatException(record.exc_info) if record.exc_info else "",
            )
        )


def make_formatter(settings: Settings) -> Formatter:
    """Return the formatter of the configured profile: plain, json, aws or gcp."""
    formats = {
        "plain": (plain, Spelling(_local, str)),
        "json": (json, Spelling(_utc, str)),
        "aws": (aws, Spelling(_utc, str)),
        "gcp": (gcp(settings.google_cloud_project), Spelling(_utc, _seconds)),
    }
    return Formatter(*formats[settings.log_profile])


def open_stream(log_dir: Path | None) -> TextIO:
    """Return standard output, or a new file in `log_dir`, named by the time of this start.

    A thread writes to it: a stream that blocks delays no one.

    Raises:
        ConfigurationError: the file cannot be created.
    """
    if log_dir is None:
        return cast(TextIO, QueuedStream(sys.stdout or sys.stderr))
    started = datetime.fromtimestamp(time.time()).strftime("%Y-%m-%d_%H-%M-%S")
    try:
        log_dir.mkdir(parents=True, exist_ok=True)
        file = (log_dir / f"{started}_{os.getpid()}.log").open("a", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"LOG_DIR={str(log_dir)!r} cannot take log files: {error.strerror}."
        ) from error
    return cast(TextIO, QueuedStream(file, owned=True))


def renderer_of(handler: logging.Handler) -> Render:
    """Return a handler's way to render a line, whatever its formatter is."""
    if isinstance(handler.formatter, Formatter):
        return handler.formatter.render

    def render(entry: Entry) -> str:
        level = logging.getLevelNamesMapping()[entry.level]
        record = logging.LogRecord(
            entry.name, level, "", entry.line, entry.message, args=(), exc_info=None
        )
        record.created = entry.created
        vars(record).update(entry.fields)
        return handler.format(record)

    return render
