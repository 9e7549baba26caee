"""Split a dataset into training, calibration and test rows."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import TrainingError
from ..project import Project
from .config import Config
from .data_schema import check_schema
from .dataset import Dataset
from .partition import Partition, by_chance, by_group, by_time
from .repeated_rows import count_copies
from .sections import SplitSection
from .split_column import to_times
from .tasks import Task, load_task
from .test_files import append

NAMED = 5  # labels and groups in an error


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


def load_splits(
    project: Project, config: Config, warn: Callable[[str], None] | None = None
) -> Splits:
    """Return the project's data, split.

    Args:
        project: reads the data.
        config: the data, the task, the split and the seed.
        warn: is given what is suspicious in the data, a sentence each.

    Raises:
        InvalidInputError: the data are invalid, or the target does not fit the task.
        TrainingError: the data cannot be split.
    """
    return split_dataset(*load_dataset(project, config), config, warn)


def split_dataset(
    dataset: Dataset,
    test_rows: int,
    config: Config,
    warn: Callable[[str], None] | None = None,
) -> Splits:
    """Return the parts of a dataset.

    Args:
        dataset: the rows.
        test_rows: how many rows at the end are a given test set; 0 for none.
        config: the task, the split and the seed.
        warn: is given what is suspicious in the data, a sentence each.

    Raises:
        InvalidInputError: the target does not fit the task.
        TrainingError: the data cannot be split.
    """
    if warn:
        for each in getattr(dataset, "warnings", ()):
            warn(f"{each.pointer}: {each.detail}.")
    splits = split(dataset, config.split, load_task(config.task), config.seed, test_rows=test_rows)
    if warn and (copies := count_copies(splits.training, splits.test)):
        copied = "is a copy of a training row" if copies == 1 else "are copies of training rows"
        warn(
            f"{copies} of {len(splits.test)} test rows {copied}; "
            "the metrics are too good if new rows are not."
        )
    return splits


def load_dataset(project: Project, config: Config) -> tuple[Dataset, int]:
    """Return the project's data, and how many rows at their end are a given test set.

    The target is as the task takes it.

    Args:
        project: reads the data.
        config: the data, the task, and the place of the schema.

    Raises:
        InvalidInputError: the data are invalid, the target does not fit the task, or the data
            violate their schema.
    """
    section, test_rows = config.data, 0
    dataset: Any = project.load(section)
    if section.test_path is not None:
        others = section.other_files(section.test_path, dataset.describe())
        if config.split.by == "group":
            others = others.model_copy(update={"split_column": config.split.column})
        test = project.load(others.model_copy(update={"test_path": None}))
        dataset, test_rows = append(dataset, test), len(test)
    target = load_task(config.task).prepare(dataset.target)
    if target is not dataset.target:
        dataset = replace(dataset, target=target)
    check_schema(dataset, config)
    return dataset, test_rows


def split(
    dataset: Dataset, section: SplitSection, task: Task, seed: int, *, test_rows: int = 0
) -> Splits:
    """Return the parts of a dataset, each in the dataset's order; a seed always gives the same.

    Args:
        dataset: the rows.
        section: the sizes of the parts, and what the split is by.
        task: its strata have the same shares in every part.
        seed: of the choice.
        test_rows: how many rows at the end are a given test set; 0 for none.

    Raises:
        InvalidInputError: the target or the split's column does not fit.
        TrainingError: there are too few rows for every label in every part.
    """
    task.stratify(dataset.target.to_numpy())
    if test_rows:
        first = len(dataset) - test_rows
        parts = Partition(np.arange(first), np.arange(first, len(dataset)))
    else:
        parts = _divide(dataset, section.test_size, section, task, seed)
    rest, test = dataset.take(parts.rest), dataset.take(parts.taken)
    if section.calibration_size:
        parts = _divide(rest, section.calibration_size, section, task, seed)
        splits = Splits(rest.take(parts.rest), rest.take(parts.taken), test)
    else:
        splits = Splits(rest, rest.take(np.arange(0)), test)
    if test_rows or section.by != "random":
        _check_labels(splits, task)
    if section.by == "group":
        _check_groups(splits)
    return splits


def _divide(
    dataset: Dataset, size: float, section: SplitSection, task: Task, seed: int
) -> Partition:
    strata = task.stratify(dataset.target.to_numpy())
    if section.by == "random":
        try:
            return by_chance(strata, size, seed)
        except ValueError as error:
            reason = task.too_few(dataset.target.tolist()) or f"{error}"
            raise TrainingError(f"The data cannot be split: {reason}") from error
    column = getattr(dataset, "split_column", None)
    if column is None:
        raise TrainingError(
            f"The data have no column {section.column!r} to split by: `load` in data.py drops it. "
            "Pass it on: `Table.from_frame(frame, target=section.target, "
            "split_column=section.split_column)`."
        )
    if section.by == "time":
        return by_time(to_times(column), size)
    return by_group(column.to_numpy(), strata, size, seed)


def _check_labels(splits: Splits, task: Task) -> None:
    """Check that a model can learn every label that it is evaluated on.

    Raises:
        TrainingError: labels occur in calibration or test rows only.
    """
    known = set(task.labels_of(splits.training.target.tolist()))
    for name, part in (("calibration", splits.calibration), ("test", splits.test)):
        if unknown := sorted(set(task.labels_of(part.target.tolist())) - known):
            named = ", ".join(repr(label[:40]) for label in unknown[:NAMED])
            raise TrainingError(
                f"The {name} rows have labels that no training row has: {named}. Split otherwise "
                "under [split], or drop the rows of these labels."
            )


def _check_groups(splits: Splits) -> None:
    """Check that no group is in two parts; a given test set may share some with the rest.

    Raises:
        TrainingError: groups are in two parts.
    """
    columns: list[Any] = [getattr(part, "split_column", None) for part in splits]
    training, test = (set(column.astype(str)) for column in (columns[0], columns[2]))
    if shared := sorted(training & test):
        named = ", ".join(repr(group[:40]) for group in shared[:NAMED])
        raise TrainingError(
            f"{len(shared)} groups are in the training and in the test data: {named}. "
            "Take them out of one of the two."
        )
