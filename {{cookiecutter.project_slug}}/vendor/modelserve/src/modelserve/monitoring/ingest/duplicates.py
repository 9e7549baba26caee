"""Finds records that were captured twice, such as by a delivery that was repeated."""

# Every record has a key of 8 bytes, kept in files. Captures without a duplicate, the usual case,
# are read once; others are read again, and the first record of each key is counted.

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..key_files import DIVISIONS, read_division
from ..row_keys import Keys

KEY = [("key", np.uint64)]
Chosen = NDArray[np.bool_]  # of shape (records,)


def all_first(keys: Keys) -> Chosen:
    """Return that every record is the first one with its key, of shape (records,)."""
    return np.ones(len(keys), dtype=np.bool_)


@dataclass
class Duplicates:
    """The keys of records that stand in the files more than once.

    Args:
        keys: sorted, of shape (keys,).
        seen: whether a record with the key was read before, of shape (keys,).
    """

    keys: Keys
    seen: Chosen

    def find_first(self, keys: Keys) -> Chosen:
        """Return for each of the next records whether it is the first one, of shape (records,)."""
        places = np.searchsorted(self.keys, keys).clip(max=len(self.keys) - 1)
        repeated = np.flatnonzero(self.keys[places] == keys)
        found, first = np.unique(places[repeated], return_index=True)
        is_first = all_first(keys)
        is_first[repeated] = False
        is_first[repeated[first]] = ~self.seen[found]
        self.seen[found] = True
        return is_first


def find_duplicates(folders: Sequence[Path]) -> list[Duplicates]:
    """Return what each part has to leave out, nothing without duplicates.

    Args:
        folders: the keys of files that are read one after the other, a folder for each part.

    Raises:
        OSError: a file cannot be read.
    """
    repeated = [_find_repeated(folders, number) for number in range(DIVISIONS)]
    keys, *seen = (np.concatenate(arrays) for arrays in zip(*repeated, strict=True))
    return [Duplicates(keys, each) for each in seen] if keys.size else []


def _find_repeated(folders: Sequence[Path], number: int) -> tuple[NDArray[Any], ...]:
    """Return the repeated keys of a division, and for each part which of them are before it."""
    parts = [rows["key"] for rows in read_division(folders, KEY, number)]
    keys = np.sort(np.concatenate(parts))
    keys = np.unique(keys[1:][keys[1:] == keys[:-1]])
    seen = [np.zeros(len(keys), dtype=np.bool_)] * len(parts)
    for i in range(1, len(parts) if keys.size else 1):
        seen[i] = seen[i - 1] | np.isin(keys, parts[i - 1])
    return keys, *seen
