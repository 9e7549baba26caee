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
from ..artifact import Content, Data, Manifest, OutputBounds
from ..errors import GateError
from ..project import Project
from . import reference
from .card import write_card
from .config import Config
from .exported_model import ExportedModel
from .gate import Verdict
from .splits import SplitOutputs, Splits


@dataclass(frozen=True)
class Candidate:
    """A model that met the gate, and what it was evaluated on.

    `parity` is the largest difference of the ONNX graph from the model that it was exported from,
    None where there was none.
    """

    exported: ExportedModel
    splits: Splits
    outputs: SplitOutputs
    parity: float | None
    fallback: tuple[float, ...]
    bounds: OutputBounds
    metrics: dict[str, float]
    verdicts: list[Verdict]


def pack(
    candidate: Candidate, config: Config, *, project: Project
) -> tuple[Manifest, dict[str, Content]]:
    """Return the artifact's manifest, still without hashes, and its files by name.

    Args:
        candidate: the model.
        config: the run's configuration.
        project: its name and version, its commit and its lock.

    Raises:
        GateError: the files are larger than the configuration allows.
    """
    manifest = describe_candidate(candidate, config, project=project)
    splits, outputs = candidate.splits, candidate.outputs
    observed = splits.training.reference(splits.test).observations(candidate.exported.files)
    held_out = np.concatenate([each for each in (outputs.calibration, outputs.test) if len(each)])
    shape = reference.summarise(
        observed,
        answers.observe(held_out, candidate.exported.labels),
        candidate.exported.labels,
        bins=config.reference.bins,
    )
    files: dict[str, Content] = {
        **candidate.exported.files,
        artifact.REFERENCE: artifact.to_text(shape),
        artifact.GOLDEN: artifact.to_text(golden_cases(candidate, config)),
        artifact.CARD: write_card(
            manifest,
            candidate.verdicts,
            config.card,
            licence=project.licence,
            pipeline_tag=splits.training.pipeline_tag,
        ).encode(),
    }
    if (size := artifact.size_bytes(files)) > config.limits.size_bytes:
        raise GateError(
            f"The artifact has {size} bytes; {config.limits.size_bytes} are the limit in "
            "config/training.toml. Nothing was written."
        )
    return manifest, files


def describe_candidate(candidate: Candidate, config: Config, *, project: Project) -> Manifest:
    """Return what a person and the service must know of a model."""
    graph_sha256 = artifact.sha256(candidate.exported.files[artifact.MODEL])
    return Manifest(
        name=project.name,
        version=f"{project.version}-{graph_sha256[:8]}",
        description=config.description,
        task=config.task,
        created=datetime.now(UTC).replace(microsecond=0),
        git_commit=git_commit(project.root),
        seed=config.seed,
        data=Data(
            source=config.data.path.name,
            sha256=hash_data(candidate, config.data.path),
            training_rows=len(candidate.splits.training),
            calibration_rows=len(candidate.splits.calibration),
            test_rows=len(candidate.splits.test),
        ),
        lock_sha256=lock_hash(project.root),
        libraries={name: metadata.version(name) for name in sorted(candidate.exported.libraries)},
        features=candidate.splits.training.describe(),
        labels=candidate.exported.labels,
        fallback=candidate.fallback,
        output_bounds=candidate.bounds,
        provenance=dict(candidate.exported.provenance),
        metrics=candidate.metrics,
        parity=candidate.parity,
        size_bytes=0,
        files={},
    )


def golden_cases(candidate: Candidate, config: Config) -> list[dict[str, Any]]:
    """Return the first test rows with the answers that the model must go on giving."""
    count = min(config.reference.golden_cases, len(candidate.splits.test))
    head = candidate.splits.test.rows.head(count)
    rows = json.loads(head.to_json(orient="records", double_precision=15))
    return [
        {"input": row, "output": [round(float(value), 6) for value in answer]}
        for row, answer in zip(rows, candidate.outputs.test[:count], strict=True)
    ]


def hash_data(candidate: Candidate, path: Path) -> str:
    """Return the SHA-256 of the data's file, or where it is none, of the rows themselves."""
    if path.is_file():
        return artifact.sha256(path)
    text = "".join(part.rows.assign(_=part.target).to_csv(index=False) for part in candidate.splits)
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
