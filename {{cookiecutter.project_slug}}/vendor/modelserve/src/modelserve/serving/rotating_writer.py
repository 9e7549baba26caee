"""Writes lines to files by the hour, from a thread of its own: a disk's trouble stops nobody."""

import logging
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from .partial_file import PartialFile, adopt

PAUSE_S = 0.1
RETRY_S = 1.0  # after the disk has refused, before it is asked again
QUIET_S = 60.0  # between two log lines about what was dropped
PATIENCE_S = 5.0  # with a disk that hangs, at the end
HOUR_S = 3_600

FULL, DISK, LOST = REASONS = ("queue-full", "disk", "lost")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bounds:
    """How much may wait to be written, and when a file is closed."""

    queue_records: int
    queue_bytes: int
    file_bytes: int
    file_age_s: float


@dataclass(frozen=True)
class Tally:
    """Is told what became of the lines: each of them is kept or dropped, and once.

    `kept` is told of lines whose file is closed; `dropped` of those that the queue had no room for,
    that the disk refused to the end, or that were lost with their file.
    """

    kept: Callable[[int], None]
    dropped: Callable[[str, int], None]


class Batch(NamedTuple):
    """Lines of one hour, counted from the epoch, that came together."""

    hour: int
    lines: list[bytes]


class RotatingWriter:
    """A bounded queue of lines, and the thread that writes them to `folder/yyyy/mm/dd/hh/`.

    Args:
        folder: where the hours lie.
        bounds: of the queue and the files.
        tally: is told what became of each line.
    """

    def __init__(self, folder: Path, bounds: Bounds, tally: Tally) -> None:
        """Start the thread."""
        self._folder = folder
        self._bounds = bounds
        self._tally = tally
        self._queue: deque[Batch] = deque()
        self._lock = threading.Lock()
        self._records = self._bytes = 0  # that wait, or are being written
        self._file: PartialFile | None = None
        self._hour = 0
        self._trouble = ""
        self._over = False
        self._untold: Counter[str] = Counter()
        self._told_at = -QUIET_S
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    def add(self, time_s: float, *lines: bytes) -> None:
        """Take lines of a time since the epoch; drop what there is no room for, and never wait."""
        with self._lock:
            room = 0 if self._over else self._bounds.queue_records - self._records
            free = self._bounds.queue_bytes - self._bytes
            taken = []
            for line in lines[:room]:
                if len(line) <= free:
                    taken.append(line)
                    free -= len(line)
            self._drop(DISK if self._trouble else FULL, len(lines) - len(taken))
            if taken:
                self._queue.append(Batch(int(time_s) // HOUR_S, taken))
                self._records += len(taken)
                self._bytes = self._bounds.queue_bytes - free

    def close(self) -> None:
        """Write what waits, close the file, and end the thread."""
        self._stop.set()
        self._thread.join(timeout=PATIENCE_S)
        with self._lock:
            self._over = True
            self._drop(DISK, self._records)
            self._records = 0
            self._queue.clear()
        self._tell(at_once=True)

    def _run(self) -> None:
        # A process that replaces a killed one finds its file too young, and looks once more.
        stale_s = 2 * self._bounds.file_age_s + QUIET_S
        adopt_at = [time.monotonic(), time.monotonic() + stale_s]
        ask_again_at = 0.0
        last = False
        while not last:
            if adopt_at and time.monotonic() >= adopt_at[0]:
                adopt_at.pop(0)
                self._adopt(older_than_s=stale_s)
            last = self._stop.wait(PAUSE_S)
            if last or time.monotonic() >= ask_again_at:
                if not self._drain():
                    ask_again_at = time.monotonic() + RETRY_S
                if self._file and (last or self._is_due(self._file)):
                    self._close_file()
            self._tell(at_once=False)

    def _drain(self) -> bool:
        """Write what waits, in its order, until the disk refuses; tell whether it took all."""
        with self._lock:
            waiting = list(self._queue)
        for batch in waiting:
            if self._over:
                break
            self._trouble = self._write(batch)
            if self._trouble:
                return False  # what waits stays where it is, within the queue's bounds
            with self._lock:
                if self._queue:  # after a long wait for the disk, close() may have given up
                    self._queue.popleft()
        return True

    def _write(self, batch: Batch) -> str:
        """Write a batch's lines and take them out of it; return why any of them had to stay."""
        try:
            file = self._open(batch.hour)
            lines, size = file.lines, file.size
            trouble = file.append(batch.lines)
        except OSError as error:
            return str(error)
        written = file.lines - lines
        del batch.lines[:written]
        with self._lock:
            self._records -= written
            self._bytes -= file.size - size
        return trouble

    def _open(self, hour: int) -> PartialFile:
        """Return the file for an hour, which is a new one when the old one is over or gone."""
        file = self._file
        if file and (
            hour != self._hour or file.size >= self._bounds.file_bytes or not file.exists()
        ):
            self._close_file()
        if not self._file:
            now = datetime.now(UTC)
            folder = self._folder / f"{datetime.fromtimestamp(hour * HOUR_S, UTC):%Y/%m/%d/%H}"
            name = f"{now:%M-%S}-{now.microsecond // 1_000:03d}-{uuid.uuid4()}.jsonl"
            self._file, self._hour = PartialFile(folder / name), hour
        return self._file

    def _is_due(self, file: PartialFile) -> bool:
        age_s = time.monotonic() - file.opened
        return age_s >= self._bounds.file_age_s or file.size >= self._bounds.file_bytes

    def _close_file(self) -> None:
        file, self._file = self._file, None
        if file:
            try:
                file.close()
            except OSError as error:
                self._trouble = str(error)
                with self._lock:
                    self._drop(LOST, file.lines)
            else:
                self._tally.kept(file.lines)

    def _drop(self, reason: str, count: int) -> None:
        """Count what is not kept; to be called with the lock."""
        if count:
            self._tally.dropped(reason, count)
            self._untold[reason] += count

    def _tell(self, *, at_once: bool) -> None:
        """Log what was dropped, once a minute."""
        if self._untold and (at_once or time.monotonic() - self._told_at >= QUIET_S):
            self._told_at = time.monotonic()
            with self._lock:
                untold, self._untold = self._untold, Counter()
            extra = {"folder": str(self._folder), **untold}
            log.warning("records dropped", extra=extra | {"trouble": self._trouble or "none"})

    def _adopt(self, *, older_than_s: float) -> None:
        """Close what a killed process has left since yesterday."""
        days = [datetime.now(UTC) - timedelta(days=ago) for ago in (0, 1)]
        try:
            hours = [each for day in days for each in (self._folder / f"{day:%Y/%m/%d}").glob("*")]
            for path in adopt(hours, older_than_s=older_than_s):
                log.info("file adopted", extra={"path": str(path)})
        except OSError as error:
            log.warning("no file adopted", extra={"trouble": str(error)})
