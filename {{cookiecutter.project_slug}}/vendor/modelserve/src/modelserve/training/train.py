"""A training run, from the data to the artifact."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .. import artifact
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

Step = Callable[[str], AbstractContextManager[None]]


@contextmanager
def silent(_: str) -> Iterator[None]:
    """Show nothing of a step."""
    yield


@dataclass(frozen=True)
class Run:
    """A finished training run: its artifact, and how it met the gate."""

    artifact: Artifact
    verdicts: list[gate.Verdict]


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
        project: its data, its model, its name and version.
        config: the split, the seed, the gate and the limits.
        output: the artifact's folder.
        step: shows that a named step is under way.
        trainer: returns the model of the training rows; the project's own `train`, if not given.

    Raises:
        InvalidInputError: the data cannot be used.
        GateError: the model is not good enough, or too large.
        ParityError: the ONNX graph disagrees with the model.
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
    with step("Compare native and ONNX answers"):
        difference = parity.check(exported.native, splits, outputs, config.parity)
    with step("Evaluate"):
        candidate = evaluate(project, exported, splits, outputs, difference, config)
    with step("Write the artifact"):
        manifest, files = packing.pack(candidate, config, project=project)
        return Run(artifact.save(output, manifest, files), candidate.verdicts)


def check_labels(exported: ExportedModel, config: Config) -> None:
    """Make sure that a model is of the configured task.

    Raises:
        TrainingError: it is not.
    """
    found = "classifier" if exported.labels else "regressor"
    if found != config.task:
        raise TrainingError(
            f"The model is a {found}, for it has {len(exported.labels)} labels; "
            f"config/training.toml says task = {config.task!r}. Change one of the two."
        )


def evaluate(
    project: Project,
    exported: ExportedModel,
    splits: Splits,
    outputs: SplitOutputs,
    difference: float | None,
    config: Config,
) -> Candidate:
    """Return a model with its metrics, once they meet the gate.

    Raises:
        GateError: they do not.
        TrainingError: there are too few rows to calibrate an interval.
    """
    task = load_task(config.task)
    fallback = task.fallback(splits.training.target.tolist(), exported.labels)
    bounds = task.output_bounds(
        splits.calibration.target.tolist(), outputs.calibration, fallback, config.output
    )
    metrics = measure(project, task, splits.test, outputs.test, exported.labels, bounds)
    verdicts = gate.judge(metrics, config.gate)
    if missed := gate.failures(verdicts):
        raise GateError(f"The model is not good enough: {missed}. Nothing was written.")
    return Candidate(exported, splits, outputs, difference, fallback, bounds, metrics, verdicts)


def evaluate_artifact(
    project: Project, found: Artifact, table: Path, config: Config
) -> tuple[list[gate.Verdict], dict[str, float]]:
    """Return an artifact's metrics on a table that it has not seen, and how they meet the gate.

    Raises:
        InvalidInputError: the table cannot be read, or has other columns than the model.
    """
    section = config.data.model_copy(update={"path": table})
    dataset = project.load(section).select(found)
    manifest = found.manifest
    outputs = parity.run_graph(found.paths, dataset)
    task = load_task(manifest.task)
    metrics = measure(project, task, dataset, outputs, manifest.labels, manifest.output_bounds)
    return gate.judge(metrics, config.gate), metrics
