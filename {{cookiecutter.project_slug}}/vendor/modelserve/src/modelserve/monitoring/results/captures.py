"""What the captures held: the window, the rows in it, and the lines that could not be read."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ObservedWindow:
    """The requested window, open at an end that is None, and the records in it.

    Args:
        since: the earliest inference that was requested.
        until: the end of the window, which is not part of it.
        first: the earliest inference in it.
        last: the latest inference in it.
        records: requests that this version of the model answered.
        rows: the rows of these requests.
    """

    since: datetime | None
    until: datetime | None
    first: datetime
    last: datetime
    records: int
    rows: int


@dataclass(frozen=True)
class LineError:
    """A line that could not be read: its file, its number from 1, and the reason."""

    file: str
    line: int
    detail: str


@dataclass(frozen=True)
class CaptureSummary:
    """What was read, and what was not.

    Args:
        files: closed files, all read to their end.
        open_files: files that capture still writes to; they are skipped.
        corrupt: lines that are not JSON, or not UTF-8.
        foreign: lines that are JSON, but not a record of a capture.
        rejected: records whose response is not a prediction, such as an error.
        outside: records before or after the window.
        duplicate: further records of the same event; the first one counts.
        degraded: rows that the fallback answered instead of the model.
        line_errors: the first of the corrupt and the foreign lines.
        versions: records in the window by the version that answered, "(unstated)" where the
            response was not captured; only this version and "(unstated)" are compared.
        unread: by field, rows in which it was redacted, not captured, or not readable.
    """

    files: int
    open_files: int
    corrupt: int
    foreign: int
    rejected: int
    outside: int
    duplicate: int
    degraded: int
    line_errors: tuple[LineError, ...]
    versions: dict[str, int]
    unread: dict[str, int]
