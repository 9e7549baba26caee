"""Reads files of records in several processes."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any, Protocol, TypeVar

from .. import processors
from ..errors import MonitoringError
from .counts import RecordCounts
from .ingest.duplicates import KEY, Chosen, Duplicates, all_first, find_duplicates
from .ingest.record_reader import FindFirst
from .key_files import KeyWriter
from .row_keys import Keys

PROCESS_BYTES = 2**25  # of captures for each process: fewer are not worth its start
MOST_PROCESSES = 8
GZIP_RATIO = 8  # of captures

Found = TypeVar("Found")
Counted = TypeVar("Counted", bound=RecordCounts)
Counted_co = TypeVar("Counted_co", bound=RecordCounts, covariant=True)


class PartReader(Protocol[Counted_co]):
    """Reads some of the files; a copy of it does so in each process."""

    @property
    def in_process(self) -> bool:
        """Return whether it has to stay in this process."""

    def read(self, files: Sequence[Path], find_first: FindFirst) -> Counted_co:
        """Return what is counted in some files; of each key, the first record."""


class WorkerPool:
    """Processes, started with the first work for several, that share a folder.

    Args:
        scratch: the folder, which exists until the pool ends.
        processes: the most that are started.
    """

    def __init__(self, scratch: Path, processes: int) -> None:
        """Start nothing yet."""
        self.scratch, self._processes = scratch, processes
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> "WorkerPool":
        """Return the pool."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes."""
        if self._executor:
            self._executor.shutdown()

    def divide(self, files: Sequence[Path]) -> list[Sequence[Path]]:
        """Return neighbouring files in parts, at least one, and at most one for each process.

        Raises:
            OSError: a file cannot be read.
        """
        return divide(files, processes=self._processes) or [files]

    def run(
        self, function: Callable[..., Found], *arguments: Sequence[Any], here: bool = False
    ) -> list[Found]:
        """Return what a function returns for each of some arguments, in a process each.

        Args:
            function: of a module, which another process can import.
            arguments: of the function, a sequence each, as for `map`.
            here: whether to call it in this process instead.

        Raises:
            MonitoringError: a process was killed.
        """
        if len(arguments[0]) < 2 or here:
            return list(map(function, *arguments))
        try:
            if self._executor is None:
                # Spawned, not forked: a fork of a process with threads may hang.
                self._executor = ProcessPoolExecutor(
                    self._processes,
                    mp_context=get_context("spawn"),
                    initializer=_end_with_parent,
                )
            return list(self._executor.map(function, *arguments))
        except (KeyboardInterrupt, SystemExit):  # of a signal: nobody needs their results
            if self._executor:
                _terminate(self._executor)
            raise
        except BrokenProcessPool as error:
            raise MonitoringError(
                "A process that read captures was killed, probably for memory; give the job more."
            ) from error


def read(
    reader: PartReader[Counted],
    files: Sequence[Path],
    pool: WorkerPool,
    *,
    keys: Path | None = None,
    earlier: Sequence[Path] = (),
) -> Counted:
    """Return the counts of some files.

    Args:
        reader: of a part of the files.
        files: in order.
        pool: whose processes read.
        keys: a folder to create, for a folder of each part's keys; None for that of the pool.
        earlier: the keys of other files that precede, a folder for each part of them; records with
            these keys are not counted again.

    Raises:
        MonitoringError: a file cannot be read, or a process was killed.
    """
    try:
        parts, here = pool.divide(files), reader.in_process
        keys = keys or pool.scratch / "record-keys"
        keys.mkdir()
        folders = [keys / str(i) for i in range(len(parts))]
        counts = pool.run(_count_all, [reader] * len(parts), parts, folders, here=here)
        duplicates = find_duplicates([*earlier, *folders])[len(earlier) :]
    except OSError as error:
        raise MonitoringError(f"The captures cannot be read: {error}") from error
    if duplicates:
        counts = pool.run(_count_once, [reader] * len(parts), parts, duplicates, here=here)
    whole: Counted = counts.pop(0)
    for each in counts:
        whole.merge(each)
    return whole


def _terminate(pool: ProcessPoolExecutor) -> None:
    """End the processes of a pool; Python 3.14 has a method for it."""
    for process in list((pool._processes or {}).values()):  # pylint: disable=protected-access
        process.terminate()


def _end_with_parent() -> None:
    """End this process when the one that started it is killed."""
    parent = parent_process()

    def wait() -> None:
        if parent:
            parent.join()
            os._exit(1)

    Thread(target=wait, daemon=True).start()


def _count_all(reader: PartReader[Counted], files: Sequence[Path], folder: Path) -> Counted:
    """Count every record, and write the keys to a folder."""
    writer = KeyWriter(folder, KEY)

    def write(some: Keys) -> Chosen:
        writer.add(some)
        return all_first(some)

    counts = reader.read(files, write)
    writer.flush()
    return counts


def _count_once(
    reader: PartReader[Counted], files: Sequence[Path], duplicates: Duplicates
) -> Counted:
    """Count the first record of each key."""
    return reader.read(files, duplicates.find_first)


def processes_for(files: Sequence[Path]) -> int:
    """Return in how many processes some files are worth reading.

    Raises:
        MonitoringError: a file cannot be read.
    """
    try:
        count = sum(map(_size_of, files)) // PROCESS_BYTES
    except OSError as error:
        raise MonitoringError(f"A file cannot be read: {error}") from error
    return max(min(processors.whole(processors.available()), MOST_PROCESSES, count), 1)


def divide(files: Sequence[Path], *, processes: int) -> list[Sequence[Path]]:
    """Return neighbouring files in parts of about the same size, one for each process.

    Raises:
        OSError: a file cannot be read.
    """
    sizes = [_size_of(path) for path in files]
    total = sum(sizes)
    parts: list[list[Path]] = [[] for _ in range(max(min(processes, len(files)), 1))]
    before = 0
    for path, size in zip(files, sizes, strict=True):
        # The part that the middle of the file belongs to; that of an empty last file is its end.
        place = (before + size // 2) * len(parts) // max(total, 1)
        parts[min(place, len(parts) - 1)].append(path)
        before += size
    return [part for part in parts if part]


def _size_of(path: Path) -> int:
    """Return about the size of a file's text, in bytes; 0 of a file that was removed."""
    try:
        size_bytes = path.stat().st_size
    except FileNotFoundError:  # the reader of its lines counts it
        return 0
    return size_bytes * (GZIP_RATIO if path.suffix == ".gz" else 1)
