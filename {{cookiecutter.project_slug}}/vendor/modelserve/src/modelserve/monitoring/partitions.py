"""Finds the files of a time window in SageMaker's layout: a folder for each hour."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ..errors import MonitoringError

HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SUFFIXES = (".jsonl", ".jsonl.gz")
FAR_US = 2**62  # microseconds, later than any time
FEEDBACK_PAGE = "vendor/modelserve/docs/feedback.md"
HOUR_PATH = re.compile(r"(?:.*/)?(\d{4})/(\d\d)/(\d\d)/(\d\d)").fullmatch


@dataclass(frozen=True)
class TimeWindow:
    """The time from `since` to before `until`; open at an end that is None.

    Raises:
        MonitoringError: `until` is not later than `since`.
    """

    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        """Convert both ends to UTC; a time without a zone is in UTC."""
        for name in ("since", "until"):
            value = getattr(self, name)
            if value is not None:
                zone = value.tzinfo or UTC
                object.__setattr__(self, name, value.replace(tzinfo=zone).astimezone(UTC))
        if self.since and self.until and self.since >= self.until:
            raise MonitoringError(
                f"There is no time between {self.since:%Y-%m-%d %H:%M:%S} and "
                f"{self.until:%Y-%m-%d %H:%M:%S}; --since must be the earlier one."
            )

    @property
    def bounds_us(self) -> tuple[int, int]:
        """Return both ends, in microseconds since the epoch."""
        low = -FAR_US if self.since is None else (self.since - EPOCH) // MICROSECOND
        high = FAR_US if self.until is None else (self.until - EPOCH) // MICROSECOND
        return low, high

    def overlaps(self, hour: datetime, *, later: bool = False) -> bool:
        """Return whether an hour's folder may hold records of the window.

        A file is written over minutes, so its records may belong to a neighbouring hour.

        Args:
            hour: the beginning of the folder's hour.
            later: whether records may arrive at any time after the window, as ground truth does.
        """
        if self.since and hour + 2 * HOUR <= self.since:
            return False
        return later or not self.until or hour - HOUR < self.until


@dataclass(frozen=True)
class Listing:
    """The files of a folder.

    Args:
        files: to read, in order.
        open_files: the number of files that are still being written.
        others: files in the window that hold no JSON Lines by their names.
    """

    files: tuple[Path, ...]
    open_files: int
    others: tuple[Path, ...] = ()


def find_files(folder: Path, window: TimeWindow, *, later: bool = False) -> Listing:
    """Return the files below a folder that may hold records of a window.

    Args:
        folder: of captures, or of ground truth; files outside of hourly folders are included.
        window: the time.
        later: as for `TimeWindow.overlaps`.

    Raises:
        MonitoringError: the folder does not exist, or cannot be read.
    """
    if not folder.is_dir():
        raise MonitoringError(f"{folder} is not a folder; name one with captures or ground truth.")
    files: list[Path] = []
    others: list[Path] = []
    open_files = 0
    try:
        for path in _walk(folder, window, later=later):
            if path.name.startswith("."):
                open_files += path.name.endswith(".jsonl.part")
            else:
                (files if path.name.endswith(SUFFIXES) else others).append(path)
    except OSError as error:
        raise MonitoringError(f"{folder} cannot be read: {error}") from error
    return Listing(tuple(sorted(files)), open_files, tuple(sorted(others)))


def find_truth_files(
    folder: Path, window: TimeWindow, *, missing_ok: bool = False
) -> tuple[Path, ...]:
    """Return the files below a folder that may hold ground truth of a window.

    Args:
        folder: of ground truth; `serve` creates it with the first feedback.
        window: of the predictions.
        missing_ok: whether a folder that does not exist counts as an empty one.

    Raises:
        MonitoringError: the folder does not exist, or cannot be read.
    """
    if text := explain_missing(folder):
        if missing_ok:
            return ()
        raise MonitoringError(f"{text}. Send feedback first: {FEEDBACK_PAGE}.")
    return find_files(folder, window, later=True).files


def explain_missing(folder: Path) -> str:
    """Return why a folder of ground truth may be missing; nothing if it exists."""
    if folder.exists():
        return ""
    return (
        f"--ground-truth {folder} does not exist: no feedback was stored yet, or the path is wrong"
    )


def hour_of(folder: Path) -> datetime | None:
    """Return the beginning of a folder's hour, None if the path names no hour."""
    if match := HOUR_PATH(folder.as_posix()):
        try:
            return datetime(*map(int, match.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
        except ValueError:
            return None
    return None


def _walk(folder: Path, window: TimeWindow, *, later: bool) -> Iterator[Path]:
    def fail(error: OSError) -> None:
        raise error

    for place, folders, names in os.walk(folder.resolve(), onerror=fail):
        hour = hour_of(Path(place))
        if hour and not window.overlaps(hour, later=later):
            folders.clear()
            continue
        yield from (Path(place, name) for name in names)
