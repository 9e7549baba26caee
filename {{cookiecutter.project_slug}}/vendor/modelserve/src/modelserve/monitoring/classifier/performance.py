"""A classifier's metrics in production, beside training's."""

from collections.abc import Iterator, Mapping

import numpy as np
from scipy import stats

from ...answers import LABEL
from ...bins import Shape
from ...manifest import Manifest
from ..chance import proportion_interval
from ..config import QualityBounds
from ..exact import array_from_units, from_units
from ..results.drift import Verdict
from ..results.performance import (
    CalibrationPoint,
    FeedbackSummary,
    LabelMetrics,
    Metric,
    Performance,
)
from .outcomes import ConfusionCounts
from .recall import compare_recalls


def classifier_performance(
    counts: ConfusionCounts,
    feedback: FeedbackSummary,
    manifest: Manifest,
    bounds: QualityBounds,
    outputs: Mapping[str, Shape],
) -> Performance:
    """Return the metrics; accuracy and each label's recall have a threshold by training's.

    Args:
        counts: of predictions with a ground truth.
        feedback: how many ground truths there are.
        manifest: with training's metrics and the labels.
        bounds: how far accuracy and recall may fall.
        outputs: the shapes of training's outputs, with the rows of each label.
    """
    confusion = counts.counts.sum(axis=0)
    width = len(manifest.labels)
    labels = compare_recalls(
        [
            LabelMetrics(
                label,
                predicted=int(confusion[i].sum()),
                actual=int(confusion[:, i].sum()),
                both=int(confusion[i, i]),
            )
            for i, label in enumerate(manifest.labels)
        ],
        outputs.get(LABEL, {}),
        bounds,
    )
    metrics: tuple[Metric, ...] = ()
    if counts.counted:
        right = int(np.trace(confusion[:, :width]))
        metrics = (
            _accuracy(right, counts.counted, manifest, bounds),
            *_without_threshold(counts, right, labels, manifest),
        )
    return Performance(
        feedback,
        metrics,
        labels,
        tuple(tuple(row) for row in confusion.tolist()),
        tuple(
            CalibrationPoint(int(rows), confidence / rows, hits / rows)
            for rows, confidence, hits in array_from_units(counts.steps).tolist()
            if rows
        ),
    )


def _accuracy(right: int, counted: int, manifest: Manifest, bounds: QualityBounds) -> Metric:
    training = manifest.metrics["accuracy"]
    floor = (1 - bounds.tolerance) * training
    p = float(stats.binomtest(right, counted, floor, alternative="less").pvalue)
    interval = proportion_interval(right, counted, significance=bounds.significance)
    if counted < bounds.minimum_outcomes:
        verdict = Verdict.TOO_FEW
    else:
        verdict = Verdict.VIOLATION if p < bounds.significance else Verdict.OK
    return Metric("accuracy", right / counted, training, floor, p, verdict, interval)


def _without_threshold(
    counts: ConfusionCounts, right: int, labels: tuple[LabelMetrics, ...], manifest: Manifest
) -> Iterator[Metric]:
    """Yield the metrics without a threshold, as training measures them."""
    majority = int(counts.counts.sum(axis=(0, 1)).max())
    f1 = [2 * each.both / max(each.predicted + each.actual, 1) for each in labels]
    values = {
        "gain_over_majority": (right - majority) / counts.counted,
        "macro_f1": sum(f1) / len(f1),
    }
    if counts.log_loss_rows:
        values["log_loss"] = from_units(counts.log_loss, counts.log_loss_rows)
    rows, confidence, hits = array_from_units(counts.steps).T
    if rows.any():
        values["calibration_error"] = float(np.abs(confidence - hits).sum() / rows.sum())
    for name, value in values.items():
        training = manifest.metrics.get(name)
        yield Metric(name, value, training, None, None, Verdict.INFORMATIVE)
