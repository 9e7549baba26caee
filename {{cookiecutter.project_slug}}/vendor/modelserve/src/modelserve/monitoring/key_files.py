"""Keys with their values in files, divided by key so that each division fits into memory."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .row_keys import Keys

DIVISIONS = 64  # by the highest bits of the keys, so the order of keys is that of divisions
HIGHEST_BITS = np.uint64(64 - 6)
WAITING_ROWS = 2**15  # in memory

KeyRows = NDArray[np.void]  # of a structured type with the field "key"


class KeyWriter:
    """Appends rows to a file for each division.

    Args:
        folder: of the files; it is created.
        dtype: of the rows, with the field "key".
    """

    def __init__(self, folder: Path, dtype: Any) -> None:
        """Create the folder."""
        folder.mkdir()
        self._folder, self._dtype = folder, np.dtype(dtype)
        self._waiting: list[KeyRows] = []
        self._count = 0

    def add(self, keys: Keys, **columns: Any) -> None:
        """Append rows: their keys, and the values of all other fields."""
        rows = np.empty(len(keys), dtype=self._dtype)
        for name, values in {"key": keys, **columns}.items():
            rows[name] = values
        self._waiting.append(rows)
        self._count += len(rows)
        if self._count >= WAITING_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write the rows that wait; those of one division stay in their order.

        Raises:
            OSError: the disk rejects it.
        """
        if not self._count:
            return
        rows = np.concatenate(self._waiting)
        divisions = (rows["key"] >> HIGHEST_BITS).astype(np.uint8)
        rows = rows[divisions.argsort(kind="stable")]
        ends = np.bincount(divisions, minlength=DIVISIONS).cumsum().tolist()
        for i, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
            if end > start:
                with (self._folder / str(i)).open("ab") as stream:
                    stream.write(rows[start:end].tobytes())
        self._waiting, self._count = [], 0


def read_division(folders: Sequence[Path], dtype: Any, number: int) -> list[KeyRows]:
    """Return the rows of a division, from the folder of each writer.

    Raises:
        OSError: a file cannot be read.
    """
    paths = [folder / str(number) for folder in folders]
    return [
        np.fromfile(path, dtype) if path.exists() else np.empty(0, np.dtype(dtype))
        for path in paths
    ]
