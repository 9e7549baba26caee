"""Collect the evidence about a model, and write it as evaluation.json."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...answers import Decision, decision_of
from ...artifact import Artifact, Content
from ...manifest import Manifest, OutputBounds
from ..config import Config
from ..dataset import Dataset
from ..exported_model import ExportedModel
from ..measures.classification import predict_labels
from ..measures.predictions import LabelPredictions
from ..splits import SplitOutputs, Splits
from . import baselines, group_gaps
from .baselines import BaselineComparison
from .calibration import Calibration, calibrate_labels, calibrate_values
from .changes import ModelDifference
from .group_gaps import GroupGaps
from .robustness import Robustness, perturb
from .row_scores import score_rows
from .slices import SliceTable, compare_slices
from .slicing import slice_column, slice_fields

EVALUATION = "evaluation.json"
FORMAT = 1
MAX_LABELS = 30  # of a confusion matrix
DIGITS = 6  # of a number in the file


@dataclass(frozen=True)
class ConfusionMatrix:
    """The test rows by their label and by the answer, of shape (n_labels, n_labels)."""

    labels: tuple[str, ...]
    rows: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Evidence:
    """What the test rows say about a model besides its metrics.

    `confusion` is None for a regressor, and for very many labels; `robustness` where
    `[evaluation] robustness` turns it off.
    """

    slices: SliceTable
    calibration: Calibration
    fairness: tuple[GroupGaps, ...]
    robustness: Robustness | None
    baseline: BaselineComparison
    confusion: ConfusionMatrix | None


def collect_evidence(
    exported: ExportedModel,
    splits: Splits,
    outputs: SplitOutputs,
    bounds: OutputBounds,
    decision: Decision | None,
    config: Config,
    groups: pd.DataFrame,
) -> Evidence:
    """Return the evidence about a model.

    Args:
        exported: the model.
        splits: the rows.
        outputs: of the ONNX graph.
        bounds: of every answer, and the interval around it.
        decision: which of two labels is the answer, if not the most probable one.
        config: the seed, and what is evaluated.
        groups: the columns whose groups are compared, for the test rows.
    """
    nullable = frozenset(each.name for each in splits.training.describe() if each.nullable)
    return describe_rows(
        EvaluatedModel(exported.files, exported.labels, decision, bounds, nullable),
        splits.test,
        outputs.test,
        groups,
        training=splits.training,
        seed=config.seed,
        robustness=config.evaluation.robustness,
    )


class EvaluatedModel(NamedTuple):
    """What of a model decides how its answers are judged; `nullable` fields may be missing."""

    files: Mapping[str, Content]
    labels: tuple[str, ...]
    decision: Decision | None
    bounds: OutputBounds
    nullable: frozenset[str]


def describe_artifact(
    evaluated: Artifact,
    test: Dataset,
    outputs: NDArray[np.float32],
    groups: pd.DataFrame,
    config: Config,
) -> Evidence:
    """Return the evidence about an artifact; without its training rows, there is no tree.

    Args:
        evaluated: the artifact.
        test: the rows.
        outputs: the model's, of shape (rows, n_outputs).
        groups: the columns whose groups are compared, for these rows.
        config: what is evaluated; the seed is the artifact's.
    """
    manifest = evaluated.manifest
    nullable = frozenset(each.name for each in manifest.features if each.nullable)
    labels, fallback = manifest.labels, manifest.fallback
    return describe_rows(
        EvaluatedModel(
            evaluated.paths, labels, decision_of(manifest), manifest.output_bounds, nullable
        ),
        test,
        outputs,
        groups,
        training=int(np.argmax(fallback)) if labels else float(fallback[0]),
        seed=config.seed if manifest.seed is None else manifest.seed,
        robustness=config.evaluation.robustness,
    )


def describe_rows(
    model: EvaluatedModel,
    test: Dataset,
    outputs: NDArray[np.float32],
    groups: pd.DataFrame,
    *,
    training: Any,
    seed: int,
    robustness: bool,
) -> Evidence:
    """Return what rows say about a model.

    Args:
        model: the graph, and how it decides.
        test: the rows.
        outputs: of the graph, of shape (rows, n_outputs).
        groups: the columns whose groups are compared.
        training: the rows that baselines are fitted to, or what is known of them: the place of the
            commonest label, or the median.
        seed: of every random choice.
        robustness: whether the rows are perturbed as well.
    """
    labels, decision, target = model.labels, model.decision, test.target.tolist()
    columns = [slice_column(str(name), column) for name, column in groups.items()]
    named = {each.field for each in columns}
    fields = [each for each in slice_fields(test) if each.field not in named]
    slices = compare_slices(score_rows(target, outputs, labels, decision), [*columns, *fields])
    perturbed = None
    if robustness:
        perturbed = perturb(
            model.files, test, outputs, labels, decision, nullable=model.nullable, seed=seed
        )
    if labels:
        given = predict_labels(target, outputs, labels, decision)
        return Evidence(
            slices,
            calibrate_labels(given),
            tuple(group_gaps.compare_labels(given, each) for each in columns),
            perturbed,
            baselines.compare_labels(given, training, test, seed),
            count_confusions(given),
        )
    answers = outputs[:, 0].astype(np.float64)
    return Evidence(
        slices,
        calibrate_values(target, outputs, model.bounds),
        tuple(
            group_gaps.compare_values(answers, np.asarray(target, np.float64), each)
            for each in columns
        ),
        perturbed,
        baselines.compare_values(answers, training, test, seed),
        None,
    )


def count_confusions(given: LabelPredictions) -> ConfusionMatrix | None:
    """Return how often each label was answered for each; None for very many labels."""
    n = len(given.labels)
    if n > MAX_LABELS:
        return None
    counts = np.bincount(given.truth * n + given.answers, minlength=n * n).reshape(n, n)
    return ConfusionMatrix(tuple(given.labels), tuple(map(tuple, counts.tolist())))


def to_content(
    evidence: Evidence, manifest: Manifest, target: str, difference: ModelDifference | None
) -> dict[str, Any]:
    """Return the content of evaluation.json.

    Args:
        evidence: about the model.
        manifest: with the metrics and their intervals.
        target: the name of the column.
        difference: to the last model, if there was one and anything changed.
    """
    metrics = {
        name: {"value": value, "interval": manifest.intervals.get(name)}
        for name, value in manifest.metrics.items()
    }
    content: dict[str, Any] = {
        "format": FORMAT,
        "model": f"{manifest.name} {manifest.version}",
        "task": manifest.task,
        "target": target,
        "test_rows": manifest.data.test_rows,
        "metrics": metrics,
        "slices": evidence.slices,
        "calibration": evidence.calibration,
        "fairness": evidence.fairness,
        "robustness": evidence.robustness,
        "baseline": evidence.baseline,
        "confusion": evidence.confusion,
        "difference": difference,
    }
    plain: dict[str, Any] = _to_plain(content)
    return plain


def _to_plain(value: Any) -> Any:
    """Return a value as JSON has it: rounded, and None for what is not finite."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        return {name: _to_plain(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_to_plain(each) for each in value]
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if isfinite(value) else None
    return value
