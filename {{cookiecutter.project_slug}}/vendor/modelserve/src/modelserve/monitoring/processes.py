"""Reads captures in several processes."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from .. import processors
from ..errors import MonitoringError
from .counts import CaptureCounts
from .ingest.captures import CaptureReader
from .ingest.duplicates import Chosen, Duplicates, all_first, find_duplicates
from .row_keys import Keys

PROCESS_BYTES = 2**25  # of captures for each process: fewer are not worth its start
MOST_PROCESSES = 8
GZIP_RATIO = 8  # of captures


def read(reader: CaptureReader, files: Sequence[Path]) -> CaptureCounts:
    """Return the counts of some files, in as many processes as they are worth.

    Raises:
        MonitoringError: a file cannot be read, or a process was killed.
    """
    try:
        processes = processors.whole(processors.available())
        parts = divide(files, processes=processes) or [files]
        with TemporaryDirectory() as folder:
            paths = [Path(folder, f"{i}.keys") for i in range(len(parts))]
            counts = _read_parts(_count_all, reader, parts, paths)
            duplicates = find_duplicates([np.fromfile(path, dtype=np.uint64) for path in paths])
    except OSError as error:
        raise MonitoringError(f"The captures cannot be read: {error}") from error
    if duplicates:
        counts = _read_parts(_count_once, reader, parts, duplicates)
    whole = counts.pop(0)
    for each in counts:
        whole.merge(each)
    return whole


def _read_parts(
    count: Callable[[CaptureReader, Sequence[Path], Any], CaptureCounts],
    reader: CaptureReader,
    parts: Sequence[Sequence[Path]],
    keys: Sequence[Any],
) -> list[CaptureCounts]:
    """Return the counts of each part."""
    readers = [reader] * len(parts)
    if len(parts) < 2 or reader.preprocess:  # a hook may not be picklable
        return list(map(count, readers, parts, keys))
    try:
        # Spawned, not forked: a fork of a process with threads may hang.
        with ProcessPoolExecutor(len(parts), mp_context=get_context("spawn")) as pool:
            return list(pool.map(count, readers, parts, keys))
    except BrokenProcessPool as error:
        raise MonitoringError(
            "A process that read captures was killed, probably for memory; give the job more."
        ) from error


def _count_all(reader: CaptureReader, files: Sequence[Path], keys: Path) -> CaptureCounts:
    """Count every record, and write the keys to a file."""
    with keys.open("wb") as stream:

        def write(some: Keys) -> Chosen:
            stream.write(some.tobytes())
            return all_first(some)

        return reader.read(files, write)


def _count_once(
    reader: CaptureReader, files: Sequence[Path], duplicates: Duplicates
) -> CaptureCounts:
    """Count the first record of each key."""
    return reader.read(files, duplicates.find_first)


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
        # The part that the middle of the file belongs to.
        parts[(before + size // 2) * len(parts) // max(total, 1)].append(path)
        before += size
    return [part for part in parts if part]
