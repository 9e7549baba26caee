"""Assemble an artifact: manifest, reference, golden cases and card beside the model."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from .. import answers, artifact, provenance
from ..artifact import Artifact, Content
from ..errors import ConfigurationError, GateError, InvalidInputError
from ..manifest import Considerations, Data, Manifest, Origin, OutputBounds
from ..metric_table import info_of
from ..project import Project
from . import background, reference
from .card import write_card
from .config import Config
from .evidence.changes import compare_models
from .evidence.evaluation import Evidence
from .evidence.files import describe_evidence, evidence_files, target_of
from .exported_model import ExportedModel
from .gate import GateResult
from .importance import permutation_importance
from .measures.measurement import Intervals
from .metrics import defined
from .parity import ParityResult, open_graph, run_session
from .reading.files import find_files
from .sections import DataSection, Gate, Limits
from .splits import SplitOutputs, Splits


@dataclass(frozen=True)
class Candidate:
    """A model, and its evaluation.

    `parity` is the largest difference between the outputs of the ONNX graph and of the model that
    it was exported from; None for an imported graph. `threshold` is the probability from which on
    the positive label is the answer, `decision` the same for the outputs.
    """

    exported: ExportedModel
    splits: Splits
    outputs: SplitOutputs
    parity: ParityResult | None
    fallback: tuple[float, ...]
    bounds: OutputBounds
    metrics: dict[str, float]
    results: list[GateResult]
    intervals: Intervals = field(default_factory=dict)
    threshold: float | None = None
    decision: answers.Decision | None = None
    evidence: Evidence | None = None


def check_metadata(project: Project) -> None:
    """Check that pyproject.toml names what an artifact needs, before anything is trained.

    Raises:
        ConfigurationError: it cannot be read, or lacks a key.
    """
    try:
        _ = project.version, project.licence
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{error}. The project's folder is the one above that of --config: keep every "
            "configuration in config/."
        ) from error


def pack(
    candidate: Candidate, config: Config, *, project: Project, previous: Artifact | None = None
) -> tuple[Manifest, dict[str, Content]]:
    """Return the artifact's manifest, without hashes, and its files by name.

    Args:
        candidate: the model.
        config: the run's configuration.
        project: its name, version, commit and lock.
        previous: the last artifact, which the new one is compared with.
    """
    manifest = describe_candidate(candidate, config, project=project)
    splits, outputs = candidate.splits, candidate.outputs
    observed = splits.training.reference(splits.test).observations(candidate.exported.files)
    held_out = np.concatenate([each for each in (outputs.calibration, outputs.test) if len(each)])
    summary = reference.summarise(
        observed,
        answers.observe(held_out, candidate.exported.labels, candidate.decision),
        candidate.exported.labels,
        bins=config.reference.bins,
    )
    if labels := candidate.exported.labels:
        truths = [*splits.calibration.target.tolist(), *splits.test.target.tolist()]
        summary["outputs"][answers.LABEL] |= reference.label_hits(
            truths, held_out, labels, candidate.decision
        )
    target, difference = config.data.target, None
    if previous:
        difference = compare_models(
            previous, manifest, observed, targets=(target_of(previous), target)
        )
    evidence = candidate.evidence
    files: dict[str, Content] = {
        **candidate.exported.files,
        **(evidence_files(evidence, manifest, target, difference) if evidence else {}),
        **background.background_file(splits.training, outputs.training, manifest, config),
        artifact.REFERENCE: artifact.to_text(summary),
        artifact.GOLDEN: artifact.to_text(golden_cases(candidate, config)),
        artifact.CARD: write_card(
            manifest,
            candidate.results,
            config,
            importance=permutation_importance(
                candidate.exported.files, splits.test, candidate.exported.labels, config.seed
            ),
            evidence=describe_evidence(evidence, difference) if evidence else "",
            licence=project.licence,
            pipeline_tag=splits.training.pipeline_tag,
        ).encode(),
    }
    return manifest, files


def check_size(files: Mapping[str, Content], limits: Limits) -> None:
    """Check the size of an artifact.

    Raises:
        GateError: the files exceed the limit of the configuration.
    """
    if (size := artifact.size_bytes(files)) > limits.size_bytes:
        raise GateError(
            f"The artifact has {size} bytes; [limits] size_bytes in config/training.toml allows "
            f"{limits.size_bytes}. Raise it, or choose a smaller model."
        )


def describe_candidate(candidate: Candidate, config: Config, *, project: Project) -> Manifest:
    """Return the manifest of a candidate."""
    graph_sha256 = artifact.sha256(candidate.exported.files[artifact.MODEL])
    state = provenance.git_state(project.root)
    return Manifest(
        name=project.name,
        version=f"{project.version}-{graph_sha256[:8]}",
        description=config.description,
        considerations=Considerations(
            intended_use=config.card.intended_use.strip(),
            limitations=config.card.limitations.strip(),
        ),
        task=config.task,
        created=datetime.now(UTC).replace(microsecond=0),
        git_commit=state.commit,
        seed=config.seed,
        origin=describe_origin(config, project.root, dirty=state.dirty),
        data=Data(
            source=config.data.source,
            sha256=hash_data(candidate, config.data),
            training_rows=len(candidate.splits.training),
            calibration_rows=len(candidate.splits.calibration),
            test_rows=len(candidate.splits.test),
            dialect=config.data.dialect(candidate.splits.training.missing),
            index=config.data.index,
            dropped=config.data.drop,
        ),
        lock_sha256=lock_hash(project.root),
        libraries={name: metadata.version(name) for name in sorted(candidate.exported.libraries)},
        features=candidate.splits.training.describe(),
        labels=candidate.exported.labels,
        positive=config.target.positive,
        threshold=candidate.threshold,
        fallback=candidate.fallback,
        output_bounds=candidate.bounds,
        provenance=dict(candidate.exported.provenance),
        metrics=defined(candidate.metrics),
        intervals=dict(candidate.intervals),
        lower_is_better=bounded_above(candidate.metrics, config.gate),
        parity=candidate.parity and candidate.parity.difference,
        parity_scale=candidate.parity and candidate.parity.scale,
        size_bytes=0,
        files={},
    )


def bounded_above(metrics: Iterable[str], gate: Gate) -> tuple[str, ...]:
    """Return the project's own metrics that have a maximum, and no minimum, in the gate."""
    above = gate.maximum.keys() - gate.minimum.keys()
    return tuple(name for name in metrics if name in above and info_of(name) is None)


