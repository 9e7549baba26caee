"""The handler of all log lines: bounded in what waits, and in how often a traceback repeats."""

import logging
import time
from collections.abc import Callable, Hashable
from copy import copy
from dataclasses import dataclass
from typing import TextIO

from .logs import make_formatter, open_stream
from .settings import Settings

TRACEBACK_EVERY_S = 10.0
LINE_EVERY_S = 1.0
KEYS = 256  # of errors that are distinguished


@dataclass
class Repetition:
    """An error that may repeat: when it was last written, and how often it was left out since."""

    traceback_at: float
    line_at: float
    skipped: int = 0


class LogHandler(logging.StreamHandler[TextIO]):
    """Writes an error that repeats in full once per interval, and as one line a second in between.

    Errors repeat if they have the same type, come from the same line, and are logged by the same
    line. The field `repeated` counts those that were left out since the last line.

    Args:
        stream: receives the lines.
        clock: tells the time in seconds.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        """Start without errors."""
        super().__init__(stream)
        self._clock = clock
        self._repetitions: dict[Hashable, Repetition] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, unless it repeats an error too soon."""
        limited = self._limit(record) if record.exc_info else record
        if limited:
            super().emit(limited)

    def _limit(self, record: logging.LogRecord) -> logging.LogRecord | None:
        now, key = self._clock(), key_of(record)
        known = self._repetitions.pop(key, None)
        if known is None:
            self._repetitions[key] = Repetition(now, now)
            if len(self._repetitions) > KEYS:
                self._repetitions.pop(next(iter(self._repetitions)))
            return record
        self._repetitions[key] = known  # as the latest one
        if now - known.line_at < LINE_EVERY_S:
            known.skipped += 1
            return None
        limited = copy(record)  # other handlers receive the record as it is
        if known.skipped:
            vars(limited)["repeated"] = known.skipped
        if now - known.traceback_at >= TRACEBACK_EVERY_S:
            known.traceback_at = now
        else:
            vars(limited).setdefault("error", error_of(record).__name__)
            limited.exc_info = limited.exc_text = None
        known.line_at, known.skipped = now, 0
        return limited


def error_of(record: logging.LogRecord) -> type:
    """Return the type of a record's exception."""
    return (record.exc_info and record.exc_info[0]) or type(None)


def key_of(record: logging.LogRecord) -> Hashable:
    """Return what repetitions of an error share."""
    trace = record.exc_info[2] if record.exc_info else None
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = (trace.tb_frame.f_code, trace.tb_lineno) if trace else None
    return record.name, record.lineno, error_of(record), place


def make_handler(settings: Settings) -> LogHandler:
    """Return a handler for every logger, in the configured format to the configured stream."""
    handler = LogHandler(open_stream(settings.log_dir))
    handler.setFormatter(make_formatter(settings))
    return handler
