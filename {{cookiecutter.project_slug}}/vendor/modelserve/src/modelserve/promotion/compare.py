"""Compare a candidate with the served model on the same labelled rows."""

from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from ..answers import are_distributions, decision_of
from ..artifact import MODEL, Artifact
from ..errors import GateError, OutputError
from ..metric_table import info_of
from ..project import Project
from ..training.config import Config
from ..training.dataset import Dataset
from ..training.measures.classification import predict_labels
from ..training.measures.measurement import Measurement
from ..training.measures.predictions import LabelPredictions, ValuePredictions
from ..training.metrics import measure_artifact
from ..training.packing import bounded_above
from ..training.parity import open_graph, run_session
from .comparison import Better, Comparison, Criteria, MetricDifference, Verdict
from .golden import check_files
from .latency import compare_latency
from .paired import own_intervals, paired_intervals
from .rows import ROLES, load_rows
from .slices import FEWEST, compare_slices, row_metrics

OF_POSITIVE = ("f1", "pr_auc")


class Evaluated(NamedTuple):
    """One of both models with its outputs and its metrics for the rows."""

    artifact: Artifact
    dataset: Dataset
    session: ort.InferenceSession
    outputs: NDArray[np.float32]
    predictions: LabelPredictions | ValuePredictions
    measured: Measurement


def compare(
    project: Project,
    config: Config,
    models: tuple[Artifact, Artifact],
    criteria: Criteria,
    *,
    holdout: Path | None = None,
) -> Comparison:
    """Return how a candidate differs from the served model.

    Args:
        project: reads the rows, and may add metrics.
        config: the split, the gate, the limits and the seed.
        models: the served one and the candidate, of the same features and labels.
        criteria: what the candidate must meet.
        holdout: a labelled file; None for the test rows of the configured split.

    Raises:
        InvalidInputError: the rows cannot be read, or say nothing.
        GateError: the candidate returns invalid outputs.
        OutputError: the served model does.
    """
    rows = load_rows(project, config, holdout, models)
    pair = [
        _evaluate(project, config, role, each, rows.dataset)
        for role, each in zip(ROLES, models, strict=True)
    ]
    served, fresh = pair
    metrics = _compare_metrics(project, config, (served, fresh), criteria)
    names = [each.name for each in metrics]
    primary = primary_of(config, names)
    per_row = [row_metrics(each.predictions) for each in pair]
    slice_metric = primary if primary in per_row[0] else next(iter(per_row[0]))
    slices = compare_slices(
        fresh.dataset.observations(fresh.artifact.paths),
        per_row[0][slice_metric][1],
        per_row[1][slice_metric][1],
        better=per_row[0][slice_metric][0],
        tolerance=criteria.tolerance,
    )
    notes = list(rows.notes)
    if not slices:
        notes.append(f"no slice has {FEWEST} rows or more, so none was compared")
    if served.artifact.manifest.positive != fresh.artifact.manifest.positive:
        notes.append("the positive label differs, so precision, recall, F1 and PR AUC do as well")
    return Comparison(
        source=rows.source,
        rows_sha256=rows.sha256,
        rows=len(rows.dataset),
        notes=tuple(notes),
        criteria=criteria,
        primary=primary,
        metrics=metrics,
        slice_metric=slice_metric,
        slices=slices,
        latency=compare_latency(
            (served.session, fresh.session),
            (served.dataset, fresh.dataset),
            (served.artifact.paths, fresh.artifact.paths),
            most=criteria.latency_ratio,
        ),
        checks=check_files(served.artifact, fresh.artifact, fresh.session, fresh.dataset, config),
    )


def primary_of(config: Config, names: list[str]) -> str:
    """Return the metric that "better" is about: the first of the gate that is compared.

    Without one, it is `log_loss` or `mae`.
    """
    gated = [name for name in (*config.gate.minimum, *config.gate.maximum) if name in names]
    return [*gated, "log_loss" if config.task == "classifier" else "mae"][0]


def _evaluate(
    project: Project, config: Config, role: str, model: Artifact, dataset: Dataset
) -> Evaluated:
    selected = dataset.select(model)
    session = open_graph(model.paths[MODEL])
    outputs = run_session(session, selected, model.paths)
    manifest = model.manifest
    valid = are_distributions(outputs) if manifest.labels else np.isfinite(outputs).all(axis=1)
    if wrong := int((~valid).sum()):
        kind = GateError if role == ROLES[1] else OutputError
        what = "probabilities" if manifest.labels else "finite number"
        raise kind(
            f"Not promoted: {role} returns no {what} for {wrong} of {len(outputs)} rows. "
            "`--tolerance inf` replaces a served model that fails."
        )
    target = dataset.target.tolist()
    predictions: LabelPredictions | ValuePredictions
    if manifest.labels:
        decision = decision_of(manifest)
        predictions = predict_labels(target, outputs, manifest.labels, decision)
    else:
        truth, answers = np.asarray(target, np.float64), outputs[:, 0].astype(np.float64)
        predictions = ValuePredictions(truth, answers, manifest.output_bounds.interval)
    _, measured = measure_artifact(project, manifest, selected, outputs, config.gate)
    return Evaluated(model, selected, session, outputs, predictions, measured)


def _compare_metrics(
    project: Project, config: Config, pair: tuple[Evaluated, Evaluated], criteria: Criteria
) -> tuple[MetricDifference, ...]:
    """Return the metrics that both models have, each with its interval and its verdict."""
    served, fresh = pair
    before, after = served.measured.metrics, fresh.measured.metrics
    names = [name for name in after if name in before and _is_compared(name)]
    if served.artifact.manifest.positive != fresh.artifact.manifest.positive:
        names = [name for name in names if name not in OF_POSITIVE]
    differences = {name: after[name] - before[name] for name in names}
    intervals = paired_intervals(
        (served.predictions, fresh.predictions), differences, seed=config.seed
    )
    if (own := project.metrics) is not None:
        labels = fresh.artifact.manifest.labels
        intervals |= own_intervals(
            lambda rows, outputs: own(rows, outputs, labels),
            fresh.dataset,
            (served.outputs, fresh.outputs),
            [name for name in names if info_of(name) is None],
            seed=config.seed,
        )
    lower = {*fresh.artifact.manifest.lower_is_better, *bounded_above(names, config.gate)}
    reasons = {**served.measured.reasons, **fresh.measured.reasons}
    return tuple(
        _describe(
            name,
            (before[name], after[name]),
            intervals.get(name),
            _direction(name, lower),
            criteria.tolerance,
            reasons,
        )
        for name in names
    )


def _is_compared(name: str) -> bool:
    info = info_of(name)
    return info is None or info.compared


def _direction(name: str, lower: set[str]) -> Better:
    info = info_of(name)
    return "lower" if (info.better == "lower" if info else name in lower) else "higher"


def _describe(
    name: str,
    values: tuple[float, float],
    interval: tuple[float, float] | None,
    better: Better,
    tolerance: float,
    reasons: Mapping[str, str],
) -> MetricDifference:
    served, fresh = values
    low, high = interval or (None, None)
    sign = 1 if better == "lower" else -1
    loss = sign * (fresh - served)
    losses = sorted(sign * end for end in interval) if interval else None
    verdict: Verdict = "as good"
    if not isfinite(served):
        verdict = "undefined"
    elif not loss <= tolerance or (losses and losses[0] > tolerance):  # NaN is worse, too
        verdict = "worse"
    elif losses and losses[1] < 0:
        verdict = "better"
    return MetricDifference(
        name, better, served, fresh, fresh - served, low, high, verdict, reasons.get(name, "")
    )
