"""Folders by the hour, as SageMaker lays out captures and ground truth: which of them to read."""

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
FAR_US = 2**62  # microseconds that no time reaches
HOUR_PATH = re.compile(r"(?:.*/)?(\d{4})/(\d\d)/(\d\d)/(\d\d)").fullmatch


@dataclass(frozen=True)
class Span:
    """A time from `since` on and before `until`; open at an end that is None.

    Raises:
        MonitoringError: it ends before it begins.
    """

    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        """Take a time without a zone as UTC's."""
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
        """Both ends, in microseconds since the epoch."""
        low = -FAR_US if self.since is None else (self.since - EPOCH) // MICROSECOND
        high = FAR_US if self.until is None else (self.until - EPOCH) // MICROSECOND
        return low, high

    def may_hold(self, hour: datetime, *, later: bool = False) -> bool:
        """Tell whether an hour's folder may hold something of this time.

        A file is written for some minutes: what it holds may belong to the hour beside its own.

        Args:
            hour: when the folder's hour begins.
            later: whether it may hold something that was learnt at any time after.
        """
        if self.since and hour + 2 * HOUR <= self.since:
            return False
        return later or not self.until or hour - HOUR < self.until


@dataclass(frozen=True)
class Listing:
    """Files to read in their order, and how many there are that are still being written."""

    files: tuple[Path, ...]
    open_files: int


def find(folder: Path, span: Span, *, later: bool = False) -> Listing:
    """Return the files below a folder that may hold something of a time.

    Args:
        folder: of captures, or of ground truth; what is not laid out by the hour is read, too.
        span: the time.
        later: as `Span.may_hold` has it.

    Raises:
        MonitoringError: there is no such folder, or it cannot be read.
    """
    if not folder.is_dir():
        raise MonitoringError(f"{folder} is no folder that can be read.")
    files, open_files = [], 0
    try:
        for path in _walk(folder, span, later=later):
            if path.name.startswith("."):
                open_files += path.name.endswith(".jsonl.part")
            elif path.suffix == ".jsonl":
                files.append(path)
    except OSError as error:
        raise MonitoringError(f"{folder} cannot be read: {error}") from error
    return Listing(tuple(sorted(files)), open_files)


def hour_of(folder: Path) -> datetime | None:
    """Return when a folder's hour begins, None when it is none of an hour."""
    if found := HOUR_PATH(folder.as_posix()):
        try:
            return datetime(*map(int, found.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
        except ValueError:
            return None
    return None


def _walk(folder: Path, span: Span, *, later: bool) -> Iterator[Path]:
    def complain(error: OSError) -> None:
        raise error

    for place, folders, names in os.walk(folder.resolve(), onerror=complain):
        hour = hour_of(Path(place))
        if hour and not span.may_hold(hour, later=later):
            folders.clear()
            continue
        yield from (Path(place, name) for name in names)
