"""Collect the evidence about a model, and write it as evaluation.json."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from ...answers import Decision
from ...manifest import Manifest, OutputBounds
from ..config import Config
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
    labels, test, target = exported.labels, splits.test, splits.test.target.tolist()
    columns = [slice_column(str(name), column) for name, column in groups.items()]
    named = {each.field for each in columns}
    fields = [each for each in slice_fields(test) if each.field not in named]
    slices = compare_slices(score_rows(target, outputs.test, labels, decision), [*columns, *fields])
    robustness = None
    if config.evaluation.robustness:
        nullable = frozenset(each.name for each in splits.training.describe() if each.nullable)
        robustness = perturb(
            exported.files,
            test,
            outputs.test,
            labels,
            decision,
            nullable=nullable,
            seed=config.seed,
        )
    if labels:
        given = predict_labels(target, outputs.test, labels, decision)
        return Evidence(
            slices,
            calibrate_labels(given),
            tuple(group_gaps.compare_labels(given, each) for each in columns),
            robustness,
            baselines.compare_labels(given, splits.training, test, config.seed),
            count_confusions(given),
        )
    answers = outputs.test[:, 0].astype(np.float64)
    return Evidence(
        slices,
        calibrate_values(target, outputs.test, bounds),
        tuple(
            group_gaps.compare_values(answers, np.asarray(target, np.float64), each)
            for each in columns
        ),
        robustness,
        baselines.compare_values(answers, splits.training, test, config.seed),
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
    evidence: Evidence, manifest: Manifest, difference: ModelDifference | None
) -> dict[str, Any]:
    """Return the content of evaluation.json.

    Args:
        evidence: about the model.
        manifest: with the metrics and their intervals.
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
