"""Finds records that were captured twice, such as by a delivery that was repeated."""

# Every record has a key of 8 bytes, kept in a file. Captures without a duplicate, the usual case,
# are read once; others are read again, and the first record of each key is counted.

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..row_keys import Keys

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


def find_duplicates(parts: Sequence[Keys]) -> list[Duplicates]:
    """Return what each part has to leave out, nothing without duplicates.

    Args:
        parts: the keys of files that are read one after the other; they get sorted.
    """
    for keys in parts:
        keys.sort()
    repeated = [keys[1:][keys[1:] == keys[:-1]] for keys in parts]
    for i, keys in enumerate(parts):
        repeated += [_common(keys, later) for later in parts[i + 1 :]]
    keys = np.unique(np.concatenate(repeated)) if repeated else np.empty(0, dtype=np.uint64)
    if not keys.size:
        return []
    seen, duplicates = np.zeros(len(keys), dtype=np.bool_), []
    for part in parts:
        duplicates.append(Duplicates(keys, seen.copy()))
        seen |= np.isin(keys, part)
    return duplicates


def _common(keys: Keys, others: Keys) -> Keys:
    """Return the keys that are in both, some of them perhaps several times."""
    smaller, larger = sorted((keys, others), key=len)
    if not smaller.size:
        return smaller
    places = np.searchsorted(larger, smaller).clip(max=len(larger) - 1)
    return np.asarray(smaller[larger[places] == smaller])
