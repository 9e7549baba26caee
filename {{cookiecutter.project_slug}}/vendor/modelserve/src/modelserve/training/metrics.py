"""Measure the metrics that the gate reads: the task's, and the project's own."""

from collections.abc import Mapping, Sequence
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from ..answers import Decision, decision_of
from ..errors import ServiceError, TrainingError, describe_error
from ..hook_calls import place_of
from ..manifest import Manifest, OutputBounds
from ..metric_table import info_of
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
        TrainingError: `metrics` in model.py failed, or a metric has the name of one of the task's.
    """
    task = load_task("classifier" if labels else "regressor")
    named = [*gate.minimum, *gate.maximum] if gate else []
    target = dataset.target.tolist()
    added = measure_own(project, dataset, outputs, labels)
    named = [name for name in named if name not in added]
    measured = task.measure(target, outputs, labels, bounds, decision, named=named)
    if taken := sorted(measured.metrics.keys() & added.keys()):
        raise TrainingError(
            f"`metrics` in model.py returns {', '.join(taken)}, which training measures itself; "
            "choose another name."
        )
    return measured._replace(metrics=measured.metrics | added)


def measure_own(
    project: Project, dataset: Dataset, outputs: NDArray[np.float32], labels: Sequence[str]
) -> dict[str, float]:
    """Return the metrics that `metrics` in model.py adds; none without it.

    Args:
        project: may add metrics.
        dataset: the rows and their target.
        outputs: the model's, of shape (rows, n_outputs).
        labels: in the order of the outputs; none for a regressor.

    Raises:
        TrainingError: the function failed, or returns something else than numbers by name.
    """
    if project.metrics is None:
        return {}
    try:
        returned = project.metrics(dataset, outputs, labels)
    except ServiceError:
        raise
    except Exception as error:  # a hook may raise anything
        raise TrainingError(
            f"`metrics` in model.py failed{place_of(error, project.package)}: "
            f"{describe_error(error)}."
        ) from error
    if not isinstance(returned, Mapping):
        kind = type(returned).__name__
        raise TrainingError(f"`metrics` in model.py returns {kind}, not numbers by name.")
    added = {}
    for name, value in returned.items():
        try:
            added[name] = float(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise TrainingError(
                f"`metrics` in model.py returns {repr(value)[:60]} for {name}, not a number."
            ) from error
    return added


def defined(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the metrics that are recorded: precision, for one, has no value without a positive."""
    return {name: value for name, value in metrics.items() if isfinite(value)}


def describe_undefined(metrics: Mapping[str, float]) -> list[str]:
    """Return a sentence for each metric of the project's own that is not finite."""
    return [
        f"{name}, which `metrics` in model.py returns, is {value:g}: it is not recorded."
        for name, value in metrics.items()
        if info_of(name) is None and not isfinite(value)
    ]
