"""A training run, from the data to the artifact."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from .. import artifact
from ..artifact import Artifact
from ..errors import Complaint, GateError, InvalidInputError, TrainingError
from . import data, evaluate, gate, model, packing, parity
from .config import Config
from .data import Dataset
from .packing import Candidate

Step = Callable[[str], AbstractContextManager[None]]


@contextmanager
def silent(_: str) -> Iterator[None]:
    """Show nothing of a step."""
    yield


@dataclass(frozen=True)
class Run:
    """What a training run has made, and how it was judged."""

    artifact: Artifact
    verdicts: list[gate.Verdict]


def train(config: Config, output: Path, *, project: Path, name: str, step: Step = silent) -> Run:
    """Train a model and write its artifact.

    Args:
        config: the data, the seed, the gate and the limits.
        output: the artifact's folder.
        project: the repository's folder, asked for its commit and its lock.
        name: the model's name; also of the installed distribution, whose version it bears.
        step: shows that a named step is under way.

    Raises:
        InvalidInputError: the data cannot be used.
        GateError: the model is not good enough, or too large.
        ParityError: the ONNX graph disagrees with the model.
        ArtifactError: the artifact cannot be written.
    """
    with step("Read the data"):
        training, test = split(data.load(config.data), config)
    with step("Fit the model"):
        fitted = model.fit(training, config.seed)
    with step("Export to ONNX"):
        graph = model.export(fitted, training.rows.shape[1])
    with step("Compare native and ONNX answers"):
        X = np.concatenate([training.matrix(), test.matrix()])
        answers = parity.run_graph(graph, X)
        difference = parity.compare(
            model.predict(fitted, X), answers, tolerance=config.parity.tolerance
        )
    with step("Evaluate"):
        labels = model.labels(fitted)
        unseen = answers[len(training) :]
        metrics = evaluate.measure(test.target.tolist(), unseen, labels)
        candidate = Candidate(
            graph=graph,
            labels=labels,
            training=training,
            test=test,
            seen=answers[: len(training)],
            unseen=unseen,
            parity=difference,
            metrics=metrics,
            verdicts=gate.judge(metrics, config.gate),
        )
        if missed := gate.failures(candidate.verdicts):
            raise GateError(f"The model is not good enough: {missed}. Nothing was written.")
    with step("Write the artifact"):
        manifest, files = packing.pack(candidate, config, name=name, project=project)
        return Run(artifact.save(output, manifest, files), candidate.verdicts)


def split(dataset: Dataset, config: Config) -> tuple[Dataset, Dataset]:
    """Return the rows to train on and those to judge by, the same for the same seed.

    Raises:
        TrainingError: there are too few rows to keep every label on both sides.
    """
    try:
        kept, held_back = train_test_split(
            np.arange(len(dataset)),
            test_size=config.data.test_share,
            random_state=config.seed,
            stratify=evaluate.stratify(dataset.target.to_numpy()),
        )
    except ValueError as error:
        raise TrainingError(f"The data cannot be split: {error}") from error
    return dataset.take(np.sort(kept)), dataset.take(np.sort(held_back))


def evaluate_artifact(
    found: Artifact, table: Path, config: Config
) -> tuple[list[gate.Verdict], dict[str, float]]:
    """Return how an artifact does on a table that it has not seen.

    Raises:
        InvalidInputError: the table cannot be read, or has other columns than the model.
    """
    dataset = data.read_csv(table, config.data.target)
    names = [feature.name for feature in found.manifest.features]
    if missing := [name for name in names if name not in dataset.rows]:
        raise InvalidInputError([Complaint(name, "no such column") for name in missing])
    X = dataset.rows[names].to_numpy(dtype=np.float32)
    answers = parity.run_graph(found.model.read_bytes(), X)
    metrics = evaluate.measure(dataset.target.tolist(), answers, found.manifest.labels)
    return gate.judge(metrics, config.gate), metrics
