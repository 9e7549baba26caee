"""The options that a search tries, and the folds that it tries them on."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import ValidationError
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    ParameterGrid,
    ParameterSampler,
    StratifiedKFold,
    TimeSeriesSplit,
)

from ...errors import ConfigurationError, TrainingError
from ...toml_file import describe
from ..dataset import Dataset
from ..sections import Options, SplitSection
from ..split_column import to_times
from ..tasks import Task
from .section import SearchSection, flatten

MAX_SHOWN = 200  # characters of an error

Path = tuple[str, ...]
Changes = Mapping[Path, Any]
Fold = tuple[NDArray[np.int64], NDArray[np.int64]]


def choose_trials(
    section: SearchSection, options: Options, seed: int
) -> list[tuple[Changes, Options]]:
    """Return the values to try with the options that they make: all, or as many as allowed.

    Args:
        section: the values.
        options: `[model]` as it is.
        seed: of the choice.

    Raises:
        ConfigurationError: `[model]` has no such key, or takes no such value.
    """
    space = dict(flatten(section.values))
    grid = ParameterGrid(space)
    if len(grid) <= section.trials:
        chosen = list(grid)
    else:
        chosen = list(ParameterSampler(space, section.trials, random_state=seed))
    return [(changes, apply(options, changes)) for changes in chosen]


def apply(options: Options, changes: Changes) -> Options:
    """Return options with other values.

    Raises:
        ConfigurationError: there is no such key, or it takes no such value.
    """
    content = options.model_dump(exclude_unset=True)
    for path, value in changes.items():
        place = content
        for key in path[:-1]:
            place[key] = dict(place.get(key) or {})
            place = place[key]
        place[path[-1]] = value
    kind = type(options)
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise ConfigurationError(
            f"[search.values] in config/training.toml: {describe(error, content, kind)[0]}; "
            "its keys are those of [model]."
        ) from error


def make_folds(
    dataset: Dataset, section: SplitSection, task: Task, *, folds: int, seed: int
) -> list[Fold]:
    """Return the indices of each fold's training and validation rows.

    Args:
        dataset: the training rows.
        section: what the split is by; the folds are by the same.
        task: its strata have the same shares in every fold.
        folds: how many.
        seed: of the choice.

    Raises:
        TrainingError: there are too few rows, groups or times.
    """
    try:
        return list(_divide(dataset, section, task, folds, seed))
    except ValueError as error:
        text = f"{error}".replace("\n", " ")[:MAX_SHOWN]
        raise TrainingError(
            f"The training rows cannot be divided into {folds} folds: {text} Lower [search] folds, "
            "or add rows."
        ) from error


def _split_column(dataset: Any) -> pd.Series:
    column: pd.Series = dataset.split_column  # of a table: the split was by it
    return column


def _divide(
    dataset: Dataset, section: SplitSection, task: Task, folds: int, seed: int
) -> Iterator[Fold]:
    rows: NDArray[np.int64] = np.arange(len(dataset))
    if section.by == "time":
        order = np.argsort(to_times(_split_column(dataset)), kind="stable")
        for before, after in TimeSeriesSplit(folds).split(rows):
            yield order[before], order[after]
    elif section.by == "group":
        groups = _split_column(dataset).astype(str).to_numpy()
        yield from GroupKFold(folds).split(rows, groups=groups)
    else:
        strata = task.stratify(dataset.target.to_numpy())
        _, codes, counts = np.unique(strata.astype(str), return_inverse=True, return_counts=True)
        chosen = StratifiedKFold if counts.min() >= folds else KFold
        yield from chosen(folds, shuffle=True, random_state=seed).split(rows, codes)
