"""Which rows a model is made of, which its interval is calibrated with, and which judge it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from ..errors import TrainingError
from . import evaluate
from .data import Dataset
from .sections import DataSection


class Parts(NamedTuple):
    """The three parts of a dataset; without a share for it, none calibrates."""

    training: Dataset
    calibration: Dataset
    test: Dataset


class Answers(NamedTuple):
    """A model's answers to each part, of shape (rows, n_outputs)."""

    training: NDArray[np.float32]
    calibration: NDArray[np.float32]
    test: NDArray[np.float32]


def split(dataset: Dataset, section: DataSection, seed: int) -> Parts:
    """Return the parts of a dataset, each in its order, the same for the same seed.

    Raises:
        InvalidInputError: the target is none for this task.
        TrainingError: there are too few rows to keep every label in every part.
    """
    kept, test = _take(dataset, section.test_share, seed)
    if not section.calibration_share:
        return Parts(kept, kept.take(np.arange(0)), test)
    training, calibration = _take(kept, section.calibration_share, seed)
    return Parts(training, calibration, test)


def _take(dataset: Dataset, share: float, seed: int) -> tuple[Dataset, Dataset]:
    """Return a dataset without a share of its rows, and these."""
    strata = evaluate.stratify(dataset.target.to_numpy())
    try:
        kept, taken = train_test_split(
            np.arange(len(dataset)), test_size=share, random_state=seed, stratify=strata
        )
    except ValueError as error:
        raise TrainingError(f"The data cannot be split: {error}") from error
    return dataset.take(np.sort(kept)), dataset.take(np.sort(taken))
