"""Divide rows by chance, by time, or by group."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from ..errors import TrainingError

TRIES = 50  # of dividing groups, of which the best is taken


class Partition(NamedTuple):
    """The indices of the rows that stay, and of those that are held out, each in order."""

    rest: NDArray[np.int64]
    taken: NDArray[np.int64]


def by_chance(strata: NDArray[Any], size: float, seed: int) -> Partition:
    """Hold out a random share of each stratum.

    Args:
        strata: of shape (rows,).
        size: the share of rows to hold out.
        seed: of the choice.

    Raises:
        ValueError: there are too few rows for every stratum in both parts.
    """
    rest, taken = train_test_split(
        np.arange(len(strata)), test_size=size, random_state=seed, stratify=strata
    )
    return Partition(np.sort(rest), np.sort(taken))


def by_time(times: NDArray[np.float64], size: float) -> Partition:
    """Hold out the latest rows; rows of one time stay together.

    Args:
        times: of shape (rows,).
        size: the share of rows to hold out, as near as the times allow.

    Raises:
        TrainingError: there is one time only.
    """
    starts, counts = np.unique(times, return_counts=True)
    if len(starts) < 2:
        raise TrainingError(
            "The data cannot be split by time: [split] column has one value in all rows."
        )
    held_out = counts[::-1].cumsum()[::-1][1:]  # with the rows from a time on
    first = starts[1:][np.abs(held_out - size * len(times)).argmin()]
    return Partition(np.flatnonzero(times < first), np.flatnonzero(times >= first))


def by_group(groups: NDArray[Any], strata: NDArray[Any], size: float, seed: int) -> Partition:
    """Hold out whole groups, such that the strata have about the same shares in both parts.

    Args:
        groups: of shape (rows,).
        strata: of shape (rows,).
        size: the share of rows to hold out, as near as the groups allow.
        seed: of the choice.

    Raises:
        TrainingError: there is one group only.
    """
    _, codes = np.unique(groups.astype(str), return_inverse=True)
    _, kinds = np.unique(strata.astype(str), return_inverse=True)
    if codes.max() == 0:
        raise TrainingError(
            "The data cannot be split by group: [split] column has one value in all rows."
        )
    whole = np.bincount(kinds)

    def badness(partition: Partition) -> float:
        taken = np.bincount(kinds[partition.taken], minlength=len(whole))
        return float(np.abs(taken - size * whole).sum())

    shuffled = GroupShuffleSplit(TRIES, test_size=size, random_state=seed)
    tries = (Partition(*each) for each in shuffled.split(codes, groups=codes))
    return min(tries, key=badness)
