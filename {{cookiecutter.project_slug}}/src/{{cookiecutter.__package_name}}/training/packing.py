"""What goes into an artifact beside the model: manifest, reference, golden cases, card."""

import json
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from .. import answers, artifact
from ..artifact import Content, Data, Guarantees, Manifest
from ..errors import GateError
from . import data, evaluate, reference
from .card import write_card
from .config import Config
from .gate import Verdict
from .made import Made
from .parts import Answers, Parts


@dataclass(frozen=True)
class Candidate:
    """A model that was judged, and what it was judged by.

    `parity` is its largest difference from the model that it was made from, None where there was
    none.
    """

    made: Made
    parts: Parts
    answers: Answers
    parity: float | None
    prior: tuple[float, ...]
    guarantees: Guarantees
    metrics: dict[str, float]
    verdicts: list[Verdict]


def pack(
    candidate: Candidate, config: Config, *, name: str, project: Path
) -> tuple[Manifest, dict[str, Content]]:
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
    typical = data.typical(candidate.parts.training, candidate.parts.test)
    observed = data.observations(typical, candidate.made.files)
    given = candidate.answers
    held_back = np.concatenate([each for each in (given.calibration, given.test) if len(each)])
    shape = reference.summarise(
        observed,
        answers.observe(held_back, candidate.made.labels),
        candidate.made.labels,
        bins=config.reference.bins,
    )
    licence = metadata.metadata(name)["License-Expression"]
    files: dict[str, Content] = {
        **candidate.made.files,
        artifact.REFERENCE: artifact.to_text(shape),
        artifact.GOLDEN: artifact.to_text(golden_cases(candidate, config)),
        artifact.CARD: write_card(
            manifest, candidate.verdicts, config.card, licence=licence
        ).encode(),
    }
    if (size := artifact.size_bytes(files)) > config.limits.size_bytes:
        raise GateError(
            f"The artifact has {size} bytes; {config.limits.size_bytes} are the limit in "
            "config/training.toml. Nothing was written."
        )
    return manifest, files


def describe_candidate(
    candidate: Candidate, config: Config, *, name: str, project: Path
) -> Manifest:
    """Return what a person and the service must know of a model."""
    graph_sha256 = artifact.sha256(candidate.made.files[artifact.MODEL])
    return Manifest(
        name=name,
        version=f"{metadata.version(name)}-{graph_sha256[:8]}",
        description=config.description,
        task=evaluate.TASK,
        created=datetime.now(UTC).replace(microsecond=0),
        git_commit=git_commit(project),
        seed=config.seed,
        data=Data(
            source=config.data.path.name,
            sha256=hash_data(candidate, config.data.path),
            training_rows=len(candidate.parts.training),
            calibration_rows=len(candidate.parts.calibration),
            test_rows=len(candidate.parts.test),
        ),
        lock_sha256=lock_hash(project),
        libraries={name: metadata.version(name) for name in sorted(candidate.made.libraries)},
        features=data.describe(candidate.parts.training),
        labels=candidate.made.labels,
        prior=candidate.prior,
        guarantees=candidate.guarantees,
        provenance=dict(candidate.made.provenance),
        metrics=candidate.metrics,
        parity=candidate.parity,
        size_bytes=0,
        files={},
    )


def golden_cases(candidate: Candidate, config: Config) -> list[dict[str, Any]]:
    """Return the first test rows with the answers that the model must go on giving."""
    count = min(config.reference.golden_cases, len(candidate.parts.test))
    head = candidate.parts.test.rows.head(count)
    rows = json.loads(head.to_json(orient="records", double_precision=15))
    return [
        {"input": row, "output": [round(float(value), 6) for value in answer]}
        for row, answer in zip(rows, candidate.answers.test[:count], strict=True)
    ]


def hash_data(candidate: Candidate, path: Path) -> str:
    """Return the SHA-256 of the data's file, or where it is none, of the rows themselves."""
    if path.is_file():
        return artifact.sha256(path)
    parts = candidate.parts
    text = "".join(part.rows.assign(_=part.target).to_csv(index=False) for part in parts)
    return artifact.sha256(text.encode())


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
