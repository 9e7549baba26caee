"""How well a classifier's answers have turned out, beside training's figures."""

from collections.abc import Iterator

import numpy as np
from scipy import stats

from ..artifact import Manifest
from .config import Quality
from .findings import (
    CalibrationPoint,
    LabelFigures,
    Metric,
    Outcomes,
    Performance,
    Verdict,
)
from .outcomes import OutcomeTally


def judge(
    tally: OutcomeTally, outcomes: Outcomes, manifest: Manifest, config: Quality
) -> Performance:
    """Return what the truths say, held to training's accuracy.

    Args:
        tally: of the answers that met a truth.
        outcomes: what became of the truths.
        manifest: holds training's figures and the labels.
        config: the bounds.
    """
    confusion = tally.counts.sum(axis=0)
    width = len(manifest.labels)
    labels = tuple(
        LabelFigures(
            label,
            predicted=int(confusion[i].sum()),
            actual=int(confusion[:, i].sum()),
            both=int(confusion[i, i]),
        )
        for i, label in enumerate(manifest.labels)
    )
    metrics: tuple[Metric, ...] = ()
    if tally.counted:
        right = int(np.trace(confusion[:, :width]))
        metrics = (
            _accuracy(right, tally.counted, manifest, config),
            *_others(tally, right, labels, manifest),
        )
    return Performance(
        outcomes,
        metrics,
        labels,
        tuple(tuple(row) for row in confusion.tolist()),
        tuple(
            CalibrationPoint(int(rows), confidence / rows, hits / rows)
            for rows, confidence, hits in tally.steps.tolist()
            if rows
        ),
    )


def _accuracy(right: int, counted: int, manifest: Manifest, config: Quality) -> Metric:
    usual = manifest.metrics["accuracy"]
    floor = (1 - config.tolerance) * usual
    p = float(stats.binomtest(right, counted, floor, alternative="less").pvalue)
    if counted < config.minimum_outcomes:
        verdict = Verdict.TOO_FEW
    else:
        verdict = Verdict.BREACHED if p < config.significance else Verdict.CALM
    return Metric("accuracy", right / counted, usual, floor, p, verdict)


def _others(
    tally: OutcomeTally, right: int, labels: tuple[LabelFigures, ...], manifest: Manifest
) -> Iterator[Metric]:
    """Yield the figures that are held to no bound, as training measures them."""
    commonest = int(tally.counts.sum(axis=(0, 1)).max())
    f1 = [2 * each.both / max(each.predicted + each.actual, 1) for each in labels]
    figures = {
        "gain_over_majority": (right - commonest) / tally.counted,
        "macro_f1": sum(f1) / len(f1),
    }
    if tally.log_loss_rows:
        figures["log_loss"] = tally.log_loss / tally.log_loss_rows
    rows, confidence, hits = tally.steps.T
    if rows.any():
        figures["calibration_error"] = float(np.abs(confidence - hits).sum() / rows.sum())
    for name, value in figures.items():
        training = manifest.metrics.get(name)
        yield Metric(name, value, training, None, None, Verdict.INFORMATIVE)
