"""Reads many captures in several processes at once."""

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from ..errors import MonitoringError
from .captures import Reader
from .tally import Tally

PROCESS_BYTES = 2**25  # of captures that are worth a process of their own
MOST_PROCESSES = 8


def read(reader: Reader, files: Sequence[Path]) -> Tally:
    """Return what lies in some files, whatever the number of processes.

    Raises:
        MonitoringError: a file cannot be read, or a process has come to an end before its time.
    """
    try:
        parts = divide(files, processes=os.cpu_count() or 1)
    except OSError as error:
        raise MonitoringError(f"The captures cannot be read: {error}") from error
    if len(parts) < 2:
        return reader.read(files)
    tally = reader.nothing()
    try:
        # Started afresh, not forked: a fork of a process with threads may hang.
        with ProcessPoolExecutor(len(parts), mp_context=get_context("spawn")) as pool:
            for part in pool.map(reader.read, parts):
                tally.merge(part)
    except BrokenProcessPool as error:
        raise MonitoringError(
            "A process that read captures was killed; was there too little memory?"
        ) from error
    return tally


def divide(files: Sequence[Path], *, processes: int) -> list[Sequence[Path]]:
    """Return neighbouring files in parts of about the same size, each for a process.

    Raises:
        OSError: a file is not there.
    """
    sizes = [path.stat().st_size for path in files]
    total = sum(sizes)
    count = min(processes, MOST_PROCESSES, len(files), total // PROCESS_BYTES)
    parts: list[list[Path]] = [[] for _ in range(max(count, 1))]
    before = 0
    for path, size in zip(files, sizes, strict=True):
        # The part in which the middle of the file lies.
        parts[(before + size // 2) * len(parts) // max(total, 1)].append(path)
        before += size
    return [part for part in parts if part]
