"""Measure the metrics that the gate reads: the task's, and the project's own."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import TrainingError
from ..manifest import OutputBounds
from ..project import Project
from .dataset import Dataset
from .tasks import Task


def measure(
    project: Project,
    task: Task,
    dataset: Dataset,
    outputs: NDArray[np.float32],
    labels: Sequence[str],
    bounds: OutputBounds,
) -> dict[str, float]:
    """Return the task's metrics of a dataset, and those that `metrics` in model.py adds.

    Args:
        project: may add metrics.
        task: a classifier or a regressor.
        dataset: the rows and their target.
        outputs: the model's, of shape (rows, n_outputs).
        labels: in the order of the outputs.
        bounds: of every answer.

    Raises:
        InvalidInputError: the target holds values that the model does not have.
        TrainingError: a metric of the project's has the name of one of the task's.
    """
    measured = task.measure(dataset.target.tolist(), outputs, labels, bounds)
    if project.metrics is None:
        return measured
    added = {
        name: float(value) for name, value in project.metrics(dataset, outputs, labels).items()
    }
    if taken := sorted(measured.keys() & added.keys()):
        raise TrainingError(
            f"`metrics` in model.py returns {', '.join(taken)}, which training measures itself; "
            "choose another name."
        )
    return measured | added
