"""Run a training, from the data to the artifact."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from .. import artifact
from ..artifact import Artifact
from ..errors import GateError, TrainingError
from ..project import Project
from . import gate, packing, parity, requirements
from .config import Config
from .evidence.changes import load_previous
from .evidence.evaluation import collect_evidence
from .evidence.files import difference_in
from .evidence.group_gaps import group_columns, groups_of
from .exported_model import ExportedModel
from .metrics import describe_undefined, measure
from .packing import Candidate
from .reporter import SILENT, Reporter
from .search.run import SearchResult, search
from .splits import SplitOutputs, Splits, load_dataset, split_dataset
from .tasks import load_task
from .threshold import decide

Results = list[gate.GateResult]


@dataclass(frozen=True)
class Run:
    """A finished training run: its artifact, the results of the gate, and of a search."""

    artifact: Artifact
    results: Results
    search: SearchResult | None = None


def train(
    project: Project,
    config: Config,
    output: Path,
    *,
    reporter: Reporter = SILENT,
    trainer: Callable[..., ExportedModel] | None = None,
) -> Run:
    """Train a model and write its artifact.

    Args:
        project: its data, model, name and version.
        config: the split, the seed, the gate and the limits.
        output: the artifact's folder.
        reporter: receives the progress of the run and its warnings.
        trainer: imports a model from another tool; by default, the project's `train` makes one.

    Raises:
        ConfigurationError: pyproject.toml cannot be read.
        InvalidInputError: the data are invalid.
        TrainingError: the data cannot be split, or the model is not of the configured task.
        GateError: the model missed the gate, or its artifact is too large.
        ParityError: the ONNX graph differs from the model.
        OutputError: outputs or targets are out of bounds, not finite, or no probabilities.
        RejectedModelError: several of the last three.
        ArtifactError: the artifact cannot be written.
    """
    step, warn = reporter.step, reporter.warn
    packing.check_metadata(project)
    with step("Read the data"):
        splits, groups = load(project, config, warn)
        if text := config.find_foreign_texts():
            warn(text)
    found = None
    if config.search and trainer is None:
        found = search(project, splits.training, config, track=reporter.track, warn=warn)
        reporter.show_search(found)
        config = config.model_copy(update={"model": found.options})
    with step("Read the ONNX graph" if trainer else "Train the model and export it to ONNX"):
        exported = (trainer or project.train)(splits.training, config.model, config.seed)
        check_labels(exported, config)
        exported = found.describe(exported) if found else exported
    for text in exported.warnings:
        warn(text)
    with step("Run the ONNX graph on every row"):
        outputs = SplitOutputs(*(parity.run_graph(exported.files, part) for part in splits))
    reasons: list[TrainingError] = []
    difference = candidate = packed = None
    with step("Compare native and ONNX outputs"), requirements.collect(reasons):
        difference = parity.check(exported, splits, outputs, config.parity)
    with step("Evaluate the model"), requirements.collect(reasons):
        requirements.check_outputs(exported, outputs)
        requirements.check_unseen(exported, splits.training)
        candidate = evaluate(project, exported, splits, outputs, difference, config, groups)
    if candidate and candidate.evidence and (text := candidate.evidence.baseline.warning):
        warn(text)
    for text in describe_undefined(candidate.metrics if candidate else {}):
        warn(text)
    with step("Write the artifact"):
        if candidate is not None:
            reasons += reject(candidate, config)
            previous = load_previous(output)
            packed = packing.pack(candidate, config, project=project, previous=previous)
            reporter.show_difference(difference_in(packed[1]))
            reporter.evaluated(packed[0], candidate.results, config)
        with requirements.collect(reasons):
            packing.check_size(packed[1] if packed else exported.files, config.limits)
        if reasons and candidate:
            reporter.show_metrics(candidate.metrics, candidate.results, candidate.intervals)
        if reasons or packed is None or candidate is None:
            raise requirements.rejection(reasons)
        return Run(artifact.save(output, *packed), candidate.results, found)


def load(
    project: Project, config: Config, warn: Callable[[str], None]
) -> tuple[Splits, pd.DataFrame]:
    """Return the project's data, split, and the columns whose groups are compared.

    Args:
        project: reads the data.
        config: the data, the task, the split and the groups.
        warn: is given what is suspicious in the data, a sentence each.

    Raises:
        InvalidInputError: the data are invalid, or lack the column of a group.
        TrainingError: the data cannot be split.
    """
    dataset, test_rows = load_dataset(project, config)
    columns = group_columns(dataset, config.evaluation.groups)
    splits = split_dataset(dataset, test_rows, config, warn)
    return splits, groups_of(columns, splits.test)


def check_labels(exported: ExportedModel, config: Config) -> None:
    """Check that a model is of the configured task.

    Raises:
        TrainingError: the model is of the other task.
    """
    task = "classifier" if exported.labels else "regressor"
    if task != config.task:
        name = exported.provenance.get("estimator")
        what, way_out = f"a {task}", ""
        if name:  # neither of texts nor imported
            what = f"{name}, a {task}"
            way_out = (
                f", or in `train` of model.py make_{config.task}(options, seed, default=build), "
                f"where `build` returns a {config.task}"
            )
        raise TrainingError(
            f'The model is {what}, and config/training.toml has task = "{config.task}". Write '
            f'task = "{task}" there{way_out}.'
        )


def evaluate(
    project: Project,
    exported: ExportedModel,
    splits: Splits,
    outputs: SplitOutputs,
    difference: parity.ParityResult | None,
    config: Config,
    groups: pd.DataFrame,
) -> Candidate:
    """Return a model with its metrics, and the results of the gate.

    Args:
        project: may add metrics.
        exported: the model.
        splits: the rows.
        outputs: of the ONNX graph.
        difference: between native and ONNX outputs; None for an imported graph.
        config: the task, the positive label, the bounds and the gate.
        groups: the columns whose groups are compared, for the test rows.

    Raises:
        ConfigurationError: the positive label is not one of two, or the gate names a metric that
            is not measured.
        TrainingError: there are too few calibration rows for the interval or the threshold.
    """
    task = load_task(config.task)
    fallback = task.fallback(splits.training.target.tolist(), exported.labels)
    calibration = splits.calibration.target.tolist()
    bounds = task.output_bounds(calibration, outputs.calibration, fallback, config.output)
    threshold, decision = decide(config.target, exported.labels, calibration, outputs.calibration)
    measured = measure(
        project,
        splits.test,
        outputs.test,
        exported.labels,
        bounds,
        decision,
        gate=config.gate,
    )
    if difference and (
        loss := parity.describe_loss(
            difference, outputs.test, exported.labels, splits.test.target.tolist(), decision
        )
    ):
        exported = exported._replace(provenance={**exported.provenance, "accuracy": loss})
    evidence = collect_evidence(exported, splits, outputs, bounds, decision, config, groups)
    results = gate.compare(measured.metrics, config.gate, measured.reasons)
    if config.gate.beats_baseline:
        results.append(evidence.baseline.gate())
    return Candidate(
        exported,
        splits,
        outputs,
        parity=difference,
        fallback=fallback,
        bounds=bounds,
        metrics=measured.metrics,
        intervals=measured.intervals,
        results=results,
        threshold=threshold,
        decision=decision,
        evidence=evidence,
    )


def reject(candidate: Candidate, config: Config) -> list[TrainingError]:
    """Return why a model may not be served: it misses the gate, or leaves its bounds."""
    reasons: list[TrainingError] = []
    if missed := gate.failures(candidate.results):
        reasons.append(GateError(f"The model is not good enough: {missed}."))
    if config.task == "regressor":
        with requirements.collect(reasons):
            requirements.check_bounds(candidate.splits, candidate.outputs, config.output)
    return reasons