def golden_cases(candidate: Candidate, config: Config) -> list[dict[str, Any]]:
    """Return the first test rows with the model's outputs, which must not change.

    Each is run alone, as it is at the start of the service: beside others, a graph of 8-bit
    integers answers it otherwise.
    """
    test, files = candidate.splits.test, candidate.exported.files
    count = min(config.reference.golden_cases, len(test))
    rows = json.loads(test.rows.head(count).to_json(orient="records", double_precision=15))
    session = open_graph(files[artifact.MODEL])
    outputs = [run_session(session, test.take(np.array([i])), files)[0] for i in range(count)]
    return [
        {"input": row, "output": [round(float(value), 6) for value in output]}
        for row, output in zip(rows, outputs, strict=True)
    ]


def hash_data(candidate: Candidate, section: DataSection) -> str:
    """Return the SHA-256 of the data's file, or of those of several; without one, of the rows."""
    if hashed := hash_files(section):
        return hashed
    text = "".join(part.rows.assign(_=part.target).to_csv(index=False) for part in candidate.splits)
    return artifact.sha256(text.encode())


def hash_files(section: DataSection) -> str | None:
    """Return the SHA-256 of the data's file, or of those of several; None without one."""
    test = section.test_path or ()
    paths = (*section.paths, *((test,) if isinstance(test, Path) else test))
    try:
        files = find_files(paths, section.format)
    except InvalidInputError:
        return None
    if len(files) == 1:
        return artifact.sha256(files[0])
    return artifact.sha256("".join(map(artifact.sha256, files)).encode())


def lock_hash(project: Path) -> str | None:
    """Return the SHA-256 of the training lock, or None without one."""
    lock = project / "requirements" / "training.txt"
    return artifact.sha256(lock.read_bytes()) if lock.is_file() else None


def describe_origin(config: Config, project: Path, *, dirty: bool | None) -> Origin:
    """Return by which Python and which configuration a model is trained."""
    file, root = config.file, project.resolve()
    inside = file is not None and file.path.is_relative_to(root)
    return Origin(
        python=provenance.python_version(),
        platform=provenance.platform_name(),
        config=file.path.relative_to(root).as_posix() if file and inside else None,
        config_sha256=file and file.sha256,
        dirty=dirty,
    )
