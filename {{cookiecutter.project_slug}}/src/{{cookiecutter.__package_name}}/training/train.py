"""A training run, from the data to the artifact."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .. import artifact
from ..artifact import Artifact
from ..errors import GateError
from . import data, evaluate, gate, model, packing, parity
from .config import Config
from .data import Dataset
from .made import Made
from .packing import Candidate
from .parts import Answers, Parts, split

Step = Callable[[str], AbstractContextManager[None]]
Maker = Callable[[Dataset, model.Options, int], Made]


@contextmanager
def silent(_: str) -> Iterator[None]:
    """Show nothing of a step."""
    yield


@dataclass(frozen=True)
class Run:
    """What a training run has made, and how it was judged."""

    artifact: Artifact
    verdicts: list[gate.Verdict]


def train(
    config: Config,
    output: Path,
    *,
    project: Path,
    name: str,
    step: Step = silent,
    make: Maker | None = None,
) -> Run:
    """Train a model and write its artifact.

    Args:
        config: the data, the seed, the gate and the limits.
        output: the artifact's folder.
        project: the repository's folder, asked for its commit and its lock.
        name: the model's name; also of the installed distribution, whose version it bears.
        step: shows that a named step is under way.
        make: makes the model of the training rows; this project's own, if not given.

    Raises:
        InvalidInputError: the data cannot be used.
        GateError: the model is not good enough, or too large.
        ParityError: the ONNX graph disagrees with the model.
        ArtifactError: the artifact cannot be written.
    """
    with step("Read the data"):
        parts = split(data.load(config.data), config.data, config.seed)
    with step("Make the model and its ONNX graph"):
        made = (make or model.make)(parts.training, config.model, config.seed)
    with step("Ask the graph about every row"):
        answers = Answers(*(parity.run_graph(made.files, part) for part in parts))
    with step("Compare native and ONNX answers"):
        difference = parity.check(made.native, parts, answers, config.parity)
    with step("Evaluate"):
        candidate = judge(made, parts, answers, difference, config)
    with step("Write the artifact"):
        manifest, files = packing.pack(candidate, config, name=name, project=project)
        return Run(artifact.save(output, manifest, files), candidate.verdicts)


def judge(
    made: Made, parts: Parts, answers: Answers, difference: float | None, config: Config
) -> Candidate:
    """Return a model with its figures, once they are good enough.

    Raises:
        GateError: they are not.
        TrainingError: there are too few rows to calibrate an interval.
    """
    prior = evaluate.prior(parts.training.target.tolist(), made.labels)
    kept = evaluate.guarantees(
        parts.calibration.target.tolist(), answers.calibration, prior, config.output
    )
    metrics = evaluate.measure(parts.test.target.tolist(), answers.test, made.labels, kept)
    verdicts = gate.judge(metrics, config.gate)
    if missed := gate.failures(verdicts):
        raise GateError(f"The model is not good enough: {missed}. Nothing was written.")
    return Candidate(made, parts, answers, difference, prior, kept, metrics, verdicts)


def evaluate_artifact(
    found: Artifact, table: Path, config: Config
) -> tuple[list[gate.Verdict], dict[str, float]]:
    """Return how an artifact does on a table that it has not seen.

    Raises:
        InvalidInputError: the table cannot be read, or has other columns than the model.
    """
    given = data.check(data.read_csv(table), config.data.target)
    dataset = data.select(given, found)
    manifest = found.manifest
    answers = parity.run_graph(found.paths, dataset)
    metrics = evaluate.measure(
        dataset.target.tolist(), answers, manifest.labels, manifest.guarantees
    )
    return gate.judge(metrics, config.gate), metrics
