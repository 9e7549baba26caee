"""Writes lines to hourly files from a thread of its own, so that no request waits for a disk."""

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

from .partial_file import PartialFile, recover

PAUSE_S = 0.1
RETRY_S = 1.0  # between two attempts after a disk error
QUIET_S = 60.0  # between two log lines about dropped records
PATIENCE_S = 5.0  # for a disk that hangs, at the end
HOUR_S = 3_600
RECOVERED_DAYS = 31

FULL, DISK, LOST = REASONS = ("queue-full", "disk", "lost")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bounds:
    """The limits of the queue and of a file."""

    queue_records: int
    queue_bytes: int
    file_bytes: int
    file_age_s: float


@dataclass(frozen=True)
class RecordCounter:
    """Counts lines: each is kept or dropped, exactly once.

    `kept` counts lines of closed files; `dropped` those that the queue had no room for, that the
    disk rejected, or that were lost with their file, by reason.
    """

    kept: Callable[[int], None]
    dropped: Callable[[str, int], None]


class Batch(NamedTuple):
    """Lines that were added together, and their hour since the epoch."""

    hour: int
    lines: list[bytes]


class RotatingWriter:
    """A bounded queue of lines, and the thread that writes them to `folder/yyyy/mm/dd/hh/`.

    Args:
        folder: parent of the hourly folders.
        bounds: of the queue and the files.
        counter: counts the lines.
    """

    def __init__(self, folder: Path, bounds: Bounds, counter: RecordCounter) -> None:
        """Start the thread."""
        self._folder = folder
        self._bounds = bounds
        self._counter = counter
        self._queue: deque[Batch] = deque()
        self._lock = threading.Lock()
        self._records = self._bytes = 0  # that wait, or are being written
        self._file: PartialFile | None = None
        self._hour = 0
        self._error = ""
        self._over = False
        self._unreported: Counter[str] = Counter()
        self._reported_at = self._warned_at = -QUIET_S
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="capture-writer", daemon=True)
        self._thread.start()

    def add(self, time_s: float, *lines: bytes) -> None:
        """Queue lines of a time since the epoch; drop those without room, and never wait."""
        with self._lock:
            room = 0 if self._over else self._bounds.queue_records - self._records
            free = self._bounds.queue_bytes - self._bytes
            if len(lines) <= room and (size := sum(map(len, lines))) <= free:
                taken, free = [*lines], free - size
            else:
                taken = []
                for line in lines[:room]:
                    if len(line) <= free:
                        taken.append(line)
                        free -= len(line)
            self._drop(DISK if self._error else FULL, len(lines) - len(taken))
            if taken:
                self._queue.append(Batch(int(time_s) // HOUR_S, taken))
                self._records += len(taken)
                self._bytes = self._bounds.queue_bytes - free

    def close(self) -> None:
        """Write the queue, close the file, and end the thread."""
        self._stop.set()
        self._thread.join(timeout=PATIENCE_S)
        with self._lock:
            self._over = True
            self._drop(DISK, self._records)
            self._records = 0
            self._queue.clear()
        self._report(at_once=True)

    def _run(self) -> None:
        # The file of a process that was just killed is too young at the start: try twice.
        stale_s = 2 * self._bounds.file_age_s + QUIET_S
        recover_at = [time.monotonic(), time.monotonic() + stale_s]
        retry_at = 0.0
        last = False
        while not last:
            if recover_at and time.monotonic() >= recover_at[0]:
                recover_at.pop(0)
                self._recover(older_than_s=stale_s)
            last = self._stop.wait(PAUSE_S)
            if last or time.monotonic() >= retry_at:
                if not self._drain():
                    retry_at = time.monotonic() + RETRY_S
                if self._file and (last or self._is_due(self._file)):
                    self._close_file()
            self._report(at_once=False)

    def _drain(self) -> bool:
        """Write the queue in order until the disk fails; return whether all was written."""
        with self._lock:
            waiting = list(self._queue)
        for batch in waiting:
            if self._over:
                break
            self._error = self._write(batch)
            if self._error:
                self._warn()
                return False  # the rest stays in the queue
            with self._lock:
                if self._queue:  # close() may have cleared it while the disk hung
                    self._queue.popleft()
        return True

    def _write(self, batch: Batch) -> str:
        """Write a batch's lines and remove them from it; return the error if any remain."""
        try:
            file = self._open(batch.hour)
            lines, size = file.lines, file.size
            error = file.append(batch.lines)
        except OSError as error:
            return str(error)
        written = file.lines - lines
        del batch.lines[:written]
        with self._lock:
            self._records -= written
            self._bytes -= file.size - size
        return error

    def _open(self, hour: int) -> PartialFile:
        """Return the file of an hour: a new one if the current one is full, gone, or older."""
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
                self._error = str(error)
                with self._lock:
                    self._drop(LOST, file.lines)
            else:
                self._counter.kept(file.lines)

    def _drop(self, reason: str, count: int) -> None:
        """Count dropped lines; call with the lock held."""
        if count:
            self._counter.dropped(reason, count)
            self._unreported[reason] += count

    def _report(self, *, at_once: bool) -> None:
        """Log dropped lines, once a minute."""
        if self._unreported and (at_once or time.monotonic() - self._reported_at >= QUIET_S):
            self._reported_at = time.monotonic()
            with self._lock:
                unreported, self._unreported = self._unreported, Counter()
            extra = {"folder": str(self._folder), **unreported}
            log.warning("records dropped", extra=extra | {"error": self._error or "none"})

    def _warn(self) -> None:
        """Log that records wait for the disk, once a minute: nothing is lost yet."""
        if time.monotonic() - self._warned_at >= QUIET_S:
            self._warned_at = time.monotonic()
            extra = {"folder": str(self._folder), "waiting": self._records, "error": self._error}
            log.error("records wait: they cannot be written", extra=extra)

    def _recover(self, *, older_than_s: float) -> None:
        """Complete the files that killed processes left in the last days."""
        days = [datetime.now(UTC) - timedelta(days=ago) for ago in range(RECOVERED_DAYS)]
        try:
            hours = [each for day in days for each in (self._folder / f"{day:%Y/%m/%d}").glob("*")]
            for path in recover(hours, older_than_s=older_than_s):
                log.info("file recovered", extra={"path": str(path)})
        except OSError as error:
            log.warning("no file recovered", extra={"error": str(error)})
