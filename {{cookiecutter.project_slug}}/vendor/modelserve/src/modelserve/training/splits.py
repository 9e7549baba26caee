"""Split a dataset into training, calibration and test rows."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from ..errors import TrainingError
from .dataset import Dataset
from .sections import DataSection
from .tasks import Task


class Splits(NamedTuple):
    """The three parts of a dataset; there may be no calibration rows."""

    training: Dataset
    calibration: Dataset
    test: Dataset


class SplitOutputs(NamedTuple):
    """A model's outputs for each part, of shape (rows, n_outputs)."""

    training: NDArray[np.float32]
    calibration: NDArray[np.float32]
    test: NDArray[np.float32]


def split(dataset: Dataset, section: DataSection, task: Task, seed: int) -> Splits:
    """Return the parts of a dataset, each in the dataset's order; a seed always gives the same.

    Raises:
        InvalidInputError: the target does not fit the task.
        TrainingError: there are too few rows for every label in every part.
    """
    rest, test = _take(dataset, section.test_size, task, seed)
    if not section.calibration_size:
        return Splits(rest, rest.take(np.arange(0)), test)
    training, calibration = _take(rest, section.calibration_size, task, seed)
    return Splits(training, calibration, test)


def _take(dataset: Dataset, size: float, task: Task, seed: int) -> tuple[Dataset, Dataset]:
    """Return the rest of a dataset, and the rows taken from it."""
    strata = task.stratify(dataset.target.to_numpy())
    try:
        rest, taken = train_test_split(
            np.arange(len(dataset)), test_size=size, random_state=seed, stratify=strata
        )
    except ValueError as error:
        raise TrainingError(f"The data cannot be split: {error}") from error
    return dataset.take(np.sort(rest)), dataset.take(np.sort(taken))
