"""Reads files of records in several processes."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any, Protocol, TypeVar

import numpy as np

from .. import processors
from ..errors import MonitoringError
from .counts import RecordCounts
from .ingest.duplicates import Chosen, Duplicates, all_first, find_duplicates
from .ingest.record_reader import FindFirst
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


def read(reader: PartReader[Counted], files: Sequence[Path]) -> Counted:
    """Return the counts of some files, in as many processes as they are worth.

    Raises:
        MonitoringError: a file cannot be read, or a process was killed.
    """
    try:
        parts, here = divide_by_processors(files), reader.in_process
        with TemporaryDirectory() as folder:
            paths = [Path(folder, f"{i}.keys") for i in range(len(parts))]
            counts = run(_count_all, [reader] * len(parts), parts, paths, here=here)
            duplicates = find_duplicates([np.fromfile(path, dtype=np.uint64) for path in paths])
    except OSError as error:
        raise MonitoringError(f"The captures cannot be read: {error}") from error
    if duplicates:
        counts = run(_count_once, [reader] * len(parts), parts, duplicates, here=here)
    whole: Counted = counts.pop(0)
    for each in counts:
        whole.merge(each)
    return whole


def run(
    function: Callable[..., Found], *arguments: Sequence[Any], here: bool = False
) -> list[Found]:
    """Return what a function returns for each of some arguments, in a process each.

    Args:
        function: of a module, which another process can import.
        arguments: of the function, a sequence each, as for `map`.
        here: whether to call it in this process instead.

    Raises:
        MonitoringError: a process was killed.
    """
    count = len(arguments[0])
    if count < 2 or here:
        return list(map(function, *arguments))
    try:
        # Spawned, not forked: a fork of a process with threads may hang.
        context = get_context("spawn")
        with ProcessPoolExecutor(count, mp_context=context, initializer=_end_with_parent) as pool:
            try:
                return list(pool.map(function, *arguments))
            except (KeyboardInterrupt, SystemExit):  # of a signal: nobody needs their results
                _terminate(pool)
                raise
    except BrokenProcessPool as error:
        raise MonitoringError(
            "A process that read captures was killed, probably for memory; give the job more."
        ) from error


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


def _count_all(reader: PartReader[Counted], files: Sequence[Path], keys: Path) -> Counted:
    """Count every record, and write the keys to a file."""
    with keys.open("wb") as stream:

        def write(some: Keys) -> Chosen:
            stream.write(some.tobytes())
            return all_first(some)

        return reader.read(files, write)


def _count_once(
    reader: PartReader[Counted], files: Sequence[Path], duplicates: Duplicates
) -> Counted:
    """Count the first record of each key."""
    return reader.read(files, duplicates.find_first)


def divide_by_processors(files: Sequence[Path]) -> list[Sequence[Path]]:
    """Return neighbouring files in parts, one for each processor that they are worth.

    Raises:
        OSError: a file does not exist.
    """
    return divide(files, processes=processors.whole(processors.available())) or [files]


def divide(files: Sequence[Path], *, processes: int) -> list[Sequence[Path]]:
    """Return neighbouring files in parts of about the same size, one for each process.

    Raises:
        OSError: a file does not exist.
    """
    sizes = [path.stat().st_size * (GZIP_RATIO if path.suffix == ".gz" else 1) for path in files]
    total = sum(sizes)
    count = min(processes, MOST_PROCESSES, len(files), total // PROCESS_BYTES)
    parts: list[list[Path]] = [[] for _ in range(max(count, 1))]
    before = 0
    for path, size in zip(files, sizes, strict=True):
        # The part that the middle of the file belongs to; that of an empty last file is its end.
        place = (before + size // 2) * len(parts) // max(total, 1)
        parts[min(place, len(parts) - 1)].append(path)
        before += size
    return [part for part in parts if part]
