"""Describes each exceeded threshold in words, in the terms of SageMaker's Model Monitor."""

from collections.abc import Iterator

from ..translation import write_number
from .chance import proportion_interval
from .config import MonitoringConfig
from .results.captures import CaptureSummary, ObservedWindow
from .results.drift import FieldDrift, Verdict, share
from .results.fairness import Fairness
from .results.performance import Confidence, Metric, Performance
from .results.result import Violation

DRIFT, BELOW, ABOVE = "baseline_drift_check", "LessThanThreshold", "GreaterThanThreshold"
QUALITY = "quality-below-floor"


def of_field(drift: FieldDrift, config: MonitoringConfig) -> Iterator[Violation]:
    """Yield the violation of a field's distribution."""
    if drift.verdict is Verdict.VIOLATION:
        yield Violation(
            drift.field,
            DRIFT,
            f"PSI {drift.psi:.3f} over {drift.rows} rows; the threshold is {config.drift.psi:g}, "
            f"and the critical value beside {sum(drift.reference)} reference rows is "
            f"{drift.psi_critical:.3f}",
            "input-drift" if drift.kind == "input" else "prediction-drift",
        )


def of_degraded(
    captures: CaptureSummary, window: ObservedWindow, config: MonitoringConfig
) -> Iterator[Violation]:
    """Yield the violation of the share of rows that the fallback answered."""
    degraded = share(captures.degraded, window.rows)
    if degraded > config.limits.degraded_share:
        low, _ = proportion_interval(
            captures.degraded, window.rows, significance=config.quality.significance
        )
        chance = ", which may be chance" if low <= config.limits.degraded_share else ""
        yield Violation(
            "degraded_share",
            ABOVE,
            f"the fallback answered {captures.degraded} of {window.rows} rows, {degraded:.2%}; "
            f"the threshold is {config.limits.degraded_share:.2%}{chance}",
            "model-degraded",
        )


def of_confidence(confidence: Confidence | None) -> Iterator[Violation]:
    """Yield the violation of the mean confidence."""
    if confidence and confidence.verdict is Verdict.VIOLATION:
        yield Violation(
            "mean_confidence",
            BELOW,
            f"{confidence.mean:.3f} over {confidence.rows} rows; it was {confidence.training:.3f} "
            f"in training, and the threshold is {confidence.bound:.3f}",
            "confidence-dropped",
        )


def of_performance(performance: Performance | None) -> Iterator[Violation]:
    """Yield the violations of the metrics of predictions with a ground truth."""
    for metric in performance.metrics if performance else ():
        if performance and metric.verdict is Verdict.VIOLATION:
            yield _of_metric(metric, performance.feedback.counted)


def of_recall(performance: Performance | None) -> Iterator[Violation]:
    """Yield the violations of labels that are recognised less often than in training."""
    for each in performance.labels if performance else ():
        if each.verdict is Verdict.VIOLATION and each.interval:
            yield Violation(
                recall_of(each.label),
                BELOW,
                f"{each.both / each.actual:.3f} ({each.interval[0]:.3f} to {each.interval[1]:.3f}) "
                f"over {each.actual} rows of the label; it was {each.training:.3f} in training, "
                f"and the threshold is {each.bound:.3f}",
                QUALITY,
            )


def recall_of(label: str) -> str:
    """Return the name of a label's recall among the violations."""
    return f"recall of {label}"


def of_fairness(fairness: Fairness | None) -> Iterator[Violation]:
    """Yield the violations of the gaps between groups."""
    for gap in fairness.gaps if fairness else ():
        if gap.verdict is Verdict.VIOLATION:
            label = f" for label {gap.label}" if gap.label else ""
            yield Violation(
                gap.measure,
                ABOVE,
                f"{gap.value:.3f}{label} between {gap.low} and {gap.high}; "
                f"the threshold is {gap.bound:g}",
                "fairness-gap",
            )


def _of_metric(metric: Metric, rows: int) -> Violation:
    below = metric.bound is not None and metric.value < metric.bound
    interval = ""
    if metric.interval:
        low, high = metric.interval
        interval = f" ({write_number(low)} to {write_number(high)})"
    return Violation(
        metric.name,
        BELOW if below else ABOVE,
        f"{write_number(metric.value)}{interval} over {rows} rows with a ground truth; it was "
        f"{write_number(metric.training)} in training, and the threshold is "
        f"{write_number(metric.bound)}",
        QUALITY,
    )
