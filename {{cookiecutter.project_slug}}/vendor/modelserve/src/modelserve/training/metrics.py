"""Measure the metrics that the gate reads: the task's, and the project's own."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..answers import Decision, decision_of
from ..errors import TrainingError
from ..manifest import Manifest, OutputBounds
from ..project import Project
from .dataset import Dataset
from .gate import GateResult, compare
from .measures.measurement import Measurement
from .sections import Gate
from .tasks import load_task


def measure_artifact(
    project: Project,
    manifest: Manifest,
    dataset: Dataset,
    outputs: NDArray[np.float32],
    gate: Gate,
) -> tuple[list[GateResult], Measurement]:
    """Return the gate's results and the metrics of an artifact's model.

    Args:
        project: may add metrics.
        manifest: of the artifact.
        dataset: the rows and their target.
        outputs: the model's, of shape (rows, n_outputs).
        gate: the bounds.

    Raises:
        InvalidInputError: the target holds values that the model does not have.
        ConfigurationError: the gate names a metric that is not measured.
    """
    labels, bounds = manifest.labels, manifest.output_bounds
    decision = decision_of(manifest)
    measured = measure(project, dataset, outputs, labels, bounds, decision, gate=gate)
    return compare(measured.metrics, gate, measured.reasons), measured


def measure(
    project: Project,
    dataset: Dataset,
    outputs: NDArray[np.float32],
    labels: Sequence[str],
    bounds: OutputBounds,
    decision: Decision | None = None,
    *,
    gate: Gate | None = None,
) -> Measurement:
    """Return the task's metrics of a dataset, and those that `metrics` in model.py adds.

    Args:
        project: may add metrics.
        dataset: the rows and their target.
        outputs: the model's, of shape (rows, n_outputs).
        labels: in the order of the outputs; none for a regressor.
        bounds: of every answer.
        decision: which of two labels is the answer, if not the most probable one.
        gate: some metrics are measured only when it names them.

    Raises:
        InvalidInputError: the target holds values that the model does not have.
        TrainingError: a metric of the project's has the name of one of the task's.
    """
    task = load_task("classifier" if labels else "regressor")
    named = [*gate.minimum, *gate.maximum] if gate else []
    target = dataset.target.tolist()
    if project.metrics is None:
        return task.measure(target, outputs, labels, bounds, decision, named=named)
    added = {
        name: float(value) for name, value in project.metrics(dataset, outputs, labels).items()
    }
    named = [name for name in named if name not in added]
    measured = task.measure(target, outputs, labels, bounds, decision, named=named)
    if taken := sorted(measured.metrics.keys() & added.keys()):
        raise TrainingError(
            f"`metrics` in model.py returns {', '.join(taken)}, which training measures itself; "
            "choose another name."
        )
    return measured._replace(metrics=measured.metrics | added)
