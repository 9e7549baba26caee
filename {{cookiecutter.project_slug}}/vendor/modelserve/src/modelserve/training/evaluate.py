"""Evaluate an artifact on other data, and write the evidence about it to a file."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from .. import artifact
from ..artifact import Artifact
from ..errors import ConfigurationError
from ..manifest import Manifest
from ..project import Project
from . import parity
from .config import Config
from .data_schema import check_schema
from .evidence.evaluation import describe_artifact, to_content
from .evidence.group_gaps import group_columns
from .gate import GateResult
from .measures.measurement import Measurement
from .metrics import defined, describe_undefined, measure_artifact
from .packing import hash_files
from .reporter import ignore


def evaluate_artifact(
    project: Project,
    evaluated: Artifact,
    table: Path,
    config: Config,
    *,
    output: Path | None = None,
    warn: Callable[[str], None] = ignore,
) -> tuple[list[GateResult], Measurement]:
    """Return the gate's results and the metrics of an artifact on other data.

    Args:
        project: reads the data.
        evaluated: the artifact.
        table: the data's path; the target's column is the configuration's.
        config: the gate, and what is evaluated besides the metrics.
        output: where the evidence is written, in the form of `evaluation.json`; None for nowhere.
        warn: is given what is suspicious in the metrics, a sentence each.

    Raises:
        ConfigurationError: the output is a file of an artifact, or the data, or cannot be written.
        InvalidInputError: the data cannot be read, or have other columns than the model.
    """
    if output is not None:
        check_output(output, table)
    manifest = evaluated.manifest
    section = config.data.other_files(table, manifest.features)
    dataset = project.load(section)
    check_schema(dataset, config, only=[each.name for each in manifest.features])
    groups = group_columns(dataset, config.evaluation.groups if output else ())
    dataset = dataset.select(evaluated)
    warn_of_own_model(project, warn)
    if hash_files(section) == manifest.data.sha256:
        warn(f"The model was trained on rows of {table.name}: its metrics are too good there.")
    outputs = parity.run_graph(evaluated.paths, dataset)
    results, measured = measure_artifact(project, manifest, dataset, outputs, config.gate)
    for text in describe_undefined(measured.metrics):
        warn(text)
    if output is not None:
        evidence = describe_artifact(evaluated, dataset, outputs, groups, config)
        about = describe_measurement(manifest, measured, rows=len(dataset))
        content = to_content(evidence, about, config.data.target, None)
        write_output(output, artifact.to_text(content))
    return results, measured


def warn_of_own_model(project: Project, warn: Callable[[str], None]) -> None:
    """Warn that another model than the measured one answers requests, if one does."""
    if project.service_class.overrides("load_model"):
        warn(
            "`load_model` in service.py makes the model that answers requests. Metrics, gate and "
            "intervals are of the ONNX graph in the artifact, which it may not use."
        )


def describe_measurement(manifest: Manifest, measured: Measurement, *, rows: int) -> Manifest:
    """Return an artifact's manifest with the metrics of other rows."""
    return manifest.model_copy(
        update={
            "metrics": defined(measured.metrics),
            "intervals": dict(measured.intervals),
            "data": manifest.data.model_copy(update={"test_rows": rows}),
        }
    )


def check_output(output: Path, table: Path) -> None:
    """Check that a file may be written.

    Raises:
        ConfigurationError: it would change an artifact, whose files are hashed, or the data.
    """
    if (output.parent / artifact.MANIFEST).exists():
        raise ConfigurationError(
            f"{output} would be a file of the artifact in {output.parent}, whose files do not "
            "change; name a file in another folder."
        )
    if output.exists() and output.samefile(table):
        raise ConfigurationError(f"{output} holds the data; name another file.")


def write_output(output: Path, content: bytes) -> None:
    """Write a file in one step.

    Raises:
        ConfigurationError: it cannot be written.
    """
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-") as scratch:
            fresh = Path(scratch, "new")
            fresh.write_bytes(content)
            fresh.replace(output)
    except OSError as error:
        raise ConfigurationError(f"{output} cannot be written: {error}.") from error
