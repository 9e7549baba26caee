"""What goes into an artifact beside the model: manifest, reference, golden cases, card."""

import json
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import artifact
from ..artifact import Data, Manifest
from ..errors import GateError
from . import evaluate, model, reference
from .card import write_card
from .config import Config
from .data import Dataset, describe
from .gate import Verdict


@dataclass(frozen=True)
class Candidate:
    """A model that was judged, and what it was judged by.

    `graph` is the model as ONNX; `seen` and `unseen` are its answers to the training rows and to
    the test rows, of shape (rows, n_outputs); `parity` is its largest difference from the model
    that it was made from.
    """

    graph: bytes
    labels: tuple[str, ...]
    training: Dataset
    test: Dataset
    seen: NDArray[np.float32]
    unseen: NDArray[np.float32]
    parity: float
    metrics: dict[str, float]
    verdicts: list[Verdict]


def pack(
    candidate: Candidate, config: Config, *, name: str, project: Path
) -> tuple[Manifest, dict[str, bytes]]:
    """Return the artifact's manifest, still without hashes, and its files by name.

    Args:
        candidate: the model.
        config: the run's configuration.
        name: of the model and of the installed distribution, whose version it bears.
        project: the repository's folder, asked for its commit and its lock.

    Raises:
        GateError: the files are larger than the configuration allows.
    """
    manifest = describe_candidate(candidate, config, name=name, project=project)
    shape = reference.summarise(
        manifest.features,
        candidate.training.matrix(),
        candidate.seen,
        bins=config.reference.bins,
    )
    licence = metadata.metadata(name)["License-Expression"]
    files = {
        artifact.MODEL: candidate.graph,
        artifact.REFERENCE: artifact.to_text(shape),
        artifact.GOLDEN: artifact.to_text(golden_cases(candidate, config)),
        artifact.CARD: write_card(manifest, candidate.verdicts, licence=licence).encode(),
    }
    if (size := sum(map(len, files.values()))) > config.limits.size_bytes:
        raise GateError(
            f"The artifact has {size} bytes; {config.limits.size_bytes} are the limit in "
            "config/training.toml. Nothing was written."
        )
    return manifest, files


def describe_candidate(
    candidate: Candidate, config: Config, *, name: str, project: Path
) -> Manifest:
    """Return what a person and the service must know of a model."""
    return Manifest(
        name=name,
        version=f"{metadata.version(name)}-{artifact.sha256(candidate.graph)[:8]}",
        description=config.description,
        task=evaluate.TASK,
        created=datetime.now(UTC).replace(microsecond=0),
        git_commit=git_commit(project),
        seed=config.seed,
        data=Data(
            source=config.data.path.name,
            sha256=artifact.sha256(config.data.path.read_bytes()),
            training_rows=len(candidate.training),
            test_rows=len(candidate.test),
        ),
        lock_sha256=lock_hash(project),
        libraries={each: metadata.version(each) for each in sorted(model.LIBRARIES)},
        features=describe(candidate.training),
        labels=candidate.labels,
        prior=evaluate.prior(candidate.training.target.tolist(), candidate.labels),
        metrics=candidate.metrics,
        parity=candidate.parity,
        size_bytes=0,
        files={},
    )


def golden_cases(candidate: Candidate, config: Config) -> list[dict[str, Any]]:
    """Return the first test rows with the answers that the model must go on giving."""
    count = min(config.reference.golden_cases, len(candidate.test))
    head = candidate.test.rows.head(count)
    rows = json.loads(head.to_json(orient="records", double_precision=15))
    return [
        {"input": row, "output": [round(float(value), 6) for value in answer]}
        for row, answer in zip(rows, candidate.unseen[:count], strict=True)
    ]


def lock_hash(project: Path) -> str | None:
    """Return the SHA-256 of the training lock, or None where there is no such file."""
    lock = project / "requirements" / "training.txt"
    return artifact.sha256(lock.read_bytes()) if lock.is_file() else None


def git_commit(project: Path) -> str | None:
    """Return the commit that is checked out, or None outside a repository."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607  whichever git the user has
            cwd=project,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip()
