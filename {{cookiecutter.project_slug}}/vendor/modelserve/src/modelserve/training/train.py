"""Run a training, from the data to the artifact."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import artifact
from ..answers import are_distributions
from ..artifact import Artifact
from ..errors import GateError, TrainingError
from ..project import Project
from . import gate, packing, parity
from .config import Config
from .exported_model import ExportedModel
from .metrics import measure
from .packing import Candidate
from .splits import SplitOutputs, Splits, split
from .tasks import load_task

SHOWN = 5  # outputs in an error
Step = Callable[[str], AbstractContextManager[None]]


@contextmanager
def silent(_: str) -> Iterator[None]:
    """Show nothing of a step."""
    yield


@dataclass(frozen=True)
class Run:
    """A finished training run: its artifact, and the results of the gate."""

    artifact: Artifact
    results: list[gate.GateResult]


def train(
    project: Project,
    config: Config,
    output: Path,
    *,
    step: Step = silent,
    trainer: Callable[..., ExportedModel] | None = None,
) -> Run:
    """Train a model and write its artifact.

    Args:
        project: its data, model, name and version.
        config: the split, the seed, the gate and the limits.
        output: the artifact's folder.
        step: a context manager around each named step, to show its progress.
        trainer: returns the exported model; the project's `train` by default.

    Raises:
        InvalidInputError: the data are invalid.
        TrainingError: the data cannot be split, or the model is not of the configured task.
        GateError: the model missed the gate, or its artifact is too large.
        ParityError: the ONNX graph differs from the model.
        ArtifactError: the artifact cannot be written.
    """
    with step("Read the data"):
        dataset = project.load(config.data)
        splits = split(dataset, config.data, load_task(config.task), config.seed)
    with step("Train the model and export it to ONNX"):
        exported = (trainer or project.train)(splits.training, config.model, config.seed)
        check_labels(exported, config)
    with step("Run the ONNX graph on every row"):
        outputs = SplitOutputs(*(parity.run_graph(exported.files, part) for part in splits))
        check_outputs(exported, outputs)
    with step("Compare native and ONNX outputs"):
        difference = parity.check(exported.native, splits, outputs, config.parity)
    with step("Evaluate the model"):
        candidate = evaluate(project, exported, splits, outputs, difference, config)
    with step("Write the artifact"):
        manifest, files = packing.pack(candidate, config, project=project)
        return Run(artifact.save(output, manifest, files), candidate.results)


def check_labels(exported: ExportedModel, config: Config) -> None:
    """Check that a model is of the configured task.

    Raises:
        TrainingError: the model is of the other task.
    """
    task = "classifier" if exported.labels else "regressor"
    if task != config.task:
        raise TrainingError(
            f"The model is a {task}: it has {len(exported.labels)} labels. "
            f"config/training.toml has task = {config.task!r}; change one of the two."
        )


def check_outputs(exported: ExportedModel, outputs: SplitOutputs) -> None:
    """Check that a classifier returns probabilities: the service would answer with none else.

    Raises:
        TrainingError: it returns something else.
    """
    if not exported.labels:
        return
    for part in outputs:
        valid = are_distributions(part) if len(part) else np.ones(0, dtype=np.bool_)
        if not valid.all():
            row = [round(float(value), 6) for value in part[~valid][0][:SHOWN]]
            raise TrainingError(
                f"The model returns {row} for a row: these are no probabilities that sum to 1. "
                "Export its probabilities; or if it returns scores, import it with --softmax."
            )


def evaluate(
    project: Project,
    exported: ExportedModel,
    splits: Splits,
    outputs: SplitOutputs,
    difference: float | None,
    config: Config,
) -> Candidate:
    """Return a model with its metrics, once they pass the gate.

    Args:
        project: may add metrics.
        exported: the model.
        splits: the rows.
        outputs: of the ONNX graph.
        difference: between native and ONNX outputs; None for an imported graph.
        config: the task, the bounds and the gate.

    Raises:
        GateError: a metric misses its bound.
        TrainingError: there are too few calibration rows for the interval.
    """
    task = load_task(config.task)
    fallback = task.fallback(splits.training.target.tolist(), exported.labels)
    bounds = task.output_bounds(
        splits.calibration.target.tolist(), outputs.calibration, fallback, config.output
    )
    metrics = measure(project, task, splits.test, outputs.test, exported.labels, bounds)
    results = gate.compare(metrics, config.gate)
    if missed := gate.failures(results):
        raise GateError(f"The model is not good enough: {missed}. Nothing was written.")
    return Candidate(exported, splits, outputs, difference, fallback, bounds, metrics, results)


def evaluate_artifact(
    project: Project, evaluated: Artifact, table: Path, config: Config
) -> tuple[list[gate.GateResult], dict[str, float]]:
    """Return the gate's results and the metrics of an artifact on other data.

    Args:
        project: reads the data.
        evaluated: the artifact.
        table: the data's path; the target's column is the configuration's.
        config: the gate.

    Raises:
        InvalidInputError: the data cannot be read, or have other columns than the model.
    """
    section = config.data.model_copy(update={"path": table})
    dataset = project.load(section).select(evaluated)
    manifest = evaluated.manifest
    outputs = parity.run_graph(evaluated.paths, dataset)
    task = load_task(manifest.task)
    metrics = measure(project, task, dataset, outputs, manifest.labels, manifest.output_bounds)
    return gate.compare(metrics, config.gate), metrics
