"""Which rows train the model, which calibrate its interval, and which evaluate it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from ..errors import TrainingError
from .dataset import Dataset
from .sections import DataSection
from .tasks import Task


class Splits(NamedTuple):
    """The three parts of a dataset; the calibration rows may be none."""

    training: Dataset
    calibration: Dataset
    test: Dataset


class SplitOutputs(NamedTuple):
    """A model's outputs for each part, of shape (rows, n_outputs)."""

    training: NDArray[np.float32]
    calibration: NDArray[np.float32]
    test: NDArray[np.float32]


def split(dataset: Dataset, section: DataSection, task: Task, seed: int) -> Splits:
    """Return the parts of a dataset, each in its order, the same for the same seed.

    Raises:
        InvalidInputError: the target does not fit the task.
        TrainingError: there are too few rows to keep every label in every part.
    """
    kept, test = _take(dataset, section.test_size, task, seed)
    if not section.calibration_size:
        return Splits(kept, kept.take(np.arange(0)), test)
    training, calibration = _take(kept, section.calibration_size, task, seed)
    return Splits(training, calibration, test)


def _take(dataset: Dataset, size: float, task: Task, seed: int) -> tuple[Dataset, Dataset]:
    """Return a dataset without a share of its rows, and these rows."""
    strata = task.stratify(dataset.target.to_numpy())
    try:
        kept, taken = train_test_split(
            np.arange(len(dataset)), test_size=size, random_state=seed, stratify=strata
        )
    except ValueError as error:
        raise TrainingError(f"The data cannot be split: {error}") from error
    return dataset.take(np.sort(kept)), dataset.take(np.sort(taken))
