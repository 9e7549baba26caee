"""Reads captures in several processes."""

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from ..errors import MonitoringError
from .counts import CaptureCounts
from .ingest.captures import CaptureReader

PROCESS_BYTES = 2**25  # of captures for each process: fewer are not worth its start
MOST_PROCESSES = 8


def read(reader: CaptureReader, files: Sequence[Path]) -> CaptureCounts:
    """Return the counts of some files, in as many processes as they are worth.

    Raises:
        MonitoringError: a file cannot be read, or a process was killed.
    """
    try:
        parts = divide(files, processes=os.cpu_count() or 1)
    except OSError as error:
        raise MonitoringError(f"The captures cannot be read: {error}") from error
    if len(parts) < 2 or reader.preprocess:  # a hook may not be picklable
        return reader.read(files)
    counts = reader.empty_counts()
    try:
        # Spawned, not forked: a fork of a process with threads may hang.
        with ProcessPoolExecutor(len(parts), mp_context=get_context("spawn")) as pool:
            for part in pool.map(reader.read, parts):
                counts.merge(part)
    except BrokenProcessPool as error:
        raise MonitoringError(
            "A process that read captures was killed, probably for memory; give the job more."
        ) from error
    return counts


def divide(files: Sequence[Path], *, processes: int) -> list[Sequence[Path]]:
    """Return neighbouring files in parts of about the same size, one for each process.

    Raises:
        OSError: a file does not exist.
    """
    sizes = [path.stat().st_size for path in files]
    total = sum(sizes)
    count = min(processes, MOST_PROCESSES, len(files), total // PROCESS_BYTES)
    parts: list[list[Path]] = [[] for _ in range(max(count, 1))]
    before = 0
    for path, size in zip(files, sizes, strict=True):
        # The part that the middle of the file belongs to.
        parts[(before + size // 2) * len(parts) // max(total, 1)].append(path)
        before += size
    return [part for part in parts if part]
